"""`GET /api/...`: numbers ready for a chart, under the names that dashboards of the former system use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from psycopg import sql
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from serving.api.answers import FORMATS
from serving.api.cache import ShortMemory
from serving.api.context import Context
from serving.api.database import fetch_text
from serving.api.problems import READING, ProblemError
from serving.api.vega import As, ChartSpec, bars, line, with_rows

# Seconds for which answers are shared, and given while new ones are made: a mart changes with a build, the latest
# transactions with a load.
FRESH_SECONDS, STALE_SECONDS = 5, 15
Money = Annotated[float, Field(examples=[1234.56])]
Count = Annotated[int, Field(examples=[42])]
Share = Annotated[float, Field(description="From 0 to 1.", examples=[0.25])]


class Chart(BaseModel):
    """Names as JavaScript writes them."""

    model_config = ConfigDict(alias_generator=to_camel)


class MetricsSummary(Chart):
    """The headline numbers."""

    total_customers: Count
    total_revenue: Money
    total_transactions: Count


class CustomerSegment(Chart):
    """A group of customers."""

    segment: str | None = Field(examples=["champions"])
    customers: Count
    total_spend: Money
    average_spend: Money
    share: Share


class CategoryInsight(Chart):
    """A category."""

    category: str = Field(examples=["Food"])
    transaction_count: Count
    total_revenue: Money
    average_transaction_value: Money
    unique_customers: Count
    revenue_share: Share | None


class SalesPeriod(Chart):
    """A day, a week (from Monday) or a month."""

    date: date
    gross_revenue: Money
    refunds: Money
    net_revenue: Money
    transaction_count: Count
    order_count: Count = Field(description="An order over two days counts on both.")


class ChurnRisk(Chart):
    """A tier of churn risk."""

    churn_risk: str = Field(examples=["high"])
    customers: Count
    share: Share
    return_rate: Share | None = Field(description="Share of the tier that came back, measured in the past.")


class Transaction(Chart):
    """A transaction line."""

    transaction_id: str = Field(examples=["T-9001"])
    transacted_at: AwareDatetime
    customer_id: str = Field(examples=["1042"])
    product_id: str = Field(examples=["P-17"])
    category: str = Field(examples=["Food"])
    amount: Money
    currency: str | None = Field(examples=["USD"])


SUMMARY = """
    select total_customers, total_revenue, total_transactions
    from {metrics_summary}
"""
SEGMENTS = """
    select
        {by}::text as segment,
        count(*) as customers,
        sum(total_spend) as total_spend,
        round(avg(total_spend), 2) as average_spend,
        round(count(*) / sum(count(*)) over (), 6) as share
    from {customer_profiles}
    group by {by}
    order by total_spend desc, segment asc
"""
CATEGORIES = """
    select category, transaction_count, total_revenue, average_transaction_value, unique_customers, revenue_share
    from {category_kpis}
    order by total_revenue desc, category asc
    limit %(limit)s
"""
TIME_SERIES = """
    select
        date_trunc(%(grain)s, sales_date)::date as date,
        sum(gross_revenue) as gross_revenue,
        sum(refunds) as refunds,
        sum(net_revenue) as net_revenue,
        sum(transaction_count)::bigint as transaction_count,
        sum(order_count)::bigint as order_count
    from {daily_sales}
    where
        (%(from_date)s::date is null or sales_date >= %(from_date)s)
        and (%(to_date)s::date is null or sales_date <= %(to_date)s)
    group by 1
    order by 1
"""
CHURN = """
    select
        churn_risk,
        count(*) as customers,
        round(count(*) / sum(count(*)) over (), 6) as share,
        max(tier_return_rate) as return_rate
    from {customer_churn_risk}
    group by churn_risk
    order by array_position(array['low', 'medium', 'high', 'prospect'], churn_risk), churn_risk
"""
# Without `order by`: the view has its own order, newest first. Repeating it would make PostgreSQL sort every line.
LATEST = """
    select transaction_id, transacted_at, customer_id, product_id, category, amount, currency
    from {latest_transactions}
    limit %(limit)s
