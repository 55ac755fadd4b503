"""The guesses put together: the tables of a new source, their keys, what joins them, and what a line of them means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from loaders.adopt.amounts import Amount, find_amount
from loaders.adopt.columns import Facts, Look
from loaders.adopt.guesses import Roles, check_said, guess, payment_words
from loaders.adopt.keys import Place, find_join, find_key, find_sums, starts_again
from loaders.adopt.statuses import PAYMENT_KINDS, REFUND_KINDS, SIDES, YES, excluded_statuses, is_status, known_kinds
from loaders.adopt.words import FLAG, rank
from loaders.contract.tables import Reading
from loaders.errors import LoaderError

_CODES = {
    *("AUD", "BGN", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HUF", "INR"),
    *("ISK", "JPY", "MXN", "NOK", "NZD", "PLN", "RON", "SEK", "TRY", "USD", "ZAR"),
}
_SIGNS = {"€": "EUR", "£": "GBP", "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "₹": "INR", "R$": "BRL"}


@dataclass(frozen=True)
class Plan:
    """A raw table of the source.

    Attributes:
        look: Its file.
        alias: What it is called in the staging SQL.
        key: The column that identifies a row.
        derived_from: From what the key is derived if no column of the file is one.
        columns: The columns that mean something.
    """

    look: Look
    alias: str
    key: str
    derived_from: str | tuple[str, ...] | None
    columns: tuple[Facts, ...]


@dataclass(frozen=True)
class Proposal:
    """A new source.

    Attributes:
        name: Its name, and that of its folder.
        lines: The table whose rows are lines with money.
        orders: The table with what lines share, if that is a file of its own.
        join: The columns of lines and orders that are equal.
        places: The columns by what they are taken for.
        amount: The money of a line.
        day_in_order: Whether numbers of orders start again each day.
        currency: Code of the currency, if no column has it.
        statuses: Statuses of lines that don't count.
        is_flag: Whether the status is a yes that marks a void line.
        payments: Kinds of rows that aren't sales.
        are_within: Whether these are words within a text.
        sums: What a row says that adds up others.
        refunds: Kinds of rows whose money is given back, though it has no sign.
        reading: How numbers and dates are written, as far as later files may leave it open.
    """

    name: str
    lines: Plan
    orders: Plan | None
    join: tuple[str, str] | None
    places: Mapping[str, Place]
    amount: Amount
    day_in_order: bool
    currency: str | None
    statuses: tuple[str, ...]
    is_flag: bool
    payments: tuple[str, ...]
    are_within: bool
    sums: tuple[str, ...]
    refunds: tuple[str, ...]
    reading: Reading

    @property
    def plans(self) -> tuple[Plan, ...]:
        """The tables."""
        return (self.lines,) if self.orders is None else (self.orders, self.lines)

    def table_name(self, plan: Plan) -> str:
        """Return the name of a raw table."""
        return f"{self.name}_{plan.alias}"

    @property
    def has_customers(self) -> bool:
        """Whether a file says more of customers than their identifier."""
        who = self.places.keys() & {"customer_id", "email"}
        return bool(who) and bool(self.places.keys() & {"customer_name", "email"})

    @property
    def has_products(self) -> bool:
        """Whether a file says more of products than their identifier."""
        return "product_id" in self.places and bool(self.places.keys() & {"product_name", "category"})


def propose(looks: list[Look], name: str, said: Mapping[str, str]) -> Proposal:
    """Return the source that files are taken for.

    Args:
        looks: One file, or two that share a key.
        name: Name of the source.
        said: Headers by role, as the user says them.

    Raises:
        LoaderError: There is no money or no date, or two files share no key.
    """
    check_said(looks, said)
    guesses = [guess(look, said) for look in looks]
    if len(looks) == 1:
        return _propose(name, looks[0], guesses[0], None, None, None)
    lines, orders, join = find_join(looks, guesses)
    return _propose(name, looks[lines], guesses[lines], looks[orders], guesses[orders], join)


def _propose(
    name: str, look: Look, roles: Roles, other: Look | None, more: Roles | None, join: tuple[str, str] | None
) -> Proposal:
    if join:
        key = next(column for column in look.columns if column.name == join[0])
        roles.drop("order_id")
        roles.found["order_id"] = [key]
    amount = find_amount(look, roles)
    if join and amount.refund:
        back = f"{amount.expression} - abs(coalesce({amount.refund.name}, 0))"
        amount = replace(amount, expression=back, columns=(*amount.columns, amount.refund), refund=None)
    own, shared = "order_lines" if join else "lines", "orders"
    places: dict[str, Place] = {}
    for role in ("order_id", "line_id", "customer_id", "email", "customer_name", "product_id", "product_name"):
        _put(places, role, roles, own, more, shared)
    for role in ("category", "quantity", "date", "time", "currency", "status", "kind"):
        _put(places, role, roles, own, more, shared, orders_first=role in ("date", "time", "status"))
    if more and (buyer := more.get("customer_id")):
        places["customer_id"] = Place(shared, buyer)
    if "date" not in places:
        raise LoaderError(
            f"{look.path.name} has no column with dates.",
            "Name it with --column date='HEADER'; if the dates are in another file that shares a key, name both files.",
        )
    if "time" in places and places["time"].table != places["date"].table:
        del places["time"]
    status, kind = places.get("status"), places.get("kind")
    is_flag = status is not None and rank(status.column.plain, [FLAG]) is not None
    if status and not is_flag and not is_status(list(status.column.values)):
        del places["status"]
        status = None
    payments = known_kinds(list(kind.column.values), PAYMENT_KINDS) if kind else []
    are_within = bool(kind and not payments and amount.is_ledger and kind.table == own)
    if kind and are_within:
        payments = payment_words(look, kind.column)
    refunds = _refunds(look, kind, own, amount)
    if kind and not payments and not refunds:
        del places["kind"]
    statuses = list(YES) if is_flag else excluded_statuses(list(status.column.values)) if status else []
    if status and not amount.refund and not is_flag:
        statuses += known_kinds(
            list(status.column.values), ("refunded", "erstattet", "remboursé", "refunderet", "refundert")
        )
    if sums := find_sums(look):
        places["sums"] = Place(own, sums[0])
    day_in_order = join is None and starts_again(look, places)
    lines = _plan(look, own, places, amount, day_in_order)
    orders = None
    if other and join:
        key_columns = [column for column in other.columns if column.name == join[1]]
        named = [place.column for place in places.values() if place.table == shared]
        orders = Plan(other, shared, join[1], None, tuple(dict.fromkeys([*key_columns, *named])))
    readings = [each.reading for each in (look, other) if each]
    return Proposal(
        name=name,
        lines=lines,
        orders=orders,
        join=join,
        places=places,
        amount=amount,
        day_in_order=day_in_order,
        currency=None if "currency" in places else _currency(amount),
        statuses=tuple(statuses),
        is_flag=is_flag,
        payments=tuple(payments),
        are_within=are_within,
        sums=sums[1] if sums else (),
        refunds=tuple(refunds),
        reading=Reading(
            next((each.decimal for each in readings if each.decimal), None),
            next((each.dates for each in readings if each.dates), None),
        ),
    )


def _put(
    places: dict[str, Place],
    role: str,
    roles: Roles,
    own: str,
    more: Roles | None,
    shared: str,
    *,
    orders_first: bool = False,
) -> None:
    found = [Place(own, column)] if (column := roles.get(role)) else []
    if more and role not in ("order_id", "line_id", "quantity") and (column := more.get(role)):
        found.insert(0 if orders_first else len(found), Place(shared, column))
    if found:
        places[role] = found[0]


def _plan(look: Look, alias: str, places: Mapping[str, Place], amount: Amount, day_in_order: bool) -> Plan:
    used = [place.column for role, place in places.items() if place.table == alias and role != "time"]
    used += [*amount.columns, *([amount.refund] if amount.refund else [])]
    key, derived_from = find_key(look, places, day_in_order)
    if derived_from is None:
        used += [column for column in look.columns if column.name == key]
    order = {column.name: i for i, column in enumerate(look.columns)}
    return Plan(look, alias, key, derived_from, tuple(sorted(dict.fromkeys(used), key=lambda each: order[each.name])))


def _refunds(look: Look, kind: Place | None, own: str, amount: Amount) -> list[str]:
    """Return the kinds of rows that give money back, if their amounts have no sign that says so."""
    found = known_kinds(list(kind.column.values), REFUND_KINDS) if kind and kind.table == own else []
    if kind and kind.table == own and {value.strip().lower() for value in kind.column.values} in SIDES:
        return [_smaller_side(look, kind, amount)]
    if not found or kind is None or amount.is_ledger:
        return []
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in found)
    negative = look.value(
        f"select count(*) from typed where lower(trim({kind.name})) in ({listed}) and ({amount.expression}) < 0"
    )
    return [] if negative else found


def _smaller_side(look: Look, kind: Place, amount: Amount) -> str:
    """Return the side of a ledger with less money: what is on it takes the other back."""
    side = f"lower(trim({kind.name}))"
    query = (
        f"select {side} from typed where {kind.name} is not null group by 1 order by abs(sum({amount.expression})), 1"
    )
    row = look.database.execute(query).fetchone()
    return str(row[0]) if row else ""


def _currency(amount: Amount) -> str | None:
    """Return the currency that the header or the numbers of the amount name."""
    for column in amount.columns:
        words: list[str] = re.findall(r"[A-Z]{3}", column.header)
        signs = [_SIGNS.get(sign.strip(), sign.strip()) for sign in column.signs]
        found = [code for code in (*words, *signs) if code in _CODES]
        if found:
            return found[0]
    return None
