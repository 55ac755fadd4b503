"""The marts about hours, days, months, products and segments, recomputed from the files with pandas and zoneinfo.

And why revenue changed; `test_sources.py` asks the same of the exports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pandas as pd
import pytest

from tests.project.conftest import Dbt, Environment, query, write_csv_files
from tests.project.revenue_pairs import differences
from tests.project.sales_files import AS_OF, NEW_YORK, UNKNOWN, Rows, describe, make_files

CENT = Decimal("0.01")
MILLIONTH = Decimal("0.000001")


def measure(lines: pd.DataFrame, by: str | list[str]) -> dict[Any, tuple[Any, ...]]:
    """Return lines, gross and net revenue of each group."""
    measures = {key: (len(group), *money(group)) for key, group in lines.groupby(by)}
    assert len(measures) > 2
    return measures


def describe_orders(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the orders of each customer with their type and their own hour, day and month."""
    rows = []
    for (customer, order), group in lines.groupby(["customer_id", "order_id"]):
        sales = group[group["amount"] >= 0]
        first = (sales if len(sales) else group).sort_values("transacted_at").iloc[0]
        left = sum(group["amount"], Decimal(0))
        kind = "credit note" if sales.empty else "purchase" if left > 0 or len(sales) == len(group) else "refunded"
        own = {"hour": first["hour"], "day": first["day"], "month": first["month"]}
        rows.append({"customer_id": customer, "order_id": order, "kind": kind, **own})
    return pd.DataFrame(rows)


def count_orders(orders: pd.DataFrame, period: str) -> dict[Any, tuple[int, int, int, int]]:
    """Return purchases, credit notes, refunded orders and known buyers of each period."""
    assert {*orders["kind"]} == {"purchase", "credit note", "refunded"}
    counts = {}
    for key, group in orders.groupby(period):
        purchases = group[group["kind"] == "purchase"]
        kinds = Counter(group["kind"])
        buyers = {*purchases["customer_id"]} - {UNKNOWN}
        counts[key] = (len(purchases), kinds["credit note"], kinds["refunded"], len(buyers))
    return counts


def money(lines: pd.DataFrame) -> tuple[Decimal, Decimal]:
    """Return exact gross and net revenue."""
    return sum(lines["gross"], Decimal(0)), sum(lines["amount"], Decimal(0))


@dataclass
class Sales:
    """A database with the marts, and the lines that they were built from."""

    environment: Environment
    lines: pd.DataFrame
    files: dict[str, Rows]

    def read(self, mart: str, *columns: str) -> Rows:
        """Return the rows of a mart in the order of its first column."""
        statement = f"select {', '.join(columns)} from marts.{mart} order by 1"
        return [dict(zip(columns, row, strict=True)) for row in query(self.environment, statement)]


