"""The command `loader adopt`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
from rich.text import Text

from loaders.adopt.adoption import Adoption, consider
from loaders.adopt.columns import Facts
from loaders.adopt.guesses import ROLES
from loaders.adopt.writing import write_source
from loaders.cli import report
from loaders.contract.sources_yml import read_contract
from loaders.contract.tables import Reading
from loaders.errors import LoaderError
from loaders.project import find_project
from loaders.reading.options import Options, check_date_format

_WORDS = {
    "order_id": "order",
    "line_id": "line of the order",
    "customer_id": "buyer",
    "email": "e-mail address of the buyer",
    "customer_name": "name of the buyer",
    "product_id": "product",
    "product_name": "name of the product",
    "date": "date",
    "time": "time of day",
    "status": "status",
    "kind": "kind of row",
    "sums": "rows that add up others",
}


def _columns(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for value in values:
        role, mark, header = value.partition("=")
        if not mark or role not in ROLES:
            raise click.BadParameter(f"{value!r} is not ROLE=HEADER with one of the roles {', '.join(ROLES)}.")
        found[role] = header
    return found


@click.command(short_help="Make a source for a file that no table knows.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="Name of the source; made of the file's name otherwise.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    callback=_columns,
    metavar="ROLE=HEADER",
    help="Say which column is what, such as amount='Net total'; ROLE= says that there is none. May be repeated.",
)
@click.option("--encoding", metavar="NAME", help="Encoding of the files, such as cp1252; detected otherwise.")
@click.option("--decimal", type=click.Choice([".", ","]), help="Decimal mark of numbers; found in the file otherwise.")
@click.option("--date-format", metavar="FORMAT", help="Order of dates (dmy, mdy, ymd), or a format such as %d.%m.%Y.")
@click.option("--yes", is_flag=True, help="Write the source without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; without --yes nothing is written.")
def adopt(
    files: tuple[Path, ...],
    name: str | None,
    columns: dict[str, str],
    encoding: str | None,
    decimal: str | None,
    date_format: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Make a source for FILE, whose header no table of the contract knows.

    The names of the columns, in several languages, and their values show which column is what: the date, the buyer, the
    money of a row. What it comes to is shown, and if you say that it is right, models/staging/NAME is written: the
    contract by which `loader copy` reads such files, and a few lines of SQL that say what they mean. Both are yours to
    edit. No data is loaded yet.

    Two files that share a key, such as orders and their lines, become one source.

    Roles for --column: order_id, line_id, customer_id, email, customer_name, product_id, product_name, category,
    quantity, unit_price, amount, discount, tax, shipping, refund, debit, credit, currency, date, time, status, kind.

    Example: loader adopt ordrer.csv && loader copy ordrer.csv && dbt build

    Example: loader adopt orders.csv order_details.csv --name wholesale
    """
    project = find_project()
    contract = read_contract(project)
    reading = Reading(decimal, date_format and check_date_format(date_format))
    found = consider(list(files), project, contract, Options(reading, encoding), name=name, columns=columns)
    if not as_json:
        if not (yes and report.is_quiet()):
            _show(found)
        if not yes and not _is_right():
            raise LoaderError(
                "Nothing was written.",
                "Say which column is what, such as --column amount='HEADER', and look at the total again.",
            )
    written = write_source(found.proposal, project) if yes or not as_json else []
    if as_json:
        report.show_json({**_as_dict(found), "written": list(map(str, written))})
        return
    report.say(f"models/staging/{found.proposal.name} is written. Next:")
    report.say(
        report.printable(
            f"  loader copy {' '.join(shlex.quote(str(file)) for file in files)} && dbt build --selector core"
        )
    )


def _is_right() -> bool:
    try:
        return click.confirm("Is this your total?")
    except click.Abort as error:
        raise LoaderError("Nothing was written.", "Where nobody can answer, --yes writes the source.") from error


def _show(found: Adoption) -> None:
    totals = found.totals
    grid = report.make_grid("column", "taken for", "because")
    for row in _taken(found):
        grid.add_row(*(Text(report.printable(cell)) for cell in row))
    report.print_grid(grid)
    money = report.make_grid("currency", "lines", "gross", "refunds", "net", "guests")
    for sums in totals.sums:
        amounts = (sums.gross, sums.refunds, sums.net, sums.guest_net)
        currency = Text(report.printable(sums.currency or "(the reporting one)"))
        money.add_row(currency, f"{sums.lines:,}", *(f"{amount:,}" for amount in amounts))
    report.print_grid(money)
    for line in _lines(found):
        click.echo(report.printable(line))
    if totals.best:
        best = report.make_grid("best customers", "currency", "net")
        for buyer, code, net in totals.best:
            best.add_row(Text(report.printable(buyer)), Text(report.printable(code or "")), f"{net:,}")
        report.print_grid(best)


def _lines(found: Adoption) -> Iterator[str]:
    totals = found.totals
    for name, rows in totals.rows.items():
        rejected = totals.rejected[name]
        said = f", {rejected:,} of them break the contract and would go to quarantine" if rejected else ""
        yield f"{name}: {rows:,} rows{said}."
    counts = f"{totals.orders:,} orders, {totals.buyers:,} buyers, and {totals.guests:,} lines of guests"
    yield f"From {totals.first_day} to {totals.last_day}: {counts}."
    for reason, lines, net in totals.excluded:
        yield f"Not counted: {lines:,} lines with {net:,} ({reason})."


def _taken(found: Adoption) -> Iterator[tuple[str, str, str]]:
    """Yield each column that means something, what it is taken for, and why."""
    proposal = found.proposal
    in_amount = (*proposal.amount.columns, proposal.amount.refund)
    for role, place in proposal.places.items():
        if role == "customer_name" and proposal.places.get("customer_id") == place:
            continue
        if role == "product_name" and proposal.places.get("product_id") == place:
            continue
        if place.column not in in_amount:
            yield place.column.header, _WORDS.get(role, role), _reason(found, role, place.column)
    amount = proposal.amount
    headers = ", ".join(dict.fromkeys(column.header for column in amount.columns))
    is_formula = len(amount.columns) > 1
    yield headers, "amount", f"{amount.reason}: {amount.expression}" if is_formula else amount.reason
    if refund := proposal.amount.refund:
        yield refund.header, "refund", "given back, as a line of its own" if proposal.orders is None else "not counted"
    for column, reason in proposal.amount.unused:
        yield column.header, "not counted", reason


def _reason(found: Adoption, role: str, column: Facts) -> str:
    proposal = found.proposal
    if role == "customer_id" and proposal.places.get("customer_name", None) == proposal.places["customer_id"]:
        return "nothing else identifies a buyer: namesakes are one"
    if role == "order_id" and proposal.day_in_order:
        return "with the day, as the numbers start again"
    if role == "status":
        left_out = sorted({*proposal.statuses} & {each.strip().lower() for each in column.values})
        return f"left out: {', '.join(left_out) or 'none so far'}"
    if role == "sums":
        return f"left out: {', '.join(proposal.sums)}"
    if role == "kind":
        return "; ".join(
            f"{what}: {', '.join(kinds)}"
            for what, kinds in (("given back", proposal.refunds), ("not a sale", proposal.payments))
            if kinds
        )
    return f"{column.distinct:,} different values" if role.endswith("_id") else ""


def _as_dict(found: Adoption) -> dict[str, object]:
    return {
        "name": found.proposal.name,
        "columns": [{"column": header, "taken_for": role, "reason": reason} for header, role, reason in _taken(found)],
        "amount": found.proposal.amount.expression,
        **asdict(found.totals),
    }
