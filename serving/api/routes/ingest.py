"""`POST /api/ingest/{table}`: load a CSV file as `loader copy` does, build the marts, and answer with the outcome."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi import Path as PathParameter
from pydantic import BaseModel, Field

from loaders.contract.sources_yml import read_contract
from loaders.errors import DatabaseError, FileRefusedError, LoaderError
from loaders.reading.workspace import working_folder
from serving.api.answers import gone
from serving.api.builds import Build, Builds
from serving.api.context import Context
from serving.api.loading import SHOWN_REJECTS, LeftError, load_file
from serving.api.problems import ProblemError, documented
from serving.api.upload import OVERHEAD, Upload, receive_file, too_large

# Largest number of files loaded at the same time.
AT_ONCE = 2


class RejectedRow(BaseModel):
    """A row that breaks the contract; its values stay in quarantine (`loader rejects`)."""

    line: int = Field(description="First physical line of the row in the file.", examples=[17])
    column: str | None = Field(examples=["amount"])
    reason: str = Field(examples=["invalid_numeric"])


class Load(BaseModel):
    """Outcome of a file. Marts show it after the build, the latest transactions at once."""

    status: str = Field(description="`loaded`, or `skipped` if loaded before.", examples=["loaded"])
    table: str = Field(examples=["transactions"])
    load_id: int | None = Field(description="Number in the ledger (`loader status`).", examples=[7])
    rows_read: int = Field(examples=[1000])
    rows_inserted: int = Field(examples=[990])
    rows_updated: int = Field(examples=[0])
    rows_unchanged: int = Field(examples=[9])
    rows_rejected: int = Field(examples=[1])
    unknown_columns: int = Field(description="Columns that are not in the contract; they are kept.", examples=[0])
    rejects: list[RejectedRow] = Field(description=f"The first {SHOWN_REJECTS:,} rejected rows, by line.")
    build: str | None = Field(
        default=None,
        description="Address of the build that brings the rows into the marts; null if nothing changed.",
        examples=["/api/builds/5f1c0b7a9d3e"],
    )


def ingest_routes(context: Context, builds: Builds) -> APIRouter:
    """Return the routes; without ingestion one that says how to turn it on."""
    if not context.settings.ingest_enabled:
        return _off(context)
    router = APIRouter(tags=["loading"], dependencies=[Depends(context.guard.allow("ingest"))])
    contract = read_contract(context.project)
    settings = context.settings
    free = asyncio.Semaphore(AT_ONCE)
    file_field = {
        "type": "object",
        "required": ["file"],
        "properties": {"file": {"type": "string", "format": "binary"}},
    }

    @router.post(
        "/api/ingest/{table}",
        response_model=Load,
        summary="Load a CSV file",
        responses=documented(400, 401, 403, 404, 408, 413, 415, 422, 429, 503),
        openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": file_field}}}},
    )
    async def ingest(
        request: Request,
        table: Annotated[str, PathParameter(description="Table of the contract.", examples=["transactions"])],
    ) -> Any:
        """Load a CSV file, plain, .gz or .zst, into a raw table: all its good rows, or nothing. Then build the marts.

        422 with the members `load` and `hint` means that the file was refused, such as for too many bad rows. If the
        client disconnects before the answer, the load is stopped.
        Example: `curl -F file=@transactions.csv -H "Authorization: Bearer ca_..." .../api/ingest/transactions`
        """
        try:
            target = contract.table(table)
        except FileRefusedError as error:
            raise ProblemError(404, f"There is no such table. {error.hint}") from error
        if int(request.headers.get("content-length", "0")) > settings.ingest_bytes + OVERHEAD:
            raise too_large(settings.ingest_bytes)
        arrived = False
        try:
            async with asyncio.timeout(settings.ingest_seconds), free:
                with working_folder(context.project) as folder:
                    upload = Upload(request.headers.get("content-type", ""), folder, target.name)
                    file = await receive_file(request.stream(), upload, settings.ingest_bytes)
                    arrived = True
                    found = await load_file(context.project, settings, target.name, file, gone(request.receive))
        except TimeoutError as error:
            what = "was not loaded" if arrived else "did not arrive"
            raise ProblemError(
                413 if arrived else 408,
                f"The file {what} within {settings.ingest_seconds:g} s (INGEST_SECONDS), so nothing of it was kept."
                " Split it, or use `loader copy`.",
            ) from error
        except LeftError as error:
            raise ProblemError(
                400, "The client disconnected before the file was loaded, so nothing of it was kept."
            ) from error
        except DatabaseError as error:
            raise ProblemError(503, f"{error.message} Send the file again later.", {"Retry-After": "30"}) from error
        except LoaderError as error:
            raise ProblemError(503, str(error)) from error
        load = Load(**{**found, "unknown_columns": len(found["unknown_columns"])})
        if load.status == "refused":
            raise ProblemError(422, found["message"], hint=found["hint"], load=load.model_dump())
        if settings.ingest_build and load.rows_inserted + load.rows_updated:
            load.build = f"/api/builds/{builds.request().id}"
        return load

    @router.get(
        "/api/builds/{build_id}",
        summary="State of a build",
        responses=documented(401, 403, 404, 422, 429),
    )
    @router.get("/builds/{build_id}", include_in_schema=False)
    async def read_build(
        build_id: Annotated[str, PathParameter(description="As an upload named it.", examples=["5f1c0b7a9d3e"])],
    ) -> Build:
        """Show whether a build waits, runs, or has ended; the API remembers the last ones until it is restarted."""
        if found := builds.get(build_id):
            return found
        raise ProblemError(404, "There is no such build since the API was started. /ready says what the marts include.")

    return router


def _off(context: Context) -> APIRouter:
    router = APIRouter(dependencies=[Depends(context.guard.limit)])

    @router.post("/api/ingest/{table}", include_in_schema=False)
    async def ingest(table: str) -> None:  # noqa: ARG001
        raise ProblemError(
            404,
            "Loading files over HTTP is off. INGEST_ENABLED=true turns it on; it needs API_KEYS_FILE and a restart.",
        )

    return router
