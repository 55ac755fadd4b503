"""Bring a CSV file into the one form that is read: UTF-8, line feeds between records, delimiter and header known.

Files come compressed, in several encodings, with several line ends and delimiters. `open_csv` writes the content once
into a private working file in the normal form (contents of quoted fields stay as they are), so that what follows reads
one kind of file that can't change under its hands.
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import hashlib
import io
import mmap
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import zstandard

from loaders.contract import Column, Table
from loaders.errors import FileRefusedError

STDIN = "-"
DELIMITERS = (",", ";", "\t", "|")
BLOCK = 1 << 20

_MAGIC = {
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "Save the sheet as CSV, or unpack the archive."),
    b"PAR1": ("a Parquet file", "Write it as CSV, for example with DuckDB: copy (from 'file') to 'file.csv'."),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "Save the sheet as CSV."),
    b"%PDF": ("a PDF file", "Export the data as CSV."),
    b"SQLite format 3": ("an SQLite database", "Export the table as CSV."),
}
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class CsvFile:
    """A CSV file in normal form.

    Attributes:
        name: File name without its folder.
        path: Working file in normal form, the header included.
        sha256: Hash of the file as it was given, before decompression.
        size: Bytes of the file as it was given.
        encoding: Encoding that the file was in.
        delimiter: Character between fields.
        header: Names in the header, as they stand there.
        header_text: The header record as it stands in the file.
        columns: For each header the contract's column, None for one that the contract does not know.
        first_line: Physical line of the first record behind the header, if no blank line follows.
        has_quotes: Whether any quote stands in the file.
        has_nul: Whether any NUL byte stands in the file.
    """

    name: str
    path: Path
    sha256: str
    size: int
    encoding: str
    delimiter: str = ","
    header: tuple[str, ...] = ()
    header_text: str = ""
    columns: tuple[Column | None, ...] = ()
    first_line: int = 2
    has_quotes: bool = False
    has_nul: bool = False

    @property
    def unknown_headers(self) -> tuple[str, ...]:
        """The headers that the contract does not know; their values are kept in `_extra`."""
        return tuple(name for name, column in zip(self.header, self.columns, strict=True) if column is None)


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as hexadecimal text.

    Raises:
        FileRefusedError: The file can't be read.
    """
    with _readable(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def open_csv(
    path: Path,
    table: Table,
    folder: Path,
    *,
    encoding: str | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> CsvFile:
    """Bring the file at `path` (`-` for standard input) into normal form in `folder` and match its header to `table`.

    Args:
        path: A file, plain or compressed with gzip or Zstandard.
        table: The table that the file is for.
        folder: Private folder for the working file.
        encoding: Name of a Python codec; detected by default.
        on_progress: Called with the number of bytes read since the last call.

    Raises:
        FileRefusedError: The file can't be read, is no CSV file, or its header does not fit the table.
    """
    spooled = _spool(path, folder, on_progress)
    decoded = _decode(spooled, encoding)
    return _normalize_line_ends(_match_header(_read_header(decoded, table), table))


# --- bytes -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[BinaryIO]:
    if str(path) == STDIN:
        yield sys.stdin.buffer
        return
    try:
        with path.open("rb") as file:
            yield file
    except FileNotFoundError as error:
        raise FileRefusedError(f"There is no file {path.name}.", "Check the path.") from error
    except IsADirectoryError as error:
        raise FileRefusedError(f"{path.name} is a folder.", "Give the CSV files in it.") from error
    except PermissionError as error:
        raise FileRefusedError(f"No permission to read {path.name}.", "Give yourself the right to read it.") from error


def _spool(path: Path, folder: Path, on_progress: Callable[[int], None]) -> CsvFile:
    """Copy the file, decompressed, into the folder while hashing it; refuse it if it changes meanwhile."""
    target = folder / "spool.csv"
    digest = hashlib.sha256()
    size = 0

    class Hashed(io.RawIOBase):
        """The file as it is read: every byte goes through the digest."""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            nonlocal size
            data = source.read(len(buffer))
            buffer[: len(data)] = data
            digest.update(data)
            size += len(data)
            on_progress(len(data))
            return len(data)

    with _readable(path) as source:
        before = os.fstat(source.fileno()) if path.is_file() else None
        hashed: io.BufferedReader = io.BufferedReader(Hashed(), BLOCK)
        start = hashed.peek(16)[:16]
        _refuse_binary(start, path.name)
        try:
            with target.open("wb") as out, _decompressed(hashed, start) as plain:
                while block := plain.read(BLOCK):
                    out.write(block)
        except (gzip.BadGzipFile, EOFError, zstandard.ZstdError) as error:
            raise FileRefusedError(f"The compressed file is broken ({error}).", "Transfer it again.") from error
        while hashed.read(BLOCK):  # bytes behind the compressed stream belong to the digest too
            pass
        if before is not None:
            after = os.fstat(source.fileno())
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != after.st_size:
                raise FileRefusedError("The file changed while it was read.", "Load it again when it is complete.")
    return CsvFile(
        name="(standard input)" if str(path) == STDIN else path.name,
        path=target,
        sha256=digest.hexdigest(),
        size=size,
        encoding="utf-8",
    )


def _refuse_binary(start: bytes, name: str) -> None:
    for magic, (kind, hint) in _MAGIC.items():
        if start.startswith(magic):
            raise FileRefusedError(f"{name} is {kind}, not a CSV file.", hint)


@contextlib.contextmanager
def _decompressed(file: BinaryIO, start: bytes) -> Iterator[BinaryIO]:
    if start.startswith(b"\x1f\x8b"):
        with gzip.open(file, "rb") as plain:
            yield plain  # type: ignore[misc]
    elif start.startswith(b"\x28\xb5\x2f\xfd"):
        with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as reader:
            yield io.BufferedReader(reader, BLOCK)
    else:
        yield file


# --- characters ------------------------------------------------------------------------------------------------------


def _decode(file: CsvFile, wanted: str | None) -> CsvFile:
    """Turn the working file into UTF-8 without a byte order mark; leave it alone if it is that already."""
    with file.path.open("rb") as opened:
        start = opened.read(4)
    bom = next((mark for mark in _BOMS if start.startswith(mark)), b"")
    if wanted is not None:
        try:
            encoding = codecs.lookup(wanted).name
        except LookupError as error:
            raise FileRefusedError(f"There is no encoding {wanted!r}.", "Examples: utf-8, cp1252, utf-16.") from error
    elif bom:
        encoding = _BOMS[bom]
    else:
        encoding = _detect_encoding(file.path)
    if encoding == "utf-8" and not bom:
        return file
    target = file.path.with_name("decoded.csv")
    with file.path.open("rb") as source, target.open("wb") as out:
        if encoding == _BOMS.get(bom):
            source.seek(len(bom))
        # Bytes that the encoding does not know stay as they are: UTF-8's reader then rejects their row.
        decoder = codecs.getincrementaldecoder(encoding)(errors="surrogateescape")
        try:
            while block := source.read(BLOCK):
                out.write(_encode(decoder.decode(block)))
            out.write(_encode(decoder.decode(b"", final=True)))
        except UnicodeError as error:
            raise FileRefusedError(f"The file is not in {encoding}.", "Name the right one with --encoding.") from error
    file.path.unlink()
    return replace(file, path=target, encoding=encoding)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")


def _detect_encoding(path: Path) -> str:
    """Tell UTF-8 from Windows-1252.

    A file is Windows-1252 when it is not UTF-8 and has no character of several bytes that is: a UTF-8 file with a few
    broken rows has such characters elsewhere, and its broken rows are then rejected one by one.
    """
    valid, invalid, undefined = 0, 0, False
    with path.open("rb") as file:
        decoder = codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
        while block := file.read(BLOCK):
            text = decoder.decode(block)
            if text.isascii():
                continue
            broken = re.findall("[\udc80-\udcff]", text)
            invalid += len(broken)
            undefined = undefined or any(character in "\udc81\udc8d\udc8f\udc90\udc9d" for character in broken)
            valid += sum(1 for _ in re.finditer("[^\x00-\x7f\udc80-\udcff]", text))
    return "cp1252" if invalid and not valid and not undefined else "utf-8"


# --- lines -----------------------------------------------------------------------------------------------------------


def quoted_field(delimiter: str) -> bytes:
    """Return the pattern of a quoted field: its first quote opens the field, and only doubled quotes stand inside."""
    return rb'(?:(?<=[%b\n\r])|\A)"(?>[^"]|"")*+"' % re.escape(delimiter).encode()


def _normalize_line_ends(file: CsvFile) -> CsvFile:
    """Put a line feed between records, whatever stands there. Line breaks inside quoted fields stay as they are."""
    with file.path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
        has_quotes = content.find(b'"') >= 0
        file = replace(file, has_quotes=has_quotes, has_nul=content.find(b"\x00") >= 0)
        if content.find(b"\r") < 0:
            return file
        target = file.path.with_name("lines.csv")
        pattern = re.compile(quoted_field(file.delimiter) + rb"|(\r\n?)" if has_quotes else rb"(\r\n?)")
        with target.open("wb") as out:
            done = 0
            for match in pattern.finditer(content):
                if match[1]:
                    out.write(content[done : match.start()])
                    out.write(b"\n")
                    done = match.end()
            out.write(content[done:])
    file.path.unlink()
    return replace(file, path=target)


# --- header ----------------------------------------------------------------------------------------------------------


def _read_header(file: CsvFile, table: Table) -> CsvFile:
    """Find the delimiter: the one that cuts the first record into most names that the contract knows."""
    with file.path.open("rb") as opened:
        start = opened.read(BLOCK)
    lines = list(io.StringIO(start.decode("utf-8", errors="replace"), newline=""))
    blank = next((number for number, line in enumerate(lines) if line.strip("\r\n")), None)
    if blank is None:
        raise FileRefusedError("The file is empty.", "Export it again.")
    if "\x00" in lines[blank]:
        raise FileRefusedError("The file is binary, not CSV.", "Export it as CSV, or name its --encoding.")

    def split(delimiter: str) -> tuple[list[str], int]:
        reader = csv.reader(lines[blank:], delimiter=delimiter)
        return next(reader, []), reader.line_num

    def fit(delimiter: str) -> tuple[int, int]:
        names, _ = split(delimiter)
        return sum(table.column_for(name) is not None for name in names), len(names)

    delimiter = max(DELIMITERS, key=fit)
    names, height = split(delimiter)
    return replace(
        file,
        delimiter=delimiter,
        header=tuple(names),
        header_text="".join(lines[blank : blank + height]).rstrip("\r\n"),
        first_line=blank + height + 1,
    )


def _match_header(file: CsvFile, table: Table) -> CsvFile:
    """Give each header its column.

    Raises:
        FileRefusedError: A header stands twice, two headers name one column, or a required column is missing.
    """
    columns = tuple(table.column_for(name) for name in file.header)
    seen: dict[str, str] = {}
    for name, column in zip(file.header, columns, strict=True):
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
        if column.not_null and column.derived_from not in (None, "row", *seen) and column.name not in seen
    ]
    if table.require_one_of and not set(table.require_one_of) & set(seen):
        missing.append(" or ".join(table.require_one_of))
    if missing:
        raise FileRefusedError(
            f"The file has no column {', '.join(missing)}; its header is {', '.join(file.header)[:500]}.",
            f"Rename a header, or add the name as an alias of the column in the sources file of {table.source}.",
        )
    return replace(file, columns=columns)
