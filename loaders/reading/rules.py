"""The rules of the contract, compiled for one file into DuckDB SQL: what a value is, and why a row is rejected.

They are stricter than PostgreSQL's own input, so it accepts every row that passes here, and the verdict is the same
with and without a database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loaders.contract.quoting import literal
from loaders.contract.tables import FROM_ROW, Column, Table
from loaders.contract.types import POSTGRES_DIGITS, Digits, type_rules
from loaders.reading.formats import Format
from loaders.reading.header import CsvFile

# An index entry may have up to 2704 bytes in PostgreSQL.
_LONGEST_KEY = 2_600


@dataclass(frozen=True)
class Rule:
    """A reason to reject a row.

    Attributes:
        condition: SQL over fields and named values; None if it doesn't depend on the row alone.
        column: Column at fault, if any.
        reason: Stable code.
        detail: What is wrong, as an SQL text expression.
    """

    condition: str | None
    column: str | None
    reason: str
    detail: str


@dataclass(frozen=True)
class TableRules:
    """Values and rules of one table for one file. Fields are the columns `c0`, `c1`, … of DuckDB's table `records`.

    Attributes:
        rules: The reasons to reject a row; the first that applies counts, and the last is for repeated keys.
        named: Expressions by the short names used in conditions, because DuckDB would evaluate repeated expressions
            again.
        values: What to store, by column, without the key if the file has none.
        headers: The file's names of its columns.
        row_text: The row's content in the contract's columns, if the key is derived from it; columns without a value
            don't count.
        amount: The money of a row, rejected or not, as text: NULL if there is no such column or it is not a number.
        extra: The unknown fields as one JSON object; None if there are none.
    """

    rules: tuple[Rule, ...]
    named: Mapping[str, str]
    values: Mapping[str, str]
    headers: Mapping[str, str]
    row_text: str | None
    amount: str
    extra: str | None


def compile_rules(file: CsvFile, table: Table, form: Format, digits: Digits = POSTGRES_DIGITS) -> TableRules:
    """Compile the rules of a table for a file.

    Args:
        file: The file, whose header maps fields to columns.
        table: The table.
        form: How values are written in the file.
        digits: How many digits of a number the destination keeps.
    """
    known = [(i, column) for i, column in enumerate(file.columns) if column]
    if file.is_wide:
        known = [(i, column) for i, (_, column) in enumerate(known)]
    fields = {column.name: f"c{i}" for i, column in known}
    given = {column.name: form.read(fields[column.name], column.data_type) for _, column in known}
    values = {column.name: value for column in table.columns if (value := _value(column, given, fields)) is not None}
    named = {f"v{i}": value for i, value in enumerate(values.values())}
    rules = [*_nul_bytes(file, fields)]
    for column, name in zip((column for column in table.columns if column.name in values), named, strict=True):
        rules += _column_rules(column, name, fields.get(column.name, named[name]), digits)
    rules += _needed(table, fields)
    rules.append(Rule(None, table.key.name, "duplicate_key", "'a later row of the file has the same key'"))
    return TableRules(
        rules=tuple(rules),
        named=named,
        values=values,
        headers={column.name: name for name, column in zip(file.header, file.columns, strict=True) if column},
        row_text=_row_text(table, given) if table.key.derived_from == FROM_ROW else None,
        amount=_amount(values.get("amount")),
        extra=_extra(file, len(fields)),
    )


def derived_id(source: str, expression: str) -> str:
    """Return the SQL of an identifier derived from a column: its name and a hash of the trimmed, lower-cased value.

    dbt's macro `customer_id_from_email` derives the same one.
    """
    return f"{literal(source + '_')} || md5(nullif(lower(trim({expression})), ''))"


# --- values ----------------------------------------------------------------------------------------------------------


def _value(column: Column, given: Mapping[str, str], fields: Mapping[str, str]) -> str | None:
    """Return the value to store; None if file and contract have none."""
    value = given.get(column.name)
    if column.derived_from not in (None, FROM_ROW):
        source = fields.get(str(column.derived_from))
        derived = source and derived_id(str(column.derived_from), source)
        value = _first(value and f"nullif({value}, '')", derived)
    if column.default is not None:
        value = _first(value, literal(column.default))
    return value


def _first(*expressions: str | None) -> str | None:
    present = [expression for expression in expressions if expression]
    return f"coalesce({', '.join(present)})" if len(present) > 1 else (present[0] if present else None)


def _row_text(table: Table, given: Mapping[str, str]) -> str:
    parts = [
        f"{literal(column.name + '=')} || {given[column.name]}"
        for column in table.columns
        if column.derived_from != FROM_ROW and column.name in given
    ]
    return f"concat_ws(chr(31), {', '.join(sorted(parts))})"


def _extra(file: CsvFile, known: int) -> str | None:
    if file.is_wide:
        return f"c{known}"
    pairs = [
        f"{literal(name)}, c{i}"
        for i, (name, column) in enumerate(zip(file.header, file.columns, strict=True))
        if column is None
    ]
    return f"json_object({', '.join(pairs)})" if pairs else None


def _amount(value: str | None) -> str:
    if value is None:
        return "cast(null as varchar)"
    faults = " ".join(f"when {condition} then null" for condition, *_ in type_rules("numeric", value))
    return f"case {faults} else {value} end"


# --- rules -----------------------------------------------------------------------------------------------------------


def _nul_bytes(file: CsvFile, fields: Mapping[str, str]) -> Iterator[Rule]:
    if not file.has_nul:
        return
    names = [column.name if column else name for name, column in zip(file.header, file.columns, strict=True)]
    for i, name in enumerate([*fields, None] if file.is_wide else names):
        yield Rule(f"contains(c{i}, chr(0))", name, "nul_byte", "'a NUL byte in the text'")


def _column_rules(column: Column, value: str, shown: str, digits: Digits) -> Iterator[Rule]:
    """Yield the rules of one column.

    Args:
        column: The column.
        value: SQL of its value.
        shown: SQL of the value in the file.
        digits: How many digits of a number are kept.
    """
    if column.not_null and column.derived_from != FROM_ROW:
        missing = f"nullif({value}, '') is null" if column.data_type == "text" else f"{value} is null"
        yield Rule(missing, column.name, "missing_value", "'a value is needed'")
    if column.unique and column.data_type == "text":
        sentence = literal(f"a key is at most {_LONGEST_KEY} bytes long")
        yield Rule(f"strlen({value}) > {_LONGEST_KEY}", column.name, "out_of_range", sentence)
    quote = f"'\"' || {shown}[:100] || '\"'"
    for condition, reason, sentence in type_rules(column.data_type, value, digits):
        yield Rule(condition, column.name, reason, f"{quote} || {literal(' ' + sentence)}")
    if column.accepted_values is not None:
        accepted = ", ".join(map(literal, column.accepted_values))
        listed = literal(f" is not one of: {', '.join(column.accepted_values)}")
        yield Rule(f"{value} not in ({accepted})", column.name, "not_accepted", f"{quote} || {listed}")


def _needed(table: Table, fields: Mapping[str, str]) -> Iterator[Rule]:
    """Yield the rule that a row needs a value in one of some columns."""
    if table.require_one_of:
        condition = " and ".join(
            f"nullif({fields[name]}, '') is null" for name in table.require_one_of if name in fields
        )
        sentence = literal(f"one of {', '.join(table.require_one_of)} is needed")
        yield Rule(condition, table.require_one_of[0], "missing_value", sentence)
