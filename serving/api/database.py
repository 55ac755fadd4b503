"""The API's pool of read-only connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from serving.api.settings import ApiSettings
from serving.reader import connection_arguments, session_statements

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]
# Longest time a request waits for a connection, in seconds.
WAIT_SECONDS = 5


def open_pool(settings: ApiSettings, environment: Mapping[str, str]) -> Pool:
    """Return a pool that is not open yet.

    Args:
        settings: Its size and time limits.
        environment: Variables of libpq that override its own, as `loaders.database.connection_environment` gives them.
    """

    async def configure(connection: Connection) -> None:
        for statement, parameters in session_statements(settings.statement_seconds, settings.stream_seconds):
            await connection.execute(statement, parameters)

    return AsyncConnectionPool(
        kwargs=connection_arguments(environment, "read API"),
        min_size=min(2, settings.pool_size),
        max_size=settings.pool_size,
        timeout=WAIT_SECONDS,
        configure=configure,
        name="read_api",
        open=False,
    )


async def fetch_text(pool: Pool, query: sql.Composed, parameters: Mapping[str, Any] | None = None) -> str | None:
    """Return the single text of a query, such as a JSON document made by PostgreSQL; None without a row."""
    async with pool.connection() as connection:
        cursor = await connection.execute(query, parameters)
        row = await cursor.fetchone()
    return None if row is None else row[0]
