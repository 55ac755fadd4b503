"""The lists and the back-test of the recommendations, computed a second time from the lines without SQL."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from loaders.contract.tables import Contract
from loaders.project import Project
from loaders.synthetic.files import generate
from loaders.synthetic.settings import Settings
from tests.project.conftest import Dbt, Environment, query

SETTINGS = Settings(customers=150, transactions=6_000, users=1)
HORIZON = 30
# Small data: what the demo calls rare is all there is.
VARIABLES = "{recommendation_min_product_orders: 2, min_pair_orders: 2, recommendation_min_pair_orders: 2}"
PURCHASES = """
    select listed.customer_id, numbered.product_id, listed.order_id, listed.order_date
    from intermediate.int_order_products as listed
    inner join intermediate.int_products_numbered as numbered using (product_number)
    where listed.customer_id <> '(unknown)'
"""
LISTS = """
    select ranked.purpose, ranked.method, ranked.customer_id, ranked.list, numbered.product_id
    from {table} as ranked
    inner join intermediate.int_products_numbered as numbered using (product_number)
    order by ranked.rank
"""
Lists = dict[tuple[str, str], dict[str, list[str]]]


@pytest.fixture(scope="module")
def shop(
    tmp_path_factory: pytest.TempPathFactory,
    project: Project,
    contract: Contract,
    load: Callable[..., Environment],
    dbt: Dbt,
) -> Environment:
    """A database with the recommendations of a synthetic shop, built and tested by dbt."""
    folder = tmp_path_factory.mktemp("recommendations")
    generate(project, contract, SETTINGS, folder)
    with (folder / "customers.csv").open(encoding="utf-8") as file:
        commas = "," * file.readline().count(",")
    with (folder / "customers.csv").open("a", encoding="utf-8") as file:
        file.write(f"PROSPECT{commas}\n")
    environment = load(*(folder / f"{name}.csv" for name in ("customers", "products", "transactions")))
    models = ["+recommendations", "+recommendation_backtest"]
    dbt(environment, "build", "--select", *models, "--indirect-selection", "buildable", "--vars", VARIABLES)
    return environment


@pytest.fixture(scope="module")
def purchases(shop: Environment) -> list[tuple[Any, ...]]:
    """Customer, product, order and day of what was bought."""
    return query(shop, PURCHASES)


@pytest.fixture(scope="module")
def last_day(shop: Environment) -> date:
    """The as-of date."""
    [(day,)] = query(shop, "select as_of_date from intermediate.int_as_of_date")
    assert isinstance(day, date)
    return day


def read_lists(environment: Environment, purpose: str) -> Lists:
    """Return the products by method and list, then by customer."""
    lists: Lists = defaultdict(lambda: defaultdict(list))
    for table in ("lists", "baselines"):
        statement = LISTS.format(table=f"intermediate.int_recommendation_{table}_ranked")
        for row_purpose, method, customer, name, product in query(environment, statement):
            if row_purpose == purpose:
                lists[str(method), str(name)][str(customer)].append(str(product))
    return lists


def test_the_metrics_equal_those_of_the_lists_and_the_lines(
    shop: Environment, purchases: list[tuple[Any, ...]], last_day: date
) -> None:
    cutoff = last_day - timedelta(days=HORIZON)
    known = {(customer, product) for customer, product, _, day in purchases if day <= cutoff}
    targets: dict[str, dict[str, set[str]]] = {"repeat": defaultdict(set), "new": defaultdict(set)}
    for customer, product, _, day in purchases:
        if day > cutoff:
            targets["repeat" if (customer, product) in known else "new"][customer].add(product)
    assert all(targets.values())
    found = {
        (method, name, k): values
        for method, name, k, *values in query(
            shop,
            "select method, list, k, customers, recall, precision, hit_rate, ndcg from marts.recommendation_backtest",
        )
    }
    expected = {}
    for (method, name), lists in read_lists(shop, "backtest").items():
        for k in (5, 10):
            sums = [0.0] * 4
            for customer, relevant in targets[name].items():
                hits = [product in relevant for product in lists.get(customer, [])[:k]]
                gain = sum(1 / math.log2(place + 1) for place, hit in enumerate(hits, 1) if hit)
                ideal = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(relevant)) + 1))
                scores = (sum(hits) / len(relevant), sum(hits) / k, float(any(hits)), gain / ideal)
                sums = [total + score for total, score in zip(sums, scores, strict=True)]
            customers = len(targets[name])
            expected[method, name, k] = [customers, *(total / customers for total in sums)]
    assert found.keys() == expected.keys()
    assert len(found) == 24
    for key, values in found.items():
        assert [float(value) for value in values] == pytest.approx(expected[key], abs=1e-6), key
    assert found["shipped", "repeat", 10][1] > 0


def test_lists_hold_what_was_bought_and_what_was_not(
    shop: Environment, purchases: list[tuple[Any, ...]], last_day: date
) -> None:
    customers = {row[0] for row in query(shop, "select customer_id from intermediate.int_customers")} - {"(unknown)"}
    for purpose, day in (("shipped", last_day), ("backtest", last_day - timedelta(days=HORIZON))):
        bought = defaultdict(set)
        for customer, product, _, order_date in purchases:
            if order_date <= day:
                bought[customer].add(product)
        for (method, name), lists in read_lists(shop, purpose).items():
            for customer, products in lists.items():
                assert len(set(products)) == len(products) <= 10
                assert all((product in bought[customer]) == (name == "repeat") for product in products), method
        if purpose == "shipped":
            lists = read_lists(shop, purpose)["shipped", "new"]
            everything = {product for _, product, _, _ in purchases}
            assert all(bought[str(customer)] == everything for customer in customers - set(lists))
            assert "PROSPECT" in lists and not bought["PROSPECT"]


def test_plain_lists_are_the_most_bought(shop: Environment, purchases: list[tuple[Any, ...]], last_day: date) -> None:
    cutoff = last_day - timedelta(days=HORIZON)
    orders: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    recent_buyers: dict[str, set[str]] = defaultdict(set)
    for customer, product, _, day in purchases:
        if day <= cutoff:
            orders[customer][product] += 1
            if day > cutoff - timedelta(days=30):
                recent_buyers[product].add(customer)
    lists = read_lists(shop, "backtest")
    buyers = Counter(product for customer, bought in orders.items() if customer != "(unknown)" for product in bought)
    for customer, products in lists["personal_frequency", "repeat"].items():
        own = orders[customer]
        assert products == sorted(own, key=lambda x: (-own[x], -buyers[x], x))[:10]
    products = {product for bought in orders.values() for product in bought}
    for customer, listed in lists["popularity_last_30_days", "new"].items():
        candidates = products - set(orders[customer])
        assert listed == sorted(candidates, key=lambda x: (-len(recent_buyers[x]), x))[:10]


def test_reasons_are_true(shop: Environment, purchases: list[tuple[Any, ...]], last_day: date) -> None:
    baskets: dict[tuple[str, str], set[str]] = defaultdict(set)
    days: dict[tuple[str, str], list[date]] = defaultdict(list)
    for customer, product, order, day in purchases:
        baskets[customer, order].add(product)
        days[customer, product].append(day)
    rows = query(shop, "select customer_id, product_id, method, reason from marts.recommendations")
    partners = {
        (customer, product): (partner, count)
        for customer, product, partner, count in query(
            shop,
            """
            select picked.customer_id, numbered.product_id, picked.partner_id, picked.pair_orders
            from intermediate.int_recommendation_partners_picked as picked
            inner join intermediate.int_products_numbered as numbered using (product_number)
            """,
        )
    }
    seen = set()
    for customer, product, method, reason in rows:
        seen.add(method)
        if method == "personal":
            bought = days[str(customer), str(product)]
            times = "once" if len(bought) == 1 else f"{len(bought)} times"
            ago = (last_day - max(bought)).days
            last = {0: "today", 1: "1 day ago"}.get(ago, f"{ago} days ago")
            assert reason == f"you bought it {times}, last {last}"
        if method == "co_purchase" and len(seen) < 4:
            partner, count = partners[customer, product]
            assert count == sum({product, partner} <= basket for basket in baskets.values())
            assert days[str(customer), str(partner)]
            assert str(reason).endswith(f"in {count} orders")
    assert {"personal", "co_purchase"} <= seen
