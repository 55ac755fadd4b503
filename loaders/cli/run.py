"""The commands `loader run`, `loader fit` and `loader record`."""

from __future__ import annotations

import sys
from dataclasses import asdict, replace
from pathlib import Path

import click

from loaders.cli import report
from loaders.cli.options import destination_option, reading_options
from loaders.contract.sources_yml import read_contract
from loaders.contract.tables import Contract, Reading
from loaders.copy import Result, copy_files
from loaders.destinations.addresses import open_destination
from loaders.destinations.postgres.connection import connect
from loaders.destinations.postgres.destination import Postgres
from loaders.errors import ExitCode, LoaderError
from loaders.operations import run as runs
from loaders.operations.builds import read_build, record_build
from loaders.operations.quality import Check
from loaders.project import find_project
from loaders.reading.options import Limit, Options, check_date_format


@click.command(short_help="Copy what is new, build and test the marts.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@reading_options
@click.option("--dry-run", is_flag=True, help="Check the new files and show what dbt would build; change nothing.")
@click.option("--build", "everything", is_flag=True, help="Build everything, even if nothing is new.")
def run(
    folder: Path,
    table: str | None,
    encoding: str | None,
    decimal: str | None,
    date_format: str | None,
    max_rejects: Limit,
    max_rejected_amount: float,
    max_bytes: int,
    as_json: bool,
    dry_run: bool,
    everything: bool,
) -> None:
    """Copy what is new in FOLDER, build and test the marts, and report the quality of the data.

    Made for a timer (docs/schedule.md). Files that were loaded before are skipped; one that is still being written is
    left for the next run. With nothing new since the last run, nothing is built. Otherwise all marts are built except
    the recommendations and what belongs to them, which follow when the data has reached another day, and customer value
    is fitted once a month of data (`loader fit`). On the first run, and after a crash of the server or a restore,
    everything is built.

    Exit codes: 0 success, or nothing is new; 1 an error, or a file was refused (the others are loaded and built); 2
    wrong usage; 3 as 0, but some rows were rejected; 4 dbt failed to build or a test failed (the next run tries again);
    5 another run is in progress.

    Example: loader run exports/
    """
    project = find_project()
    contract = read_contract(project)
    named = contract.table(table) if table else None
    reading = Reading(decimal, date_format and check_date_format(date_format))
    options = Options(reading, encoding, max_rejects, max_rejected_amount, max_bytes)
    results: list[Result] = []
    with connect(project, autocommit=True) as connection, runs.only_run(connection):
        paths = runs.list_files(folder, report.note)
        if dry_run:
            results += runs.check_new(connection, project, contract, paths, options, named)
            _show_plan(results, contract, as_json=as_json)
            sys.exit(_code(results, built=None))
        destination = Postgres(connection)
        destination.init_schema(contract)
        try:
            results += copy_files(
                destination,
                project,
                contract,
                paths,
                options,
                table=named,
                on_progress=report.progress,
                on_note=report.note,
            )
        except (LoaderError, KeyboardInterrupt):
            if results:  # files before the failed one are loaded
                report.show_results(results, as_json=as_json)
            raise
        pending = runs.find_pending(connection)
        pending = replace(pending, everything=pending.everything or everything)
        built = None
        if pending:
            with report.progress_console().status("dbt build"):
                built = runs.build(connection, project, pending, report.note)
        loaded = [result.load_id for result in results if result.load_id and result.status == "loaded"]
        rejects = runs.count_rejects(connection, loaded)
        checks = runs.find_worst_checks(connection) if pending else []
        _show(results, pending, built, rejects, checks, as_json=as_json)
    sys.exit(_code(results, built))


@click.command(short_help="Fit the models of customer value to the marts.")
@destination_option
def fit(to: str | None) -> None:
    """Find how often customers will buy and for how much, for the mart customer_value (docs/customer-value.md).

    The models BG/NBD and Gamma-Gamma are fitted on what the last `dbt build` summed up: as of the day of the marts, and
    as of the day from which the back-test predicts. `loader run` does so by itself once a month of data; after a build
    by hand, build the selector `value` next.

    Exit codes: 0 fitted, or too few customers bought twice; 1 an error.

    Example: dbt build; loader fit; dbt build --selector value
    """
    # Imported here, because scipy takes longer to import than other commands take to start.
    from loaders.operations.value.fits import database_of, fit_values

    project = find_project()
    with open_destination(to, project, read_contract(project), on_note=report.note) as destination:
        for found in fit_values(database_of(destination), project):
            report.say(found.sentence)


@click.command(short_help="Record what the last `dbt build` did.")
@click.option(
    "--target-path",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of dbt's results, like dbt's own option; by default DBT_TARGET_PATH or target.",
)
def record(target_path: Path | None) -> None:
    """Record what the last `dbt build` did, for the marts build_history and test_history.

    `loader run` records its own builds; this is for builds by hand, in CI or by an orchestrator, successful or not. A
    build that is recorded already is not changed. It also works after dbt run, test, seed, snapshot and retry.

    Exit codes: 0 it is recorded; 1 there is nothing to record, or no permission.

    Example: dbt build; loader record
    """
    project = find_project()
    build = read_build(project, target_path)
    with connect(project, autocommit=True) as connection:
        is_new = record_build(connection, project, build)
    verb = "Recorded" if is_new else "Recorded already"
    report.say(
        f"{verb}: dbt {build.command} of {build.started_at:%Y-%m-%d %H:%M:%S} {build.status} "
        f"({len(build.models)} models, {len(build.tests)} tests)."
    )


def _code(results: list[Result], built: runs.Built | None) -> ExitCode:
    return ExitCode.BUILD_FAILED if built and not built.succeeded else report.exit_code(results)


def _show_plan(results: list[Result], contract: Contract, *, as_json: bool) -> None:
    report.show_results(results, as_json=as_json)
    if as_json:
        return
    new = {result.table for result in results if result.status == "checked"}
    touched = ", ".join(table.name for table in contract.copied_tables if table.name in new)
    click.echo(
        f"Would load into {touched} and build what reads {'it' if len(new) == 1 else 'them'}."
        if new
        else "No file is new."
    )


def _show(
    results: list[Result],
    pending: runs.Pending,
    built: runs.Built | None,
    rejects: list[tuple[str, str, int]],
    checks: list[Check],
    *,
    as_json: bool,
) -> None:
    if as_json:
        report.show_json(
            {
                "files": [asdict(result) for result in results],
                "built": built and built.succeeded,
                "selectors": built and built.selectors,
                "tables": None if pending.everything else pending.tables,
                "rejected": [dict(zip(("table", "reason", "rows"), each, strict=True)) for each in rejects],
                "checks": [asdict(check) for check in checks],
            }
        )
        return
    if new := [result for result in results if result.status != "skipped"]:
        report.show_results(new, as_json=False)
    if built is None:
        report.say("Nothing is new; nothing was built.")
    elif built.succeeded:
        *others, last = built.selectors
        report.say(f"Built and tested {' and '.join(filter(None, (', '.join(others), last)))}.")
    else:
        click.echo("dbt build failed; its messages are above and in logs/dbt.log.")
    for table, reason, rows in rejects:
        click.echo(f"{rows:,} rows of {table} were rejected: {reason}")
    if checks and not report.is_quiet():
        click.echo("The worst findings of the data quality report; `loader quality` shows all:")
        report.show_quality(checks, as_json=False)
