"""Create and extend the schemas and tables of the contract."""

from __future__ import annotations

from psycopg import sql

from loaders.contract.quoting import identifier
from loaders.contract.tables import LEDGER_SCHEMA, SYSTEM_COLUMNS, Column, Contract, Table, history_of
from loaders.destinations.base import refuse_drift, renamed
from loaders.destinations.postgres.connection import Connection

# Any number that only this project uses: two loaders that create tables at once wait for each other.
_SCHEMA_LOCK = 7_205_819_337_402
# Columns by which live views show the newest rows first.
NEWEST_FIRST = {"raw.transactions": "transacted_at"}
# The role that owns schemas and tables, if `loader init --roles` has created it.
LOADER_ROLE = "analytics_loader"
OPERATIONS_SCHEMA = "operations"
# Tables outside the contract, which no file is copied into and only PostgreSQL has: how far the marts are built, for
# `loader run`, and what dbt did, for `build_history` and `test_history`.
OWN_TABLES = {
    # Unlogged: a crash of the server empties it together with the intermediate tables, and the next run builds
    # everything.
    "loader.last_build": """
        create unlogged table loader.last_build (load_id bigint not null, finished_at timestamptz not null)
    """,
    "operations.invocations": """
        create table operations.invocations (
            invocation_id text primary key,
            command text not null,
            target_name text,
            status text not null,
            started_at timestamptz not null,
            finished_at timestamptz not null
        )
    """,
    "operations.model_results": """
        create table operations.model_results (
            invocation_id text references operations.invocations on delete cascade,
            unique_id text,
            model_name text not null,
            resource_type text not null,
            schema_name text,
            status text not null,
            seconds numeric not null,
            rows_affected bigint,
            primary key (invocation_id, unique_id)
        )
    """,
    "operations.test_results": """
        create table operations.test_results (
            invocation_id text references operations.invocations on delete cascade,
            unique_id text,
            test_name text not null,
            resource_type text not null,
            model_name text,
            severity text not null,
            status text not null,
            seconds numeric not null,
            failures bigint,
            primary key (invocation_id, unique_id)
        )
    """,
}


def match_schema(connection: Connection, contract: Contract) -> list[str]:
    """Make the database match the contract, inside the caller's transaction; see `Destination.init_schema`."""
    connection.execute("select pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
    schemas = {LEDGER_SCHEMA, OPERATIONS_SCHEMA, *(table.schema for table in contract.tables)}
    existing = _existing_columns(connection, schemas)
    # Not `if not exists`: that requires the right to create schemas even if there is nothing to do.
    for schema in sorted(schemas - _existing_schemas(connection)):
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    _become_owner(connection, schemas)
    done = [sentence for table in contract.tables for sentence in _match(connection, table, existing)]
    for table in contract.copied_tables:
        if column := NEWEST_FIRST.get(table.full_name):
            _index(connection, table, column)
    # These follow their raw tables, so they are not reported.
    for table in contract.copied_tables:
        _match(connection, history_of(table), existing)
    for name, statement in OWN_TABLES.items():
        if name not in existing:
            connection.execute(statement)
    return done


def _match(connection: Connection, table: Table, existing: dict[str, dict[str, str]]) -> list[str]:
    """Create a table or add what it lacks; return what was done."""
    name = table.full_name
    if name not in existing:
        _create(connection, table)
        return [f"created {name}"]
    former_names = renamed(table, existing[name])
    for former, new in former_names.items():
        statement = sql.SQL("alter table {} rename column {} to {}")
        connection.execute(statement.format(identifier(table), sql.Identifier(former), sql.Identifier(new)))
        existing[name][new] = existing[name].pop(former)
    refuse_drift(table, existing[name])
    added = [column for column in table.columns if column.name not in existing[name]]
    for column in added:
        _add(connection, table, column)
        if "_extra" in existing[name]:
            _fill_from_extra(connection, table, column)
    return [
        *(f"renamed {name}.{former} to {new}" for former, new in former_names.items()),
        *(f"added {name}.{column.name}" for column in added),
    ]


def _existing_schemas(connection: Connection) -> set[str]:
    return {name for (name,) in connection.execute("select nspname from pg_catalog.pg_namespace").fetchall()}


def _become_owner(connection: Connection, schemas: set[str]) -> None:
    """Act as the role that owns the tables until the transaction ends, so that all of its members can load."""
    query = """
        select rolname from pg_catalog.pg_roles
        where
            rolname = %s
            and pg_has_role(current_user, rolname, 'SET')
            and not exists (
                select from pg_catalog.pg_namespace where nspname = any(%s) and nspowner <> pg_roles.oid
            )
    """
    if connection.execute(query, (LOADER_ROLE, list(schemas))).fetchone():
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(LOADER_ROLE)))


