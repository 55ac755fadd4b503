"""The YAML of a new source: its dbt sources file, which is the contract, and what describes its staging models."""

from __future__ import annotations

import json
from collections.abc import Iterator

from loaders.adopt.columns import Facts
from loaders.adopt.proposal import Plan, Proposal
from loaders.contract.tables import header_key

_DESCRIPTIONS = {
    "order_id": "Order that the row belongs to.",
    "line_id": "Number of the line within the order.",
    "customer_id": "Identifier of the buyer.",
    "email": "E-mail address of the buyer.",
    "customer_name": "Name of the buyer.",
    "product_id": "Identifier of the product.",
    "product_name": "Name of the product.",
    "category": "Category of the product.",
    "quantity": "Number of units.",
    "currency": "Currency of the amounts (ISO 4217).",
    "date": "Moment of the sale.",
    "status": "Status, which says whether the row counts.",
    "kind": "Kind of row, such as a sale, a refund or a payment.",
}
_DOCS = {"_load_id": "load_id", "_loaded_at": "loaded_at", "exclusion_reason": "exclusion_reason"}
_IDS = ("order_id", "line_id", "customer_id", "email", "product_id")


def sources_yml(proposal: Proposal) -> str:
    """Return the text of the sources file."""
    lines = [*_head(proposal), *(line for plan in proposal.plans for line in _table(proposal, plan))]
    return "\n".join(lines).rstrip() + "\n"


def model_yml(name: str, description: str, columns: tuple[str, ...], prefix: str) -> str:
    """Return the text that describes a staging model, by descriptions whose names begin with a prefix."""
    lines = ["version: 2", "", "models:", f"  - name: {name}", f"    description: {description}", "    columns:"]
    for column in columns:
        doc = _DOCS.get(column, prefix + column)
        lines += [f"      - name: {column}", f"        description: \"{{{{ doc('{doc}') }}}}\""]
    return "\n".join(lines) + "\n"


def _head(proposal: Proposal) -> Iterator[str]:
    yield from ("version: 2", "", "sources:", f"  - name: {proposal.name}", "    schema: raw", "    description: >")
    names = " and ".join(plan.look.path.name for plan in proposal.plans if plan.look.path.name.isprintable())
    yield f"      Sales from files such as {names or 'the first'}, as `loader adopt` took them."
    yield "      Every table also carries `_load_id`, `_line`, `_loaded_at` and `_extra` (columns of the file that are"
    yield "      not listed here, as JSON)."
    reading = {"decimal": proposal.reading.decimal, "dates": proposal.reading.dates}
    if said := ", ".join(f"{name}: {_scalar(value)}" for name, value in reading.items() if value):
        yield from ("    config:", f"      meta: {{read: {{{said}}}}}")
    yield from ("", "    tables:")


def _table(proposal: Proposal, plan: Plan) -> Iterator[str]:
    what = "order" if plan is proposal.orders else "line of an order" if proposal.orders else "line with an amount"
    yield f"      - name: {proposal.table_name(plan)}"
    yield f"        description: One row per {what}."
    yield from ("        config:", "          meta:", f"            known_by: [{', '.join(_known_by(proposal, plan))}]")
    if plan is proposal.lines and (money := _money(proposal)):
        yield f"            money: {money}"
    yield "        columns:"
    if plan.derived_from is not None:
        yield from _derived_key(plan)
    for column in plan.columns:
        yield from _column(proposal, plan, column)
    yield ""


def _known_by(proposal: Proposal, plan: Plan) -> list[str]:
    """Return the headers that tell the file: those that a line can't do without, at least three."""
    needed = {plan.key}
    needed |= {
        place.name
        for role, place in proposal.places.items()
        if role in ("order_id", "date", "customer_id", "product_id")
    }
    needed |= {column.name for column in proposal.amount.columns} if plan is proposal.lines else set()
    headers = [column.header for column in plan.columns if column.name in needed]
    others = [each.header for each in (*plan.columns, *plan.look.columns) if each.header not in headers]
    return [_scalar(header) for header in (headers if len(headers) > 3 else dict.fromkeys([*headers, *others][:4]))]


def _money(proposal: Proposal) -> str | None:
    """Return the columns whose product is about the money of a row; None if it is a difference of two."""
    amount = proposal.amount
    names = [column.name for column in amount.columns]
    if amount.is_ledger:
        return None
    return (
        f"[{', '.join(names[:2])}]" if f"{' * '.join(names[:2])}" in amount.expression and len(names) > 1 else names[0]
    )


def _derived_key(plan: Plan) -> Iterator[str]:
    if isinstance(plan.derived_from, tuple):
        of, value = ", ".join(plan.derived_from), f"[{', '.join(plan.derived_from)}]"
    else:
        of, value = "the row", "row"
    yield f"          - name: {plan.key}"
    yield "            description: >"
    yield f"              Identifier of the line, which the file doesn't have: a hash of {of},"
    yield "              and of how often these have occurred in the file."
    yield "            data_type: text"
    yield f"            config: {{meta: {{derived_from: {value}}}}}"
    yield "            data_tests: [not_null, unique]"


def _column(proposal: Proposal, plan: Plan, column: Facts) -> Iterator[str]:
    roles = [role for role, place in proposal.places.items() if place.table == plan.alias and place.name == column.name]
    is_key = plan.derived_from is None and column.name == plan.key
    in_amount = plan is proposal.lines and column in (*proposal.amount.columns, proposal.amount.refund)
    data_type = "text"
    if in_amount or "quantity" in roles:
        data_type = "numeric"
    elif "date" in roles:
        data_type = "timestamptz"
    meta: list[str] = []
    if header_key(column.header) != header_key(column.name):
        meta.append(f"aliases: [{_scalar(column.header)}]")
    if set(roles) & {"customer_id", "email"}:
        meta += ["buyer: true", "person: email" if "email" in roles else "person: id"]
    elif "customer_name" in roles:
        meta.append("person: detail")
    elif set(roles) & set(_IDS) and not is_key and not column.name.endswith("_id"):
        meta.append("identifier: true")
    if "date" in roles and (time := proposal.places.get("time")):
        meta.append(f"followed_by: [{_scalar(time.column.header)}]")
    yield f"          - name: {column.name}"
    yield f"            description: {_description(roles, is_key, in_amount, plan is proposal.orders)}"
    yield f"            data_type: {data_type}"
    if meta:
        yield f"            config: {{meta: {{{', '.join(meta)}}}}}"
    if is_key:
        yield "            data_tests: [not_null, unique]"
    elif "date" in roles or (in_amount and _is_needed(proposal, column)):
        yield "            data_tests: [not_null]"


def _is_needed(proposal: Proposal, column: Facts) -> bool:
    """Return whether a row without a value has no amount."""
    return f"coalesce({column.name}" not in proposal.amount.expression and column is not proposal.amount.refund


def _description(roles: list[str], is_key: bool, in_amount: bool, is_order: bool) -> str:
    known = next((_DESCRIPTIONS[role] for role in roles if role in _DESCRIPTIONS), None)
    if is_key and known is None:
        known = "Identifier of the order." if is_order else "Identifier of the row."
    if known is None:
        known = "Money of the row." if in_amount else "As in the file."
    return known


def _scalar(text: str) -> str:
    """Return a text as YAML within a list or a mapping."""
    plain = text.replace(" ", "").replace("_", "").replace("-", "")
    is_word = plain.isalnum() and text[0].isalpha() and text == text.strip()
    reserved = text.lower() in ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
    return text if is_word and not reserved else json.dumps(text, ensure_ascii=False)
