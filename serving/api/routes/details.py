"""What the marts know of customers, products, segments and users: lists to search, and everything about one of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from fastapi.responses import Response
from psycopg import sql
from psycopg.errors import UndefinedTable
from pydantic import BaseModel, Field, create_model

from serving.api import models
from serving.api.answers import FORMATS
from serving.api.context import Context
from serving.api.database import Connection, read
from serving.api.marts import Mart
from serving.api.problems import READING, ProblemError, documented
from serving.api.routes.marts import add_page
from serving.api.value_types import Text

Key = Annotated[Text, Path(description="As in the marts.", examples=["1042"])]
# Columns that the parameter `search` of a list looks into.
SEARCHED = {
    "customer_profiles": ("customer_id", "customer_name", "email"),
    "product_kpis": ("product_id", "product_name", "category"),
}


class RecentOrder(BaseModel):
    """An order that is a purchase."""

    order_id: str = Field(examples=["A-1001"])
    purchase_date: date
    transaction_count: int = Field(description="Lines of the order.", examples=[3])
    net_revenue: float = Field(description="What was bought less what was given back.", examples=[41.5])


class BoughtTogether(BaseModel):
    """A product that is bought in the same orders."""

    product_id: str = Field(examples=["P-18"])
    product_name: str | None = Field(examples=["Butter"])
    category: str | None = Field(examples=["Food"])
    pair_orders: int = Field(description="Orders with both.", examples=[120])
    confidence: float = Field(description="Share of the product's orders that have the other one.", examples=[0.3])
    lift: float = Field(description="How many times as often as by chance.", examples=[4.2])


@dataclass(frozen=True)
class Member:
    """A list in the answer about one thing.

    Attributes:
        name: Its name.
        mart: Mart that it reads; without it the list is empty.
        query: Its rows, if they are not simply those of the mart.
        model: What a row is, with `query`.
    """

    name: str
    mart: str
    query: str = "select * from {mart} where {key} = %(key)s order by {order} limit 100"
    model: type[BaseModel] | None = None


RECOMMENDATIONS = Member("recommendations", "recommendations")
PORTFOLIO = Member("portfolio", "product_portfolio")
RECENT_ORDERS = Member(
    "recent_orders",
    "order_lines",
    """
    select order_id, purchase_date, count(*) as transaction_count, sum(amount)::numeric(18, 2) as net_revenue
    from {mart}
    where {key} = %(key)s and purchase_date is not null
    group by order_id, purchase_date
    order by purchase_date desc, max(transacted_at) desc, order_id desc
    limit 20
    """,
    RecentOrder,
)
BOUGHT_TOGETHER = Member(
    "bought_together",
    "product_affinities",
    """
    select
        pairs.other_product_id as product_id,
        others.product_name,
        others.category,
        pairs.pair_orders,
        pairs.confidence,
        pairs.lift
    from {mart} as pairs
    left join {main} as others on pairs.other_product_id = others.product_id
    where pairs.{key} = %(key)s
    order by pairs.affinity_rank
    limit 20
    """,
    BoughtTogether,
)
STAGES = Member("stages", "journey_stage_history")


def detail_routes(context: Context) -> APIRouter:
    """Return the routes of all things whose mart the project has."""
    router = APIRouter(tags=["details"], dependencies=[Depends(context.guard.allow("read"))], responses=READING)
    lists = {"customers": "customer_profiles", "products": "product_kpis", "segments": "rfm_segment_summary"}
    for name, mart in lists.items():
        if mart in context.catalogue:
            add_page(router, context, context.catalogue[mart], f"/api/{name}", SEARCHED.get(mart, ()))

    if profiles := context.catalogue.get("customer_profiles"):
        customer = Details(context, "profile", profiles, "customer_id", [RECOMMENDATIONS, PORTFOLIO, RECENT_ORDERS])

        @router.get(
            "/api/customers/{customer_id}",
            summary="Profile, recommendations, portfolio and recent orders of a customer",
            response_model=None,
            responses=customer.documented(),
        )
        @router.get("/customers/{customer_id}", include_in_schema=False)
        async def read_customer(customer_id: Key) -> Response:
            """Show what is known of a customer, expected value and churn risk included.

            A list is empty if there is nothing for the customer, or its mart is not built.
            """
            return await customer.answer(customer_id, "There is no such customer. /api/customers lists them.")

    if kpis := context.catalogue.get("product_kpis"):
        product = Details(context, "kpis", kpis, "product_id", [BOUGHT_TOGETHER])

        @router.get(
            "/api/products/{product_id}",
            summary="Figures of a product, and what is bought with it",
            response_model=None,
            responses=product.documented(),
        )
        async def read_product(product_id: Key) -> Response:
            """Show a product's figures, and the 20 products bought with it most; none if that mart is not built."""
            return await product.answer(product_id, "There is no such product. /api/products lists them.")

    if journeys := context.catalogue.get("user_journeys"):
        user = Details(context, "journey", journeys, "user_id", [STAGES])

        @router.get(
            "/api/users/{user_id}/journey",
            summary="The stages that a user has been through",
            response_model=None,
            responses=user.documented(),
        )
        async def read_journey(user_id: Key) -> Response:
            """Show when a user reached which stage, and each stage from its beginning to its end."""
            return await user.answer(user_id, "There is no such user. /marts/user_journeys lists them.")

    return router


