"""What was sold, in which categories, and which customers may be lost."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import streamlit as st

from serving.dashboard import charts, queries, sales_queries
from serving.dashboard.cards import narrow, wide
from serving.dashboard.data import Row, Rows, read
from serving.dashboard.downloads import offer
from serving.dashboard.filters import MEMBERS, Filters, choose
from serving.dashboard.links import Mark, customers_behind
from serving.dashboard.states import nothing
from serving.dashboard.tables import count, money, share, tiles

MOST_CATEGORIES = 15
MOST_GAPS_NAMED = 5


def show() -> None:
    """Show the page."""
    filters = choose("days", "compare", *MEMBERS)
    (summary,) = read(queries.SUMMARY)
    currency = summary["currency"]
    days = _days(filters, filters.first_day, filters.last_day)
    _tiles(filters, days, summary)
    _daily_sales(filters, days, currency)
    _categories(filters, currency)
    _churn(filters)


def _days(filters: Filters, first: date, last: date) -> list[Row]:
    parameters = {**filters.parameters, "first_day": first, "last_day": last}
    if any(filters.members.values()):
        return read(sales_queries.DAILY_OF_LINES, **parameters)
    return read(sales_queries.DAILY, first_day=first, last_day=last)


def _tiles(filters: Filters, days: Rows, summary: Row) -> None:
    currency = summary["currency"]
    now = _totals(days)
    base = None
    words = filters.words
    if not filters.all_days:
        first, last = filters.base
        before = _days(filters, first, last)
        # Where the data began later, part of the base is missing, and would look like growth.
        base = _totals(before) if len(before) == (last - first).days + 1 else None
        words += f", compared with {first} to {last}" + ("" if base else ", for which there is no data")
    st.caption(f"{words}.")
    shown: dict[str, str] = {}
    changes: dict[str, Decimal | None] = {}
    for label, amount in now.items():
        if amount is not None:
            is_money = label in ("Net revenue", "Average order", "Refunds")
            shown[label] = money(round(amount, 2), currency) if is_money else count(int(amount))
            before_amount = base[label] if base else None
            changes[label] = amount / before_amount - 1 if before_amount and before_amount > 0 else None
    if filters.all_days and not filters.parts:
        shown["Customers"] = count(summary["total_customers"])
        if summary["guest_revenue"]:
            shown["Of guests"] = money(summary["guest_revenue"], currency)
    helps = {"Of guests": "Revenue of lines without a known buyer; it is part of the net revenue and of no customer."}
    tiles(shown, helps, changes)
    if "Orders" not in shown:
        st.caption("Orders and their average are known by day only for all customers and categories together.")


def _totals(days: Rows) -> dict[str, Decimal | None]:
    """Return the tiles' numbers; those of orders are NULL if the days have none."""
    revenue = sum((day["net_revenue"] for day in days), Decimal())
    orders = None
    if all(day["order_count"] is not None for day in days):
        orders = Decimal(sum(day["order_count"] for day in days))
    return {
        "Net revenue": revenue,
        "Orders": orders,
        "Transaction lines": Decimal(sum(day["transaction_count"] for day in days)),
        "Average order": revenue / orders if orders else None,
        "Refunds": sum((day["refunds"] for day in days), Decimal()) or None,
    }


def _daily_sales(filters: Filters, days: Rows, currency: str) -> None:
    st.subheader("Daily sales")
    revenue = sum(day["net_revenue"] for day in days)
    lines = sum(day["transaction_count"] for day in days)
    if not lines:
        nothing("Nothing was sold in this selection.", "Choose more days, groups or categories in the side bar.")
        return
    cut_short = next(iter(read(sales_queries.CUT_SHORT)), None)
    last_day = cut_short["sales_date"] if cut_short else None
    states = [{**day, "state": "incomplete day" if day["sales_date"] == last_day else "day"} for day in days]
    total = f"{money(revenue, currency)} in {count(lines)} lines"
    with wide("daily_sales"):
        st.caption(f"{total}. Bars are days, the line is the seven-day mean.")
        charts.show(charts.daily_sales(states, currency), "Net revenue by day, with the seven-day mean")
    with narrow("daily_sales"):
        st.caption(f"{total}. Bars are weeks.")
        charts.show(charts.weekly_sales(weeks(states), currency), "Net revenue by week")
    if cut_short and filters.last_day == last_day:
        st.caption(
            f"{last_day} is incomplete: its last sale is before {cut_short['last_hour'] + 1}:00, while on each of the"
            f" 28 days before there were sales after {cut_short['usual_hour']}:00."
        )
    _gaps([day["sales_date"] for day in days if not day["transaction_count"]], filters)
    offer(days, "daily_sales")


