"""`GET /api/exports/{mart}`: a whole mart as a file, written as `loader export` writes it."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import psycopg
from fastapi import APIRouter, Depends, Query
from fastapi import Path as PathParameter
from fastapi.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from loaders.errors import LoaderError
from loaders.operations.export_formats import write_csv, write_json, write_parquet
from loaders.operations.marts import snapshot
from loaders.reading.workspace import working_folder
from serving.api.answers import FORMATS, gone
from serving.api.context import Context
from serving.api.marts import Mart
from serving.api.problems import READING, ProblemError, documented
from serving.reader import connection_arguments, session_statements

MEDIA_TYPES = {"csv": FORMATS["csv"], "json": FORMATS["json"], "parquet": "application/vnd.apache.parquet"}
# Files written at the same time, each on a connection of its own, and seconds that a request waits for its turn.
AT_ONCE, WAIT_SECONDS = 2, 30


class _StoppedError(Exception):
    """The client has gone."""


class ExportAnswer(Response):
    """The answer with a file, which is written when the answer is sent, and removed afterwards."""

    def __init__(self, context: Context, mart: Mart, form: str, turn: asyncio.Semaphore, *, raw: bool) -> None:
        """Keep what is needed to write it."""
        super().__init__()
        self.context, self.mart, self.form, self.turn, self.raw = context, mart, form, turn, raw

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Write the file and send it."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self.turn.acquire()
        except TimeoutError as error:
            raise ProblemError(
                429, "Other exports are being written. Try again later.", {"Retry-After": "10"}
            ) from error
        try:
            with working_folder(self.context.project) as folder:
                file = folder / f"{self.mart.name}.{self.form}"
                if await self._written(file, receive):
                    answer = FileResponse(file, media_type=MEDIA_TYPES[self.form], filename=file.name)
                    # A reader who is too slow gets less than Content-Length says, and so knows.
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self.context.settings.stream_seconds):
                            await answer(scope, receive, send)
        finally:
            self.turn.release()

    async def _written(self, file: Path, receive: Receive) -> bool:
        """Write the file; stop, and return False, if the client goes."""
        stop = threading.Event()
        writing = asyncio.ensure_future(asyncio.to_thread(self._write, file, stop))
        leaving = asyncio.ensure_future(gone(receive))
        try:
            await asyncio.wait({writing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.set()
            leaving.cancel()
            await asyncio.wait({writing})
        try:
            writing.result()
        except _StoppedError:
            return False
        except LoaderError as error:
            raise ProblemError(503, str(error)) from error
        return True

    def _write(self, file: Path, stop: threading.Event) -> None:
        def on_rows(_rows: int) -> None:
            if stop.is_set():
                raise _StoppedError

        arguments = connection_arguments(self.context.environment, "read API (export)")
        seconds = self.context.settings.stream_seconds
        with psycopg.connect(**arguments) as connection:
            for statement, parameters in session_statements(seconds, seconds):
                connection.execute(statement, parameters)
            with snapshot(connection, self.context.project, [self.mart.alias], self.mart.schema) as state:
                (built,) = state.marts
                if self.form == "csv":
                    write_csv(connection, built, file, on_rows, raw=self.raw)
                elif self.form == "json":
                    write_json(connection, built, file, on_rows)
                else:
                    write_parquet(connection, built, file, on_rows)


def export_routes(context: Context) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["exports"], dependencies=[Depends(context.guard.allow("read"))], responses=READING)
    turn = asyncio.Semaphore(AT_ONCE)
    binary = {"schema": {"type": "string", "format": "binary"}, "example": "PAR1..."}
    contents: dict[int | str, dict[str, Any]] = {
        200: {
            "description": "The file.",
            "content": {
                MEDIA_TYPES["csv"]: {"schema": {"type": "string"}, "example": "category,total_revenue\nFood,12.34\n"},
                MEDIA_TYPES["json"]: {"schema": {}, "example": [{"category": "Food", "total_revenue": 12.34}]},
                MEDIA_TYPES["parquet"]: binary,
            },
        },
        **documented(404),
    }

    @router.get(
        "/api/exports/{mart}",
        summary="A whole mart as a file",
        response_class=Response,
        response_model=None,
        responses=contents,
    )
    async def export(
        mart: Annotated[str, PathParameter(description="As /marts lists it.", examples=["daily_sales"])],
        form: Annotated[
            Literal["csv", "json", "parquet"], Query(alias="format", description="Kind of the file.")
        ] = "csv",
        raw: Annotated[
            bool, Query(description="Don't put ' before text in CSV that a spreadsheet would run as a formula.")
        ] = False,
    ) -> Response:
        """Write the mart to a file as `loader export` does, all rows from one moment, and send it."""
        if (found := context.catalogue.get(mart)) is None:
            raise ProblemError(404, "There is no such mart. /marts lists them.")
        return ExportAnswer(context, found, form, turn, raw=raw)

    return router
