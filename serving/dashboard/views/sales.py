"""What was sold, in which categories, and which customers may be lost."""

from __future__ import annotations

import streamlit as st

from serving.dashboard import charts, queries
from serving.dashboard.data import read
from serving.dashboard.downloads import offer
from serving.dashboard.filters import Filters, choose
from serving.dashboard.links import link
from serving.dashboard.states import nothing
from serving.dashboard.tables import count, money, share, tiles

MOST_CATEGORIES = 15


def show() -> None:
    """Show the page."""
    filters = choose(days=True, segment=True, category=True)
    (summary,) = read(queries.SUMMARY)
    currency = summary["currency"]
    st.caption(f"All data up to {summary['as_of_date']}; the filters change what is below.")
    tiles(
        {
            "Net revenue": money(summary["total_revenue"], currency),
            "Customers": count(summary["total_customers"]),
            "Orders": count(summary["total_orders"]),
            "Transaction lines": count(summary["total_transactions"]),
            "Average order": money(summary["average_order_value"], currency),
            **({"Of guests": money(summary["guest_revenue"], currency)} if summary["guest_revenue"] else {}),
        },
        {"Of guests": "Revenue of lines without a known buyer; it is part of the net revenue and of no customer."},
    )
    _daily_sales(filters, currency)
    _categories(filters, currency)
    _churn(filters)


def _daily_sales(filters: Filters, currency: str) -> None:
    st.subheader("Daily sales")
    of_lines = filters.segments or filters.categories
    days = (
        read(queries.DAILY_SALES_OF_LINES, **filters.parameters)
        if of_lines
        else read(queries.DAILY_SALES, **filters.days)
    )
    revenue = sum(day["net_revenue"] for day in days)
    lines = sum(day["transaction_count"] for day in days)
    st.caption(
        f"{filters.summary}: {money(revenue, currency)} in {count(lines)} lines. Bars are days, the line is the"
        " seven-day mean."
    )
    if not lines:
        nothing("Nothing was sold in this selection.", "Choose more days, segments or categories in the side bar.")
        return
    charts.show(charts.daily_sales(days, currency), "Net revenue by day, with the seven-day mean")
    offer(days, "daily_sales")


def _categories(filters: Filters, currency: str) -> None:
    st.subheader("Categories")
    query = queries.CATEGORY_REVENUE if filters.all_days else queries.CATEGORY_REVENUE_OF_LINES
    found = read(query, **filters.parameters)
    seen = found[:MOST_CATEGORIES]
    if not seen:
        nothing("No category was sold in this selection.", "Choose more days or segments in the side bar.")
        return
    total = sum(category["net_revenue"] for category in found)
    part = sum(category["net_revenue"] for category in seen)
    st.caption(
        f"{len(seen)} of {len(found)} categories by net revenue: {money(part, currency)} of {money(total, currency)}."
    )
    charts.show(charts.categories(seen, currency), "Net revenue by category")
    offer(seen, "categories")


def _churn(filters: Filters) -> None:
    st.subheader("Churn risk")
    tiers = read(queries.CHURN, **filters.segment)
    if not tiers:
        nothing("This selection has no customer.", "Choose more segments in the side bar.")
        return
    rates = {rate["churn_risk"]: rate for rate in read(queries.CALIBRATION)}
    _thresholds()
    left, right = st.columns(2)
    with left:
        st.caption(
            "Customers by days since their last purchase" + (", of the segments chosen." if filters.segments else ".")
        )
        charts.show(charts.tiers(tiers), "Share of customers by tier of churn risk")
    with right:
        if rates:
            st.caption("Share of a tier that came back, measured on earlier days; the bar is their range.")
            charts.show(charts.return_rates(list(rates.values())), "Measured return rate by tier of churn risk")
        else:
            nothing("No return rate could be measured yet.", "The data must be longer than `churn_horizon_days`.")
    measured = {tier: rate["return_rate"] for tier, rate in rates.items()}
    offer([{**tier, "return_rate": measured.get(tier["churn_risk"])} for tier in tiers], "churn_risk")
    worst = next((tier for tier in tiers if tier["churn_risk"] == "high"), None)
    if worst and measured.get("high") is not None:
        st.caption(
            f"High risk: {count(worst['customers'])} customers ({share(worst['share'])}); of customers like"
            f" these, {share(measured['high'])} came back."
        )
    with st.container(horizontal=True):
        for tier in tiers:
            name = tier["churn_risk"]
            link("customer-list", f"{count(tier['customers'])} of tier {name}", "list", [("churn_risk", name)])


def _thresholds() -> None:
    rows = read(queries.THRESHOLDS)
    used = " and ".join(f"{row['churn_risk']} after {row['after_days']} days" for row in rows)
    measured = [row for row in rows if row["measured_after_days"] not in (None, row["after_days"])]
    text = f"Risk is {used} without a purchase."
    if measured:
        days = " and ".join(f"{row['churn_risk']} after {row['measured_after_days']}" for row in measured)
        text += f" By how many came back in your data, it would be {days}; var `churn_thresholds: auto` uses that."
    st.caption(text)
