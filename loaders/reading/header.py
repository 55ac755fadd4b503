"""Open a CSV file: find its delimiter, and give each name in its header the contract's column."""

from __future__ import annotations

import io
import mmap
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loaders.contract.tables import FROM_ROW, Column, Table
from loaders.errors import FileRefusedError
from loaders.reading.grammar import LINE_END, Grammar, count_breaks
from loaders.reading.intake import BLOCK, Spooled, display_name, spool

DELIMITERS = (",", ";", "\t", "|")
_LONGEST_HEADER = 1 << 20
_SHOWN = 500
_WIDE = 200


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose header fits its table.

    Attributes:
        name: File name without its folder.
        path: Working file: the content as UTF-8.
        sha256: Hash of the file as it was given, before decompression.
        size: Bytes of the file as it was given.
        encoding: Encoding that the file was in.
        delimiter: Character between fields.
        header: Names in the header, as they stand there.
        header_text: The header record as it stands in the file.
        columns: For each header the contract's column, None for one that the contract does not know.
        first_line: Physical line behind the header.
        first_byte: Offset of that line in the working file.
        has_quotes: Whether any quote stands in the file.
        has_nul: Whether any NUL byte stands in the file.
    """

    name: str
    path: Path
    sha256: str
    size: int
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_text: str
    columns: tuple[Column | None, ...]
    first_line: int
    first_byte: int
    has_quotes: bool
    has_nul: bool

    @property
    def is_wide(self) -> bool:
        """Whether there are so many columns that those the contract does not know are read as one (see `wide`)."""
        return len(self.header) > _WIDE

    @property
    def unknown_headers(self) -> tuple[str, ...]:
        """The headers that the contract does not know; their values are kept in `_extra`."""
        return tuple(name for name, column in zip(self.header, self.columns, strict=True) if column is None)


def open_csv(
    path: Path,
    table: Table,
    folder: Path,
    *,
    encoding: str | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> CsvFile:
    """Take in the file at `path` (`-` for standard input) into `folder` and match its header to `table`.

    Args:
        path: A file, plain or compressed with gzip or Zstandard.
        table: The table that the file is for.
        folder: Private folder for the working file.
        encoding: Name of a Python codec; detected by default.
        on_progress: Called with the number of bytes read since the last call.

    Raises:
        FileRefusedError: The file can't be read, is no CSV file, or its header does not fit the table.
    """
    spooled = spool(path, folder, encoding, on_progress)
    if not spooled.path.stat().st_size:
        raise FileRefusedError("The file is empty.", "Export it again.")
    working, has_quotes, has_nul = _plain_line_ends(spooled)
    with working.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        delimiter, names, text, line, byte = _read_header(content, table)
    return CsvFile(
        name=display_name(path),
        path=working,
        sha256=spooled.sha256,
        size=spooled.size,
        encoding=spooled.encoding,
        delimiter=delimiter,
        header=names,
        header_text=text,
        columns=_match_header(names, table),
        first_line=line,
        first_byte=byte,
        has_quotes=has_quotes,
        has_nul=has_nul,
    )


def _plain_line_ends(spooled: Spooled) -> tuple[Path, bool, bool]:
    """Return the working file, whether it has quotes and NUL bytes; without quotes its lines end with LF alone."""
    path = spooled.path
    found: set[bytes] = set()
    with path.open("rb") as source:
        while block := source.read(BLOCK):
            found |= {mark for mark in (b'"', b"\x00", b"\r") if mark in block}
        has_quotes, has_nul = b'"' in found, b"\x00" in found
        if has_quotes or b"\r" not in found:
            return path, has_quotes, has_nul
        source.seek(0)
        target = path.with_name("lines.csv")
        translate = io.IncrementalNewlineDecoder(None, translate=True)
        with target.open("wb") as out:
            while block := source.read(BLOCK):
                out.write(translate.decode(block.decode("latin-1")).encode("latin-1"))
            out.write(translate.decode("", final=True).encode("latin-1"))
    path.unlink()
    return target, has_quotes, has_nul


def _read_header(content: mmap.mmap, table: Table) -> tuple[str, tuple[str, ...], str, int, int]:
    """Return delimiter, names and text of the header, and line and offset of what is behind it.

    The delimiter is the one that cuts the first record into most names that the contract knows.
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
        raise FileRefusedError("A quote in the header is opened and not closed properly.", "Mend the header.")
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


def _match_header(header: tuple[str, ...], table: Table) -> tuple[Column | None, ...]:
    """Give each header its column.

    Raises:
        FileRefusedError: A header stands twice, two headers name one column, or a required column is missing.
    """
    columns = tuple(table.column_for(name) for name in header)
    if not any(columns):
        # What stands there may be a row: it must not be shown.
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
                else f"The header {name!r} stands twice.",
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
