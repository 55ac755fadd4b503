"""The app: all routes, and the middleware around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware

from loaders.project import Project
from serving.api import problems
from serving.api.builds import Builds
from serving.api.context import Context
from serving.api.database import open_pool
from serving.api.marts import MANIFEST, read_catalogue
from serving.api.observability import Head, Metrics, Observability
from serving.api.routes.charts import chart_routes
from serving.api.routes.details import detail_routes
from serving.api.routes.docs_page import add_docs
from serving.api.routes.exports import export_routes
from serving.api.routes.health import health_routes
from serving.api.routes.ingest import ingest_routes
from serving.api.routes.marts import mart_routes
from serving.api.security import Guard
from serving.api.settings import ApiSettings

# Smallest answer that is compressed.
COMPRESSED_BYTES = 1_000
DESCRIPTION = """
The marts of customer analytics, to read. Each mart has a route of its own, made from its contract.

* **Filters** are named after columns: `?category=Food&net_revenue__gte=100`. Suffixes: `__ne`, `__gt`, `__gte`, `__lt`,
  `__lte`, `__in` (repeat it), `__null`.
* **Pages**: `sort`, `limit` (at most 10,000), and `cursor` with the `next_cursor` of the page before.
* **Formats**: JSON, CSV or NDJSON, by `format` or the Accept header; whole marts as files by `/api/exports/{mart}`.
* **Charts**: `as=chart` turns numbers into a Vega-Lite chart.
* **Errors** are problem details (RFC 9457) that say what to do.
"""


def create_app(
    project: Project, settings: ApiSettings, environment: Mapping[str, str], manifest: Path | None = None
) -> FastAPI:
    """Return the app.

    Args:
        project: The dbt project.
        settings: The settings.
        environment: Variables of libpq that override its own (`loaders.database.connection_environment`).
        manifest: dbt's manifest, the project's by default.

    Raises:
        LoaderError: Manifest or keys can't be read.
    """
    pool = open_pool(settings, environment)
    catalogue = read_catalogue(manifest or project.root / MANIFEST)
    context = Context(project, settings, environment, catalogue, pool, Guard(settings))

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # Don't wait: /ready says whether the database is there.
        await pool.open(wait=False)
        try:
            yield
        finally:
            await pool.close()

    app = FastAPI(
        title="Customer analytics",
        version=version("customer-analytics"),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    metrics = Metrics(pool)
    app.state.pool = pool
    app.include_router(mart_routes(context))
    app.include_router(detail_routes(context))
    app.include_router(export_routes(context))
    app.include_router(chart_routes(context))
    app.include_router(ingest_routes(context, Builds(project)))
    app.include_router(health_routes(context, metrics))
    add_docs(app)
    problems.install(app, has_keys=settings.keys_file is not None)
    app.add_middleware(GZipMiddleware, minimum_size=COMPRESSED_BYTES, compresslevel=5)
    app.add_middleware(Head)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=["Authorization", "X-Request-ID"],
            expose_headers=["Link", "Retry-After", "X-Request-ID"],
        )
    app.add_middleware(Observability, metrics=metrics)
    return app
