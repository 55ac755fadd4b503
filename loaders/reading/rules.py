"""The rules of the contract, compiled for one file into DuckDB SQL: what a value is, and why a row is rejected.

They are stricter than PostgreSQL's own input, so it accepts every row that passes here, and the verdict is the same
with and without a database.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from loaders.contract.quoting import literal
from loaders.contract.tables import Column, Table, header_key
from loaders.contract.types import POSTGRES_DIGITS, Digits, type_rules
from loaders.reading.header import CsvFile
from loaders.reading.values.formats import Formats

DUPLICATE_KEY, REPEATED_HEADER = "duplicate_key", "repeated_header"
# One moment out of a thousand years would stretch every calendar of the marts.
_FIRST_DAY, _AHEAD = "1900-01-01", timedelta(days=366)
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

    Expressions have names, `r_amount` for what the file says and `v_amount` for what to store, because DuckDB would
    plan and evaluate repeated expressions again. All other SQL here is about the query `rows`.

    Attributes:
        rules: The reasons to reject a row; the first that applies counts, and the last is for repeated keys.
        readings: Expressions over fields, by name, for values that are not as in the file.
        made: Expressions over readings and fields, by name, for values that are not all in the file.
        values: What to store, by column, without the key if the file has none.
        headers: The file's names of its columns.
        row_text: The row's content in the contract's columns, if the key is derived from it; columns without a value
            don't count.
        row_hash: A hash that is the same for equal contents.
        money: The money of a row, rejected or not, as text: NULL if there is no such column or it is not a number.
        extra: The unknown fields as one JSON object; None if there are none.
    """

    rules: tuple[Rule, ...]
    readings: Mapping[str, str]
    made: Mapping[str, str]
    values: Mapping[str, str]
    headers: Mapping[str, str]
    row_text: str | None
    row_hash: str
    money: str
    extra: str | None

    def rows(self, restriction: str = "") -> str:
        """Return the query for all records with their number `record`, fields, readings and values.

        Args:
            restriction: A join or condition that leaves some out.
        """
        readings, made = (
            "".join(f", {expression} as {name}" for name, expression in named.items())
            for named in (self.readings, self.made)
        )
        rows = f"select records.rowid as record, records.*{readings} from records {restriction}"
        return f"select *{made} from ({rows})" if made else rows


def compile_rules(file: CsvFile, table: Table, formats: Formats, digits: Digits = POSTGRES_DIGITS) -> TableRules:
    """Compile the rules of a table for a file.

    Args:
        file: The file, whose header maps fields to columns.
        table: The table.
        formats: How values are written in the file.
        digits: How many digits of a number the destination keeps.
    """
    by_column = fields_of(file)
    fields = {column.name: field for column, field in by_column.items()}
    given, readings = _named("r", {column.name: formats.read(column, field) for column, field in by_column.items()})
    made = {column.name: value for column in table.columns if (value := _value(column, given, fields)) is not None}
    values, made = _named("v", made)
    rules = [*_nul_bytes(file, fields), *_repeated_header(file)]
    for column in table.columns:
        if column.name in values:
            shown = fields.get(column.name, values[column.name])
            rules += _column_rules(column, values[column.name], shown, None if column.name in formats.short else digits)
    rules += _needed(table, fields)
    rules.append(Rule(None, table.key.name, DUPLICATE_KEY, "'a later row of the file has the same key'"))
    return TableRules(
        rules=tuple(rules),
        readings=readings,
        made=made,
        values=values,
        headers={column.name: name for name, column in zip(file.header, file.columns, strict=True) if column},
        row_text=_row_text(table, given) if table.key.derived_from_row else None,
        row_hash=_row_hash(file, table, given),
        money=_money([values[name] for name in table.money if name in values]),
        extra=_extra(file, len(fields)),
    )


def fields_of(file: CsvFile) -> dict[Column, str]:
    """Return the SQL of the fields in the file, by column.

    A date whose time of day is in another field has it behind it.
    """
    known = [(i, column) for i, column in enumerate(file.columns) if column]
    if file.is_wide:
        return {column: f"c{i}" for i, (_, column) in enumerate(known)}
    places = {header_key(name): i for i, name in reversed(list(enumerate(file.header)))}
    fields: dict[Column, str] = {}
    for i, column in known:
        rest = [places[name] for name in column.followed_by if name in places]
        whole = f"concat_ws(' ', {', '.join(f'c{j}' for j in (i, *rest))})"
        # A date that has its time of day already, and an empty one, stay as they are.
        fields[column] = (
            f"case when contains(c{i}, ':') or trim(c{i}) = '' then c{i} else {whole} end" if rest else f"c{i}"
        )
    return fields


def derived_id(source: str, expression: str) -> str:
    """Return the SQL of an identifier derived from a column: its name and a hash of the trimmed, lower-cased value.

    dbt's macro `customer_id_from_email` derives the same one.
    """
    return f"{literal(source + '_')} || md5(nullif(lower(trim({expression})), ''))"


# --- values ----------------------------------------------------------------------------------------------------------


