"""The rules of the contract as SQL expressions of DuckDB: what a value is, and why a row is rejected.

The rules are stricter than PostgreSQL's own input, so that every row that passes here is taken there, and the verdict
is the same whether a database is at hand or not.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime

from loaders.contract import FROM_ROW, Column, Table
from loaders.csv_source import CsvFile
from loaders.errors import FileRefusedError

# PostgreSQL's numeric: up to 131072 digits before the decimal point and 16383 behind it.
_MAX_INTEGER_DIGITS, _MAX_FRACTION_DIGITS = 131_072, 16_383
_NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
_TIMESTAMP = (
    r"\d{4}-\d{2}-\d{2}"
    r"([ T]\d{2}:\d{2}(:\d{2}(\.\d{1,6}0*)?)?\s*(Z|z|UTC|[+-](0\d|1[0-5])(:?[0-5]\d)?)?)?"
)
_MIDNIGHT = r"\d{4}-\d{2}-\d{2}([ T]00:00(:00(\.0*)?)?)?"
_BOOLEANS = ("t", "true", "yes", "y", "on", "1", "f", "false", "no", "n", "off", "0")
# JSON that DuckDB takes and PostgreSQL may not is looked at by Python, which is as strict.
_DOUBTFUL_JSON = r"NaN|nan|Inf|inf|\\u0000|\\u[dD][89a-fA-F]|,\s*[\]}]|\d[eE]|\d{300}"


@dataclass(frozen=True)
class Format:
    """How values are written in a file, where it is not the usual way.

    Attributes:
        decimal: Character before the fraction of numbers.
        date_format: Format of dates and timestamps in the codes of strptime; ISO 8601 without it.
    """

    decimal: str = "."
    date_format: str | None = None

    def __post_init__(self) -> None:
        """Refuse a date format that formats nothing."""
        if self.date_format is not None:
            try:
                changes = datetime(2001, 2, 3, 4, 5, 6).strftime(self.date_format) != self.date_format
            except ValueError:
                changes = False
            if not changes:
                raise FileRefusedError(f"--date-format {self.date_format!r} is no format.", "Example: %d.%m.%Y %H:%M")


@dataclass(frozen=True)
class Rule:
    """A reason to reject a row: an SQL condition, the column at fault, a stable code, and the detail as SQL text."""

    condition: str
    column: str | None
    reason: str
    detail: str


class TableRules:
    """Values and rules of one table for one file. Fields are the columns `c0`, `c1`, … of DuckDB's table `records`."""

    def __init__(self, file: CsvFile, table: Table, form: Format) -> None:
        """Find for each column of the contract the field of the file that holds it."""
        self.file = file
        self.table = table
        self.form = form
        self.fields = {column.name: f"c{i}" for i, column in enumerate(file.columns) if column}

    def given(self, column: Column) -> str | None:
        """Return the value as the file gives it, in a form that PostgreSQL reads; None where the file has no field."""
        field = self.fields.get(column.name)
        if field is None:
            return None
        if column.data_type == "text":
            return field
        trimmed = f"nullif(trim({field}, ' \t\n\r'), '')"
        if column.data_type == "numeric" and self.form.decimal != ".":
            # A point in a file with decimal commas groups thousands or is a mistake: it must not become a decimal.
            return f"replace(replace({trimmed}, '.', '!'), {literal(self.form.decimal)}, '.')"
        if column.data_type in ("date", "timestamptz") and self.form.date_format is not None:
            pattern = "%Y-%m-%d" if column.data_type == "date" else "%Y-%m-%d %H:%M:%S.%f"
            pattern += "%z" if "%z" in self.form.date_format and column.data_type == "timestamptz" else ""
            parsed = f"try_strptime({trimmed}, {literal(self.form.date_format)})"
            return f"coalesce(strftime({parsed}, '{pattern}'), '!' || {trimmed})"
        if column.data_type == "date":
            return f"case when regexp_full_match({trimmed}, '{_MIDNIGHT}') then {trimmed}[:10] else {trimmed} end"
        return trimmed

    def value(self, column: Column) -> str | None:
        """Return the value to be stored; None where file and contract have none."""
        given = self.given(column)
        if column.derived_from not in (None, FROM_ROW):
            source = self.fields.get(str(column.derived_from))
            derived = source and derived_id(str(column.derived_from), source)
            given = _first(given and f"nullif({given}, '')", derived)
        if column.default is not None:
            given = _first(given, literal(column.default))
        return given

    def row_hash(self) -> str:
        """Return the hash of what the row says in the contract's columns; columns without a value don't count."""
        parts = [
            f"{literal(column.name + '=')} || {given}"
            for column in self.table.columns
            if column.derived_from != FROM_ROW and (given := self.given(column))
        ]
        return f"md5(concat_ws(chr(31), {', '.join(sorted(parts))}))"

    def extra(self) -> str | None:
        """Return the fields that the contract does not know as one JSON object; None where there are none."""
        pairs = [
            f"{literal(name)}, c{i}"
            for i, (name, column) in enumerate(zip(self.file.header, self.file.columns, strict=True))
            if column is None
        ]
        return f"json_object({', '.join(pairs)})" if pairs else None

    def rules(self) -> list[Rule]:
        """Return the reasons to reject a row, the first that holds counts."""
        found: list[Rule] = []
        if self.file.has_nul:
            found += [
                Rule(f"contains(c{i}, chr(0))", column.name if column else name, "nul_byte", "'a NUL byte in the text'")
                for i, (name, column) in enumerate(zip(self.file.header, self.file.columns, strict=True))
            ]
        for column in self.table.columns:
            found += self._column_rules(column)
        if self.table.require_one_of:
            fields = [self.fields[name] for name in self.table.require_one_of if name in self.fields]
            found.append(
                Rule(
                    " and ".join(f"nullif({field}, '') is null" for field in fields),
                    self.table.require_one_of[0],
                    "missing_value",
                    literal(f"one of {', '.join(self.table.require_one_of)} is needed"),
                )
            )
        return found

    def _column_rules(self, column: Column) -> list[Rule]:
        value = self.value(column)
        found: list[Rule] = []
        if value is None:
            return found
        if column.not_null and column.derived_from != FROM_ROW:
            missing = f"nullif({value}, '') is null" if column.data_type == "text" else f"{value} is null"
            found.append(Rule(missing, column.name, "missing_value", "'a value is needed'"))
        shown = f"'\"' || {self.fields.get(column.name, value)}[:100] || '\"'"
        for condition, reason, sentence in _type_rules(column.data_type, value):
            found.append(Rule(condition, column.name, reason, f"{shown} || {literal(' ' + sentence)}"))
        if column.accepted_values is not None:
            accepted = ", ".join(literal(entry) for entry in column.accepted_values)
            listed = literal(f" is not one of: {', '.join(column.accepted_values)}")
            found.append(Rule(f"{value} not in ({accepted})", column.name, "not_accepted", f"{shown} || {listed}"))
        return found


