"""Valid values of each type of the contract, as DuckDB SQL conditions.

They are stricter than PostgreSQL's own input, so it accepts every value that passes here.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass

TYPES = ("text", "bigint", "numeric", "boolean", "date", "timestamptz", "jsonb", "bytea")

NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
TIMESTAMP = (
    r"\d{4,6}-\d{2}-\d{2}"
    r"([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6}0*)?)?\s*(Z|z|UTC|[+-](0\d|1[0-5])(:?[0-5]\d)?)?)?"
)
MIDNIGHT = r"\d{4}-\d{2}-\d{2}([ T]00:00(:00(\.0*)?)?)?"
_BOOLEANS = ("t", "true", "yes", "y", "on", "1", "f", "false", "no", "n", "off", "0")
# JSON that DuckDB accepts and PostgreSQL may not is checked by Python, which is as strict.
_DOUBTFUL_LENGTH = 1_000
_MAX_JSON_DEPTH, _MAX_JSON_DIGITS = 500, 6_000
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"')
_DOUBTFUL_JSON = r"NaN|nan|Inf|inf|\\u0000|\\u[dD][89a-fA-F]|,\s*[\]}]|\d[eE]|\d{300}"


@dataclass(frozen=True)
class Digits:
    """How many digits of a number are kept before and after the decimal point.

    `zeros_count` says whether trailing zeros count.
    """

    integer: int
    fraction: int
    zeros_count: bool = True


# Twelve before the point leave room for sums in `numeric(18, 2)`: what the marts cannot hold never gets in.
POSTGRES_DIGITS = Digits(12, 16_383)


def strict_json(text: str) -> bool:
    """Return whether PostgreSQL accepts a text as jsonb: RFC 8259, no NUL, no half surrogate pairs, sane numbers."""
    try:
        decoded = json.loads(text, parse_constant=_refuse_constant, parse_float=str, parse_int=str)
        json.dumps(decoded, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return False
    outside = _JSON_STRING.sub("", text)
    exponents = re.findall(r"[eE][+-]?(\d+)", outside)
    return (
        "\\u0000" not in text.replace(r"\\", "")
        and all(len(digits) < 5 for digits in exponents)
        and all(len(digits) <= _MAX_JSON_DIGITS for digits in re.findall(r"\d+", outside))
        and _depth(outside) <= _MAX_JSON_DEPTH
    )


def _depth(text: str) -> int:
    depths = itertools.accumulate(1 if c in "[{" else -1 for c in text if c in "[]{}")
    return max(depths, default=0)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def type_rules(data_type: str, value: str, digits: Digits | None = POSTGRES_DIGITS) -> list[tuple[str, str, str]]:
    """Return condition, reason and rest of the sentence for each way a value can fail its type.

    Args:
        data_type: The type.
        value: SQL of the value.
        digits: How many digits of a number are kept; None if no value has more.
    """
    if data_type == "numeric":
        overflow = digits and (_numeric_overflow(value, digits), "out_of_range", "is out of range")
        invalid = (f"not regexp_full_match({value}, '{NUMBER}')", "invalid_numeric", "is not a number")
        return [invalid, *([overflow] if overflow else [])]
    if data_type == "bigint":
        return [
            (rf"not regexp_full_match({value}, '[+-]?\d+')", "invalid_bigint", "is not a whole number"),
            (f"{value} is not null and try_cast({value} as bigint) is null", "out_of_range", "is out of range"),
        ]
    if data_type == "date":
        return [
            (rf"not regexp_full_match({value}, '\d{{4,6}}-\d{{2}}-\d{{2}}')", "invalid_date", "is not a date"),
            (_no_day(value, "date"), "out_of_range", "is a date that does not exist"),
        ]
    if data_type == "timestamptz":
        return [
            (f"not regexp_full_match({value}, '{TIMESTAMP}')", "invalid_timestamp", "is not a timestamp"),
            (_no_day(f"left({value}, 19)", "timestamp"), "out_of_range", "is a moment that does not exist"),
        ]
    if data_type == "boolean":
        accepted = ", ".join(f"'{word}'" for word in _BOOLEANS)
        return [(f"lower({value}) not in ({accepted})", "invalid_boolean", "is neither true nor false")]
    if data_type == "jsonb":
        doubtful = f"regexp_matches({value}, '{_DOUBTFUL_JSON}') or length({value}) > {_DOUBTFUL_LENGTH}"
        condition = f"not json_valid({value}) or case when {doubtful} then not strict_json({value}) end"
        return [(condition, "invalid_json", "is not valid JSON")]
    return []


def _no_day(value: str, data_type: str) -> str:
    is_day = f"try_cast({value} as {data_type}) is not null and {value} like '____-%' and {value} not like '0000%'"
    return f"{value} is not null and not ({is_day})"


def may_be_long(number: str, digits: Digits = POSTGRES_DIGITS) -> str:
    """Return the condition that a number is long or has an exponent; no other has more digits than are kept."""
    return f"strlen({number}) > {min(100, digits.integer, digits.fraction)} or contains(lower({number}), 'e')"


def _numeric_overflow(value: str, digits: Digits) -> str:
    """Return the condition that a number has more digits than are kept; short plain numbers are skipped."""
    exponent = f"coalesce(try_cast(regexp_extract({value}, '[eE]([+-]?\\d+)', 1) as bigint), 0)"
    too_long_exponent = f"length(regexp_extract({value}, '[eE][+-]?(\\d+)', 1)) > 8"
    integer = f"length(regexp_extract({value}, '^[+-]?0*(\\d*)', 1))"
    decimals = f"regexp_extract({value}, '\\.(\\d*)', 1)"
    fraction = f"length({decimals})" if digits.zeros_count else f"length(rtrim({decimals}, '0'))"
    return (
        f"case when {may_be_long(value, digits)} then {too_long_exponent}"
        f" or {integer} + {exponent} > {digits.integer} or {fraction} - {exponent} > {digits.fraction} end"
    )
