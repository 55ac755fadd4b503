"""`GET /customers/{customer_id}`: everything the marts know of one customer."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response
from psycopg import sql
from psycopg.errors import UndefinedTable
from pydantic import create_model

from serving.api import models
from serving.api.answers import FORMATS
from serving.api.context import Context
from serving.api.database import Connection, read
from serving.api.marts import Mart
from serving.api.problems import READING, ProblemError, documented
from serving.api.value_types import Text

# Lists next to the profile, each with its mart; a list is empty if there is no such mart.
LISTS = {"recommendations": "recommendations", "portfolio": "product_portfolio"}


def customer_routes(context: Context) -> APIRouter:
    """Return the route, or none in a project without profiles."""
    router = APIRouter(tags=["customers"], dependencies=[Depends(context.guard.allow("read"))], responses=READING)
    if (profiles := context.catalogue.get("customer_profiles")) is None:
        return router
    lists = {name: context.catalogue.get(mart) for name, mart in LISTS.items()}
    profile_query = sql.SQL("select to_json(item)::text from {} as item where item.customer_id = %s").format(
        profiles.identifier
    )
    list_queries = {name: _rows(mart) for name, mart in lists.items() if mart}
    example = {
        "profile": _example(profiles),
        **{name: [_example(mart)] if mart else [] for name, mart in lists.items()},
    }
    fields: dict[str, Any] = {"profile": (models.row(profiles), ...)}
    for name, mart in lists.items():
        item: Any = models.row(mart) if mart else dict[str, Any]
        fields[name] = (list[item], ...)

    @router.get(
        "/customers/{customer_id}",
        summary="Profile, recommendations and portfolio of a customer",
        response_model=None,
        responses={
            200: {
                "model": create_model("Customer", **fields),
                "content": {FORMATS["json"]: {"example": example}},
            },
            **documented(404),
        },
    )
    async def read_customer(
        customer_id: Annotated[Text, Path(description="As in the marts.", examples=["1042"])],
    ) -> Response:
        """Show a customer's profile, recommendations, and products owned.

        A list is empty if there is nothing for the customer, or its mart is not built.
        """

        async def fetch(connection: Connection) -> dict[str, str | None]:
            found = {"profile": await _text(connection, profile_query, customer_id)}
            if found["profile"] is None:
                raise ProblemError(404, "There is no such customer. /marts/customer_profiles lists them.")
            for name in LISTS:
                with suppress(UndefinedTable):
                    if name in list_queries:
                        found[name] = await _text(connection, list_queries[name], customer_id)
            return found

        found = await read(context.pool, fetch)
        members = (f'"{name}":{found.get(name, "[]")}' for name in ("profile", *LISTS))
        return Response(f"{{{','.join(members)}}}", media_type=FORMATS["json"])

    return router


async def _text(connection: Connection, query: sql.Composed, customer_id: str) -> str | None:
    row = await (await connection.execute(query, (customer_id,))).fetchone()
    return row[0] if row else None


def _rows(mart: Mart) -> sql.Composed:
    order = sql.SQL(", ").join(sql.Identifier("item", each.column) for each in mart.order)
    return sql.SQL(
        "select coalesce(json_agg(to_json(item) order by {order}), '[]')::text"
        " from {mart} as item where item.customer_id = %s"
    ).format(order=order, mart=mart.identifier)


def _example(mart: Mart) -> dict[str, object]:
    return {column.name: column.example for column in mart.columns}
