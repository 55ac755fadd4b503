"""Which column of a file is what: by its name in several languages, and by the values in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from loaders.adopt.columns import Facts, Look
from loaders.adopt.statuses import PAYMENT_KINDS, condition, known_kinds
from loaders.adopt.words import FLAG, GROSS, NAMES, NO_MONEY, NO_SALE_DATE, NUMBERS, WITH_OR_WITHOUT, rank
from loaders.errors import LoaderError

ROLES = (*NAMES, *NUMBERS)
# Roles of which a file may have several columns: the best comes first.
SEVERAL = ("amount", "tax", "shipping", "discount")
# Words of so many letters are found within texts, and matter if so many of the rows have them.
_SHORT, _FAIR = 3, 0.02
_BARE_NAMES = ("name", "navn", "namn", "naam", "nom", "nombre", "nome")
_IDS = ("order_id", "line_id", "customer_id", "product_id")


@dataclass
class Roles:
    """What the columns of a file are taken for, by role; the best column of a role first."""

    found: dict[str, list[Facts]] = field(default_factory=dict)

    def get(self, role: str) -> Facts | None:
        """Return the column of a role."""
        return next(iter(self.found.get(role, [])), None)

    def all(self, role: str) -> list[Facts]:
        """Return all columns of a role."""
        return self.found.get(role, [])

    def add(self, role: str, column: Facts) -> None:
        """Take a column for a role, after the others of it."""
        self.found.setdefault(role, []).append(column)

    def drop(self, role: str) -> None:
        """Take no column for a role."""
        self.found.pop(role, None)

    @property
    def taken(self) -> set[str]:
        """Names of the columns that have a role."""
        return {column.name for columns in self.found.values() for column in columns}


def guess(look: Look, said: Mapping[str, str]) -> Roles:
    """Return what each column of a file is taken for.

    Args:
        look: The file.
        said: Headers by role, as the user says them; an empty header means that there is no such column.
    """
    roles = Roles()
    for role, header in said.items():
        if column := next((each for each in look.columns if each.header.strip() == header.strip()), None):
            roles.add(role, column)
    for role in (*NUMBERS, *NAMES):
        if role in said and (not said[role] or roles.get(role)):
            continue
        ranked = sorted(
            (place, i)
            for i, column in enumerate(look.columns)
            if column.name not in roles.taken and (place := _place(role, column, look)) is not None
        )
        for _, i in ranked[: None if role in SEVERAL else 1]:
            roles.add(role, look.columns[i])
    _settle_numbers(roles, look)
    if "customer_id" not in said:
        _settle_buyer(roles, look)
    _settle_memo(roles, look)
    if "product_id" not in said:
        _settle_product(roles)
    return roles


def check_said(looks: list[Look], said: Mapping[str, str]) -> None:
    """Check that what the user says names a role and a header.

    Raises:
        LoaderError: It does not.
    """
    headers = {column.header.strip() for look in looks for column in look.columns}
    for role, header in said.items():
        if role not in ROLES:
            raise LoaderError(f"There is no role {role!r} for a column.", f"Roles: {', '.join(ROLES)}.")
        if header and header.strip() not in headers:
            raise LoaderError(f"No file has a column {header!r}.", f"Columns: {', '.join(sorted(headers))}.")


def _place(role: str, column: Facts, look: Look) -> int | None:
    """Return how good a column is for a role, 0 is best; None if it can't be it."""
    name = column.plain
    if column.kind == "empty":
        return None
    place = rank(name, (NUMBERS if role in NUMBERS else NAMES)[role])
    if role == "email":
        has_at = [value for value in column.values if "@" in value]
        if column.kind != "text" or (column.values and not has_at):
            return None
        return place
    if role == "date":
        if column.kind != "moment":
            return None
        place = len(NAMES["date"]) if place is None else place
        return place + 20 if rank(name, [NO_SALE_DATE]) is not None else place
    if role == "time":
        return place if column.kind == "time" else None
    if place is None or column.kind in ("moment", "time"):
        return None
    if role in NUMBERS:
        return _number_place(role, column, place)
    if role == "currency":
        return (
            place
            if column.kind == "text" and all(len(value) <= 3 for value in column.values) and column.values
            else None
        )
    if role == "status" and rank(name, [FLAG]) is not None:
        return place if len(column.values) in (1, 2) else None
    if role in ("status", "kind"):
        return place if column.kind == "text" and column.values and column.distinct < max(look.rows, 3) else None
    if role in ("category", "customer_name", "product_name"):
        # A description that is the same in all rows says nothing of them.
        is_one = role == "product_name" and column.distinct == 1 and look.rows > 1
        return place if column.kind == "text" and not is_one else None
    return place


