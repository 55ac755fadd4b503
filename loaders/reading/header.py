"""The header of a CSV file: find its delimiter, and give each name the contract's column."""

from __future__ import annotations

import itertools
import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from loaders.contract.tables import FROM_ROW, Column, Contract, Table, header_key, is_named_after
from loaders.errors import FileRefusedError
from loaders.reading.grammar import LINE_END, Grammar, count_breaks
from loaders.reading.intake import Intake

DELIMITERS = (",", ";", "\t", "|")
_LONGEST_HEADER = 1 << 20
_SHOWN = 500
_WIDE = 200
_HEADER_LINES = 20
_SEPARATOR = re.compile(rb'"?sep=([,;|\t])"?(?=[\r\n])', re.IGNORECASE)
_REST_OF_LINE = re.compile(rb"[^\r\n]*+")


@dataclass(frozen=True)
class CsvFile(Intake):
    """A CSV file after intake whose header fits its table.

    Attributes:
        delimiter: Character between fields.
        header: Names in the header, as written; unknown ones that are empty or repeated are numbered.
        header_text: The header record as in the file.
        columns: For each header the contract's column, None for an unknown header.
        unknown_headers: The headers that are not in the contract; their values are kept in `_extra`.
        first_line: Physical line after the header.
        first_byte: Offset of that line in the working file.
        skipped_lines: Lines before the header.
        set_aside: Headers of columns that a better name has, with the column; their values are kept in `_extra`.
    """

    delimiter: str
    header: tuple[str, ...]
    header_text: str
    columns: tuple[Column | None, ...]
    unknown_headers: tuple[str, ...]
    first_line: int
    first_byte: int
    skipped_lines: int
    set_aside: tuple[tuple[str, str], ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done with the header, for the user."""
        skipped = [f"lines before the header that were skipped: {self.skipped_lines}"] if self.skipped_lines else []
        return (*skipped, *(f"{name!r} names {column} too, and is kept in _extra" for name, column in self.set_aside))

    @property
    def is_wide(self) -> bool:
        """Whether there are so many columns that the unknown ones are read as one (see `records.Packer`)."""
        return len(self.header) > _WIDE


def match_header(taken: Intake, table: Table) -> CsvFile:
    """Find the header of a file and match it to its table.

    The header is the first of the first 20 lines that fits the table; lines before it are left out, and so is Excel's
    `sep=;`.

    Raises:
        FileRefusedError: The file is not a CSV file, or its header does not fit the table.
    """
    if not taken.path.stat().st_size:
        raise _EMPTY
    with taken.path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        lines = list(_first_lines(content))
        header = next((line for line in lines if fits(line.names(table), table)), lines[0]).split(table)
        if b"\x00" in content[header.start : header.end]:
            raise FileRefusedError("The file is binary, not CSV.", "Export it as CSV, or name its --encoding.")
        line_end = LINE_END.match(content, header.end)
        first_line = header.line + count_breaks(content, header.start, header.end) + 1
        text = content[header.start : header.end].decode("utf-8", errors="replace")
    if header.is_broken:
        raise FileRefusedError("A quote in the header is not closed properly.", "Fix the header.")
    if header.end - header.start >= _LONGEST_HEADER:
        raise FileRefusedError("The header is longer than 1 MB.", "Is it a CSV file with a header?")
    columns = _match_names(header.names, table)
    names = _numbered(header.names, columns)
    return CsvFile(
        **vars(taken),
        delimiter=header.delimiter,
        header=names,
        header_text=text,
        columns=columns,
        unknown_headers=tuple(name for name, column in zip(names, columns, strict=True) if column is None),
        first_line=first_line,
        first_byte=line_end.end() if line_end else header.end,
        skipped_lines=header.line - 1,
        set_aside=tuple(
            (name, column.name)
            for name, kept in zip(names, columns, strict=True)
            if kept is None and (column := table.column_for(name))
        ),
    )


def split_header(text: str, table: Table) -> tuple[str, list[tuple[str, Column | None]]]:
    """Return the delimiter of a file's header, and its names with the columns of a table that they name."""
    line = _Line(text.encode(), 0, 1).split(table)
    return line.delimiter, list(zip(line.names, _columns(line.names, table), strict=True))


def recognize(start: bytes, contract: Contract, file_name: str) -> Table:
    """Return the table that a file is for, known by its header.

    A table that says which headers it is known by comes first, then one whose name begins the file's name, then the one
    that knows most headers. Without `known_by` and such a name it has to know half of them, and two at least.

    Args:
        start: The beginning of the file as UTF-8.
        contract: The tables.
        file_name: Name of the file.

    Raises:
        FileRefusedError: No line of the first 20 is the header of a table.
    """
    if table := known_to(start, contract, file_name):
        return table
    if named := [table for table in contract.copied_tables if is_named_after(file_name, table)]:
        return max(named, key=lambda table: len(table.name))
    raise FileRefusedError(
        "No line of the first 20 is the header of a table in the contract.",
        f"`loader adopt {file_name}` makes a source for it; --table NAME says which table it is for.",
    )


def known_to(start: bytes, contract: Contract, file_name: str) -> Table | None:
    """Return the table that knows the header of a file, as `recognize` does; None if no table does."""
    for line in _first_lines(start):
        found: list[tuple[bool, bool, int, Table]] = []
        for table in contract.copied_tables:
            names, is_named = line.names(table), is_named_after(file_name, table)
            known = sum(map(bool, _columns(names, table)))
            if fits(names, table) and (table.known_by or is_named or known >= max(2, len(names) / 2)):
                found.append((bool(table.known_by), is_named, known, table))
        if found:
            return max(found, key=lambda each: each[:3])[3]
    return None


def possible_headers(start: bytes) -> Iterator[tuple[str, ...]]:
    """Yield the first lines of a file, each split by each delimiter: one of them may be the header."""
    for line in _first_lines(start):
        yield from (split.names for split in line._splits if not split.is_broken)


def fits(names: tuple[str, ...], table: Table) -> bool:
    """Return whether a table can take a file with this header."""
    return bool(names) and set(table.known_by) <= set(map(header_key, names)) and not _missing(names, table)


_EMPTY = FileRefusedError("The file is empty.", "Export it again.")


@dataclass(frozen=True)
class _Split:
    """A line split into names: its delimiter, where it begins and ends, and whether a quote is not closed."""

    delimiter: str
    names: tuple[str, ...]
    start: int
    end: int
    line: int
    is_broken: bool


@dataclass(frozen=True)
class _Line:
    """A line that may be the header: content, offset, number, and the delimiter if a line before it says so."""

    content: bytes | mmap.mmap
    start: int
    number: int
    delimiter: str | None = None

    def split(self, table: Table) -> _Split:
        """Split the line by the delimiter that gives most names known to the table."""

        def fit(split: _Split) -> tuple[int, int]:
            return sum(table.column_for(name) is not None for name in split.names), len(split.names) - split.is_broken

        return max(self._splits, key=fit)

    def names(self, table: Table) -> tuple[str, ...]:
        """Return the names if the line is a header."""
        split = self.split(table)
        return () if split.is_broken or split.end - split.start >= _LONGEST_HEADER else split.names

    @cached_property
    def _splits(self) -> tuple[_Split, ...]:
        return tuple(map(self._split, (self.delimiter,) if self.delimiter else DELIMITERS))

    def _split(self, delimiter: str) -> _Split:
        end, fields, is_broken = Grammar(delimiter).split(self.content[: self.start + _LONGEST_HEADER], self.start)
        return _Split(delimiter, tuple(map(_name, fields)), self.start, end, self.number, is_broken)


def _first_lines(content: bytes | mmap.mmap) -> Iterator[_Line]:
    """Yield the first lines that are not blank and not Excel's `sep=;`.

    Raises:
        FileRefusedError: There is none.
    """
    start, number, delimiter, found = 0, 1, None, 0
    while start < len(content) and number <= _HEADER_LINES:
        if line_end := LINE_END.match(content, start):
            start, number = line_end.end(), number + 1
            continue
        if said := _SEPARATOR.match(content, start):
            delimiter, start = said[1].decode(), said.end()
            continue
        yield _Line(content, start, number, delimiter)
        found += 1
        start = _REST_OF_LINE.match(content, start).end()  # type: ignore[union-attr]
    if not found:
        raise _EMPTY


def _name(field: re.Match[bytes]) -> str:
    text = (field["quoted"] or field["plain"]).decode("utf-8", errors="replace")
    return text if field["quoted"] is None else text[1:-1].replace('""', '"')


def _columns(names: tuple[str, ...], table: Table) -> tuple[Column | None, ...]:
    """Give each header its column; of several for one column, the first in the contract's order has it."""
    best: dict[str, int] = {}
    for i, name in enumerate(names):
        if column := table.column_for(name):
            former = best.get(column.name)
            places = table.header_places
            if former is None or places[header_key(name)] < places[header_key(names[former])]:
                best[column.name] = i
    return tuple(
        column if (column := table.column_for(name)) and best[column.name] == i else None
        for i, name in enumerate(names)
    )


def _numbered(names: tuple[str, ...], columns: tuple[Column | None, ...]) -> tuple[str, ...]:
    """Number the unknown headers that are empty or occur before: `column_3`, `note_2`."""
    made: list[str] = []
    for i, (name, column) in enumerate(zip(names, columns, strict=True)):
        given = name.strip() or f"column_{i + 1}"
        numbered = (given if number == 1 else f"{given}_{number}" for number in itertools.count(1))
        made.append(name if column else next(each for each in numbered if each not in made))
    return tuple(made)


def _missing(names: tuple[str, ...], table: Table) -> list[str]:
    """Return the columns that a file with this header lacks."""
    seen = {column.name for column in _columns(names, table) if column}
    missing = [column.name for column in table.columns if column.required_in_file and column.name not in seen]
    missing += [
        f"{column.name} (or {column.derived_from})"
        for column in table.columns
        if column.not_null
        and isinstance(column.derived_from, str)
        and column.derived_from not in (FROM_ROW, *seen)
        and column.name not in seen
    ]
    if table.require_one_of and not set(table.require_one_of) & seen:
        missing.append(" or ".join(table.require_one_of))
    return missing


def _match_names(header: tuple[str, ...], table: Table) -> tuple[Column | None, ...]:
    """Give each header its column.

    Raises:
        FileRefusedError: No header names a column, or a required column is missing.
    """
    columns = _columns(header, table)
    if not any(columns):
        # The line may be a row, so it must not be shown.
        raise FileRefusedError(
            f"The first line names no column of {table.name}.",
            "The file needs a header (`loader tables` shows the names); its delimiter is one of , ; tab |.",
        )
    if missing := _missing(header, table):
        raise FileRefusedError(
            f"The file has no column {', '.join(missing)}; its header is {', '.join(header)[:_SHOWN]}.",
            f"Rename a header, or add the name as an alias of the column in the sources file of {table.source}.",
        )
    return columns
