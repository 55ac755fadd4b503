"""Read a CSV file with DuckDB, check every row, and pass on the good ones.

The contract's rules run as SQL over the table `records` and fill `rejected`. No row is dropped on the way:
`rows_read` = good rows + `rows_rejected`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import duckdb

from loaders.contract.quoting import literal, quoted
from loaders.contract.tables import Reading, Table
from loaders.contract.types import POSTGRES_DIGITS, Digits
from loaders.errors import FileRefusedError
from loaders.reading.header import CsvFile, match_header
from loaders.reading.intake import Given
from loaders.reading.options import Options
from loaders.reading.records import ENOUGH, Records
from loaders.reading.rejects import NOT_REJECTED, Reject, number_repeats, read_rejects, reject_rows, rejected_money
from loaders.reading.rules import TableRules, compile_rules, fields_of
from loaders.reading.values.evidence import find_formats, find_texts
from loaders.reading.workspace import Workspace, interruptible

_log = logging.getLogger(__name__)
# DuckDB processes 2048 rows at a time, whatever their width.
MEMORY_LIMIT, MEMORY_LIMIT_WIDE = "256MB", "2GB"

# Reasons of values that are written in another way, or not what their column is for.
UNREAD = ("invalid_numeric", "invalid_date", "invalid_timestamp")

# A file with more rows is judged by these first: if they show that values are written in another way, the others need
# not be judged as if they were not.
FIRST_ROWS = 10_000

# Called with a phase (`read`, `check`, `copy`) and a number of bytes since the last call.
Progress = Callable[[str, int], None]


def silent(_phase: str, _amount: int) -> None:
    """Show no progress."""


class Scan:
    """The records of one file, checked.

    Attributes:
        file: The file.
        rows_read: Records in the file.
        rows_rejected: Records that break the contract.
        refusal: Why the file may not be loaded, if too many do or too much money is in them.
        notes: How the file was read, for the user.
        time_zone: IANA name of the zone in which timestamps without an offset are read.
        database: The DuckDB connection that reads and checks.
        columns: Names of the columns of `stream` and `write`, in order.
        given_columns: Those whose values come from the file, not from a default.
    """

    def __init__(
        self,
        file: CsvFile,
        table: Table,
        options: Options,
        place: Workspace,
        digits: Digits = POSTGRES_DIGITS,
    ) -> None:
        """Read and check the file.

        Args:
            file: The file.
            table: The raw table.
            options: How to read the file, and how many rejected rows it may have.
            place: Where to work.
            digits: How many digits of a number the destination keeps.

        Raises:
            FileRefusedError: The file's records can't be separated.
        """
        self.file = file
        self.time_zone = place.time_zone
        self.database = place.database
        limit = MEMORY_LIMIT_WIDE if file.is_wide else MEMORY_LIMIT
        self.database.execute(f"drop table if exists records; set memory_limit = '{limit}'")
        with interruptible(self.database):
            self._records = Records(file, self.database, options.max_rejects)
            self._rules, self.notes, rejected = self._judge(table, options, digits)
            self._good = self._rules.rows(NOT_REJECTED if rejected else "")
        self.rows_read = self._records.read
        self.rows_rejected = rejected + self._records.unreadable
        self.refusal = options.max_rejects.refusal(self.rows_rejected, self.rows_read) or self._money_refusal(
            table, options
        )
        self._table = table
        self.columns = tuple(self._stream_values("1"))
        self.given_columns = tuple(name for name in self.columns if name in {*self._rules.headers, "_extra"})

    def close(self) -> None:
        """Release memory."""
        with contextlib.suppress(duckdb.Error):
            # The other tables are small, and the next file replaces them.
            self.database.execute("drop table if exists records")

    def rejects(self) -> Iterator[Reject]:
        """Yield the rejected records in the order of their lines; of a refused file, only as many as show why."""
        if not self.rows_rejected:
            return iter(())
        return islice(read_rejects(self.database, self._records, self._rules), ENOUGH if self.refusal else None)

    @contextlib.contextmanager
    def stream(self, load_id: int) -> Iterator[BinaryIO]:
        """Open the good rows as CSV text for PostgreSQL: nothing between delimiters is NULL, `""` is an empty text.

        Raises:
            FileRefusedError: DuckDB stopped; the file was not read completely.
        """
        query = self._good_rows(load_id)
        read_end, write_end = os.pipe()
        failures: list[duckdb.Error] = []

        def write() -> None:
            target = f"/dev/fd/{write_end}"
            try:
                self.database.execute(
                    f"copy ({query}) to '{target}' (format csv, header false, nullstr '', use_tmp_file false)"
                )
            except duckdb.Error as error:
                failures.append(error)
            finally:
                os.close(write_end)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        try:
            with open(read_end, "rb", buffering=0) as reader:
                yield reader
        finally:
            writer.join()
        if failures:
            raise FileRefusedError(f"Reading broke off: {_first_line(failures[0])}", "Load the file again.")

    def write(self, load_id: int, path: Path) -> None:
        """Write the good rows into a Parquet file, with the same texts as `stream`.

        Raises:
            FileRefusedError: DuckDB stopped.
        """
        try:
            self.database.execute(f"copy ({self._good_rows(load_id)}) to {literal(str(path))} (format parquet)")
        except duckdb.Error as error:
            raise FileRefusedError(f"Reading broke off: {_first_line(error)}", "Load the file again.") from error

    def _judge(self, table: Table, options: Options, digits: Digits) -> tuple[TableRules, tuple[str, ...], int]:
        """Reject rows by the rules; where values do not read plainly, first find out how they are written.

        Returns:
            The rules, how the file was read, and the number of rejected rows.
        """
        fields = fields_of(self.file)
        said = Reading(options.reading.decimal or table.read.decimal, options.reading.dates or table.read.dates)
        formats = find_texts(self.database, self.file, fields, digits)
        rules = compile_rules(self.file, table, formats, digits)
        if said == Reading() and self.file.delimiter != ";":
            is_long = self._records.read > FIRST_ROWS
            if not (is_long and self._rejects(rules, f"where rowid < {FIRST_ROWS}")[1]):
                rejected, unread = self._rejects(rules)
                if not unread:
                    return rules, (*self.file.notes, *formats.said), rejected
        found = find_formats(self.database, self.file, fields, said, formats.texts)
        formats = replace(found, short=formats.short)
        rules = compile_rules(self.file, table, formats, digits)
        rules = self._keep_readings(rules, [f"r_{column}" for column in (*formats.numbers, *formats.moments)])
        return rules, (*self.file.notes, *formats.said), reject_rows(self.database, rules)

    def _keep_readings(self, rules: TableRules, names: list[str]) -> TableRules:
        """Keep values that take long to read in `records`, so that they are read once."""
        for name in names:
            self.database.execute(f"alter table records add column {name} varchar")
            self.database.execute(f"alter table records alter {name} type varchar using {rules.readings[name]}")
        return replace(rules, readings={name: sql for name, sql in rules.readings.items() if name not in names})

    def _rejects(self, rules: TableRules, restriction: str = "") -> tuple[int, int]:
        """Reject rows; return how many, and how many of them because a value can't be read."""
        rejected = reject_rows(self.database, rules, restriction)
        if not rejected:
            return 0, 0
        unread = [i for i, rule in enumerate(rules.rules) if rule.reason in UNREAD]
        return rejected, self._count(f"rejected where list_contains({unread}, rule)")

    def _money_refusal(self, table: Table, options: Options) -> FileRefusedError | None:
        """Return why the file may not be loaded if too much of its money is in rejected rows."""
        if not self.rows_rejected or not set(table.money) & set(self._rules.values):
            return None
        lost, total, unread = rejected_money(self.database, self._rules, table)
        return options.refuse_money(lost, total, unread + self._records.unreadable, self.rows_read)

    def _good_rows(self, load_id: int) -> str:
        occurrence, repeats = self._occurrences()
        values = {**self._stream_values(occurrence), "_load_id": str(load_id)}
        numbered = (
            ""
            if self._records.in_one_piece
            else f"inner join ({self._records.lines}) as lines on lines.record = records.record"
        )
        return f"""
            select {", ".join(f"{value} as {quoted(name)}" for name, value in values.items())}
            from ({self._good}) as records
            {numbered}
            {repeats}
        """

    def _occurrences(self) -> tuple[str, str]:
        """Return the SQL of a row's number among equal rows without a key, and the join or the order that it needs."""
        key, text = self._rules.values.get(self._table.key.name), self._rules.row_text
        keyless = f"nullif({key}, '') is null" if key else "true"
        if text and self._records.read <= FIRST_ROWS:
            occurrence = f"row_number() over (partition by {keyless}, {text} order by records.record)"
            return occurrence, "order by records.record"
        if text and number_repeats(self.database, self._rules, f"select * from ({self._good}) where {keyless}"):
            return "coalesce(repeats.occurrence, 1)", "left join repeats on repeats.record = records.record"
        return "1", ""

    def _stream_values(self, occurrence: str) -> dict[str, str]:
        line = f"records.record + {self._records.first_line}" if self._records.in_one_piece else "lines.line"
        values = {"_load_id": "0", "_line": line}
        for column in self._table.columns:
            value = self._rules.values.get(column.name)
            if column.derived_from_row:
                derived = f"md5({self._rules.row_text}) || '-' || {occurrence}"
                value = f"coalesce(nullif({value}, ''), {derived})" if value else derived
            if value is not None:
                values[column.name] = value
        if self._rules.extra:
            values["_extra"] = self._rules.extra
        return values

    def _count(self, name: str) -> int:
        row = self.database.execute(f"select count(*) from {name}").fetchone()
        return int(row[0]) if row else 0


