"""The commands `loader backup` and `loader restore`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from loaders.cli import report
from loaders.contract.sources_yml import read_contract
from loaders.destinations.postgres.connection import connect
from loaders.destinations.postgres.roles import ROLES, init_roles
from loaders.destinations.postgres.schema import init_schema
from loaders.operations.backup import Backup, back_up
from loaders.operations.backup import restore as restore_backup
from loaders.project import find_project

_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")


@click.command()
@_file
@click.option("--replace", is_flag=True, help="Replace FILE if it is there, once the new one is complete.")
@_json
def backup(file: Path, replace: bool, as_json: bool) -> None:
    """Back up the raw tables, their history and the ledger into FILE, in pg_dump's custom format.

    It is all of one moment, while loads go on, and it is read once to check it. What dbt builds is not in it: that is
    made of these tables. Keep it on another machine.

    Example: loader backup shop.dump
    """
    project = find_project()
    with connect(project, autocommit=True) as connection, Console(stderr=True).status("backing up"):
        made = back_up(connection, project, read_contract(project), file, replace=replace)
    _show(made, "Backed up and checked", as_json)


@click.command()
@_file
@click.option("--replace", is_flag=True, help="Lose what the database has, for what FILE has.")
@_json
def restore(file: Path, replace: bool, as_json: bool) -> None:
    """Put FILE, a backup, in place of the raw tables and the ledger, in one transaction.

    A database that has rows is left as it is unless you say --replace. Staging, intermediate and marts go with what
    they were built of, so the next `dbt build` makes them from nothing. Where there are the roles of
    `loader init --roles`, they get their rights again.

    Example: loader restore shop.dump && dbt build
    """
    project = find_project()
    contract = read_contract(project)
    with connect(project, autocommit=True) as connection:
        with _progress() as on_bytes:
            done = restore_backup(connection, project, contract, file, replace=replace, on_bytes=on_bytes)
        init_schema(connection, contract)
        if connection.execute("select from pg_catalog.pg_roles where rolname = any(%s)", (list(ROLES),)).fetchone():
            init_roles(connection, contract)
    _show(done, "Restored", as_json)
    if not as_json:
        click.echo("`dbt build` makes the marts anew.")


def _show(backup: Backup, done: str, as_json: bool) -> None:
    if as_json:
        report.show_json(asdict(backup))
        return
    for table, rows in backup.rows.items():
        click.echo(f"{table:<32}{rows:>14,} rows")
    click.echo(report.printable(f"{done}: {backup.file}, {backup.bytes / 1e3:,.0f} kB."))


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("restoring"), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("restoring", total=None)
        yield lambda size: bar.advance(task, size)