class Details:
    """Everything about one thing: a row of a mart, and lists from other marts."""

    def __init__(self, context: Context, name: str, main: Mart, key: str, members: Sequence[Member]) -> None:
        """Prepare the queries.

        Args:
            context: The parts of the app.
            name: Name of the row in the answer.
            main: Mart with one row per thing.
            key: Column of the key, in all marts.
            members: The lists.
        """
        self._context, self._name, self._main, self._members = context, name, main, members
        self._key = sql.Identifier(key)
        self._row = sql.SQL("select to_json(_row)::text from {} as _row where {} = %(key)s").format(
            main.identifier, self._key
        )
        marts = {member: context.catalogue.get(member.mart) for member in members}
        self._lists = {member.name: self._rows(member, mart) for member, mart in marts.items() if mart}
        self._models = {member: member.model or (models.row(mart) if mart else None) for member, mart in marts.items()}

    def documented(self) -> dict[int | str, dict[str, Any]]:
        """Return the OpenAPI of the answers."""
        fields: dict[str, Any] = {self._name: (models.row(self._main), ...)}
        for member, model in self._models.items():
            item: Any = model or dict[str, Any]
            fields[member.name] = (list[item], ...)
        return {200: {"model": create_model(f"{self._name.capitalize()}Details", **fields)}, **documented(404)}

    async def answer(self, key: str, missing: str) -> Response:
        """Return the answer for a key.

        Raises:
            ProblemError: There is no such thing, as `missing` says.
        """

        async def fetch(connection: Connection) -> dict[str, str]:
            if (row := await _text(connection, self._row, key)) is None:
                raise ProblemError(404, missing)
            found = {self._name: row}
            for name, query in self._lists.items():
                with suppress(UndefinedTable):
                    found[name] = await _text(connection, query, key) or "[]"
            return found

        found = await read(self._context.pool, fetch)
        members = (f'"{name}":{found.get(name, "[]")}' for name in (self._name, *(each.name for each in self._members)))
        return Response(f"{{{','.join(members)}}}", media_type=FORMATS["json"])

    def _rows(self, member: Member, mart: Mart) -> sql.Composed:
        rows = sql.SQL(member.query).format(
            mart=mart.identifier,
            main=self._main.identifier,
            key=self._key,
            order=sql.SQL(", ").join(sql.Identifier(each.column) for each in mart.order),
        )
        return sql.SQL("select json_agg(_row)::text from ({}) as _row").format(rows)


async def _text(connection: Connection, query: sql.Composed, key: str) -> str | None:
    row = await (await connection.execute(query, {"key": key})).fetchone()
    return row[0] if row else None
