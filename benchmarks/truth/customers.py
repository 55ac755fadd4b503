"""The customer marts from lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.truth.files import UNKNOWN, Truth
from benchmarks.truth.orders import known_purchases, purchase_days, sum_orders

MEDIUM, HIGH, HORIZON, FEWEST = 90, 180, 90, 50
"""The vars' defaults."""
TIERS = ["low", "medium", "high"]


def customer_metrics(truth: Truth) -> pd.DataFrame:
    """Return one row per customer, buyer or not, and one for guests if there are any."""
    orders = sum_orders(truth.lines)
    today = truth.lines["day"].max()
    kinds = orders.pivot_table(index="customer", columns="kind", values="net", aggfunc="size", fill_value=0)
    everyone = sorted(truth.customers | {*orders["customer"]})
    table = pd.DataFrame(index=pd.Index(everyone, name="customer_id"))
    for column, kind in (
        ("purchase_count", "purchase"),
        ("credit_note_count", "credit note"),
        ("refunded_order_count", "refunded order"),
    ):
        table[column] = kinds[kind].reindex(table.index).fillna(0) if kind in kinds else 0
    spend = orders.groupby("customer")["net"].sum().reindex(table.index).fillna(0) / 10_000
    table["total_spend"] = spend
    counted = table["purchase_count"].where((table["purchase_count"] > 0) & (spend >= 0))
    table["average_transaction_value"] = spend / counted
    days = purchase_days(orders)
    grouped = days.groupby("customer")["day"]
    first, last, count = (getattr(grouped, name)().reindex(table.index) for name in ("min", "max", "count"))
    table["first_purchase_date"], table["last_purchase_date"] = first, last
    table["days_since_last_purchase"] = (today - last).dt.days
    table["customer_lifetime_days"] = (last - first).dt.days
    table["tenure_days"] = (today - first).dt.days
    table["purchase_days"] = count.fillna(0)
    table["frequency"] = (table["purchase_days"] - 1).clip(lower=0)
    repeat = days[days["day"] > days["customer"].map(first)].groupby("customer")["net"].mean() / 10_000
    table["monetary_value"] = repeat.reindex(table.index).fillna(0).where(count.notna())
    return table.reset_index()


