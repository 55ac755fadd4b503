"""The drivers of revenue worked out with pandas from the lines, pair of periods by pair of periods."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pandas as pd

from tests.project.conftest import Environment, query

UNKNOWN = "(unknown)"
MEASURED_UNITS = 1000
DAY = timedelta(days=1)
LINES = """
    select customer_id, order_id, product_id, category, transaction_date, quantity, amount
    from marts.order_lines
"""
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Pair:
    """Two periods, each with its first and its last day."""

    period: str
    later: tuple[date, date]
    base: tuple[date, date]


def month_of(year: int, month: int) -> tuple[date, date]:
    """Return the first and the last day of a month; month 0 is December of the year before."""
    start = date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
    return start, (start + 31 * DAY).replace(day=1) - DAY


def pairs_of(first: date, last: date) -> Iterator[Pair]:
    """List what is compared in data from a first to a last day."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        year, month = number // 12, number % 12 + 1
        later = month_of(year, month)
        for period, base in (("month", month_of(year, month - 1)), ("month_last_year", month_of(year - 1, month))):
            if first <= base[0] and later[1] <= last:
                yield Pair(period, later, base)
    if first <= last - 55 * DAY:
        yield Pair("28_days", (last - 27 * DAY, last), (last - 55 * DAY, last - 28 * DAY))


def read_lines(environment: Environment) -> pd.DataFrame:
    """Return the lines with what is known of their orders; money is in millionths, so that sums are exact."""
    names = ("customer", "order", "product", "category", "day", "quantity", "amount")
    lines = pd.DataFrame(query(environment, LINES), columns=names)
    lines["amount"] = [int(amount * 1_000_000) for amount in lines["amount"]]
    lines["quantity"] = lines["quantity"].astype(float)
    by_product = lines.groupby("product")["quantity"].transform("mean")
    paid = lines["amount"] > 0
    lines["gross"] = lines["amount"].where(paid, 0)
    lines["refund"] = -lines["amount"].where(lines["amount"] < 0, 0)
    lines["units"] = lines["quantity"].where(lines["quantity"] > 0, 1).where(paid, 0)
    lines["items"] = lines["units"].where(by_product <= MEASURED_UNITS, paid.astype(int))
    lines["sale_day"] = lines["day"].where(lines["amount"] >= 0)
    orders = lines.groupby(["customer", "order"]).agg(
        order_day=("sale_day", "min"), left=("amount", "sum"), refunded=("refund", "sum")
    )
    orders["is_purchase"] = orders["order_day"].notna() & ((orders["left"] > 0) | (orders["refunded"] == 0))
    return lines.join(orders[["order_day", "is_purchase"]], on=["customer", "order"])


def within(lines: pd.DataFrame, days: tuple[date, date]) -> pd.DataFrame:
    return lines[(lines["day"] >= days[0]) & (lines["day"] <= days[1])]


@dataclass
class Side:
    """What was sold in one of the two periods."""

    lines: pd.DataFrame
    buyers: pd.DataFrame
    guests: float
    others: float
    refunds: float


def side_of(lines: pd.DataFrame, days: tuple[date, date]) -> Side:
    """Sum up a period: known buyers with a purchase, guests, and sales that belong to no purchase of the period."""
    found = within(lines, days)
    guests = found["customer"] == UNKNOWN
    begun = pd.Series([bool(days[0] <= day <= days[1]) if pd.notna(day) else False for day in found["order_day"]])
    bought = found["is_purchase"] & begun.to_numpy(dtype=bool) & ~guests
    buyers = found[bought].groupby("customer").agg({"order": "nunique", "items": "sum", "gross": "sum"})
    others = found[~guests & ~bought]["gross"].sum()
    return Side(found, buyers, found[guests]["gross"].sum() / 1e6, others / 1e6, found["refund"].sum() / 1e6)


def drivers_of(lines: pd.DataFrame, pair: Pair) -> dict[str, float]:
    """Return what each driver changed."""
    base, later = side_of(lines, pair.base), side_of(lines, pair.later)
    known = lines[lines["is_purchase"] & (lines["customer"] != UNKNOWN)]
    earlier = set(known[known["order_day"] < pair.later[0]]["customer"])
    both = base.buyers.index.intersection(later.buyers.index)
    gained = later.buyers.drop(both)
    returned = gained.index.isin(list(earlier))
    found = {
        "new_buyers": gained[~returned]["gross"].sum() / 1e6,
        "resurrected_buyers": gained[returned]["gross"].sum() / 1e6,
        "lost_buyers": -base.buyers.drop(both)["gross"].sum() / 1e6,
        "guests": later.guests - base.guests,
        "other_sales": later.others - base.others,
        "refunds": base.refunds - later.refunds,
    }
    orders_1, items_1, gross_1 = base.buyers.loc[both].sum()
    orders_2, items_2, gross_2 = later.buyers.loc[both].sum()
    if not len(both):
        return found | {"orders_per_buyer": 0, "items_per_order": 0, "price_per_item": 0}
    money_1, money_2 = gross_1 / 1e6, gross_2 / 1e6
    price_1 = money_1 / items_1 if items_1 else money_2 / items_2 if items_2 else 0
    price_2 = money_2 / items_2 if items_2 else price_1
    basket_1, basket_2 = items_1 / orders_1, items_2 / orders_2
    # Both orders of substitution, each worked out on its own.
    by_orders = [(orders_2 - orders_1) * average for average in (money_1 / orders_1, money_2 / orders_2)]
    by_items = [(basket_2 - basket_1) * price for price in (price_1, price_2)]
    by_price = [(price_2 - price_1) * basket for basket in (basket_2, basket_1)]
    assert abs(by_items[0] + by_price[0] - (money_2 / orders_2 - money_1 / orders_1)) < 1e-6
    mean_orders = (orders_1 + orders_2) / 2
    return found | {
        "orders_per_buyer": sum(by_orders) / 2,
        "items_per_order": mean_orders * sum(by_items) / 2,
        "price_per_item": mean_orders * sum(by_price) / 2,
    }


