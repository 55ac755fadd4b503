"""The contract's data types: their equivalents in Python and OpenAPI, and how they can be filtered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

# Comparisons by the suffix of a parameter's name; `in` and `null` are separate, as they take other values.
COMPARISONS = {"": "=", "__ne": "<>", "__gt": ">", "__gte": ">=", "__lt": "<", "__lte": "<="}
EQUALITIES = ("", "__ne")


@dataclass(frozen=True)
class ValueType:
    """A data type.

    Attributes:
        sql: Name of the type in PostgreSQL, without length.
        parsed: Annotation by which pydantic checks the value of a parameter.
        answered: Annotation of the value in an answer, as in JSON.
        comparisons: Suffixes of the parameters that compare.
        example: A value as in JSON.
    """

    sql: str
    parsed: Any
    answered: Any
    comparisons: tuple[str, ...] = tuple(COMPARISONS)
    example: object = None


def _iso_only(value: object) -> object:
    """Refuse what pydantic would read as seconds since 1970."""
    if isinstance(value, str) and not re.match(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError("write it like 2024-03-31, or 2024-03-31T18:00:00Z if a time is needed")
    return value


def _in_utc(value: datetime) -> datetime:
    """Return the same moment without its offset: PostgreSQL accepts none of 16 hours or more."""
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("years run from 1 to 9999") from error


def _whole(bits: int) -> Any:
    return Annotated[int, Field(ge=-(2 ** (bits - 1)), le=2 ** (bits - 1) - 1)]


# PostgreSQL has no text with a NUL in it.
Text = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]
# More than the largest numeric(18, 2), and with every digit that a client may have calculated.
_number = Annotated[
    Decimal,
    Field(ge=-(10**19), le=10**19, decimal_places=400),
    WithJsonSchema({"type": "number", "minimum": -(10**19), "maximum": 10**19}),
]

_TYPES = {
    "text": ValueType("text", Text, str, EQUALITIES, "text"),
    "boolean": ValueType("boolean", bool, bool, ("",), True),
    "integer": ValueType("integer", _whole(32), int, example=12),
    "bigint": ValueType("bigint", _whole(64), int, example=12),
    "numeric": ValueType("numeric", _number, float, example=12.34),
    "date": ValueType("date", Annotated[date, BeforeValidator(_iso_only)], date, example="2024-03-31"),
    "timestamptz": ValueType(
        "timestamptz",
        Annotated[AwareDatetime, BeforeValidator(_iso_only), AfterValidator(_in_utc)],
        AwareDatetime,
        example="2024-03-31T18:00:00+00:00",
    ),
}
_ALIASES = {
    "varchar": "text",
    "character varying": "text",
    "int": "integer",
    "smallint": "integer",
    "dec": "numeric",
    "decimal": "numeric",
    "timestamp with time zone": "timestamptz",
}
# Other types are shown, but can't be filtered or sorted by.
_OTHER = ValueType("", str, Any, ())


def value_type(data_type: str) -> ValueType:
    """Return the type for a contract's name of it (`numeric(18, 2)`)."""
    name = re.sub(r"\s*\(.*\)", "", data_type).strip().lower()
    return _TYPES.get(_ALIASES.get(name, name), _OTHER)
