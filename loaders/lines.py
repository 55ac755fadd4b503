"""Physical lines of a working file: count them, find blank ones, cut records out, get records back as they stand there.

A working file has line feeds between records (see `csv_source`). Lines are counted from 1, as editors do.
"""

from __future__ import annotations

import itertools
import mmap
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from loaders.csv_source import BLOCK, quoted_field


def count_lines(path: Path) -> int:
    """Return the number of lines; a last one without a line feed counts too."""
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")


def blank_lines(path: Path, delimiter: str) -> list[int]:
    """Return the lines without any character, those inside quoted fields left out."""
    pattern = re.compile(quoted_field(delimiter) + rb"|^\n", re.MULTILINE)
    found: list[int] = []
    line, done = 1, 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        for match in pattern.finditer(content):
            if match[0] == b"\n":
                line += content[done : match.start()].count(b"\n")
                done = match.start()
                found.append(line)
    return found


def cut_out(path: Path, places: Iterable[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
    """Leave blank lines in the place of records and yield first line and bytes of each.

    Args:
        path: The working file; it is replaced when the iteration ends.
        places: Offset and size in bytes of the records, in the order of the file.
    """
    target = path.with_suffix(".cut")
    with path.open("rb") as source, target.open("wb") as out:
        line, done = 1, 0
        for start, size in places:
            line += _copy(source, out, start - done)
            record = source.read(size)
            out.write(b"\n" * record.count(b"\n"))
            yield line, record
            line += record.count(b"\n")
            done = start + size
        _copy(source, out, None)
    target.replace(path)


def read_records(path: Path, places: Iterable[tuple[int, int]]) -> Iterator[bytes]:
    """Yield the bytes of the records that begin at given lines and are so many lines high; lines ascend."""
    with path.open("rb") as file:
        at = 1
        for line, height in places:
            rows = itertools.islice(file, line - at, line - at + height)
            yield b"".join(rows).removesuffix(b"\n")
            at = line + height


def _copy(source: BinaryIO, target: BinaryIO, size: int | None) -> int:
    """Copy so many bytes, or all that is left; return the number of line feeds among them."""
    count = 0
    while size != 0 and (block := source.read(BLOCK if size is None else min(size, BLOCK))):
        target.write(block)
        count += block.count(b"\n")
        size = None if size is None else size - len(block)
    return count
