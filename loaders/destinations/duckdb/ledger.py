"""The ledger of loads and the quarantine of rejected rows in a DuckDB file (schema `loader`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from itertools import islice

import duckdb

from loaders.contract.quoting import quoted_table
from loaders.contract.tables import Table, history_of
from loaders.destinations.base import Load, broken_off, no_such_load, reason_of
from loaders.destinations.duckdb.schema import DUCKDB_TYPES
from loaders.reading.header import CsvFile
from loaders.reading.rejects import Reject

_REJECTS_AT_ONCE = 500
_COLUMNS = ", ".join(field.name for field in fields(Load))


class DuckDbLedger:
    """The ledger in a DuckDB file that is open for writing; a `Ledger`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Keep the connection."""
        self._connection = connection

    def fail_broken(self, on_note: Callable[[str], None]) -> None:
        """Mark interrupted loads as failed, and report them: all that are running, as nobody else has the file open."""
        rows = self._connection.execute(
            f"""
            update loader.loads
            set status = 'failed', finished_at = $1, error = 'the loader or its connection broke off'
            where status = 'running'
            returning {_COLUMNS}
            """,
            [_now()],
        ).fetchall()
        for row in rows:
            on_note(broken_off(Load(*row)))

    # --- writing -----------------------------------------------------------------------------------------------------

    def start(self, table: Table, file_name: str) -> int:
        """Record the start of a load and return its number."""
        row = self._connection.execute(
            """
            insert into loader.loads (load_id, table_name, file_name, status, started_at)
            values (nextval('loader.load_ids'), $1, $2, 'running', $3)
            returning load_id
            """,
            [table.full_name, file_name, _now()],
        ).fetchone()
        assert row is not None
        return int(row[0])

    def describe(self, load_id: int, file: CsvFile) -> None:
        """Add what is known about the file to its load."""
        self._connection.execute(
            "update loader.loads set file_sha256 = $1, bytes = $2, encoding = $3, header = $4 where load_id = $5",
            [file.sha256, file.size, file.encoding, file.header_text, load_id],
        )

    def forget(self, load_id: int) -> None:
        """Remove a load that turned out to be unnecessary."""
        self._connection.execute("delete from loader.loads where load_id = $1", [load_id])

    def finish(self, load_id: int, status: str, error: str | None = None, **rows: int) -> None:
        """Record the end of a load."""
        values: dict[str, object] = {"status": status, "error": error, "finished_at": _now()}
        values |= {f"rows_{name}": count for name, count in rows.items()}
        assignments = ", ".join(f"{name} = ${name}" for name in values)
        # An error after the commit must not mark a completed load as failed.
        self._connection.execute(
            f"update loader.loads set {assignments} where load_id = $load_id and status = 'running'",
            {**values, "load_id": load_id},
        )

    def fail(self, load_id: int, error: BaseException) -> None:
        """Record that a load failed, if the file is still writable."""
        with suppress(duckdb.Error):
            self.finish(load_id, "failed", reason_of(error))

    def write_rejects(self, load_id: int, rejects: Iterable[Reject]) -> None:
        """Put rejected rows into quarantine."""
        row = f"(?, ?, ?, ?, ?, try_cast(? as {DUCKDB_TYPES['numeric']}), ?)"
        remaining = iter(rejects)
        while batch := list(islice(remaining, _REJECTS_AT_ONCE)):
            values: list[object] = []
            for reject in batch:
                detail = reject.detail.replace("\x00", "\\0")
                values += [load_id, reject.line, reject.column, reject.reason, detail, reject.amount, reject.raw]
            self._connection.execute(
                "insert into loader.rejected_rows (load_id, line, column_name, reason, detail, amount, raw_row) values "
                + ", ".join([row] * len(batch)),
                values,
            )

    # --- reading -----------------------------------------------------------------------------------------------------

    def find_loaded(self, table: Table, sha256: str, file_name: str) -> Load | None:
        """Return the last load of this content, if loading it again would change nothing; see `Ledger`."""
        last = "and status = 'loaded' order by load_id desc limit 1"
        found = self._read(f"where table_name = $1 and file_sha256 = $2 {last}", [table.full_name, sha256])
        if not found:
            return None
        same = self._read(f"where table_name = $1 and file_name = $2 {last}", [table.full_name, file_name])
        replaced = f"select 1 from {quoted_table(history_of(table))} where _replaced_by > $1 and _restored_by is null"
        if same and same[0].file_sha256 == sha256:
            return found[0]
        return None if self._connection.execute(replaced, [found[0].load_id]).fetchone() else found[0]

    def read_loads(self, limit: int | None = None) -> list[Load]:
        """Return the loads, the newest first."""
        return self._read("order by load_id desc limit $1", [limit])

    def read_load(self, load_id: int | None) -> Load:
        """Return one load; without a number the newest one that has rejected rows.

        Raises:
            LoaderError: There is no such load.
        """
        found = self._read(
            "where case when $1 is null then rows_rejected > 0 else load_id = $1 end order by load_id desc limit 1",
            [load_id],
        )
        if not found:
            raise no_such_load(load_id)
        return found[0]

    def read_rejects(self, load_id: int, limit: int | None = None) -> Iterator[Reject]:
        """Yield a load's rejected rows in the order of their lines."""
        cursor = self._connection.cursor().execute(
            "select line, column_name, reason, coalesce(detail, ''), raw_row, cast(amount as varchar) "
            "from loader.rejected_rows where load_id = $1 order by line limit $2",
            [load_id, limit],
        )
        while row := cursor.fetchone():
            yield Reject(*row)

    def _read(self, clauses: str, parameters: list[object]) -> list[Load]:
        rows = self._connection.execute(f"select {_COLUMNS} from loader.loads {clauses}", parameters).fetchall()
        return [Load(*row) for row in rows]


def _now() -> str:
    """Return the current time; DuckDB's own is the start of the transaction."""
    return datetime.now(UTC).isoformat(sep=" ")
