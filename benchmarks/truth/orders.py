"""Orders, purchases and purchase days, worked out from lines."""

from __future__ import annotations

import pandas as pd

from benchmarks.truth.files import UNKNOWN


def sum_orders(lines: pd.DataFrame) -> pd.DataFrame:
    """Return one row per customer and order: net, kind, and its own hour, day and month.

    An order that holds only negative amounts is a credit note; one with nothing left after refunds is refunded. Its own
    hour is that of its first line that is not negative, else of its first line.
    """
    by = ["customer", "order"]
    grouped = lines.groupby(by)
    orders = grouped.agg(net=("amount", "sum"), least=("amount", "min"), first=("hour", "min"))
    sales = lines[lines["amount"] >= 0].groupby(by)["hour"].min()
    orders["first_sale"] = sales.reindex(orders.index)
    orders["kind"] = "refunded order"
    orders.loc[(orders["net"] > 0) | (orders["least"] >= 0), "kind"] = "purchase"
    orders.loc[orders["first_sale"].isna(), "kind"] = "credit note"
    orders["hour"] = orders["first_sale"].fillna(orders["first"])
    orders["day"] = orders["hour"].dt.normalize()
    orders["month"] = orders["day"].dt.to_period("M").dt.start_time
    return orders.reset_index()


def known_purchases(orders: pd.DataFrame) -> pd.DataFrame:
    """Return the purchases of known customers."""
    return orders[(orders["kind"] == "purchase") & (orders["customer"] != UNKNOWN)]


def purchase_days(orders: pd.DataFrame) -> pd.DataFrame:
    """Return one row per known customer and day with a purchase: net revenue of these purchases."""
    return known_purchases(orders).groupby(["customer", "day"], as_index=False)["net"].sum()
