"""The records of a CSV file as DuckDB's table `records`, and the place of each record in the file.

DuckDB reads a file directly if it has no quotes and the same number of delimiters in every line. Any other file is cut
into records first (see `grammar`), and DuckDB reads the valid ones.
"""

from __future__ import annotations

import csv
import json
import mmap
from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from loaders.errors import LoaderError
from loaders.reading.encoding import BLOCK
from loaders.reading.grammar import LONGEST_RECORD, Grammar, cut
from loaders.reading.header import CsvFile
from loaders.reading.options import Limit

# Rejected records that show what is wrong with a file that is refused; there may be millions.
ENOUGH = 10_000
# Bytes of the file that may stay in memory after they have been read.
_KEPT = 32 << 20


class Records:
    """Fills two tables: `records` (fields `c0`, `c1`, … in the order of the file) and `pieces` (see `grammar.Piece`).

    Attributes:
        read: Number of records in the file.
        unreadable: Number of those that are not in `records`, but in `pieces` with a reason.
        first_line: Physical line after the header.
        in_one_piece: Whether record n is on line n after the header.
    """

    def __init__(self, file: CsvFile, database: duckdb.DuckDBPyConnection, limit: Limit | None = None) -> None:
        """Read the file, up to the record at which it has more unreadable ones than it may have in all.

        Args:
            file: The file.
            database: Where to make the tables.
            limit: How many records may be rejected; any number without it.

        Raises:
            LoaderError: DuckDB reads the cut records differently.
        """
        self._file = file
        self.first_line = file.first_line
        self._database = database
        self._limit = limit
        known = sum(column is not None for column in file.columns)
        width = known + 1 if file.is_wide else len(file.header)
        self._names = ", ".join(f"'c{i}': 'varchar'" for i in range(width))
        self.read, self.unreadable, self.in_one_piece = self._read_as_it_stands(), 0, True
        if self.read < 0:
            self._read_cut()
            self._count_pieces()

    def _count_pieces(self) -> None:
        row = self._database.execute(
            """
            select
                coalesce(sum(count), 0),
                coalesce(sum(count) filter (reason is not null), 0),
                count(*) filter (reason is null and line - record <> $1)
            from pieces
            """,
            [self.first_line],
        ).fetchone()
        assert row is not None
        self.read, self.unreadable = int(row[0]), int(row[1])
        self.in_one_piece = not row[2]

    @property
    def lines(self) -> str:
        """The query that gives each record its physical line (columns `record`, `line`)."""
        if self.in_one_piece:
            return f"select rowid as record, rowid + {self._file.first_line} as line from records"
        return """
            select records.rowid as record, pieces.line + records.rowid - pieces.record as line
            from records
            asof inner join (from pieces where reason is null) as pieces on records.rowid >= pieces.record
        """

    def raw(self, places: Iterable[tuple[int, int, int | None]]) -> Iterator[bytes]:
        """Yield records as in the file.

        Args:
            places: Offset of the piece, number of the record within it, and size if it is the only one.
        """
        with self._file.path.open("rb") as file:
            piece, done = -1, 0
            for start, number, size in places:
                if size is not None:
                    file.seek(start)
                    yield file.read(size)
                    piece = -1
                    continue
                if piece != start or done > number:
                    file.seek(start)
                    piece, done = start, 0
                for _ in range(number - done):
                    file.readline()
                yield file.readline().removesuffix(b"\n").removesuffix(b"\r")
                done = number + 1

    def _read_as_it_stands(self) -> int:
        """Let DuckDB read the file directly; return the number of records, -1 if the result might be wrong."""
        file = self._file
        if file.has_quotes or file.is_wide or file.first_line != 2:
            return -1
        lines, delimiters, last = 0, 0, b""
        with file.path.open("rb") as opened:
            while block := opened.read(BLOCK):
                if b"\n\n" in block or (last == b"\n" and block.startswith(b"\n")):
                    return -1
                lines += block.count(b"\n")
                delimiters += block.count(file.delimiter.encode())
                last = block[-1:]
        lines += last != b"\n"
        size = file.path.stat().st_size - file.first_byte - (last == b"\n")
        if delimiters != lines * (len(file.header) - 1):
            return -1
        if self._load(str(file.path), "header = true", LONGEST_RECORD - 1) != lines - 1:
            return -1
        self._database.execute(
            """
            create or replace table pieces as
            select 0 as record, $1 as line, $2 as start, $3 as size, $4 as count, null::varchar as reason
            """,
            [file.first_line, file.first_byte, size, lines - 1],
        )
        return lines - 1

    def _read_cut(self) -> None:
        """Cut the file into records, write the valid ones into a file of their own, and let DuckDB read that."""
        file = self._file
        target, index = file.path.with_name("sound.csv"), file.path.with_name("pieces.csv")
        record, unreadable, lines = 0, 0, 0
        with target.open("wb") as out, index.open("w", encoding="ascii", newline="") as listed:
            write = csv.writer(listed).writerow
            with file.path.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
                grammar = Grammar(file.delimiter, len(file.header))
                pack = Packer(file, grammar).pack if file.is_wide else None
                read = 0
                for piece in cut(content, file.first_byte, file.first_line, grammar):
                    if piece.start - read > _KEPT:
                        read = piece.start // mmap.PAGESIZE * mmap.PAGESIZE
                        content.madvise(mmap.MADV_DONTNEED, 0, read)
                    write((record, piece.line, piece.start, piece.size, piece.count, piece.reason or ""))
                    if piece.clean is not None:
                        out.write(pack(piece.clean, piece.count) if pack else piece.clean)
                        record += piece.count
                        continue
                    unreadable += piece.count
                    if self._limit and unreadable > ENOUGH:
                        lines = lines or _count_lines(file.path)
                        if self._limit.refusal(unreadable, lines):
                            break
        self._database.execute(
            """
            create or replace table pieces as
            from read_csv(
                $1,
                columns = {
                    'record': 'bigint', 'line': 'bigint', 'start': 'bigint', 'size': 'bigint', 'count': 'bigint',
                    'reason': 'varchar'
                },
                header = false, auto_detect = false, delim = ','
            )
            """,
            [str(index)],
        )
        for parallel in ("true", "false"):
            if self._load(str(target), f"header = false, parallel = {parallel}", 2 * LONGEST_RECORD) == record:
                target.unlink()
                index.unlink()
                return
        raise LoaderError("The file is read in two ways that don't agree.", "Report this.")

    def _load(self, path: str, options: str, longest: int) -> int:
        """Fill `records` from a file and return their number, -1 if a record can't be read."""
        run = self._database.execute
        try:
            row = run(
                f"""
                create or replace table records as
                from read_csv(
                    $1, columns = {{{self._names}}}, {options}, delim = $2, quote = '"', escape = '"',
                    new_line = '\\n', nullstr = '', allow_quoted_nulls = false, compression = 'none',
                    auto_detect = false, strict_mode = true, store_rejects = true, rejects_limit = 1,
                    max_line_size = {longest}
                )
                """,
                [path, self._file.delimiter],
            ).fetchone()
            if row and not run("from reject_errors limit 1").fetchone():
                return int(row[0])
        except duckdb.InvalidInputException:
            pass
        run("drop table if exists reject_errors; drop table if exists reject_scans")
        return -1


