"""DuckDB as a destination: one file with the raw tables and the ledger, for one program at a time.

A database of DuckDB belongs to the process that has it open for writing, so there are no locks on tables: whoever has
opened the file is the only loader. Tables have no keys, as `upsert` is all that writes into them and an index would
cost more than it saves; dbt tests that keys are unique.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import duckdb
from duckdb.func import FunctionNullHandling

from loaders.contract.tables import Contract, Table
from loaders.destinations.duckdb.schema import init_schema
from loaders.destinations.duckdb.upsert import is_same_json, merge, read_rows
from loaders.destinations.duckdb.values import DUCKDB_DIGITS, DUCKDB_TYPES
from loaders.destinations.postgres.ledger import Load, no_such_load
from loaders.errors import DatabaseError
from loaders.reading.header import CsvFile
from loaders.reading.interrupt import interruptible
from loaders.reading.scan import Reject, Scan

_WAIT_SECONDS = 0.5
_REJECTS_AT_ONCE = 500
_LOAD_COLUMNS = ", ".join(field.name for field in fields(Load))


@contextmanager
def connected(path: Path, *, wait: bool, on_note: Callable[[str], None]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a file of DuckDB for writing; it is made where there is none.

    Args:
        path: The file.
        wait: Wait for another program that has it open instead of failing.
        on_note: Called with what a user should know.

    Raises:
        DatabaseError: The file can't be opened, or another program has it open and `wait` is false.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"{path.parent} can't be used as a folder: {error.strerror}.", "Name another one."
        ) from error
    is_noted = False
    while True:
        try:
            connection = duckdb.connect(path)
            break
        except duckdb.Error as error:
            if "lock" not in str(error):
                reason = ": permission is denied" if "Permission denied" in str(error) else ""
                raise DatabaseError(
                    f"{path} can't be opened as a file of DuckDB{reason}.", "Name another one."
                ) from error
            busy = f"Another program has {path} open."
            if not wait:
                raise DatabaseError(busy, "Try again when it is done, or leave --no-wait away.") from error
            if not is_noted:
                on_note(f"{busy} Waiting for it to end.")
                is_noted = True
            time.sleep(_WAIT_SECONDS)
    with closing(connection):
        connection.create_function("is_same_json", is_same_json, null_handling=FunctionNullHandling.SPECIAL)
        yield connection


@contextmanager
def open_duckdb(path: Path, *, wait: bool, on_note: Callable[[str], None]) -> Iterator[DuckDb]:
    """Open a file of DuckDB as a destination; see `connected`."""
    with connected(path, wait=wait, on_note=on_note) as connection:
        yield DuckDb(connection)


@dataclass(frozen=True)
class DuckDb:
    """A file of DuckDB that is open for writing; a `Destination`."""

    connection: duckdb.DuckDBPyConnection
    errors: tuple[type[Exception], ...] = (duckdb.Error,)
    digits = DUCKDB_DIGITS
    is_gone = False

    def broken_off(self, file_name: str, error: Exception) -> DatabaseError:
        """Name the kind of error; DuckDB's own messages may show values."""
        return DatabaseError(
            f"The load of {file_name} broke off: DuckDB raised {type(error).__name__}.",
            "Nothing of the file is in. Look at the room on the disk, and load it again.",
        )

    def init_schema(self, contract: Contract) -> list[str]:
        """See `schema.init_schema`."""
        with self.transaction():
            return init_schema(self.connection, contract)

    # --- ledger ------------------------------------------------------------------------------------------------------

    @contextmanager
    def only_loader(self, table: Table, *, wait: bool, on_note: Callable[[str], None]) -> Iterator[None]:  # noqa: ARG002
        """Say which loads have broken off: as nobody else has the file open, all that still run."""
        broken = self.connection.execute(
            """
            update loader.loads
            set status = 'failed', finished_at = $1, error = 'the loader or its connection broke off'
            where status = 'running'
            returning load_id, file_name, started_at
            """,
            [_now()],
        ).fetchall()
        for load_id, file_name, started_at in broken:
            on_note(
                f"Load {load_id} ({file_name}) broke off on {started_at:%Y-%m-%d at %H:%M}. "
                "Nothing of it is in; it is marked as failed. Load the file again."
            )
        yield

    def find_loaded(self, table: Table, sha256: str) -> Load | None:
        """See `ledger.find_loaded`."""
        found = self._read_loads(
            "where table_name = $1 and file_sha256 = $2 and status = 'loaded' order by load_id desc limit 1",
            [table.full_name, sha256],
        )
        return found[0] if found else None

    def read_loads(self, limit: int | None = None) -> list[Load]:
        """See `ledger.read_loads`."""
        return self._read_loads("order by load_id desc limit $1", [limit])

    def _read_loads(self, clauses: str, parameters: list[object]) -> list[Load]:
        rows = self.connection.execute(f"select {_LOAD_COLUMNS} from loader.loads {clauses}", parameters).fetchall()
        return [Load(*row) for row in rows]

    def start_load(self, table: Table, file_name: str) -> int:
        """See `ledger.start_load`."""
        row = self.connection.execute(
            """
            insert into loader.loads (load_id, table_name, file_name, status, started_at)
            values (nextval('loader.load_ids'), $1, $2, 'running', $3)
            returning load_id
            """,
            [table.full_name, file_name, _now()],
        ).fetchone()
        assert row is not None
        return int(row[0])

    def describe_load(self, load_id: int, file: CsvFile) -> None:
        """See `ledger.describe_load`."""
        self.connection.execute(
            "update loader.loads set file_sha256 = $1, bytes = $2, encoding = $3, header = $4 where load_id = $5",
            [file.sha256, file.size, file.encoding, file.header_text, load_id],
        )

    def forget_load(self, load_id: int) -> None:
        """Delete the load."""
        self.connection.execute("delete from loader.loads where load_id = $1", [load_id])

    def finish_load(self, load_id: int, status: str, error: str | None = None, **rows: int) -> None:
        """See `ledger.finish_load`."""
        values: dict[str, object] = {"status": status, "error": error, "finished_at": _now()}
        values |= {f"rows_{name}": count for name, count in rows.items()}
        assignments = ", ".join(f"{name} = ${name}" for name in values)
        # What goes wrong behind the commit must not make a load that is in a failed one.
        self.connection.execute(
            f"update loader.loads set {assignments} where load_id = $load_id and status = 'running'",
            {**values, "load_id": load_id},
        )

    def write_rejects(self, load_id: int, rejects: Iterable[Reject]) -> None:
        """See `ledger.write_rejects`."""
        row = f"(?, ?, ?, ?, ?, try_cast(? as {DUCKDB_TYPES['numeric']}), ?)"
        remaining = iter(rejects)
        while batch := list(islice(remaining, _REJECTS_AT_ONCE)):
            values: list[object] = []
            for reject in batch:
                detail = reject.detail.replace("\x00", "\\0")
                values += [load_id, reject.line, reject.column, reject.reason, detail, reject.amount, reject.raw]
            self.connection.execute(
                "insert into loader.rejected_rows (load_id, line, column_name, reason, detail, amount, raw_row) values "
                + ", ".join([row] * len(batch)),
                values,
            )

    def read_load(self, load_id: int | None) -> Load:
        """See `ledger.read_load`."""
        found = self._read_loads(
            "where case when $1 is null then rows_rejected > 0 else load_id = $1 end order by load_id desc limit 1",
            [load_id],
        )
        if not found:
            raise no_such_load(load_id)
        return found[0]

    def read_rejects(self, load_id: int, limit: int | None = None) -> Iterator[Reject]:
        """See `ledger.read_rejects`."""
        cursor = self.connection.cursor().execute(
            "select line, column_name, reason, coalesce(detail, ''), raw_row, cast(amount as varchar) "
            "from loader.rejected_rows where load_id = $1 order by line limit $2",
            [load_id, limit],
        )
        while row := cursor.fetchone():
            yield Reject(*row)

    # --- rows --------------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction."""
        self.connection.execute("begin")
        try:
            with interruptible(self.connection):
                yield
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")

    def upsert(
        self, time_zone: str, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]
    ) -> dict[str, int]:
        """See `upsert.upsert`."""
        incoming = read_rows(self.connection, time_zone, table, scan, load_id, on_bytes)
        return merge(self.connection, table, incoming, scan, load_id)


def _now() -> str:
    """Return this moment; DuckDB's own is that of the transaction's begin."""
    return datetime.now(UTC).isoformat(sep=" ")
