"""The lists and the back-test of the recommendations, computed a second time from the lines without SQL."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from loaders.contract.tables import Contract
from loaders.project import Project
from loaders.synthetic.files import generate
from loaders.synthetic.settings import Settings
from tests.project.conftest import ONLY_TESTS_OF_MARTS, Dbt, Environment, query

SETTINGS = Settings(customers=150, transactions=6_000, users=1)
HORIZON, RECENT, CUTS = 30, 30, 4
PURCHASES = """
    select customer_id, product_id, order_date
    from intermediate.int_order_products
    where is_kept and customer_id <> '(unknown)' and product_id <> '(unknown)'
"""
# Customer, product and day.
Purchases = list[tuple[str, str, date]]
Ranked = dict[str, list[str]]


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
    models = ["+recommendations", "+recommendation_backtest", "--indirect-selection", "buildable"]
    dbt(environment, "build", "--select", *models, *ONLY_TESTS_OF_MARTS)
    return environment


@pytest.fixture(scope="module")
def purchases(shop: Environment) -> Purchases:
    """What was bought and kept."""
    return query(shop, PURCHASES)  # type: ignore[return-value]


@pytest.fixture(scope="module")
def last_day(shop: Environment) -> date:
    """The as-of date."""
    [(day,)] = query(shop, "select as_of_date from intermediate.int_as_of_date")
    assert isinstance(day, date)
    return day


@pytest.fixture(scope="module")
def cut_days(last_day: date) -> list[date]:
    """The ends of the last months whose horizon is known."""
    ends = [
        day
        for number in range(400)
        if (day := last_day - timedelta(days=number)) and (day + timedelta(days=1)).day == 1
    ]
    return [day for day in ends if day + timedelta(days=HORIZON) <= last_day][:CUTS]


def offered(environment: Environment, day: date) -> set[str]:
    """The products that may be recommended as of a day."""
    rows = query(
        environment, f"select product_id from intermediate.int_recommendation_products where as_of_date = '{day}'"
    )
    return {str(product) for (product,) in rows}


def shipped(environment: Environment, day: date) -> dict[str, Ranked]:
    """The lists of a day, by name and customer."""
    lists: dict[str, Ranked] = {"repeat": defaultdict(list), "new": defaultdict(list)}
    statement = f"""
        select list, customer_id, product_id from intermediate.int_recommendation_lists
        where as_of_date = '{day}' order by rank
    """
    for name, customer, product in query(environment, statement):
        lists[str(name)][str(customer)].append(str(product))
    return lists


def plain_lists(purchases: Purchases, day: date, products: set[str]) -> dict[tuple[str, str], Ranked]:
    """The lists without any weighing, by method and list."""
    orders: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    buyers: dict[str, set[str]] = defaultdict(set)
    recent: dict[str, set[str]] = defaultdict(set)
    for customer, product, bought_on in purchases:
        if bought_on <= day and product in products:
            orders[customer][product] += 1
            buyers[product].add(customer)
            if (day - bought_on).days < RECENT:
                recent[product].add(customer)
    popular = sorted(products, key=lambda product: (-len(buyers[product]), product))
    rising = sorted(products, key=lambda product: (-len(recent[product]), product))
    place = {product: number for number, product in enumerate(popular)}
    lists: dict[tuple[str, str], Ranked] = defaultdict(dict)
    for customer, own in orders.items():
        for method, ranking in (("global_popularity", popular), ("popularity_last_30_days", rising)):
            lists[method, "repeat"][customer] = [product for product in ranking if product in own]
            lists[method, "new"][customer] = [product for product in ranking if product not in own]
        by_frequency = sorted(own, key=lambda product: (-own[product], place[product]))
        lists["personal_frequency", "repeat"][customer] = by_frequency
    return lists


def targets(purchases: Purchases, day: date, products: set[str]) -> dict[str, dict[str, set[str]]]:
    """What customers bought in the horizon, by list and customer, of those who had bought something before."""
    known: dict[str, set[str]] = defaultdict(set)
    for customer, product, bought_on in purchases:
        if bought_on <= day:
            known[customer].add(product)
    found: dict[str, dict[str, set[str]]] = {"repeat": defaultdict(set), "new": defaultdict(set)}
    for customer, product, bought_on in purchases:
        if day < bought_on <= day + timedelta(days=HORIZON) and product in products and customer in known:
            found["repeat" if product in known[customer] else "new"][customer].add(product)
    return found


def measure(lists: Ranked, relevant: dict[str, set[str]], k: int) -> list[float]:
    """The number of customers, and means of recall, precision, hit rate and NDCG."""
    sums = [0.0] * 4
    for customer, products in relevant.items():
        hits = [product in products for product in lists.get(customer, [])[:k]]
        gain = sum(1 / math.log2(place + 1) for place, hit in enumerate(hits, 1) if hit)
        ideal = sum(1 / math.log2(place + 1) for place in range(1, min(k, len(products)) + 1))
        scores = (sum(hits) / len(products), sum(hits) / k, float(any(hits)), gain / ideal)
        sums = [total + score for total, score in zip(sums, scores, strict=True)]
    return [len(relevant), *(total / len(relevant) for total in sums)]


def test_the_back_test_equals_one_made_of_the_lists_and_the_lines(
    shop: Environment, purchases: Purchases, cut_days: list[date]
) -> None:
    expected: dict[tuple[object, ...], list[float]] = {}
    for day in cut_days:
        products = offered(shop, day)
        relevant = targets(purchases, day, products)
        lists = plain_lists(purchases, day, products)
        lists |= {("shipped", name): ranked for name, ranked in shipped(shop, day).items()}
        for (method, name), ranked in lists.items():
            for k in (5, 10):
                expected[method, name, k, str(day)] = measure(ranked, relevant[name], k)
    metrics = "recall, precision, hit_rate, ndcg"
    found = {
        row[:4]: [float(str(value)) for value in row[4:]]
        for row in query(shop, f"select method, list, k, cut, customers, {metrics} from marts.recommendation_backtest")
    }
    means = {key[:3]: found.pop(key) for key in list(found) if key[3] == "mean"}
    assert len(cut_days) == CUTS and len(found) == CUTS * 2 * (4 + 3)
    assert found.keys() == expected.keys()
    for key, values in found.items():
        assert values == pytest.approx(expected[key], abs=2e-6), key
    errors = {
        row[:3]: [float(str(value)) for value in row[3:]]
        for row in query(
            shop,
            """
            select method, list, k, recall_error, precision_error, hit_rate_error, ndcg_error
            from marts.recommendation_backtest where cut = 'mean'
            """,
        )
    }
    for key, values in means.items():
        cuts = [expected[(*key, str(day))] for day in cut_days]
        assert values[0] == sum(cut[0] for cut in cuts)
        columns = list(zip(*cuts, strict=True))[1:]
        assert values[1:] == pytest.approx([statistics.mean(column) for column in columns], abs=2e-6), key
        deviations = [statistics.stdev(column) / math.sqrt(CUTS) for column in columns]
        assert errors[key] == pytest.approx(deviations, abs=2e-6), key
    assert means["shipped", "repeat", 10][1] > 0


def test_lists_hold_what_was_bought_and_what_was_not(
    shop: Environment, purchases: Purchases, last_day: date, cut_days: list[date]
) -> None:
    customers = {str(row[0]) for row in query(shop, "select customer_id from intermediate.int_customers")} - {
        "(unknown)"
    }
    for day in (last_day, *cut_days):
        products = offered(shop, day)
        bought = defaultdict(set)
        for customer, product, bought_on in purchases:
            if bought_on <= day:
                bought[customer].add(product)
        for name, ranked in shipped(shop, day).items():
            for customer, listed in ranked.items():
                assert len(set(listed)) == len(listed) <= 10
                assert set(listed) <= products
                assert all((product in bought[customer]) == (name == "repeat") for product in listed)
            if day == last_day and name == "new":
                assert all(bought[customer] >= products for customer in customers - set(ranked))
                assert "PROSPECT" in ranked and not bought["PROSPECT"]


def test_reasons_are_true(shop: Environment, purchases: Purchases, last_day: date) -> None:
    days: dict[tuple[str, str], list[date]] = defaultdict(list)
    recent_buyers: dict[str, set[str]] = defaultdict(set)
    for customer, product, bought_on in purchases:
        days[customer, product].append(bought_on)
        if (last_day - bought_on).days < RECENT:
            recent_buyers[product].add(customer)
    rows: list[tuple[Any, ...]] = query(
        shop, "select customer_id, product_id, method, reason, as_of_date from marts.recommendations"
    )
    seen = set()
    for customer, product, method, reason, as_of_date in rows:
        seen.add(method)
        assert as_of_date == last_day
        if method == "personal":
            bought = days[customer, product]
            times = "once" if len(bought) == 1 else f"{len(bought)} times"
            ago = (last_day - max(bought)).days
            last = {0: "today", 1: "yesterday"}.get(ago, f"{ago} days ago")
            assert reason == f"bought {times}, last {last}"
        if method == "popularity":
            buyers = len(recent_buyers[product])
            assert reason == f"{buyers} customer{'' if buyers == 1 else 's'} bought it in the last {RECENT} days"
    assert seen >= {"personal", "popularity"}


def test_no_list_shows_a_name_twice(shop: Environment) -> None:
    twice = "select 1 from marts.recommendations group by customer_id, list, product_name having count(*) > 1"
    assert query(shop, twice) == []
