"""Write a mart as CSV, JSON or Parquet: PostgreSQL makes the text of each row, and only one block is in memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from itertools import chain, repeat
from pathlib import Path

import duckdb
from psycopg import sql

from loaders.destinations.postgres.connection import Connection
from loaders.errors import LoaderError
from loaders.operations.marts import BuiltColumn, BuiltMart

FORMATS = ("csv", "json", "parquet")
BLOCK = 1 << 20
ROWS_PER_STEP = 10_000
MEMORY_LIMIT = "512MB"
# Marts with exactly one row: their JSON is that row's object.
SINGLE_ROW = ("metrics_summary",)

# A cell with such a start is a formula to Excel, LibreOffice or Google Sheets (OWASP, "CSV Injection"); the last four
# are wide forms that Excel treats like the first.
FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
# Categories of types (pg_type.typcategory) whose values are never formulas: numbers, dates and times, intervals.
NEVER_FORMULAS = "NDT"
# JSON has no control characters, so nothing is ever quoted and each line is plain JSON.
UNQUOTED = "format csv, delimiter e'\\x01', quote e'\\x02'"
# On the way to Parquet everything but NULL is quoted, and NULL is an unquoted word, because DuckDB would skip a blank
# line.
NULL_MARK = "NULL"
# DuckDB's default line size, and a buffer smaller than its default, which would take twice the memory.
LONGEST_LINE, BUFFER = 2_000_000, 8_000_000
PARQUET_TYPES = {
    "boolean": "boolean",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "real": "float",
    "double precision": "double",
    "date": "date",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
}
MOST_DIGITS = 38

# Called with the number of rows written since the last call.
Progress = Callable[[int], None]


def without_formula(text: str) -> str:
    """Return text as a cell that no spreadsheet runs, with a `'` before a formula."""
    return f"'{text}" if text.startswith(tuple(FORMULA_STARTS)) else text


def write_csv(connection: Connection, mart: BuiltMart, target: Path, on_rows: Progress, *, raw: bool = False) -> int:
    """Write a mart as CSV and return its number of rows.

    NULL is an empty field, empty text is `""`. Text that a spreadsheet would run as a formula gets a `'` before it,
    unless `raw` is set.
    """
    with target.open("wb", buffering=BLOCK) as out:
        query = _query(mart, lambda column: _cell(column, raw=raw))
        return _copy(connection, query, "format csv, header", out.write, on_rows)


def write_json(connection: Connection, mart: BuiltMart, target: Path, on_rows: Progress) -> int:
    """Write a mart as an array of objects, one per line, or as one object if it always has one row.

    Numbers keep every digit that PostgreSQL has; dates and times are text in ISO 8601.

    Returns:
        The number of rows.

    Raises:
        LoaderError: A mart that should have one row has none, or several.
    """
    query = sql.SQL("select row_to_json(mart) from ({}) as mart").format(_query(mart, _json_value))
    single = mart.name in SINGLE_ROW
    opening, closing = (b"", b"\n") if single else (b"[\n", b"\n]\n")
    separators = chain([opening], repeat(b",\n"))
    with target.open("wb", buffering=BLOCK) as out:
        count = _copy(connection, query, UNQUOTED, lambda line: out.write(next(separators) + line[:-1]), on_rows)
        out.write(closing if count else b"[]\n")
    if single and count != 1:
        raise LoaderError(f"{mart.name} has {count} rows, not one.", f"`dbt build --select +{mart.name}` rebuilds it.")
    return count


def write_parquet(connection: Connection, mart: BuiltMart, target: Path, on_rows: Progress) -> int:
    """Write a mart as Parquet by way of a working file next to it, and return its number of rows.

    Raises:
        LoaderError: A number has too many digits for Parquet, or a value does not fit its types.
    """
    types = _parquet_types(connection, mart)
    spool, folder = target.with_suffix(".spool"), str(target.parent)
    with spool.open("wb", buffering=BLOCK) as out:
        query = _query(mart, lambda column: sql.Identifier("mart", column.name))
        _copy(connection, query, f"format csv, force_quote *, null '{NULL_MARK}'", out.write, on_rows)
    try:
        # One thread: the same bytes every time, and no guessing where a quoted line end is.
        with duckdb.connect(config={"memory_limit": MEMORY_LIMIT, "threads": 1, "temp_directory": folder}) as database:
            row = database.execute(
                f"""
                copy (
                    select * from read_csv(
                        $1, columns = $2, nullstr = '{NULL_MARK}', allow_quoted_nulls = false, header = false,
                        auto_detect = false, delim = ',', quote = '"', escape = '"', new_line = '\\n',
                        max_line_size = {LONGEST_LINE}, buffer_size = {BUFFER}
                    )
                ) to $3 (format parquet, compression zstd)
                """,
                [str(spool), types, str(target)],
            ).fetchone()
    except (duckdb.DataError, duckdb.InvalidInputException) as error:
        raise LoaderError(
            f"{mart.name} has a value that Parquet can't hold ({type(error).__name__}).", "Export it as CSV or JSON."
        ) from error
    spool.unlink()
    return int(row[0]) if row else 0


def _copy(
    connection: Connection,
    query: sql.Composable,
    options: str,
    write: Callable[[bytes | bytearray | memoryview], object],
    on_rows: Progress,
) -> int:
    """Pass on each line of a query's result as PostgreSQL writes it, with its line end; return the number of rows."""
    statement = sql.SQL("copy ({}) to stdout ({})").format(query, sql.SQL(options))
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for number, line in enumerate(copy, start=1):  # the server sends each row separately
                write(line)
                if number % ROWS_PER_STEP == 0:
                    on_rows(ROWS_PER_STEP)
        on_rows(cursor.rowcount % ROWS_PER_STEP)
        return cursor.rowcount


