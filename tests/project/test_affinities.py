"""Pairs of products are those that mlxtend finds in a sample of the demo's orders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from loaders.demo.files import write_files
from tests.project.conftest import Dbt, Environment, query

ORDERS = 2_000
MIN_PAIR_ORDERS = 4


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 2,000 orders of the demo, chosen by a hash of their number, with every line written twice."""
    folder = tmp_path_factory.mktemp("sample")
    whole = next(file for file in write_files(folder / "whole") if file.stem == "transactions")
    target = folder / "transactions.csv"
    duckdb.sql(
        f"""
        with chosen as (
            select basket_id from '{whole}' group by basket_id order by md5(basket_id::varchar) limit {ORDERS}
        )
        select household_id, basket_id, product_id, sales_value, transaction_timestamp
        from '{whole}', range(2)
        where basket_id in (from chosen)
        """
    ).write_csv(str(target))
    return target


@pytest.fixture(scope="module")
def affinities(sample: Path, load: Callable[..., Environment], dbt: Dbt) -> pd.DataFrame:
    """The mart on that sample."""
    environment = load(sample)
    dbt(environment, "run", "--select", "+product_affinities", "--vars", f"min_pair_orders: {MIN_PAIR_ORDERS}")
    columns = ["product_id", "other_product_id", "total_orders", "support", "confidence", "lift"]
    statement = f"select {', '.join(columns[:3])}, {', '.join(f'{name}::float' for name in columns[3:])}"
    rows = query(environment, f"{statement} from marts.product_affinities")
    return pd.DataFrame(rows, columns=columns).set_index(columns[:2]).sort_index()


def test_affinities_are_those_of_mlxtend(sample: Path, affinities: pd.DataFrame) -> None:
    # Imported here, as it takes seconds.
    from mlxtend.frequent_patterns import association_rules, fpgrowth
    from mlxtend.preprocessing import TransactionEncoder

    lines = duckdb.sql(f"select basket_id, product_id::varchar as product_id from '{sample}'").df()
    orders = lines.groupby("basket_id")["product_id"].agg(list).tolist()
    encoder = TransactionEncoder()
    encoded = encoder.fit(orders).transform(orders, sparse=True)
    baskets = pd.DataFrame.sparse.from_spmatrix(encoded, columns=encoder.columns_)
    # A little below the threshold, so that no pair is lost to the fraction.
    itemsets = fpgrowth(baskets, (MIN_PAIR_ORDERS - 0.5) / ORDERS, use_colnames=True, max_len=2)
    rules = association_rules(itemsets, metric="support", min_threshold=0)
    for column in ("antecedents", "consequents"):
        rules[column] = rules[column].map(lambda items: next(iter(items)))
    expected = rules.set_index(["antecedents", "consequents"]).sort_index()
    assert set(affinities["total_orders"]) == {ORDERS}
    assert len(expected) > 500
    assert list(affinities.index) == list(expected.index)
    for measure in ("support", "confidence", "lift"):
        assert (affinities[measure] - expected[measure]).abs().max() < 1e-6, measure
