"""Where rows go: what `copy` asks of a destination, and what all destinations share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

import psycopg

from loaders.contract.tables import SYSTEM_COLUMNS, Contract, Table, history_of
from loaders.contract.types import Digits
from loaders.errors import DatabaseError, LoaderError, postgres_message
from loaders.reading.rejects import Reject
from loaders.reading.scan import Scan


@dataclass(frozen=True)
class Load:
    """A row of `loader.loads`."""

    load_id: int
    table_name: str
    file_name: str
    status: str
    started_at: datetime
    finished_at: datetime | None = None
    file_sha256: str | None = None
    bytes: int | None = None
    encoding: str | None = None
    header: str | None = None
    rows_read: int | None = None
    rows_inserted: int | None = None
    rows_updated: int | None = None
    rows_unchanged: int | None = None
    rows_rejected: int | None = None
    rows_removed: int | None = None
    undone_load_id: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class Changes:
    """How many rows a load inserted, updated and found unchanged."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0


class Ledger(Protocol):
    """The ledger of loads, and the quarantine of rejected rows. Whatever is written is committed at once."""

    def find_loaded(self, table: Table, sha256: str, file_name: str) -> Load | None:
        """Return the last load of this content, if loading it again would change nothing.

        It would if later loads replaced rows of the table: Monday's prices that come again on Wednesday must win.
        But a file that is as it was when it was last loaded is the same file, whatever others replaced since.

        Args:
            table: The raw table.
            sha256: Hash of the file.
            file_name: Its name.
        """

    def start(self, table: Table, file_name: str) -> int:
        """Record the start of a load and return its number."""

    def forget(self, load_id: int) -> None:
        """Remove a load that turned out to be unnecessary."""

    def finish(self, load_id: int, status: str, error: str | None = None, **rows: int) -> None:
        """Record the end of a load.

        Args:
            load_id: Number of the load.
            status: `loaded`, `refused` or `failed`.
            error: Why it was refused or failed.
            rows: Counts `read`, `inserted`, `updated`, `unchanged`, `rejected`, `removed`.
        """

    def fail(self, load_id: int, error: BaseException) -> None:
        """Record that a load failed, if the database is still writable."""

    def read_loads(self, limit: int | None = None) -> list[Load]:
        """Return the loads, the newest first."""

    def read_load(self, load_id: int | None) -> Load:
        """Return one load; without a number the newest one that has rejected rows.

        Raises:
            LoaderError: There is no such load.
        """

    def read_rejects(self, load_id: int, limit: int | None = None) -> Iterator[Reject]:
        """Yield a load's rejected rows in the order of their lines."""


class Destination(Protocol):
    """A database with the raw tables and the ledger."""

    @property
    def digits(self) -> Digits:
        """How many digits of a number it keeps; a row with more is rejected."""

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""

    def init_schema(self, contract: Contract) -> list[str]:
        """Make the database match the contract; return what was done, one sentence each.

        Missing schemas, tables and columns are added. Nothing is ever dropped or retyped.

        Raises:
            DatabaseError: A table has a column that the contract lacks, or has with another type.
        """

    def loading(
        self, table: Table, file_name: str, *, wait: bool, on_note: Callable[[str], None]
    ) -> AbstractContextManager[None]:
        """Be the only loader of a table while a file is loaded, and report loads that were interrupted.

        Args:
            table: The raw table.
            file_name: Name of the file, for messages.
            wait: Wait for another loader instead of failing.
            on_note: Called with notes for the user.

        Raises:
            DatabaseError: Another loader works on the table, the database refuses, or it is gone.
        """

    def store(self, load_id: int, table: Table, scan: Scan, on_bytes: Callable[[int], None]) -> Changes:
        """Write a file's good rows to their table and its rejected ones to quarantine, and end its load.

        Everything is written or nothing; for a refused file only the rejected rows. A row with a new key is inserted, a
        changed one is updated, and columns that the file does not have keep their values.

        Args:
            load_id: Number of the load, stored with each row.
            table: The raw table.
            scan: The file's records.
            on_bytes: Called with the number of bytes sent since the last call.
        """


def outcome(scan: Scan, changes: Changes) -> dict[str, Any]:
    """Return the end of a load, as the arguments of `Ledger.finish`."""
    return {
        "status": "refused" if scan.refusal else "loaded",
        "error": scan.refusal.message if scan.refusal else None,
        "read": scan.rows_read,
        "rejected": scan.rows_rejected,
        **asdict(changes),
    }


def reason_of(error: BaseException) -> str:
    """Say why a load failed, for the ledger, without any value of the file."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, psycopg.Error):
        return postgres_message(error)
    return error.message if isinstance(error, LoaderError) else type(error).__name__


def no_such_load(load_id: int | None) -> LoaderError:
    """Return the error that a load is not in the ledger, or, without a number, that none has rejected rows."""
    which = "load with rejected rows" if load_id is None else f"load {load_id}"
    return LoaderError(f"There is no {which}.", "See `loader status`.")


def broken_off(load: Load) -> str:
    """Return the sentence about a load whose loader died."""
    again = "Undo the load again." if load.undone_load_id else "Load the file again."
    return (
        f"Load {load.load_id} ({load.file_name}) broke off on {load.started_at:%Y-%m-%d at %H:%M}. "
        f"No row was loaded; it is marked as failed. {again}"
    )


def renamed(table: Table, found: Collection[str]) -> dict[str, str]:
    """Return the columns that the database still has under a former name: the new name by the former.

    Args:
        table: The table as the contract has it.
        found: The columns in the database.
    """
    names = {column.name for column in table.columns}
    return {
        column.renamed_from: column.name
        for column in table.columns
        if column.renamed_from
        and column.renamed_from in found
        and column.renamed_from not in names
        and column.name not in found
    }


def refuse_drift(table: Table, found: dict[str, str], types: Mapping[str, str] | None = None) -> None:
    """Refuse to continue if a table has a column that the contract lacks, or has with another type.

    Args:
        table: The table as the contract has it.
        found: Name and type of each column in the database, in the contract's terms.
        types: The database's names of the contract's types, where they differ.

    Raises:
        DatabaseError: The table has drifted from the contract; the hint says how to bring it back.
    """
    words = types or {}
    wanted = {column.name: column.data_type for column in table.columns}
    for name, data_type in found.items():
        where = f"{table.full_name}.{name}"
        if name in SYSTEM_COLUMNS:
            continue
        if name not in wanted:
            raise DatabaseError(
                f"{where} is in the database but no longer in the contract.",
                f"Put it back into the sources file, or drop it yourself: {_alter(table, f'drop column {name}')}",
            )
        if wanted[name] != data_type:
            word = words.get(wanted[name], wanted[name])
            change = f"alter column {name} type {word} using {name}::{word}"
            raise DatabaseError(
                f"{where} is {data_type} in the database and {wanted[name]} in the contract.",
                f"Change the contract back, or change the table yourself: {_alter(table, change)}",
            )


def _alter(table: Table, change: str) -> str:
    """Return the statements that change a table, and its history with it."""
    both = (table, history_of(table)) if table.copied else (table,)
    return " ".join(f"alter table {each.full_name} {change};" for each in both)
