"""What `loader copy --watch` prints."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import psycopg

from loaders.cli import report
from loaders.contract.tables import Contract
from loaders.copy import Result
from loaders.operations.watch import Arrivals, watch
from loaders.project import Project
from loaders.reading.options import Options


def watch_folders(
    connection: psycopg.Connection[Any],
    project: Project,
    contract: Contract,
    paths: tuple[str, ...],
    options: Options,
    *,
    table: str | None,
    interval: float,
    as_json: bool,
    on_note: Callable[[str], None],
) -> None:
    """Load what arrives in folders, and print a line for each file, until Ctrl-C."""
    arrivals = Arrivals([Path(path) for path in paths])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    on_note(f"Watching {', '.join(paths)}; Ctrl-C ends it.")
    found = watch(connection, project, contract, arrivals, options, interval=interval, table=table, on_note=on_note)
    for result in found:
        if as_json:
            report.show_json(asdict(result))
        else:
            click.echo(_line(result))
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
