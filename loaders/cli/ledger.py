"""`loader status` and `loader rejects`: what the ledger knows of loads and of the rows that were rejected."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from loaders.cli import report
from loaders.cli.options import destination_option, limit_option
from loaders.contract.sources_yml import read_contract
from loaders.destinations.addresses import open_destination
from loaders.destinations.base import Destination
from loaders.project import find_project


@click.command()
@destination_option
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="Number of loads to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def status(to: str | None, limit: int, as_json: bool) -> None:
    """Show the ledger: what was loaded, the newest first.

    Example: loader status --limit 5
    """
    with _initialized(to) as destination:
        report.show_loads(destination.read_loads(limit), as_json=as_json)


@click.command()
@click.argument("load", type=int, required=False)
@destination_option
@limit_option
@click.option("--csv", "as_csv", is_flag=True, help="Print all of them as CSV with the file's header, to be mended.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def rejects(load: int | None, to: str | None, limit: int, as_csv: bool, as_json: bool) -> None:
    """Show the rows of a load that were rejected, with line, column and reason; without LOAD, of the newest such load.

    Example: loader rejects 12 --csv > transactions_mended.csv
    """
    with _initialized(to) as destination:
        found = destination.read_load(load)
        if as_csv:
            out = sys.stdout.buffer
            out.write((found.header or "").encode() + b"\n")
            for reject in destination.read_rejects(found.load_id):
                out.write(reject.raw + b"\n")
            return
        report.show_rejects(destination.read_rejects(found.load_id, limit), as_json=as_json)
        if not as_json and (found.rows_rejected or 0) > limit:
            click.echo(f"{limit} of {found.rows_rejected} rejected rows of {report.printable(found.file_name)}.")


@contextmanager
def _initialized(to: str | None) -> Iterator[Destination]:
    project = find_project()
    contract = read_contract(project)
    with open_destination(to, project, contract) as destination:
        destination.init_schema(contract)
        yield destination