def category_drivers_of(lines: pd.DataFrame, pair: Pair) -> dict[tuple[str, str], float]:
    """Return what volume, mix, price and refunds changed in each category."""
    keys = ["category", "product"]
    sums = [
        within(lines, days).groupby(keys)[["units", "gross", "refund"]].sum().add_suffix(suffix)
        for days, suffix in ((pair.base, "_1"), (pair.later, "_2"))
    ]
    joined = sums[0].join(sums[1], how="outer").fillna(0).astype(float)
    found: dict[tuple[str, str], float] = {}
    for category, products in joined.groupby(level="category"):
        units_1, gross_1, refund_1, units_2, gross_2, refund_2 = products.sum()
        shares = products["units_1"] / (units_1 or 1) + products["units_2"] / (units_2 or 1)
        prices_1, prices_2 = products["gross_1"] / products["units_1"], products["gross_2"] / products["units_2"]
        price = ((prices_2 - prices_1).fillna(0) * shares / 2).sum() * (units_1 + units_2) / 2
        # Mix: what the changed shares would have done at the mean prices. A price that is not known has not changed.
        mean_prices = (prices_1.fillna(prices_2) + prices_2.fillna(prices_1)).fillna(0) / 2
        moved = products["units_2"] / (units_2 or 1) - products["units_1"] / (units_1 or 1)
        mix = (moved * mean_prices).sum() * (units_1 + units_2) / 2
        if not units_1 or not units_2:
            price, mix = 0, 0
        total = gross_2 - gross_1
        for driver, amount in (("volume", total - price - mix), ("mix", mix), ("price", price)):
            found[str(category), driver] = amount / 1e6
        found[str(category), "refunds"] = (refund_1 - refund_2) / 1e6
    return found


def restated(ledger: Rows, days: tuple[date, date]) -> float:
    """Return what loads changed of a period after one had brought a later day."""
    closing = min((load for load, day, count_change, _ in ledger if day > days[1] and count_change > 0), default=None)
    if closing is None:
        return 0
    return sum(float(change) for load, day, _, change in ledger if load > closing and days[0] <= day <= days[1])


def differences(environment: Environment) -> Iterator[str]:
    """Compare both marts with pandas; yield what differs by more than the rounding of fractions of a cent."""
    lines = read_lines(environment)
    [(first, last)] = query(environment, "select min(sales_date), max(sales_date) from marts.daily_sales")
    pairs = list(pairs_of(first, last))  # type: ignore[arg-type]
    statement = "select distinct period, period_from, period_to, base_from, base_to from marts.revenue_drivers"
    if {(pair.period, *pair.later, *pair.base) for pair in pairs} != set(query(environment, statement)):
        yield "the pairs differ"
    statement = "select period, period_from, driver, amount from marts.revenue_drivers"
    own = {(row[0], row[1], row[2]): float(str(row[3])) for row in query(environment, statement)}
    statement = "select period, period_from, category, driver, amount from marts.category_revenue_drivers"
    by_category = {row[:4]: float(str(row[4])) for row in query(environment, statement)}
    statement = "select load_id, sales_date, transaction_count_change, net_change from intermediate.int_revenue_changes"
    ledger = query(environment, statement)
    statement = "select distinct period_from, period_to, restated_revenue from marts.revenue_drivers"
    for day_from, day_to, amount in query(environment, statement):
        if abs(restated(ledger, (day_from, day_to)) - float(str(amount))) > 0.01:  # type: ignore[arg-type]
            yield f"restated revenue from {day_from}"
    for pair in pairs:
        key = (pair.period, pair.later[0])
        for driver, expected in drivers_of(lines, pair).items():
            found = own.pop((*key, driver))
            if abs(found - expected) > (0.06 if driver == "other_sales" else 0.02):
                yield f"{key} {driver}: {found}, expected {expected}"
        for (category, driver), expected in category_drivers_of(lines, pair).items():
            found = by_category.pop((*key, category, driver))
            if abs(found - expected) > 0.03:
                yield f"{key} {category} {driver}: {found}, expected {expected}"
    yield from (f"{key} is not expected" for key in [*own, *by_category])
