"""The command line of the loader: it parses and prints, the library does the work."""

from __future__ import annotations

import sys
from typing import Any

import click
import psycopg

from loaders.cli import report
from loaders.cli.backup import backup, restore
from loaders.cli.db import db
from loaders.cli.export import export
from loaders.cli.generate import generate
from loaders.cli.ledger import rejects, status
from loaders.cli.metrics import metrics
from loaders.cli.options import destination_option, limit_option, reading_options
from loaders.cli.quality import quality
from loaders.cli.record import record
from loaders.cli.run import run
from loaders.cli.undo import undo
from loaders.cli.watch import watch_folders
from loaders.contract.sources_yml import read_contract
from loaders.contract.tables import Table
from loaders.copy import Result, check_file, copy_file
from loaders.destinations.addresses import open_destination
from loaders.destinations.base import Postgres
from loaders.destinations.postgres.roles import init_roles
from loaders.errors import LoaderError, postgres_message
from loaders.project import find_project
from loaders.reading.files import expand, table_of
from loaders.reading.options import Limit, Options
from loaders.reading.rules import Format
from loaders.reading.scan import Reject

EXIT_REFUSED, EXIT_REJECTS, EXIT_INTERRUPTED = 1, 3, 130


class _Group(click.Group):
    """A group whose commands end with one clear sentence instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except LoaderError as error:
            click.echo(f"Error: {report.printable(error.message)}", err=True)
            if error.hint:
                click.echo(report.printable(error.hint), err=True)
            ctx.exit(error.exit_code)
        except click.NoSuchOption as error:
            if error.option_name != "--to" or error.ctx is None:
                raise
            raise click.UsageError(f"`{error.ctx.command_path}` works on PostgreSQL only.", error.ctx) from error
        except click.UsageError as error:
            raise click.UsageError(report.printable(error.format_message()), error.ctx) from error
        except psycopg.Error as error:
            click.echo(f"Error: PostgreSQL says: {report.printable(postgres_message(error))}", err=True)
            ctx.exit(EXIT_REFUSED)
        except KeyboardInterrupt:
            click.echo("Interrupted. Nothing of the file that was being loaded is in.", err=True)
            ctx.exit(EXIT_INTERRUPTED)


@click.group(cls=_Group)
@click.version_option(package_name="customer-analytics")
def main() -> None:
    """Copy CSV files into PostgreSQL as the contract in the dbt sources files says.

    The database is the one that PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE name, or else an embedded one that
    starts by itself.

    Exit codes: 0 all is well; 1 an error, or a file was refused; 2 wrong usage; 3 files are in, but without the rows
    that break the contract.

    Example: loader copy exports/
    """


main.add_command(backup)
main.add_command(db)
main.add_command(export)
main.add_command(generate)
main.add_command(quality)
main.add_command(record)
main.add_command(rejects)
main.add_command(restore)
main.add_command(run)
main.add_command(status)
main.add_command(undo)
main.add_command(metrics)

_paths = click.argument("paths", nargs=-1, required=True, metavar="PATH...")


@main.command()
@_paths
@reading_options
@destination_option
@click.option("--force", is_flag=True, help="Load a file again that is loaded already.")
@click.option("--no-wait", is_flag=True, help="Fail at once if another loader works on the table.")
@click.option("--watch", "watching", is_flag=True, help="Watch folders, and load what arrives until Ctrl-C.")
@click.option(
    "--interval", default=1.0, show_default=True, type=click.FloatRange(0.05), help="Seconds between looks of --watch."
)
def copy(
    paths: tuple[str, ...],
    table: str | None,
    encoding: str | None,
    decimal: str,
    date_format: str | None,
    max_rejects: Limit,
    as_json: bool,
    to: str | None,
    force: bool,
    no_wait: bool,
    watching: bool,
    interval: float,
) -> None:
    """Copy CSV files into their raw tables.

    PATH is a file (plain, .gz or .zst), a folder, a pattern, or - for standard input with --table. A file's name begins
    with the name of its table: transactions_2025-01.csv is for transactions. A file is wholly in or not at all; rows
    that break the contract go to quarantine (loader rejects). Content that is loaded already is skipped.

    With --watch, a file that arrives in the folder is loaded when it is complete: write it under another name and
    rename it. A refused file is read again when it changes.

    With --to duckdb:FILE the tables, the ledger and the quarantine are in a file of DuckDB. It belongs to one program
    at a time, and keeps 28 digits of a number before and 10 behind the decimal point; a row with more is rejected.
    The commands status, rejects and init have the same option; all others work on PostgreSQL only.

    With --to parquet:FOLDER they are Parquet files, for Spark and other engines: FOLDER/current/raw/products/*.parquet
    and so on, transactions in a folder for each month (UTC). The link current leads to the last of a few versions: who
    reads through it sees all of a load or nothing of it, and who reads for long resolves it once. Numbers are as in
    DuckDB, and FOLDER/ledger.duckdb belongs to the loader.

    Exit code 3: all files are in, but some rows were rejected. Exit code 1: a file was refused.

    Example: loader copy exports/ --max-rejects 0

    Example: loader copy exports/ --to parquet:lake/
    """
    project = find_project()
    contract = read_contract(project)
    options = Options(Format(decimal, date_format), encoding, max_rejects, force, not no_wait)
    if to and watching:
        raise LoaderError(
            "--watch works on PostgreSQL only: other destinations that are open for writing are closed to all others.",
            "Call `loader copy` when files have arrived.",
        )
    with open_destination(to, project, contract, wait=not no_wait, on_note=_note) as destination:
        destination.init_schema(contract)
        if watching:
            assert isinstance(destination, Postgres)
            watch_folders(
                destination.connection,
                project,
                contract,
                paths,
                options,
                table=table,
                interval=interval,
                as_json=as_json,
                on_note=_note,
            )
            return
        results: list[Result] = []
        try:
            for path in expand(paths):
                with report.progress(path) as on_progress:
                    target = table_of(contract, path, table)
                    if isinstance(target, Table):
                        target = copy_file(destination, project, target, path, options, on_progress, _note)
                    results.append(target)
        except (LoaderError, KeyboardInterrupt):
            if results:  # the files before the one that broke off are in
                report.show_results(results, as_json=as_json)
            raise
    report.show_results(results, as_json=as_json)
    _exit(results)


@main.command()
@_paths
@reading_options
@limit_option
def check(
    paths: tuple[str, ...],
    table: str | None,
    encoding: str | None,
    decimal: str,
    date_format: str | None,
    max_rejects: Limit,
    as_json: bool,
    limit: int,
) -> None:
    """Judge CSV files as copy does, without a database, and show what is wrong with them.

    Exit codes as for copy. With --json each file has its rejected rows with it.

    Example: loader check exports/transactions_2025-01.csv
    """
    project = find_project()
    contract = read_contract(project)
    options = Options(Format(decimal, date_format), encoding, max_rejects)
    checked: list[tuple[Result, list[Reject]]] = []
    for path in expand(paths):
        target = table_of(contract, path, table)
        checked.append(
            (target, []) if isinstance(target, Result) else check_file(project, target, path, options, limit)
        )
    report.show_checks(checked, as_json=as_json)
    _exit([result for result, _ in checked])


@main.command()
@destination_option
@click.option("--roles", is_flag=True, help="Also create the roles for loading, building and reading.")
def init(to: str | None, roles: bool) -> None:
    """Create the schemas and tables of the contract, and add columns that are new in it.

    Nothing is dropped or retyped. `loader copy` does this by itself.

    --roles makes three roles without a login, which an admin grants to users: analytics_loader owns the raw tables and
    the ledger, analytics_builder reads them and owns what dbt makes (set DBT_ROLE=analytics_builder for dbt), bi_reader
    reads the marts alone. Readers also see what the admin who runs this builds without DBT_ROLE. It takes an admin with
    CREATEROLE, no superuser, and can be run again.

    Example: loader init --roles
    """
    project = find_project()
    contract = read_contract(project)
    if to and roles:
        raise LoaderError("--roles works on PostgreSQL only: files have no roles.", "Guard them by their permissions.")
    with open_destination(to, project, contract) as destination:
        done = destination.init_schema(contract)
        if roles:
            assert isinstance(destination, Postgres)
            done += init_roles(destination.connection, contract)
    click.echo("\n".join(done) or "The database matches the contract.")


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def tables(as_json: bool) -> None:
    """Show the contract: the tables that files can be loaded into, their columns, and other names for these.

    Example: loader tables
    """
    report.show_tables(read_contract(find_project()).copied_tables, as_json=as_json)


def _note(text: str) -> None:
    click.echo(report.printable(text), err=True)


def _exit(results: list[Result]) -> None:
    if any(result.status == "refused" for result in results):
        sys.exit(EXIT_REFUSED)
    if any(result.rows_rejected for result in results):
        sys.exit(EXIT_REJECTS)