def _number_place(role: str, column: Facts, place: int) -> int | None:
    if column.kind != "number":
        return None
    name = column.plain
    if set(column.values) <= {"0", "1"} and rank(name, [FLAG]) is not None:
        return None
    is_id = any(rank(name, NAMES[each]) is not None for each in _IDS)
    if is_id and (column.is_whole or role == "quantity"):
        return None
    if role in ("tax", "discount", "shipping") and rank(name, [WITH_OR_WITHOUT]) is not None:
        return None
    is_weak_quantity = role == "quantity" and place > 0
    if rank(name, [NO_MONEY]) is not None and (role in ("amount", "tax", "discount") or is_weak_quantity):
        return None
    if role == "amount" and place > 0 and rank(name, [GROSS]) is not None:
        return place + 10
    return place


def _settle_numbers(roles: Roles, look: Look) -> None:
    """Keep debit and credit only together, and take a lone column of the two for an amount or a refund."""
    debit, credit = roles.get("debit"), roles.get("credit")
    if debit and not credit:
        roles.drop("debit")
        roles.add("amount", debit)
    if credit and not debit:
        roles.drop("credit")
        if not roles.get("refund") and roles.all("amount"):
            roles.add("refund", credit)
        elif not roles.all("amount"):
            roles.add("amount", credit)
    # `Total refunded` of an export without any other amount is its amount.
    if roles.get("refund") and not roles.all("amount") and not roles.get("unit_price") and not debit:
        refund = roles.get("refund")
        assert refund is not None
        roles.drop("refund")
        roles.add("amount", refund)
    if not any(map(roles.all, ("amount", "unit_price", "debit"))):
        free = [column for column in look.columns if column.kind == "number" and column.name not in roles.taken]
        # `Amount due` is an amount if there is no other.
        named = [column for column in free if rank(column.plain, NUMBERS["amount"]) is not None]
        unnamed = [column for column in free if not column.is_whole]
        if named or len(unnamed) == 1:
            roles.add("amount", (named or unnamed)[0])


def _settle_buyer(roles: Roles, look: Look) -> None:
    """Tell a buyer's name from an identifier: `Kunde` may be either."""
    buyer, name = roles.get("customer_id"), roles.get("customer_name")
    if buyer is None and name is not None and not roles.get("email"):
        roles.add("customer_id", name)  # the name is all there is
    if buyer and name is None and buyer.kind == "text" and roles.get("email") and _has_blanks(buyer, look):
        roles.drop("customer_id")
        roles.add("customer_name", buyer)


def _settle_memo(roles: Roles, look: Look) -> None:
    """In a ledger without kinds of rows, take the text that says which ones are payments."""
    kind = roles.get("kind")
    if not (roles.get("debit") and roles.get("credit")) or (kind and known_kinds(list(kind.values), PAYMENT_KINDS)):
        return
    for column in look.columns:
        is_free = column.kind == "text" and column.name not in {
            each.name for role in ("customer_id", "customer_name", "email", "currency") for each in roles.all(role)
        }
        if is_free and payment_words(look, column):
            for role in [role for role, columns in roles.found.items() if column in columns]:
                roles.drop(role)
            roles.found["kind"] = [column]
            return


def payment_words(look: Look, column: Facts) -> list[str]:
    """Return the words for payments that a fair share of the rows have in a text, which is more than the word."""
    words = [word for word in PAYMENT_KINDS if len(word) > _SHORT and " " not in word]
    return [word for word in words if look.share(condition(column.name, [word], within=True)) > _FAIR]


def _settle_product(roles: Roles) -> None:
    name = roles.get("customer_name")
    is_product = roles.get("product_id") and not roles.get("product_name") and not roles.get("email")
    if name and name.plain in _BARE_NAMES and is_product and roles.get("customer_id") in (None, name):
        roles.drop("customer_id")
        roles.drop("customer_name")
        roles.add("product_name", name)
    if roles.get("product_id") is None and (name := roles.get("product_name")):
        roles.add("product_id", name)


def _has_blanks(column: Facts, look: Look) -> bool:
    """Return whether most values of a column are several words, as names are."""
    return look.share(f"regexp_matches({column.name}, '\\S \\S')", f"{column.name} is not null") > 0.5
