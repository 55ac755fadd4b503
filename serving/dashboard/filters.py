"""Filters, kept in the address so that a view can be shared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from serving.dashboard import queries
from serving.dashboard.data import read
from serving.dashboard.states import nothing, plain


@dataclass(frozen=True)
class Filters:
    """What the reader chose; empty tuples mean all segments and all categories.

    Attributes:
        first_day: First day.
        last_day: Last day.
        all_days: Whether these are all days of the data.
        segments: Segments that the business assigned to its customers (`customer_segment`).
        categories: Categories.
    """

    first_day: date
    last_day: date
    all_days: bool
    segments: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def parameters(self) -> dict[str, Any]:
        """Values for the queries: NULL means all."""
        return {**self.days, "segments": list(self.segments) or None, "categories": list(self.categories) or None}

    @property
    def days(self) -> dict[str, Any]:
        """First and last day for the queries."""
        return {"first_day": self.first_day, "last_day": self.last_day}

    @property
    def segment(self) -> dict[str, Any]:
        """The segments for the queries."""
        return {"segments": list(self.segments) or None}

    @property
    def summary(self) -> str:
        """The choice in words, for Markdown."""
        days = "All days" if self.all_days else f"{self.first_day} to {self.last_day}"
        parts = [days, *(", ".join(chosen) for chosen in (self.segments, self.categories) if chosen)]
        return plain(" · ".join(parts)).replace("\\·", "·")


def choose(*, days: bool = False, segment: bool = False, category: bool = False) -> Filters:
    """Show filters in the side bar and return the choice; stop the page if there is no data at all.

    Args:
        days: Whether to show the first and last day.
        segment: Whether to show the segments.
        category: Whether to show the categories.

    Raises:
        LoaderError: The marts can't be read.
    """
    (limits,) = read(queries.DAYS)
    if limits["first_day"] is None:
        nothing("There are no sales yet.", "Load files with `loader copy FOLDER`, then `dbt build`.")
        st.stop()
    chosen = (limits["first_day"], limits["last_day"])
    segments: list[str] = []
    categories: list[str] = []
    with st.sidebar:
        st.subheader("Filters")
        if days:
            chosen = _choose_days(*chosen)
        if segment:
            segments = _choose_members("Segment", "segment", queries.SEGMENTS)
        if category:
            categories = _choose_members("Category", "category", queries.CATEGORIES)
    all_days = chosen == (limits["first_day"], limits["last_day"])
    return Filters(*chosen, all_days, tuple(segments), tuple(categories))


def _choose_days(first: date, last: date) -> tuple[date, date]:
    warn_of_days("days", first, last, 2)
    chosen = st.date_input(
        "Days",
        (first, last),
        min_value=first,
        max_value=last,
        key="days",
        format="YYYY-MM-DD",
        bind="query-params",
        persist_state="session",
    )
    # While the reader has clicked only on the first day, the range is open.
    days: tuple[date, ...] = chosen if isinstance(chosen, tuple) else (chosen,)
    return (days[0] if days else first, days[1] if len(days) > 1 else last)


def _choose_members(label: str, key: str, query: str) -> list[str]:
    members = [row["member"] for row in read(query)]
    if wrong := [text for text in st.query_params.get_all(key) if text not in members]:
        _say_left_out(key, wrong, "Choose another one below.")
    return st.multiselect(
        label, members, key=key, placeholder="all", bind="query-params", persist_state="session", select_all=False
    )


def warn_of_days(key: str, first: date, last: date, number: int) -> None:
    """Say which days of the address are not in the data.

    Args:
        key: Name in the address.
        first: First day of the data.
        last: Last day of the data.
        number: How many days there should be, if any.
    """
    texts = st.query_params.get_all(key)
    wrong = [text for text in texts if not _is_day(text, first, last)]
    if wrong or len(texts) not in (0, number):
        _say_left_out(key, wrong, f"It can have {number} from {first} to {last}.")


def _is_day(text: str, first: date, last: date) -> bool:
    try:
        return first <= date.fromisoformat(text) <= last
    except ValueError:
        return False


def _say_left_out(key: str, values: list[str], to_do: str) -> None:
    listed = ", ".join(plain(value[:40]) for value in values[:5]) or "no range"
    st.warning(f"The address asks for {key}: {listed}. That is not in the data and was left out. {to_do}")
