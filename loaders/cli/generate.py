"""The command `loader generate`."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table as Grid

from loaders.cli import report
from loaders.contract.sources_yml import read_contract
from loaders.errors import ExitCode
from loaders.project import find_project
from loaders.synthetic.feed import follow
from loaders.synthetic.files import FAULTS, Progress, Written, silent
from loaders.synthetic.files import generate as generate_files
from loaders.synthetic.settings import MOST, UNTIL, Settings


def _share(_ctx: click.Context, _param: click.Parameter, value: str) -> float:
    try:
        share = float(value.strip().removesuffix("%")) / 100
    except ValueError:
        share = -1
    if not 0 <= share <= 1:
        raise click.BadParameter(f"{value!r} is not a percentage such as 5%.")
    return share


def _number(name: str, text: str) -> Callable[[Any], Any]:
    default = getattr(Settings, name)
    return click.option(f"--{name}", default=default, show_default=True, type=click.IntRange(1, MOST[name]), help=text)


@click.command(short_help="Write synthetic CSV files for every table.")
@_number("customers", "Number of customers.")
@_number("transactions", "Number of transaction lines.")
@_number("users", "Number of users of the subscription business.")
@_number("days", "Length of the period.")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    default=UNTIL.isoformat(),
    metavar="YYYY-MM-DD",
    show_default=True,
    help="Last day of the period.",
)
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0), help="A different seed gives different files."
)
@click.option("--to", "folder", type=click.Path(path_type=Path), required=True, help="Folder to write to.")
@click.option("--dirty", callback=_share, metavar="P%", default="0%", help="Share of the rows that get a fault.")
@click.option(
    "--follow", "seconds", type=click.FloatRange(0), metavar="SECONDS", help="Then add a small file at this interval."
)
@click.option("--batches", type=click.IntRange(1), help="End --follow after this number of files.")
@click.option("--force", is_flag=True, help="Replace existing files.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
def generate(
    customers: int,
    transactions: int,
    users: int,
    days: int,
    until: datetime,
    seed: int,
    folder: Path,
    dirty: float,
    seconds: float | None,
    batches: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write synthetic CSV files for every table: a shop, and a subscription business with its event log.

    The same options give the same bytes on any day. With --dirty, a list of the faults (line, column, reason) is
    written for each file to the folder faults, and `loader check` finds exactly these.

    With --follow, files transactions_000001.csv, … are added until Ctrl-C, each with about an hour's lines; they appear
    under their names when they are complete. With --force, a feed continues after the existing files.

    Example: loader generate --transactions 100000 --dirty 2% --to synthetic/
    """
    project = find_project()
    contract = read_contract(project)
    settings = Settings(customers, transactions, users, days, seed, until.date())
    begun = time.monotonic()
    try:
        with _progress() as on_progress:
            written = generate_files(
                project, contract, settings, folder, dirty=dirty, force=force, on_progress=on_progress
            )
    except KeyboardInterrupt:
        click.echo("Interrupted. The existing files are complete.", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    _show(written, time.monotonic() - begun, as_json=as_json)
    if dirty and not as_json:
        report.say(f"The faults are listed in {report.printable(str(folder / FAULTS))}.")
    if seconds is None:
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):  # how to stop a feed
        for file in follow(project, contract, settings, folder, seconds=seconds, batches=batches, dirty=dirty):
            if as_json:
                report.show_json(asdict(file))
            else:
                report.say(f"{file.file}  {file.rows} rows" + (f", {file.faults} faults" if dirty else ""))
            sys.stdout.flush()


def _show(written: list[Written], seconds: float, *, as_json: bool) -> None:
    if as_json:
        report.show_json([asdict(file) for file in written])
        return
    if report.is_quiet():
        return
    grid = Grid(box=box.SIMPLE_HEAD)
    grid.add_column("file", no_wrap=True)
    for name in ("rows", "MB", "faults"):
        grid.add_column(name, justify="right", no_wrap=True)
    for file in written:
        grid.add_row(file.file, f"{file.rows:,}", f"{file.bytes / 1e6:,.1f}", f"{file.faults:,}")
    Console().print(grid)
    click.echo(f"{sum(file.rows for file in written):,} rows in {seconds:.1f} s.")


@contextlib.contextmanager
def _progress() -> Iterator[Progress]:
    """Show the progress of the files, on stderr and only if that is a terminal."""
    console = report.progress_console()
    if not console.is_terminal:
        yield silent
        return
    columns = (TextColumn("writing {task.description}"), BarColumn(), TimeElapsedColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def advance(file: str, share: float) -> None:
            if file not in tasks:
                tasks[file] = bar.add_task(file, total=1)
            bar.update(tasks[file], completed=share)

        yield advance
