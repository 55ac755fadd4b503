"""Parquet as a destination: a folder with versions of all tables, and a file of DuckDB with the ledger.

The file has the ledger, the quarantine and the history of lines, and the raw tables without rows: these are only in
Parquet. A load fetches the rows that it may change, changes them by DuckDB's rules and rewrites their months. The
version with these files is complete on disk before the load is committed, and published after that, so the next process
that opens the folder can finish what was interrupted between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from loaders.contract.tables import Contract, Table
from loaders.destinations.base import Changes, outcome
from loaders.destinations.duckdb.connection import explained
from loaders.destinations.duckdb.ledger import DuckDbLedger
from loaders.destinations.duckdb.schema import DUCKDB_DIGITS
from loaders.destinations.parquet.connection import ParquetFolder
from loaders.destinations.parquet.ledger import publish_ledger
from loaders.destinations.parquet.schema import match_schema
from loaders.destinations.parquet.upsert import upsert
from loaders.reading.scan import Scan


class Parquet:
    """A Parquet folder that is open for writing; a `Destination`."""

    digits = DUCKDB_DIGITS

    def __init__(self, folder: ParquetFolder, contract: Contract) -> None:
        """Keep the folder and the tables in it."""
        self.folder = folder
        self.ledger = DuckDbLedger(folder.database)
        self._contract = contract

    def transaction(self) -> AbstractContextManager[None]:
        """Open a transaction; after it, readers see a version with its changes, including the ledger."""
        return self.folder.transaction(partial(publish_ledger, self.folder, self._contract))

    def init_schema(self, contract: Contract) -> list[str]:
        """Make the folder match the contract; return what was done, one sentence each.

        Raises:
            DatabaseError: A table has a column that the contract lacks, or has with another type.
        """
        with self.transaction():
            return match_schema(self.folder, contract)

    @contextmanager
    def loading(
        self,
        table: Table,  # noqa: ARG002
        file_name: str,
        *,
        wait: bool,  # noqa: ARG002
        on_note: Callable[[str], None],
    ) -> Iterator[None]:
        """Report interrupted loads, and why this one fails; the process that opened the folder is the only loader."""
        with explained(file_name):
            self.ledger.fail_broken(on_note)
            yield

    def store(self, load_id: int, table: Table, scan: Scan, on_bytes: Callable[[int], None]) -> Changes:
        """Write rows, rejected rows and the end of a load to the folder, in one transaction."""
        self.ledger.describe(load_id, scan.file)
        with self.transaction():
            changes = Changes() if scan.refusal else upsert(self.folder, table, scan, load_id, on_bytes)
            self.ledger.write_rejects(load_id, scan.rejects())
            self.ledger.finish(load_id, **outcome(scan, changes))
        return changes