def literal(text: str) -> str:
    """Return text as a string literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def derived_id(source: str, expression: str) -> str:
    """Return the SQL of an identifier derived from a column: its name and a hash of the trimmed, lower-cased value.

    The macro `customer_id_from_email` of dbt derives the same one.
    """
    return f"{literal(source + '_')} || md5(nullif(lower(trim({expression})), ''))"


def strict_json(text: str) -> bool:
    """Tell whether PostgreSQL takes a JSON text as jsonb: RFC 8259, no NUL, no half surrogate pairs, sane numbers."""
    try:
        decoded = json.loads(text, parse_constant=_refuse_constant, parse_float=str, parse_int=str)
        json.dumps(decoded, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return False
    numbers = re.findall(r"[eE][+-]?(\d+)", text)
    return "\\u0000" not in re.sub(r"\\\\", "", text) and all(len(digits) < 5 for digits in numbers)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _type_rules(data_type: str, value: str) -> list[tuple[str, str, str]]:
    """Return condition, reason and rest of the sentence for each way a value can fail its type."""
    if data_type == "numeric":
        return [
            (f"not regexp_full_match({value}, '{_NUMBER}')", "invalid_numeric", "is not a number"),
            (_numeric_overflow(value), "out_of_range", "is out of range"),
        ]
    if data_type == "bigint":
        return [
            (rf"not regexp_full_match({value}, '[+-]?\d+')", "invalid_bigint", "is not a whole number"),
            (f"{value} is not null and try_cast({value} as bigint) is null", "out_of_range", "is out of range"),
        ]
    if data_type == "date":
        return [
            (rf"not regexp_full_match({value}, '\d{{4}}-\d{{2}}-\d{{2}}')", "invalid_date", "is not a date"),
            (_no_day(value, "date"), "out_of_range", "is a date that does not exist"),
        ]
    if data_type == "timestamptz":
        return [
            (f"not regexp_full_match({value}, '{_TIMESTAMP}')", "invalid_timestamp", "is not a timestamp"),
            (_no_day(f"{value}[:19]", "timestamp"), "out_of_range", "is a moment that does not exist"),
        ]
    if data_type == "boolean":
        accepted = ", ".join(literal(word) for word in _BOOLEANS)
        return [(f"lower({value}) not in ({accepted})", "invalid_boolean", "is neither true nor false")]
    if data_type == "jsonb":
        doubtful = f"regexp_matches({value}, '{_DOUBTFUL_JSON}')"
        condition = f"not json_valid({value}) or case when {doubtful} then not strict_json({value}) end"
        return [(condition, "invalid_json", "is not valid JSON")]
    return []


def _no_day(value: str, data_type: str) -> str:
    return f"{value} is not null and (try_cast({value} as {data_type}) is null or {value}[:4] = '0000')"


def _numeric_overflow(value: str) -> str:
    """Return the condition that a number has more digits than PostgreSQL keeps; short plain ones have not."""
    exponent = f"coalesce(try_cast(regexp_extract({value}, '[eE]([+-]?\\d+)', 1) as bigint), 0)"
    too_long_exponent = f"length(regexp_extract({value}, '[eE][+-]?(\\d+)', 1)) > 8"
    integer = f"length(regexp_extract({value}, '^[+-]?0*(\\d*)', 1))"
    fraction = f"length(regexp_extract({value}, '\\.(\\d*)', 1))"
    return (
        f"case when length({value}) > 100 or contains(lower({value}), 'e') then {too_long_exponent}"
        f" or {integer} + {exponent} > {_MAX_INTEGER_DIGITS} or {fraction} - {exponent} > {_MAX_FRACTION_DIGITS} end"
    )


def _first(*expressions: str | None) -> str | None:
    present = [expression for expression in expressions if expression]
    return f"coalesce({', '.join(present)})" if len(present) > 1 else (present[0] if present else None)
