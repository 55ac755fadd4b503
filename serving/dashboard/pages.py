"""The pages of the dashboard, by their path in the address."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from serving.dashboard.views import (
    campaigns,
    cohorts,
    customer_list,
    customers,
    home,
    journeys,
    latest,
    quality,
    recommendations,
    sales,
)

Pages = dict[str, StreamlitPage]


def pages() -> Pages:
    """Return the pages in the order of the menu."""
    return {
        "": st.Page(home.show, title="Home", icon=":material/home:", default=True),
        "sales": st.Page(sales.show, title="Sales", icon=":material/monitoring:", url_path="sales"),
        "customers": st.Page(customers.show, title="Customers", icon=":material/groups:", url_path="customers"),
        "customer-list": st.Page(
            customer_list.show, title="Customer list", icon=":material/list:", url_path="customer-list"
        ),
        "cohorts": st.Page(cohorts.show, title="Cohorts", icon=":material/grid_on:", url_path="cohorts"),
        "recommendations": st.Page(
            recommendations.show, title="Recommendations", icon=":material/redeem:", url_path="recommendations"
        ),
        "campaigns": st.Page(
            campaigns.show, title="Audiences and campaigns", icon=":material/campaign:", url_path="campaigns"
        ),
        "journeys": st.Page(journeys.show, title="Journeys", icon=":material/route:", url_path="journeys"),
        "latest": st.Page(latest.show, title="Latest transactions", icon=":material/bolt:", url_path="latest"),
        "quality": st.Page(quality.show, title="Data quality", icon=":material/verified:", url_path="quality"),
    }