@contextlib.contextmanager
def scanned(
    given: Given,
    place: Workspace,
    table: Table,
    options: Options,
    digits: Digits = POSTGRES_DIGITS,
    on_progress: Progress = silent,
) -> Iterator[Scan]:
    """Take in a file and check its rows; memory and disk space are released afterwards.

    Args:
        given: The file.
        place: Where to work.
        table: The raw table.
        options: How to read the file, and how many rejected rows it may have.
        digits: How many digits of a number the destination keeps.
        on_progress: Called as the file is read.

    Raises:
        FileRefusedError: The file can't be read, or its header does not fit the table.
        LoaderError: There is no space for working files.
    """
    with place.for_a_file() as folder:
        taken = given.take_in(
            folder,
            options.encoding,
            lambda amount: on_progress("read", amount),
            options.max_bytes,
            options.max_lines,
        )
        _log.info("%s: read %s bytes, as %s", given.name, f"{taken.size:,}", taken.encoding)
        file = match_header(taken, table)
        on_progress("check", 0)
        with (
            contextlib.closing(Scan(file, table, options, place, digits)) as scan,
            interruptible(scan.database),
        ):
            _log.info("%s: judged %s rows, %s rejected", given.name, f"{scan.rows_read:,}", f"{scan.rows_rejected:,}")
            yield scan


def _first_line(error: duckdb.Error) -> str:
    return str(error).split("\n", 1)[0]
