"""Create and extend the schemas and tables of the contract in DuckDB, with its own types."""

from __future__ import annotations

import duckdb

from loaders.contract.quoting import literal, quoted, quoted_table
from loaders.contract.tables import LEDGER_SCHEMA, SYSTEM_COLUMNS, Column, Contract, Table, history_of
from loaders.contract.types import POSTGRES_DIGITS, Digits
from loaders.destinations.base import refuse_drift, renamed

# DuckDB's widest decimal has 38 digits; ten of them after the point keep fractions of cents, rates and quantities.
DUCKDB_DIGITS = Digits(integer=POSTGRES_DIGITS.integer, fraction=10, zeros_count=False)
DUCKDB_TYPES = {
    "text": "varchar",
    "bigint": "bigint",
    "numeric": f"decimal(38,{DUCKDB_DIGITS.fraction})",
    "boolean": "boolean",
    "date": "date",
    "timestamptz": "timestamp with time zone",
    "jsonb": "json",
    "bytea": "blob",
}


def match_schema(connection: duckdb.DuckDBPyConnection, contract: Contract) -> list[str]:
    """Make the database match the contract, inside the caller's transaction; see `Destination.init_schema`."""
    for schema in sorted({LEDGER_SCHEMA, *(table.schema for table in contract.tables)}):
        connection.execute(f"create schema if not exists {quoted(schema)}")
    connection.execute("create sequence if not exists loader.load_ids")
    existing = _existing_columns(connection)
    done = [sentence for table in contract.tables for sentence in _match(connection, table, existing)]
    for table in contract.copied_tables:
        _match(connection, history_of(table), existing)
    return done


def _existing_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    words = {database: contract for contract, database in DUCKDB_TYPES.items()}
    found: dict[str, dict[str, str]] = {}
    for schema, table, column, data_type in connection.execute(
        "select schema_name, table_name, column_name, lower(data_type) from duckdb_columns() "
        "where database_name = current_database()"
    ).fetchall():
        found.setdefault(f"{schema}.{table}", {})[column] = words.get(data_type, data_type)
    return found


def _match(connection: duckdb.DuckDBPyConnection, table: Table, existing: dict[str, dict[str, str]]) -> list[str]:
    name = table.full_name
    if name not in existing:
        columns = [_definition(column) for column in table.columns]
        if table.copied:
            columns += [
                f"{column} {DUCKDB_TYPES[data_type]}{' not null default now()' if column == '_loaded_at' else ''}"
                for column, data_type in SYSTEM_COLUMNS.items()
            ]
        connection.execute(f"create table {quoted_table(table)} ({', '.join(columns)})")
        return [f"created {name}"]
    former_names = renamed(table, existing[name])
    for former, new in former_names.items():
        connection.execute(f"alter table {quoted_table(table)} rename column {quoted(former)} to {quoted(new)}")
        existing[name][new] = existing[name].pop(former)
    refuse_drift(table, existing[name], DUCKDB_TYPES)
    added = [column for column in table.columns if column.name not in existing[name]]
    for column in added:
        default = "" if column.default is None else f" default {literal(column.default)}"
        definition = f"{quoted(column.name)} {DUCKDB_TYPES[column.data_type]}{default}"
        connection.execute(f"alter table {quoted_table(table)} add column {definition}")
        if "_extra" in existing[name]:
            _fill_from_extra(connection, table, column)
    return [
        *(f"renamed {name}.{former} to {new}" for former, new in former_names.items()),
        *(f"added {name}.{column.name}" for column in added),
    ]


def _fill_from_extra(connection: duckdb.DuckDBPyConnection, table: Table, column: Column) -> None:
    """Take the values of a new column from where unknown columns are kept."""
    for value in values_in_extra(connection, table, column, quoted_table(table)):
        connection.execute(
            f"update {quoted_table(table)} set {quoted(column.name)} = {value} where {value} is not null"
        )


def values_in_extra(connection: duckdb.DuckDBPyConnection, table: Table, column: Column, rows: str) -> list[str]:
    """Return the SQL of a column's values, as far as they are of its type, among the unknown columns of some rows."""
    found = connection.execute(f"select distinct unnest(json_keys(_extra)) from {rows} where _extra is not null")
    headers = table.headers_for(column, [key for (key,) in found.fetchall()])
    paths = [literal('$."' + header.replace('"', '\\"') + '"') for header in headers]
    return [f"try_cast(trim(_extra ->> {path}) as {DUCKDB_TYPES[column.data_type]})" for path in paths]


def _definition(column: Column) -> str:
    return f"{quoted(column.name)} {DUCKDB_TYPES[column.data_type]}{' not null' if column.not_null else ''}"
