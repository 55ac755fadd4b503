"""The marts in the database, and a snapshot of several of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches

from psycopg import sql

from loaders.destinations.postgres.connection import Connection
from loaders.errors import LoaderError
from loaders.project import Project

SCHEMA = "marts"
AS_OF_MART, AS_OF_COLUMN = "metrics_summary", "as_of_date"


@dataclass(frozen=True)
class BuiltColumn:
    """A column of a mart; `data_type` as PostgreSQL names it, `category` as in pg_type (N numbers, S text, …)."""

    name: str
    data_type: str
    category: str


@dataclass(frozen=True)
class BuiltMart:
    """A table or view in the marts' schema.

    `key` has the columns of the primary key, none for a view; `is_ordered` marks a view that has an order of its own
    (in a snapshot). `rows` is PostgreSQL's estimate, if it has one.
    """

    schema: str
    name: str
    columns: tuple[BuiltColumn, ...]
    key: tuple[str, ...]
    is_view: bool
    readable: bool
    rows: int | None
    is_ordered: bool = False

    @property
    def identifier(self) -> sql.Identifier:
        """Schema and name for SQL."""
        return sql.Identifier(self.schema, self.name)


@dataclass(frozen=True)
class Snapshot:
    """Marts as of one moment, and the day that they describe."""

    marts: tuple[BuiltMart, ...]
    as_of_date: str | None


def read_marts(connection: Connection, schema: str = SCHEMA) -> dict[str, BuiltMart]:
    """Return the marts in the database by name, including those that the user may not read."""
    rows = connection.execute(
        r"""
        select
            relname,
            (
                select json_agg(
                    json_build_array(attname, format_type(atttypid, atttypmod), typcategory) order by attnum
                )
                from pg_catalog.pg_attribute inner join pg_catalog.pg_type on atttypid = pg_type.oid
                where attrelid = pg_class.oid and attnum > 0 and not attisdropped
            ),
            (
                select json_agg(attname order by array_position(indkey, attnum))
                from pg_catalog.pg_index inner join pg_catalog.pg_attribute on attrelid = indrelid
                where indrelid = pg_class.oid and indisprimary and attnum = any(indkey)
            ),
            relkind = 'v',
            has_schema_privilege(relnamespace, 'usage') and has_table_privilege(pg_class.oid, 'select'),
            case when reltuples > 0 then cast(reltuples as bigint) end
        from pg_catalog.pg_class inner join pg_catalog.pg_namespace on relnamespace = pg_namespace.oid
        where nspname = %s and relkind in ('r', 'p', 'v') and not relispartition and relname ~ '^\w+$'
        order by relname
        """,
        (schema,),
    ).fetchall()
    return {
        name: BuiltMart(
            schema, name, tuple(BuiltColumn(*column) for column in columns or ()), tuple(key or ()), *others
        )
        for name, columns, key, *others in rows
    }


def choose_marts(
    found: dict[str, BuiltMart], names: Iterable[str], project: Project, schema: str = SCHEMA
) -> list[str]:
    """Return the names of the marts to read: the given ones, or else all.

    Raises:
        LoaderError: There is no such mart, or the user may not read it.
    """
    chosen = list(dict.fromkeys(names)) or list(found)
    models = {file.stem for file in (project.root / "models" / "marts").rglob("*.sql")}
    for name in chosen:
        if name not in found and name in models:
            raise LoaderError(f"The mart {name} is not built yet.", f"`dbt build --select +{name}` builds it.")
        if name not in found:
            raise LoaderError(f"There is no mart {name!r} in the schema {schema}.", _others(name, set(found), models))
    if not chosen:
        raise LoaderError(f"No marts are built in the schema {schema}.", "`dbt build` builds them.")
    if denied := [name for name in chosen if not found[name].readable]:
        raise LoaderError(
            f"No permission to read {', '.join(denied)}.",
            "Ask an admin for `grant bi_reader to` your user (`loader init --roles` creates the role).",
        )
    return chosen


def _others(name: str, built: set[str], models: set[str]) -> str:
    """Return a hint with the existing marts: those with similar names, or all."""
    if near := get_close_matches(name, built | models):
        return f"Near it: {', '.join(near)}."
    return f"The marts are {', '.join(sorted(built))}." if built else "There are none before `dbt build`."


@contextmanager
def snapshot(
    connection: Connection, project: Project, names: Iterable[str], schema: str = SCHEMA
) -> Iterator[Snapshot]:
    """Keep marts (all without names) in one state while they are read, one after the other.

    Dates are written as ISO 8601, times in the zone of the project.

    Args:
        connection: Connection in autocommit mode.
        project: The dbt project, for its time zone and for models that are not built.
        names: Names of marts.
        schema: Schema of the marts.

    Raises:
        LoaderError: A mart does not exist or is not readable.
    """
    found = read_marts(connection, schema)
    chosen = choose_marts(found, names, project, schema)
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        connection.execute("set local datestyle to 'ISO, YMD'")
        connection.execute(sql.SQL("set local timezone to {}").format(sql.Literal(project.time_zone)))
        # A build replaces tables by new ones. Without the locks, a table created after the snapshot would be found by
        # its name, and be empty, as its rows are newer. The locks come before the first query, which takes the
        # snapshot.
        dated = {name for name in (AS_OF_MART,) if name in found and found[name].readable}
        identifiers = [found[name].identifier for name in sorted({*chosen, *dated})]
        connection.execute(sql.SQL("lock table {} in access share mode").format(sql.SQL(", ").join(identifiers)))
        held = read_marts(connection, schema)  # a build since the first query may have changed columns
        ordered = _ordered_views(connection, [held[name] for name in chosen if held[name].is_view])
        marts = tuple(replace(held[name], is_ordered=name in ordered) for name in chosen)
        yield Snapshot(marts, _as_of_date(connection, held, dated))


def _ordered_views(connection: Connection, views: list[BuiltMart]) -> set[str]:
    """Return the names of the locked views that have an order of their own."""
    query = r"select pg_get_viewdef(cast(%s as regclass)) ~* '\morder by [^()]+;\s*$'"
    return {
        view.name
        for view in views
        if (row := connection.execute(query, (view.identifier.as_string(connection),)).fetchone()) and row[0]
    }


def _as_of_date(connection: Connection, held: dict[str, BuiltMart], dated: set[str]) -> str | None:
    if not any(column.name == AS_OF_COLUMN for name in dated for column in held[name].columns):
        return None
    query = sql.SQL("select max({}) from {}").format(sql.Identifier(AS_OF_COLUMN), held[AS_OF_MART].identifier)
    row = connection.execute(query).fetchone()
    return row[0].isoformat() if row and row[0] else None
