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
    incoming = sql.Identifier("pg_temp", "incoming")
    connection.execute(
        sql.SQL("create temporary table incoming (like {} including defaults) on commit drop").format(qualified(table))
    )
    _stream(connection, incoming, scan, load_id, on_bytes)
    connection.execute(sql.SQL("analyze {}").format(incoming))
    connection.execute("select set_config('work_mem', %s, true)", (JOIN_MEMORY,))
    updated = _update(connection, table, scan.given_columns)
    inserted = _insert(connection, table) if updated < expected else 0
    return {"inserted": inserted, "updated": updated, "unchanged": expected - inserted - updated}


def _is_empty(connection: Connection, table: Table) -> bool:
    row = connection.execute(sql.SQL("select not exists (select from {})").format(qualified(table))).fetchone()
    return bool(row and row[0])


def _fill(connection: Connection, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]) -> None:
    """Fill an empty table. The key is built once at the end, which is much cheaper than row by row."""
    target, constraint = qualified(table), primary_key_name(table)
    connection.execute(sql.SQL("alter table {} drop constraint {}").format(target, constraint))
    _stream(connection, target, scan, load_id, on_bytes)
    connection.execute(
        sql.SQL("alter table {} add constraint {} primary key ({})").format(
            target, constraint, sql.Identifier(table.key.name)
        )
    )
    connection.execute(sql.SQL("analyze {}").format(target))


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


def _update(connection: Connection, table: Table, given: tuple[str, ...]) -> int:
    """Replace rows that say something else now; return how many."""
    key = sql.Identifier(table.key.name)
    columns = [sql.Identifier(name) for name in given if name != table.key.name]
    if not columns:
        return 0
    stamps = [sql.Identifier(name) for name in ("_load_id", "_line", "_loaded_at")]
    statement = sql.SQL(
        """
        update {target} as existing
        set {assignments}
        from pg_temp.incoming
        where existing.{key} = incoming.{key} and ({existing}) is distinct from ({incoming})
        """
    ).format(
        target=qualified(table),
        assignments=sql.SQL(", ").join(sql.SQL("{0} = incoming.{0}").format(name) for name in [*columns, *stamps]),
        key=key,
        existing=sql.SQL(", ").join(sql.SQL("existing.{}").format(name) for name in columns),
        incoming=sql.SQL(", ").join(sql.SQL("incoming.{}").format(name) for name in columns),
    )
    return connection.execute(statement).rowcount


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
