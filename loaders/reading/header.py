"""The header of a CSV file: find its delimiter, and give each name the contract's column."""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass

from loaders.contract.tables import FROM_ROW, Column, Table
from loaders.errors import FileRefusedError
from loaders.reading.grammar import LINE_END, Grammar, count_breaks
from loaders.reading.intake import Intake

DELIMITERS = (",", ";", "\t", "|")
_LONGEST_HEADER = 1 << 20
_SHOWN = 500
_WIDE = 200


@dataclass(frozen=True)
class CsvFile(Intake):
    """A CSV file after intake whose header fits its table.

    Attributes:
        delimiter: Character between fields.
        header: Names in the header, as written.
        header_text: The header record as in the file.
        columns: For each header the contract's column, None for an unknown header.
        unknown_headers: The headers that are not in the contract; their values are kept in `_extra`.
        first_line: Physical line after the header.
        first_byte: Offset of that line in the working file.
    """

    delimiter: str
    header: tuple[str, ...]
    header_text: str
    columns: tuple[Column | None, ...]
    unknown_headers: tuple[str, ...]
    first_line: int
    first_byte: int

    @property
    def is_wide(self) -> bool:
        """Whether there are so many columns that the unknown ones are read as one (see `wide`)."""
        return len(self.header) > _WIDE


def match_header(taken: Intake, table: Table) -> CsvFile:
    """Match the header of a file to its table.

    Raises:
        FileRefusedError: The file is not a CSV file, or its header does not fit the table.
    """
    if not taken.path.stat().st_size:
        raise FileRefusedError("The file is empty.", "Export it again.")
    with taken.path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        delimiter, names, text, line, byte = _read_header(content, table)
    columns = _match_names(names, table)
    return CsvFile(
        **vars(taken),
        delimiter=delimiter,
        header=names,
        header_text=text,
        columns=columns,
        unknown_headers=tuple(name for name, column in zip(names, columns, strict=True) if column is None),
        first_line=line,
        first_byte=byte,
    )


def headers_of(text: str, table: Table) -> dict[str, str]:
    """Return the names that a file's header has for the columns of a table."""
    _, names, *_ = _read_header(text.encode(), table)
    return {column.name: name for name in names if (column := table.column_for(name))}


def _read_header(content: bytes | mmap.mmap, table: Table) -> tuple[str, tuple[str, ...], str, int, int]:
    """Return delimiter, names and text of the header, and line and offset of what follows it.

    The delimiter is the one that splits the first record into most names known to the contract.
    """
    start, line = 0, 1
    while line_end := LINE_END.match(content, start):
        start, line = line_end.end(), line + 1
    if start == len(content):
        raise FileRefusedError("The file is empty.", "Export it again.")

    def split(delimiter: str) -> tuple[tuple[str, ...], int, bool]:
        end, fields, is_broken = Grammar(delimiter).split(content[: start + _LONGEST_HEADER], start)
        return tuple(map(_name, fields)), end, is_broken

    def fit(delimiter: str) -> tuple[int, int]:
        names, _, is_broken = split(delimiter)
        return sum(table.column_for(name) is not None for name in names), len(names) - is_broken

    delimiter = max(DELIMITERS, key=fit)
    names, end, is_broken = split(delimiter)
    if b"\x00" in content[start:end]:
        raise FileRefusedError("The file is binary, not CSV.", "Export it as CSV, or name its --encoding.")
    if is_broken:
        raise FileRefusedError("A quote in the header is not closed properly.", "Fix the header.")
    if end - start >= _LONGEST_HEADER:
        raise FileRefusedError("The header is longer than 1 MB.", "Is it a CSV file with a header?")
    line_end = LINE_END.match(content, end)
    return (
        delimiter,
        names,
        content[start:end].decode("utf-8", errors="replace"),
        line + count_breaks(content, start, end) + 1,
        line_end.end() if line_end else end,
    )


def _name(field: re.Match[bytes]) -> str:
    text = field[0].decode("utf-8", errors="replace")
    return text if field["quoted"] is None else text[1:-1].replace('""', '"')


def _match_names(header: tuple[str, ...], table: Table) -> tuple[Column | None, ...]:
    """Give each header its column.

    Raises:
        FileRefusedError: A header occurs twice, two headers name the same column, or a required column is missing.
    """
    columns = tuple(table.column_for(name) for name in header)
    if not any(columns):
        # The line may be a row, so it must not be shown.
        raise FileRefusedError(
            f"The first line names no column of {table.name}.",
            "The file needs a header (`loader tables` shows the names); its delimiter is one of , ; tab |.",
        )
    seen: dict[str, str] = {}
    for name, column in zip(header, columns, strict=True):
        place = column.name if column else name
        if place in seen:
            raise FileRefusedError(
                f"The headers {seen[place]!r} and {name!r} both name {place}."
                if seen[place] != name
                else f"The header {name!r} occurs twice.",
                "Remove or rename one of them.",
            )
        seen[place] = name
    missing = [column.name for column in table.columns if column.required_in_file and column.name not in seen]
    missing += [
        f"{column.name} (or {column.derived_from})"
        for column in table.columns
        if column.not_null and column.derived_from not in (None, FROM_ROW, *seen) and column.name not in seen
    ]
    if table.require_one_of and not set(table.require_one_of) & set(seen):
        missing.append(" or ".join(table.require_one_of))
    if missing:
        raise FileRefusedError(
            f"The file has no column {', '.join(missing)}; its header is {', '.join(header)[:_SHOWN]}.",
            f"Rename a header, or add the name as an alias of the column in the sources file of {table.source}.",
        )
    return columns
