"""`GET /health` (the process), `/ready` (the database and the age of the marts) and `/metrics` (Prometheus)."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from typing import Any, Literal

import psycopg
from fastapi import APIRouter, Depends
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from psycopg import sql
from pydantic import AwareDatetime, BaseModel, Field

from loaders.operations.metrics import MART_MEASURES, Moment
from serving.api.answers import FORMATS
from serving.api.context import Context
from serving.api.database import Connection, fetch_text, read
from serving.api.observability import Metrics
from serving.api.problems import READING, documented


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """The database answers and has marts."""

    status: Literal["ready"]
    as_of_date: date | None = Field(description="Day that the marts describe; null before the first transaction.")
    days_since_as_of_date: int | None = Field(examples=[1])
    last_load_at: AwareDatetime | None = Field(description="End of the last load that the marts include.")
    newest_load_at: AwareDatetime | None = Field(
        description="End of the newest load, in the marts or not; null if the API's user may not read the ledger."
    )


READY = """
    select
        json_build_object(
            'status', 'ready',
            'as_of_date', as_of_date,
            'days_since_as_of_date', current_date - as_of_date,
            'last_load_at', (select max(finished_at) from {load_history} where status = 'loaded'),
            'newest_load_at', %(newest)s::timestamptz
        )::text
    from {metrics_summary}
"""
NEWEST = "select max(finished_at) from loader.loads where status = 'loaded'"


def health_routes(context: Context, metrics: Metrics) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["operations"])

    @router.get("/health", summary="Is the process up?")
    async def health() -> Health:
        """Answer without querying the database; no key is needed."""
        return Health()

    @router.get(
        "/ready",
        response_model=Ready,
        summary="Is the database up, and how old are the marts?",
        dependencies=[Depends(context.guard.limit)],
        responses=documented(429, 503),
    )
    async def ready() -> Any:
        """Query the database; no key is needed. 503 says what is missing."""
        names = {name: context.mart(name).identifier for name in ("metrics_summary", "load_history")}
        newest = await read(context.pool, _newest_load)
        found = await fetch_text(context.pool, sql.SQL(READY).format(**names), {"newest": newest})
        return Response(found, media_type=FORMATS["json"])

    @router.get(
        "/metrics",
        summary="Metrics for Prometheus",
        response_class=PlainTextResponse,
        dependencies=[Depends(context.guard.allow("read"))],
        responses={**READING, 200: {"content": {"text/plain": {"example": "http_requests_total 1.0"}}}},
    )
    async def prometheus() -> Response:
        """Return request counts and times by route, the state of the connection pool, and the age of the marts."""
        now = CollectorRegistry()
        now.register(Moment(await _age_of_marts(context)))
        return Response(generate_latest(metrics.registry) + generate_latest(now), media_type=CONTENT_TYPE_LATEST)

    return router


async def _newest_load(connection: Connection) -> datetime | None:
    """Return when the newest load ended; None if it can't be read."""
    with suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedTable):
        async with connection.transaction():
            # The marts' readers can't see the ledger; the user whom the API connects as may.
            await connection.execute("set local role none")
            row = await (await connection.execute(NEWEST)).fetchone()
            return row[0] if row else None
    return None


async def _age_of_marts(context: Context) -> list[Metric]:
    """Return the metrics of the marts, and whether they could be read: without a database the others still are."""
    families: list[Metric] = []
    identifiers = {name: mart.identifier for name, mart in context.catalogue.items()}
    try:
        async with context.pool.connection() as connection:
            for measure in MART_MEASURES:
                cursor = await connection.execute(measure.composed(identifiers))
                families += measure.families(await cursor.fetchall())
        readable = True
    except (psycopg.Error, KeyError):
        families, readable = [], False
    said = "1 if the API could read the age of the marts, else 0."
    return [*families, GaugeMetricFamily("marts_readable", said, readable)]
