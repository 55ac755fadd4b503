"""Which arithmetic gives the money of a row: of several columns with amounts, the one that the others add up to.

Tax and shipping don't count as revenue and a discount does, so quantity times price, a total before tax and one with
everything are told apart by what the numbers of the file show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from loaders.adopt.columns import Facts, Look
from loaders.adopt.guesses import Roles, payment_words
from loaders.adopt.statuses import PAYMENT_KINDS, condition, known_kinds
from loaders.adopt.words import GROSS, rank
from loaders.errors import LoaderError

_MOST = 0.95
# A cent, and what rounding to cents leaves.
_CENT = 0.011
_RATES = (5, 5.5, 6, 7, 8, 8.1, 9, 10, 12, 13, 14, 15, 19, 20, 21, 22, 23, 24, 25)
_NORDIC_RATES = (12, 15, 25)
_CENTS = r"\bcents?\b|minor unit|in ore\b|centimes"
# Names of an amount with everything in it.
_WHOLE = r"(?<!sub)(?<!sub )(?<!line )total|gesamt|i alt|ialt|amount (?:paid|charged)"


@dataclass(frozen=True)
class Amount:
    """The money of a row.

    Attributes:
        expression: SQL over the columns of the contract.
        columns: The columns in it.
        reason: What shows that it is right, for the user.
        refund: The column with money that was given back, if the rows have it apart.
        unused: Columns that are left out, with the reason.
        is_ledger: Whether it is made of debit and credit, so that it has its sign.
    """

    expression: str
    columns: tuple[Facts, ...]
    reason: str
    refund: Facts | None = None
    unused: tuple[tuple[Facts, str], ...] = ()
    is_ledger: bool = False


def find_amount(look: Look, roles: Roles) -> Amount:
    """Return the arithmetic.

    Raises:
        LoaderError: There is no column with money.
    """
    debit, credit = roles.get("debit"), roles.get("credit")
    if debit and credit:
        return _ledger(look, roles, debit, credit)
    found = _found(look, roles)
    if found is None:
        raise LoaderError(
            f"{look.path.name} has no column with money: neither an amount nor a price.",
            "Name it with --column amount='HEADER'.",
        )
    if any(rank(column.plain, [_CENTS]) is not None for column in found.columns):
        found = replace(found, expression=f"0.01 * ({found.expression})", reason=f"{found.reason}; it is in cents")
    refund = roles.get("refund")
    if refund is None or look.value(f"select count(*) from typed where {refund.name} <> 0") == 0:
        return found
    if whole := _before_refunds(look, roles, found, refund):
        # The amount has the refund in it: it is given back so that the refund is a line of its own.
        return replace(
            found,
            expression=f"{found.expression} + abs(coalesce({refund.name}, 0))",
            columns=(*found.columns, refund),
            reason=f"{found.reason}; it is {whole.header} less {refund.header}, which becomes a line of its own",
            refund=refund,
        )
    return replace(found, refund=refund)


def _before_refunds(look: Look, roles: Roles, found: Amount, refund: Facts) -> Facts | None:
    """Return the amount that an amount is without its refunds; None if the refunds are not in it."""
    back = f"abs(coalesce({refund.name}, 0))"
    discounts = [f"abs(coalesce({each.name}, 0))" for each in roles.all("discount")]
    for whole in roles.all("amount"):
        for less in (back, *(f"{back} - {discount}" for discount in discounts)):
            if whole not in found.columns and _equal(look, found.expression, f"{whole.name} - {less}"):
                return whole
    return None


def _ledger(look: Look, roles: Roles, debit: Facts, credit: Facts) -> Amount:
    """Sales are on the side with more money, once rows of payments are left out."""
    kind = roles.get("kind")
    where = "true"
    if kind and (payments := known_kinds(list(kind.values), PAYMENT_KINDS)):
        where = f"({condition(kind.name, payments, within=False)}) is not true"
    elif kind and (payments := payment_words(look, kind)):
        where = f"({condition(kind.name, payments, within=True)}) is not true"
    on_debit = look.value(f"select sum({debit.name}) from typed where {where}")
    on_credit = look.value(f"select sum({credit.name}) from typed where {where}")
    sales, back = (debit, credit) if abs(on_debit) >= abs(on_credit) else (credit, debit)
    negative = look.value(f"select sum({back.name}) from typed") < 0
    return Amount(
        f"coalesce({sales.name}, 0) {'+' if negative else '-'} coalesce({back.name}, 0)",
        (sales, back),
        f"most money is in {sales.header}, and {back.header} takes it back",
        is_ledger=True,
    )


def _found(look: Look, roles: Roles) -> Amount | None:
    quantity, price = roles.get("quantity"), roles.get("unit_price")
    totals = [each for each in roles.all("amount") if not _repeats_in_order(each, look, roles)]
    discount = next((each for each in roles.all("discount") if _has_money(each, look)), None)
    extras = [each for role in ("tax", "shipping") for each in roles.all(role) if _has_money(each, look)]
    per_line = discount is not None and not _repeats_in_order(discount, look, roles)
    if added := _before_fees(look, roles, totals) or _added_up(look, totals, discount, extras):
        return added
    product = f"{quantity.name} * {price.name}" if quantity and price else None
    if product and quantity and price:
        full = (quantity, price)
        for total in totals:
            for reduced in _reductions(product, discount) if discount and per_line else ():
                if _equal(look, total.name, reduced):
                    words = f"{quantity.header} times {price.header} less {discount.header}"  # type: ignore[union-attr]
                    return _without_tax(total, f"it is {words}", look, extras)
        for total in totals:
            if _equal(look, total.name, product):
                if discount and per_line:
                    less = _reduced(total.name, discount)
                    return Amount(less, (total, discount), f"{total.header} is before {discount.header}")
                if rank(total.plain, [GROSS]) is not None and (
                    net := next((each for each in totals if _is_net(each)), None)
                ):
                    return Amount(net.name, (net,), f"it is {total.header} without tax", unused=((total, "with tax"),))
                return _without_tax(total, f"it is {quantity.header} times {price.header}", look, extras)
        if not totals:
            reduced = _reduced(product, discount) if discount and per_line else product
            columns = (*full, discount) if discount and per_line else full
            less = f" less {discount.header}" if discount and per_line else ""
            return Amount(reduced, columns, f"there is no total, so it is {quantity.header} times {price.header}{less}")
    if totals:
        return _without_tax(totals[0], "its name says so", look, extras, is_total=True)
    if price:
        return Amount(price.name, (price,), "there is no other money")
    return None


def _before_fees(look: Look, roles: Roles, totals: list[Facts]) -> Amount | None:
    """Return the amount that another one is less a payment's fee: what the buyer paid is the revenue."""
    for fee in (each for each in roles.all("cost") if _has_money(each, look)):
        for whole in totals:
            for part in totals:
                if part is not whole and _equal(look, part.name, f"{whole.name} - abs(coalesce({fee.name}, 0))"):
                    return Amount(
                        whole.name, (whole,), f"{part.header} is it less {fee.header}", unused=((fee, "a cost"),)
                    )
    return None


