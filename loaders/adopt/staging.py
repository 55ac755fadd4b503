"""The proposal as staging models: plain SQL that gives the columns of every source, and what describes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from loaders.adopt.keys import Place
from loaders.adopt.proposal import Proposal
from loaders.adopt.sources import model_yml
from loaders.adopt.statuses import condition
from loaders.contract.quoting import literal

_TEXT = "{{ dbt.type_string() }}"
_NOTHING = f"cast(null as {_TEXT})"
_LINE = (
    *("transaction_id", "order_id", "customer_id", "product_id", "_load_id", "customer_email", "category", "currency"),
    *("exclusion_reason", "quantity", "amount", "cost", "transacted_at", "_loaded_at"),
)
_CUSTOMER = (
    *("customer_id", "_load_id", "customer_name", "email", "customer_segment", "age_group", "location", "status"),
    *("registered_at", "_loaded_at"),
)
_PRODUCT = (
    *("product_id", "_load_id", "product_name", "category", "product_type", "display_name", "status", "price"),
    *("unit_cost", "launched_on", "_loaded_at"),
)
_WIDTH = 100


class _Model(NamedTuple):
    """A staging model: its SQL, its columns, what the names of their descriptions begin with, and its description."""

    sql: str
    columns: tuple[str, ...]
    prefix: str
    description: str


def staging_models(proposal: Proposal) -> dict[str, str]:
    """Return the texts of the staging models and their descriptions, by file name."""
    says = "Lines with their money. One row per transaction line."
    made = {"transactions": _Model(transactions_sql(proposal), _LINE, "line_", says)}
    if proposal.has_customers:
        says = "Customers as their latest row has them. One row per customer."
        made["customers"] = _Model(_customers_sql(proposal), _CUSTOMER, "described_", says)
    if proposal.has_products:
        says = "Products as their latest row has them. One row per product."
        made["products"] = _Model(_products_sql(proposal), _PRODUCT, "described_", says)
    texts: dict[str, str] = {}
    for entity, model in made.items():
        name = f"stg_{proposal.name}__{entity}"
        texts[f"{name}.sql"] = model.sql
        texts[f"{name}.yml"] = model_yml(name, model.description, model.columns, model.prefix)
    return texts


def transactions_sql(proposal: Proposal) -> str:
    """Return the staging model of the transaction lines."""
    prefix, joined = f"'{proposal.name}:' || ", proposal.orders is not None
    refund = None if joined else proposal.amount.refund
    source, own = proposal.lines.alias if joined else "source", _own(proposal)
    amount, quantity = _amount(proposal, own), _quantity(proposal)
    key, rows = f"{own}{proposal.lines.key}", source
    parts: list[str] = []
    if refund:
        parts = [*_parts(proposal, amount, quantity), ""]
        key, amount, quantity, rows = "part_id", "part_amount", "part_quantity", "parts"
    order = _optional(proposal, "order_id")
    if proposal.day_in_order:
        order = f"cast({{{{ local_date('{proposal.places['date'].name}') }}}} as {_TEXT})\n        || ':' || {order}"
    currency = literal(proposal.currency) if proposal.currency else _NOTHING
    if "currency" in proposal.places:
        currency = f"upper({_optional(proposal, 'currency')})"
    lines = [
        *_imports(proposal),
        *parts,
        "renamed as (",
        "    select",
        "        -- ids",
        f"        {prefix}{key} as transaction_id,",
        f"        {prefix if 'order_id' in proposal.places else ''}{order} as order_id,",
        f"        {_identifier(proposal, 'customer_id')} as customer_id,",
        f"        {_identifier(proposal, 'product_id')} as product_id,",
        f"        {own}_load_id,",
        "",
        "        -- strings",
        f"        {_optional(proposal, 'email')} as customer_email,",
        f"        {_optional(proposal, 'category')} as category,",
        f"        {currency} as currency,",
        *_reason(proposal),
        "",
        "        -- numerics",
        f"        {_as(quantity, 'quantity')},",
        f"        {_as(amount, 'amount')},",
        "        cast(null as {{ dbt.type_numeric() }}) as cost,",
        "",
        "        -- timestamps",
        f"        {_as(_named(proposal, proposal.places['date']), 'transacted_at')},",
        f"        {own}_loaded_at",
        f"    from {rows}",
    ]
    if proposal.orders and proposal.join:
        orders = proposal.orders.alias
        lines.append(f"    left join {orders} on {source}.{proposal.join[0]} = {orders}.{proposal.join[1]}")
    return "\n".join([*lines, ")", "", "select * from renamed"]) + "\n"


def _own(proposal: Proposal) -> str:
    return f"{proposal.lines.alias}." if proposal.orders else ""


def _listed(proposal: Proposal, indent: str) -> list[str]:
    """Return the statuses that don't count as lines of a list."""
    lines = [indent]
    for status in dict.fromkeys(proposal.statuses):
        if len(lines[-1]) > _WIDTH:
            lines.append(indent)
        lines[-1] += f"{literal(status)}, "
    return [line.rstrip() for line in (*lines[:-1], lines[-1].rstrip(", "))]


