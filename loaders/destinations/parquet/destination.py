"""Parquet as a destination: a folder with versions of all tables, and a file of DuckDB with the ledger.

The file has the ledger, the quarantine and the history of lines, and the raw tables without a row: these are in Parquet
alone. A load fetches the rows that it may change, changes them by DuckDB's rules and writes the months that they are in
anew. The version with these files is complete on the disk before the load is committed and shown to readers behind
that, so whoever opens the folder next can make up for what did not come to pass between the two.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from loaders.contract.quoting import literal, quoted, quoted_table
from loaders.contract.tables import SYSTEM_COLUMNS, Contract, Table, history_of
from loaders.destinations.duckdb.destination import DuckDb, connected
from loaders.destinations.duckdb.schema import init_schema
from loaders.destinations.duckdb.upsert import count, merge, read_rows
from loaders.destinations.duckdb.values import DUCKDB_TYPES
from loaders.destinations.parquet.versions import Versions
from loaders.errors import DatabaseError
from loaders.reading.scan import Scan

# Not named after a schema: DuckDB could not tell the two apart.
LEDGER_FILE = "ledger.duckdb"
# So Hive calls the partition of rows without a value. As all rows have a month, it is that of a table without rows.
NO_MONTH = "month=__HIVE_DEFAULT_PARTITION__"


@contextmanager
def open_parquet(folder: Path, contract: Contract, *, wait: bool, on_note: Callable[[str], None]) -> Iterator[Parquet]:
    """Open a folder of Parquet for writing; it is made where there is none.

    Args:
        folder: The folder.
        contract: The tables.
        wait: Wait for another loader instead of failing.
        on_note: Called with what a user should know.

    Raises:
        DatabaseError: The folder can't be written to, or another loader works on it and `wait` is false.
    """
    with connected(folder / LEDGER_FILE, wait=wait, on_note=on_note) as connection:
        with _writing(folder):
            # DuckDB keeps so many rows of all months for each thread until it writes them; half a million by itself.
            connection.execute("set partitioned_write_flush_threshold = 20_000")
            connection.execute("create table if not exists published as select 0 as version")
            [version] = connection.execute("from published").fetchone() or (0,)
            destination = Parquet(connection, contract=contract, folder=folder, versions=Versions(folder, version))
        yield destination
        # What the ledger says of loads that never came to their transaction.
        with destination.transaction():
            pass


@dataclass(frozen=True, kw_only=True)
class Parquet(DuckDb):
    """A folder of Parquet that is open for writing; a `Destination`."""

    contract: Contract
    folder: Path
    versions: Versions

    def init_schema(self, contract: Contract) -> list[str]:
        """See `schema.init_schema`; tables are published without rows, and with the columns that are new in them."""
        with self.transaction():
            done = init_schema(self.connection, contract)
            for table in _all_tables(contract):
                if self._published_columns(table) != set(_columns(table)):
                    rows = self._published(table) if table.copied else quoted_table(table)
                    self._write(table, f"from {rows}", [_part(table)])
            return done

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction; behind it, readers see a version with what it changed."""
        with _writing(self.folder):
            is_complete = False
            try:
                with super().transaction():
                    yield
                    self._write_ledger()
                    if self.versions.is_changed:
                        self.versions.complete()
                        self.connection.execute("update published set version = version + 1")
                    is_complete = True
            finally:
                if not is_complete:
                    self.versions.discard()
            if self.versions.is_changed:
                self.versions.publish()

    def upsert(
        self, time_zone: str, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]
    ) -> dict[str, int]:
        """See `upsert.upsert`."""
        incoming = read_rows(self.connection, time_zone, table, scan, load_id, on_bytes)
        name, key = quoted_table(table), quoted(table.key.name)
        # Rows with other keys have no part in the merge.
        self.connection.execute(
            f"insert into {name} by name from {self._published(table)} semi join ({incoming}) using ({key})"
        )
        counts = merge(self.connection, table, incoming, scan, load_id)
        if counts["inserted"] or counts["updated"]:
            self._write_changes(table, load_id)
        self.connection.execute(f"delete from {name}")
        return counts

    # --- files -------------------------------------------------------------------------------------------------------

    def _write_changes(self, table: Table, load_id: int) -> None:
        """Write a raw table anew, or the months of it in which rows of this load are or were."""
        changed = f"(from {quoted_table(table)} where _load_id = {load_id})"
        parts = [_part(table)]
        if table.months_of:
            former = f"(from {quoted_table(history_of(table))} where _replaced_by = {load_id})"
            month = _month(table.months_of)
            found = self.connection.execute(f"select {month} from {changed} union select {month} from {former}")
            parts = [f"{_part(table)}/month={month}" for (month,) in found.fetchall()]
        kept = f"from {self._published(table, parts)} anti join {changed} using ({quoted(table.key.name)})"
        self._write(table, f"{kept} union all by name from {changed}", parts)

    def _write_ledger(self) -> None:
        """Write the tables of the ledger that are not as they are published."""
        for table in _all_tables(self.contract):
            is_written = table.copied or (self.versions.draft / _part(table)).exists()
            if not is_written and not self._is_current(table):
                self._write(table, f"from {quoted_table(table)}", [_part(table)])

    def _is_current(self, table: Table) -> bool:
        published = f"read_parquet({self._files([_part(table)])})"
        # Rows are only added to the quarantine and to history, but a load in the ledger may come to its end.
        return count(self.connection, published) == count(self.connection, quoted_table(table)) and (
            table.name != "loads"
            or count(self.connection, f"(from {quoted_table(table)} except from {self._published(table)})") == 0
        )

    def _published(self, table: Table, parts: list[str] | None = None) -> str:
        """Return the rows of a published table, or of some of its months, as a relation with the table's columns."""
        files = self._files(parts or [_part(table)])
        if not files:
            return f"(from {quoted_table(table)} limit 0)"
        published = self._published_columns(table)
        defaults = {column.name: column.default for column in table.columns if column.default is not None}
        values = [
            f"cast({_value(name, published, defaults)} as {DUCKDB_TYPES[data_type]}) as {quoted(name)}"
            for name, data_type in _columns(table).items()
        ]
        return f"(select {', '.join(values)} from read_parquet({files}, hive_partitioning = false))"

    def _published_columns(self, table: Table) -> set[str]:
        files = self._files([_part(table)])[:1]
        if not files:
            return set()
        found = self.connection.execute(f"select name from parquet_schema({files}) where num_children is null")
        return {name for (name,) in found.fetchall()}

    def _files(self, parts: list[str]) -> list[str]:
        """Return the published files in some folders, as DuckDB takes them for names and not for patterns."""
        found = (file for part in parts for file in (self.versions.path / part).glob("**/*.parquet"))
        return [glob.escape(str(file)) for file in found]

    def _write(self, table: Table, query: str, parts: list[str]) -> None:
        """Write rows of a table into the version in the making.

        Args:
            table: The table.
            query: All rows of those parts.
            parts: Folders of which nothing is taken over from the published version.
        """
        version = self.versions.draft.name
        folder = self.versions.draft / _part(table)
        folder.mkdir(parents=True)
        types = {**DUCKDB_TYPES, "jsonb": "varchar"}
        values = ", ".join(
            f"cast({quoted(name)} as {types[data_type]}) as {quoted(name)}"
            for name, data_type in _columns(table).items()
        )
        options = "format parquet, compression zstd"
        self.versions.replace(*parts)
        if table.months_of:
            self.connection.execute(
                f"copy (select {values}, {_month(table.months_of)} as month from ({query})) to {literal(str(folder))} "
                f"({options}, partition_by (month), filename_pattern 'v{version}_{{i}}')"
            )
            self.versions.replace(f"{_part(table)}/{NO_MONTH}")
            if any(folder.iterdir()):
                return
            folder /= NO_MONTH
            folder.mkdir()
        file = folder / f"v{version}_0.parquet"
        self.connection.execute(f"copy (select {values} from ({query})) to {literal(str(file))} ({options})")


def _all_tables(contract: Contract) -> list[Table]:
    return [*contract.tables, *map(history_of, contract.copied_tables)]


def _part(table: Table) -> str:
    return f"{table.schema}/{table.name}"


def _columns(table: Table) -> dict[str, str]:
    """Return the table's columns with their types, the loader's own included."""
    return {column.name: column.data_type for column in table.columns} | (SYSTEM_COLUMNS if table.copied else {})


def _month(moment: str) -> str:
    # In UTC, as Parquet has moments: it stays what it is when the project's time zone changes.
    return f"strftime({quoted(moment)} at time zone 'UTC', '%Y-%m')"


def _value(name: str, published: set[str], defaults: dict[str, str]) -> str:
    """Return a column of a published file; one that is new in the contract has its default."""
    if name in published:
        return quoted(name)
    return literal(defaults[name]) if name in defaults else "null"


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn failures to write to the folder into a DatabaseError."""
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        what = error.strerror if isinstance(error, OSError) else f"DuckDB raised {type(error).__name__}"
        raise DatabaseError(
            f"{folder} can't be written to: {what}.",
            "Its readers see what they saw before. Make room, or get the right to write there, and try again.",
        ) from error
