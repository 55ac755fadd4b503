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
from loaders.reading.header import CsvFile
from loaders.reading.values.dates import DatesSeen, choose_dates
from loaders.reading.values.formats import BLANKS, Formats, TextFormat, first_row, trim
from loaders.reading.values.numbers import NumbersSeen, choose_numbers, count_numbers


def find_texts(
    database: duckdb.DuckDBPyConnection, file: CsvFile, fields: Mapping[Column, str]
) -> dict[str, TextFormat]:
    """Return what is to be taken off the texts, by column; columns that need nothing are left out.

    Args:
        database: The connection with the table `records`.
        file: The file.
        fields: SQL of the fields in the file, by column.
    """
    found: dict[str, TextFormat] = {}
    for column, field in fields.items():
        if column.data_type != "text":
            continue
        blanks = BLANKS if not file.is_ascii else BLANKS[:4]
        edges = " or ".join(
            f"starts_with({field}, {each}) or ends_with({field}, {each})" for each in map(literal, blanks)
        )
        short = f"length({field}) < 20 and lower(trim({field}))"
        codes = f"{short} in ({', '.join(map(literal, column.no_value))})" if column.no_value else "false"
        [has_blanks, has_marks, fractions, no_values] = first_row(
            database,
            f"""
            select
                count(*) filter ({edges}) > 0,
                count(*) filter (starts_with({field}, '=') or starts_with({field}, chr(39))) > 0,
                count(*) filter (ends_with({field}, '.0')),
                list(distinct lower(trim({field}))) filter ({codes})
            from records
            """,
        )
        text = TextFormat(
            has_blanks=has_blanks and column.is_identifier,
            has_marks=has_marks,
            is_unicode=not file.is_ascii and column.is_identifier,
            no_value=column.no_value if no_values else (),
            found=tuple(no_values or ()),
        )
        if column.is_identifier and fractions:
            others = f"not regexp_full_match({text.read(field)}, '\\d+([.]0)?')"
            [odd] = first_row(database, f"select count(*) filter ({text.read(field)} <> '' and {others}) from records")
            text = replace(text, has_fraction=not odd)
        if text != TextFormat():
            found[column.name] = text
    return found


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
        column.name: NumbersSeen(names[column.name], *count_numbers(database, trim(field)))
        for column, field in fields.items()
        if column.data_type == "numeric"
    }
    numbers = choose_numbers(counts, said.decimal)
    dates = {
        column.name: DatesSeen.of(database, names[column.name], trim(field), said.dates)
        for column, field in fields.items()
        if column.data_type in ("date", "timestamptz")
    }
    return Formats(numbers, choose_dates({name: each for name, each in dates.items() if each}), texts)
