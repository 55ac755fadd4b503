"""How users get from sign-up to payment, and where they were on any day."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from serving.dashboard import charts, diagrams, queries
from serving.dashboard.cards import cards, narrow, table_or_cards, wide
from serving.dashboard.data import Row, Rows, read, read_now
from serving.dashboard.downloads import offer, offer_later
from serving.dashboard.filters import warn_of_days
from serving.dashboard.states import JOURNEYS, label_synthetic, nothing, unfiltered
from serving.dashboard.tables import count, share, tiles

FUNNEL_STAGES = {"leads": "lead", "prospects": "prospect", "customers": "customer"}
STEPS = (*FUNNEL_STAGES, "churned")
MOST_USERS, MOST_DOWNLOADED = 500, 100_000


def show() -> None:
    """Show the page."""
    (limits,) = read(queries.JOURNEY_DAYS)
    if limits["first_day"] is None:
        nothing(
            "There are no journeys yet.",
            "Load `users`, `shops`, `plans`, `invoices`, `payments` or `events` with `loader copy`, then `dbt build`.",
        )
        return
    label_synthetic(JOURNEYS)
    unfiltered("it counts users who signed up, who are not the customers of the shop.")
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
    steps = sorted({row["step"] for row in transitions})
    st.caption(f"All users by {len(steps)} steps; (stays) is where they are now.")
    with wide("sankey"):
        diagrams.show(diagrams.sankey(transitions), "sankey", "Users by step and stage, and which stage came next")
    with narrow("sankey"):
        st.html(cards((f"Step {step}", flows(transitions, step)) for step in steps))
    offer(transitions, "transitions")


def flows(transitions: Rows, step: int) -> list[tuple[str, str]]:
    """Return the moves of a step in words, each with its users and their share of the stage, most users first."""
    return [
        (f"{row['from_stage']} → {row['to_stage']}", f"{count(row['users'])} ({share(row['share'])})")
        for row in sorted(transitions, key=lambda row: -row["users"])
        if row["step"] == step
    ]


def _funnel() -> None:
    st.subheader("Funnel")
    (totals,) = read(queries.FUNNEL)
    st.caption(
        f"Users of all sign-up months by the furthest stage reached. {count(totals['churned'])} of them churned at"
        f" least once, and {count(totals['returned'])} of those came back."
    )
    charts.on_click(charts.funnel(_steps(totals)), "Leads, prospects and customers", "funnel", _choose_step)
    offer([totals], "funnel")
    _users(totals)


def _steps(totals: Row) -> list[Row]:
    """Return the steps of the funnel with their share of the first step and of the one before."""
    first = before = totals["leads"]
    steps = []
    for step, stage in FUNNEL_STAGES.items():
        users = totals[step]
        label = f"{count(users)} ({share(users / first)})" if first else count(users)
        steps.append(
            {"step": step, "stage": stage, "users": users, "label": label, "share_before": before and users / before}
        )
        before = users
    return steps


def _choose_step(clicked: dict[str, Any]) -> None:
    st.session_state["step"] = clicked["step"]


def _users(totals: Row) -> None:
    step = st.selectbox(
        "Users who became",
        STEPS,
        index=None,
        placeholder="click on a bar, or choose a step",
        key="step",
        bind="query-params",
        width=320,
    )
    if step is None:
        return
    users = read(queries.USERS, step=step, most=MOST_USERS)
    st.caption(f"{count(totals[step])} users, the latest sign-up first; the file has all.")
    titles = {
        "user_id": "User",
        "signed_up_at": "Signed up",
        "plan_name": "Plan",
        "current_stage": "Stage now",
        "current_stage_since": "Since",
        "days_to_customer": "Days to customer",
    }
    table_or_cards(users, "users", titles)
    offer_later(lambda: read_now(queries.USERS, step=step, most=MOST_DOWNLOADED), totals[step], "users")
