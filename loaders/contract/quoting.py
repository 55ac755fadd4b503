"""Names and values of the contract as SQL: psycopg's identifiers for PostgreSQL, text for DuckDB."""

from __future__ import annotations

from psycopg import sql

from loaders.contract.tables import Table


def identifier(table: Table) -> sql.Identifier:
    """Return the table's name with its schema for psycopg."""
    return sql.Identifier(table.schema, table.name)


def quoted(*names: str) -> str:
    """Return a name of SQL; several are those of a schema and of what is in it."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def quoted_table(table: Table) -> str:
    """Return the table's name with its schema."""
    return quoted(table.schema, table.name)


def literal(text: str) -> str:
    """Return a text as a value of SQL."""
    return "'" + text.replace("'", "''") + "'"
