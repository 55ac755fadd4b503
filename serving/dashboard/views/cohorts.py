"""How many customers of a month come back, month by month."""

from __future__ import annotations

from calendar import monthrange
from datetime import date

import altair as alt
import streamlit as st

from serving.dashboard import charts, queries
from serving.dashboard.data import Row, Rows, read
from serving.dashboard.downloads import offer
from serving.dashboard.filters import Filters, choose
from serving.dashboard.links import Mark, customers_behind
from serving.dashboard.states import nothing
from serving.dashboard.tables import count, in_currency

# Marks a cohort that holds older customers, too.
CENSORED = "†"


def show() -> None:
    """Show the page."""
    filters = choose(
        "days", "group", because="cohorts are counted by the month of the first purchase and by group only."
    )
    cells = _cells(filters)
    if not cells:
        nothing("Nobody bought for the first time in these months.", "Choose more days in the side bar.")
        return
    (summary,) = read(queries.SUMMARY)
    st.caption(f"{filters.words}. The period chooses the months of the first purchase.")
    st.caption(
        "A cohort is the customers whose first purchase was in one month. A cell is the percentage of them who bought"
        f" that many months later; it is empty until the month has fully elapsed ({summary['as_of_date']})."
    )
    if any(cell["is_left_censored"] for cell in cells):
        st.caption(
            f"{CENSORED} The first month of the data also holds everyone who was a customer before, so it looks more"
            " loyal than it is."
        )
    rows = [
        {
            **cell,
            "cohort": _name(cell),
            "percentage": f"{cell['retention_rate']:.0%}".rstrip("%"),
        }
        for cell in cells
        if cell["is_complete"]
    ]
    chart = charts.heat_map(
        rows,
        alt.X("month_number:O", title="Months since the first purchase", axis=alt.Axis(labelAngle=0)),
        alt.Y("cohort:O", title="Cohort (customers)"),
        "retention_rate",
        "percentage",
        [
            alt.Tooltip("cohort:O", title="Cohort"),
            alt.Tooltip("month_number:O", title="Months since"),
            alt.Tooltip("retention_rate:Q", title="Retention", format=charts.SHARE),
            alt.Tooltip("retained_customers:Q", title="Customers who bought", format=charts.COUNT),
            alt.Tooltip("net_revenue:Q", title=in_currency("Net revenue", summary["currency"]), format=charts.MONEY),
        ],
    )
    clicked = charts.clicked(chart, "Retention by cohort and months since the first purchase", "cohort_cell")
    (limits,) = read(queries.DAYS)
    marks = [_mark(cell, filters, limits["first_day"]) for cell in rows if cell["retained_customers"]]
    customers_behind(marks, clicked, "cohort_cells", "a cell")
    offer(cells, "cohorts")


def _cells(filters: Filters) -> Rows:
    groups = filters.members["group"]
    if groups:
        return read(queries.COHORTS_OF_GROUPS, groups=list(groups), **filters.days)
    return read(queries.COHORTS, **filters.days)


def _mark(cell: Row, filters: Filters, first_day: date) -> Mark:
    """Return the customers of a cohort who bought in the cell's month, as the list's filters say it."""
    cohort, later = cell["cohort_month"], cell["month_number"]
    year, month = divmod(cohort.year * 12 + cohort.month - 1 + later, 12)
    first = date(year, month + 1, 1)
    last = first.replace(day=monthrange(first.year, first.month)[1])
    groups = [("group", group) for group in filters.members["group"]]
    days = [("days", str(max(first, first_day))), ("days", str(last))]
    label = f"{count(cell['retained_customers'])} of {cohort:%Y-%m}, {later} month{'s' * (later != 1)} later"
    filters_of_list = (*groups, *days, ("cohort", f"{cohort:%Y-%m}"))
    return Mark(label, filters_of_list, key={"cohort": cell["cohort"], "month_number": later})


def _name(cell: Row) -> str:
    mark = CENSORED if cell["is_left_censored"] else ""
    return f"{cell['cohort_month']:%Y-%m}{mark} ({cell['cohort_size']:,})"
