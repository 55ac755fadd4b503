"""How business is, why, and what to do today."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from serving.dashboard import home_queries, queries, sales_queries
from serving.dashboard.data import Row, Rows, read
from serving.dashboard.filters import BEFORE, LAST_YEAR, choose
from serving.dashboard.links import Link, links
from serving.dashboard.states import nothing
from serving.dashboard.tables import NONE, count, money, share

MOST_ACTIONS = 5
# Days of the periods that `trailing_periods` has; the first if the reader chose another one.
LENGTHS = (28, 7)
TITLES = {
    "net_revenue": "Net revenue",
    "orders": "Orders",
    "buyers": "Buyers",
    "average_order_value": "Average order",
    "repeat_order_share": "Repeat orders",
}


def show() -> None:
    """Show the page."""
    (summary,) = read(queries.SUMMARY)
    if summary["total_transactions"] == 0:
        nothing("There are no sales yet.", "Load files with `loader copy FOLDER`, then `dbt build`.")
        return
    filters = choose("days", "compare", because="home is about the whole shop. The page of sales has all filters.")
    days = filters.length if filters.length in LENGTHS else LENGTHS[0]
    if not filters.all_days and filters.length != days:
        st.caption("Home compares the last 7 or 28 days, whatever other period is chosen.")
    _business(read(home_queries.PERIODS, days=days), days, filters.compare, summary)
    _why(read(home_queries.DRIVERS) if days == 28 else [], summary["currency"])
    _actions(summary)


def _business(rows: Rows, days: int, compare: str, summary: Row) -> None:
    st.subheader("How is business?")
    latest = [row for row in rows if row["periods_ago"] == 0]
    if not latest:
        nothing(f"There are not yet {days} days of data.", "The tiles fill as you load files with `loader copy`.")
        return
    base = f"the {days} days before" if compare == BEFORE else "the same weeks of last year"
    st.caption(
        f"{latest[0]['period_from']} to {latest[0]['period_to']}, compared with {base}. A change has a colour if it is"
        " more than such periods usually bring."
    )
    for day in read(sales_queries.CUT_SHORT):
        st.caption(f"{day['sales_date']} is incomplete: its last sale is before {day['last_hour'] + 1}:00.")
    with st.container(horizontal=True):
        for measure, title in TITLES.items():
            history = [row for row in rows if row["measure"] == measure]
            _tile(title, next(row for row in history if row["periods_ago"] == 0), history, compare, summary["currency"])
    other = next(length for length in LENGTHS if length != days)
    kept = [("compare", compare)] if compare != BEFORE else []
    links(Link(f"Last {other} days", [("period", f"last {other} days"), *kept], ""))


def _tile(title: str, row: Row, history: Rows, compare: str, currency: str) -> None:
    line = [float(past["measure_value"]) for past in reversed(history) if past["measure_value"] is not None]
    usual = "Too few periods to say what is usual."
    if row["usual_from"] is not None:
        usual = f"Usually {row['usual_from']:+.1%} to {row['usual_to']:+.1%}."
    changes = {BEFORE: row["change"], LAST_YEAR: row["change_on_last_year"]}
    change = changes.pop(compare)
    ((other, other_change),) = changes.items()
    st.metric(
        title,
        _value(row, currency),
        None if change is None else f"{change:+.1%}",
        # What is usual is known of changes on the period before.
        delta_color="normal" if row["is_unusual"] and compare == BEFORE else "off",
        delta_description=None if other_change is None else f"{other}: {other_change:+.1%}",
        help=f"{usual} Compared with the {other}: {NONE if other_change is None else f'{other_change:+.1%}'}.",
        border=True,
        chart_data=line if len(line) > 1 else None,
    )


def _value(row: Row, currency: str) -> str:
    value = row["measure_value"]
    if value is None:
        return NONE
    if row["measure"] in ("net_revenue", "average_order_value"):
        return money(value, currency)
    return share(value) if row["measure"] == "repeat_order_share" else count(int(value))


def _why(drivers: Rows, currency: str) -> None:
    if not drivers:
        return
    st.subheader("Why?")
    revenue, base = drivers[0]["revenue"], drivers[0]["base_revenue"]
    change = revenue - base
    direction = "up" if change > 0 else "down" if change < 0 else "unchanged"
    percent = f" {abs(change / base):.1%}" if change and base > 0 else ""
    worst, best = drivers[0], drivers[-1]  # by amount
    reasons = []
    if worst["amount"] < 0:
        reasons.append(f"{worst['words']} cost {money(-worst['amount'], currency)}")
    if best["amount"] > 0:
        reasons.append(f"{best['words']} brought {money(best['amount'], currency)}")
    why = "; ".join(reasons)
    text = f"28 days: {money(revenue, currency)}, {direction}{percent} ({change:+,.2f}). {why[:1].upper()}{why[1:]}."
    st.markdown(text.replace("$", r"\$"))


@dataclass(frozen=True)
class Action:
    """Something to do today.

    Attributes:
        title: What there is, with its number, in bold.
        advice: What to do.
        amount: The money at stake.
        link: Where to see which.
    """

    title: str
    advice: str
    amount: Decimal | None
    link: Link | None = None


def actions(found: Rows, currency: str) -> list[Action]:
    """Return what to do, that with the most money at stake first.

    Args:
        found: Rows of the query.
        currency: The reporting currency.
    """
    kinds = {row["kind"]: row for row in found if row["number"]}
    listed = []
    if row := kinds.get("late_champions"):
        listed.append(
            Action(
                f"Best customers who are late: {count(row['number'])}",
                f"They spent {money(row['amount'], currency)} so far, and have let several of their usual gaps pass."
                " Write to them before they are gone.",
                row["amount"],
                Link("Show these customers", (("audience", "late_champions"),)),
            )
        )
    if row := kinds.get("due_for_second_order"):
        listed.append(
            Action(
                f"Buyers due for their second order: {count(row['number'])}",
                f"At {money(row['amount'] / row['number'], currency)} each, the mean of all orders so far, that is"
                f" {money(row['amount'], currency)}.",
                row["amount"],
                Link("Show these customers", (("audience", "due_for_second_order"),)),
            )
        )
    if row := kinds.get("rejected_money"):
        listed.append(
            Action(
                f"Rejected rows of your files: {count(row['number'])}",
                f"They hold {money(row['amount'], currency)}. Fix the files and load them again.",
                row["amount"],
                Link("Show why", page="quality"),
            )
        )
    if row := kinds.get("late_source"):
        listed.append(
            Action(
                f"Tables without a new file in time: {count(row['number'])}",
                "Load the newest files.",
                None,
                Link("Show", page="quality"),
            )
        )
    if row := kinds.get("stopped_products"):
        listed.append(
            Action(
                f"Of your 100 best products, not sold for 28 days: {count(row['number'])}",
                f"They brought {money(row['amount'], currency)} so far: {row['names']}. Are they out of stock?",
                row["amount"],
            )
        )
    return sorted(listed, key=lambda action: -(action.amount or 0))[:MOST_ACTIONS]


def _actions(summary: Row) -> None:
    st.subheader("What to do today?")
    listed = actions(read(home_queries.ACTIONS), summary["currency"])
    if not listed:
        st.success("Nothing needs you today.", icon=":material/check:")
        return
    for action in listed:
        with st.container(border=True):
            st.markdown(f"**{action.title}**  \n{action.advice}".replace("$", r"\$"))
            if action.link:
                links(action.link)
