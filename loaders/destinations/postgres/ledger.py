"""The ledger of loads and the quarantine of rejected rows in PostgreSQL (schema `loader`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from loaders.contract.quoting import identifier
from loaders.contract.tables import Table, history_of
from loaders.destinations.base import Load, broken_off, no_such_load, reason_of
from loaders.destinations.postgres.connection import Connection
from loaders.errors import DatabaseError, FileRefusedError, LoaderError
from loaders.reading.header import CsvFile
from loaders.reading.rejects import Reject

# An arbitrary number that only this project uses.
_NUMBER_LOCK = 7_205_819_337_403
# Status of an entry that says that a customer was forgotten.
FORGOTTEN = "forgotten"
_COLUMNS = sql.SQL(", ").join(sql.Identifier(field.name) for field in fields(Load))


class PostgresLedger:
    """The ledger in a PostgreSQL database, by a connection in autocommit mode; a `Ledger`."""

    def __init__(self, connection: Connection) -> None:
        """Keep the connection."""
        self._connection = connection

    # --- one loader at a time ----------------------------------------------------------------------------------------

    def lock(self, table: Table, *, wait: bool) -> bool:
        """Take the session's lock on loading into a table; without `wait`, return False if another loader has it."""
        if wait:
            self._connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (table.full_name,))
            return True
        query = "select pg_try_advisory_lock(hashtextextended(%s, 0))"
        row = self._connection.execute(query, (table.full_name,)).fetchone()
        return bool(row and row[0])

    def unlock(self, table: Table) -> None:
        """Release the lock."""
        self._connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", (table.full_name,))

    @contextmanager
    def only_loader(self, table: Table, *, wait: bool, on_note: Callable[[str], None]) -> Iterator[None]:
        """Hold the lock on loading into a table, and report interrupted loads.

        Args:
            table: The raw table.
            wait: Wait for another loader instead of failing.
            on_note: Called with notes for the user.

        Raises:
            DatabaseError: Another loader has the lock.
        """
        # A server process whose client is gone should notice and release the lock.
        self._connection.execute("set client_connection_check_interval = '1s'")
        if not self.lock(table, wait=False):
            busy = f"Another loader is loading into {table.full_name}."
            if not wait:
                raise DatabaseError(busy, "Try again when it is done, or omit --no-wait.")
            on_note(f"{busy} Waiting for it to finish.")
            self.lock(table, wait=True)
        try:
            for load in self.fail_broken():
                on_note(broken_off(load))
            yield
        finally:
            with suppress(psycopg.Error):
                self.unlock(table)

    @contextmanager
    def no_loader(self, tables: Iterable[Table]) -> Iterator[None]:
        """Hold the locks on loading into several tables.

        Raises:
            LoaderError: A loader has one of them.
        """
        locked: list[Table] = []
        try:
            for table in tables:
                if not self.lock(table, wait=False):
                    raise LoaderError(f"A loader is loading into {table.full_name}.", "Try again when it is done.")
                locked.append(table)
            yield
        finally:
            for table in locked:
                with suppress(psycopg.Error):
                    self.unlock(table)

    def fail_broken(self) -> list[Load]:
        """Mark loads of dead loaders as failed, and return them.

        Their transactions died with them, so they left no rows. The lock on its table distinguishes a running load from
        a dead one.
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
        running = "select distinct table_name from loader.loads where status = 'running'"
        lock, unlock = (
            f"select pg_{what}(hashtextextended(%s, 0))" for what in ("try_advisory_lock", "advisory_unlock")
        )
        for name in self._connection.execute(running).fetchall():
            row = self._connection.execute(lock, name).fetchone()
            if row and row[0]:
                with self._connection.cursor(row_factory=class_row(Load)) as cursor:
                    broken += cursor.execute(query, name).fetchall()
                self._connection.execute(unlock, name)
        return sorted(broken, key=lambda load: load.load_id)

    # --- writing -----------------------------------------------------------------------------------------------------

    def start(self, table: Table, file_name: str, undone_load_id: int | None = None) -> int:
        """Record the start of a load or an undo, and return its number.

        Numbers become visible in order: a reader who sees a load sees all lower numbers. So one who has read up to the
        load before the first running one has missed none.
        """
        # One statement, so that an interruption finds either no load or its number.
        row = self._connection.execute(
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

    def describe(self, load_id: int, file: CsvFile) -> None:
        """Add what is known about the file to its load."""
        self._connection.execute(
            "update loader.loads set file_sha256 = %s, bytes = %s, encoding = %s, header = %s where load_id = %s",
            (file.sha256, file.size, file.encoding, file.header_text, load_id),
        )

    def forget(self, load_id: int) -> None:
        """Remove a load that turned out to be unnecessary."""
        self._connection.execute("delete from loader.loads where load_id = %s", (load_id,))

    def refuse_forgotten(self, file: CsvFile) -> None:
        """Refuse a file that would bring a forgotten customer back; it is known by its content, not by the customer.

        Raises:
            FileRefusedError: It is such a file.
        """
        query = "select exists (select from loader.loads where file_sha256 = %s and has_forgotten)"
        row = self._connection.execute(query, (file.sha256,)).fetchone()
        if row and row[0]:
            raise FileRefusedError(
                "The file has lines about a customer who was forgotten (`loader forget`).",
                "Remove these lines from the file, and load it then.",
            )

    def finish(self, load_id: int, status: str, error: str | None = None, **rows: int) -> None:
        """Record the end of a load; a successful one inside its transaction, so that rows and ledger agree."""
        values = {"status": status, "error": error, **{f"rows_{name}": count for name, count in rows.items()}}
        assignments = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in values]
        self._connection.execute(
            sql.SQL("update loader.loads set finished_at = clock_timestamp(), {} where load_id = %(load_id)s").format(
                sql.SQL(", ").join(assignments)
            ),
            {**values, "load_id": load_id},
        )

    def fail(self, load_id: int, error: BaseException) -> None:
        """Record that a load failed, if the connection is still open."""
        if not self._connection.closed:
            with suppress(psycopg.Error):
                self.finish(load_id, "failed", reason_of(error))

    def write_rejects(self, load_id: int, rejects: Iterable[Reject]) -> None:
        """Put rejected rows into quarantine."""
        columns = "load_id, line, column_name, reason, detail, amount, raw_row"
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"copy loader.rejected_rows ({columns}) from stdin") as copy,
        ):
            for reject in rejects:
                detail = reject.detail.replace("\x00", "\\0")
                copy.write_row((load_id, reject.line, reject.column, reject.reason, detail, reject.amount, reject.raw))

    # --- reading -----------------------------------------------------------------------------------------------------

    def find_loaded(self, table: Table, sha256: str, file_name: str) -> Load | None:
        """Return the last load of this content, if loading it again would change nothing; see `Ledger`."""
        loaded = "from loader.loads where table_name = %s and status = 'loaded'"
        with self._connection.cursor(row_factory=class_row(Load)) as cursor:
            query = sql.SQL(f"select {{}} {loaded} and file_sha256 = %s order by load_id desc limit 1").format(_COLUMNS)
            load = cursor.execute(query, (table.full_name, sha256)).fetchone()
        if load is None:
            return None
        query = sql.SQL(
            f"""
            select
                (select file_sha256 {loaded} and file_name = %s order by load_id desc limit 1),
                exists (select from {{}} where _replaced_by > %s and _restored_by is null)
            """
        ).format(identifier(history_of(table)))
        row = self._connection.execute(query, (table.full_name, file_name, load.load_id)).fetchone()
        return load if row and (row[0] == sha256 or not row[1]) else None

    def read_loads(self, limit: int | None = None) -> list[Load]:
        """Return the loads, the newest first."""
        with self._connection.cursor(row_factory=class_row(Load)) as cursor:
            query = sql.SQL("select {} from loader.loads order by load_id desc limit %s").format(_COLUMNS)
            return cursor.execute(query, (limit,)).fetchall()

    def read_load(self, load_id: int | None) -> Load:
        """Return one load; without a number the newest one that has rejected rows.

        Raises:
            LoaderError: There is no such load.
        """
        with self._connection.cursor(row_factory=class_row(Load)) as cursor:
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

    def read_rejects(self, load_id: int, limit: int | None = None) -> Iterator[Reject]:
        """Yield a load's rejected rows in the order of their lines, without keeping all in memory."""
        with self._connection.transaction(), self._connection.cursor(name="rejects") as cursor:
            cursor.itersize = 5_000
            cursor.execute(
                "select line, column_name, reason, coalesce(detail, ''), raw_row, amount::text "
                "from loader.rejected_rows where load_id = %s order by line limit %s",
                (load_id, limit),
            )
            for line, column, reason, detail, raw, amount in cursor:
                yield Reject(line, column, reason, detail, bytes(raw), amount)