def _query(mart: BuiltMart, expression: Callable[[BuiltColumn], sql.Composable]) -> sql.Composable:
    """Select the columns of a mart in its own order if it has one, else in that of its key, or else of all columns."""
    selected = [sql.SQL("{} as {}").format(expression(column), sql.Identifier(column.name)) for column in mart.columns]
    query = sql.SQL("select {} from {} as mart").format(sql.SQL(", ").join(selected), mart.identifier)
    ordered = mart.key or tuple(column.name for column in mart.columns)
    if mart.is_ordered or not ordered:
        return query
    keys = sql.SQL(", ").join(sql.Identifier("mart", name) for name in ordered)
    return sql.SQL("{} order by {}").format(query, keys)


def _cell(column: BuiltColumn, *, raw: bool) -> sql.Composable:
    value = sql.Identifier("mart", column.name)
    if column.category in NEVER_FORMULAS:
        return value
    text = sql.SQL("cast({} as text)").format(value)  # for a boolean: true and false, which COPY would write as t and f
    if raw or column.category == "B":
        return text
    starts = sql.SQL(", ").join(map(sql.Literal, FORMULA_STARTS))
    return sql.SQL("case when left({0}, 1) in ({1}) then '''' || {0} else {0} end").format(text, starts)


def _json_value(column: BuiltColumn) -> sql.Composable:
    value = sql.Identifier("mart", column.name)
    # A value of type json keeps its original text, including line ends.
    return sql.SQL("cast({} as jsonb)").format(value) if column.data_type == "json" else value


def _parquet_types(connection: Connection, mart: BuiltMart) -> dict[str, str]:
    """Return DuckDB's type of each column; types that it lacks become text."""
    types = {}
    for column in mart.columns:
        declared = re.fullmatch(r"numeric(?:\((\d+),(-?\d+)\))?", column.data_type)
        if declared is None:
            types[column.name] = PARQUET_TYPES.get(column.data_type, "varchar")
        elif declared[1] and int(declared[1]) <= MOST_DIGITS and 0 <= int(declared[2]) <= int(declared[1]):
            types[column.name] = f"decimal({declared[1]}, {declared[2]})"
        else:
            types[column.name] = _decimal_type(connection, mart, column)
    return types


def _decimal_type(connection: Connection, mart: BuiltMart, column: BuiltColumn) -> str:
    """Return a type that keeps every digit of a column without a declared scale, which Parquet requires.

    That is decimal(18, 2) if it suffices, else decimal(38, …).
    """
    query = sql.SQL("select coalesce(max(scale(trim_scale({0}))), 0), coalesce(max(abs({0})), 0) from {1}")
    row = connection.execute(query.format(sql.Identifier(column.name), mart.identifier)).fetchone()
    scale, largest = row or (0, Decimal(0))
    before = max(largest.adjusted() + 1, 0) if largest.is_finite() else MOST_DIGITS + 1
    scale = max(scale, min(2, MOST_DIGITS - before))
    digits = before + scale
    if digits > MOST_DIGITS:
        raise LoaderError(
            f"Numbers of {mart.name}.{column.name} have more than the {MOST_DIGITS} digits of Parquet, or are NaN.",
            "Export it as CSV or JSON.",
        )
    return f"decimal({18 if digits <= 18 else MOST_DIGITS}, {scale})"
