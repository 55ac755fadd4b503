"""Tables, and numbers as text."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import streamlit as st

from serving.dashboard.data import Row, Rows

UNKNOWN = "(unknown)"
NONE = "–"  # noqa: RUF001
SHARES = ("share", "share_failed", "share_of_revenue", "return_rate", "retention_rate")
TIMES = ("transacted_at", "started_at", "signed_up_at", "current_stage_since")


def count(number: int | None) -> str:
    """Return a count with separators."""
    return NONE if number is None else f"{number:,}"


def money(amount: Decimal | None, currency: str) -> str:
    """Return an amount to the cent, with its currency if it is known."""
    return NONE if amount is None else f"{currency} {amount:,.2f}".removeprefix(f"{UNKNOWN} ")


def in_currency(title: str, currency: str) -> str:
    """Return the title of amounts, with their currency if it is known."""
    return title if currency == UNKNOWN else f"{title}, {currency}"


def share(part: Decimal | float | None) -> str:
    """Return a share from 0 to 1 in percent."""
    return NONE if part is None else f"{part:.1%}"


def tiles(
    values: Mapping[str, str],
    helps: Mapping[str, str] | None = None,
    changes: Mapping[str, Decimal | None] | None = None,
) -> None:
    """Show numbers side by side, as many as there is room for.

    Args:
        values: The numbers by their label.
        helps: What some of them mean.
        changes: By how much some of them changed, as a share.
    """
    with st.container(horizontal=True):
        for label, value in values.items():
            change = (changes or {}).get(label)
            st.metric(
                label,
                value,
                None if change is None else f"{change:+.1%}",
                delta_color="off",
                border=True,
                width="content",
                help=(helps or {}).get(label),
            )


def table(rows: Rows, key: str, titles: Mapping[str, str], *, selectable: bool = False) -> Row | None:
    """Show columns of rows under titles, and return the row that the reader chose, if any.

    Args:
        rows: The rows.
        key: Unique name of the table.
        titles: The columns to show, in this order, each with its title.
        selectable: Whether a row can be chosen.
    """
    # A column of an attribute that the files don't have would be empty.
    names = [name for name in titles if any(row[name] is not None for row in rows)]
    columns = {name: _column(name, titles[name], rows) for name in names}
    shown = [{name: row[name] for name in names} for row in rows]
    if not selectable:
        st.dataframe(shown, hide_index=True, key=key, column_config=columns, placeholder=NONE)
        return None
    state = st.dataframe(
        shown,
        hide_index=True,
        key=key,
        column_config=columns,
        placeholder=NONE,
        on_select="rerun",
        selection_mode="single-row",
    )
    chosen = state.selection.rows
    return rows[chosen[0]] if chosen and chosen[0] < len(rows) else None


def _column(name: str, title: str, rows: Rows) -> Any:
    value = next((row[name] for row in rows if row[name] is not None), None)
    if name in SHARES:
        return st.column_config.NumberColumn(title, format="percent")
    if name in TIMES:
        return st.column_config.DatetimeColumn(title, format="YYYY-MM-DD HH:mm:ss")
    if isinstance(value, Decimal):
        return st.column_config.NumberColumn(title, format="%,.2f")
    if isinstance(value, int) and not name.endswith("_id"):
        return st.column_config.NumberColumn(title, format="localized")
    return st.column_config.Column(title)