def describe(lines: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Return the buyers as they were known on a day: nothing after it is read."""
    orders = sum_orders(lines[lines["day"] <= day])
    purchases = known_purchases(orders).groupby("customer")["day"].agg(["count", "max"])
    spend = (orders.groupby("customer")["net"].sum() / 10_000).round(2)
    return pd.DataFrame(
        {
            "days": (day - purchases["max"]).dt.days,
            "count": purchases["count"],
            "spend": spend.reindex(purchases.index),
        }
    )


def tier(days: pd.Series) -> pd.Series:
    """Return the churn tier for days since the last purchase."""
    return pd.cut(days, [-1, MEDIUM, HIGH, np.inf], labels=TIERS).astype("str")


def score(values: pd.Series, lowest: int = 1) -> pd.Series:
    """Return scores up to 5 by the mean rank of equal values."""
    below, equal = values.rank(method="min") - 1, values.groupby(values).transform("size")
    steps = 6 - lowest
    return lowest + np.minimum(steps - 1, np.floor(steps * (below + equal / 2) / len(values)))


def rfm(buyers: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """Return scores and names; without either for too few buyers.

    Args:
        buyers: Frame of `describe`.
        rules: The seed of rules.
    """
    table = buyers.copy()
    if len(table) < FEWEST:
        return table.assign(r=np.nan, f=np.nan, m=np.nan, name=None)
    first = table["count"] == 1
    table["r"], table["m"] = score(-table["days"]), score(table["spend"])
    table["f"] = 1.0
    table.loc[~first, "f"] = score(table.loc[~first, "count"], lowest=2)
    late = tier(table["days"]) != "low"
    table["name"] = None
    for rule in rules.itertuples():
        matches = (first == rule.is_first_purchase) & (late == rule.is_late)
        for column in ("r", "f", "m"):
            matches &= table[column].between(getattr(rule, f"{column}_min"), getattr(rule, f"{column}_max"))
        assert table.loc[matches, "name"].isna().all(), "two rules match"
        table.loc[matches, "name"] = rule.segment
    return table


def customer_rfm(truth: Truth, rules: pd.DataFrame) -> pd.DataFrame:
    """Return scores and names as of the last day."""
    table = rfm(describe(truth.lines, truth.lines["day"].max()), rules)
    names = {"r": "recency_score", "f": "frequency_score", "m": "monetary_score", "name": "rfm_segment"}
    return table.rename(columns=names).rename_axis("customer_id").reset_index()[["customer_id", *names.values()]]


def customer_churn_risk(truth: Truth) -> pd.DataFrame:
    """Return tiers and lateness."""
    metrics = customer_metrics(truth)
    metrics = metrics[metrics["customer_id"] != UNKNOWN]
    days = metrics["days_since_last_purchase"]
    gap = metrics["customer_lifetime_days"] / metrics["frequency"].replace(0, np.nan)
    return pd.DataFrame(
        {
            "customer_id": metrics["customer_id"],
            "churn_risk": tier(days).where(days.notna(), "prospect"),
            "lateness_ratio": days / gap,
        }
    )


def cutoffs(truth: Truth) -> list[pd.Timestamp]:
    """Return the month ends whose horizon has elapsed."""
    first, last = truth.lines["day"].min(), truth.lines["day"].max()
    return [day for day in pd.date_range(first, last, freq="ME") if (last - day).days >= HORIZON]


def observed(truth: Truth, rules: pd.DataFrame) -> Iterator[tuple[pd.Timestamp, pd.DataFrame]]:
    """Yield the buyers of each cut-off with tier, name and days until they bought again, NaN if they did not."""
    days = purchase_days(sum_orders(truth.lines))
    for day in cutoffs(truth):
        buyers = rfm(describe(truth.lines, day), rules)
        returns = days[days["day"] > day].groupby("customer")["day"].min()
        buyers["to_return"] = (returns.reindex(buyers.index) - day).dt.days
        buyers["tier"] = tier(buyers["days"])
        yield day, buyers


def calibrations(truth: Truth, rules: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return `churn_tier_calibration` and `rfm_segment_calibration`."""
    tiers, segments = [], []
    for day, buyers in observed(truth, rules):
        for name in TIERS:
            group = buyers[buyers["tier"] == name]
            tiers.append((name, day, len(group), int((group["to_return"] <= HORIZON).sum())))
        for name in rules["segment"].unique():
            group = buyers[buyers["name"] == name]
            counts = ((group["to_return"] <= limit).sum() for limit in (30, 90))
            segments.append((name, day, len(group), *map(int, counts)))
    return (
        pd.DataFrame(tiers, columns=["churn_risk", "cutoff_date", "customers", "returned_customers"]),
        pd.DataFrame(segments, columns=["rfm_segment", "cutoff_date", "customers", "returned_30d", "returned_90d"]),
    )


def rfm_segment_movements(truth: Truth, rules: pd.DataFrame) -> pd.DataFrame:
    """Return how many customers went from which name to which in 30 days."""
    today = truth.lines["day"].max()
    now, before = (
        rfm(describe(truth.lines, day), rules)["name"].fillna("(too few buyers)").rename(column)
        for day, column in ((today, "segment_now"), (today - pd.Timedelta(days=30), "segment_before"))
    )
    both = pd.concat([now, before], axis=1).fillna("(not a buyer)")
    return both.groupby(["segment_before", "segment_now"]).size().rename("customers").reset_index()


def cohort_retention(truth: Truth) -> pd.DataFrame:
    """Return the cells of whole months."""
    orders = sum_orders(truth.lines)
    last = truth.lines["day"].max()
    bought = known_purchases(orders)[["customer", "month"]].drop_duplicates()
    cohort = bought.groupby("customer")["month"].min()
    spent = truth.lines[truth.lines["customer"].isin(cohort.index)].groupby(["customer", "month"])["amount"].sum()
    spent = spent.reset_index().assign(cohort=lambda frame: frame["customer"].map(cohort))
    bought = bought.assign(cohort=bought["customer"].map(cohort))
    months = pd.date_range(bought["month"].min(), last, freq="MS")
    rows = []
    for first, size in cohort.value_counts().items():
        for number, month in enumerate(months[months >= first]):
            whole = month + pd.offsets.MonthEnd(0) <= last
            retained = ((bought["cohort"] == first) & (bought["month"] == month)).sum()
            revenue = spent.loc[(spent["cohort"] == first) & (spent["month"] == month), "amount"].sum() / 10_000
            rows.append((first, number, size, retained if whole else np.nan, revenue if whole else np.nan))
    columns = ["cohort_month", "month_number", "cohort_size", "retained_customers", "net_revenue"]
    return pd.DataFrame(rows, columns=columns)


def customer_lifecycle(truth: Truth) -> pd.DataFrame:
    """Return how many customers were new, returning, resurrected and dormant in each month."""
    bought = known_purchases(sum_orders(truth.lines)).groupby("month")["customer"].agg(set)
    months = pd.date_range(truth.lines["month"].min(), truth.lines["month"].max(), freq="MS")
    seen: set[str] = set()
    before: set[str] = set()
    rows = []
    for month in months:
        active = bought.get(month, set())
        new, returning = active - seen, active & before
        rows.append((month, len(active), len(new), len(returning), len(active - new - returning), len(before - active)))
        seen |= active
        before = active
    kinds = ("active", "new", "returning", "resurrected", "dormant")
    return pd.DataFrame(rows, columns=["month", *(f"{kind}_customers" for kind in kinds)])
