"""Write the good rows of a scanned file to their raw table, inside the caller's transaction.

The earlier content of a replaced row goes to its history table, so that a load can be undone and its changes explained.
"""

from __future__ import annotations

from collections.abc import Callable

from psycopg import sql

from loaders.contract.quoting import identifier
from loaders.contract.tables import SYSTEM_COLUMNS, Table, history_of
from loaders.destinations.base import Changes
from loaders.destinations.postgres.connection import Connection
from loaders.destinations.postgres.schema import primary_key_name
from loaders.errors import LoaderError
from loaders.reading.scan import Scan

# Blocks of this size reach the speed of psql's \copy; smaller ones cost calls, larger ones gain nothing.
COPY_BLOCK = 1 << 18
# Memory for the hash join of incoming and existing rows; PostgreSQL uses up to twice as much for it.
JOIN_MEMORY = "128MB"
# With this many replaced rows, most of the table, its key is rebuilt.
MANY_ROWS = 100_000


def upsert(connection: Connection, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]) -> Changes:
    """Insert rows with a new key and update changed ones; see `Destination.store`.

    Equal rows are not touched.

    Args:
        connection: Connection inside the load's transaction.
        table: The raw table.
        scan: The file's records.
        load_id: Number of the load, stored with each row.
        on_bytes: Called with the number of bytes sent since the last call.
    """
    settings = "select set_config('timezone', %s, true), set_config('datestyle', 'ISO, YMD', true)"
    connection.execute(settings, (scan.time_zone,))
    expected = scan.rows_read - scan.rows_rejected
    if _is_empty(connection, table):
        _fill(connection, table, scan, load_id, on_bytes)
        return Changes(inserted=expected)
    connection.execute(
        sql.SQL("create temporary table incoming (like {} including defaults) on commit drop").format(identifier(table))
    )
    _stream(connection, sql.Identifier("pg_temp", "incoming"), scan, load_id, on_bytes)
    _analyze(connection, "incoming", table)
    connection.execute("select set_config('work_mem', %s, true)", (JOIN_MEMORY,))
    updated = _replace(connection, table, scan.given_columns, load_id)
    inserted = _insert(connection, table) if updated < expected else 0
    return Changes(inserted, updated, expected - inserted - updated)


def _analyze(connection: Connection, name: str, table: Table) -> None:
    key = sql.Identifier(table.key.name)
    connection.execute(sql.SQL("analyze pg_temp.{} ({})").format(sql.Identifier(name), key))


def _is_empty(connection: Connection, table: Table) -> bool:
    row = connection.execute(sql.SQL("select not exists (select from {})").format(identifier(table))).fetchone()
    return bool(row and row[0])


def _fill(connection: Connection, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]) -> None:
    """Fill an empty table. The key is built once at the end, which is much cheaper than row by row."""
    _drop_key(connection, table)
    # From here nobody else writes, so an empty table stays empty. A truncated table gets a new file, which the server
    # removes if the load fails; otherwise dead rows would remain, even on a full disk.
    if _is_empty(connection, table):
        connection.execute(sql.SQL("truncate {}").format(identifier(table)))
    _stream(connection, identifier(table), scan, load_id, on_bytes)
    _add_key(connection, table)
    connection.execute(sql.SQL("analyze {}").format(identifier(table)))


def _drop_key(connection: Connection, table: Table) -> None:
    connection.execute(sql.SQL("alter table {} drop constraint {}").format(identifier(table), primary_key_name(table)))


def _add_key(connection: Connection, table: Table) -> None:
    connection.execute(
        sql.SQL("alter table {} add constraint {} primary key ({})").format(
            identifier(table), primary_key_name(table), sql.Identifier(table.key.name)
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


def _replace(connection: Connection, table: Table, given: tuple[str, ...], load_id: int) -> int:
    """Update changed rows, in the columns that the file has; return how many."""
    columns = [sql.Identifier(name) for name in given if name != table.key.name]
    if not columns:
        return 0
    stamps = [sql.Identifier(name) for name in SYSTEM_COLUMNS if name in {"_load_id", "_line", "_loaded_at"}]
    names = {
        "table": identifier(table),
        "history": identifier(history_of(table)),
        "all": sql.SQL(", ").join(map(sql.Identifier, (*(column.name for column in table.columns), *SYSTEM_COLUMNS))),
        "key": sql.Identifier(table.key.name),
        "existing": sql.SQL(", ").join(sql.SQL("existing.{}").format(name) for name in columns),
        "incoming": sql.SQL(", ").join(sql.SQL("incoming.{}").format(name) for name in columns),
        "assignments": sql.SQL(", ").join(sql.SQL("{0} = incoming.{0}").format(name) for name in [*columns, *stamps]),
        "load_id": sql.Literal(load_id),
    }
    find, remember, update = (sql.SQL(text).format(**names) for text in (_FIND, _REMEMBER, _UPDATE))
    replaced = connection.execute(find).rowcount
    if not replaced:
        return 0
    _analyze(connection, "replaced", table)
    connection.execute(remember)
    # Rebuilding the key is far cheaper than maintaining it row by row.
    rebuild = replaced >= MANY_ROWS and replaced > _row_estimate(connection, table) / 2
    if rebuild:
        _drop_key(connection, table)
    connection.execute(update)
    if rebuild:
        _add_key(connection, table)
    return replaced


_FIND = """
    create temporary table replaced on commit drop as
    select {key}
    from {table} as existing
    inner join pg_temp.incoming using ({key})
    where ({existing}) is distinct from ({incoming})
"""
_REMEMBER = """
    insert into {history} ({all}, _replaced_by)
    select {all}, {load_id}
    from {table}
    inner join pg_temp.replaced using ({key})
"""
_UPDATE = """
    update {table} as existing set {assignments}
    from pg_temp.incoming
    inner join pg_temp.replaced using ({key})
    where existing.{key} = incoming.{key}
"""


def _row_estimate(connection: Connection, table: Table) -> float:
    name = identifier(table).as_string(connection)
    row = connection.execute("select reltuples from pg_catalog.pg_class where oid = %s::regclass", (name,)).fetchone()
    assert row is not None
    return float(row[0])


def _insert(connection: Connection, table: Table) -> int:
    """Insert rows with a new key; return how many."""
    statement = sql.SQL(
        """
        insert into {target}
        select incoming.*
        from pg_temp.incoming
        where not exists (select from {target} as existing where existing.{key} = incoming.{key})
        """
    ).format(target=identifier(table), key=sql.Identifier(table.key.name))
    return connection.execute(statement).rowcount