@pytest.fixture(scope="module")
def sales(load: Callable[..., Environment], dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Sales:
    """Build the marts for a day in the middle of a month, in a zone whose clocks change.

    A second load has what was sold late in each month, so that it restates all of them.
    """
    files = make_files()
    folder = tmp_path_factory.mktemp("sales")
    loads = {name: rows for name, rows in files.items() if name != "transactions"}
    loads["transactions_1"] = [line for line in files["transactions"] if line["transacted_at"].day <= 25]
    loads["transactions_2"] = [line for line in files["transactions"] if line["transacted_at"].day > 25]
    environment = load(*sorted(write_csv_files(folder, loads)))
    marts = ["+hourly_sales", "+daily_sales", "+monthly_sales", "+product_kpis", "+segment_category_kpis"]
    marts += ["+order_lines", "+revenue_drivers", "+category_revenue_drivers"]
    variables = f"{{as_of_date: {AS_OF}, time_zone: {NEW_YORK.key}}}"
    dbt(environment, "build", "--select", *marts, "--exclude-resource-type", "test", "unit_test", "--vars", variables)
    return Sales(environment, describe(files), files)


def close(figures: tuple[Any, ...], expected: tuple[Any, ...]) -> bool:
    """Counts are equal, and money is at most a cent off, for its fractions are rounded so that they add up."""
    return figures[0] == expected[0] and all(
        abs(one - other) <= CENT for one, other in zip(figures[1:], expected[1:], strict=True)
    )


def add_up(rows: Rows, column: str, total: Decimal) -> bool:
    """The rounded parts add up to the rounded total."""
    return sum((row[column] for row in rows), Decimal(0)) == total.quantize(CENT, ROUND_HALF_UP)


MEASURES = ("transaction_count", "gross_revenue", "net_revenue")
COUNTS = ("order_count", "credit_note_count", "refunded_order_count", "unique_customers")
PERIODS = [
    ("hourly_sales", "sales_hour", "hour"),
    ("daily_sales", "sales_date", "day"),
    ("monthly_sales", "sales_month", "month"),
]


@pytest.mark.parametrize(("mart", "column", "period"), PERIODS)
def test_periods_have_what_was_sold_in_them(sales: Sales, mart: str, column: str, period: str) -> None:
    rows = sales.read(mart, column, *MEASURES, *COUNTS, "refunds")
    expected = measure(sales.lines, period)
    orders = count_orders(describe_orders(sales.lines), period)
    nothing = (0, Decimal(0), Decimal(0))
    for row in rows:
        key, *figures = row.values()
        assert close(tuple(figures[:3]), expected.pop(key, nothing)), row
        assert tuple(figures[3:7]) == orders.pop(key, (0, 0, 0, 0)), row
        assert row["refunds"] == row["gross_revenue"] - row["net_revenue"] >= 0
    assert not expected and not orders
    assert add_up(rows, "net_revenue", money(sales.lines)[1])


def test_no_period_is_missing(sales: Sales) -> None:
    first = min(sales.lines["day"])
    days = [first + timedelta(days=number) for number in range((AS_OF - first).days + 1)]
    moment = datetime.combine(first, datetime.min.time(), NEW_YORK).astimezone(UTC)
    end = datetime.combine(AS_OF + timedelta(days=1), datetime.min.time(), NEW_YORK).astimezone(UTC)
    hours = [moment + timedelta(hours=number) for number in range((end - moment) // timedelta(hours=1))]
    local = [hour.astimezone(NEW_YORK) for hour in hours]
    rows = sales.read("hourly_sales", "sales_hour", "sales_date", "hour_of_day")
    assert [tuple(row.values()) for row in rows] == [
        (hour, clock.date(), clock.hour) for hour, clock in zip(hours, local, strict=True)
    ]
    lengths = Counter(row["sales_date"] for row in rows)
    unusual = {day: length for day, length in lengths.items() if length != 24}
    assert unusual == {
        date(2023, 11, 5): 25,
        date(2024, 3, 10): 23,
        date(2024, 11, 3): 25,
        date(2025, 3, 9): 23,
    }
    assert [row["sales_date"] for row in sales.read("daily_sales", "sales_date")] == days
    months = [tuple(row.values()) for row in sales.read("monthly_sales", "sales_month", "is_complete")]
    assert months == [(day, day.month != AS_OF.month or day.year != AS_OF.year) for day in months_of(days)]


def months_of(days: list[date]) -> list[date]:
    """Return the first days of the months that the days are in."""
    return sorted({day.replace(day=1) for day in days})


@pytest.mark.parametrize(("mart", "column", "period"), PERIODS)
def test_growth_is_against_the_period_before_and_last_years(sales: Sales, mart: str, column: str, period: str) -> None:
    rows = sales.read(mart, column, "net_revenue", "net_revenue_growth", "net_revenue_growth_yoy")
    known: dict[Any, Decimal] = {}
    before: Decimal | None = None
    compared = 0
    for row in rows:
        key = row[column]
        if period == "hour":
            clock = key.astimezone(NEW_YORK)
            key = (clock.date(), clock.hour, clock.fold)
        is_open = period == "month" and row[column] >= AS_OF.replace(day=1)
        last_year = known.get(same_last_year(key, period))
        assert row["net_revenue_growth"] == (None if is_open else growth(row["net_revenue"], before)), row
        assert row["net_revenue_growth_yoy"] == (None if is_open else growth(row["net_revenue"], last_year)), row
        compared += row["net_revenue_growth_yoy"] not in (None, -1)
        known[key] = before = row["net_revenue"]
    assert compared > 3, "there should be something to compare"


def same_last_year(key: Any, period: str) -> Any:
    """Return the key of the same month one year before, of the same weekday and hour 52 weeks before."""
    if isinstance(key, tuple):
        return (same_last_year(key[0], "day"), *key[1:])
    return key.replace(year=key.year - 1) if period == "month" else key - timedelta(days=364)


def growth(amount: Decimal, base: Decimal | None) -> Decimal | None:
    """Return the growth as the marts have it."""
    return (amount / base - 1).quantize(MILLIONTH, ROUND_HALF_UP) if base is not None and base > 0 else None


def test_products_have_what_was_sold_of_them(sales: Sales) -> None:
    rows = sales.read(
        "product_kpis",
        "product_id",
        "transaction_count",
        "gross_revenue",
        "total_revenue",
        "order_count",
        "unique_customers",
        "quantity",
        "revenue_rank",
        "revenue_share",
        "category",
    )
    expected = measure(sales.lines, "product_id")
    units = [
        -abs(count) if amount < 0 else count
        for count, amount in zip(sales.lines["quantity"], sales.lines["amount"], strict=True)
    ]
    quantities = sales.lines.assign(units=units).groupby("product_id")["units"].sum()
    kept = keep_products(sales.lines)
    categories = sales.lines.groupby("product_id")["category"].unique()
    total = money(sales.lines)[1]
    never_sold = {"P12", "P13"}
    assert {row["product_id"] for row in rows} == expected.keys() | never_sold
    assert UNKNOWN in expected
    for row in rows:
        figures = tuple(row.values())
        if row["product_id"] in never_sold:
            assert figures[1:8] == (0, 0, 0, 0, 0, 0, None)
        else:
            assert close(figures[1:4], expected[row["product_id"]]), row
            buyers = kept[kept["product_id"] == row["product_id"]]["customer_id"]
            assert figures[4:6] == (len(buyers), len({*buyers} - {UNKNOWN})), row
            assert row["quantity"] == quantities[row["product_id"]]
            assert abs(row["revenue_share"] - row["total_revenue"] / total) < Decimal("0.00001")
            agreed = categories[row["product_id"]]
            assert row["category"] == (agreed[0] if len(agreed) == 1 else UNKNOWN)
    assert add_up(rows, "total_revenue", total)
    sold = [row for row in rows if row["product_id"] not in never_sold]
    ranked = sorted(sold, key=lambda row: (-row["total_revenue"], row["product_id"]))
    assert [row["revenue_rank"] for row in ranked] == list(range(1, len(sold) + 1))


def keep_products(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the products of purchases that were not fully refunded in them, one row for each order."""
    orders = describe_orders(lines)
    purchases = orders[orders["kind"] == "purchase"][["customer_id", "order_id"]]
    amounts = lines.groupby(["product_id", "customer_id", "order_id"])["amount"].agg(
        left=lambda amounts: sum(amounts), least="min"
    )
    kept = amounts[(amounts["left"] > 0) | (amounts["least"] >= 0)].reset_index()
    return kept.merge(purchases)[["product_id", "customer_id", "order_id"]]


def test_repeat_customers_bought_a_product_in_several_orders(sales: Sales) -> None:
    bought: dict[str, Counter[str]] = {}
    for product, customer, _ in keep_products(sales.lines).itertuples(index=False):
        if customer != UNKNOWN:
            bought.setdefault(product, Counter())[customer] += 1
    for row in sales.read("product_kpis", "product_id", "repeat_customer_rate"):
        counts = bought.get(row["product_id"], Counter())
        expected = Decimal(sum(count > 1 for count in counts.values())) / len(counts) if counts else None
        assert row["repeat_customer_rate"] == (None if expected is None else expected.quantize(MILLIONTH)), row


def test_segments_and_categories_have_what_was_sold(sales: Sales) -> None:
    columns = ("customer_segment", "category", "transaction_count", "unique_customers", "total_revenue", "revenue_rank")
    rows = sales.read("segment_category_kpis", *columns)
    expected = measure(sales.lines, ["segment", "category"])
    known = sales.lines[(sales.lines["customer_id"] != UNKNOWN) & (sales.lines["amount"] >= 0)]
    buyers = known.groupby(["segment", "category"])["customer_id"].nunique().to_dict()
    assert {(row["customer_segment"], row["category"]) for row in rows} == expected.keys()
    assert (UNKNOWN, UNKNOWN) in expected
    for row in rows:
        key = (row["customer_segment"], row["category"])
        count, _, net = expected[key]
        assert (row["transaction_count"], row["unique_customers"]) == (count, buyers.get(key, 0))
        assert abs(row["total_revenue"] - net) <= CENT
    assert add_up(rows, "total_revenue", money(sales.lines)[1])
    for segment in ("gold", "basic", UNKNOWN):
        members = [row for row in rows if row["customer_segment"] == segment]
        members.sort(key=lambda row: (-row["total_revenue"], row["category"]))
        assert [row["revenue_rank"] for row in members] == list(range(1, len(members) + 1))


def test_drivers_are_those_of_pandas(sales: Sales) -> None:
    assert list(differences(sales.environment)) == []


def test_the_files_have_every_driver(sales: Sales) -> None:
    statement = """
        select driver, count(*) from marts.revenue_drivers where amount <> 0 group by driver
        union all
        select 'category ' || driver, count(*) from marts.category_revenue_drivers where amount <> 0 group by driver
        union all
        select period, count(distinct period_from) from marts.revenue_drivers group by period
    """
    counts = {str(name): int(str(count)) for name, count in query(sales.environment, statement)}
    assert len(counts) == 9 + 4 + 3
    assert counts["28_days"] == 1
    assert all(count >= 4 for name, count in counts.items() if name != "28_days"), counts


def test_drivers_add_up_to_the_cent(sales: Sales) -> None:
    statement = """
        select period, period_from, base_revenue, sum(amount), revenue
        from marts.revenue_drivers group by period, period_from, base_revenue, revenue
        union all
        select period, period_from, sum(distinct_base), sum(amount), sum(distinct_revenue)
        from (
            select
                period,
                period_from,
                case when driver = 'mix' then base_revenue else 0 end as distinct_base,
                amount,
                case when driver = 'mix' then revenue else 0 end as distinct_revenue
            from marts.category_revenue_drivers
        ) as categories
        group by period, period_from
    """
    rows = query(sales.environment, statement)
    assert len(rows) > 30
    for row in rows:
        base, amount, revenue = (Decimal(str(value)) for value in row[2:])
        assert base + amount == revenue, row


def test_late_data_is_named(sales: Sales) -> None:
    statement = "select count(distinct period_from) from marts.revenue_drivers where restated_revenue <> 0"
    [(months,)] = query(sales.environment, statement)
    assert int(str(months)) > 10
