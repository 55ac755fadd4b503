"""Tables that become cards where the window is narrow, and other parts for one width only.

The server does not know how wide the window is, so both are sent, and the browser shows one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from html import escape
from typing import Any

import streamlit as st

from serving.dashboard.data import Row, Rows
from serving.dashboard.tables import NONE, SHARES, TIMES, count, share, table

MOST_CARDS = 12
# Pixels up to which a window is narrow: those of a phone.
NARROW = 640
STYLE = f"""
<style>
@media (max-width: {NARROW}px) {{ [class*="st-key-wide_"] {{ display: none !important; }} }}
@media (min-width: {NARROW + 1}px) {{ [class*="st-key-narrow_"] {{ display: none !important; }} }}
[data-testid="stCaptionContainer"] {{ opacity: 1; color: inherit; }}
[data-tag] {{ background: transparent !important; border: 1px solid #8a8a8a; color: inherit !important; }}
.links {{ display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; }}
.links a {{ color: inherit; font-weight: 600; text-decoration: underline; }}
.cards {{ display: grid; gap: 0.5rem; list-style: none; margin: 0; padding: 0 !important; }}
.cards li {{ border: 1px solid #8a8a8a; border-radius: 0.5rem; margin: 0 !important; padding: 0.5rem 0.75rem; }}
.cards strong {{ overflow-wrap: anywhere; }}
.cards dl {{ display: grid; gap: 0 0.75rem; grid-template-columns: auto 1fr; margin: 0; }}
.cards dl, .cards dt, .cards dd {{ margin: 0 !important; padding: 0 !important; }}
.cards dt {{ font-weight: 400; }}
.cards dd {{ font-weight: 600; overflow-wrap: anywhere; text-align: right; }}
</style>
"""


@contextmanager
def wide(key: str) -> Iterator[None]:
    """What is inside shows where the window is wide."""
    with st.container(key=f"wide_{key}"):
        yield


@contextmanager
def narrow(key: str) -> Iterator[None]:
    """What is inside shows where the window is narrow."""
    with st.container(key=f"narrow_{key}"):
        yield


def table_or_cards(rows: Rows, key: str, titles: Mapping[str, str], *, selectable: bool = False) -> Row | None:
    """Like `table`, but where the window is narrow each row is a card; the first column is its title."""
    with wide(key):
        chosen = table(rows, key, titles, selectable=selectable)
    with narrow(key):
        st.html(as_cards(rows[:MOST_CARDS], titles))
        if len(rows) > MOST_CARDS:
            st.caption(f"The first {MOST_CARDS} of {count(len(rows))} are shown here.")
    return chosen


def as_cards(rows: Rows, titles: Mapping[str, str]) -> str:
    """Return rows as a list in HTML; the first column is the title of a card, and what is NULL is left out."""
    first, *others = titles
    return cards(
        (_text(first, row[first]), [(titles[name], _text(name, row[name])) for name in others if row[name] is not None])
        for row in rows
    )


def cards(shown: Iterable[tuple[str, Iterable[tuple[str, str]]]]) -> str:
    """Return cards as a list in HTML.

    Args:
        shown: Of each card the title, and what it says as pairs of a term and a text.
    """
    items = (
        f"<li><strong>{escape(title)}</strong><dl>"
        + "".join(f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in pairs)
        + "</dl></li>"
        for title, pairs in shown
    )
    return f'<ul class="cards">{"".join(items)}</ul>'


def _text(name: str, value: Any) -> str:
    if value is None:
        return NONE
    if name in SHARES:
        return share(value)
    if name in TIMES:
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    if isinstance(value, int) and not name.endswith("_id"):
        return count(value)
    return str(value)
