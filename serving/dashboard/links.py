"""Links from a page to another, with what the other shows in its address."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st


def link(path: str, label: str, icon: str, filters: Iterable[tuple[str, str]] = ()) -> None:
    """Show a link to a page.

    Args:
        path: Path of the page in the address.
        label: What the reader gets there.
        icon: Name of a Material symbol.
        filters: What the page shows: names and values of its address.
    """
    from serving.dashboard.pages import pages  # the pages themselves are imported there

    st.page_link(pages()[path], label=label, icon=f":material/{icon}:", query_params=list(filters))
