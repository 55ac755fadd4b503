"""The OpenAPI of each mart: the parameters it accepts and the rows it returns, made from its contract."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.alias_generators import to_pascal
from starlette.datastructures import QueryParams

from serving.api.marts import Mart, MartColumn
from serving.api.problems import from_validation
from serving.api.queries import SEARCH
from serving.api.value_types import COMPARISONS, Text

DEFAULT_LIMIT, MOST_ROWS = 100, 10_000
PAGING = ("sort", "limit", "cursor", "format", "raw")
_MEANINGS = {
    "": "equal to this",
    "__ne": "other than this",
    "__gt": "above this",
    "__gte": "this or above",
    "__lt": "below this",
    "__lte": "this or below",
    "__in": "one of these (repeat the parameter)",
    "__null": "true for rows without a value, false for those with one",
}


Model = TypeVar("Model", bound=BaseModel)


class Parameters(BaseModel):
    """Parameters of a mart; filters are added for the columns of its contract."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def read(cls, query: QueryParams) -> dict[str, Any]:
        """Return the parameters of an address, parsed; only those that were given, as a mart has hundreds.

        Raises:
            ProblemError: They are invalid.
        """
        lists = _lists(cls)
        given: dict[str, Any] = {}
        for name in query:
            values = query.getlist(name)
            if name not in lists and len(values) > 1:
                raise from_validation([{"loc": [name], "type": "repeated", "msg": "May be given once; see __in"}])
            given[name] = values if name in lists else values[0]
        try:
            parsed = cls.model_validate(given)
        except ValidationError as error:
            raise from_validation(error.errors()) from error
        return {str(cls.model_fields[field].alias): getattr(parsed, field) for field in parsed.model_fields_set}

    @classmethod
    def documented(cls) -> list[dict[str, Any]]:
        """Return the OpenAPI of the parameters."""
        found = cls.model_json_schema()["properties"].items()
        return [
            {"name": name, "in": "query", "description": schema.pop("description"), "schema": _untitled(schema)}
            for name, schema in found
        ]


class Answer(BaseModel):
    """A page of rows."""

    next_cursor: str | None = Field(description="Send it as `cursor` to get the next page; null on the last one.")


@cache
def _lists(model: type[Parameters]) -> frozenset[str]:
    """Return the names of the parameters that may be repeated."""
    return frozenset(str(field.alias) for field in model.model_fields.values() if get_origin(field.annotation) is list)


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """Remove the title, and null as a value: a parameter can be omitted but not sent as null."""
    return {name: value for name, value in schema.items() if name != "title" and (name, value) != ("default", None)}


def parameters(mart: Mart, searched: Sequence[str] = ()) -> type[Parameters]:
    """Return the model of a mart's parameters, with `search` if there are columns to look into."""
    directions = tuple(f"{sign}{column.name}" for column in mart.columns if column.type.sql for sign in ("", "-"))
    sort: Any = list[Literal[directions]]  # type: ignore[valid-type]
    filters = {
        f"{column.name}{ending}": (annotation, f"Rows whose {column.name} is {_MEANINGS[ending]}. {column.description}")
        for column in mart.columns
        for ending, annotation in _filters(column).items()
    }
    # A column named like one of the last five can be filtered only by its comparisons.
    fields: dict[str, Any] = {
        **{
            name: (annotation, Field(alias=name, default=None, description=said))
            for name, (annotation, said) in filters.items()
        },
        "sort": (
            sort,
            Field(
                alias="sort",
                default=[],
                max_length=5,
                description="Columns to sort by (repeat the parameter); `-` for the highest first.",
            ),
        ),
        "limit": (
            int,
            Field(alias="limit", default=DEFAULT_LIMIT, ge=1, le=MOST_ROWS, description="Rows on the page at most."),
        ),
        "cursor": (
            str,
            Field(
                alias="cursor",
                default=None,
                max_length=20_000,
                description="`next_cursor` of the page before.",
            ),
        ),
        "format": (
            Literal["json", "csv", "ndjson"],
            Field(
                alias="format",
                default=None,
                description="Overrides the Accept header.",
            ),
        ),
        "raw": (
            bool,
            Field(
                alias="raw",
                default=False,
                description="Don't put ' before text in CSV that a spreadsheet would run as a formula.",
            ),
        ),
    }
    if searched:
        said = f"Rows with this text in {', '.join(searched)}, in upper or lower case."
        fields[SEARCH] = (Text, Field(alias=SEARCH, default=None, description=said))
    return _model(f"{to_pascal(mart.name)}Parameters", Parameters, "", fields)


@cache
def row(mart: Mart) -> type[BaseModel]:
    """Return the model of a mart's row."""
    fields: dict[str, Any] = {}
    for column in mart.columns:
        annotation = column.type.answered | None if column.nullable else column.type.answered
        fields[column.name] = (
            annotation,
            Field(alias=column.name, description=column.description, examples=[column.example]),
        )
    return _model(f"{to_pascal(mart.name)}Row", BaseModel, mart.description, fields)


@cache
def answer(mart: Mart) -> type[Answer]:
    """Return the model of a page of a mart."""
    rows: Any = list[row(mart)]  # type: ignore[misc]
    return _model(f"{to_pascal(mart.name)}Page", Answer, mart.description, {"data": (rows, Field(alias="data"))})


def _filters(column: MartColumn) -> dict[str, Any]:
    """Return the suffixes of the parameters that filter by a column, each with the annotation of its value."""
    kind: Any = column.type.parsed
    found = {ending: kind for ending in COMPARISONS if ending in column.type.comparisons}
    if len(found) > 1:
        found["__in"] = Annotated[list[kind], Field(min_length=1, max_length=100)]
    if found and column.nullable:
        found["__null"] = bool
    return found


def _model(name: str, base: type[Model], said: str, fields: dict[str, Any]) -> type[Model]:
    # Fields have names of their own, because a column may be named like an attribute of pydantic's models.
    numbered = {f"field_{number}": field for number, field in enumerate(fields.values())}
    return create_model(name, __base__=base, __doc__=said, **numbered)
