"""Errors as problem details (RFC 9457), each saying what to do, without any value of the request."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import psycopg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg_pool import PoolClosed, PoolTimeout
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

MEDIA_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


class ProblemError(Exception):
    """A request that can't be answered.

    Args:
        status: HTTP status.
        detail: What is wrong, and what to do.
        headers: Headers of the answer.
        extra: More members of the answer.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        """Keep the parts."""
        super().__init__(detail)
        self.status, self.detail, self.headers, self.extra = status, detail, headers, extra


class ProblemDetails(BaseModel):
    """What went wrong, and what to do (RFC 9457)."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["Some parameters are wrong: limit: Input should be less than or equal to 10000."])
    request_id: str | None = Field(examples=["4f0c9a7e1b2d4c3f8a6b5d4e3c2b1a09"])
    errors: list[dict[str, str]] | None = Field(
        default=None, examples=[[{"parameter": "limit", "message": "Input should be less than or equal to 10000"}]]
    )


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI of these statuses."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for status in statuses
    }


READING = documented(401, 403, 422, 429, 503)


def answer(request: Request, problem: ProblemError) -> JSONResponse:
    """Return a problem as an answer."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "request_id": request.scope.get("state", {}).get("request_id"),
        **problem.extra,
    }
    return JSONResponse(content, problem.status, problem.headers, MEDIA_TYPE)


def from_validation(errors: list[Any]) -> ProblemError:
    """Name the parameters that pydantic refused, without their values."""
    found = []
    for error in errors:
        place = [str(part) for part in error["loc"] if part not in ("query", "path", "body", "header")]
        message = {
            "extra_forbidden": "There is no such parameter; see /docs for all of them",
            "string_pattern_mismatch": "Text can't have a NUL character",
        }.get(error["type"], error["msg"].removeprefix("Value error, "))
        found.append({"parameter": place[0][:100] if place else "", "message": message})
    said = "; ".join(f"{each['parameter']}: {each['message']}" for each in found)
    return ProblemError(422, f"Some parameters are wrong: {said}.", errors=found)


def from_database(error: psycopg.Error) -> ProblemError | None:
    """Return the problem behind an error of the database; None if it is this program's own fault."""
    if isinstance(error, psycopg.errors.QueryCanceled):
        return ProblemError(503, "The database took too long. Filter for less, or sort by the key.")
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return ProblemError(503, "The mart is not built as its contract says. Run `dbt build`, and restart the API.")
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return ProblemError(503, "The API's role may not read the mart. Run `loader init --roles`, then `dbt build`.")
    if isinstance(error, PoolTimeout):
        return ProblemError(503, "All connections to the database are busy. Try again.", {"Retry-After": "1"})
    if isinstance(error, psycopg.OperationalError | psycopg.InternalError | PoolClosed):
        return ProblemError(503, "The database can't be reached now. Try again; /ready says when it is back.")
    return None


def install(app: FastAPI, *, has_keys: bool) -> None:
    """Answer errors with problems; the program's own errors are passed on to `Observability`."""

    async def on_problem(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, ProblemError)
        return answer(request, error)

    async def on_validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return answer(request, from_validation(list(error.errors())))

    async def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        details = {
            404: "There is nothing here. See /docs for all routes.",
            405: "This can't be done here. See /docs.",
        }
        return answer(
            request, ProblemError(error.status_code, details.get(error.status_code, error.detail), error.headers)
        )

    async def on_database(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, psycopg.Error)
        if problem := from_database(error):
            return answer(request, problem)
        raise error

    make_openapi = app.openapi

    def openapi() -> dict[str, Any]:
        schema = make_openapi()
        schema["components"]["schemas"]["ProblemDetails"] = ProblemDetails.model_json_schema()
        if not has_keys:
            schema["components"].pop("securitySchemes", None)
            for operations in schema["paths"].values():
                for operation in operations.values():
                    operation.pop("security", None)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(psycopg.Error, on_database)


def failure(error: BaseException) -> ProblemError:
    """Log where an error occurred, without its message, which may contain values, and return the answer."""
    places = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error("failure", extra={"fields": {"error": type(error).__name__, "at": places[-5:]}})
    return ProblemError(500, "The API failed. Report it with the request id, by which the log has the place.")
