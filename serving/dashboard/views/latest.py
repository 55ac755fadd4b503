"""What was bought last, including what was loaded after the last build."""

from __future__ import annotations

import streamlit as st

from serving.dashboard import queries
from serving.dashboard.cards import table_or_cards
from serving.dashboard.data import read_shortly
from serving.dashboard.downloads import offer
from serving.dashboard.states import explained, label_synthetic, nothing, unfiltered

MOST_LINES = 50
# The view sorts all lines on each query, so not more often; readers at the same time share an answer.
REFRESH_SECONDS = 10


def show() -> None:
    """Show the page."""
    st.caption(f"The newest {MOST_LINES} lines; they refresh by themselves every {REFRESH_SECONDS} seconds.")
    label_synthetic()
    unfiltered("it shows the newest lines, whatever they are.")
    _lines()


@st.fragment(run_every=REFRESH_SECONDS)
def _lines() -> None:
    with explained():
        lines = read_shortly(queries.LATEST, most=MOST_LINES)
        if not lines:
            nothing("There are no transactions yet.", "They show as soon as a file is loaded: `loader copy FOLDER`.")
            return
        st.metric("Newest line", f"{lines[0]['transacted_at']:%Y-%m-%d %H:%M:%S %Z}", width="content")
        table_or_cards(
            lines,
            "latest",
            {
                "transacted_at": "Moment",
                "amount": "Amount",
                "currency": "Currency",
                "category": "Category",
                "customer_id": "Customer",
                "product_id": "Product",
                "transaction_id": "Line",
            },
        )
        offer(lines, "latest_transactions")
