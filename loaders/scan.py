"""Read a CSV file with DuckDB, judge every row, and hand on the good ones.

DuckDB's strict reader puts the records into its table `records` and tells which ones it can't read; those are cut out.
The contract's rules then run over `records` as SQL and fill `rejected`. Nothing is dropped on the way:
`rows_read` = good rows + `rows_rejected`.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import duckdb

from loaders import lines
from loaders.contract import FROM_ROW, Table
from loaders.csv_source import CsvFile
from loaders.errors import FileRefusedError
from loaders.rules import Format, Rule, TableRules, literal, strict_json

MEMORY_LIMIT = "256MB"
# Broken quoting swallows the lines behind it; each round of reading gives back what one broken line has swallowed.
MAX_ROUNDS = 20
BROKEN_QUOTING = "broken_quoting"
_STRUCTURE = {
    "MISSING COLUMNS": ("too_few_fields", "the row has fewer fields than the header"),
    "TOO MANY COLUMNS": ("too_many_fields", "the row has more fields than the header"),
    "UNQUOTED VALUE": (BROKEN_QUOTING, "a quote is opened and not closed, or text follows a closing quote"),
    "INVALID ENCODING": ("invalid_encoding", "bytes that are no text in the file's encoding"),
    "LINE SIZE OVER MAXIMUM": ("line_too_long", "the record is longer than 2 MB"),
}


@dataclass(frozen=True)
class Reject:
    """A rejected record: its first physical line, the contract's column at fault, why, and the bytes in the file."""

    line: int
    column: str | None
    reason: str
    detail: str
    raw: bytes