def _named(kind: str, expressions: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Give expressions names; those that are one already stay as they are.

    Returns:
        The names by column, and the expressions by name.
    """
    names = {column: each if each.isidentifier() else f"{kind}_{column}" for column, each in expressions.items()}
    return names, {names[column]: each for column, each in expressions.items() if names[column] != each}


def _value(column: Column, given: Mapping[str, str], fields: Mapping[str, str]) -> str | None:
    """Return the value to store; None if file and contract have none."""
    value = given.get(column.name)
    if column.derived_from is not None and not column.derived_from_row:
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
    """Return the content that a row's key is a hash of: its typed values, so that 12.5 and 12.50 are one."""
    parts = []
    for column in _content(table, given):
        typed = _typed(column, given[column.name])
        if column.data_type == "numeric":
            typed = f"coalesce(cast({typed} as varchar), {given[column.name]})"
        parts.append(f"{literal(column.name + '=')} || {typed}")
    return f"concat_ws(chr(31), {', '.join(sorted(parts))})"


def _row_hash(file: CsvFile, table: Table, given: Mapping[str, str]) -> str:
    """Return a hash that rows with the same text have; making the text takes far longer than hashing its values."""
    if file.has_separator:  # different values can have the same text
        return f"hash({_row_text(table, given)})"
    return f"hash({', '.join(_typed(column, given[column.name]) for column in _content(table, given)) or 'null'})"


def _content(table: Table, given: Mapping[str, str]) -> Iterator[Column]:
    """Yield the columns of the file that a row's key is derived from."""
    sources = table.key.derived_from if isinstance(table.key.derived_from, tuple) else None
    for column in table.columns:
        if column is not table.key and column.name in given and (sources is None or column.name in sources):
            yield column


def _typed(column: Column, value: str) -> str:
    if column.data_type == "numeric":
        return f"try_cast({value} as decimal(38, 10))"
    if column.data_type == "timestamptz":
        # A day is its midnight, and seconds that are not written are 0.
        moment = f"replace({value}, 'T', ' ')"
        return (
            f"case strlen({value}) when 10 then {value} || ' 00:00:00' when 16 then {moment} || ':00' else {moment} end"
        )
    return f"nullif(trim({value}), '')" if column.data_type == "text" else value


def _extra(file: CsvFile, known: int) -> str | None:
    if file.is_wide:
        return f"c{known}"
    pairs = [
        f"{literal(name)}, c{i}"
        for i, (name, column) in enumerate(zip(file.header, file.columns, strict=True))
        if column is None
    ]
    return f"json_object({', '.join(pairs)})" if pairs else None


def _money(factors: list[str]) -> str:
    if not factors:
        return "cast(null as varchar)"
    faults = " ".join(
        f"when {condition} then null" for each in factors for condition, *_ in type_rules("numeric", each)
    )
    product = " * ".join(f"try_cast({each} as decimal(18, 6))" for each in factors)
    return f"case {faults} else {factors[0] if len(factors) == 1 else f'cast({product} as varchar)'} end"


# --- rules -----------------------------------------------------------------------------------------------------------


def _nul_bytes(file: CsvFile, fields: Mapping[str, str]) -> Iterator[Rule]:
    if not file.has_nul:
        return
    names = [column.name if column else name for name, column in zip(file.header, file.columns, strict=True)]
    for i, name in enumerate([*fields, None] if file.is_wide else names):
        yield Rule(f"contains(c{i}, chr(0))", name, "nul_byte", "'a NUL byte in the text'")


def _repeated_header(file: CsvFile) -> Iterator[Rule]:
    """Yield the rule that a row is not the header once more, as in files that were joined by `cat`."""
    if file.is_wide or sum(column is not None for column in file.columns) < 2:
        return
    same = " and ".join(
        f"c{i} = {literal(name)}"
        for i, (name, column) in enumerate(zip(file.header, file.columns, strict=True))
        if column
    )
    yield Rule(same, None, REPEATED_HEADER, "'the header stands here again'")


def _column_rules(column: Column, value: str, shown: str, digits: Digits | None) -> Iterator[Rule]:
    """Yield the rules of one column.

    Args:
        column: The column.
        value: SQL of its value.
        shown: SQL of the value in the file.
        digits: How many digits of a number are kept; None if no value has more.
    """
    if column.not_null and not column.derived_from_row:
        missing = f"nullif({value}, '') is null" if column.data_type == "text" else f"{value} is null"
        yield Rule(missing, column.name, "missing_value", "'a value is needed'")
    if column.unique and column.data_type == "text":
        sentence = literal(f"a key is at most {_LONGEST_KEY} bytes long")
        yield Rule(f"strlen({value}) > {_LONGEST_KEY}", column.name, "out_of_range", sentence)
    quote = f"'\"' || {shown}[:100] || '\"'"
    for condition, reason, sentence in type_rules(column.data_type, value, digits):
        yield Rule(condition, column.name, reason, f"{quote} || {literal(' ' + sentence)}")
    if column.not_null and column.data_type in ("date", "timestamptz"):
        beyond = f"left({value}, 10) not between '{_FIRST_DAY}' and '{date.today() + _AHEAD}'"
        yield Rule(beyond, column.name, "out_of_range", f"{quote} || ' is before 1900, or more than a year ahead'")
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
