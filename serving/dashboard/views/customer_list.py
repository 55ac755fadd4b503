"""The customers behind a segment, a tier, a cohort or a category: a list to sort, search, open and download."""

from __future__ import annotations

from typing import Any

import streamlit as st

from serving.dashboard import list_queries, queries
from serving.dashboard.cards import table_or_cards
from serving.dashboard.data import Row, Rows, read, read_now
from serving.dashboard.downloads import offer_later
from serving.dashboard.filters import MEMBERS, choose
from serving.dashboard.links import Link, links
from serving.dashboard.states import nothing
from serving.dashboard.tables import count, in_currency, money

MOST_SHOWN = 500
MOST_DOWNLOADED = 100_000
# Of the query, but not of a customer.
TOTALS = ("all_customers", "all_spend")


def show() -> None:
    """Show the page."""
    found = read(list_queries.MEMBERS)
    more = {name: sorted({row["member"] for row in found if row["name"] == name}) for name in list_queries.FILTERS}
    filters = choose("days", *MEMBERS, more=more)
    search = st.text_input(
        "Search", key="search", placeholder="identifier, name or e-mail address", bind="query-params"
    )
    parameters: dict[str, Any] = {
        **filters.parameters,
        **{name: list(filters.members[name]) or None for name in more},
        "of_lines": not filters.all_days or bool(filters.members["category"]),
        "search": search.replace("\0", "").strip().lower(),
    }
    customers = read(list_queries.CUSTOMERS, most=MOST_SHOWN, **parameters)
    if not customers:
        nothing("No customer is in this selection.", "Remove a filter in the side bar, or search for something else.")
        return
    (summary,) = read(queries.SUMMARY)
    currency, total = summary["currency"], customers[0]["all_customers"]
    words = " · ".join(filters.parts) or "all customers"
    bought = " of these categories" * bool(filters.members["category"]) + " in this period" * (not filters.all_days)
    st.caption(
        f"{words[:1].upper()}{words[1:]}: {count(total)} customer{'s' * (total != 1)} who spent"
        f" {money(customers[0]['all_spend'], currency)} so far." + (f" They bought{bought}." if bought else "")
    )
    if filters.members["audience"]:
        st.caption(
            "Those of the audience who are held out or have refused are not listed. `loader export audience NAME"
            " --changes` writes a file and records who was written to; the file below is not recorded."
        )
    _list(customers, total, currency)
    offer_later(
        lambda: _without_totals(read_now(list_queries.CUSTOMERS, most=MOST_DOWNLOADED, **parameters)),
        min(total, MOST_DOWNLOADED),
        "customers",
    )


def _without_totals(customers: Rows) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in TOTALS} for row in customers]


def _list(customers: Rows, total: int, currency: str) -> None:
    if len(customers) < total:
        st.caption(f"The {count(len(customers))} who spent most are shown; the file has all.")
    titles = {
        "customer_id": "Customer",
        "customer_name": "Name",
        "rfm_segment": "RFM segment",
        "churn_risk": "Churn risk",
        "last_purchase_date": "Last purchase",
        "days_since_last_purchase": "Days since",
        "purchase_count": "Purchases",
        "total_spend": in_currency("Spend", currency),
        "expected_revenue_365d": in_currency("Expected in a year", currency),
        "favourite_category": "Favourite category",
    }
    clicked = table_or_cards(customers, "customers", titles, selectable=True)
    names = [row["customer_id"] for row in customers]
    chosen = st.selectbox(
        "Profile of",
        names,
        index=names.index(clicked["customer_id"]) if clicked else None,
        placeholder="choose a row above, or a customer here",
        width=320,
    )
    if chosen is not None:
        links(Link(f"Profile of {chosen}", (("customer", chosen),), "recommendations"))
