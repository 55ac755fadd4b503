"""DuckDB as a destination: one file with the raw tables and the ledger, for one program at a time.

A DuckDB database belongs to the process that has it open for writing, so there are no locks on tables: that process is
the only loader. Tables have no keys, because only `upsert` writes to them and an index would cost more than it saves;
dbt tests that keys are unique.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb

from loaders.contract.tables import Contract, Table
from loaders.destinations.base import Changes, outcome
from loaders.destinations.duckdb.connection import explained, transaction
from loaders.destinations.duckdb.ledger import DuckDbLedger
from loaders.destinations.duckdb.schema import DUCKDB_DIGITS, match_schema
from loaders.destinations.duckdb.upsert import upsert
from loaders.reading.scan import Scan


class DuckDb:
    """A DuckDB file that is open for writing; a `Destination`."""

    digits = DUCKDB_DIGITS

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Keep the connection."""
        self.connection = connection
        self.ledger = DuckDbLedger(connection)

    def init_schema(self, contract: Contract) -> list[str]:
        """Make the file match the contract; return what was done, one sentence each.

        Raises:
            DatabaseError: A table has a column that the contract lacks, or has with another type.
        """
        with transaction(self.connection):
            return match_schema(self.connection, contract)

    @contextmanager
    def loading(
        self,
        table: Table,  # noqa: ARG002
        file_name: str,
        *,
        wait: bool,  # noqa: ARG002
        on_note: Callable[[str], None],
    ) -> Iterator[None]:
        """Report interrupted loads, and why this one fails; the process that opened the file is the only loader."""
        with explained(file_name):
            self.ledger.fail_broken(on_note)
            yield

    def store(self, load_id: int, table: Table, scan: Scan, on_bytes: Callable[[int], None]) -> Changes:
        """Write rows, rejected rows and the end of a load to the file, in one transaction."""
        self.ledger.describe(load_id, scan.file)
        with transaction(self.connection):
            changes = Changes() if scan.refusal else upsert(self.connection, table, scan, load_id, on_bytes)
            self.ledger.write_rejects(load_id, scan.rejects())
            self.ledger.finish(load_id, **outcome(scan, changes))
        return changes
