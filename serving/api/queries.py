"""SQL of a page of a mart. Names go through `psycopg.sql.Identifier`, values are parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from serving.api.marts import Mart, Order
from serving.api.paging import Position, decode, fingerprint
from serving.api.value_types import COMPARISONS

# The longest suffix first, so that `__gte` is not read as another one.
_IN, _NULL = "__in", "__null"
SEARCH = "search"


@dataclass(frozen=True)
class Page:
    """A query for one page.

    Attributes:
        query: Returns each row as one JSON text, and one row more than the page has if there are more.
        parameters: Values of the query.
        limit: Largest number of rows on the page.
        orders: What it sorts by; together these columns are unique.
        fingerprint: What a cursor of the query starts with.
    """

    query: sql.Composed
    parameters: list[Any]
    limit: int
    orders: tuple[Order, ...]
    fingerprint: str


def page(
    mart: Mart,
    filters: Sequence[tuple[str, Any]],
    sort: Sequence[str],
    limit: int,
    cursor: str | None,
    searched: Sequence[str] = (),
) -> Page:
    """Return the query for a page.

    Args:
        mart: The mart.
        filters: Names of parameters (`net_revenue__gte`) and their parsed values.
        sort: Columns to sort by, `-` before one for the highest first.
        limit: Largest number of rows.
        cursor: The row after which the page begins.
        searched: Columns that the filter `search` looks into.

    Raises:
        ProblemError: The cursor is not from this query.
    """
    orders = _whole_order(mart, sort)
    query = fingerprint(mart, orders, filters)
    conditions = [
        _search(searched, value) if searched and name == SEARCH else _condition(mart, name, value)
        for name, value in filters
    ]
    if cursor:
        conditions.append(_behind(mart, orders, decode(cursor, query, mart, orders)))
    parameters = [value for _, values in conditions for value in values]
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in mart.columns)
    where = sql.SQL(" and ").join([condition for condition, _ in conditions] or [sql.SQL("true")])
    order = sql.SQL(", ").join(_order(mart, each) for each in orders)
    # Repeating a view's own order would make PostgreSQL sort every row.
    ordered = mart.is_ordered and orders == mart.order
    # JSON is made only of the page's rows; the order is repeated, because a subquery's order is not guaranteed.
    composed = sql.SQL(
        "select to_json(_row)::text from (select {columns} from {mart} where {where}{order_by} limit %s) as _row"
        " order by {order}"
    ).format(
        columns=columns,
        mart=mart.identifier,
        where=where,
        order_by=sql.SQL("" if ordered else " order by {}").format(*[] if ordered else [order]),
        order=order,
    )
    return Page(composed, [*parameters, limit + 1], limit, orders, query)


def _whole_order(mart: Mart, sort: Sequence[str]) -> tuple[Order, ...]:
    """Return the requested order, followed by columns that make it unique."""
    found: dict[str, Order] = {}
    for order in (*map(Order.parse, sort), *mart.order):
        found.setdefault(order.column, order)
    return tuple(found.values())


def _order(mart: Mart, order: Order) -> sql.Composable:
    direction = "desc" if order.descending else "asc"
    # Keys have no NULL, and an index serves their order only without this.
    nulls = " nulls last" if mart.column(order.column).nullable else ""
    return sql.Identifier(order.column) + sql.SQL(f" {direction}{nulls}")


def _condition(mart: Mart, name: str, value: Any) -> tuple[sql.Composable, list[Any]]:
    column, ending = (name.rsplit("__", 1)[0], name[name.rfind("__") :]) if "__" in name else (name, "")
    identifier = sql.Identifier(column)
    if ending == _NULL:
        return identifier + sql.SQL(" is null" if value else " is not null"), []
    if ending == _IN:
        return sql.SQL("{} = any({}[])").format(identifier, _value(mart, column)), [list(value)]
    return sql.SQL("{} " + COMPARISONS[ending] + " {}").format(identifier, _value(mart, column)), [value]


def _search(columns: Sequence[str], text: str) -> tuple[sql.Composable, list[Any]]:
    """Return the condition for rows that have the text in one of the columns, in upper or lower case."""
    found = sql.SQL("strpos(lower({}), lower(%s)) > 0")
    conditions = [found.format(sql.Identifier(column)) for column in columns]
    return sql.SQL("({})").format(sql.SQL(" or ").join(conditions)), [text] * len(columns)


def _value(mart: Mart, column: str) -> sql.Composable:
    return sql.SQL("%s::" + mart.column(column).type.sql)


def _behind(mart: Mart, orders: Sequence[Order], position: Position) -> tuple[sql.Composable, list[Any]]:
    """Return the condition for rows after a position; NULL is last in either direction."""
    columns = [mart.column(order.column) for order in orders]
    same_way = len({order.descending for order in orders}) == 1
    if same_way and not any(column.nullable for column in columns):  # the form that an index supports
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
        values = sql.SQL(", ").join(_value(mart, column.name) for column in columns)
        sign = sql.SQL("<" if orders[0].descending else ">")
        return sql.SQL("({}) {} ({})").format(names, sign, values), list(position)
    condition: sql.Composable = sql.SQL("false")
    parameters: list[Any] = []
    for order, column, value in reversed(list(zip(orders, columns, position, strict=True))):
        name, sign = sql.Identifier(column.name), sql.SQL("<" if order.descending else ">")
        if value is None:
            condition = sql.SQL("({} is null and {})").format(name, condition)
            continue
        typed = _value(mart, column.name)
        null = sql.SQL(" or {} is null").format(name) if column.nullable else sql.SQL("")
        condition = sql.SQL("({} {} {}{} or ({} = {} and {}))").format(name, sign, typed, null, name, typed, condition)
        parameters = [value, value, *parameters]
    return condition, parameters
