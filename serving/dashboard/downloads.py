"""What a page shows, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import streamlit as st

from loaders.operations.export_formats import without_formula
from serving.dashboard.data import Rows


def as_csv(rows: Rows) -> bytes:
    """Return rows as CSV in UTF-8, with the columns of the first as header; NULL is an empty field.

    Text that a spreadsheet would run as a formula gets a `'` before it, as in `loader export`.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0] if rows else ())
    writer.writerows(map(_cell, row.values()) for row in rows)
    return out.getvalue().encode()


def offer(rows: Rows, name: str) -> None:
    """Show a button that downloads rows as `name`.csv."""
    _button(as_csv(rows), len(rows), name)


def offer_later(find: Callable[[], Rows], number: int, name: str) -> None:
    """Like `offer`, for more rows than the page shows: they are read when the button is clicked.

    Args:
        find: Returns the rows.
        number: How many there are.
        name: Name of the file without its ending.
    """
    _button(lambda: as_csv(find()), number, name)


def _button(content: bytes | Callable[[], bytes], number: int, name: str) -> None:
    st.download_button(
        "CSV",
        content,
        f"{name}.csv",
        "text/csv",
        key=f"download_{name}",
        help=f"Download {name}.csv, {number:,} rows: what this page shows",
        icon=":material/download:",
        on_click="ignore",
        type="tertiary",
    )


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return without_formula(value) if isinstance(value, str) else value
