"""Charts as Vega-Lite, with their rows: a page shows one with `vegaEmbed(element, address)`."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
As = Annotated[
    Literal["rows", "chart"], Query(alias="as", description="The rows, or a Vega-Lite chart that contains them.")
]


class ChartSpec(BaseModel):
    """A chart, as Vega-Lite has it."""

    version: str = Field(alias="$schema", examples=[SCHEMA])
    title: str = Field(examples=["Customers by segment"])
    width: str = Field(description="As wide as the element around it.", examples=["container"])
    data: dict[str, Any] = Field(examples=[{"values": [{"segment": "champions", "customers": 42}]}])
    mark: dict[str, Any] = Field(examples=[{"type": "bar"}])
    encoding: dict[str, Any] = Field(examples=[{"y": {"field": "segment", "type": "nominal"}}])


def bars(title: str, name: str, number: str) -> dict[str, Any]:
    """Return a chart of bars from left to right, in the order of the rows.

    Args:
        title: Title of the chart.
        name: Member of a row that names the bar.
        number: Member of a row that is its length.
    """
    return _chart(
        title,
        "bar",
        {
            "y": {"field": name, "type": "nominal", "sort": None, "title": None},
            "x": {"field": number, "type": "quantitative", "title": None},
        },
    )


def line(title: str, day: str, number: str) -> dict[str, Any]:
    """Return a line over time; the arguments are those of `bars`, with a date instead of a name."""
    return _chart(
        title,
        "line",
        {
            # A date without a time is midnight in UTC, which in America is still the day before.
            "x": {"field": day, "timeUnit": "utcyearmonthdate", "type": "temporal", "title": None},
            "y": {"field": number, "type": "quantitative", "title": None},
        },
    )


def with_rows(chart: dict[str, Any], rows: str) -> str:
    """Return the chart as JSON, with rows that are JSON already and so keep every digit."""
    return f'{json.dumps(chart)[:-1]}, "data": {{"values": {rows}}}}}'


def _chart(title: str, mark: str, encoding: dict[str, Any]) -> dict[str, Any]:
    return {
        "$schema": SCHEMA,
        "title": title,
        "width": "container",
        "mark": {"type": mark, "tooltip": {"content": "data"}},
        "encoding": encoding,
    }
