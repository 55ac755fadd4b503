"""The dashboard's frame: its pages, and what surrounds each of them. Run by `python -m serving.dashboard`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from serving.dashboard.cards import STYLE
from serving.dashboard.pages import pages
from serving.dashboard.states import explained

# A file, because Streamlit would load an icon by name from an external server.
st.set_page_config(page_icon=Path(__file__).with_name("icon.svg"), layout="wide")
st.html(STYLE)
page = st.navigation(list(pages().values()))
st.title(page.title)
with explained():
    page.run()