def _imports(proposal: Proposal) -> Iterator[str]:
    for i, plan in enumerate(reversed(proposal.plans)):
        alias = plan.alias if proposal.orders else "source"
        yield f"{'' if i else 'with '}{alias} as ("
        yield f"    select * from {{{{ source('{proposal.name}', '{proposal.table_name(plan)}') }}}}"
        yield from ("),", "")


def _parts(proposal: Proposal, amount: str, quantity: str) -> Iterator[str]:
    """Yield the lines that make a refund in a column of its own a line of its own."""
    refund, key = proposal.amount.refund, proposal.lines.key
    assert refund is not None
    yield from ("-- What was given back is a line of its own.", "parts as (", "    select")
    for part, money, units in ((key, amount, quantity), (f"{key} || ':refund'", f"-abs({refund.name})", "0")):
        yield "        *,"
        yield f"        {part} as part_id,"
        yield f"        {money} as part_amount,"
        yield f"        {units} as part_quantity"
        yield "    from source"
        if part == key:
            yield from ("    union all", "    select")
    yield from (f"    where {refund.name} <> 0", "),")


def _amount(proposal: Proposal, own: str) -> str:
    expression = proposal.amount.expression
    for column in proposal.amount.columns:
        expression = re.sub(rf"(?<![\w.]){column.name}\b", f"{own}{column.name}", expression)
    kind = _of(proposal, "kind")
    if not proposal.refunds or kind is None:
        return expression
    given_back = condition(kind, proposal.refunds, within=False)
    return f"case when {given_back} then -abs({expression}) else {expression} end"


def _reason(proposal: Proposal) -> list[str]:
    """Return the lines that say why a row doesn't count."""
    cases: list[str] = []
    if proposal.orders and proposal.join:
        cases.append(f"            when {proposal.orders.alias}.{proposal.join[1]} is null then 'order_missing'")
    if proposal.amount.is_ledger:
        names = ", ".join(f"{_own(proposal)}{column.name}" for column in proposal.amount.columns)
        cases.append(f"            when coalesce({names}) is null then 'no_amount'")
    if proposal.statuses and (status := _of(proposal, "status")):
        value = f"lower(trim({status}))"
        reason = "'void'" if proposal.is_flag else f"replace({value}, ' ', '_')"
        cases += [
            "            when",
            f"                {value} in (",
            *_listed(proposal, " " * 20),
            "                )",
            f"                then {reason}",
        ]
    for role, words, reason in (("kind", proposal.payments, "no_sale"), ("sums", proposal.sums, "sum_of_others")):
        if words and (name := _of(proposal, role)):
            applies = condition(name, words, within=proposal.are_within and role == "kind")
            cases += ["            when", f"                {applies}", f"                then '{reason}'"]
    if not cases:
        return [f"        {_NOTHING} as exclusion_reason,"]
    return ["        case", *cases, "        end as exclusion_reason,"]


def _quantity(proposal: Proposal) -> str:
    """Return the units of a line: one where the file doesn't say."""
    place = proposal.places.get("quantity")
    if place is None:
        return "1"
    name = _named(proposal, place)
    return name if place.column.filled == proposal.lines.look.rows else f"coalesce({name}, 1)"


