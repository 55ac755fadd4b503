"""What a page says of what it shows, or if there is nothing to show, and what to do then."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import streamlit as st

from loaders.errors import LoaderError
from serving.dashboard import queries
from serving.dashboard.data import read

SHOP = ("raw.customers", "raw.products", "raw.transactions")
JOURNEYS = ("raw.users", "raw.shops", "raw.plans", "raw.invoices", "raw.payments", "raw.events")


def plain(text: str) -> str:
    """Return text from data so that Markdown shows it unchanged: no link, no image, no formula."""
    return re.sub(r"([^\w\s.,;%-])", r"\\\1", " ".join(text.split()))


def nothing(what: str, to_do: str) -> None:
    """Say that there is nothing, and what to do."""
    st.info(f"{what} {to_do}", icon=":material/info:")


def label_synthetic(tables: Iterable[str] = SHOP) -> None:
    """Say if what a page shows was made up by a program.

    Args:
        tables: The raw tables behind the page.
    """
    found = [row["table_name"].removeprefix("raw.") for row in read(queries.SYNTHETIC, tables=list(tables))]
    if found:
        st.warning(
            f"Synthetic data: a program generated {', '.join(found)}. Nobody did what this page shows.",
            icon=":material/science:",
        )


def unfiltered(why: str) -> None:
    """Say that the filters of the other pages don't change this one, and why."""
    st.caption(f"The filters of the other pages don't change this page: {why}")


@contextmanager
def explained() -> Iterator[None]:
    """Show an error that a reader can act on instead of what it prevents."""
    try:
        yield
    except LoaderError as error:
        st.error(f"{plain(error.message)}\n\n{error.hint}", icon=":material/error:")