"""


def chart_routes(context: Context) -> APIRouter:
    """Return the routes of all charts."""
    router = APIRouter(
        prefix="/api", tags=["charts"], dependencies=[Depends(context.guard.allow("read"))], responses=READING
    )
    memory = ShortMemory(FRESH_SECONDS, STALE_SECONDS)

    async def answer(
        model: type[Chart],
        mart: str,
        template: str,
        parameters: Mapping[str, Any] | None = None,
        by: str = "",
        chart: dict[str, Any] | None = None,
    ) -> Response:
        """Answer with the rows of a query under the names of a model, as a chart if there is one.

        The summary is a single object.
        """
        query = sql.SQL(template).format(**{mart: context.mart(mart).identifier}, by=sql.Identifier(by))
        single = model is MetricsSummary
        text = await memory.get(
            (template, by, repr(parameters)),
            lambda: _json(context, _named(model, query, single=single), parameters),
        )
        return Response(with_rows(chart, text) if chart else text, media_type=FORMATS["json"])

    @router.get("/metrics/summary", response_model=MetricsSummary, summary="Customers, revenue and transactions")
    async def metrics_summary() -> Any:
        """Return the three headline numbers, under the names they have always had."""
        return await answer(MetricsSummary, "metrics_summary", SUMMARY)

    @router.get(
        "/customer-segments", response_model=list[CustomerSegment] | ChartSpec, summary="Customers and spend by segment"
    )
    async def customer_segments(
        by: Annotated[
            Literal["rfm_segment", "segment_number", "customer_segment"],
            Query(description="RFM segment, k-means segment (1 spends most), or the segment of the customers file."),
        ] = "rfm_segment",
        form: As = "rows",
    ) -> Any:
        """Return the groups, the one that spent most first; null is for customers without one."""
        chart = bars("Spend by segment", "segment", "totalSpend") if form == "chart" else None
        return await answer(CustomerSegment, "customer_profiles", SEGMENTS, by=by, chart=chart)

    @router.get("/category-insights", response_model=list[CategoryInsight] | ChartSpec, summary="Categories by revenue")
    async def category_insights(
        limit: Annotated[int, Query(ge=1, le=1000, description="Most categories.")] = 20,
        form: As = "rows",
    ) -> Any:
        """Return the categories, the one with the highest revenue first."""
        chart = bars("Revenue by category", "category", "totalRevenue") if form == "chart" else None
        return await answer(CategoryInsight, "category_kpis", CATEGORIES, {"limit": limit}, chart=chart)

    @router.get("/time-series", response_model=list[SalesPeriod] | ChartSpec, summary="Sales over time")
    async def time_series(
        grain: Annotated[Literal["day", "week", "month"], Query(description="Length of a period.")] = "day",
        from_date: Annotated[date | None, Query(alias="from", description="First day.")] = None,
        to_date: Annotated[date | None, Query(alias="to", description="Last day.")] = None,
        form: As = "rows",
    ) -> Any:
        """Return sales by period without gaps; the dates may cut the first and last week or month."""
        if from_date and to_date and from_date > to_date:
            raise ProblemError(422, "Some parameters are wrong: from: must not be after to.")
        parameters = {"grain": grain, "from_date": from_date, "to_date": to_date}
        chart = line(f"Net revenue by {grain}", "date", "netRevenue") if form == "chart" else None
        return await answer(SalesPeriod, "daily_sales", TIME_SERIES, parameters, chart=chart)

    @router.get("/churn-risk", response_model=list[ChurnRisk] | ChartSpec, summary="Customers by churn risk")
    async def churn_risk(form: As = "rows") -> Any:
        """Return the tiers from low to high, then the prospects, each with its measured return rate."""
        chart = bars("Customers by churn risk", "churnRisk", "customers") if form == "chart" else None
        return await answer(ChurnRisk, "customer_churn_risk", CHURN, chart=chart)

    @router.get("/real-time-transactions", response_model=list[Transaction], summary="The latest transactions")
    async def real_time_transactions(
        limit: Annotated[int, Query(ge=1, le=1000, description="Most transactions.")] = 10,
    ) -> Any:
        """Return the newest transaction lines, including those loaded after the last build."""
        return await answer(Transaction, "latest_transactions", LATEST, {"limit": limit})

    return router


def _named(model: type[Chart], query: sql.Composable, *, single: bool) -> sql.Composed:
    """Return a query that makes one JSON document of the rows, under the names of the model."""
    pairs = [
        sql.SQL("{}, _row.{}").format(sql.Literal(field.alias), sql.Identifier(name))
        for name, field in model.model_fields.items()
    ]
    document = sql.SQL("json_build_object({})").format(sql.SQL(", ").join(pairs))
    form = sql.SQL("select {}::text from ({}) as _row" if single else "select json_agg({})::text from ({}) as _row")
    return form.format(document, query)


async def _json(context: Context, query: sql.Composed, parameters: Mapping[str, Any] | None) -> str:
    return await fetch_text(context.pool, query, parameters) or "[]"
