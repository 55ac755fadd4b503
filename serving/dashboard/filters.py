"""The filters of all pages. They are kept in the address, so that a view can be shared, and from page to page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import streamlit as st

from serving.dashboard import queries
from serving.dashboard.data import read
from serving.dashboard.states import label_synthetic, nothing, plain

PERIODS = {f"last {days} days": days for days in (7, 28, 365)}
BEFORE, LAST_YEAR = "period before", "last year"
# Filters whose value is a list, by their name in the address: those of all pages, and those of the list of customers.
TITLES = {
    "group": "Customer group",
    "rfm_segment": "RFM segment",
    "category": "Category",
    "audience": "Audience",
    "churn_risk": "Churn risk",
    "segment_name": "Behaviour cluster",
    "cohort": "Month of first purchase",
    "recency_score": "Recency score",
    "frequency_score": "Frequency score",
}
MEMBERS = {"group": queries.GROUPS, "rfm_segment": queries.RFM_MEMBERS, "category": queries.CATEGORIES}
Options = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Filters:
    """What the reader chose, as far as the page obeys it; empty tuples mean all.

    Attributes:
        first_day: First day.
        last_day: Last day.
        all_days: Whether these are all days of the data.
        members: The chosen members of a filter, by its name.
        compare: What to compare the period with: the days before, or the same weekdays of last year.
        length: Number of days of the period if it is one of those up to the last day.
    """

    first_day: date
    last_day: date
    all_days: bool
    members: dict[str, tuple[str, ...]]
    compare: str = BEFORE
    length: int | None = None

    @property
    def days(self) -> dict[str, Any]:
        """First and last day for the queries."""
        return {"first_day": self.first_day, "last_day": self.last_day}

    @property
    def customers(self) -> dict[str, Any]:
        """Customer groups and RFM segments for the queries: NULL means all."""
        return {f"{name}s": list(self.members.get(name, ())) or None for name in ("group", "rfm_segment")}

    @property
    def parameters(self) -> dict[str, Any]:
        """All values for the queries: NULL means all."""
        return {**self.days, **self.customers, "categories": list(self.members.get("category", ())) or None}

    @property
    def base(self) -> tuple[date, date]:
        """First and last day of what the period is compared with."""
        days = (self.last_day - self.first_day).days + 1
        before = timedelta(days if self.compare == BEFORE else 364)
        return self.first_day - before, self.last_day - before

    @property
    def words(self) -> str:
        """The choice in words, for Markdown."""
        return " · ".join(["All days", *self.parts] if self.all_days else self.parts)

    @property
    def parts(self) -> list[str]:
        """What restricts the choice, in words, for Markdown."""
        days = [] if self.all_days else [f"{self.first_day} to {self.last_day}"]
        return [*days, *(_words(name, chosen) for name, chosen in self.members.items() if chosen)]

    @property
    def address(self) -> list[tuple[str, str]]:
        """The choice as names and values of an address."""
        days = [] if self.all_days else [("days", str(self.first_day)), ("days", str(self.last_day))]
        return days + [(name, member) for name, chosen in self.members.items() for member in chosen]


def choose(*obeyed: str, because: str = "", more: Options | None = None) -> Filters:
    """Show the filters in the side bar and return the choice; stop the page if there is no data at all.

    All pages show the same filters. If the reader chose one that a page does not obey, the page says so.

    Args:
        obeyed: Names of the filters that change the page; `days` is the period.
        because: Why the others don't.
        more: Filters of this page alone, which it obeys, with what there is to choose.

    Raises:
        LoaderError: The marts can't be read.
    """
    (limits,) = read(queries.DAYS)
    if limits["first_day"] is None:
        nothing("There are no sales yet.", "Load files with `loader copy FOLDER`, then `dbt build`.")
        st.stop()
    limit = (limits["first_day"], limits["last_day"])
    options = {name: [row["member"] for row in read(query)] for name, query in MEMBERS.items()} | dict(more or {})
    label_synthetic()
    compare = BEFORE
    with st.sidebar:
        st.subheader("Filters")
        length, days = _choose_days(*limit)
        if "compare" in obeyed:
            compare = st.selectbox(
                "Compare with", (BEFORE, LAST_YEAR), key="compare", bind="query-params", persist_state="session"
            )
        members = {name: tuple(_choose_members(name, found)) for name, found in options.items()}
    obeyed += tuple(more or ())
    ignored = [_words(name, chosen) for name, chosen in members.items() if chosen and name not in obeyed]
    if "days" not in obeyed and days != limit:
        ignored.insert(0, "period")
    if ignored:
        st.caption(f"Not changed by the filter {' and '.join(ignored)}: {because}")
    days = days if "days" in obeyed else limit
    chosen = {name: found for name, found in members.items() if name in obeyed}
    return Filters(*days, days == limit, chosen, compare, length)


def _choose_days(first: date, last: date) -> tuple[int | None, tuple[date, date]]:
    period = st.selectbox(
        "Period",
        PERIODS,
        index=None,
        placeholder="the days below",
        key="period",
        bind="query-params",
        persist_state="session",
    )
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
    if period:
        return PERIODS[period], (max(first, last - timedelta(PERIODS[period] - 1)), last)
    # While the reader has clicked only on the first day, the range is open.
    days: tuple[date, ...] = chosen if isinstance(chosen, tuple) else (chosen,)
    return None, (days[0] if days else first, days[1] if len(days) > 1 else last)


def _choose_members(name: str, members: Sequence[str]) -> list[str]:
    if wrong := [text for text in st.query_params.get_all(name) if text not in members]:
        _say_left_out(name, wrong, "Choose another one in the side bar.")
    return st.multiselect(
        TITLES[name],
        members,
        key=name,
        placeholder="all",
        bind="query-params",
        persist_state="session",
        select_all=False,
    )


def warn_of_days(name: str, first: date, last: date, number: int) -> None:
    """Say which days of the address are not in the data.

    Args:
        name: Name in the address.
        first: First day of the data.
        last: Last day of the data.
        number: How many days there should be, if any.
    """
    texts = st.query_params.get_all(name)
    wrong = [text for text in texts if not _is_day(text, first, last)]
    if wrong or len(texts) not in (0, number):
        _say_left_out(name, wrong, f"It can have {number} from {first} to {last}.")


def _is_day(text: str, first: date, last: date) -> bool:
    try:
        return first <= date.fromisoformat(text) <= last
    except ValueError:
        return False


def _words(name: str, chosen: Collection[str]) -> str:
    title = TITLES[name]
    return f"{title[0].lower() if title[1].islower() else title[0]}{title[1:]}: {plain(', '.join(chosen))}"


def _say_left_out(name: str, values: list[str], to_do: str) -> None:
    listed = ", ".join(plain(value[:40]) for value in values[:5]) or "no range"
    st.warning(f"The address asks for {name}: {listed}. That is not in the data and was left out. {to_do}")
