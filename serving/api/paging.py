"""Keyset cursors: where a page ended, as an opaque text that a client sends back.

A cursor is not signed: it only says where to continue, which a filter could say too. Its content is checked like any
parameter, so a forged one is refused, or answered with rows that its sender may read anyway.
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
    """Return a value that differs between queries that can't share a cursor."""
    content = repr((mart.name, orders, sorted((name, repr(value)) for name, value in filters)))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def encode(query: str, row: str, orders: Sequence[Order]) -> str:
    """Return the cursor after a row, given as the JSON text that PostgreSQL made of it.

    Args:
        query: Fingerprint of the query.
        row: The row.
        orders: What the query sorts by.
    """
    values = read_row(row)
    content = json.dumps([query, [values[order.column] for order in orders]], separators=(",", ":"))
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode(text: str, query: str, mart: Mart, orders: Sequence[Order]) -> Position:
    """Return the values after which a page begins.

    Raises:
        ProblemError: The cursor is not from this query.
    """
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        found, values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if found != query or len(values) != len(orders):
            raise ValueError
        return [_parse(mart, order, value) for order, value in zip(orders, values, strict=True)]
    except (ValueError, TypeError, RecursionError, ValidationError) as error:
        raise ProblemError(
            400, "The cursor is not from this query. Omit it to start again, and change nothing else while paging."
        ) from error


def read_row(row: str) -> dict[str, Any]:
    """Return a row with every number as its original text, so that it keeps every digit."""
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
