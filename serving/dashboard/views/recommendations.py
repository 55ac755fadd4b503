"""What to offer a customer, why, and who the customer is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import streamlit as st

from serving.dashboard import charts, queries
from serving.dashboard.cards import table_or_cards
from serving.dashboard.data import Row, Rows, read
from serving.dashboard.downloads import offer
from serving.dashboard.filters import choose
from serving.dashboard.states import nothing, plain
from serving.dashboard.tables import NONE, count, in_currency, money, share, tiles

MOST_CUSTOMERS = 100
LISTS = {"repeat": "To buy again", "new": "New to this customer"}


def show() -> None:
    """Show the page."""
    filters = choose("group", "rfm_segment", because="a customer's page is as of the last day, with all purchases.")
    listed = [row["customer_id"] for row in read(queries.TOP_CUSTOMERS, most=MOST_CUSTOMERS, **filters.customers)]
    # Without a default: Streamlit removes it from the address, and the browser's Back would not get past this page.
    chosen = st.selectbox(
        "Customer",
        listed,
        index=None,
        placeholder=listed[0] if listed else "a customer's identifier",
        key="customer",
        help=f"The {len(listed)} who spent most are listed; type any other customer's identifier.",
        accept_new_options=True,
        bind="query-params",
        persist_state="session",
    )
    customer_id = chosen or next(iter(listed), None)
    if customer_id is None:
        nothing("No customer is chosen.", "Type a customer's identifier above, as in `customer_profiles`.")
        return
    profiles = read(queries.PROFILE, customer_id=customer_id.replace("\0", ""))
    if not profiles:
        nothing(
            f"There is no customer {plain(customer_id[:60])}.",
            "Choose one from the list above, or type an identifier as in `customer_profiles`.",
        )
        return
    (summary,) = read(queries.SUMMARY)
    _profile(profiles[0], summary["currency"])
    _orders(read(queries.ORDERS, customer_id=customer_id), summary["currency"])
    _lists(read(queries.RECOMMENDATIONS, customer_id=customer_id))


def _profile(profile: Row, currency: str) -> None:
    st.subheader("Profile")
    tiles(
        {
            "Spend": money(profile["total_spend"], currency),
            "Purchases": count(profile["purchase_count"]),
            "Average purchase": money(profile["average_transaction_value"], currency),
            "Last purchase": _text(profile["last_purchase_date"]),
            "Churn risk": _text(profile["churn_risk"]),
            "RFM segment": _text(profile["rfm_segment"]),
            "Expected purchases, 90 days": _rounded(profile["expected_purchases_90d"]),
            "Expected revenue, 365 days": money(profile["expected_revenue_365d"], currency),
        },
        {"Churn risk": f"Of customers like this one, {share(profile['tier_return_rate'])} came back."},
    )
    if profile["value_model"]:
        st.caption(_expectation(profile))
    with st.expander("Everything known of the customer"):
        rows = [{"attribute": name.replace("_", " "), "value": _text(value)} for name, value in profile.items()]
        table_or_cards(rows, "profile", {"attribute": "Attribute", "value": "Value"})
        offer([profile], "profile")


def _expectation(profile: Row) -> str:
    """Say what the expectation rests on. A model's probability is not a return rate, so that one is shown as well."""
    if profile["value_model"] == "naive":
        return "Expected at the same rate as before, as no model is fitted (`loader fit`)."
    alive, came_back = share(profile["probability_alive"]), share(profile["tier_return_rate"])
    return (
        f"Expected by a model that gives a probability of {alive} that the customer has not left; of customers of the"
        f" same churn risk, {came_back} came back when it was measured."
    )


def _orders(orders: Rows, currency: str) -> None:
    st.subheader("Orders")
    if not orders:
        nothing("This customer has not ordered yet.", "Their first order will show here.")
        return
    charts.show(charts.orders(orders, currency), "Orders in time, by net revenue")
    titles = {
        "order_date": "Day",
        "order_id": "Order",
        "kind": "Kind",
        "transaction_count": "Lines",
        "net_revenue": in_currency("Net revenue", currency),
    }
    table_or_cards(orders, "orders", titles)
    offer(orders, "orders")


def _lists(recommended: Rows) -> None:
    for name, title in LISTS.items():
        st.subheader(title)
        rows = [row for row in recommended if row["list"] == name]
        if not rows:
            nothing("There is nothing to recommend here.", "The list fills as the customer, or others, buy more.")
            continue
        titles = {"product_name": "Product", "rank": "Rank", "reason": "Reason", "category": "Category"}
        table_or_cards(rows, f"recommendations_{name}", {**titles, "product_id": "Identifier", "score": "Score"})
        st.caption(f"Made for {rows[0]['as_of_date']}.")
        offer(rows, f"recommendations_{name}")


def _rounded(number: Decimal | None) -> str:
    return NONE if number is None else f"{number:,.1f}"


def _text(value: Any) -> str:
    return NONE if value is None else str(value)
