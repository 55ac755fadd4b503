"""A folder of Parquet files that is open for writing: the tables as readers see them, and the new version."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from loaders.contract.quoting import literal, quoted, quoted_table
from loaders.contract.tables import SYSTEM_COLUMNS, Table
from loaders.destinations.base import renamed
from loaders.destinations.duckdb.connection import connect_duckdb, transaction
from loaders.destinations.duckdb.schema import DUCKDB_TYPES
from loaders.destinations.parquet.versions import Versions
from loaders.errors import DatabaseError

# Not named after a schema: DuckDB could not tell the two apart.
LEDGER_FILE = "ledger.duckdb"
# Hive's name of the partition of rows without a value. As all rows have a month, it is used by tables without rows.
NO_MONTH = "month=__HIVE_DEFAULT_PARTITION__"


class ParquetFolder:
    """The tables in a folder of Parquet files.

    Attributes:
        database: The DuckDB file next to them.
        versions: The versions of the folder.
    """

    def __init__(self, folder: Path, database: duckdb.DuckDBPyConnection, versions: Versions) -> None:
        """Keep the parts."""
        self.database = database
        self.versions = versions
        self._folder = folder

    @contextmanager
    def transaction(self, finish: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Open a transaction; after it, readers see a version with its changes.

        Args:
            finish: Called at the end of the transaction, to write what must be in that version too.
        """
        with writing(self._folder):
            is_complete = False
            try:
                with transaction(self.database):
                    yield
                    finish()
                    if self.versions.is_changed:
                        self.versions.complete()
                        self.database.execute("update published set version = version + 1")
                    is_complete = True
            finally:
                if not is_complete:
                    self.versions.discard()
            if self.versions.is_changed:
                self.versions.publish()

    # --- the published version ---------------------------------------------------------------------------------------

    def published(self, table: Table, parts: list[str] | None = None) -> str:
        """Return the rows of a published table, or of some of its months, as a relation with the table's columns."""
        files = self.files(parts or [part(table)])
        if not files:
            return f"(from {quoted_table(table)} limit 0)"
        published = self.published_columns(table)
        former = {new: name for name, new in renamed(table, published).items()}
        defaults = {column.name: column.default for column in table.columns if column.default is not None}
        given = {name: _value(former.get(name, name), published, defaults) for name in columns(table)}
        values = [
            f"cast({given[name]} as {DUCKDB_TYPES[data_type]}) as {quoted(name)}"
            for name, data_type in columns(table).items()
        ]
        return f"(select {', '.join(values)} from read_parquet({files}, hive_partitioning = false))"

    def published_columns(self, table: Table) -> set[str]:
        """Return the column names of a published table; none if it is not published."""
        files = self.files([part(table)])[:1]
        if not files:
            return set()
        found = self.database.execute(f"select name from parquet_schema({files}) where num_children is null")
        return {name for (name,) in found.fetchall()}

    def files(self, parts: list[str]) -> list[str]:
        """Return the published files in some folders, escaped so that DuckDB doesn't read them as patterns."""
        found = (file for each in parts for file in (self.versions.path / each).glob("**/*.parquet"))
        return [glob.escape(str(file)) for file in found]

    # --- the new version -----------------------------------------------------------------------------------

    def is_written(self, table: Table) -> bool:
        """Return whether a table is already in the new version."""
        return (self.versions.draft / part(table)).exists()

    def write(self, table: Table, query: str, parts: list[str]) -> None:
        """Write rows of a table to the new version.

        Args:
            table: The table.
            query: All rows of those parts.
            parts: Folders that are not carried over from the published version.
        """
        version = self.versions.draft.name
        folder = self.versions.draft / part(table)
        folder.mkdir(parents=True)
        types = {**DUCKDB_TYPES, "jsonb": "varchar"}
        values = ", ".join(
            f"cast({quoted(name)} as {types[data_type]}) as {quoted(name)}"
            for name, data_type in columns(table).items()
        )
        options = "format parquet, compression zstd"
        self.versions.replace(*parts)
        if table.months_of:
            self.database.execute(
                f"copy (select {values}, {month(table.months_of)} as month from ({query})) to {literal(str(folder))} "
                f"({options}, partition_by (month), filename_pattern 'v{version}_{{i}}')"
            )
            self.versions.replace(f"{part(table)}/{NO_MONTH}")
            if any(folder.iterdir()):
                return
            folder /= NO_MONTH
            folder.mkdir()
        file = folder / f"v{version}_0.parquet"
        self.database.execute(f"copy (select {values} from ({query})) to {literal(str(file))} ({options})")


@contextmanager
def connect_parquet(folder: Path, *, wait: bool, on_note: Callable[[str], None]) -> Iterator[ParquetFolder]:
    """Open a Parquet folder for writing; it is created if there is none.

    Args:
        folder: The folder.
        wait: Wait for another loader instead of failing.
        on_note: Called with notes for the user.

    Raises:
        DatabaseError: The folder can't be written to, or another loader works on it and `wait` is false.
    """
    with connect_duckdb(folder / LEDGER_FILE, wait=wait, on_note=on_note) as database:
        with writing(folder):
            # Rows that DuckDB buffers for each thread before it writes them; the default is half a million.
            database.execute("set partitioned_write_flush_threshold = 20_000")
            database.execute("create table if not exists published as select 0 as version")
            [version] = database.execute("from published").fetchone() or (0,)
            opened = ParquetFolder(folder, database, Versions(folder, version))
        yield opened


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn failures to write to the folder into a DatabaseError."""
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        what = error.strerror if isinstance(error, OSError) else f"DuckDB raised {type(error).__name__}"
        raise DatabaseError(
            f"{folder} can't be written to: {what}.",
            "Its readers see the same as before. Free disk space, or get write permission there, and try again.",
        ) from error


def part(table: Table) -> str:
    """Return the folder of a table within a version."""
    return f"{table.schema}/{table.name}"


def columns(table: Table) -> dict[str, str]:
    """Return the table's columns with their types, the loader's own included."""
    return {column.name: column.data_type for column in table.columns} | (SYSTEM_COLUMNS if table.copied else {})


def month(moment: str) -> str:
    """Return the SQL of the month of a moment, in UTC so that the project's time zone does not matter."""
    return f"strftime({quoted(moment)} at time zone 'UTC', '%Y-%m')"


def _value(name: str, published: set[str], defaults: dict[str, str]) -> str:
    """Return a column of a published file; one that is new in the contract has its default."""
    if name in published:
        return quoted(name)
    return literal(defaults[name]) if name in defaults else "null"
