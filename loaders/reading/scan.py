"""Read a CSV file with DuckDB, judge every row, and hand on the good ones.

The contract's rules run as SQL over the table `records` and fill `rejected`. Nothing is dropped on the way:
`rows_read` = good rows + `rows_rejected`.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import duckdb

from loaders.contract.tables import FROM_ROW, Table
from loaders.contract.types import POSTGRES_DIGITS, Digits, strict_json
from loaders.errors import FileRefusedError
from loaders.reading.grammar import REASONS
from loaders.reading.header import CsvFile
from loaders.reading.interrupt import interruptible
from loaders.reading.records import Records
from loaders.reading.rules import Format, Rule, TableRules

MEMORY_LIMIT = "256MB"
# DuckDB works on 2048 rows at a time, whatever their width.
MEMORY_LIMIT_WIDE = "2GB"


@dataclass(frozen=True)
class Reject:
    """A rejected record: its first physical line, the contract's column at fault, why, and the bytes in the file.

    `amount` is its money as the file writes it, None where it has none or can't be told apart from other fields.
    """

    line: int
    column: str | None
    reason: str
    detail: str
    raw: bytes
    amount: str | None = None


class Scan:
    """The records of one file, judged.

    Attributes:
        rows_read: Records in the file.
        rows_rejected: Records that break the contract.
        folder: Private folder for working files.
        database: DuckDB, which reads and judges.
        columns: Names of the columns that `stream` and `write` deliver, in its order.
        given_columns: Those of them whose values come from the file, not from a default.
    """

    def __init__(
        self, file: CsvFile, table: Table, form: Format, time_zone: str, digits: Digits = POSTGRES_DIGITS
    ) -> None:
        """Read and judge the file.

        Raises:
            FileRefusedError: Records can't be told apart in the file.
        """
        self._rules = TableRules(file, table, form, digits)
        self.folder = file.path.parent
        folder = str(self.folder)
        # In memory, and in the folder what is beyond the limit: a database file costs twice the time.
        self.database = duckdb.connect(
            config={"memory_limit": MEMORY_LIMIT_WIDE if file.is_wide else MEMORY_LIMIT, "temp_directory": folder},
        )
        self.database.execute("set TimeZone = $1", [time_zone])
        self.database.create_function("strict_json", strict_json)
        with interruptible(self.database):
            self._records = Records(file, self.database)
            self._reasons = self._judge()
            self._reject_duplicates(table)
            self._number_repeats(table)
        self.rows_read = self._records.read
        self.rows_rejected = self._count("rejected") + self._records.unreadable
        self._values = self._stream_values(table)
        self.columns = tuple(self._values)
        self.given_columns = tuple(name for name in self._values if name in {*self._rules.fields, "_extra"})

    def close(self) -> None:
        """Give back memory and files."""
        self.database.close()

    def rejects(self) -> Iterator[Reject]:
        """Yield the rejected records in the order of their lines."""
        details = " ".join(f"when {number} then {rule.detail}" for number, rule in enumerate(self._reasons))
        cursor = self.database.cursor().execute(
            f"""
            with lines as (
                {self._records.lines}
            ),
            judged as (
                select
                    lines.line, rejected.rule, null as reason, case rejected.rule {details} end as detail,
                    {self._rules.amount()} as amount,
                    pieces.start, lines.record - pieces.record as number,
                    if(pieces.count = 1, pieces.size, null) as size
                from rejected
                inner join records on records.rowid = rejected.record
                inner join lines on lines.record = rejected.record
                asof inner join (from pieces where reason is null) as pieces on rejected.record >= pieces.record
            )
            from judged
            union all
            select line, null, reason, null, null, start, 0, size from pieces where reason is not null
            order by line
            """
        )
        while found := cursor.fetchmany(1000):
            raws = self._records.raw(row[-3:] for row in found)
            for (line, number, reason, detail, amount, *_), raw in zip(found, raws, strict=True):
                if reason is not None:
                    yield Reject(line, None, reason, REASONS[reason], raw)
                else:
                    rule = self._reasons[number]
                    yield Reject(line, rule.column, rule.reason, detail, raw, amount)

    @contextlib.contextmanager
    def stream(self, load_id: int) -> Iterator[BinaryIO]:
        """Open the good rows as CSV text for PostgreSQL: nothing between delimiters is NULL, `""` is an empty text.

        Raises:
            FileRefusedError: DuckDB broke off; what was read before is not the whole file.
        """
        query = self._good_rows(load_id)
        read_end, write_end = os.pipe()
        failures: list[duckdb.Error] = []

        def write() -> None:
            target = f"/dev/fd/{write_end}"
            try:
                self._execute(
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
        """Write the good rows into a Parquet file, with the texts that `stream` delivers.

        Raises:
            FileRefusedError: DuckDB broke off.
        """
        try:
            self._execute(f"copy ({self._good_rows(load_id)}) to '{path}' (format parquet)")
        except duckdb.Error as error:
            raise FileRefusedError(f"Reading broke off: {_first_line(error)}", "Load the file again.") from error

    def _good_rows(self, load_id: int) -> str:
        values = {**self._values, "_load_id": str(load_id)}
        repeats = "left join repeats on repeats.record = records.rowid" if self._has_repeats else ""
        numbered = (
            ""
            if self._records.in_one_piece
            else f"inner join ({self._records.lines}) as lines on lines.record = records.rowid"
        )
        return f"""
            select {", ".join(f"{value} as {name}" for name, value in values.items())}
            from records
            {numbered}
            {repeats}
            anti join rejected on rejected.record = records.rowid
        """

    # --- judging -----------------------------------------------------------------------------------------------------

    def _judge(self) -> list[Rule]:
        """Fill `rejected` (record, number of the rule that rejects it) and return the rules."""
        rules = self._rules.rules()
        named = ", ".join(f"{expression} as {name}" for name, expression in self._rules.named.items())
        cases = " ".join(f"when {rule.condition} then {number}" for number, rule in enumerate(rules))
        self._execute(
            f"""
            create table rejected as
            with named as (
                select rowid as record, *, {named} from records
            ),
            judged as (
                select record, case {cases} end as rule from named
            )
            from judged where rule is not null
            """
        )
        return rules

    def _reject_duplicates(self, table: Table) -> None:
        """Of the records with one key the last one counts: exports write corrections behind what they correct."""
        key = self._rules.value(table.key)
        if key is None:
            return
        self._reasons.append(Rule("", table.key.name, "duplicate_key", "'a later row of the file has the same key'"))
        self._execute(
            f"""
            insert into rejected
            with keys as (
                select records.rowid as record, nullif({key}, '') as key
                from records
                anti join rejected on rejected.record = records.rowid
            ),
            repeated as (
                select key, max(record) as last from keys where key is not null group by key having count(*) > 1
            )
            select keys.record, {len(self._reasons) - 1}
            from keys
            inner join repeated on repeated.key = keys.key
            where keys.record < repeated.last
            """
        )

    def _number_repeats(self, table: Table) -> None:
        """Number equal rows without a key of their own in the order of the file, so that each gets one."""
        self._has_repeats = table.key.derived_from == FROM_ROW
        if not self._has_repeats:
            return
        given = self._rules.value(table.key)
        self._execute(
            f"""
            create table repeats as
            with hashes as (
                select records.rowid as record, hash({self._rules.row_text()}) as hash
                from records
                anti join rejected on rejected.record = records.rowid
                where {f"nullif({given}, '') is null" if given else "true"}
            ),
            repeated as (
                select hash from hashes group by hash having count(*) > 1
            )
            select
                hashes.record,
                row_number() over (partition by {self._rules.row_text()} order by hashes.record) as occurrence
            from hashes
            semi join repeated on repeated.hash = hashes.hash
            inner join records on records.rowid = hashes.record
            """
        )

    def _stream_values(self, table: Table) -> dict[str, str]:
        line = f"records.rowid + {self._records.first_line}" if self._records.in_one_piece else "lines.line"
        values = {"_load_id": "0", "_line": line}
        for column in table.columns:
            value = self._rules.value(column)
            if column.derived_from == FROM_ROW:
                derived = f"md5({self._rules.row_text()}) || '-' || coalesce(repeats.occurrence, 1)"
                value = f"coalesce(nullif({value}, ''), {derived})" if value else derived
            if value is not None:
                values[column.name] = value
        if extra := self._rules.extra():
            values["_extra"] = extra
        return values

    # --- DuckDB ------------------------------------------------------------------------------------------------------

    def _execute(self, query: str, parameters: list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        """Run a query made of the contract's expressions; what stands in files comes in as data alone."""
        return self.database.execute(query, parameters)

    def _count(self, name: str) -> int:
        row = self._execute(f"select count(*) from {name}").fetchone()
        return int(row[0]) if row else 0


def _first_line(error: duckdb.Error) -> str:
    return str(error).split("\n", 1)[0]
