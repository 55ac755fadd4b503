"""The sales and product marts from lines."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks.truth.files import UNKNOWN, Truth
from benchmarks.truth.orders import sum_orders

PERIODS = {
    "hour": ("hourly_sales", "sales_hour"),
    "day": ("daily_sales", "sales_date"),
    "month": ("monthly_sales", "sales_month"),
}


def metrics_summary(truth: Truth) -> pd.DataFrame:
    """Return the headline numbers."""
    orders = sum_orders(truth.lines)
    kinds = orders["kind"].value_counts()
    revenue, purchases = truth.lines["amount"].sum() / 10_000, kinds.get("purchase", 0)
    row = {
        "total_customers": len(truth.customers),
        "total_orders": purchases,
        "total_credit_notes": kinds.get("credit note", 0),
        "total_refunded_orders": kinds.get("refunded order", 0),
        "total_transactions": len(truth.lines),
        "total_revenue": revenue,
        "average_order_value": revenue / purchases,
    }
    return pd.DataFrame([row])


def sales_by(truth: Truth, period: str) -> pd.DataFrame:
    """Return sales by hour, day or month without gaps.

    Args:
        truth: What the files say.
        period: hour, day or month.
    """
    lines, orders = truth.lines, sum_orders(truth.lines)
    gross = lines["amount"].clip(lower=0)
    grouped = lines.assign(gross=gross).groupby(period)
    first, last = lines["day"].min(), lines["day"].max()
    index = {
        "hour": pd.date_range(first, last + pd.Timedelta(hours=23), freq="h"),
        "day": pd.date_range(first, last),
        "month": pd.date_range(lines["month"].min(), last, freq="MS"),
    }[period]
    table = pd.DataFrame(index=pd.Index(index, name=PERIODS[period][1]))
    table["transaction_count"] = grouped.size()
    for column, kind in (
        ("order_count", "purchase"),
        ("credit_note_count", "credit note"),
        ("refunded_order_count", "refunded order"),
    ):
        table[column] = orders[orders["kind"] == kind].groupby(period).size()
    known = orders[(orders["kind"] == "purchase") & (orders["customer"] != UNKNOWN)]
    table["unique_customers"] = known.groupby(period)["customer"].nunique()
    table["gross_revenue"] = grouped["gross"].sum() / 10_000
    table["net_revenue"] = grouped["amount"].sum() / 10_000
    table = table.fillna(0)
    before = table["net_revenue"].shift(freq={"hour": "364D", "day": "364D", "month": pd.DateOffset(years=1)}[period])
    before = before.reindex(table.index)
    growth = (table["net_revenue"] / before - 1).where(before > 0)
    if period == "month" and last != last + pd.offsets.MonthEnd(0):
        growth.iloc[-1] = np.nan
    return table.assign(net_revenue_growth_yoy=growth).reset_index()


def category_kpis(truth: Truth) -> pd.DataFrame:
    """Return sales by category."""
    lines = truth.lines
    grouped = lines.groupby("category")
    bought = lines[(lines["amount"] >= 0) & (lines["customer"] != UNKNOWN)]
    table = pd.DataFrame({"transaction_count": grouped.size(), "total_revenue": grouped["amount"].sum() / 10_000})
    table["unique_customers"] = bought.groupby("category")["customer"].nunique()
    table["revenue_share"] = table["total_revenue"] / table["total_revenue"].sum()
    return table.fillna(0).reset_index()


def segment_category_kpis(truth: Truth) -> pd.DataFrame:
    """Return sales by the customers' segment and category."""
    grouped = truth.lines.groupby(["segment", "category"])
    table = pd.DataFrame({"transaction_count": grouped.size(), "total_revenue": grouped["amount"].sum() / 10_000})
    table["revenue_share"] = table["total_revenue"] / table.groupby("segment")["total_revenue"].transform("sum")
    return table.reset_index().rename(columns={"segment": "customer_segment"})


def product_kpis(truth: Truth) -> pd.DataFrame:
    """Return sales by product, those never sold included."""
    lines = truth.lines.assign(product=truth.lines["product"].fillna(UNKNOWN))
    grouped = lines.groupby("product")
    table = pd.DataFrame(index=pd.Index(sorted(truth.products | {*lines["product"]}), name="product_id"))
    table["transaction_count"] = grouped.size()
    table["quantity"] = grouped["quantity"].sum()
    table["total_revenue"] = grouped["amount"].sum() / 10_000
    orders = sum_orders(lines)
    purchases = orders[orders["kind"] == "purchase"][["customer", "order", "day"]]
    baskets = lines.groupby(["customer", "order", "product"])["amount"].agg(["sum", "min"]).reset_index()
    kept = baskets[(baskets["sum"] > 0) | (baskets["min"] >= 0)].merge(purchases)
    table["order_count"] = kept.groupby("product").size()
    known = kept[kept["customer"] != UNKNOWN].groupby(["product", "customer"]).size().rename("orders").reset_index()
    table["unique_customers"] = known.groupby("product").size()
    table = table.fillna(0)
    table["repeat_customer_rate"] = (known["orders"] > 1).groupby(known["product"]).mean()
    days = kept.groupby("product")["day"]
    table["first_purchase_date"], table["last_purchase_date"] = days.min(), days.max()
    return table.reset_index()
