"""What a user sees: progress, results, the ledger and rejected rows, as tables or as JSON."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid
from rich.text import Text

from loaders.contract.tables import Table
from loaders.copy import Result
from loaders.destinations.base import Load
from loaders.errors import ExitCode
from loaders.operations.quality import Check, Issue
from loaders.reading.intake import Given
from loaders.reading.rejects import Reject
from loaders.reading.scan import Progress as OnProgress
from loaders.reading.scan import silent

_STATUSES = {
    "green": "loaded checked",
    "dim": "skipped undone forgotten",
    "red": "refused failed error",
    "yellow": "running warning",
}
_STYLES = {status: style for style, statuses in _STATUSES.items() for status in statuses.split()}


QUIET = "loaders.quiet"
_SHORT = {"inserted": "new", "unchanged": "same"}


def printable(text: str) -> str:
    """Return text that can't control a terminal: unprintable characters are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def is_quiet() -> bool:
    """Return whether the running command prints only errors and requested output."""
    ctx = click.get_current_context(silent=True)
    return bool(ctx and ctx.meta.get(QUIET))


def say(text: str) -> None:
    """Print what was done."""
    if not is_quiet():
        click.echo(text)


def note(text: str) -> None:
    """Print a note to stderr."""
    click.echo(printable(text), err=True)


def progress_console() -> Console:
    """Return where progress is shown: on stderr, and not at all if the command is to be quiet."""
    return Console(stderr=True, quiet=is_quiet())


def exit_code(results: Iterable[Result]) -> ExitCode:
    """Return the exit code of a command with these results."""
    found = list(results)
    if any(result.status == "refused" for result in found):
        return ExitCode.ERROR
    return ExitCode.REJECTS if any(result.rows_rejected for result in found) else ExitCode.OK