def _existing_columns(connection: Connection, schemas: set[str]) -> dict[str, dict[str, str]]:
    rows = connection.execute(
        """
        select
            namespaces.nspname || '.' || tables.relname,
            attributes.attname,
            typname
        from pg_catalog.pg_class as tables
        inner join pg_catalog.pg_namespace as namespaces on tables.relnamespace = namespaces.oid
        inner join pg_catalog.pg_attribute as attributes on tables.oid = attributes.attrelid
        inner join pg_catalog.pg_type as types on attributes.atttypid = types.oid
        where
            namespaces.nspname = any(%s)
            and tables.relkind in ('r', 'p')
            and attributes.attnum > 0
            and not attributes.attisdropped
        """,
        (list(schemas),),
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, data_type in rows:
        found.setdefault(table, {})[column] = _CATALOG_TYPES.get(data_type, data_type)
    return found


_CATALOG_TYPES = {"int8": "bigint", "bool": "boolean"}


def _create(connection: Connection, table: Table) -> None:
    columns = [_definition(column) for column in table.columns]
    if table.copied:
        columns += [
            sql.SQL("{} {}{}").format(
                sql.Identifier(name),
                sql.SQL(data_type),
                sql.SQL(" not null default now()" if name == "_loaded_at" else ""),
            )
            for name, data_type in SYSTEM_COLUMNS.items()
        ]
    columns += [
        sql.SQL("constraint {} primary key ({})").format(primary_key_name(table), sql.Identifier(column.name))
        for column in table.columns
        if column.unique
    ]
    connection.execute(sql.SQL("create table {} ({})").format(identifier(table), sql.SQL(", ").join(columns)))


def _index(connection: Connection, table: Table, column: str) -> None:
    name = f"{table.name}_{column}_idx"
    # Not `if not exists`: see the schemas.
    row = connection.execute("select to_regclass(%s) is null", (f"{table.schema}.{name}",)).fetchone()
    if row and row[0]:
        statement = sql.SQL("create index {} on {} ({})")
        connection.execute(statement.format(sql.Identifier(name), identifier(table), sql.Identifier(column)))


def primary_key_name(table: Table) -> sql.Identifier:
    """Return the name of the constraint on the table's key, quoted."""
    return sql.Identifier(f"{table.name}_pkey")


def _definition(column: Column) -> sql.Composed:
    return sql.SQL("{} {}{}{}").format(
        sql.Identifier(column.name),
        sql.SQL(column.data_type),
        sql.SQL(" generated always as identity" if column.identity else ""),
        sql.SQL(" not null" if column.not_null else ""),
    )


def _add(connection: Connection, table: Table, column: Column) -> None:
    """Add a column; existing rows have what their files said of it, else the contract's default, else NULL."""
    statement = sql.SQL("alter table {} add column {} {}").format(
        identifier(table), sql.Identifier(column.name), sql.SQL(column.data_type)
    )
    if column.default is not None:
        statement += sql.SQL(" default {}").format(sql.Literal(column.default))
    connection.execute(statement)


def _fill_from_extra(connection: Connection, table: Table, column: Column) -> None:
    """Move the values of a new column, as far as they are of its type, from where unknown columns are kept."""
    keys = sql.SQL("select distinct jsonb_object_keys(_extra) from {} where _extra is not null")
    found = [key for (key,) in connection.execute(keys.format(identifier(table))).fetchall()]
    for header in table.headers_for(column, found):
        connection.execute(
            sql.SQL(
                """
                update {table} set {column} = cast(trim(_extra ->> {header}) as {type}), _extra = _extra - {header}
                where pg_input_is_valid(nullif(trim(_extra ->> {header}), ''), {type_name})
                """
            ).format(
                table=identifier(table),
                column=sql.Identifier(column.name),
                header=sql.Literal(header),
                type=sql.SQL(column.data_type),
                type_name=sql.Literal(column.data_type),
            )
        )
