"""Connections that can only read: as `bi_reader` where that role is, read-only, and never long at one statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from loaders.database import CONNECT_SECONDS, PARAMETERS
from loaders.roles import READER_ROLE
from serving.api.settings import Settings

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]
# Longest time that a request waits for a connection, in seconds.
WAIT_SECONDS = 5


def open_pool(settings: Settings, environment: Mapping[str, str]) -> Pool:
    """Return a pool that is not open yet.

    Args:
        settings: Its size and time limits.
        environment: Variables of libpq that go before its own, as `loaders.database.connection_environment` gives them.
    """

    async def configure(connection: Connection) -> None:
        limits = {
            "default_transaction_read_only": "on",
            "statement_timeout": f"{round(settings.statement_seconds * 1000)}ms",
            # A reader who stops reading must not keep old rows alive for long.
            "idle_in_transaction_session_timeout": f"{round(settings.stream_seconds * 1000)}ms",
            "client_connection_check_interval": "1s",
            "timezone": "UTC",
            "search_path": "",
        }
        for name, value in limits.items():
            await connection.execute("select set_config(%s, %s, false)", (name, value))
        found = await connection.execute(
            "select 1 from pg_catalog.pg_roles where rolname = %s and pg_has_role(oid, 'SET')", (READER_ROLE,)
        )
        if await found.fetchone():
            await connection.execute(sql.SQL("set role {}").format(sql.Identifier(READER_ROLE)))

    return AsyncConnectionPool(
        kwargs={
            **{PARAMETERS[name]: value for name, value in environment.items()},
            "autocommit": True,
            "application_name": "read API",
            "client_encoding": "UTF8",
            "connect_timeout": CONNECT_SECONDS,
        },
        min_size=min(2, settings.pool_size),
        max_size=settings.pool_size,
        timeout=WAIT_SECONDS,
        configure=configure,
        name="read_api",
        open=False,
    )


async def fetch_text(pool: Pool, query: sql.Composed, parameters: Mapping[str, Any] | None = None) -> str | None:
    """Return the one text that a query gives, such as a JSON document that PostgreSQL made; None without a row."""
    async with pool.connection() as connection:
        cursor = await connection.execute(query, parameters)
        row = await cursor.fetchone()
    return None if row is None else row[0]
