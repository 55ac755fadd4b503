"""Take in a file once: read, decompress and hash it, and convert it to UTF-8 in a private working file.

Later steps read that copy, so nothing can change meanwhile.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import os
import shutil
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import zstandard

from loaders.errors import FileRefusedError
from loaders.reading.encoding import BLOCK, beginning, codec_of, decode, with_plain_line_ends
from loaders.reading.values.formats import BLANKS

STDIN = "-"
MAX_BYTES = 20_000_000_000

_MAGIC = {
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "Save the sheet as CSV, or unpack the archive."),
    b"PAR1": ("a Parquet file", "Write it as CSV, for example with DuckDB: copy (from 'file') to 'file.csv'."),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook", "Save the sheet as CSV."),
    b"%PDF": ("a PDF file", "Export the data as CSV."),
    b"SQLite format 3": ("an SQLite database", "Export the table as CSV."),
    b"BZh": ("compressed with bzip2", "Unpack it, or compress it with gzip or Zstandard."),
    b"\xfd7zXZ": ("compressed with xz", "Unpack it, or compress it with gzip or Zstandard."),
}


@dataclass(frozen=True)
class Intake:
    """A file after intake.

    Attributes:
        name: File name without its folder.
        path: Working file: the content as UTF-8 without a byte order mark; without quotes its lines end with LF.
        sha256: Hash of the original file, before decompression.
        size: Bytes of the original file.
        encoding: Original encoding.
        has_quotes: Whether the file contains a quote.
        has_nul: Whether the file contains a NUL byte.
        has_tab: Whether the file contains a tab.
        has_separator: Whether it contains the character by which the text of a row separates values.
        is_ascii: Whether it has no other characters than ASCII.
    """

    name: str
    path: Path
    sha256: str
    size: int
    encoding: str
    has_quotes: bool
    has_nul: bool
    has_tab: bool
    has_separator: bool
    is_ascii: bool

    @property
    def blanks(self) -> str:
        """The blanks that may be around its values; only in quotes they include line ends."""
        if not self.is_ascii:
            return BLANKS
        return " " + "\t" * self.has_tab + "\n\r" * self.has_quotes


class Given:
    """A file as given by the user.

    Attributes:
        path: The file, or `-` for standard input.
        name: Its name without its folder, for messages and the ledger; bytes that are not UTF-8 are escaped.
    """

    def __init__(self, path: Path) -> None:
        """Name the file; nothing is read yet."""
        self.path = path
        self.is_stdin = str(path) == STDIN
        encoded = os.fsencode(path.name)
        self.name = "(standard input)" if self.is_stdin else encoded.decode("utf-8", errors="backslashreplace")

    def sha256(self) -> str | None:
        """Return the hash of the file's bytes; None for standard input and pipes, which can be read only once.

        Raises:
            FileRefusedError: The file can't be read.
        """
        if not self.path.is_file():
            return None
        with self._opened() as file:
            return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]

    def peek(self, encoding: str | None) -> bytes:
        """Return the beginning of the file, decompressed, as UTF-8; nothing of standard input and pipes.

        Raises:
            FileRefusedError: The file can't be read, is binary, or there is no such encoding.
        """
        codec = None if encoding is None else codec_of(encoding)
        if not self.is_stdin and self.path.exists() and not self.path.is_file() and not self.path.is_dir():
            return b""
        with self._opened() as source:
            reader = io.BufferedReader(source, BLOCK)  # type: ignore[type-var]
            with self._unpacked(reader, reader.peek(16)[:16]) as blocks:
                start = next(iter(blocks), b"")
        return beginning(start, codec)

    @contextlib.contextmanager
    def _unpacked(self, reader: BinaryIO, start: bytes) -> Iterator[Iterator[bytes]]:
        """Give the content in blocks, decompressed.

        Raises:
            FileRefusedError: The file is of another kind, or its compressed content is broken.
        """
        for magic, (kind, hint) in _MAGIC.items():
            if start.startswith(magic):
                raise FileRefusedError(f"{self.name} is {kind}, not a CSV file.", hint)
        try:
            yield _decompressed(reader, start)
        except (gzip.BadGzipFile, EOFError, zlib.error, zstandard.ZstdError) as error:
            raise FileRefusedError(f"The compressed file is broken ({error}).", "Transfer it again.") from error

    def take_in(
        self,
        folder: Path,
        encoding: str | None,
        on_progress: Callable[[int], None],
        max_bytes: int = MAX_BYTES,
        max_lines: int | None = None,
    ) -> Intake:
        """Read the file, which may be compressed with gzip or Zstandard, into a working file.

        Args:
            folder: Private folder for the working file.
            encoding: Name of a Python codec; detected without it.
            on_progress: Called with the number of bytes read since the last call.
            max_bytes: How large the file may be when unpacked; never more than half of the free disk.
            max_lines: How many lines it may have.

        Raises:
            FileRefusedError: The file can't be read, is binary or too large, changes meanwhile, or is not in the
                encoding.
        """
        codec = None if encoding is None else codec_of(encoding)
        target = folder / "spool.csv"
        with self._opened() as source:
            before = None if self.is_stdin else os.fstat(source.fileno())
            hashed = _Hashed(source, on_progress)
            reader = io.BufferedReader(hashed, BLOCK)
            start = reader.peek(16)[:16]
            most = min(max_bytes, shutil.disk_usage(folder).free // 2)
            with self._unpacked(reader, start) as blocks, target.open("wb") as out:
                out.writelines(_at_most(most, max_lines, blocks))
            while reader.read(BLOCK):  # bytes after the compressed stream belong to the digest too
                pass
            if before is not None and stat.S_ISREG(before.st_mode):
                after = os.fstat(source.fileno())
                was, now = (before.st_size, before.st_mtime_ns), (after.st_size, after.st_mtime_ns)
                if was != now or hashed.size != after.st_size:
                    raise FileRefusedError("The file changed while it was read.", "Load it again when it is complete.")
        decoded, found = decode(target, codec)
        path, marks = with_plain_line_ends(decoded)
        return Intake(
            name=self.name,
            path=path,
            sha256=hashed.digest.hexdigest(),
            size=hashed.size,
            encoding=found,
            has_quotes=b'"' in marks,
            has_nul=b"\x00" in marks,
            has_tab=b"\t" in marks,
            has_separator=b"\x1f" in marks,
            is_ascii=b"\x80" not in marks,
        )

    @contextlib.contextmanager
    def _opened(self) -> Iterator[BinaryIO]:
        if self.is_stdin:
            yield sys.stdin.buffer
            return
        try:
            file = self.path.open("rb")
        except FileNotFoundError as error:
            raise FileRefusedError(f"There is no file {self.name}.", "Check the path.") from error
        except IsADirectoryError as error:
            raise FileRefusedError(f"{self.name} is a folder.", "Give the CSV files in it.") from error
        except PermissionError as error:
            raise FileRefusedError(f"No permission to read {self.name}.", "Give yourself read permission.") from error
        except OSError as error:
            raise FileRefusedError(f"{self.name} can't be opened: {error.strerror}.", "Check the path.") from error
        with file:
            yield file


# --- bytes -----------------------------------------------------------------------------------------------------------


class _Hashed(io.RawIOBase):
    """A file while it is read: every byte goes through the digest."""

    def __init__(self, source: BinaryIO, on_progress: Callable[[int], None]) -> None:
        self.digest = hashlib.sha256()
        self.size = 0
        self._source = source
        self._on_progress = on_progress

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._source.read(len(buffer))
        except OSError as error:
            raise FileRefusedError(f"The file can't be read: {error.strerror}.", "Check its disk.") from error
        buffer[: len(data)] = data
        self.digest.update(data)
        self.size += len(data)
        self._on_progress(len(data))
        return len(data)


def _at_most(most: int, most_lines: int | None, blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield blocks as long as they are not too many: a small archive can unpack to more than the disk holds."""
    size, line_ends = 0, 0
    for block in blocks:
        size += len(block)
        # Lines end with either; those that end with both have one more of each at most.
        line_ends += 0 if most_lines is None else max(block.count(b"\n"), block.count(b"\r"))
        if most_lines is not None and line_ends > most_lines:
            raise FileRefusedError(f"The file has more than {most_lines:,} lines.", "Split it.")
        if size > most:
            raise FileRefusedError(
                f"The file has more than {most / 1e9:,.3g} GB when unpacked.",
                "Split it, or allow more with --max-bytes; half of the free disk is the most.",
            )
        yield block


def _decompressed(file: BinaryIO, start: bytes) -> Iterator[bytes]:
    """Yield the content in blocks.

    Raises:
        EOFError: A compressed file is truncated.
    """
    if start.startswith(b"\x1f\x8b"):
        with gzip.open(file, "rb") as plain:
            yield from iter(lambda: plain.read(BLOCK), b"")
    elif start.startswith(b"\x28\xb5\x2f\xfd"):
        yield from _unpack_zstandard(file)
    else:
        yield from iter(lambda: file.read(BLOCK), b"")


def _unpack_zstandard(file: BinaryIO) -> Iterator[bytes]:
    # Not with the package's own reader of files, which mistakes a truncated file for a complete one.
    frame = None
    # A call returns all that its input unpacks to, at most 32,768 times as much.
    while block := file.read(1 << 10):
        while block:
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            if unpacked := frame.decompress(block):  # nothing until a whole block of the frame was read
                yield unpacked
            block = frame.unused_data if frame.eof else b""
            if frame.eof:
                frame = None
    if frame is not None:
        raise EOFError("it ends too early")
