"""Where rows go: what `copy_file` asks of a database, and PostgreSQL's way of doing it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg

from loaders.contract.tables import Contract, Table
from loaders.contract.types import POSTGRES_DIGITS, Digits
from loaders.destinations.postgres import ledger
from loaders.destinations.postgres.ledger import Load
from loaders.destinations.postgres.schema import init_schema
from loaders.destinations.postgres.upsert import upsert
from loaders.errors import DatabaseError, postgres_message
from loaders.reading.header import CsvFile
from loaders.reading.scan import Reject, Scan


class Destination(Protocol):
    """A database with the raw tables and the ledger. What it does outside of `transaction` stays whatever comes."""

    @property
    def digits(self) -> Digits:
        """How many digits of a number it keeps; a row with more is rejected."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What its methods raise when the database refuses or is gone."""

    @property
    def is_gone(self) -> bool:
        """Whether nothing can be written any more."""

    def broken_off(self, file_name: str, error: Exception) -> DatabaseError:
        """Say that the load of a file broke off by one of `errors`, and what to do."""

    def init_schema(self, contract: Contract) -> list[str]:
        """Make the database match the contract; see `schema.init_schema`."""

    def only_loader(self, table: Table, *, wait: bool, on_note: Callable[[str], None]) -> AbstractContextManager[None]:
        """Keep other loaders off the table; see `ledger.only_loader`."""

    def find_loaded(self, table: Table, sha256: str) -> Load | None:
        """Return the last load that put this content into the table, if any."""

    def start_load(self, table: Table, file_name: str) -> int:
        """Write a load that begins into the ledger and return its number."""

    def describe_load(self, load_id: int, file: CsvFile) -> None:
        """Add what is known of the file to its load."""

    def forget_load(self, load_id: int) -> None:
        """Take a load that turned out to be none off the ledger."""

    def finish_load(self, load_id: int, status: str, error: str | None = None, **rows: int) -> None:
        """Write the end of a load; see `ledger.finish_load`."""

    def transaction(self) -> AbstractContextManager[object]:
        """Open the transaction that the rows and the end of a load stand or fall with."""

    def upsert(
        self, time_zone: str, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]
    ) -> dict[str, int]:
        """Bring good rows into their table inside a transaction; see `upsert.upsert`."""

    def write_rejects(self, load_id: int, rejects: Iterable[Reject]) -> None:
        """Put rejected rows into quarantine."""

    def read_loads(self, limit: int | None = None) -> list[Load]:
        """Return the loads, the newest first."""

    def read_load(self, load_id: int | None) -> Load:
        """Return one load; see `ledger.read_load`."""

    def read_rejects(self, load_id: int, limit: int | None = None) -> Iterator[Reject]:
        """Yield a load's rejected rows in the order of their lines."""


@dataclass(frozen=True)
class Postgres:
    """PostgreSQL, by a connection in autocommit mode."""

    connection: psycopg.Connection[Any]
    digits: Digits = POSTGRES_DIGITS
    errors: tuple[type[Exception], ...] = (psycopg.Error,)

    @property
    def is_gone(self) -> bool:
        """Whether the connection is closed."""
        return self.connection.closed

    def broken_off(self, file_name: str, error: Exception) -> DatabaseError:
        """Say what PostgreSQL says, without any value of a row."""
        assert isinstance(error, psycopg.Error)
        return DatabaseError(f"The load of {file_name} broke off: {postgres_message(error)}.", _next_step(error))

    def init_schema(self, contract: Contract) -> list[str]:
        """See `schema.init_schema`."""
        return init_schema(self.connection, contract)

    def only_loader(self, table: Table, *, wait: bool, on_note: Callable[[str], None]) -> AbstractContextManager[None]:
        """See `ledger.only_loader`."""
        return ledger.only_loader(self.connection, table, wait=wait, on_note=on_note)

    def find_loaded(self, table: Table, sha256: str) -> Load | None:
        """See `ledger.find_loaded`."""
        return ledger.find_loaded(self.connection, table, sha256)

    def start_load(self, table: Table, file_name: str) -> int:
        """See `ledger.start_load`."""
        return ledger.start_load(self.connection, table, file_name)

    def describe_load(self, load_id: int, file: CsvFile) -> None:
        """See `ledger.describe_load`."""
        ledger.describe_load(self.connection, load_id, file)

    def forget_load(self, load_id: int) -> None:
        """Delete the load."""
        self.connection.execute("delete from loader.loads where load_id = %s", (load_id,))

    def finish_load(self, load_id: int, status: str, error: str | None = None, **rows: int) -> None:
        """See `ledger.finish_load`."""
        ledger.finish_load(self.connection, load_id, status, error, **rows)

    def transaction(self) -> AbstractContextManager[object]:
        """Open a transaction."""
        return self.connection.transaction()

    def upsert(
        self, time_zone: str, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]
    ) -> dict[str, int]:
        """See `upsert.upsert`."""
        return upsert(self.connection, time_zone, table, scan, load_id, on_bytes)

    def write_rejects(self, load_id: int, rejects: Iterable[Reject]) -> None:
        """See `ledger.write_rejects`."""
        ledger.write_rejects(self.connection, load_id, rejects)

    def read_loads(self, limit: int | None = None) -> list[Load]:
        """See `ledger.read_loads`."""
        return ledger.read_loads(self.connection, limit)

    def read_load(self, load_id: int | None) -> Load:
        """See `ledger.read_load`."""
        return ledger.read_load(self.connection, load_id)

    def read_rejects(self, load_id: int, limit: int | None = None) -> Iterator[Reject]:
        """See `ledger.read_rejects`."""
        return ledger.read_rejects(self.connection, load_id, limit)


def _next_step(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.DiskFull):
        return "Nothing of the file is in. Make room on the disk of the database server and load it again."
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "Nothing of the file is in. Load as a member of the role analytics_loader (`loader init --roles`)."
    return "Nothing of the file is in; load it again."
