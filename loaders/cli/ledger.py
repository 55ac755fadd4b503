"""The commands `loader status`, `loader rejects`, `loader undo` and `loader forget`: what is in, and what leaves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

import click

from loaders.cli import report
from loaders.cli.options import destination_option, limit_option
from loaders.contract.sources_yml import read_contract
from loaders.contract.tables import Contract
from loaders.destinations.addresses import open_destination
from loaders.destinations.base import Destination
from loaders.destinations.postgres.connection import connect
from loaders.destinations.postgres.destination import Postgres
from loaders.errors import LoaderError
from loaders.operations.removals.forget import Forgotten, forget_customer, plan_forget
from loaders.operations.removals.undo import Undo, plan_undo, undo_load
from loaders.project import find_project
from loaders.reading.header import split_header


@click.command()
@destination_option
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Number of loads to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def status(to: str | None, limit: int, as_json: bool) -> None:
    """Show the ledger: what was loaded, newest first.

    Example: loader status --limit 5
    """
    with _initialized(to) as (destination, _):
        report.show_loads(destination.ledger.read_loads(limit), as_json=as_json)


@click.command(short_help="Show the rejected rows of a load.")
@click.argument("load", type=int, required=False)
@destination_option
@limit_option
@click.option("--csv", "as_csv", is_flag=True, help="Print all of them as CSV with the file's header, to be fixed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def rejects(load: int | None, to: str | None, limit: int, as_csv: bool, as_json: bool) -> None:
    """Show the rejected rows of a load with line, column and reason; without LOAD, of the newest load that has any.

    The column is the contract's, followed by the file's own header if that differs.

    Example: loader rejects 12 --csv > transactions_fixed.csv
    """
    with _initialized(to) as (destination, contract):
        found = destination.ledger.read_load(load)
        if as_csv:
            out = sys.stdout.buffer
            out.write((found.header or "").encode() + b"\n")
            for reject in destination.ledger.read_rejects(found.load_id):
                out.write(reject.raw + b"\n")
            return
        table = next((table for table in contract.tables if table.full_name == found.table_name), None)
        named = split_header(found.header, table)[1] if table and found.header else []
        headers = {column.name: name for name, column in named if column}
        rows = destination.ledger.read_rejects(found.load_id, limit)
        report.show_rejects((replace(row, header=headers.get(row.column or "")) for row in rows), as_json=as_json)
        if not as_json and (found.rows_rejected or 0) > limit:
            click.echo(f"{limit} of {found.rows_rejected} rejected rows of {report.printable(found.file_name)}.")


@click.command(short_help="Undo a load.")
@click.argument("load", type=int)
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@click.option("--no-wait", is_flag=True, help="Fail at once if another loader uses the table.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs; don't ask.")
def undo(load: int, dry_run: bool, yes: bool, no_wait: bool, as_json: bool) -> None:
    """Undo a load: rows that it inserted are removed, rows that it updated get their earlier content back.

    LOAD is a number in `loader status`. Rows that it found unchanged stay, and so do its rejected rows in quarantine.
    If a later load replaced rows of this one, the message says which loads to undo first. The undo is an entry in
    `loader status` too. To reverse it, load the file again.

    Exit code 1: the load can't be undone, or you said no; nothing is changed.

    Example: loader undo 12 && dbt build
    """
    project = find_project()
    contract = read_contract(project)
    with connect(project, autocommit=True) as connection:
        Postgres(connection).init_schema(contract)
        done = plan_undo(connection, contract, load)
        if not dry_run:
            if not (yes or as_json):
                _ask(_sentence(done))
            done = undo_load(connection, contract, load, wait=not no_wait, on_note=report.note)
    if as_json:
        report.show_json(asdict(done))
        return
    report.say(_sentence(done))
    for number in done.loads_unsure:
        click.echo(
            f"Load {number} found rows in {done.table} that its file has too. If these are rows that load {load} "
            "brought, load that file again: `loader copy --force FILE`."
        )
    if done.undo_id:
        report.say("The marts change with the next `dbt build` or `loader run`.")


@click.command(short_help="Forget a customer.")
@click.argument("customer")
@click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")
@click.option("--yes", is_flag=True, help="Don't ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs; don't ask.")
def forget(customer: str, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Forget a customer: what raw tables, earlier versions of rows, quarantine and audiences say of the person.

    CUSTOMER is a customer_id of the marts or an e-mail address. Rows about the person are deleted; lines with money
    stay, as those of a guest, so no total changes. The marts follow with the next build. It can't be undone. Files and
    backups that still have the person are yours to clean up: docs/privacy.md.

    Exit code 1: there is no such customer, a loader is at work, or you said no; nothing is changed.

    Example: loader forget ann@example.com --dry-run
    """
    project = find_project()
    contract = read_contract(project)
    with connect(project, autocommit=True) as connection:
        Postgres(connection).init_schema(contract)
        done = plan_forget(connection, contract, customer)
        if not dry_run:
            if not (yes or as_json):
                _ask(_summary(done))
            done = forget_customer(connection, contract, customer)
    if as_json:
        report.show_json(asdict(done))
    else:
        report.say(_summary(done))
    if done.note:
        report.note(done.note)


def _summary(found: Forgotten) -> str:
    deleted, emptied = ("deleted", "emptied") if found.is_done else ("to delete", "to empty")
    lines = [f"{each.table}, rows {deleted}: {each.deleted:,}, {emptied}: {each.emptied:,}" for each in found.tables]
    for what, files in (
        ("Files that have the person: delete or correct them", found.files),
        ("Later files that may have the person too", found.files_unsure),
        ("Audience exports that have the person: take the person out where they went", found.audience_files),
    ):
        lines += [f"{what}: {', '.join(files)}"] if files else []
    lines.append("Not known here: backups, other exports of marts, and copies of any of these.")
    if found.is_done:
        lines.append("The marts have the person until the next `dbt build`: run it now.")
    return "\n".join(map(report.printable, lines))


def _ask(what: str) -> None:
    if not sys.stdin.isatty():
        raise LoaderError(
            "There is no terminal to ask for confirmation.", "Use --yes, or --dry-run to see what would be done."
        )
    click.echo(what)
    click.confirm("Do it?", abort=True)


def _sentence(undo: Undo) -> str:
    verbs = "{} leave {}, {} get" if undo.undo_id is None else "{} left {}, {} got"
    rows = verbs.format(f"{undo.rows_removed:,} rows", undo.table, f"{undo.rows_restored:,}")
    head = f"Load {undo.load_id} ({undo.file})" + (f" is undone by load {undo.undo_id}" if undo.undo_id else "")
    return report.printable(f"{head}: {rows} their earlier content back.")


@contextmanager
def _initialized(to: str | None) -> Iterator[tuple[Destination, Contract]]:
    project = find_project()
    contract = read_contract(project)
    with open_destination(to, project, contract) as destination:
        destination.init_schema(contract)
        yield destination, contract
