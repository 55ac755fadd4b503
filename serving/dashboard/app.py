"""The dashboard's frame: its pages, and what surrounds each of them. Run by `python -m serving.dashboard`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from serving.dashboard.states import explained
from serving.dashboard.views import cohorts, customers, journeys, latest, overview, quality, recommendations

PAGES = (
    st.Page(overview.show, title="Overview", icon=":material/monitoring:", default=True),
    st.Page(customers.show, title="Customers", icon=":material/groups:", url_path="customers"),
    st.Page(cohorts.show, title="Cohorts", icon=":material/grid_on:", url_path="cohorts"),
    st.Page(recommendations.show, title="Recommendations", icon=":material/redeem:", url_path="recommendations"),
    st.Page(journeys.show, title="Journeys", icon=":material/route:", url_path="journeys"),
    st.Page(latest.show, title="Latest transactions", icon=":material/bolt:", url_path="latest"),
    st.Page(quality.show, title="Data quality", icon=":material/verified:", url_path="quality"),
)

# A file, because Streamlit would load an icon by name from an external server.
st.set_page_config(page_icon=Path(__file__).with_name("icon.svg"), layout="wide")
page = st.navigation(list(PAGES))
st.title(page.title)
with explained():
    page.run()
