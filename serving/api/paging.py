"""Keyset cursors: where a page ended, as a text that a client hands back unread.

A cursor is not signed: it says nothing but where to go on, which a filter could say too. What it holds is checked as
any parameter is, so a forged one is refused or answered with rows that its sender may read anyway.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from serving.api.marts import Mart, Order
from serving.api.problems import ProblemError

Position = Sequence[Any]


def fingerprint(mart: Mart, orders: Sequence[Order], filters: Sequence[tuple[str, Any]]) -> str:
    """Return what tells apart queries between which a cursor can't be carried over."""
    content = repr((mart.name, orders, sorted((name, repr(value)) for name, value in filters)))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def encode(query: str, row: str, orders: Sequence[Order]) -> str:
    """Return the cursor behind a row, given as the JSON text that PostgreSQL made of it.

    Args:
        query: Fingerprint of the query.
        row: The row.
        orders: By what the query sorts.
    """
    values = read_row(row)
    content = json.dumps([query, [values[order.column] for order in orders]], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode(text: str, query: str, mart: Mart, orders: Sequence[Order]) -> Position:
    """Return the values behind which a page begins.

    Raises:
        ProblemError: The cursor is not one of this query.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        found, values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if found != query or len(values) != len(orders):
            raise ValueError
        return [_parse(mart, order, value) for order, value in zip(orders, values, strict=True)]
    except (ValueError, TypeError, RecursionError, ValidationError) as error:
        raise ProblemError(
            400, "The cursor is not one of this query. Leave it away to begin anew, and change nothing else beside it."
        ) from error


def read_row(row: str) -> dict[str, Any]:
    """Return a row with every number as the text that it is written with, so that it keeps every digit."""
    found: dict[str, Any] = json.loads(row, parse_float=str, parse_int=str)
    return found


def _parse(mart: Mart, order: Order, value: object) -> Any:
    column = mart.column(order.column)
    if value is None and column.nullable:
        return None
    if not isinstance(value, str | bool):
        raise TypeError
    adapter: TypeAdapter[Any] = TypeAdapter(column.type.parsed)
    return adapter.validate_python(value)
