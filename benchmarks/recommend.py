r"""Measure `implicit` next to the project's recommendations on the same days held back (`benchmarks/recommend.py`).

The marts must be built (`make demo`, or `dbt build` on your own files). Purchases, the cut-off day and what customers
bought after it come from the project's own tables, so all methods train on the same purchases and are held to the same
products. Metrics of the peers are computed here from their lists; the project's own rows are those of
`marts.recommendation_backtest`. Peers are trained on whether a customer bought a product (`bought`) and on how often
(`orders`), as nobody knows beforehand which suits them; their other settings are few and stated in the table.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import psycopg
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender
from rich import box
from rich.console import Console
from rich.table import Table as Grid
from scipy.sparse import csr_matrix

from loaders.destinations.postgres.connection import connect
from loaders.project import find_project

LENGTHS = (5, 10)
LISTS = ("repeat", "new")
HISTORIES = """
    select customer_id, product_number, order_count
    from intermediate.int_recommendation_histories_summed
    where purpose = 'backtest'
    order by customer_id, product_number
"""
TARGETS = "select customer_id, list, product_number from intermediate.int_recommendation_targets_listed"
OWN = """
    select list, method, k, customers, precision, recall, hit_rate, ndcg
    from marts.recommendation_backtest
    order by list, k, precision desc
"""
PEERS: dict[str, Callable[[], Any]] = {
    "ALS, 32 factors": lambda: AlternatingLeastSquares(factors=32, regularization=0.1, random_state=0),
    "cosine of items, K = 20": lambda: CosineRecommender(K=20),
    "cosine of items, K = 200": lambda: CosineRecommender(K=200),
}


@dataclass
class Split:
    """Purchases up to the cut-off day as customers x products, and what was bought after it by list and customer."""

    orders: csr_matrix
    targets: dict[str, dict[int, set[int]]]


def read_split(connection: psycopg.Connection[Any]) -> Split:
    """Read the days before and after the cut-off day; customers without a purchase before it have an empty row."""
    histories = connection.execute(HISTORIES).fetchall()
    targets = connection.execute(TARGETS).fetchall()
    names = sorted({row[0] for row in histories} | {row[0] for row in targets})
    numbers = {name: number for number, name in enumerate(names)}
    customers = [numbers[row[0]] for row in histories]
    products = [row[1] for row in histories]
    width = max([*products, *(row[2] for row in targets)]) + 1
    orders = csr_matrix(([float(row[2]) for row in histories], (customers, products)), (len(names), width), np.float32)
    found: dict[str, dict[int, set[int]]] = {name: {} for name in LISTS}
    for customer, name, product in targets:
        found[name].setdefault(numbers[customer], set()).add(product)
    return Split(orders, found)


def lists_of(model: Any, matrix: csr_matrix, split: Split, name: str) -> dict[int, list[int]]:
    """Return the first products of each customer with a target: of those bought before, or of those never bought."""
    customers = np.array(sorted(split.targets[name]))
    length = max(LENGTHS)
    if name == "new":
        products, _ = model.recommend(customers, matrix[customers], N=length, filter_already_liked_items=True)
        return dict(zip(customers.tolist(), products.tolist(), strict=True))
    lists = {}
    for customer in customers.tolist():
        bought = split.orders[customer].indices
        # Of its own products, implicit ranks those that it is given.
        products, _ = model.recommend(
            customer, matrix[customer], N=length, filter_already_liked_items=False, items=bought
        )
        lists[customer] = products.tolist()
    return lists


def measure(lists: dict[int, list[int]], targets: dict[int, set[int]], k: int) -> tuple[float, float, float, float]:
    """Return precision, recall, hit rate and NDCG at k, as in `recommendation_backtest`."""
    gains = 1 / np.log2(np.arange(2, k + 2))
    rows = []
    for customer, relevant in targets.items():
        hits = np.array([product in relevant for product in lists.get(customer, [])[:k]] + [False] * k)[:k]
        ideal = gains[: min(k, len(relevant))].sum()
        rows.append((hits.mean(), hits.sum() / len(relevant), hits.any(), (gains * hits).sum() / ideal))
    precision, recall, hit_rate, ndcg = np.mean(np.array(rows, float), axis=0)
    return float(precision), float(recall), float(hit_rate), float(ndcg)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    with connect(find_project()) as connection:
        split = read_split(connection)
        own = connection.execute(OWN).fetchall()
    rows: list[tuple[Any, ...]] = [(*row, None) for row in own]
    for peer, make in PEERS.items():
        for values, matrix in (("orders", split.orders), ("bought", (split.orders > 0).astype(np.float32))):
            begun = time.perf_counter()
            model = make()
            model.fit(matrix, show_progress=False)
            fitted = time.perf_counter() - begun
            for name in LISTS:
                begun = time.perf_counter()
                lists = lists_of(model, matrix, split, name)
                seconds = fitted + time.perf_counter() - begun
                targets = split.targets[name]
                for k in LENGTHS:
                    label = f"implicit: {peer}, {values}"
                    rows.append((name, label, k, len(targets), *measure(lists, targets, k), seconds))
    grid = Grid(box=box.SIMPLE_HEAD)
    for column in ("list", "k", "method", "customers", "precision", "recall", "hit rate", "ndcg", "seconds"):
        grid.add_column(column, justify="left" if column in ("list", "method") else "right", no_wrap=True)
    for name, method, k, customers, *scores, seconds in sorted(rows, key=lambda row: (row[0], row[2], -row[4])):
        shown = "" if seconds is None else f"{seconds:.1f}"
        grid.add_row(name, str(k), method, f"{customers:,}", *(f"{score:.4f}" for score in scores), shown)
    Console(width=140).print(grid)


if __name__ == "__main__":
    main()
