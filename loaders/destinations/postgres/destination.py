"""PostgreSQL as a destination."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

from loaders.contract.tables import Contract, Table
from loaders.contract.types import POSTGRES_DIGITS
from loaders.destinations.base import Changes, outcome
from loaders.destinations.postgres.connection import Connection
from loaders.destinations.postgres.ledger import PostgresLedger
from loaders.destinations.postgres.schema import match_schema
from loaders.destinations.postgres.upsert import upsert
from loaders.errors import DatabaseError, postgres_message
from loaders.reading.scan import Scan


class Postgres:
    """PostgreSQL, by a connection in autocommit mode; a `Destination`."""

    digits = POSTGRES_DIGITS

    def __init__(self, connection: Connection) -> None:
        """Keep the connection."""
        self.connection = connection
        self.ledger = PostgresLedger(connection)

    def init_schema(self, contract: Contract) -> list[str]:
        """Make the database match the contract; return what was done, one sentence each.

        Raises:
            DatabaseError: A table has a column that the contract lacks, or has with another type.
        """
        with self.connection.transaction():
            return match_schema(self.connection, contract)

    @contextmanager
    def loading(self, table: Table, file_name: str, *, wait: bool, on_note: Callable[[str], None]) -> Iterator[None]:
        """Hold the lock on loading into a table, and report PostgreSQL's errors without any value."""
        try:
            with self.ledger.only_loader(table, wait=wait, on_note=on_note):
                yield
        except psycopg.Error as error:
            said = f"The load of {file_name} broke off: {postgres_message(error)}."
            raise DatabaseError(said, _next_step(error)) from error

    def store(self, load_id: int, table: Table, scan: Scan, on_bytes: Callable[[int], None]) -> Changes:
        """Write rows, rejected rows and the end of a load to the database, in one transaction."""
        self.ledger.refuse_forgotten(scan.file)
        self.ledger.describe(load_id, scan.file)
        with self.connection.transaction():
            changes = Changes() if scan.refusal else upsert(self.connection, table, scan, load_id, on_bytes)
            self.ledger.write_rejects(load_id, scan.rejects())
            self.ledger.finish(load_id, **outcome(scan, changes))
        return changes


def _next_step(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.DiskFull):
        return "No row was loaded. Free space on the disk of the database server and load it again."
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "No row was loaded. Load as a member of the role analytics_loader (`loader init --roles`)."
    return "No row was loaded; load the file again."
