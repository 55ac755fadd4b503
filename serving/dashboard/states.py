"""What a page says if there is nothing to show, and what to do then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from loaders.errors import LoaderError


def plain(text: str) -> str:
    """Return text from data so that Markdown shows it unchanged: no link, no image, no formula."""
    return re.sub(r"([^\w\s.,;%-])", r"\\\1", " ".join(text.split()))


def nothing(what: str, to_do: str) -> None:
    """Say that there is nothing, and what to do."""
    st.info(f"{what} {to_do}", icon=":material/info:")


@contextmanager
def explained() -> Iterator[None]:
    """Show an error that a reader can act on instead of what it prevents."""
    try:
        yield
    except LoaderError as error:
        st.error(f"{plain(error.message)}\n\n{error.hint}", icon=":material/error:")
