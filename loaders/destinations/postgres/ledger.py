"""The ledger of loads and the quarantine of rejected rows (schema `loader`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from loaders.contract.tables import Table
from loaders.errors import DatabaseError, LoaderError, postgres_message
from loaders.reading.header import CsvFile
from loaders.reading.scan import Reject

Connection = psycopg.Connection[Any]
# Any number that only this project uses.
_NUMBER_LOCK = 7_205_819_337_403


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


_COLUMNS = sql.SQL(", ").join(sql.Identifier(field.name) for field in fields(Load))


def lock_table(connection: Connection, table: Table, *, wait: bool) -> bool:
    """Take the session's lock on loading into a table; without `wait`, return False if another loader has it."""
    name = table.full_name
    if wait:
        connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (name,))
        return True
    row = connection.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", (name,)).fetchone()
    return bool(row and row[0])


def unlock_table(connection: Connection, table: Table) -> None:
    """Give the lock back."""
    connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", (table.full_name,))


@contextmanager
def only_loader(connection: Connection, table: Table, *, wait: bool, on_note: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock on loading into a table, and say which loads have broken off.

    Args:
        connection: Connection in autocommit mode.
        table: The raw table.
        wait: Wait for another loader instead of failing.
        on_note: Called with what a user should know.

    Raises:
        DatabaseError: Another loader has the lock.
    """
    # A server that works for a client that is gone should notice, and give the lock back.
    connection.execute("set client_connection_check_interval = '1s'")
    if not lock_table(connection, table, wait=False):
        busy = f"Another loader is loading into {table.full_name}."
        if not wait:
            raise DatabaseError(busy, "Try again when it is done, or leave --no-wait away.")
        on_note(f"{busy} Waiting for it to end.")
        lock_table(connection, table, wait=True)
    try:
        for broken in fail_broken_loads(connection):
            again = "Undo the load again." if broken.undone_load_id else "Load the file again."
            on_note(
                f"Load {broken.load_id} ({broken.file_name}) broke off on {broken.started_at:%Y-%m-%d at %H:%M}. "
                f"Nothing of it is in; it is marked as failed. {again}"
            )
        yield
    finally:
        with suppress(psycopg.Error):
            unlock_table(connection, table)


def fail_broken_loads(connection: Connection) -> list[Load]:
    """Mark as failed what loaders that died have left as running, and return it.

    Nothing of such a load is in: its transaction died with it. A load that runs is told from a dead one by the lock on
    its table.
    """
    broken: list[Load] = []
    query = sql.SQL(
        """
        update loader.loads
        set status = 'failed', finished_at = clock_timestamp(), error = 'the loader or its connection broke off'
        where status = 'running' and table_name = %s
        returning {}
        """
    ).format(_COLUMNS)
    lock, unlock = (f"select pg_{what}(hashtextextended(%s, 0))" for what in ("try_advisory_lock", "advisory_unlock"))
    names = connection.execute("select distinct table_name from loader.loads where status = 'running'").fetchall()
    for name in names:
        row = connection.execute(lock, name).fetchone()
        if row and row[0]:
            with connection.cursor(row_factory=class_row(Load)) as cursor:
                broken += cursor.execute(query, name).fetchall()
            connection.execute(unlock, name)
    return sorted(broken, key=lambda load: load.load_id)


def find_loaded(connection: Connection, table: Table, sha256: str) -> Load | None:
    """Return the last load that put this content into the table, if any."""
    with connection.cursor(row_factory=class_row(Load)) as cursor:
        query = sql.SQL(
            """
            select {} from loader.loads
            where table_name = %s and file_sha256 = %s and status = 'loaded'
            order by load_id desc limit 1
            """
        ).format(_COLUMNS)
        return cursor.execute(query, (table.full_name, sha256)).fetchone()


def start_load(connection: Connection, table: Table, file_name: str, undone_load_id: int | None = None) -> int:
    """Write a load that begins, or the undoing of one, into the ledger and return its number.

    Numbers are seen in their order: whoever sees a load sees all that have lower numbers. So a reader that has read up
    to the load before the first one that still runs has missed none.
    """
    # One statement, so that an interruption finds either no load or its number.
    row = connection.execute(
        """
        with locked as materialized (select pg_advisory_xact_lock(%s))
        insert into loader.loads (table_name, file_name, undone_load_id, status, started_at)
        select %s, %s, cast(%s as bigint), 'running', clock_timestamp() from locked
        returning load_id
        """,
        (_NUMBER_LOCK, table.full_name, file_name, undone_load_id),
    ).fetchone()
    assert row is not None
    return int(row[0])


def describe_load(connection: Connection, load_id: int, file: CsvFile) -> None:
    """Add what is known of the file to its load."""
    connection.execute(
        "update loader.loads set file_sha256 = %s, bytes = %s, encoding = %s, header = %s where load_id = %s",
        (file.sha256, file.size, file.encoding, file.header_text, load_id),
    )


def finish_load(connection: Connection, load_id: int, status: str, error: str | None = None, **rows: int) -> None:
    """Write the end of a load.

    Args:
        connection: The loading transaction for `loaded`, so that rows and ledger agree whatever happens.
        load_id: Number of the load.
        status: `loaded`, `refused` or `failed`.
        error: Why it was refused or failed.
        rows: Counts `read`, `inserted`, `updated`, `unchanged`, `rejected`, `removed`.
    """
    values = {"status": status, "error": error, **{f"rows_{name}": count for name, count in rows.items()}}
    assignments = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in values]
    connection.execute(
        sql.SQL("update loader.loads set finished_at = clock_timestamp(), {} where load_id = %(load_id)s").format(
            sql.SQL(", ").join(assignments)
        ),
        {**values, "load_id": load_id},
    )


def reason_of(error: BaseException) -> str:
    """Say why a load failed, for the ledger, without any value of the file."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, psycopg.Error):
        return postgres_message(error)
    return error.message if isinstance(error, LoaderError) else type(error).__name__


def write_rejects(connection: Connection, load_id: int, rejects: Iterable[Reject]) -> None:
    """Put rejected rows into quarantine."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "copy loader.rejected_rows (load_id, line, column_name, reason, detail, amount, raw_row) from stdin"
        ) as copy,
    ):
        for reject in rejects:
            detail = reject.detail.replace("\x00", "\\0")
            copy.write_row((load_id, reject.line, reject.column, reject.reason, detail, reject.amount, reject.raw))


def read_loads(connection: Connection, limit: int | None = None) -> list[Load]:
    """Return the loads, the newest first."""
    with connection.cursor(row_factory=class_row(Load)) as cursor:
        query = sql.SQL("select {} from loader.loads order by load_id desc limit %s").format(_COLUMNS)
        return cursor.execute(query, (limit,)).fetchall()


def read_load(connection: Connection, load_id: int | None) -> Load:
    """Return one load; without a number the newest one that has rejected rows.

    Raises:
        LoaderError: There is no such load.
    """
    with connection.cursor(row_factory=class_row(Load)) as cursor:
        query = sql.SQL(
            """
            select {} from loader.loads
            where case when %(load_id)s::bigint is null then rows_rejected > 0 else load_id = %(load_id)s end
            order by load_id desc limit 1
            """
        ).format(_COLUMNS)
        load = cursor.execute(query, {"load_id": load_id}).fetchone()
    if load is None:
        raise no_such_load(load_id)
    return load


def no_such_load(load_id: int | None) -> LoaderError:
    """Return the error that a load is not in the ledger, or without a number that none has rejected rows."""
    which = "load with rejected rows" if load_id is None else f"load {load_id}"
    return LoaderError(f"There is no {which}.", "See `loader status`.")


def read_rejects(connection: Connection, load_id: int, limit: int | None = None) -> Iterator[Reject]:
    """Yield a load's rejected rows in the order of their lines, without holding them all."""
    with connection.transaction(), connection.cursor(name="rejects") as cursor:
        cursor.itersize = 5_000
        cursor.execute(
            "select line, column_name, reason, coalesce(detail, ''), raw_row, amount::text from loader.rejected_rows "
            "where load_id = %s order by line limit %s",
            (load_id, limit),
        )
        for line, column, reason, detail, raw, amount in cursor:
            yield Reject(line, column, reason, detail, bytes(raw), amount)
