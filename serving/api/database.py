"""The API's pool of read-only connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from serving.api.settings import ApiSettings
from serving.reader import connection_arguments, session_statements

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]
# Longest time a request waits for a connection, in seconds.
WAIT_SECONDS = 5
# Seconds for which a read is repeated if its connection broke, as a restart of PostgreSQL takes less; and between two.
RETRY_SECONDS, PAUSE = 10, 0.2

Found = TypeVar("Found")


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
        check=AsyncConnectionPool.check_connection,
        reconnect_timeout=RETRY_SECONDS,
        name="read_api",
        open=False,
    )


async def fetch_text(pool: Pool, query: sql.Composed, parameters: Mapping[str, Any] | None = None) -> str | None:
    """Return the single text of a query, such as a JSON document made by PostgreSQL; None without a row."""

    async def fetch(connection: Connection) -> str | None:
        cursor = await connection.execute(query, parameters)
        row = await cursor.fetchone()
        return None if row is None else row[0]

    return await read(pool, fetch)


async def read(pool: Pool, work: Callable[[Connection], Awaitable[Found]]) -> Found:
    """Return what some work with a connection returns; it is repeated if the connection breaks, as it only reads.

    Args:
        pool: Where connections come from.
        work: The work; it must not have sent anything to the client when a connection breaks.
    """
    until = time.monotonic() + RETRY_SECONDS
    while True:
        used: Connection | None = None
        try:
            async with pool.connection() as used:
                return await work(used)
        except psycopg.OperationalError:
            # Without a connection the pool has waited long enough. A statement that took too long leaves it open.
            if used is None or not used.broken or time.monotonic() > until:
                raise
        await asyncio.sleep(PAUSE)
