"""The customers behind a segment, a tier or a cohort: a list to sort, search, open and download."""

from __future__ import annotations

from typing import Any

import streamlit as st

from serving.dashboard import list_queries as queries
from serving.dashboard.data import Rows, read, read_now
from serving.dashboard.downloads import offer_later
from serving.dashboard.links import link
from serving.dashboard.states import nothing, plain
from serving.dashboard.tables import count, money, table

MOST_SHOWN = 500
MOST_DOWNLOADED = 100_000
FILTERS = {
    "rfm_segment": "RFM segment",
    "churn_risk": "Churn risk",
    "segment_name": "Behaviour cluster",
    "customer_segment": "Customer group",
    "favourite_category": "Favourite category",
    "cohort": "Month of first purchase",
}


def show() -> None:
    """Show the page."""
    chosen = _choose()
    words = " · ".join(f"{FILTERS[name]}: {plain(', '.join(members))}" for name, members in chosen.items() if members)
    search = st.text_input(
        "Search", key="search", placeholder="identifier, name or e-mail address", bind="query-params"
    )
    parameters: dict[str, Any] = {name: members or None for name, members in chosen.items()}
    parameters["search"] = search.replace("\0", "").strip().lower()
    (total,) = read(queries.TOTAL, **parameters)
    if not total["customers"]:
        nothing("No customer is in this selection.", "Remove a filter in the side bar, or search for something else.")
        return
    currency = total["currency"]
    st.caption(
        f"{words or 'All customers'}: {count(total['customers'])} customers who spent"
        f" {money(total['total_spend'], currency)} so far."
    )
    _list(read(queries.CUSTOMERS, most=MOST_SHOWN, **parameters), total["customers"], currency)
    offer_later(
        lambda: read_now(queries.CUSTOMERS, most=MOST_DOWNLOADED, **parameters),
        min(total["customers"], MOST_DOWNLOADED),
        "customers",
    )


def _choose() -> dict[str, list[str]]:
    members = read(queries.MEMBERS)
    if not members:
        nothing("There are no customers yet.", "Load files with `loader copy FOLDER`, then `dbt build`.")
        st.stop()
    chosen = {}
    with st.sidebar:
        st.subheader("Filters")
        for name, title in FILTERS.items():
            options = sorted({str(row["member"]) for row in members if row["name"] == name})
            chosen[name] = st.multiselect(
                title, options, key=name, placeholder="all", bind="query-params", select_all=False
            )
    return chosen


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
        "total_spend": f"Spend, {currency}",
        "expected_revenue_365d": f"Expected in a year, {currency}",
        "favourite_category": "Favourite category",
    }
    chosen = table(customers, "customers", titles, selectable=True)
    if chosen is not None:
        name = chosen["customer_id"]
        link("recommendations", f"Profile of {plain(name)}", "person", [("customer", name)])
    else:
        st.caption("Choose a row to open the customer's profile.")
