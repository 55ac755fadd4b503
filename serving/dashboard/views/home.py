"""How business is, why, and what to do today."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import streamlit as st

from serving.dashboard import home_queries as queries
from serving.dashboard.data import Row, Rows, read
from serving.dashboard.links import link
from serving.dashboard.states import nothing
from serving.dashboard.tables import NONE, count, money, share

MOST_ACTIONS = 5
LENGTHS = {28: "28 days", 7: "7 days"}
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
    days = st.segmented_control(
        "Period", LENGTHS, format_func=LENGTHS.__getitem__, default=28, key="period", bind="query-params", required=True
    )
    _business(read(queries.PERIODS, days=days), days, summary)
    _why(read(queries.DRIVERS) if days == 28 else [], summary["currency"])
    _actions(summary)


def _business(rows: Rows, days: int, summary: Row) -> None:
    st.subheader("How is business?")
    latest = [row for row in rows if row["periods_ago"] == 0]
    if not latest:
        nothing(f"There are not yet {days} days of data.", "The tiles fill as you load files with `loader copy`.")
        return
    st.caption(
        f"{latest[0]['period_from']} to {latest[0]['period_to']}, compared with the {days} days before. A change has a"
        " colour if it is more than such periods usually bring."
    )
    with st.container(horizontal=True):
        for measure, title in TITLES.items():
            history = [row for row in rows if row["measure"] == measure]
            _tile(title, next(row for row in history if row["periods_ago"] == 0), history, summary["currency"])


def _tile(title: str, row: Row, history: Rows, currency: str) -> None:
    line = [float(past["measure_value"]) for past in reversed(history) if past["measure_value"] is not None]
    usual = "Too few periods to say what is usual."
    if row["usual_deviation"] is not None:
        around = Decimal("2.5") * row["usual_deviation"]
        usual = f"Usually {row['usual_change'] - around:+.1%} to {row['usual_change'] + around:+.1%}."
    last_year = f"Same weeks of last year: {_signed(row['change_on_last_year'])}."
    st.metric(
        title,
        _value(row, currency),
        _signed(row["change"]) if row["change"] is not None else None,
        delta_color="normal" if row["is_unusual"] else "off",
        delta_description=last_year.rstrip(".").replace("Same weeks of last year", "last year")
        if row["change_on_last_year"] is not None
        else None,
        help=f"{usual} {last_year}",
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


def _signed(change: Decimal | None) -> str:
    return NONE if change is None else f"{change:+.1%}"


def _why(drivers: Rows, currency: str) -> None:
    if not drivers:
        return
    st.subheader("Why?")
    revenue, base = drivers[0]["revenue"], drivers[0]["base_revenue"]
    change = revenue - base
    direction = "up" if change > 0 else "down" if change < 0 else "unchanged"
    percent = f" {abs(change / base):.1%}" if change and base > 0 else ""
    losses = [driver for driver in drivers if driver["amount"] < 0]
    gains = [driver for driver in drivers if driver["amount"] > 0]
    parts = [f"28 days: {money(revenue, currency)}, {direction}{percent} ({change:+,.2f})."]
    if losses:
        worst = min(losses, key=lambda driver: driver["amount"])
        parts.append(f"{_capital(worst['words'])} cost {money(-worst['amount'], currency)}")
    if gains:
        best = max(gains, key=lambda driver: driver["amount"])
        words = best["words"] if losses else _capital(best["words"])
        parts.append(f"{'; ' if losses else ''}{words} brought {money(best['amount'], currency)}")
    st.markdown(f"{parts[0]} {''.join(parts[1:])}.".replace("$", r"\$"))


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


@dataclass(frozen=True)
class Action:
    """Something to do today.

    Attributes:
        title: What there is, with its number, in bold.
        advice: What to do.
        amount: The money at stake.
        page: Page with the list.
        label: Text of the button.
        filters: What the page shows, as in its address.
    """

    title: str
    advice: str
    amount: Decimal | None
    page: str = ""
    label: str = ""
    filters: tuple[tuple[str, str], ...] = ()


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
                f"{count(row['number'])} of your best customers are late",
                f"They spent {money(row['amount'], currency)} so far. Write to them before they are gone.",
                row["amount"],
                "customer-list",
                "Show these customers",
                (("rfm_segment", "cannot lose them"),),
            )
        )
    if row := kinds.get("second_order"):
        listed.append(
            Action(
                f"{count(row['number'])} new buyers are due for their second order",
                f"At an average order each, that is {money(row['amount'], currency)}.",
                row["amount"],
                "customer-list",
                "Show these customers",
                (("rfm_segment", "new customers"), ("rfm_segment", "promising")),
            )
        )
    if row := kinds.get("rejected_money"):
        listed.append(
            Action(
                f"{count(row['number'])} rows of your files were rejected",
                f"They hold {money(row['amount'], currency)}. Fix the files and load them again.",
                row["amount"],
                "quality",
                "Show why",
            )
        )
    if row := kinds.get("late_source"):
        listed.append(
            Action(f"{count(row['number'])} tables got no new file in time", "Load the newest files.", None, "quality")
        )
    if row := kinds.get("stopped_products"):
        listed.append(
            Action(
                f"{count(row['number'])} of your 100 best products have not sold for 28 days",
                f"They brought {money(row['amount'], currency)} so far: {row['names']}. Are they out of stock?",
                row["amount"],
            )
        )
    return sorted(listed, key=lambda action: -(action.amount or 0))[:MOST_ACTIONS]


def _actions(summary: Row) -> None:
    st.subheader("What to do today?")
    listed = actions(read(queries.ACTIONS), summary["currency"])
    if not listed:
        st.success("Nothing needs you today.", icon=":material/check:")
        return
    for action in listed:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{action.title}**  \n{action.advice}".replace("$", r"\$"))
            if action.page:
                link(action.page, action.label or "Show", "arrow_forward", action.filters)
