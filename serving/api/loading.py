"""Load an uploaded file in a process of its own, which can be stopped at any time and gives all its memory back."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loaders.contract.sources_yml import read_contract
from loaders.copy import copy_file
from loaders.destinations.postgres.connection import connect
from loaders.destinations.postgres.destination import Postgres
from loaders.errors import DatabaseError, LoaderError
from loaders.project import Project, find_project
from loaders.reading.options import Options
from serving.api.settings import ApiSettings

# Largest number of rejected rows in an answer.
SHOWN_REJECTS = 1_000
# Seconds in which an interrupted load rolls back and records its end; then it is killed.
GRACE_SECONDS = 5


class LeftError(Exception):
    """The client disconnected, and the load was stopped."""


async def load_file(
    project: Project, settings: ApiSettings, table: str, file: Path, left: Awaitable[None]
) -> dict[str, Any]:
    """Load a file, and stop if the caller is cancelled or the client disconnects.

    Args:
        project: The dbt project.
        settings: How large the file may be when unpacked.
        table: Name of the raw table.
        file: The file.
        left: Returns when the client disconnects.

    Returns:
        Members of `loaders.copy.Result`, and `rejects` with line, column and reason.

    Raises:
        LoaderError: The database refuses or is busy.
        LeftError: The client disconnected.
    """
    limits = (str(settings.ingest_unpacked_bytes), str(settings.ingest_lines))
    process = subprocess.Popen(
        [sys.executable, "-m", "serving.api.loading", table, str(file), *limits],
        env={**os.environ, "LOADER_PROJECT_DIR": str(project.root)},
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C ends the API, which waits for it
    )
    # A thread waits for the process, because not every event loop can do so outside of the main thread.
    output = asyncio.ensure_future(asyncio.to_thread(process.communicate))
    leaving = asyncio.ensure_future(left)
    try:
        await asyncio.wait({output, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not output.done():
            raise LeftError
        said = json.loads(output.result()[0] or "{}")
    finally:
        leaving.cancel()
        await asyncio.shield(_end(process, output))
    if "rows_read" in said:
        return dict(said)
    kind = DatabaseError if said.get("is_database") else LoaderError
    raise kind(said.get("message", "The load broke off."), said.get("hint", "Send the file again."))


async def _end(process: subprocess.Popen[bytes], output: asyncio.Future[Any]) -> None:
    """Interrupt a process that still runs, then kill it."""
    for number in (signal.SIGINT, signal.SIGKILL):
        if not output.done():
            process.send_signal(number)
            await asyncio.wait({output}, timeout=GRACE_SECONDS)


def main(table: str, file: str, max_bytes: str, max_lines: str) -> None:
    """Load a file as `loader copy` does, and print the outcome as JSON."""
    # An API that runs in the background has Ctrl-C ignored, and this process would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    project = find_project()
    contract = read_contract(project)
    options = Options(wait=False, max_bytes=int(max_bytes), max_lines=int(max_lines))
    with connect(project, autocommit=True, application_name="loader (API)") as connection:
        destination = Postgres(connection)
        destination.init_schema(contract)
        result = copy_file(destination, project, contract.table(table), Path(file), options)
        rejects = []
        if result.load_id is not None and result.rows_rejected:
            rejects = [
                {"line": each.line, "column": each.column, "reason": each.reason}
                for each in destination.ledger.read_rejects(result.load_id, SHOWN_REJECTS)
            ]
    json.dump({**asdict(result), "rejects": rejects}, sys.stdout)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        try:
            main(*sys.argv[1:])
        except LoaderError as error:
            is_database = isinstance(error, DatabaseError)
            json.dump({"message": error.message, "hint": error.hint, "is_database": is_database}, sys.stdout)
