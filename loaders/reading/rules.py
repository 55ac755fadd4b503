"""The rules of the contract as SQL expressions of DuckDB: what a value is, and why a row is rejected.

The rules are stricter than PostgreSQL's own input, so that every row that passes here is taken there, and the verdict
is the same whether a database is at hand or not.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from loaders.contract.quoting import literal
from loaders.contract.tables import FROM_ROW, Column, Table
from loaders.contract.types import MIDNIGHT, POSTGRES_DIGITS, Digits, type_rules
from loaders.errors import FileRefusedError
from loaders.reading.header import CsvFile

# An entry of an index holds up to 2704 bytes in PostgreSQL.
_LONGEST_KEY = 2_600


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
        """Refuse a date format that can't tell one day from another."""
        if self.date_format is not None:
            query = "select try_strptime(strftime(timestamp '2001-02-03', $1), $1)"
            try:
                with duckdb.connect() as database:
                    row = database.execute(query, [self.date_format]).fetchone()
                understood = row is not None and row[0] is not None and f"{row[0]:%Y-%m-%d}" == "2001-02-03"
            except duckdb.Error:
                understood = False
            if not understood:
                raise FileRefusedError(
                    f"--date-format {self.date_format!r} is no format of a date.", "Example: %d.%m.%Y %H:%M"
                )


@dataclass(frozen=True)
class Rule:
    """A reason to reject a row: an SQL condition, the column at fault, a stable code, and the detail as SQL text."""

    condition: str
    column: str | None
    reason: str
    detail: str


class TableRules:
    """Values and rules of one table for one file. Fields are the columns `c0`, `c1`, … of DuckDB's table `records`."""

    def __init__(self, file: CsvFile, table: Table, form: Format, digits: Digits = POSTGRES_DIGITS) -> None:
        """Find for each column of the contract the field of the file that holds it."""
        self.file = file
        self.table = table
        self.form = form
        self.digits = digits
        known = [(i, column) for i, column in enumerate(file.columns) if column]
        if file.is_wide:
            known = [(i, column) for i, (_, column) in enumerate(known)]
        self.fields = {column.name: f"c{i}" for i, column in known}

        self.named: dict[str, str] = {}

    def given(self, column: Column) -> str | None:
        """Return the value as the file gives it, in a form that PostgreSQL reads; None where the file has no field."""
        field = self.fields.get(column.name)
        if field is None:
            return None
        if column.data_type == "text":
            return field
        trimmed = _trimmed(field)
        if column.data_type == "numeric" and self.form.decimal != ".":
            # A point in a file with decimal commas groups thousands or is a mistake: it must not become a decimal.
            return f"replace(replace({trimmed}, '.', '!'), {literal(self.form.decimal)}, '.')"
        if column.data_type in ("date", "timestamptz") and self.form.date_format is not None:
            parsed = f"try_strptime({trimmed}, {literal(self.form.date_format)})"
            if column.data_type == "date":
                # A time of day is no part of a date: it must not get lost.
                return f"if(cast({parsed} as time) = '00:00', strftime({parsed}, '%Y-%m-%d'), '!' || {trimmed})"
            pattern = "%Y-%m-%d %H:%M:%S.%f" + ("%z" if "%z" in self.form.date_format else "")
            return f"coalesce(strftime({parsed}, '{pattern}'), '!' || {trimmed})"
        if column.data_type == "date":
            return f"case when regexp_full_match({trimmed}, '{MIDNIGHT}') then {trimmed}[:10] else {trimmed} end"
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

    def row_text(self) -> str:
        """Return what the row says in the contract's columns; columns without a value don't count."""
        parts = [
            f"{literal(column.name + '=')} || {given}"
            for column in self.table.columns
            if column.derived_from != FROM_ROW and (given := self.given(column))
        ]
        return f"concat_ws(chr(31), {', '.join(sorted(parts))})"

    def extra(self) -> str | None:
        """Return the fields that the contract does not know as one JSON object; None where there are none."""
        if self.file.is_wide:
            return f"c{len(self.fields)}"
        pairs = [
            f"{literal(name)}, c{i}"
            for i, (name, column) in enumerate(zip(self.file.header, self.file.columns, strict=True))
            if column is None
        ]
        return f"json_object({', '.join(pairs)})" if pairs else None

    def amount(self) -> str:
        """Return the money of a row, rejected or not, as text: NULL where no column says it or it is no number."""
        column = next((column for column in self.table.columns if column.name == "amount"), None)
        value = self.value(column) if column else None
        if value is None:
            return "cast(null as varchar)"
        faults = " ".join(f"when {condition} then null" for condition, *_ in type_rules("numeric", value))
        return f"case {faults} else {value} end"

    def rules(self) -> list[Rule]:
        """Return the reasons to reject a row, the first that holds counts.

        Their conditions speak of fields and of the expressions that `named` then holds under short names: DuckDB would
        work out again what stands in several conditions.
        """
        found: list[Rule] = []
        if self.file.has_nul:
            names = (
                [*self.fields, None]
                if self.file.is_wide
                else [
                    column.name if column else name
                    for name, column in zip(self.file.header, self.file.columns, strict=True)
                ]
            )
            found += [
                Rule(f"contains(c{i}, chr(0))", name, "nul_byte", "'a NUL byte in the text'")
                for i, name in enumerate(names)
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
        expression = self.value(column)
        found: list[Rule] = []
        if expression is None:
            return found
        value = f"v{len(self.named)}"
        self.named[value] = expression
        if column.not_null and column.derived_from != FROM_ROW:
            missing = f"nullif({value}, '') is null" if column.data_type == "text" else f"{value} is null"
            found.append(Rule(missing, column.name, "missing_value", "'a value is needed'"))
        if column.unique and column.data_type == "text":
            sentence = literal(f"a key is at most {_LONGEST_KEY} bytes long")
            found.append(Rule(f"strlen({value}) > {_LONGEST_KEY}", column.name, "out_of_range", sentence))
        shown = f"'\"' || {self.fields.get(column.name, expression)}[:100] || '\"'"
        for condition, reason, sentence in type_rules(column.data_type, value, self.digits):
            found.append(Rule(condition, column.name, reason, f"{shown} || {literal(' ' + sentence)}"))
        if column.accepted_values is not None:
            accepted = ", ".join(literal(entry) for entry in column.accepted_values)
            listed = literal(f" is not one of: {', '.join(column.accepted_values)}")
            found.append(Rule(f"{value} not in ({accepted})", column.name, "not_accepted", f"{shown} || {listed}"))
        return found


def derived_id(source: str, expression: str) -> str:
    """Return the SQL of an identifier derived from a column: its name and a hash of the trimmed, lower-cased value.

    The macro `customer_id_from_email` of dbt derives the same one.
    """
    return f"{literal(source + '_')} || md5(nullif(lower(trim({expression})), ''))"


def _trimmed(field: str) -> str:
    """Return the field without blanks around it, NULL if nothing is left; trimming is slow, so only where it is due."""
    ends = " or ".join(f"ends_with({field}, {literal(blank)})" for blank in " \t\n\r")
    return f"case when {field} < '!' or {ends} then nullif(trim({field}, ' \t\n\r'), '') else {field} end"


def _first(*expressions: str | None) -> str | None:
    present = [expression for expression in expressions if expression]
    return f"coalesce({', '.join(present)})" if len(present) > 1 else (present[0] if present else None)
