"""How the values of a file are written, found in all values of a column.

What all values agree on is taken and said; where they fit two readings that differ, the file is refused with both, and
with the switch that decides. Columns that fit several follow the others of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import duckdb

from loaders.contract.quoting import literal
from loaders.contract.tables import Column, Reading
from loaders.contract.types import Digits, may_be_long
from loaders.reading.header import CsvFile
from loaders.reading.values.dates import DatesSeen, choose_dates
from loaders.reading.values.formats import Formats, TextFormat, first_row, may_have_blanks, trim
from loaders.reading.values.numbers import NumbersSeen, choose_numbers, count_numbers


def find_texts(
    database: duckdb.DuckDBPyConnection, file: CsvFile, fields: Mapping[Column, str], digits: Digits
) -> Formats:
    """Return what is to be taken off the texts, and which numbers are short; the rest counts as written plainly.

    Args:
        database: The connection with the table `records`.
        file: The file.
        fields: SQL of the fields in the file, by column.
        digits: How many digits of a number the destination keeps.
    """
    columns = {column: field for column, field in fields.items() if column.data_type == "text"}
    numbers = {column.name: field for column, field in fields.items() if column.data_type == "numeric"}
    if not columns and not numbers:
        return Formats(blanks=file.blanks)
    looks = [f"count(*) filter ({may_be_long(field, digits)})" for field in numbers.values()]
    looks += [_seen(column, field, file.blanks) for column, field in columns.items()]
    row = first_row(database, f"select {', '.join(looks)} from records")
    short = frozenset(name for name, long in zip(numbers, row, strict=False) if not long)
    seen = row[len(numbers) :]
    found: dict[str, TextFormat] = {}
    for column, field, (edges, marks, fractions, codes) in zip(
        columns, columns.values(), zip(*(seen[i::4] for i in range(4)), strict=True), strict=True
    ):
        text = TextFormat(
            has_blanks=bool(edges) and column.is_identifier,
            has_marks=bool(marks),
            is_unicode=not file.is_ascii and column.is_identifier,
            no_value=column.no_value if codes else (),
            found=tuple(codes or ()),
        )
        if column.is_identifier and fractions:
            others = f"not regexp_full_match({text.read(field)}, '\\d+([.]0)?')"
            [odd] = first_row(database, f"select count(*) filter ({text.read(field)} <> '' and {others}) from records")
            text = replace(text, has_fraction=not odd)
        if text != TextFormat():
            found[column.name] = text
    return Formats(texts=found, blanks=file.blanks, short=short)


def _seen(column: Column, field: str, blanks: str) -> str:
    """Return the SQL of what is seen in a column: blanks, marks and fractions, and its codes of no value."""
    codes, code = ", ".join(map(literal, column.no_value)), f"lower(trim({field}))"
    seen = [
        f"count(*) filter ({may_have_blanks(field, blanks)})" if column.is_identifier else "0",
        # Begins with = or an apostrophe.
        f"count(*) filter (ascii({field}) in (39, 61))",
        f"count(*) filter (ends_with({field}, '.0'))" if column.is_identifier else "0",
        f"list(distinct {code}) filter (strlen({field}) < 20 and {code} in ({codes}))" if codes else "null",
    ]
    return ", ".join(seen)


def find_formats(
    database: duckdb.DuckDBPyConnection,
    file: CsvFile,
    fields: Mapping[Column, str],
    said: Reading,
    texts: Mapping[str, TextFormat],
) -> Formats:
    """Return how the numbers and dates of a file are written.

    Args:
        database: The connection with the table `records`.
        file: The file.
        fields: SQL of the fields in the file, by column.
        said: What is known already.
        texts: Readings of texts.

    Raises:
        FileRefusedError: The values of a column fit two readings.
    """
    names = dict(
        zip(
            (column.name for column in file.columns if column),
            (name for name, column in zip(file.header, file.columns, strict=True) if column),
            strict=True,
        )
    )
    counts = {
        column.name: NumbersSeen(names[column.name], *count_numbers(database, trim(field, file.blanks)))
        for column, field in fields.items()
        if column.data_type == "numeric"
    }
    numbers = choose_numbers(counts, said.decimal)
    dates = {
        column.name: DatesSeen.of(database, names[column.name], trim(field, file.blanks), said.dates)
        for column, field in fields.items()
        if column.data_type in ("date", "timestamptz")
    }
    return Formats(numbers, choose_dates({name: each for name, each in dates.items() if each}), texts, file.blanks)
