"""Links from a page to another, with what the other shows in its address.

They are plain links, as those of Streamlit keep the filters of the page before, whatever they say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlencode

import streamlit as st

LIST = "customer-list"
# Marks of which each has its link; more are in a list to choose from.
MOST_LINKS = 5


@dataclass(frozen=True)
class Link:
    """A link to a page.

    Attributes:
        label: What the reader gets there.
        filters: All that the page shows: names and values of its address.
        page: Path of the page.
    """

    label: str
    filters: Sequence[tuple[str, str]] = ()
    page: str = LIST

    @property
    def address(self) -> str:
        """Address of the page, relative to any other."""
        return f"./{self.page}" + (f"?{urlencode(self.filters)}" if self.filters else "")

    @property
    def html(self) -> str:
        """The link in HTML."""
        return f'<a href="{escape(self.address)}" target="_self">{escape(self.label)} →</a>'


@dataclass(frozen=True)
class Mark(Link):
    """A mark of a chart or a row of a table, and the customers behind it.

    Attributes:
        key: What a click says of the mark.
    """

    key: Mapping[str, Any] | None = None


def links(*shown: Link) -> None:
    """Show links side by side, as many as there is room for."""
    st.html(f'<div class="links">{"".join(link.html for link in shown)}</div>')


def customers_behind(marks: Sequence[Mark], clicked: Mapping[str, Any] | None, key: str, what: str) -> None:
    """Open the customers behind the mark that was clicked, and offer all marks to those who don't use a mouse.

    Args:
        marks: All marks.
        clicked: What the click says of its mark, if there was one.
        key: Unique name of the choice.
        what: What a mark is, as in "a cell".
    """
    if clicked:
        found = next((mark for mark in marks if mark.key and mark.key.items() <= clicked.items()), None)
        if found:
            _open(found)
    if len(marks) <= MOST_LINKS:
        links(*marks)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            f"Customers behind {what}",
            range(len(marks)),
            index=None,
            format_func=lambda place: marks[place].label,
            key=f"behind_{key}",
            placeholder="click on it above, or choose it here",
            width=320,
        )
        if number is not None and number < len(marks):
            links(marks[number])


def _open(link: Link) -> None:
    # In JSON, and with all but letters and digits encoded, the address can't end the script.
    st.html(f"<script>window.location.assign({json.dumps(link.address)})</script>", unsafe_allow_javascript=True)
