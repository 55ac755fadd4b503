"""Snowflake to test on: the server of fakesnow, which speaks Snowflake's protocol and runs its SQL in DuckDB.

GAPS lists where it differs from Snowflake in a way that this project meets. They are closed here and not in a model,
and a test shows that each is still there, so that what isn't needed any more goes. (fakesnow 0.12.1 has others that no
statement of the project meets: a date plus days is a timestamp, NULL timestamps arrive as 1970, MERGE and temporary
tables with a schema fail.)
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.engines import one_form, quoted
from tests.conftest import ROOT

# What happens, and a statement that shows it on a table `lines` with the columns amount and currency.
GAPS = {
    "comments on two columns are a syntax error": "alter table lines alter amount comment $$$$, currency comment $$$$",
    "an apostrophe in a comment is an error of the server": "comment on table lines is $$The shop's lines$$",
    "sums of decimals are floating-point numbers": "select sum(amount) from lines",
}
# Comments are skipped, for the first two.
SKIPPED = [r"\s*comment on (table|view) ", r"\s*alter\s+(table|view)\s+\S+\s+alter\s"]
# Begins the message of an error that Snowflake doesn't have.
EMULATOR_FAILED = "The emulator failed, where Snowflake may not"
SECONDS_TO_START = 60


@contextmanager
def running_emulator(folder: Path) -> Iterator[dict[str, Any]]:
    """Run the emulator in a process of its own, with a file per database in a folder; give how to connect."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", __name__, folder, str(port)], cwd=ROOT)
    try:
        _wait_for(port, process)
        yield {"host": "127.0.0.1", "port": port, "protocol": "http"}
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("The emulator did not start.") from None
            time.sleep(0.1)


def open_marts(file: Path) -> duckdb.DuckDBPyConnection:
    """Open what the emulator left behind, as a database of DuckDB with names as in PostgreSQL."""
    database = duckdb.connect()
    database.execute("set TimeZone = 'UTC'")
    database.create_function("one_form", one_form)
    database.execute(f"attach '{file}' as {file.stem} (read_only)")
    database.execute("create schema marts")
    listed = "select table_name, column_name from information_schema.columns where table_schema = 'MARTS'"
    columns: dict[str, list[str]] = {}
    for table, column in database.execute(f"{listed} order by table_name, ordinal_position").fetchall():
        columns.setdefault(table, []).append(f"{quoted(column)} as {quoted(column.lower())}")
    for table, named in columns.items():
        view = f"create view marts.{table.lower()} as select {', '.join(named)} from {file.stem}.MARTS.{table}"
        database.execute(view)
    return database


def serve(folder: str, port: int) -> None:
    """Serve until the process ends."""
    import fakesnow.server
    import fakesnow.transforms
    import uvicorn
    from fakesnow.cursor import FakeSnowflakeCursor
    from fakesnow.instance import FakeSnow
    from snowflake.connector.errors import Error, ProgrammingError

    execute = FakeSnowflakeCursor.execute

    def execute_or_say_who_failed(cursor: Any, *arguments: Any, **options: Any) -> Any:
        # Otherwise the answer is HTTP 500, and Snowflake's driver repeats the statement forever.
        try:
            return execute(cursor, *arguments, **options)
        except Error:
            raise
        except Exception as error:
            raise ProgrammingError(msg=f"{EMULATOR_FAILED}: {error}", errno=1) from error

    FakeSnowflakeCursor.execute = execute_or_say_who_failed
    fakesnow.transforms.numeric_agg_implicit_cast = lambda expression: expression
    fakesnow.server.shared_fs = FakeSnow(db_path=folder, nop_regexes=SKIPPED)
    uvicorn.run(fakesnow.server.app, host="127.0.0.1", port=port, log_level="critical")


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
