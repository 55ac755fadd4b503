"""The commands about the database: `loader init` and `tables`, `db` for the embedded one, `backup` and `restore`."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from loaders.cli import report
from loaders.cli.options import destination_option
from loaders.contract.sources_yml import read_contract
from loaders.destinations.addresses import open_destination
from loaders.destinations.postgres.connection import connect, named_server
from loaders.destinations.postgres.destination import Postgres
from loaders.destinations.postgres.roles import ROLES, init_roles
from loaders.embedded.configuration import LOCAL_HOST
from loaders.embedded.server import DATABASE, SUPERUSER, EmbeddedServer
from loaders.errors import LoaderError
from loaders.operations.backup import Backup, back_up
from loaders.operations.backup import restore as restore_backup
from loaders.project import find_project


@click.command(short_help="Create the schemas and tables of the contract.")
@destination_option
@click.option("--roles", is_flag=True, help="Also create the roles for loading, building and reading.")
def init(to: str | None, roles: bool) -> None:
    """Create the schemas and tables of the contract, and add new columns.

    Nothing is dropped or retyped. `loader copy` does this automatically.

    --roles creates three roles without a login, which an admin grants to users: analytics_loader owns the raw tables
    and the ledger, analytics_builder reads them and owns what dbt creates (set DBT_ROLE=analytics_builder for dbt),
    bi_reader reads only the marts. Readers also see what the admin who runs this builds without DBT_ROLE. It requires
    an admin with CREATEROLE, not a superuser, and can be repeated.

    Example: loader init --roles
    """
    project = find_project()
    contract = read_contract(project)
    if to and roles:
        raise LoaderError("--roles works on PostgreSQL only: files have no roles.", "Protect them by file permissions.")
    with open_destination(to, project, contract) as destination:
        done = destination.init_schema(contract)
        if roles:
            assert isinstance(destination, Postgres)
            done += init_roles(destination.connection, contract)
    report.say("\n".join(done) or "The database matches the contract.")


@click.command(short_help="Show the contract: tables, columns and their other names.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def tables(as_json: bool) -> None:
    """Show the contract: the tables that files can be loaded into, their columns, and other accepted headers.

    Example: loader tables
    """
    report.show_tables(read_contract(find_project()).copied_tables, as_json=as_json)


@click.group()
def db() -> None:
    """Start, stop and show the embedded PostgreSQL.

    It is used if PGHOST, PGHOSTADDR and PGSERVICE are unset, or set by `loader db env`. It starts automatically when
    needed, and keeps its data in the project's folder .postgres.

    Example: loader db status
    """


@db.command()
@click.option("--tcp", is_flag=True, help=f"Also listen on {LOCAL_HOST}, with a password, for BI tools.")
def start(tcp: bool) -> None:
    """Start the embedded PostgreSQL.

    A running server is not touched; only --tcp restarts one that runs without it, which ends its connections. TCP lasts
    until the server is stopped.

    Example: loader db start --tcp
    """
    server = EmbeddedServer(find_project().root)
    server.start(tcp)
    status = server.status()
    report.say(
        f"PostgreSQL is running: socket {status.socket}, port {status.port}, database {DATABASE}, user {SUPERUSER}."
    )
    if status.tcp:
        report.say(f"TCP: {LOCAL_HOST}:{status.port}, the password is in {server.password_file}.")


@db.command(short_help="Stop the embedded PostgreSQL.")
def stop() -> None:
    """Stop the embedded PostgreSQL; uncommitted changes are rolled back.

    Example: loader db stop
    """
    stopped = EmbeddedServer(find_project().root).stop()
    report.say("PostgreSQL is stopped." if stopped else "PostgreSQL was not running.")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")
def status(as_json: bool) -> None:
    """Show whether the embedded PostgreSQL is running, and where.

    Example: loader db status --json
    """
    server = EmbeddedServer(find_project().root)
    found = server.status()
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    if not found.running:
        click.echo("The embedded PostgreSQL is not running; `loader db start` starts it.")
    else:
        tcp = f"also on {LOCAL_HOST}:{found.port}" if found.tcp else "not on TCP"
        click.echo(
            f"The embedded PostgreSQL is running: process {found.pid}, socket {found.socket}, port {found.port}, {tcp}."
        )
    if name := named_server(server):
        click.echo(f"It is not used here: {name} is set and names another server.")


@db.command(short_help="Print the variables that point psql and dbt at the database.")
@click.option("--tcp", is_flag=True, help=f"Print {LOCAL_HOST} and the password instead of the socket.")
def env(tcp: bool) -> None:
    """Print the variables that point psql, dbt and other programs at the database.

    Starts the embedded PostgreSQL if it isn't running. With PGHOST, PGHOSTADDR or PGSERVICE set, nothing is needed.

    Example: eval "$(loader db env)" && psql
    """
    server = EmbeddedServer(find_project().root)
    if name := named_server(server):
        click.echo(f"# {name} is set: loader, dbt and psql already use that server.")
        return
    server.start(tcp)
    for variable, value in server.environment(tcp).items():
        click.echo(f"export {variable}={shlex.quote(value)}")


_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for programs.")


@click.command(short_help="Back up the raw tables, their history and the ledger.")
@_file
@click.option("--replace", is_flag=True, help="Replace an existing FILE once the new one is complete.")
@_json
def backup(file: Path, replace: bool, as_json: bool) -> None:
    """Back up the raw tables, their history and the ledger into FILE, in pg_dump's custom format.

    It is of one moment, even while loads continue, and is read back once as a check. It does not contain what dbt
    builds, as dbt can rebuild that. Keep it on another machine.

    Example: loader backup shop.dump
    """
    project = find_project()
    with connect(project, autocommit=True) as connection, report.progress_console().status("backing up"):
        made = back_up(connection, project, read_contract(project), file, replace=replace)
    _show(made, "Backed up and checked", as_json)


@click.command(short_help="Replace the raw tables and the ledger by a backup.")
@_file
@click.option("--replace", is_flag=True, help="Replace the content of the database.")
@_json
def restore(file: Path, replace: bool, as_json: bool) -> None:
    """Replace the raw tables and the ledger by the backup FILE, in one transaction.

    A database with rows is not changed without --replace. Staging, intermediate and marts are removed too; the next
    `dbt build` rebuilds them. If the roles of `loader init --roles` exist, they get their rights again.

    Example: loader restore shop.dump && dbt build
    """
    project = find_project()
    contract = read_contract(project)
    with connect(project, autocommit=True) as connection:
        with _progress() as on_bytes:
            done = restore_backup(connection, project, contract, file, replace=replace, on_bytes=on_bytes)
        Postgres(connection).init_schema(contract)
        if connection.execute("select from pg_catalog.pg_roles where rolname = any(%s)", (list(ROLES),)).fetchone():
            init_roles(connection, contract)
    _show(done, "Restored", as_json)
    if not as_json:
        report.say("`dbt build` rebuilds the marts.")


def _show(backup: Backup, done: str, as_json: bool) -> None:
    if as_json:
        report.show_json(asdict(backup))
        return
    for table, rows in backup.rows.items():
        report.say(f"{table:<32}{rows:>14,} rows")
    report.say(report.printable(f"{done}: {backup.file}, {backup.bytes / 1e3:,.0f} kB."))


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    console = report.progress_console()
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("restoring"), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("restoring", total=None)
        yield lambda size: bar.advance(task, size)
