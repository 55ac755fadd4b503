"""Names and values of the contract as SQL: psycopg's identifiers for PostgreSQL, text for DuckDB."""

from __future__ import annotations

from psycopg import sql

from loaders.contract.tables import Table


def identifier(table: Table) -> sql.Identifier:
    """Return the table's name with its schema for psycopg."""
    return sql.Identifier(table.schema, table.name)


def quoted(*names: str) -> str:
    """Return a quoted SQL name; several names are a schema and what is in it."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def quoted_table(table: Table) -> str:
    """Return the table's name with its schema."""
    return quoted(table.schema, table.name)


def literal(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"
