"""Cohorts, concentration, baskets and the forecast are what the files give by another route."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import permutations
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.project.conftest import Dbt, Environment, query, write_csv_files

Rows = list[dict[str, Any]]

UNKNOWN = "(unknown)"
CATEGORIES = ("tea", "bread", "toys", "cups", "")
MIN_PAIR_ORDERS = 5
MARTS = (
    "cohort_retention",
    "cohort_retention_by_group",
    "cohort_second_purchases",
    "revenue_concentration",
    "category_baskets",
    "category_cross_shop",
    "daily_sales_forecast",
)


def make_files() -> dict[str, Rows]:
    """Return nine months of a shop: refunds in part and in full, guests, free goods, and lines without a product."""
    dice = random.Random(7)
    start = datetime(2024, 1, 3, 9, tzinfo=UTC)
    customers = [{"customer_id": f"C{n:02}", "segment": ("gold", "basic", "")[n % 3]} for n in range(50)]
    products = [{"product_id": f"P{n:02}", "category": CATEGORIES[n % 5]} for n in range(15)]
    lines: Rows = []
    for number in range(900):
        # Customers 50 to 59 are in no file; most come back soon, and later ones start later.
        customer = dice.randrange(60)
        day = min(int(customer * 4 + dice.expovariate(1 / 40)), 270 + customer % 4)
        moment = start + timedelta(days=day, hours=dice.randrange(10))
        order = {"customer_id": f"C{customer:02}" if dice.random() < 0.9 else "", "order_id": f"O{number:04}"}
        for _ in range(dice.randrange(1, 5)):
            product = dice.choice([*(f"P{n:02}" for n in range(15)), "", ""])
            line = {
                **order,
                "product_id": product,
                "category": "" if product else dice.choice(CATEGORIES),
                "amount": Decimal(dice.choice([0, 100, 250, 250, 999, 4000])) / 100,
                "transacted_at": moment,
            }
            lines.append(line)
            if dice.random() < 0.15:
                later = moment + timedelta(days=dice.choice([0, 1, 20, 50]))
                lines.append({**line, "amount": -line["amount"], "transacted_at": later})
    last = start + timedelta(days=275)
    lines = [{"transaction_id": f"T{n}", **line} for n, line in enumerate(lines) if line["transacted_at"] <= last]
    return {"customers": customers, "products": products, "transactions": lines}


@dataclass
class Shop:
    """A database with the marts, and what is in the files."""

    environment: Environment
    files: dict[str, Rows]
    lines: pd.DataFrame
    orders: pd.DataFrame

    @property
    def as_of(self) -> date:
        """The last day of the data."""
        return max(self.lines["day"])

    def read(self, mart: str, columns: str) -> list[tuple[Any, ...]]:
        """Return the rows of a mart."""
        return query(self.environment, f"select {columns} from marts.{mart}")


def describe(files: dict[str, Rows]) -> pd.DataFrame:
    """Return the lines with the day, month, category and, of a guest, the unknown customer."""
    categories = {row["product_id"]: row["category"] for row in files["products"]}
    lines = pd.DataFrame(files["transactions"])
    lines["customer_id"] = lines["customer_id"].replace({"": UNKNOWN})
    lines["day"] = [moment.date() for moment in lines["transacted_at"]]
    lines["month"] = [day.replace(day=1) for day in lines["day"]]
    lines["category"] = [
        categories.get(product) or category or UNKNOWN
        for product, category in zip(lines["product_id"], lines["category"], strict=True)
    ]
    return lines


def purchases_of(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the orders of which something is left, or that were free, with the moment of the first sale."""
    rows = []
    for (customer, order), group in lines.groupby(["customer_id", "order_id"]):
        sold = group[group["amount"] >= 0]
        if len(sold) and (sum(group["amount"]) > 0 or len(sold) == len(group)):
            rows.append({"customer_id": customer, "order_id": order, "moment": min(sold["transacted_at"])})
    orders = pd.DataFrame(rows)
    orders["day"] = [moment.date() for moment in orders["moment"]]
    return orders.sort_values(["moment", "order_id"])