def weeks(days: Rows) -> list[Row]:
    """Return the sums of weeks, with whether all seven days are there and complete."""
    grouped: dict[date, list[Row]] = {}
    for day in days:
        grouped.setdefault(day["sales_date"] - timedelta(day["sales_date"].weekday()), []).append(day)
    return [
        {
            "week": monday,
            "net_revenue": sum(day["net_revenue"] for day in group),
            "state": "week" if [day["state"] for day in group] == ["day"] * 7 else "incomplete week",
        }
        for monday, group in grouped.items()
    ]


def _gaps(gaps: list[date], filters: Filters) -> None:
    if not gaps:
        return
    named = ", ".join(map(str, gaps[:MOST_GAPS_NAMED])) + (", …" if len(gaps) > MOST_GAPS_NAMED else "")
    text = f"✕ Days without a sale: {count(len(gaps))} ({named})."
    if not any(filters.members.values()):
        text += " The check `gap_in_days` of the data quality has them: was the shop closed, or is a file missing?"
    st.caption(text)


def _categories(filters: Filters, currency: str) -> None:
    st.subheader("Categories")
    is_small = filters.all_days and not filters.members["rfm_segment"]
    query = sales_queries.CATEGORIES if is_small else sales_queries.CATEGORIES_OF_LINES
    found = read(query, **filters.parameters)
    seen = found[:MOST_CATEGORIES]
    if not seen:
        nothing("No category was sold in this selection.", "Choose more days or groups in the side bar.")
        return
    total = sum(category["net_revenue"] for category in found)
    part = sum(category["net_revenue"] for category in seen)
    st.caption(
        f"{len(seen)} of {len(found)} categories by net revenue: {money(part, currency)} of {money(total, currency)}."
    )
    others = [(name, value) for name, value in filters.address if name != "category"]
    marks = [
        Mark(row["category"], (*others, ("category", row["category"])), key={"category": row["category"]})
        for row in seen
    ]
    clicked = charts.clicked(charts.categories(seen, currency), "Net revenue by category", "categories")
    customers_behind(marks, clicked, "categories", "a bar")
    offer(seen, "categories")


def _churn(filters: Filters) -> None:
    st.subheader("Churn risk")
    tiers = read(queries.CHURN, **filters.customers)
    if not tiers:
        nothing("This selection has no customer.", "Choose more groups in the side bar.")
        return
    rates = {rate["churn_risk"]: rate for rate in read(queries.CALIBRATION)}
    measured = {tier: rate["return_rate"] for tier, rate in rates.items()}
    _thresholds()
    if not filters.all_days or filters.members["category"]:
        st.caption("Not changed by period and category: the risk of a customer is as of the last day.")
    left, right = st.columns(2)
    with left:
        of = ", of the groups and segments chosen" if any(filters.customers.values()) else ""
        st.caption(f"Customers by days since their last purchase{of}.")
        clicked = charts.clicked(charts.tiers(tiers), "Share of customers by tier of churn risk", "tiers")
    with right:
        if rates:
            st.caption("Share of a tier that came back, measured on earlier days; the bar is their range.")
            charts.show(charts.return_rates(list(rates.values())), "Measured return rate by tier of churn risk")
        else:
            nothing("No return rate could be measured yet.", "The data must be longer than `churn_horizon_days`.")
    customers_behind([_tier(tier, filters) for tier in tiers], clicked, "tiers", "a bar")
    offer([{**tier, "return_rate": measured.get(tier["churn_risk"])} for tier in tiers], "churn_risk")
    worst = next((tier for tier in tiers if tier["churn_risk"] == "high"), None)
    if worst and measured.get("high") is not None:
        st.caption(
            f"High risk: {count(worst['customers'])} customers ({share(worst['share'])}); of customers like"
            f" these, {share(measured['high'])} came back."
        )


def _tier(tier: Row, filters: Filters) -> Mark:
    name = tier["churn_risk"]
    kept = [(key, value) for key, value in filters.address if key in ("group", "rfm_segment")]
    return Mark(f"{count(tier['customers'])} of tier {name}", (*kept, ("churn_risk", name)), key={"churn_risk": name})


def _thresholds() -> None:
    rows = read(queries.THRESHOLDS)
    used = " and ".join(f"{row['churn_risk']} after {row['after_days']} days" for row in rows)
    measured = [row for row in rows if row["measured_after_days"] not in (None, row["after_days"])]
    text = f"Risk is {used} without a purchase."
    if measured:
        days = " and ".join(f"{row['churn_risk']} after {row['measured_after_days']}" for row in measured)
        text += f" By how many came back in your data, it would be {days}; var `churn_thresholds: auto` uses that."
    st.caption(text)