def _added_up(look: Look, totals: list[Facts], discount: Facts | None, extras: list[Facts]) -> Amount | None:
    """Return the smaller of two amounts that make each other: `subtotal - discount + tax + shipping = total`."""
    sums = [extras] if extras else []
    sums += [[each] for each in extras] if len(extras) > 1 else []
    for part in totals:
        for whole in totals:
            if part is whole:
                continue
            for added in sums:
                more = " + ".join(f"coalesce({each.name}, 0)" for each in added)
                names = " + ".join(each.header for each in added)
                if _equal(look, whole.name, f"{part.name} + {more}"):
                    return Amount(part.name, (part,), f"with {names} it is {whole.header}", unused=_apart(added, whole))
                if discount and _equal(look, whole.name, f"{_reduced(part.name, discount)} + {more}"):
                    reason = f"less {discount.header}, with {names}, it is {whole.header}"
                    return Amount(_reduced(part.name, discount), (part, discount), reason, unused=_apart(added, whole))
            if discount and _equal(look, whole.name, _reduced(part.name, discount)):
                return _without_tax(whole, f"it is {part.header} less {discount.header}", look, extras)
    return None


def _without_tax(total: Facts, reason: str, look: Look, extras: list[Facts], *, is_total: bool = False) -> Amount:
    """Take tax and shipping off a total that has them in it."""
    inside = [each for each in extras if _is_inside(each, total, look, is_total)]
    expression = " - ".join([total.name, *(f"coalesce({each.name}, 0)" for each in inside)])
    less = f"; {' and '.join(each.header for each in inside)} taken off" if inside else ""
    apart = tuple((each, f"not in {total.header}, and not part of revenue") for each in extras if each not in inside)
    return Amount(expression, (total, *inside), reason + less, unused=apart)