@pytest.fixture(scope="module")
def shop(load: Callable[..., Environment], dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Build the marts."""
    files = make_files()
    folder = tmp_path_factory.mktemp("shop")
    environment = load(*sorted(write_csv_files(folder, files)))
    chosen = [f"+{mart}" for mart in MARTS]
    dbt(environment, "run", "--select", *chosen, "--vars", f"min_pair_orders: {MIN_PAIR_ORDERS}")
    lines = describe(files)
    return Shop(environment, files, lines, purchases_of(lines))


def rounded(value: Decimal, unit: str = "0.01") -> Decimal:
    """Round as the marts do."""
    return value.quantize(Decimal(unit), ROUND_HALF_UP)


def first_category(lines: pd.DataFrame) -> str:
    """Return the category of an order with the most net revenue, by the alphabet among ties."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for category, amount in zip(lines["category"], lines["amount"], strict=True):
        sums[category] += amount
    return min(sums, key=lambda category: (-sums[category], category))


@pytest.fixture(scope="module")
def members(shop: Shop) -> dict[str, dict[str, Any]]:
    """Return of each known buyer the days and months of purchases, and the groups."""
    segments = {row["customer_id"]: row["segment"] or UNKNOWN for row in shop.files["customers"]}
    found = {}
    for customer, orders in shop.orders[shop.orders["customer_id"] != UNKNOWN].groupby("customer_id"):
        days = sorted(set(orders["day"]))
        first = shop.lines[shop.lines["order_id"] == orders.iloc[0]["order_id"]]
        found[str(customer)] = {
            "days": days,
            "months": {day.replace(day=1) for day in days},
            "cohort": days[0].replace(day=1),
            "customer_segment": segments.get(str(customer), UNKNOWN),
            "first_category": first_category(first),
            "all": "(all)",
        }
    return found


def months_between(first: date, last: date) -> list[date]:
    """Return the first days of the months from one to another."""
    numbers = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [date(number // 12, number % 12 + 1, 1) for number in numbers]


COHORT = "cohort_month, month_number, cohort_size, retained_customers, net_revenue, cumulative_revenue_per_customer"


@pytest.mark.parametrize("dimension", ["all", "customer_segment", "first_category"])
def test_cohorts_are_counted_by_month(shop: Shop, members: dict[str, dict[str, Any]], dimension: str) -> None:
    revenue: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for customer, month, amount in zip(
        shop.lines["customer_id"], shop.lines["month"], shop.lines["amount"], strict=True
    ):
        revenue[customer, month] += amount
    groups: dict[tuple[str, date], list[str]] = defaultdict(list)
    for customer, member in members.items():
        groups[member[dimension], member["cohort"]].append(customer)
    expected: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for (name, cohort), customers in groups.items():
        total = Decimal(0)
        for number, month in enumerate(months_between(cohort, shop.as_of)):
            if month == shop.as_of.replace(day=1):  # has not fully elapsed
                figures: tuple[Any, ...] = (None, None, None)
            else:
                net = sum((revenue[customer, month] for customer in customers), Decimal(0))
                total += net
                retained = sum(month in members[customer]["months"] for customer in customers)
                figures = (retained, net, rounded(total / len(customers)))
            expected[name, cohort, number] = (len(customers), *figures)
    if dimension == "all":
        rows = [("(all)", *row) for row in shop.read("cohort_retention", COHORT)]
    else:
        mart = shop.read("cohort_retention_by_group", f"dimension, member, {COHORT}")
        rows = [row[1:] for row in mart if row[0] == dimension]
    assert {row[:3]: row[3:] for row in rows} == expected
    assert len(rows) == len(expected) > 30
    assert UNKNOWN in {row[0] for row in rows} or dimension == "all"


def test_only_the_first_month_is_left_censored(shop: Shop) -> None:
    for mart in ("cohort_retention", "cohort_retention_by_group", "cohort_second_purchases"):
        rows = shop.read(mart, "cohort_month, is_left_censored")
        assert {month for month, censored in rows if censored} == {min(shop.lines["month"])}
        assert len({month for month, _ in rows}) > 4


def test_second_purchases_are_timed(shop: Shop, members: dict[str, dict[str, Any]]) -> None:
    cohorts = defaultdict(list)
    for member in members.values():
        cohorts[member["cohort"]].append(member["days"])
    expected = {}
    for cohort, histories in cohorts.items():
        gaps = [(days[1] - days[0]).days for days in histories if len(days) > 1]
        known = min((shop.as_of - days[0]).days for days in histories)
        shares = [
            rounded(Decimal(sum(gap <= limit for gap in gaps)) / len(histories), "0.000001") if known >= limit else None
            for limit in (30, 60, 90)
        ]
        expected[cohort] = (len(histories), len(gaps), rounded(Decimal(median(gaps)), "0.1") if gaps else None, *shares)
    columns = "second_purchase_customers, median_days_to_second_purchase"
    shares_read = "share_within_30d, share_within_60d, share_within_90d"
    rows = shop.read("cohort_second_purchases", f"cohort_month, cohort_size, {columns}, {shares_read}")
    assert {row[0]: row[1:] for row in rows} == expected
    assert any(row[-1] is None for row in rows) and any(row[-1] for row in rows)


def sums_by(lines: pd.DataFrame, column: str) -> dict[str, Decimal]:
    """Return the net revenue of each member but the unknown one, where it is above 0."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for member, amount in zip(lines[column], lines["amount"], strict=True):
        sums[member] += amount
    return {member: amount for member, amount in sums.items() if amount > 0 and member not in (UNKNOWN, "")}


@pytest.mark.parametrize("dimension", ["customer", "product", "category"])
def test_concentration_is_that_of_numpy(shop: Shop, dimension: str) -> None:
    sums = sums_by(shop.lines, {"category": "category"}.get(dimension, f"{dimension}_id"))
    values = np.sort(np.array([float(value) for value in sums.values()]))
    gini = np.abs(values[:, None] - values[None, :]).sum() / (2 * len(values) ** 2 * values.mean())
    top = [values[-int(-(-len(values) * percent // 100)) :].sum() / values.sum() for percent in (1, 10, 20)]
    (row,) = [
        row[1:]
        for row in shop.read(
            "revenue_concentration",
            "dimension, members, revenue, other_revenue, gini, top_1_percent_share, top_10_percent_share,"
            " top_20_percent_share, class_a_members, class_b_members, class_c_members",
        )
        if row[0] == dimension
    ]
    assert row[:3] == (len(sums), sum(sums.values()), sum(shop.lines["amount"]) - sum(sums.values()))
    assert [float(figure) for figure in row[3:7]] == pytest.approx([gini, *top], abs=1e-6)
    classes = {
        row[1]: row[2] for row in shop.read("abc_classes", "dimension, member, abc_class") if row[0] == dimension
    }
    assert classes.keys() == sums.keys()
    counts = Counter(classes.values())
    assert row[7:] == (counts["A"], counts["B"], counts["C"])
    total = sum(sums.values())
    for member, revenue in sums.items():
        before = sum(other for other in sums.values() if other > revenue)
        assert classes[member] == ("A" if before < total * 8 / 10 else "B" if before < total * 95 / 100 else "C")


def kept_orders(shop: Shop) -> list[tuple[set[str], set[str]]]:
    """Return the categories and products of each purchase, without products that were fully refunded in it."""
    found = []
    purchases = set(zip(shop.orders["customer_id"], shop.orders["order_id"], strict=True))
    for key, group in shop.lines.groupby(["customer_id", "order_id"]):
        if key in purchases:
            products = {
                str(product)
                for product, lines in group.groupby("product_id")
                if sum(lines["amount"]) > 0 or min(lines["amount"]) >= 0
            }
            found.append((set(group[group["product_id"].isin(products)]["category"]), products))
    return found


def mean(values: Iterable[int], count: int) -> Decimal:
    """Return a mean in hundredths."""
    return rounded(Decimal(sum(values)) / count)


def test_baskets_are_those_of_the_orders(shop: Shop) -> None:
    orders = kept_orders(shop)
    expected = {}
    for category in {category for categories, _ in orders for category in categories}:
        holding = [order for order in orders if category in order[0]]
        sizes = [len(categories) for categories, _ in holding]
        expected[category] = (
            len(holding),
            mean(sizes, len(holding)),
            mean([len(products) for _, products in holding], len(holding)),
            sizes.count(1),
        )
    columns = "category, order_count, average_categories, average_products, single_category_orders"
    assert {row[0]: row[1:] for row in shop.read("category_baskets", columns)} == expected
    assert set(expected) == {"tea", "bread", "toys", "cups", UNKNOWN}


def test_categories_are_paired_once_an_order(shop: Shop) -> None:
    orders = [categories - {UNKNOWN} for categories, _ in kept_orders(shop)]
    alone = Counter(category for categories in orders for category in categories)
    together = Counter(pair for categories in orders for pair in permutations(categories, 2))
    expected = {
        pair: (
            count,
            len(orders),
            rounded(Decimal(count) / alone[pair[0]], "0.000000001"),
            rounded(Decimal(count) * len(orders) / (alone[pair[0]] * alone[pair[1]]), "0.000001"),
        )
        for pair, count in together.items()
        if count >= MIN_PAIR_ORDERS
    }
    columns = "category, other_category, pair_orders, total_orders, confidence, lift"
    assert {row[:2]: row[2:] for row in shop.read("category_cross_shop", columns)} == expected
    assert len(expected) == 12


def forecast(days: dict[date, Decimal], origin: date, ahead: int, weeks: int) -> Decimal:
    """Return the mean of the last same weekdays before the day of the forecast."""
    target = origin + timedelta(days=ahead)
    known = [day for day in days if day < origin and (target - day).days % 7 == 0 and (origin - day).days <= 28]
    learned = sorted(known)[-weeks:]
    return rounded(sum((days[day] for day in learned), Decimal(0)) / len(learned))


def test_the_forecast_knows_only_what_came_before(shop: Shop) -> None:
    first = min(shop.lines["day"])
    days = {first + timedelta(days=n): Decimal(0) for n in range((shop.as_of - first).days + 1)}
    for day, amount in zip(shop.lines["day"], shop.lines["amount"], strict=True):
        days[day] += amount

    def errors(origin: date, weeks: int) -> list[tuple[Decimal, Decimal]]:
        """Return forecast errors and what the days really brought."""
        actual = [(ahead, days[origin + timedelta(days=ahead)]) for ahead in range(1, 29)]
        return [(abs(value - forecast(days, origin, ahead, weeks)), value) for ahead, value in actual]

    def choose(origin: date) -> int:
        """Return the number of weeks with the smaller error in forecasts whose targets were known before that day."""
        earlier = [origin - timedelta(days=n) for n in range(29, 57)]
        totals = {weeks: sum(error for day in earlier for error, _ in errors(day, weeks)) for weeks in (4, 1)}
        return min(totals, key=lambda weeks: totals[weeks])

    measured = [
        pair for n in range(29, 57) for pair in errors(shop.as_of - timedelta(n), choose(shop.as_of - timedelta(n)))
    ]
    percentages = [error / value for error, value in measured if value > 0]
    weeks = choose(shop.as_of)
    common = (
        {4: "mean of four weeks", 1: "last week"}[weeks],
        rounded(sum((error for error, _ in measured), Decimal(0)) / len(measured)),
        len(measured),
        rounded(sum(percentages, Decimal(0)) / len(percentages), "0.000001"),
        len(percentages),
    )
    expected = {
        (shop.as_of + timedelta(days=ahead), forecast(days, shop.as_of, ahead, weeks), *common)
        for ahead in range(1, 29)
    }
    columns = "mean_absolute_error, measured_forecasts, mean_absolute_percentage_error, measured_percentages"
    assert set(shop.read("daily_sales_forecast", f"forecast_date, net_revenue, method, {columns}")) == expected
    assert len(measured) == 784