def _of(proposal: Proposal, role: str) -> str | None:
    place = proposal.places.get(role)
    return None if place is None else _named(proposal, place)


def _as(expression: str, name: str) -> str:
    return expression if re.fullmatch(rf"(?:\w+\.)?{name}", expression) else f"{expression} as {name}"


def _named(proposal: Proposal, place: Place) -> str:
    return f"{place.table}.{place.name}" if proposal.orders else place.name


def _blank_to_null(name: str) -> str:
    return f"{{{{ blank_to_null('{name}') }}}}"


def _optional(proposal: Proposal, role: str) -> str:
    name = _of(proposal, role)
    return _blank_to_null(name) if name else _NOTHING


def _identifier(proposal: Proposal, role: str) -> str:
    name = _of(proposal, role)
    return f"'{proposal.name}:' || {_blank_to_null(name)}" if name else _NOTHING


# --- customers and products -------------------------------------------------------------------------------------------


def _customers_sql(proposal: Proposal) -> str:
    buyer, email = proposal.places.get("customer_id"), proposal.places.get("email")
    place = buyer or email
    assert place is not None
    in_table = {role: each for role, each in proposal.places.items() if each.table == place.table}
    who = place.name if buyer else f"lower(trim({place.name}))"
    identifier = f"'{proposal.name}:' || {place.name}" if buyer else f"{{{{ customer_id_from_email('{place.name}') }}}}"
    return _described(
        proposal,
        place,
        who,
        [
            f"        {identifier} as customer_id,",
            "        _load_id,",
            "",
            "        -- strings",
            f"        {_value(in_table, 'customer_name')} as customer_name,",
            f"        {_value(in_table, 'email')} as email,",
            *(f"        {_NOTHING} as {name}," for name in ("customer_segment", "age_group", "location", "status")),
            "",
            "        -- timestamps",
            "        cast(null as {{ type_moment() }}) as registered_at,",
        ],
    )


def _products_sql(proposal: Proposal) -> str:
    place = proposal.places["product_id"]
    in_table = {role: each for role, each in proposal.places.items() if each.table == place.table}
    name = _value(in_table, "product_name")
    return _described(
        proposal,
        place,
        place.name,
        [
            f"        '{proposal.name}:' || {place.name} as product_id,",
            "        _load_id,",
            "",
            "        -- strings",
            f"        {name} as product_name,",
            f"        {_value(in_table, 'category')} as category,",
            f"        {_NOTHING} as product_type,",
            f"        {name} as display_name,",
            f"        {_NOTHING} as status,",
            "",
            "        -- numerics",
            "        cast(null as {{ dbt.type_numeric() }}) as price,",
            "        cast(null as {{ dbt.type_numeric() }}) as unit_cost,",
            *("", "        -- dates", "        cast(null as date) as launched_on,", "", "        -- timestamps"),
        ],
    )


def _described(proposal: Proposal, place: Place, partition: str, selected: list[str]) -> str:
    """Return the SQL of what the latest row says of each customer or product."""
    plan = next(plan for plan in proposal.plans if plan.alias == place.table)
    date = proposal.places["date"]
    latest = f"{date.name} desc, {plan.key} desc" if date.table == place.table else f"_load_id desc, {plan.key} desc"
    lines = [
        "with source as (",
        f"    select * from {{{{ source('{proposal.name}', '{proposal.table_name(plan)}') }}}}",
        *("),", "", "numbered as (", "    select", "        *,", "        row_number() over ("),
        f"            partition by {partition}",
        f"            order by {latest}",
        *("        ) as row_rank", "    from source", f"    where trim({place.name}) <> ''", "),", ""),
        *("renamed as (", "    select", "        -- ids"),
        *selected,
        *("        _loaded_at", "    from numbered", "    where row_rank = 1", ")", "", "select * from renamed"),
    ]
    return "\n".join(lines) + "\n"


def _value(places: dict[str, Place], role: str) -> str:
    return _blank_to_null(places[role].name) if role in places else _NOTHING
