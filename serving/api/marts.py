"""The marts as dbt's manifest describes them: every public model with an enforced contract."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import sql

from loaders.errors import LoaderError
from serving.api.value_types import ValueType, value_type

MANIFEST = Path("target") / "manifest.json"
# Example values of well-known columns; for others it is the first accepted value, or one for the type.
EXAMPLES = {"category": "Food", "currency": "USD", "email": "ada@example.com", "customer_name": "Ada"}


@dataclass(frozen=True)
class MartColumn:
    """A column of a mart."""

    name: str
    data_type: str
    description: str
    nullable: bool
    accepted_values: tuple[str, ...] = ()

    @property
    def type(self) -> ValueType:
        """What its values are."""
        return value_type(self.data_type)

    @property
    def example(self) -> object:
        """A value as JSON has it."""
        if self.type.sql != "text":
            return self.type.example
        if self.accepted_values:
            return self.accepted_values[0]
        return "1042" if self.name.endswith("_id") else EXAMPLES.get(self.name, "text")


@dataclass(frozen=True)
class Order:
    """A column to sort by, and which way."""

    column: str
    descending: bool = False

    @classmethod
    def parse(cls, text: str) -> Order:
        """Read `column`, or `-column` for the highest first."""
        return cls(text.removeprefix("-"), text.startswith("-"))


@dataclass(frozen=True)
class Mart:
    """A mart.

    Attributes:
        key: Columns of the primary key, empty for a view.
        order: Default order of rows; its columns are unique.
        is_ordered: Whether it is a view that returns its rows in that order anyway.
    """

    name: str
    schema: str
    alias: str
    description: str
    columns: tuple[MartColumn, ...]
    key: tuple[str, ...]
    order: tuple[Order, ...]
    is_ordered: bool = False

    @property
    def identifier(self) -> sql.Identifier:
        """Its name in SQL."""
        return sql.Identifier(self.schema, self.alias)

    def column(self, name: str) -> MartColumn:
        """Return the column of this name."""
        return next(column for column in self.columns if column.name == name)


Catalogue = Mapping[str, Mart]


def read_catalogue(manifest: Path) -> Catalogue:
    """Read the marts from dbt's manifest, by name.

    Raises:
        LoaderError: There is no manifest, it can't be read, or it has no public mart.
    """
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        found = {mart.name: mart for mart in _marts(content)}
    except FileNotFoundError as error:
        raise LoaderError(
            f"{manifest} does not exist; the API reads its routes from it.", "Write it with `dbt parse`."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LoaderError(
            f"{manifest} can't be read: {type(error).__name__}.", "Rewrite it with `dbt parse`."
        ) from error
    if not found:
        raise LoaderError(f"{manifest} has no public model with an enforced contract.", "See `models/marts`.")
    return dict(sorted(found.items()))


def _marts(content: Mapping[str, Any]) -> Iterator[Mart]:
    nodes = content["nodes"]
    required, accepted = _tests(nodes)
    for identifier, node in nodes.items():
        public = node["resource_type"] == "model" and node["access"] == "public"
        if not public or not node["config"]["contract"]["enforced"]:
            continue
        key = next((tuple(each["columns"]) for each in node["constraints"] if each["type"] == "primary_key"), ())
        columns = tuple(
            MartColumn(
                name=column["name"],
                data_type=column["data_type"],
                description=" ".join(column["description"].split()),
                nullable=column["name"] not in key and (identifier, column["name"]) not in required,
                accepted_values=accepted.get((identifier, column["name"]), ()),
            )
            for column in node["columns"].values()
        )
        own_order = node["config"]["meta"].get("order", [])
        stated = own_order or key or [column.name for column in columns if column.type.sql]
        yield Mart(
            name=node["name"],
            schema=node["schema"],
            alias=node["alias"],
            description=" ".join(node["description"].split()),
            columns=columns,
            key=key,
            order=tuple(map(Order.parse, stated)),
            is_ordered=bool(own_order),
        )


def _tests(nodes: Mapping[str, Any]) -> tuple[set[tuple[str, str]], dict[tuple[str, str], tuple[str, ...]]]:
    """Return which columns are never NULL by a test, and which values a test accepts."""
    required, accepted = set(), {}
    for node in nodes.values():
        test = node.get("test_metadata")
        if test and node.get("column_name"):
            column = (node["attached_node"], node["column_name"])
            if test["name"] == "not_null":
                required.add(column)
            elif test["name"] == "accepted_values" and not node["config"].get("where"):
                accepted[column] = tuple(map(str, test["kwargs"]["values"]))
    return required, accepted
