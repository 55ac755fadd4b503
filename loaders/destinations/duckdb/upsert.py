"""Write the good rows of a scanned file to their raw table in DuckDB, inside the caller's transaction."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import duckdb

from loaders.contract.quoting import literal, quoted, quoted_table
from loaders.contract.tables import SYSTEM_COLUMNS, Table, history_of
from loaders.destinations.base import Changes
from loaders.destinations.duckdb.schema import DUCKDB_TYPES
from loaders.reading.scan import Scan


def upsert(
    connection: duckdb.DuckDBPyConnection, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]
) -> Changes:
    """Insert rows with a new key and update changed ones; see `Destination.store`."""
    return merge(connection, table, read_rows(connection, table, scan, load_id, on_bytes), scan, load_id)


def read_rows(
    connection: duckdb.DuckDBPyConnection, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]
) -> str:
    """Return a query for the good rows of a file, with the types of their table."""
    file = scan.file.path.with_name("rows.parquet")
    scan.write(load_id, file)
    on_bytes(file.stat().st_size)
    connection.execute("set TimeZone = $1", [scan.time_zone])
    types = {column.name: column.data_type for column in table.columns} | SYSTEM_COLUMNS
    values = ", ".join(f"{converted(name, types[name])} as {quoted(name)}" for name in scan.columns)
    return f"select {values} from read_parquet({literal(str(file))})"


def merge(connection: duckdb.DuckDBPyConnection, table: Table, incoming: str, scan: Scan, load_id: int) -> Changes:
    """Insert rows with a new key and update changed ones.

    Args:
        connection: duckdb.DuckDBPyConnection inside the load's transaction.
        table: The raw table.
        incoming: Query for the good rows.
        scan: The file's records.
        load_id: Number of the load.
    """
    expected = scan.rows_read - scan.rows_rejected
    if count(connection, quoted_table(table)) == 0:
        connection.execute(f"insert into {quoted_table(table)} by name {incoming}")
        return Changes(inserted=expected)
    connection.execute(f"create or replace temporary table incoming as {incoming}")
    updated = _replace(connection, table, scan.given_columns, load_id)
    key = quoted(table.key.name)
    connection.execute(
        f"insert into {quoted_table(table)} by name from incoming anti join {quoted_table(table)} using ({key})"
    )
    [inserted] = connection.fetchone() or (0,)
    connection.execute("drop table incoming")
    return Changes(inserted, updated, expected - inserted - updated)


def _replace(connection: duckdb.DuckDBPyConnection, table: Table, given: tuple[str, ...], load_id: int) -> int:
    """Update changed rows, in the columns that the file has; return how many."""
    columns = [name for name in given if name != table.key.name]
    if not columns:
        return 0
    types = {column.name: column.data_type for column in table.columns} | SYSTEM_COLUMNS
    key = quoted(table.key.name)
    differ = " or ".join(_differs(name, types[name]) for name in columns)
    everything = ", ".join(quoted(name) for name in types)
    stamps = [name for name in SYSTEM_COLUMNS if name in {"_load_id", "_line"}]
    assignments = [f"{quoted(name)} = incoming.{quoted(name)}" for name in [*columns, *stamps]]
    connection.execute(
        f"""
        create or replace temporary table replaced as
        select {key} from {quoted_table(table)} as existing inner join incoming using ({key}) where {differ}
        """
    )
    replaced = count(connection, "replaced")
    if replaced:
        connection.execute(
            f"""
            insert into {quoted_table(history_of(table))} ({everything}, _replaced_by)
            select {everything}, {load_id} from {quoted_table(table)} semi join replaced using ({key})
            """
        )
        connection.execute(
            f"""
            update {quoted_table(table)} as existing set {", ".join(assignments)}, _loaded_at = now()
            from (from incoming semi join replaced using ({key})) as incoming
            where existing.{key} = incoming.{key}
            """
        )
    connection.execute("drop table replaced")
    return replaced


def count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    """Return how many rows a relation has."""
    [rows] = connection.execute(f"select count(*) from {relation}").fetchone() or (0,)
    return int(rows)


def is_same_json(one: str | None, other: str | None) -> bool:
    """Return whether two texts are the same JSON value; DuckDB calls it in `merge`."""
    if one is None or other is None:
        return one is other
    first, second = (json.loads(text, parse_float=Decimal) for text in (one, other))
    return bool(first == second)


def _differs(name: str, data_type: str) -> str:
    existing, incoming = f"existing.{quoted(name)}", f"incoming.{quoted(name)}"
    differs = f"{existing} is distinct from {incoming}"
    # Different texts may be the same JSON value; Python compares only texts that differ.
    return f"case when {differs} then not is_same_json({existing}, {incoming}) end" if data_type == "jsonb" else differs


def converted(name: str, data_type: str) -> str:
    """Return the SQL that converts a valid text to a value of a contract type.

    Args:
        name: Column with the text.
        data_type: The contract's type.
    """
    column = quoted(name)
    if data_type == "boolean":
        return f"lower({column}) in ('t', 'true', 'yes', 'y', 'on', '1')"
    if data_type == "timestamptz":
        # DuckDB only accepts a capital Z, and no blank before an offset.
        written = f"regexp_replace(regexp_replace({column}, '\\s*(Z|z|UTC)$', '+00'), '\\s+([+-]\\d\\d\\S*)$', '\\1')"
        return f"cast(case when length({column}) > 10 then {written} else {column} end as timestamp with time zone)"
    return column if data_type == "text" else f"cast({column} as {DUCKDB_TYPES[data_type]})"
