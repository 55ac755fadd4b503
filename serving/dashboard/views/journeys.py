"""How users get from sign-up to payment, and where they were on any day."""

from __future__ import annotations

from datetime import date

import streamlit as st

from serving.dashboard import charts, diagrams, queries
from serving.dashboard.data import Rows, read
from serving.dashboard.downloads import offer
from serving.dashboard.filters import warn_of_days
from serving.dashboard.states import nothing
from serving.dashboard.tables import count, tiles


def show() -> None:
    """Show the page."""
    (limits,) = read(queries.JOURNEY_DAYS)
    if limits["first_day"] is None:
        nothing(
            "There are no journeys yet.",
            "Load `users`, `shops`, `plans`, `invoices`, `payments` or `events` with `loader copy`, then `dbt build`.",
        )
        return
    (synthetic,) = read(queries.SYNTHETIC)
    if synthetic["files"]:
        st.warning(
            "These journeys are synthetic: generated files, in which nobody signed up.", icon=":material/science:"
        )
    _stages(limits["first_day"], limits["last_day"], read(queries.STAGES_BY_DAY))
    _sankey(read(queries.TRANSITIONS))
    _funnel()


def _stages(first: date, last: date, rows: Rows) -> None:
    st.subheader("Stages as of a day")
    warn_of_days("day", first, last, 1)
    day = st.date_input(
        "As of the end of",
        last,
        min_value=first,
        max_value=last,
        key="day",
        format="YYYY-MM-DD",
        bind="query-params",
        persist_state="session",
        width=220,
        required=True,
    )
    tiles({row["stage"].capitalize(): count(row["users"]) for row in rows if row["day"] == day})
    charts.show(charts.stages_by_day(rows, day), "Users in each stage by day")
    offer([row for row in rows if row["day"] == day], "stages")


def _sankey(transitions: Rows) -> None:
    st.subheader("Moves from stage to stage")
    st.caption(f"All users by {len({row['step'] for row in transitions})} steps; (stays) is where they are now.")
    diagrams.show(diagrams.sankey(transitions), "sankey", "Users by step and stage, and which stage came next")
    offer(transitions, "transitions")


def _funnel() -> None:
    st.subheader("Funnel")
    (totals,) = read(queries.FUNNEL)
    st.caption(
        f"Users of all sign-up months by the furthest stage reached. {count(totals['churned'])} of them churned at"
        f" least once, and {count(totals['returned'])} of those came back."
    )
    diagrams.show(diagrams.funnel(totals), "funnel", "Leads, prospects and customers")
    offer([totals], "funnel")
