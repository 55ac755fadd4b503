"""`GET /customers/{customer_id}`: all that the marts know of one customer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response
from psycopg import sql
from pydantic import create_model

from serving.api import models
from serving.api.answers import FORMATS
from serving.api.context import Context
from serving.api.database import fetch_text
from serving.api.marts import Catalogue, Mart
from serving.api.problems import READING, ProblemError, documented
from serving.api.value_types import Text

# Lists beside the profile, each with its mart; a list is empty where the project has no such mart.
LISTS = {"recommendations": "recommendations", "portfolio": "product_portfolio"}


def customer_routes(context: Context) -> APIRouter:
    """Return the route, or none in a project without profiles."""
    router = APIRouter(tags=["customers"], dependencies=[Depends(context.guard.allow("read"))], responses=READING)
    if (profiles := context.catalogue.get("customer_profiles")) is None:
        return router
    query = _query(profiles, context.catalogue)
    lists = {name: context.catalogue.get(mart) for name, mart in LISTS.items()}
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

        A list is empty where there is nothing for the customer, or the project does not build its mart.
        """
        found = await fetch_text(context.pool, query, {"customer_id": customer_id})
        if found is None:
            raise ProblemError(404, "There is no such customer. /marts/customer_profiles lists them.")
        return Response(found, media_type=FORMATS["json"])

    return router


def _query(profiles: Mart, catalogue: Catalogue) -> sql.Composed:
    parts = [sql.SQL("'profile', to_json(profile)")]
    for name, mart_name in LISTS.items():
        mart = catalogue.get(mart_name)
        rows = sql.SQL("'[]'::json") if mart is None else _rows(mart)
        parts.append(sql.SQL("{}, {}").format(sql.Literal(name), rows))  # type: ignore[arg-type]
    return sql.SQL(
        "select json_build_object({parts})::text from {mart} as profile where profile.customer_id = %(customer_id)s"
    ).format(parts=sql.SQL(", ").join(parts), mart=profiles.identifier)


def _rows(mart: Mart) -> sql.Composed:
    order = sql.SQL(", ").join(sql.Identifier("item", each.column) for each in mart.order)
    return sql.SQL(
        "(select coalesce(json_agg(to_json(item) order by {order}), '[]')"
        " from {mart} as item where item.customer_id = %(customer_id)s)"
    ).format(order=order, mart=mart.identifier)


def _example(mart: Mart) -> dict[str, object]:
    return {column.name: column.example for column in mart.columns}
