"""`POST /api/ingest/{table}`: load a CSV file as `loader copy` does, and answer with the outcome."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi import Path as PathParameter
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from loaders.contract.sources_yml import read_contract
from loaders.contract.tables import Table
from loaders.copy import Result, copy_file
from loaders.destinations.postgres.connection import connect
from loaders.destinations.postgres.destination import Postgres
from loaders.errors import DatabaseError, FileRefusedError, LoaderError
from loaders.project import Project
from loaders.reading.options import Options
from loaders.reading.workspace import working_folder
from serving.api.context import Context
from serving.api.problems import ProblemError, documented
from serving.api.upload import OVERHEAD, Upload, receive_file, too_large

# Largest number of rejected rows in an answer, and of files loaded at the same time.
SHOWN_REJECTS, AT_ONCE = 1_000, 2
COUNTS = ("rows_read", "rows_inserted", "rows_updated", "rows_unchanged", "rows_rejected")


class RejectedRow(BaseModel):
    """A row that breaks the contract; its values stay in quarantine (`loader rejects`)."""

    line: int = Field(description="First physical line of the row in the file.", examples=[17])
    column: str | None = Field(examples=["amount"])
    reason: str = Field(examples=["invalid_numeric"])


class Load(BaseModel):
    """Outcome of a file. Marts show it after the next `dbt build`, the latest transactions at once."""

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


def ingest_routes(context: Context) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["loading"], dependencies=[Depends(context.guard.allow("ingest"))])
    contract = read_contract(context.project)
    most_bytes = context.settings.ingest_bytes
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
        responses=documented(400, 401, 403, 404, 413, 415, 422, 429, 503),
        openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": file_field}}}},
    )
    async def ingest(
        request: Request,
        table: Annotated[str, PathParameter(description="Table of the contract.", examples=["transactions"])],
    ) -> Any:
        """Load a CSV file, plain, .gz or .zst, into a raw table: all its good rows, or nothing.

        422 with the members `load` and `hint` means that the file was refused, such as for too many bad rows.
        Example: `curl -F file=@transactions.csv -H "Authorization: Bearer ca_..." .../api/ingest/transactions`
        """
        try:
            target = contract.table(table)
        except FileRefusedError as error:
            raise ProblemError(404, f"There is no such table. {error.hint}") from error
        if int(request.headers.get("content-length", "0")) > most_bytes + OVERHEAD:
            raise too_large(most_bytes)
        try:
            async with free:
                with working_folder(context.project) as folder:
                    upload = Upload(request.headers.get("content-type", ""), folder, target.name)
                    file = await receive_file(request.stream(), upload, most_bytes)
                    # If the client disconnects, the load still runs to its end; the ledger has the outcome.
                    result, load = await run_in_threadpool(_load, context.project, target, file)
        except DatabaseError as error:
            raise ProblemError(503, f"{error.message} Send the file again later.", {"Retry-After": "30"}) from error
        except LoaderError as error:
            raise ProblemError(503, str(error)) from error
        if result.status == "refused":
            raise ProblemError(422, result.message, hint=result.hint, load=load.model_dump())
        return load

    return router


def _load(project: Project, table: Table, file: Path) -> tuple[Result, Load]:
    """Load a file on a connection of its own, because the readers' role may not write."""
    with connect(project, autocommit=True, application_name="loader (API)") as connection:
        destination = Postgres(connection)
        destination.init_schema(read_contract(project))
        result = copy_file(destination, project, table, file, Options(wait=False))
        rejects = []
        if result.load_id is not None and result.rows_rejected:
            rejects = list(destination.ledger.read_rejects(result.load_id, SHOWN_REJECTS))
    load = Load(
        status=result.status,
        table=result.table,
        load_id=result.load_id,
        **{name: getattr(result, name) for name in COUNTS},
        unknown_columns=len(result.unknown_columns),
        rejects=[RejectedRow(line=each.line, column=each.column, reason=each.reason) for each in rejects],
    )
    return result, load
