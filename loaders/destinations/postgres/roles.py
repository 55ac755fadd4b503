"""Three roles that separate loading, building and reading (`loader init --roles`).

They are groups that can't log in and have no password: an admin grants them to users. Creating them requires CREATEROLE
and ownership of the existing objects, which admins of managed PostgreSQL have, but not a superuser.
"""

from __future__ import annotations

import psycopg
from psycopg import sql

from loaders.contract.tables import LEDGER_SCHEMA, Contract
from loaders.destinations.postgres.connection import Connection
from loaders.destinations.postgres.schema import LOADER_ROLE, OPERATIONS_SCHEMA
from loaders.errors import DatabaseError, postgres_message

BUILDER_ROLE, READER_ROLE = "analytics_builder", "bi_reader"
ROLES = {
    LOADER_ROLE: "owns the raw tables, the ledger and the records of builds, for `loader copy`",
    BUILDER_ROLE: "reads these, records builds and owns what dbt creates, for `dbt build` and `loader fit`",
    READER_ROLE: "reads the marts and nothing else, for BI tools",
}
MARTS = "marts"
BUILT_SCHEMAS = ("staging", "intermediate", MARTS)


def init_roles(connection: Connection, contract: Contract) -> list[str]:
    """Create the roles and grant each what it needs, in one transaction; repeating it changes nothing.

    Args:
        connection: Connection in autocommit mode, of a user who may create roles.
        contract: The contract; its schemas are the loader's.

    Returns:
        What was done, one sentence each.

    Raises:
        DatabaseError: The user lacks a right.
    """
    loaded = tuple(sorted({table.schema for table in contract.tables}))
    try:
        with connection.transaction():
            done = [f"created role {role}: {what}" for role, what in ROLES.items() if _create(connection, role)]
            _own(connection, LOADER_ROLE, (*loaded, OPERATIONS_SCHEMA))
            _own(connection, BUILDER_ROLE, BUILT_SCHEMAS)
            for schema in loaded:
                _let(connection, BUILDER_ROLE, "select", schema, owners=(LOADER_ROLE,))
            _let(connection, BUILDER_ROLE, "select, insert, delete", OPERATIONS_SCHEMA, owners=(LOADER_ROLE,))
            # Who builds may also fit customer value, which follows a build.
            _execute(connection, "grant insert, delete on {}.{} to {}", LEDGER_SCHEMA, "value_fits", BUILDER_ROLE)
            # An admin who builds without DBT_ROLE owns the marts of that build, and every build recreates each mart.
            admin = connection.execute("select current_user").fetchone() or ()
            _let(connection, READER_ROLE, "select", MARTS, owners=(BUILDER_ROLE, *admin))
            _execute(connection, "grant temporary on database {} to {}", connection.info.dbname, LOADER_ROLE)
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseError(
            f"The roles can't be created: {postgres_message(error)}.",
            "Run it as an admin with CREATEROLE who owns the database and what is in its schemas.",
        ) from error
    return done


def _create(connection: Connection, role: str) -> bool:
    new = not _exists(connection, "pg_roles", "rolname", role)
    if new:
        _execute(connection, "create role {} nologin", role)
    member = "select pg_has_role(current_user, %s, 'SET') and pg_has_role(current_user, %s, 'USAGE')"
    row = connection.execute(member, (role, role)).fetchone()
    if not (row and row[0]):
        # Without superuser rights, ownership can only be given to a role one belongs to.
        _execute(connection, "grant {} to current_user with inherit true, set true", role)
    return new


def _own(connection: Connection, role: str, schemas: tuple[str, ...]) -> None:
    """Make a role the owner of schemas and everything in them."""
    for schema in schemas:
        if not _exists(connection, "pg_namespace", "nspname", schema):
            _execute(connection, "create schema {}", schema)
        _execute(connection, "alter schema {} owner to {}", schema, role)
        _execute(connection, "revoke all on schema {} from public", schema)
    found = connection.execute(
        """
        select nspname, relname
        from pg_catalog.pg_class
        inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
        where nspname = any(%s) and relkind in ('r', 'p', 'v', 'm') and relowner <> %s::regrole
        """,
        (list(schemas), role),
    ).fetchall()
    for schema, name in found:
        # ALTER TABLE takes views too.
        statement = sql.SQL("alter table {} owner to {}").format(sql.Identifier(schema, name), sql.Identifier(role))
        connection.execute(statement)


def _let(connection: Connection, role: str, privileges: str, schema: str, owners: tuple[str, ...]) -> None:
    """Give a role privileges on all tables of a schema, and on those that the owners will create there."""
    _execute(connection, "grant usage on schema {} to {}", schema, role)
    _execute(connection, f"grant {privileges} on all tables in schema {{}} to {{}}", schema, role)
    for owner in owners:
        statement = f"alter default privileges for role {{}} in schema {{}} grant {privileges} on tables to {{}}"
        _execute(connection, statement, owner, schema, role)


def _exists(connection: Connection, catalog: str, column: str, name: str) -> bool:
    query = sql.SQL("select exists (select from {} where {} = %s)").format(
        sql.Identifier("pg_catalog", catalog), sql.Identifier(column)
    )
    row = connection.execute(query, (name,)).fetchone()
    return bool(row and row[0])


def _execute(connection: Connection, statement: str, *names: str) -> None:
    connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