class Scan:
    """The records of one file, judged.

    Attributes:
        rows_read: Records in the file.
        rows_rejected: Records that break the contract.
        columns: Names of the columns that `stream` delivers, in its order.
        given_columns: Those of them whose values come from the file, not from a default.
    """

    def __init__(self, file: CsvFile, table: Table, form: Format, time_zone: str) -> None:
        """Read and judge the file.

        Raises:
            FileRefusedError: Records can't be told apart in the file.
        """
        self._file = file
        self._rules = TableRules(file, table, form)
        self._unreadable: dict[int, Reject] = {}
        folder = str(file.path.parent)
        self._duckdb = duckdb.connect(
            f"{folder}/scan.duckdb", config={"memory_limit": MEMORY_LIMIT, "temp_directory": folder}
        )
        self._duckdb.execute("set TimeZone = $1", [time_zone])
        self._duckdb.create_function("strict_json", strict_json)
        self._read()
        self._number_lines()
        self._reasons = self._judge()
        self._reject_duplicates(table)
        self._number_repeats(table)
        # A blank line in a file of one column is a record without a value: what was cut out stands there once more.
        counted_twice = len(self._unreadable) if len(file.header) == 1 else 0
        self.rows_read = self._count("records") + len(self._unreadable) - counted_twice
        self.rows_rejected = self._count("rejected") + len(self._unreadable) - counted_twice
        self._values = self._stream_values(table)
        self.columns = tuple(self._values)
        self.given_columns = tuple(name for name in self._values if name in {*self._rules.fields, "_extra"})

    def close(self) -> None:
        """Give back memory and files."""
        self._duckdb.close()

    def rejects(self) -> Iterator[Reject]:
        """Yield the rejected records in the order of their lines."""
        details = " ".join(f"when {number} then {rule.detail}" for number, rule in enumerate(self._reasons))
        judged = self._execute(
            f"""
            select lines.line, lines.height, rejected.rule, case rejected.rule {details} end
            from records
            inner join rejected on rejected.record = records.rowid
            inner join ({self._lines}) as lines on lines.record = records.rowid
            order by lines.line
            """
        ).fetchall()
        judged = [row for row in judged if row[0] not in self._unreadable]
        raws = lines.read_records(self._file.path, [row[:2] for row in judged])
        found = dict(self._unreadable)
        for (line, _, rule, detail), raw in zip(judged, raws, strict=True):
            found[line] = Reject(line, self._reasons[rule].column, self._reasons[rule].reason, detail, raw)
        yield from (found[line] for line in sorted(found))

    @contextlib.contextmanager
    def stream(self, load_id: int) -> Iterator[BinaryIO]:
        """Open the good rows as CSV text for PostgreSQL: nothing between delimiters is NULL, `""` is an empty text.

        Raises:
            FileRefusedError: DuckDB broke off; what was read before is not the whole file.
        """
        values = {**self._values, "_load_id": str(load_id)}
        repeats = "left join repeats on repeats.record = records.rowid" if self._has_repeats else ""
        numbered = (
            "" if self._lines_are_rows else f"inner join ({self._lines}) as lines on lines.record = records.rowid"
        )
        query = f"""
            select {", ".join(f"{value} as {name}" for name, value in values.items())}
            from records
            {numbered}
            {repeats}
            anti join rejected on rejected.record = records.rowid
        """
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

    # --- reading -----------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Fill `records`. What can't be read is cut out, and the file read again, until all that is left can be."""
        for _ in range(MAX_ROUNDS):
            self._read_once()
            places = self._execute(
                """
                select
                    line_byte_position - 1 + length(csv_line) - length(ltrim(csv_line, chr(10))) as start,
                    any_value(strlen(trim(csv_line, chr(10)))) as size,
                    arg_min(error_type, byte_position) as kind
                from reject_errors
                group by start
                order by start
                """
            ).fetchall()
            if not places:
                return
            self._cut_out(places)
        raise FileRefusedError(
            f"Quotes are broken in more than {MAX_ROUNDS} places, so records can't be told apart.",
            f"Look at line {max(self._unreadable)} and how the file was exported.",
        )

    def _read_once(self) -> None:
        names = ", ".join(f"'c{i}': 'varchar'" for i in range(len(self._file.header)))
        self._execute(
            "drop table if exists records; drop table if exists reject_errors; drop table if exists reject_scans"
        )
        try:
            self._execute(
                f"""
                create table records as
                from read_csv(
                    {literal(str(self._file.path))}, columns = {{{names}}}, header = true,
                    delim = {literal(self._file.delimiter)}, quote = '"', escape = '"', new_line = '\\n',
                    nullstr = '', allow_quoted_nulls = false, compression = 'none',
                    auto_detect = false, strict_mode = true, store_rejects = true, rejects_limit = 0
                )
                """
            )
        except duckdb.Error as error:
            raise FileRefusedError(f"This is no CSV: {_first_line(error)}", "Check delimiter and quotes.") from error

    def _cut_out(self, places: list[tuple[int, int, str]]) -> None:
        kinds = [_STRUCTURE.get(kind, ("unreadable", kind.lower())) for _, _, kind in places]
        # A record with a broken quote may have swallowed good ones: only its first line is at fault for sure.
        with self._file.path.open("rb") as file:
            for number, (start, size, _) in enumerate(places):
                if kinds[number][0] == BROKEN_QUOTING:
                    file.seek(start)
                    places[number] = (start, min(size, len(file.readline().removesuffix(b"\n"))), "")
        cut = lines.cut_out(self._file.path, [(start, size) for start, size, _ in places])
        for (reason, detail), (line, raw) in zip(kinds, cut, strict=True):
            self._unreadable[line] = Reject(line, None, reason, detail, raw)

    def _number_lines(self) -> None:
        """Find how a record's number becomes its first physical line and height in lines.

        Where neither blank lines nor line breaks inside fields are, it takes no more than adding a constant.
        """
        first = self._file.first_line
        self._lines_are_rows = lines.count_lines(self._file.path) - first + 1 == self._count("records")
        if self._lines_are_rows:
            self._lines = f"select rowid as record, rowid + {first} as line, 1 as height from records"
            return
        fields = [f"c{i}" for i in range(len(self._file.header))] if self._file.has_quotes else []
        breaks = "".join(f" + coalesce(length({c}) - length(replace({c}, chr(10), '')), 0)" for c in fields)
        blank = lines.blank_lines(self._file.path, self._file.delimiter) if len(self._file.header) > 1 else []
        # Counted without the blank lines before it, the line of the n-th blank line is n less: all records from there
        # on are n lines further down than their own heights tell.
        behind = {line - number: number + 1 for number, line in enumerate(x for x in blank if x >= first)}
        self._execute("create table blanks (line bigint, so_far bigint)")
        if behind:
            columns = [list(behind), list(behind.values())]
            self._execute("insert into blanks select unnest($1), unnest($2)", columns)
        self._execute(
            f"""
            create table lines as
            with heights as (
                select rowid as record, 1{breaks} as height from records
            ),
            stacked as (
                select record, height, {first} + sum(height) over (order by record) - height as line from heights
            )
            select stacked.record, stacked.line + coalesce(blanks.so_far, 0) as line, stacked.height
            from stacked
            asof left join blanks on stacked.line >= blanks.line
            """
        )
        self._lines = "from lines"

    # --- judging -----------------------------------------------------------------------------------------------------

    def _judge(self) -> list[Rule]:
        """Fill `rejected` (record, number of the rule that rejects it) and return the rules."""
        rules = self._rules.rules()
        cases = " ".join(f"when {rule.condition} then {number}" for number, rule in enumerate(rules))
        self._execute(
            f"""
            create table rejected as
            select record, rule
            from (select rowid as record, case {cases} end as rule from records)
            where rule is not null
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
                select records.rowid as record, {self._rules.row_hash()} as hash
                from records
                anti join rejected on rejected.record = records.rowid
                where {f"nullif({given}, '') is null" if given else "true"}
            ),
            repeated as (
                select hash from hashes group by hash having count(*) > 1
            )
            select hashes.record, row_number() over (partition by hashes.hash order by hashes.record) as occurrence
            from hashes
            semi join repeated on repeated.hash = hashes.hash
            """
        )

    def _stream_values(self, table: Table) -> dict[str, str]:
        line = f"records.rowid + {self._file.first_line}" if self._lines_are_rows else "lines.line"
        values = {"_load_id": "0", "_line": line}
        for column in table.columns:
            value = self._rules.value(column)
            if column.derived_from == FROM_ROW:
                derived = f"{self._rules.row_hash()} || '-' || coalesce(repeats.occurrence, 1)"
                value = f"coalesce(nullif({value}, ''), {derived})" if value else derived
            if value is not None:
                values[column.name] = value
        if extra := self._rules.extra():
            values["_extra"] = extra
        return values

    # --- DuckDB ------------------------------------------------------------------------------------------------------

    def _execute(self, query: str, parameters: list[Any] | None = None) -> duckdb.DuckDBPyConnection:
        """Run a query made of the contract's expressions; what stands in files comes in as data alone."""
        return self._duckdb.execute(query, parameters)

    def _count(self, name: str) -> int:
        row = self._execute(f"select count(*) from {name}").fetchone()
        return int(row[0]) if row else 0


def _first_line(error: duckdb.Error) -> str:
    return str(error).split("\n", 1)[0]
