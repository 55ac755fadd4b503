"""The commands `loader copy` and `loader check`."""

from __future__ import annotations

import signal
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from loaders.cli import report
from loaders.cli.options import destination_option, limit_option, reading_options
from loaders.contract.sources_yml import read_contract
from loaders.contract.tables import Contract, Reading, Table
from loaders.copy import Result, check_files, copy_files
from loaders.destinations.addresses import open_destination
from loaders.destinations.postgres.connection import Connection
from loaders.destinations.postgres.destination import Postgres
from loaders.errors import LoaderError
from loaders.operations.watch import Arrivals, watch
from loaders.project import Project, find_project
from loaders.reading.files import expand
from loaders.reading.options import Limit, Options, check_date_format

_paths = click.argument("paths", nargs=-1, required=True, metavar="PATH...")


@click.command()
@_paths
@reading_options
@destination_option
@click.option("--force", is_flag=True, help="Load a file even if it was loaded before.")
@click.option("--no-wait", is_flag=True, help="Fail at once if another loader uses the table.")
@click.option("--watch", "watching", is_flag=True, help="Watch folders and load new files until Ctrl-C.")
@click.option(
    "--interval", default=1.0, show_default=True, type=click.FloatRange(0.05), help="Seconds between checks of --watch."
)
def copy(
    paths: tuple[str, ...],
    table: str | None,
    encoding: str | None,
    decimal: str | None,
    date_format: str | None,
    max_rejects: Limit,
    max_rejected_amount: float,
    max_bytes: int,
    as_json: bool,
    to: str | None,
    force: bool,
    no_wait: bool,
    watching: bool,
    interval: float,
) -> None:
    """Copy CSV files into their raw tables.

    PATH is a file (plain, .gz or .zst), a folder, a pattern, or - for standard input with --table. A file's table is
    known by its header, which is among the first 20 lines (loader adopt makes a source for a file that no table knows).
    How it writes numbers and dates is found in its values, and said; a file that can be read in two ways is refused
    with the option that decides.

    A file is loaded completely or not at all; rows that break the contract go to quarantine (loader rejects). Files
    that were loaded before are skipped, unless later ones replaced what is in them.

    With --watch, a file that arrives in the folder is loaded when it is complete: write it under another name and
    rename it. A refused file is read again when it changes.

    With --to duckdb:FILE the tables, the ledger and the quarantine are in a DuckDB file. Only one program at a time can
    open it, and it keeps 10 digits of a number after the decimal point; a row with more is rejected. The
    commands status, rejects and init have the same option; all others work on PostgreSQL only.

    With --to parquet:FOLDER they are Parquet files, for Spark and other engines: FOLDER/current/raw/products/*.parquet
    and so on, transactions in a folder for each month (UTC). The link current points to the newest of a few versions: a
    reader who follows it sees all of a load or nothing, and one who reads for long should resolve it once. Numbers are
    as in DuckDB, and FOLDER/ledger.duckdb belongs to the loader.

    Exit code 3: all files are loaded, but some rows were rejected. Exit code 1: a file was refused.

    Example: loader copy exports/ --max-rejects 0

    Example: loader copy exports/ --to parquet:lake/
    """
    project = find_project()
    contract = read_contract(project)
    named = contract.table(table) if table else None
    reading = Reading(decimal, date_format and check_date_format(date_format))
    options = Options(reading, encoding, max_rejects, max_rejected_amount, max_bytes, force, not no_wait)
    if to and watching:
        raise LoaderError(
            "--watch works on PostgreSQL only: other destinations can't be used by anyone else while they are open.",
            "Run `loader copy` when files have arrived.",
        )
    with open_destination(to, project, contract, wait=not no_wait, on_note=report.note) as destination:
        destination.init_schema(contract)
        if watching:
            assert isinstance(destination, Postgres)
            _watch_folders(
                destination.connection,
                project,
                contract,
                paths,
                options,
                table=named,
                interval=interval,
                as_json=as_json,
            )
            return
        results: list[Result] = []
        try:
            results += copy_files(
                destination,
                project,
                contract,
                expand(paths),
                options,
                table=named,
                on_progress=report.progress,
                on_note=report.note,
            )
        except (LoaderError, KeyboardInterrupt):
            if results:  # files before the failed one are loaded
                report.show_results(results, as_json=as_json)
            raise
    report.show_results(results, as_json=as_json)
    sys.exit(report.exit_code(results))


@click.command(short_help="Check CSV files as copy does, without a database.")
@_paths
@reading_options
@limit_option
def check(
    paths: tuple[str, ...],
    table: str | None,
    encoding: str | None,
    decimal: str | None,
    date_format: str | None,
    max_rejects: Limit,
    max_rejected_amount: float,
    max_bytes: int,
    as_json: bool,
    limit: int,
) -> None:
    """Check CSV files as copy does, without a database, and show what is wrong with them.

    Exit codes are those of copy. With --json, each file includes its rejected rows.

    Example: loader check exports/transactions_2025-01.csv
    """
    project = find_project()
    contract = read_contract(project)
    named = contract.table(table) if table else None
    reading = Reading(decimal, date_format and check_date_format(date_format))
    options = Options(reading, encoding, max_rejects, max_rejected_amount, max_bytes)
    checked = list(check_files(project, contract, expand(paths), options, table=named, limit=limit))
    report.show_checks(checked, as_json=as_json)
    sys.exit(report.exit_code(result for result, _ in checked))


def _watch_folders(
    connection: Connection,
    project: Project,
    contract: Contract,
    paths: tuple[str, ...],
    options: Options,
    *,
    table: Table | None,
    interval: float,
    as_json: bool,
) -> None:
    """Load what arrives in folders, and print a line for each file, until Ctrl-C."""
    arrivals = Arrivals([Path(path) for path in paths])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    report.note(f"Watching {', '.join(paths)}; press Ctrl-C to stop.")
    found = watch(connection, project, contract, arrivals, options, interval=interval, table=table, on_note=report.note)
    for result in found:
        if as_json:
            report.show_json(asdict(result))
        else:
            (click.echo if result.is_trouble else report.say)(_line(result))
        sys.stdout.flush()


def _line(result: Result) -> str:
    counts = [
        f"{number:,} {word}"
        for number, word in (
            (result.rows_inserted, "new"),
            (result.rows_updated, "updated"),
            (result.rows_unchanged, "same"),
            (result.rows_rejected, "rejected"),
        )
        if number
    ]
    said = f": {', '.join(counts)}" if counts else ""
    reason = f". {result.message} {result.hint}".rstrip() if result.message else ""
    return report.printable(f"{datetime.now():%H:%M:%S} {result.file} {result.status}{said}{reason}")
