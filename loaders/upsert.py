"""Bring the good rows of a scanned file into their raw table, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg import sql

from loaders.contract import Table
from loaders.errors import LoaderError
from loaders.scan import Scan
from loaders.schema import primary_key_name, qualified

# Blocks of this size reach the speed of psql's \copy; smaller ones cost calls, larger ones gain nothing.
COPY_BLOCK = 1 << 18
# Room for the hash table that incoming rows meet the existing ones in; PostgreSQL takes up to twice as much for it.
JOIN_MEMORY = "128MB"
# From so many rows on it is worth asking whether most of the table changes.
MANY_ROWS = 100_000
SAMPLE_ROWS = 10_000

Connection = psycopg.Connection[Any]


def upsert(
    connection: Connection, time_zone: str, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]
) -> dict[str, int]:
    """Insert rows whose key is new and update those that say something else now; leave equal ones untouched.

    Columns that the file does not have keep their values.

    Args:
        connection: Connection inside the transaction that the load stands or falls with.
        time_zone: Zone of timestamps without an offset.
        table: The raw table.
        scan: The file's records.
        load_id: Number of the load, stored with each row.
        on_bytes: Called with the number of bytes sent since the last call.

    Returns:
        How many rows were `inserted`, `updated` and `unchanged`.
    """
    connection.execute("select set_config('timezone', %s, true)", (time_zone,))
    connection.execute("set local datestyle = 'ISO, YMD'")
    expected = scan.rows_read - scan.rows_rejected
    if _is_empty(connection, table):
        _fill(connection, table, scan, load_id, on_bytes)
        return {"inserted": expected, "updated": 0, "unchanged": 0}
    connection.execute(
        sql.SQL("create temporary table incoming (like {} including defaults) on commit drop").format(qualified(table))
    )
    _stream(connection, sql.Identifier("pg_temp", "incoming"), scan, load_id, on_bytes)
    connection.execute(sql.SQL("analyze pg_temp.incoming ({})").format(sql.Identifier(table.key.name)))
    connection.execute("select set_config('work_mem', %s, true)", (JOIN_MEMORY,))
    changes = _Changes(table, scan.given_columns)
    rebuild = expected >= MANY_ROWS and _most_rows_change(connection, table, changes, expected)
    if rebuild:
        _drop_key(connection, table)
    updated = connection.execute(changes.update).rowcount if changes.update else 0
    if rebuild:
        _add_key(connection, table)
    inserted = _insert(connection, table) if updated < expected else 0
    return {"inserted": inserted, "updated": updated, "unchanged": expected - inserted - updated}


def _is_empty(connection: Connection, table: Table) -> bool:
    row = connection.execute(sql.SQL("select not exists (select from {})").format(qualified(table))).fetchone()
    return bool(row and row[0])


def _fill(connection: Connection, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]) -> None:
    """Fill an empty table. The key is built once at the end, which is much cheaper than row by row."""
    _drop_key(connection, table)
    # From here on nobody else writes, so what is empty now stays empty. A truncated table gets a new file: if the load
    # breaks off, the server removes it, where it would otherwise keep the dead rows, even on a full disk.
    if _is_empty(connection, table):
        connection.execute(sql.SQL("truncate {}").format(qualified(table)))
    _stream(connection, qualified(table), scan, load_id, on_bytes)
    _add_key(connection, table)
    connection.execute(sql.SQL("analyze {}").format(qualified(table)))


def _drop_key(connection: Connection, table: Table) -> None:
    connection.execute(sql.SQL("alter table {} drop constraint {}").format(qualified(table), primary_key_name(table)))


def _add_key(connection: Connection, table: Table) -> None:
    connection.execute(
        sql.SQL("alter table {} add constraint {} primary key ({})").format(
            qualified(table), primary_key_name(table), sql.Identifier(table.key.name)
        )
    )


def _stream(
    connection: Connection, target: sql.Identifier, scan: Scan, load_id: int, on_bytes: Callable[[int], None]
) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, scan.columns))
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(target, columns)
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy, scan.stream(load_id) as rows:
            while block := rows.read(COPY_BLOCK):
                copy.write(block)
                on_bytes(len(block))
        if cursor.rowcount != scan.rows_read - scan.rows_rejected:
            raise LoaderError(f"{cursor.rowcount} rows arrived where {scan.rows_read} were read.", "Report this.")


class _Changes:
    """What it takes to replace rows that say something else now."""

    def __init__(self, table: Table, given: tuple[str, ...]) -> None:
        """Compare and replace the columns that the file has; the others keep their values."""
        key = sql.Identifier(table.key.name)
        columns = [sql.Identifier(name) for name in given if name != table.key.name]
        stamps = [sql.Identifier(name) for name in ("_load_id", "_line", "_loaded_at")]
        self.condition = sql.SQL(
            "existing.{key} = incoming.{key} and ({existing}) is distinct from ({incoming})"
        ).format(
            key=key,
            existing=sql.SQL(", ").join(sql.SQL("existing.{}").format(name) for name in columns),
            incoming=sql.SQL(", ").join(sql.SQL("incoming.{}").format(name) for name in columns),
        )
        assignments = sql.SQL(", ").join(sql.SQL("{0} = incoming.{0}").format(name) for name in [*columns, *stamps])
        self.update = columns and sql.SQL("update {} as existing set {} from pg_temp.incoming where {}").format(
            qualified(table), assignments, self.condition
        )


def _most_rows_change(connection: Connection, table: Table, changes: _Changes, expected: int) -> bool:
    """Tell from a sample of the file whether most rows of the table are about to be replaced.

    Then it is cheaper by far to build the key anew than to keep it up row by row.
    """
    if not changes.update:
        return False
    row = connection.execute(
        sql.SQL(
            """
            select count(*) / {share} > (select reltuples from pg_catalog.pg_class where oid = {name}::regclass) / 2
            from {target} as existing
            inner join (
                select * from pg_temp.incoming tablesample system (100 * {share}) repeatable (1)
            ) as incoming on {condition}
            """
        ).format(
            share=sql.Literal(min(1.0, SAMPLE_ROWS / expected)),
            name=sql.Literal(qualified(table).as_string(connection)),
            target=qualified(table),
            condition=changes.condition,
        )
    ).fetchone()
    return bool(row and row[0])


def _insert(connection: Connection, table: Table) -> int:
    """Insert rows whose key is new; return how many."""
    statement = sql.SQL(
        """
        insert into {target}
        select incoming.*
        from pg_temp.incoming
        where not exists (select from {target} as existing where existing.{key} = incoming.{key})
        """
    ).format(target=qualified(table), key=sql.Identifier(table.key.name))
    return connection.execute(statement).rowcount
