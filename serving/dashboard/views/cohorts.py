"""How many customers of a month come back, month by month."""

from __future__ import annotations

import altair as alt
import streamlit as st

from serving.dashboard import charts, queries
from serving.dashboard.data import Row, read
from serving.dashboard.downloads import offer
from serving.dashboard.filters import choose
from serving.dashboard.states import nothing

# Marks a cohort that holds older customers, too.
CENSORED = "†"


def show() -> None:
    """Show the page."""
    filters = choose(days=True)
    cells = read(queries.COHORTS, **filters.days)
    if not cells:
        nothing("Nobody bought for the first time in these months.", "Choose more days in the side bar.")
        return
    (summary,) = read(queries.SUMMARY)
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
            alt.Tooltip("net_revenue:Q", title=f"Net revenue, {summary['currency']}", format=charts.MONEY),
        ],
    )
    charts.show(chart, "Retention by cohort and months since the first purchase")
    offer(cells, "cohorts")


def _name(cell: Row) -> str:
    mark = CENSORED if cell["is_left_censored"] else ""
    return f"{cell['cohort_month']:%Y-%m}{mark} ({cell['cohort_size']:,})"
