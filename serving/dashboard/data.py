"""Reading marts: a small pool of read-only connections, and answers that are kept for a short time."""

from __future__ import annotations

from collections.abc import Sequence
from string import Formatter
from typing import Any

import psycopg
import streamlit as st
from psycopg import sql
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from loaders.destinations.postgres.connection import connect, connection_environment, describe_server
from loaders.errors import DatabaseError, LoaderError, postgres_message
from loaders.operations.marts import SCHEMA
from loaders.project import find_project
from serving.reader import connection_arguments, session_statements

Row = dict[str, Any]
Rows = Sequence[Row]
Pool = ConnectionPool[psycopg.Connection[DictRow]]

# Seconds for which an answer is kept: a mart changes only with a build, the latest transactions with a load.
KEPT_SECONDS, KEPT_SHORTLY_SECONDS = 30, 5
MOST_KEPT = 500
CONNECTIONS, STATEMENT_SECONDS, WAIT_SECONDS = 4, 10, 5


def marts_of(template: str) -> list[str]:
    """Return the marts that a query names as `{mart}`."""
    return [name for _, name, _, _ in Formatter().parse(template) if name]


@st.cache_data(ttl=KEPT_SECONDS, max_entries=MOST_KEPT, show_spinner=False)
def read(template: str, **parameters: Any) -> list[Row]:
    """Return the rows of a query, kept for a short time.

    Args:
        template: SQL with `{mart}` for marts and `%(name)s` for parameters.
        parameters: Their values.

    Raises:
        LoaderError: No database, no such mart, no permission, or too slow a query; it says what to do.
    """
    return read_now(template, **parameters)


@st.cache_data(ttl=KEPT_SHORTLY_SECONDS, max_entries=MOST_KEPT, show_spinner=False)
def read_shortly(template: str, **parameters: Any) -> list[Row]:
    """Like `read`, but kept only so long that many readers cost the database no more than one."""
    return read_now(template, **parameters)


def read_now(template: str, **parameters: Any) -> list[Row]:
    """Like `read`, but always as of this moment.

    If the connection is broken, as after a restart of the database, it is made again and the query is asked once more.
    """
    try:
        return _rows(template, parameters)
    except (PoolTimeout, psycopg.OperationalError):
        _pool.clear()
    try:
        return _rows(template, parameters)
    except (PoolTimeout, psycopg.OperationalError) as error:
        _pool.clear()  # the next query connects again, and learns the reason if that fails
        raise DatabaseError(
            f"The database does not answer: {describe_server(connection_environment(find_project()))}.",
            "Reload the page; `loader db status` shows the state of the embedded server.",
        ) from error


def _rows(template: str, parameters: dict[str, Any]) -> list[Row]:
    marts = marts_of(template)
    query = sql.SQL(template).format(**{name: sql.Identifier(SCHEMA, name) for name in marts})
    try:
        with _pool().connection() as connection:
            return connection.execute(query, parameters).fetchall()
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn, psycopg.errors.InvalidSchemaName) as error:
        raise LoaderError(
            f"Not all marts are built: {postgres_message(error)}.",
            "Load files with `loader copy FOLDER` if there are none yet, then build with `dbt build`.",
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise LoaderError(
            f"The marts may not be read: {postgres_message(error)}.",
            "`loader init --roles` gives `bi_reader` the right; ask an admin for `grant bi_reader to` your user.",
        ) from error
    except psycopg.errors.QueryCanceled as error:
        raise LoaderError(
            f"The database took longer than {STATEMENT_SECONDS} seconds.", "Choose fewer days, or try again later."
        ) from error


@st.cache_resource(show_spinner=False, on_release=lambda pool: pool.close(timeout=1))
def _pool() -> Pool:
    project = find_project()
    # A first connection fails with the loader's message, which says why.
    connect(project, application_name="dashboard").close()

    def configure(connection: psycopg.Connection[DictRow]) -> None:
        for statement, parameters in session_statements(STATEMENT_SECONDS, STATEMENT_SECONDS, project.time_zone):
            connection.execute(statement, parameters)

    return ConnectionPool(
        kwargs={**connection_arguments(connection_environment(project), "dashboard"), "row_factory": dict_row},
        connection_class=psycopg.Connection[DictRow],
        min_size=1,
        max_size=CONNECTIONS,
        timeout=WAIT_SECONDS,
        configure=configure,
        name="dashboard",
        open=True,
    )