def _is_inside(extra: Facts, total: Facts, look: Look, is_total: bool) -> bool:
    """Return whether a total has a tax or the shipping in it.

    A tax is at one of the usual rates, on top of the net or within the gross. Where both are possible, and for
    shipping, the name of the total says it.
    """
    says_gross = rank(total.plain, [GROSS]) is not None
    if (
        rank(
            extra.plain,
            [
                r"shipping|freight|versand|porto|fracht|livraison|envio|spediz|frete|verzend|fragt|frakt|levering|delivery|postage"
            ],
        )
        is not None
    ):
        return is_total and (says_gross or rank(total.plain, [_WHOLE]) is not None)
    is_nordic = rank(extra.plain, [r"moms|mva"]) is not None
    rates = _NORDIC_RATES if is_nordic else _RATES
    rate = f"abs({extra.name} / nullif({total.name}, 0))"

    def near(shares: list[float]) -> float:
        close = " or ".join(f"abs(rate - {share}) < 0.0016" for share in shares)
        return look.value(f"select avg(if({close}, 1, 0)) from (select {rate} as rate from typed) where rate > 0")

    within, on_top = near([each / (100 + each) for each in rates]), near([each / 100 for each in rates])
    if within >= 0.8 and on_top < 0.8:
        return True
    if on_top >= 0.8 and within < 0.8:
        return False
    return says_gross or (is_total and rank(total.plain, [_WHOLE]) is not None)


def _is_net(total: Facts) -> bool:
    return rank(total.plain, [r"\bnet\b|\bnetto\b|\bht\b|excl|exkl|ekskl|ex moms|uden moms|hors tax"]) is not None


def _apart(extras: list[Facts], whole: Facts) -> tuple[tuple[Facts, str], ...]:
    return (*((each, "not part of revenue") for each in extras), (whole, "it includes what isn't revenue"))


def _reductions(gross: str, discount: Facts) -> list[str]:
    name = f"coalesce({discount.name}, 0)"
    return [f"{gross} - abs({name})", f"{gross} * (1 - {name})", f"{gross} * (1 - 0.01 * {name})"]


def _reduced(gross: str, discount: Facts) -> str:
    """Return an amount less a discount: a share or a percentage by the column's name and signs, else money."""
    amount, share, percentage = _reductions(gross, discount)
    if (
        "%" in discount.header
        or rank(discount.plain, [r"percent|prozent|procent|pct|pourcent|porcent|rate\b|satz"]) is not None
    ):
        return share if _is_share(discount) else percentage
    return share if _is_share(discount) else amount


def _is_share(discount: Facts) -> bool:
    """Return whether all values are shares such as 0.05 or 0,15: few, and below 1."""
    return bool(discount.values) and all(value.strip().lstrip("0")[:1] in ("", ".", ",") for value in discount.values)


def _equal(look: Look, left: str, right: str) -> bool:
    """Return whether two amounts are the same in nearly all rows that have both."""
    differs = f"abs(({left}) - ({right}))"
    return (
        look.share(f"{differs} <= {_CENT}", f"{differs} is not null") >= _MOST
        and look.value(f"select count(*) from typed where {differs} is not null") >= _MOST * look.rows / 2
    )


def _has_money(column: Facts, look: Look) -> bool:
    return look.value(f"select count(*) from typed where {column.name} <> 0") > 0


def _repeats_in_order(column: Facts, look: Look, roles: Roles) -> bool:
    """Return whether a column has the order's money on each of its lines, such as the total of a whole invoice."""
    order = roles.get("order_id")
    if order is None or order.distinct >= order.filled:
        return False
    lines = [each for each in (*roles.all("amount"), roles.get("unit_price")) if each and each is not column]
    query = """
        select avg(if(low = high, 1, 0)) from (
            select min({0}) as low, max({0}) as high from typed group by {1} having count(*) > 1
        )
    """
    repeated = look.value(query.format(column.name, order.name)) >= _MOST
    varies = any(look.value(query.format(each.name, order.name)) < _MOST for each in lines)
    return repeated and varies
