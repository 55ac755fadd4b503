"""`GET /marts` and, for each mart, `GET /marts/{mart}`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from serving.api import models
from serving.api.answers import FORMATS, PageAnswer, chosen_format
from serving.api.context import Context
from serving.api.marts import Mart, MartColumn
from serving.api.problems import READING, documented
from serving.api.queries import page


class ColumnInfo(BaseModel):
    """A column of a mart."""

    name: str = Field(examples=["net_revenue"])
    data_type: str = Field(examples=["numeric(18, 2)"])
    description: str = Field(examples=["Gross revenue less refunds."])
    nullable: bool = Field(examples=[False])


class MartInfo(BaseModel):
    """A mart: what it contains, what one row is, and where to read it."""

    name: str = Field(examples=["daily_sales"])
    path: str = Field(examples=["/marts/daily_sales"])
    description: str = Field(examples=["Sales by day without gaps. One row per calendar day."])
    key: list[str] = Field(description="Columns of the primary key; empty for a view.", examples=[["sales_date"]])
    columns: list[ColumnInfo]


def mart_routes(context: Context) -> APIRouter:
    """Return the routes of all marts."""
    router = APIRouter(tags=["marts"], dependencies=[Depends(context.guard.allow("read"))], responses=READING)
    listed = [_info(mart) for mart in context.catalogue.values()]

    @router.get("/marts", summary="Every mart with its columns")
    async def list_marts() -> list[MartInfo]:
        """List the marts with their columns, as their contracts say."""
        return listed

    for mart in context.catalogue.values():
        add_page(router, context, mart, f"/marts/{mart.name}")
    return router


def add_page(router: APIRouter, context: Context, mart: Mart, path: str, searched: Sequence[str] = ()) -> None:
    """Add the route of a mart's rows.

    Args:
        router: Where to add it.
        context: What it needs.
        mart: The mart.
        path: Its path.
        searched: Columns that the parameter `search` looks into; without them there is no such parameter.
    """
    parameters = models.parameters(mart, searched)

    async def read(request: Request) -> Response:
        asked = parameters.read(request.query_params)
        filters = [(name, value) for name, value in asked.items() if name not in models.PAGING]
        limit = asked.get("limit", models.DEFAULT_LIMIT)
        wanted = page(mart, filters, asked.get("sort", []), limit, asked.get("cursor"), searched)
        form = chosen_format(asked.get("format"), request.headers.get("accept", ""))
        raw, seconds = asked.get("raw", False), context.settings.stream_seconds
        return PageAnswer(context.pool, mart, wanted, form, request.url, seconds, raw=raw)

    example = {column.name: column.example for column in mart.columns}
    first, name = mart.order[0].column, "read" + path.replace("/marts/", "/").replace("/", "_")
    answered: dict[int | str, dict[str, Any]] = {
        200: {
            "model": models.answer(mart),
            "description": f"{mart.description} The header `Link` names the next page too.",
            "headers": {"Link": {"description": "Address of the next page.", "schema": {"type": "string"}}},
            "content": {
                FORMATS["json"]: {"example": {"next_cursor": None, "data": [example]}},
                FORMATS["csv"]: {"schema": {"type": "string"}, "example": ",".join(example)},
                FORMATS["ndjson"]: {"schema": {"type": "string"}, "example": '{"' + first + '": ...}'},
            },
        },
        **documented(400),
    }
    router.add_api_route(
        path,
        read,
        name=name,
        operation_id=name,
        summary=path.rsplit("/", 1)[-1].replace("_", " ").capitalize(),
        description=f"{mart.description}\n\nExample: `{path}?sort=-{first}&limit=10`",
        response_class=JSONResponse,
        response_model=None,
        responses=answered,
        openapi_extra={"parameters": parameters.documented()},
    )


def _info(mart: Mart) -> MartInfo:
    return MartInfo(
        name=mart.name,
        path=f"/marts/{mart.name}",
        description=mart.description,
        key=list(mart.key),
        columns=[_column(column) for column in mart.columns],
    )


def _column(column: MartColumn) -> ColumnInfo:
    return ColumnInfo(
        name=column.name, data_type=column.data_type, description=column.description, nullable=column.nullable
    )