def show_json(value: object) -> None:
    """Print a value as one JSON document, in which characters that could control a terminal are escaped."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    click.echo("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text))


def show_results(results: list[Result], *, as_json: bool) -> None:
    """Print the outcome of each file."""
    if as_json:
        show_json([asdict(result) for result in results])
        return
    if is_quiet():
        results = [result for result in results if result.is_trouble]
        if not results:
            return
    checked_only = all(result.status in ("checked", "refused") and result.load_id is None for result in results)
    counts = ["read", "rejected"] if checked_only else ["read", "inserted", "updated", "unchanged", "rejected"]
    grid = make_grid("file", "table", "status", *(_SHORT.get(name, name) for name in counts))
    for result in results:
        numbers = [_number(getattr(result, f"rows_{name}")) for name in counts]
        grid.add_row(Text(printable(result.file)), result.table, _status(result.status), *numbers)
    print_grid(grid)
    for result in results:
        for note in _notes(result):
            click.echo(f"{printable(result.file)}: {printable(note)}")


def show_checks(checked: list[tuple[Result, list[Reject]]], *, as_json: bool) -> None:
    """Print the expected outcome of each file, and the rejected rows."""
    if as_json:
        show_json([{**asdict(result), "rejects": list(map(_as_dict, rejects))} for result, rejects in checked])
        return
    for result, rejects in checked:
        if rejects:
            click.echo(f"{printable(result.file)}:")
            show_rejects(rejects, as_json=False)
        if len(rejects) < result.rows_rejected:
            click.echo(f"{len(rejects)} of {result.rows_rejected} rejected rows; --limit shows more.")
    show_results([result for result, _ in checked], as_json=False)


def show_loads(loads: list[Load], *, as_json: bool) -> None:
    """Print the ledger."""
    if as_json:
        show_json([asdict(load) for load in loads])
        return
    grid = make_grid("load", "started", "file", "status", "read", "of which")
    for load in loads:
        counts = {
            "new": load.rows_inserted,
            "restored" if load.undone_load_id else "updated": load.rows_updated,
            "same": load.rows_unchanged,
            "rejected": load.rows_rejected,
            "removed": load.rows_removed,
        }
        grid.add_row(
            str(load.load_id),
            f"{load.started_at:%Y-%m-%d %H:%M}",
            Text(printable(load.file_name)),
            _status(load.status),
            _number(load.rows_read),
            ", ".join(f"{_number(count)} {name}" for name, count in counts.items() if count),
        )
    print_grid(grid)
    for load in loads:
        if load.error:
            click.echo(f"load {load.load_id}: {printable(load.error)}")


def show_rejects(rejects: Iterable[Reject], *, as_json: bool) -> None:
    """Print rejected rows."""
    if as_json:
        show_json(list(map(_as_dict, rejects)))
        return
    grid = make_grid("line", "column (header)", "reason", "detail", "row")
    for reject in rejects:
        column = reject.column or ""
        if reject.header not in (None, column):
            column += f" ({reject.header})"
        cells = (column, reject.reason, reject.detail, _text(reject.raw)[:200])
        grid.add_row(str(reject.line), *(Text(printable(cell)) for cell in cells))
    print_grid(grid)


def show_quality(checks: Iterable[Check], *, as_json: bool) -> None:
    """Print the data quality report."""
    if as_json:
        show_json([asdict(check) for check in checks])
        return
    grid = make_grid("check", "severity", "failed", "share", "money", "of revenue", "what fails")
    for check in checks:
        grid.add_row(
            check.check_name,
            _status(check.severity),
            f"{check.rows_failed:,} {check.counted}",
            _percent(check.share_failed),
            "" if check.amount_affected is None else f"{check.amount_affected:,}",
            _percent(check.share_of_revenue),
            Text(printable(check.description)),
            style="" if check.rows_failed else "dim",
        )
    print_grid(grid)


def show_issues(issues: Iterable[Issue]) -> None:
    """Print what fails a check."""
    grid = make_grid("table", "item", "money", "reason")
    for issue in issues:
        amount = "" if issue.amount is None else f"{issue.amount:,}"
        grid.add_row(issue.table_name, Text(printable(issue.item)), amount, Text(printable(issue.reason or "")))
    print_grid(grid)


def show_tables(tables: Iterable[Table], *, as_json: bool) -> None:
    """Print the contract of each table."""
    if as_json:
        show_json([asdict(table) for table in tables])
        return
    grid = make_grid("table", "column", "type", "rules", "also named")
    for table in tables:
        for number, column in enumerate(table.columns):
            rules = ["key"] if column.unique else []
            rules += ["required"] if column.required_in_file else []
            source = column.derived_from
            rules += [f"or from {source if isinstance(source, str) else ', '.join(source)}"] if source else []
            rules += [f"default {column.default}"] if column.default is not None else []
            rules += [f"one of {', '.join(column.accepted_values)}"] if column.accepted_values else []
            rules += [f"or {', '.join(set(table.require_one_of) - {column.name})}"] * (
                column.name in table.require_one_of
            )
            grid.add_row(
                table.name if number == 0 else "",
                column.name,
                column.data_type,
                Text(printable(", ".join(rules))),
                Text(printable(", ".join(column.aliases))),
                end_section=number == len(table.columns) - 1,
            )
    print_grid(grid)


@contextlib.contextmanager
def progress(path: Path) -> Iterator[OnProgress]:
    """Show the progress of a file, on stderr and only if that is a terminal."""
    console = progress_console()
    if not console.is_terminal:
        yield silent
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        size = path.stat().st_size if path.is_file() else None
        words = {"read": "reading", "check": "checking", "copy": "copying"}
        tasks: dict[str, Any] = {}

        def advance(phase: str, amount: int) -> None:
            if phase not in tasks:
                total = size if phase == "read" else None
                tasks[phase] = bar.add_task(f"{words[phase]} {printable(Given(path).name)}", total=total)
            bar.advance(tasks[phase], amount)

        yield advance


def _notes(result: Result) -> Iterator[str]:
    if result.message:
        yield f"{result.message} {result.hint}".strip()
    if result.encoding not in (None, "utf-8"):
        yield f"read as {result.encoding}; --encoding overrides."
    yield from result.readings
    if result.unknown_columns:
        yield f"columns that are not in the contract, kept in _extra: {', '.join(result.unknown_columns)}"
    if result.rows_rejected and result.load_id is not None:
        yield f"{result.rows_rejected} rows were rejected; `loader rejects {result.load_id}` shows them."


_WORDS = ("file", "column (header)", "detail", "row", "rules", "also named", "of which", "what fails", "because")
_NUMBERS = (
    *("load", "line", "read", "new", "updated", "same", "rejected", "failed", "share", "money", "of revenue"),
    *("lines", "gross", "refunds", "net", "guests"),
)


def make_grid(*headers: str) -> Grid:
    """Return an empty table with these headers."""
    grid = Grid(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for header in headers:
        # Names and numbers must stay in one piece: only running text is wrapped.
        text, number = header in _WORDS, header in _NUMBERS
        grid.add_column(
            header,
            justify="right" if number else "left",
            no_wrap=not text,
            overflow="fold",
            min_width=12 if text else None,
        )
    return grid


def print_grid(grid: Grid) -> None:
    """Print a table."""
    # A pipe has no width: cutting words there would break programs that search for them.
    Console(width=None if sys.stdout.isatty() else 200).print(grid)


def _as_dict(reject: Reject) -> dict[str, object]:
    return {**asdict(reject), "raw": _text(reject.raw)}


def _status(status: str) -> Text:
    return Text(status, style=_STYLES.get(status, ""))


def _number(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _percent(share: Decimal | None) -> str:
    return "" if share is None else f"{share:.2%}"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", errors="backslashreplace")
