"""Options of several commands."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import click

from loaders.cli import report
from loaders.reading.intake import MAX_BYTES
from loaders.reading.options import Limit


def _limit(_ctx: click.Context, _param: click.Parameter, value: str) -> Limit:
    try:
        return Limit.parse(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is neither a number of rows nor a share such as 10%.") from error


def _share(_ctx: click.Context, _param: click.Parameter, value: str) -> float:
    try:
        share = Limit.parse(value).share
    except ValueError:
        share = None
    if share is None:
        raise click.BadParameter(f"{value!r} is not a share such as 1%.")
    return share


_reading = [
    click.option("--table", metavar="NAME", help="Table of the files; otherwise it is known by their headers."),
    click.option("--encoding", metavar="NAME", help="Encoding of the files, such as cp1252; detected otherwise."),
    click.option(
        "--decimal", type=click.Choice([".", ","]), help="Decimal mark of numbers; found in the file otherwise."
    ),
    click.option(
        "--date-format",
        metavar="FORMAT",
        help="Order of dates (dmy, mdy, ymd), or a format such as %d.%m.%Y; found in the file otherwise.",
    ),
    click.option(
        "--max-rejects",
        callback=_limit,
        metavar="N|P%",
        default="10%",
        show_default=True,
        help="Refuse a file with more rejected rows than this number or share.",
    ),
    click.option(
        "--max-rejected-amount",
        callback=_share,
        metavar="P%",
        default="1%",
        show_default=True,
        help="Refuse a file with more than this share of its money in rejected rows.",
    ),
    click.option(
        "--max-bytes",
        type=click.IntRange(1),
        metavar="N",
        default=MAX_BYTES,
        show_default=True,
        help="Refuse a file that is larger when unpacked, or than half of the free disk.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs."),
]


destination_option = click.option(
    "--to",
    metavar="DESTINATION",
    help=(
        "duckdb:FILE, a file of DuckDB, or parquet:FOLDER, a folder of Parquet files; duckdb alone is the file of "
        "dbt's target duckdb, parquet alone the folder PARQUET_PATH or data/parquet. PostgreSQL otherwise."
    ),
)


limit_option = click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(1), help="Number of rejected rows to show."
)


def reading_options(command: Any) -> Any:
    """Add the options for reading files to a command."""
    for option in reversed(_reading):
        command = option(command)
    return command


class _Steps(logging.Handler):
    """Prints what the library says of its steps, with the time of day."""

    def emit(self, record: logging.LogRecord) -> None:
        report.note(f"{datetime.fromtimestamp(record.created):%H:%M:%S} {record.getMessage()}")


def _be_quiet(ctx: click.Context, _param: click.Parameter, quiet: bool) -> None:
    if quiet:
        ctx.meta[report.QUIET] = True


def _be_verbose(ctx: click.Context, _param: click.Parameter, verbose: bool) -> None:
    if verbose:
        logger, steps = logging.getLogger("loaders"), _Steps()
        logger.addHandler(steps)
        logger.setLevel(logging.INFO)
        ctx.call_on_close(lambda: logger.removeHandler(steps))


def add_loudness(command: click.Command) -> None:
    """Give a command, or all of a group, the options --quiet and --verbose."""
    if isinstance(command, click.Group):
        for each in command.commands.values():
            add_loudness(each)
        return
    for names, callback, text in (
        (["-q", "--quiet"], _be_quiet, "Print only what went wrong, or what was asked for."),
        (["-v", "--verbose"], _be_verbose, "Tell each step on stderr."),
    ):
        option = click.Option(names, is_flag=True, expose_value=False, callback=callback, help=text)
        command.params.append(option)
