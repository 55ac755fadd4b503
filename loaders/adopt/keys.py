"""What identifies a row of a file, and what joins two files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from loaders.adopt.columns import Facts, Look
from loaders.adopt.guesses import Roles
from loaders.adopt.statuses import SUMS, condition
from loaders.adopt.words import NAMES, rank
from loaders.contract.tables import header_key
from loaders.errors import LoaderError

_SHARED = 0.5
# So few rows may add up others; what they lack, so many rows have.
_FEW, _USUAL = 0.2, 0.95
_MANY = 1_000
_ROW_ID = (
    r"^(?:id|uuid|guid|key)$|\b(?:transaction|transaktions?|entry|line|row|record|payment|charge|sale|event|lobe|posting)s?"
    r" ?(?:id|no|nr|number|nummer|key)$"
)
# Numbers of orders and of invoices, the patterns before this one, don't start again.
_RECEIPTS = 2


@dataclass(frozen=True)
class Place:
    """A column and the table that it is in."""

    table: str
    column: Facts

    @property
    def name(self) -> str:
        """Its name in the contract."""
        return self.column.name


def find_key(look: Look, places: Mapping[str, Place], day_in_order: bool) -> tuple[str, str | tuple[str, ...] | None]:
    """Return the key's column, and from what it is derived if the file has none."""
    order, line, product = (places.get(role) for role in ("order_id", "line_id", "product_id"))
    # In a short file orders of several products may happen to have one each.
    is_whole_order = product is None or look.rows >= _MANY
    for place in (order if is_whole_order else None, line):
        if place and look.is_key(place.name):
            return place.name, None
    others = {place.name for role, place in places.items() if role not in ("order_id", "line_id")}
    for column in look.columns:
        is_id = column.kind in ("text", "number") and column.name not in others and re.search(_ROW_ID, column.plain)
        if is_id and look.is_key(column.name):
            return column.name, None
    taken = {column.name for column in look.columns}
    key = next(name for name in ("line_id", "line_key", "raw_line_id") if name not in taken)
    if order is None:
        return key, "row"
    if line and not day_in_order and look.is_key(order.name, line.name):
        return key, (order.name, line.name)
    date = [places["date"].name] if day_in_order else []
    rest = [place.name for place in (line, product) if place and place.table == order.table]
    return key, (order.name, *date, *rest) if rest else "row"


def starts_again(look: Look, places: Mapping[str, Place]) -> bool:
    """Return whether most numbers of receipts with several lines are on several days: a till's start at 1 each day."""
    order, date = places.get("order_id"), places["date"]
    if order is None or (rank(order.column.plain, NAMES["order_id"]) or 0) < _RECEIPTS:
        return False
    return (
        look.value(
            f"""
            select avg(if(days > 1, 1, 0)) from (
                select count(distinct cast({date.name} as date)) as days
                from typed where {order.name} is not null group by {order.name} having count(*) > 1
            )
            """
        )
        > _SHARED
    )


def find_sums(look: Look) -> tuple[Facts, tuple[str, ...]] | None:
    """Return the text that says of some rows that they add up others, and what it says; such rows lack other values."""
    for column in (each for each in look.columns if each.kind == "text"):
        is_sum = condition(f"rtrim({column.name}, ':')", SUMS, within=False)
        count = look.value(f"select count(*) from typed where {is_sum}")
        if not 0 < count < _FEW * look.rows:
            continue
        for other in look.columns:
            is_usual = other.filled + count >= _USUAL * look.rows and other is not column
            if is_usual and not look.value(f"select count({other.name}) from typed where {is_sum}"):
                found = look.database.execute(f"select distinct lower(trim({column.name})) from typed where {is_sum}")
                return column, tuple(sorted(value for (value,) in found.fetchall()))
    return None


def find_join(looks: list[Look], guesses: list[Roles]) -> tuple[int, int, tuple[str, str]]:
    """Return which file has the lines, which the orders, and the columns that join them.

    Raises:
        LoaderError: The files share no key.
    """
    found: list[tuple[tuple[float, ...], int, int, tuple[str, str]]] = []
    for lines, orders in ((0, 1), (1, 0)):
        for own in looks[lines].columns:
            for other in looks[orders].columns:
                named = _same_name(own, other, guesses[lines], guesses[orders])
                if not named or not looks[orders].is_key(other.name):
                    continue
                shared = _share_in(looks[lines], own, looks[orders], other)
                if shared >= _SHARED:
                    repeats = own.distinct < own.filled
                    found.append(((repeats, named, shared), lines, orders, (own.name, other.name)))
    if not found:
        names = " and ".join(look.path.name for look in looks)
        raise LoaderError(
            f"{names} share no key: no column of one has the values of a unique column of the other.",
            "Adopt the files one by one, each with its own --name.",
        )
    return max(found, key=lambda each: each[0])[1:]


def _same_name(own: Facts, other: Facts, lines: Roles, orders: Roles) -> int:
    """Return 2 if two columns have one name, 1 if both are numbers of orders, else 0."""
    if header_key(own.header) == header_key(other.header):
        return 2
    return int(lines.get("order_id") is own and (orders.get("order_id") is other or other.plain in ("id", "nr", "no")))


def _share_in(lines: Look, own: Facts, orders: Look, other: Facts) -> float:
    values = "select distinct cast({} as varchar) from typed where {} is not null"
    known = {value for (value,) in orders.database.execute(values.format(other.name, other.name)).fetchall()}
    found = [value for (value,) in lines.database.execute(values.format(own.name, own.name)).fetchall()]
    return sum(value in known for value in found) / len(found) if found else 0.0
