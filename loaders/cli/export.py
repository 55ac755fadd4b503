"""The command `loader export`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid

from loaders.cli import report
from loaders.destinations.postgres.connection import connect
from loaders.errors import ExitCode
from loaders.operations.export_formats import FORMATS
from loaders.operations.exports.audiences import AudienceExport, export_audience
from loaders.operations.exports.marts import MANIFEST, Manifest, silent
from loaders.operations.exports.marts import Progress as OnProgress
from loaders.operations.exports.marts import export as export_marts
from loaders.operations.marts import SCHEMA, BuiltMart
from loaders.project import find_project


@click.command(short_help="Export marts to files; without MART, all of them.")
@click.argument("marts", nargs=-1, metavar="[MART]... | audience NAME --changes")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True, help="Format of the files."
)
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@click.option("--raw", is_flag=True, help="Don't escape text in CSV that a spreadsheet would run as a formula.")
@click.option("--schema", default=SCHEMA, show_default=True, metavar="NAME", help="Schema of the marts.")
@click.option("--changes", is_flag=True, help="Export who entered and left an audience since the last export.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as one JSON document, for programs.")
def export(
    marts: tuple[str, ...], form: str, folder: Path, raw: bool, schema: str, changes: bool, as_json: bool
) -> None:
    """Export marts to files; without MART, all of them.

    Every MART becomes a file MART.csv, .json or .parquet in the order of its key (a view in its own order), all as of
    the same moment; a dbt build waits meanwhile. The files of an earlier export are replaced when all new ones are
    complete, and remain unchanged if something fails. manifest.json lists the files of this call with rows, bytes,
    SHA-256 and columns, and the as-of date and build. The rights of bi_reader are enough.

    csv: NULL is an empty field, empty text is "". Text that begins with = + - @, a tab or a line end gets a ' before
    it, so that no spreadsheet runs it as a formula; numbers stay numbers.

    json: an array with an object for each row; of metrics_summary, which has one row, just the object.

    parquet: decimals, dates and times with time zone keep their types. Meanwhile, the mart's CSV needs disk space too.

    audience NAME --changes writes a CSV file with the customers who entered and who left an audience since the last
    such call, and never those who are held out, refused consent or are suppressed. The ledger knows what was given out:
    a call that is killed is completed by the next one, under the same file name.

    Example: loader export daily_sales --format json --to public/
    """
    if changes or marts[:1] == ("audience",):
        _export_audience(marts, folder, raw=raw, as_json=as_json, is_right=changes and form == "csv")
        return
    project = find_project()
    try:
        with connect(project, autocommit=True) as connection, _progress() as on_progress:
            manifest = export_marts(
                connection, project, marts, folder, form=form, raw=raw, schema=schema, on_progress=on_progress
            )
    except KeyboardInterrupt:
        click.echo("Interrupted. Existing files are unchanged.", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    if as_json:
        report.show_json(asdict(manifest))
    elif not report.is_quiet():
        _show(manifest, folder)


def _export_audience(words: tuple[str, ...], folder: Path, *, raw: bool, as_json: bool, is_right: bool) -> None:
    if not is_right or len(words) != 2 or words[0] != "audience":
        raise click.UsageError("Audiences are exported by `loader export audience NAME --changes --to FOLDER`, as CSV.")
    project = find_project()
    try:
        with connect(project, autocommit=True) as connection:
            exports = export_audience(connection, project, words[1], folder, raw=raw)
    except KeyboardInterrupt:
        click.echo("Interrupted. The next call completes what this one began.", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    if as_json:
        report.show_json([asdict(found) for found in exports])
    elif not report.is_quiet():
        _show_changes(exports)


def _show_changes(exports: list[AudienceExport]) -> None:
    for found in exports:
        again = "; it completes an export that broke off" if found.broke_off else ""
        click.echo(f"{found.file}: {found.entered:,} entered, {found.left:,} left{again}.")
    if not exports:
        click.echo("Nothing has changed since the last export.")


def _show(manifest: Manifest, folder: Path) -> None:
    grid = Grid(box=box.SIMPLE_HEAD)
    grid.add_column("file", no_wrap=True)
    for name in ("rows", "kB"):
        grid.add_column(name, justify="right", no_wrap=True)
    for file in manifest.files:
        grid.add_row(file.file, f"{file.rows:,}", f"{file.bytes / 1e3:,.1f}")
    Console().print(grid)
    as_of = f", as of {manifest.as_of_date}" if manifest.as_of_date else ""
    click.echo(f"In {report.printable(str(folder))}{as_of}; {MANIFEST} has their SHA-256.")


@contextlib.contextmanager
def _progress() -> Iterator[OnProgress]:
    """Show the progress of the marts, on stderr and only if that is a terminal."""
    console = report.progress_console()
    if not console.is_terminal:
        yield silent
        return
    columns = (TextColumn("exporting {task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} rows"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def advance(mart: BuiltMart, rows: int) -> None:
            if mart.name not in tasks:
                for done in tasks.values():
                    bar.update(done, visible=False)
                tasks[mart.name] = bar.add_task(mart.name, total=mart.rows)
            bar.advance(tasks[mart.name], rows)

        yield advance