def _count_lines(path: Path) -> int:
    """Return how many lines a file has, or a few more."""
    count = 1
    with path.open("rb") as opened:
        while block := opened.read(BLOCK):
            count += block.count(b"\n") + block.count(b"\r") - block.count(b"\r\n")
    return count


# --- very many columns ------------------------------------------------------------------------------------------------


class Packer:
    """Rewrites valid records: first the known fields, in the order of the file, then one JSON field with all others.

    DuckDB keeps thousands of values for each column at once, which takes gigabytes for thousands of columns.
    """

    def __init__(self, file: CsvFile, grammar: Grammar) -> None:
        """Sort the fields into known and unknown ones."""
        self._grammar = grammar
        self._known = [i for i, column in enumerate(file.columns) if column]
        self._unknown = [
            (name, i) for i, (name, column) in enumerate(zip(file.header, file.columns, strict=True)) if not column
        ]

    def pack(self, records: bytes, count: int) -> bytes:
        """Return rewritten records; if there are several, each is on one line."""
        lines = records.split(b"\n")[:-1] if count > 1 else [records[:-1]]
        return b"".join(self._packed(line) for line in lines)

    def _packed(self, record: bytes) -> bytes:
        if b'"' in record:
            fields = [field[0] for field in self._grammar.split(record, 0)[1]]
        else:
            fields = record.split(self._grammar.comma)
        extra = {name: _value(fields[i]) for name, i in self._unknown}
        # JSON would hide a NUL byte, for which the row must be rejected.
        has_nul = any(b"\x00" in fields[i] for _, i in self._unknown)
        text = "\x00" if has_nul else json.dumps(extra, ensure_ascii=False).replace('"', '""')
        return self._grammar.comma.join([*(fields[i] for i in self._known), f'"{text}"'.encode()]) + b"\n"


def _value(field: bytes) -> str | None:
    if not field:
        return None
    text = field.decode("utf-8")
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
