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
from pathlib import Path
from typing import BinaryIO

import duckdb

from loaders.contract.quoting import literal, quoted
from loaders.contract.tables import Reading, Table
from loaders.contract.types import POSTGRES_DIGITS, Digits, strict_json
from loaders.errors import FileRefusedError
from loaders.project import Project
from loaders.reading.header import CsvFile, match_header
from loaders.reading.intake import Given
from loaders.reading.options import Options
from loaders.reading.records import Records
from loaders.reading.rejects import NOT_REJECTED, Reject, changed_rows, read_rejects, reject_rows
from loaders.reading.rules import DUPLICATE_KEY, REPEATED_HEADER, TableRules, compile_rules, fields_of
from loaders.reading.values.evidence import find_formats, find_texts
from loaders.reading.values.formats import Formats
from loaders.reading.workspace import interruptible, working_folder

_log = logging.getLogger(__name__)
MEMORY_LIMIT = "256MB"
# DuckDB processes 2048 rows at a time, whatever their width.
MEMORY_LIMIT_WIDE = "2GB"

# Reasons of values that are written in another way, or not what their column is for.
UNREAD = ("invalid_numeric", "invalid_date", "invalid_timestamp")

# If these show that values are written in another way, a long file need not be judged as if they were not.
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
        self, file: CsvFile, table: Table, options: Options, time_zone: str, digits: Digits = POSTGRES_DIGITS
    ) -> None:
        """Read and check the file.

        Raises:
            FileRefusedError: The file's records can't be separated.
        """
        self.file = file
        self.time_zone = time_zone
        folder = str(file.path.parent)
        # In memory, spilling into the folder beyond the limit: a database file takes twice the time.
        self.database = duckdb.connect(
            config={"memory_limit": MEMORY_LIMIT_WIDE if file.is_wide else MEMORY_LIMIT, "temp_directory": folder},
        )
        self.database.execute("set TimeZone = $1", [time_zone])
        self.database.create_function("strict_json", strict_json)
        with interruptible(self.database):
            self._records = Records(file, self.database)
            self._rules, self.notes, rejected = self._judge(table, options, digits)
            self._has_repeats = self._number_repeats(self._rules.values.get(table.key.name))
        self.rows_read = self._records.read
        self.rows_rejected = rejected + self._records.unreadable
        self.refusal = options.max_rejects.refusal(self.rows_rejected, self.rows_read) or self._money_refusal(
            table, options
        )
        self._values = self._stream_values(table)
        self.columns = tuple(self._values)
        self.given_columns = tuple(name for name in self._values if name in {*self._rules.headers, "_extra"})

    def close(self) -> None:
        """Release memory and files."""
        self.database.close()

    def rejects(self) -> Iterator[Reject]:
        """Yield the rejected records in the order of their lines."""
        return read_rejects(self.database, self._records, self._rules) if self.rows_rejected else iter(())

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
        formats = Formats(texts=find_texts(self.database, self.file, fields), blanks=self.file.blanks)
        rules = compile_rules(self.file, table, formats, digits)
        if said == Reading() and self.file.delimiter != ";":
            is_long = self._records.read > 10 * FIRST_ROWS
            if not (is_long and self._unread(rules, f"where rowid < {FIRST_ROWS}")) and not self._unread(rules):
                return rules, (*self.file.notes, *formats.said), self._count("rejected")
        formats = find_formats(self.database, self.file, fields, said, formats.texts)
        rules = compile_rules(self.file, table, formats, digits)
        rules = self._keep_readings(rules, [f"r_{column}" for column in (*formats.numbers, *formats.moments)])
        return rules, (*self.file.notes, *formats.said), reject_rows(self.database, rules)

    def _keep_readings(self, rules: TableRules, names: list[str]) -> TableRules:
        """Keep values that take long to read in `records`, so that they are read once."""
        for name in names:
            self.database.execute(f"alter table records add column {name} varchar")
            self.database.execute(f"alter table records alter {name} type varchar using {rules.readings[name]}")
        return replace(rules, readings={name: sql for name, sql in rules.readings.items() if name not in names})

    def _unread(self, rules: TableRules, restriction: str = "") -> int:
        """Reject rows, and return how many have values that can't be read."""
        unread = [i for i, rule in enumerate(rules.rules) if rule.reason in UNREAD]
        rejected = reject_rows(self.database, rules, restriction)
        return rejected and self._count(f"rejected where list_contains({unread}, rule)")

    def _money_refusal(self, table: Table, options: Options) -> FileRefusedError | None:
        """Return why the file may not be loaded if too much of its money is in rejected rows."""
        if not self.rows_rejected or not set(table.money) & set(self._rules.values):
            return None
        harmless = [i for i, rule in enumerate(self._rules.rules) if rule.reason in (DUPLICATE_KEY, REPEATED_HEADER)]
        amounts = [i for i, rule in enumerate(self._rules.rules) if rule.column in table.money]
        row = self.database.execute(
            f"""
            with moneys as (
                select try_cast({self._rules.money} as decimal(38, 6)) as money, rejected.rule
                from ({self._rules.rows()}) as records left join rejected on rejected.record = records.record
            ),
            accepted as (
                select coalesce(sum(money), 0) as net, coalesce(sum(abs(money)), 0) as total
                from moneys where rule is null
            )
            select
                max(accepted.total),
                -- A row that repeats the total of all others is a sum below the table, and no money is lost with it.
                coalesce(sum(abs(money)) filter (
                    rule is not null and not list_contains($1, rule) and money <> accepted.net
                ), 0),
                count(*) filter (money is null and list_contains($2, rule))
            from moneys, accepted
            """,
            [harmless, amounts],
        ).fetchone()
        accepted, lost, unread = row or (0, 0, 0)
        return options.refuse_money(lost, accepted + lost, unread + self._records.unreadable, self.rows_read)

    def _good_rows(self, load_id: int) -> str:
        values = {**self._values, "_load_id": str(load_id)}
        repeats = "left join repeats on repeats.record = records.record" if self._has_repeats else ""
        numbered = (
            ""
            if self._records.in_one_piece
            else f"inner join ({self._records.lines}) as lines on lines.record = records.record"
        )
        return f"""
            select {", ".join(f"{value} as {quoted(name)}" for name, value in values.items())}
            from ({self._rules.rows(NOT_REJECTED if self.rows_rejected else "")}) as records
            {numbered}
            {repeats}
        """

    def _number_repeats(self, given: str | None) -> bool:
        """Number equal rows without a key in the order of the file, so that each gets its own.

        Args:
            given: SQL of the file's key, if it has one.

        Returns:
            Whether there are any; only then there is a table `repeats`.
        """
        if self._rules.row_text is None:
            return False
        keyless = f"nullif({given}, '') is null" if given else "true"
        rows = f"select * from ({self._rules.rows(NOT_REJECTED)}) where {keyless}"
        hashes = f"select {self._rules.row_hash} as hash from ({rows}) group by hash having count(*) > 1"
        # Few rows are repeated, and the content of the others is not needed.
        if not changed_rows(self.database, f"create or replace table repeated as {hashes}"):
            return False
        self.database.execute(
            f"""
            create or replace table repeats as
            select record, row_number() over (partition by {self._rules.row_text} order by record) as occurrence
            from ({rows})
            where {self._rules.row_hash} in (from repeated)
            """
        )
        return True

    def _stream_values(self, table: Table) -> dict[str, str]:
        line = f"records.record + {self._records.first_line}" if self._records.in_one_piece else "lines.line"
        values = {"_load_id": "0", "_line": line}
        for column in table.columns:
            value = self._rules.values.get(column.name)
            if column.derived_from_row:
                occurrence = "coalesce(repeats.occurrence, 1)" if self._has_repeats else "1"
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
    project: Project,
    table: Table,
    options: Options,
    digits: Digits = POSTGRES_DIGITS,
    on_progress: Progress = silent,
) -> Iterator[Scan]:
    """Take in a file and check its rows; memory and disk space are released afterwards.

    Args:
        given: The file.
        project: The dbt project, for its time zone and its folder for working files.
        table: The raw table.
        options: How to read the file, and how many rejected rows it may have.
        digits: How many digits of a number the destination keeps.
        on_progress: Called as the file is read.

    Raises:
        FileRefusedError: The file can't be read, or its header does not fit the table.
        LoaderError: There is no space for working files.
    """
    with working_folder(project) as folder:
        taken = given.take_in(folder, options.encoding, lambda amount: on_progress("read", amount), options.max_bytes)
        _log.info("%s: read %s bytes, as %s", given.name, f"{taken.size:,}", taken.encoding)
        file = match_header(taken, table)
        on_progress("check", 0)
        with (
            contextlib.closing(Scan(file, table, options, project.time_zone, digits)) as scan,
            interruptible(scan.database),
        ):
            _log.info("%s: judged %s rows, %s rejected", given.name, f"{scan.rows_read:,}", f"{scan.rows_rejected:,}")
            yield scan


def _first_line(error: duckdb.Error) -> str:
    return str(error).split("\n", 1)[0]
