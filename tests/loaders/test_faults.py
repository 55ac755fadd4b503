"""What breaks in the middle of a load: the file is wholly in or not at all, and the next run says so and works."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders import ledger
from loaders.contract import Contract
from loaders.copy import Options, copy_file
from loaders.errors import DatabaseError
from loaders.project import Project
from tests.conftest import ROOT, Loader

KILLS = int(os.environ.get("LOADER_TEST_KILLS", "6"))
ROWS = 100_000
TOTALS = "select count(*), count(distinct transaction_id), sum(amount) from raw.transactions"

Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes a second or two to load; two of its rows are rejected."""
    return write_rows(tmp_path_factory.mktemp("large") / "transactions.csv", ROWS, amount=3)


def write_rows(file: Path, rows: int, amount: int) -> Path:
    """Write a file of transactions with keys, and two rows that break the contract."""
    with file.open("w") as out:
        out.write("transaction_id,customer_id,amount,date,colour\n")
        out.writelines(f"{i},c{i % 1000},{amount},2017-01-{i % 28 + 1:02},green\n" for i in range(rows))
        out.write("x1,c1,much,2017-01-01,red\nx2,c1,5,2017-02-30,red\n")
    return file


@pytest.fixture
def spawn(database: dict[str, str], own_project: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command line as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "loaders.cli", *map(str, arguments)]
        process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_until(connection: Connection, query: str, seconds: float = 30) -> None:
    """Wait until a query says true."""
    deadline = time.monotonic() + seconds
    while not connection.execute(query).fetchone()[0]:  # type: ignore[index]
        assert time.monotonic() < deadline, f"never true: {query}"
        time.sleep(0.01)


def working_folders(project: Path) -> list[Path]:
    return list((project / "target" / "loader").glob("copy-*"))


COPYING = """
    select exists (
        select from pg_stat_activity
        where query ilike 'copy %transactions%' or query ilike 'copy %incoming%' and state = 'active'
            and application_name = 'loader' and datname = current_database()
    )
"""
NO_LOADER = """
    select not exists (
        select from pg_stat_activity where application_name = 'loader' and pid <> pg_backend_pid()
            and datname = current_database()
    )
"""


@pytest.mark.parametrize("existing", [False, True], ids=["empty table", "filled table"])
def test_kills_at_random_moments(
    existing: bool,
    spawn: Callable[..., subprocess.Popen[str]],
    loader: Loader,
    connection: Connection,
    own_project: Path,
    large_file: Path,
    tmp_path: Path,
) -> None:
    older = write_rows(tmp_path / "transactions_older.csv", ROWS // 2, amount=2) if existing else None

    def reset() -> tuple[Any, ...]:
        connection.execute("truncate raw.transactions; truncate loader.loads, loader.rejected_rows")
        if older:
            assert loader("copy", older).exit_code == 3
        return connection.execute(TOTALS).fetchone() or ()

    reset()
    begun = time.monotonic()
    whole = spawn("copy", large_file)
    assert whole.wait() == 3, whole.communicate()
    seconds = time.monotonic() - begun
    after = (ROWS, ROWS, 3 * ROWS)
    assert connection.execute(TOTALS).fetchone() == after

    kills = (KILLS + (not existing)) // 2
    rng = random.Random(2017)
    outcomes = []
    for number in range(kills):
        before = reset()
        process = spawn("copy", large_file)
        # Delays lie in equal slices of the run, so that few kills hit all of its phases too.
        time.sleep(seconds * (number + rng.random()) / kills)
        process.kill()
        process.communicate()
        wait_until(connection, NO_LOADER)
        state = connection.execute("select status from loader.loads order by load_id desc limit 1").fetchone()
        status = state[0] if state and state[0] in ("running", "loaded") and not _is_older(connection) else "none"
        outcomes.append(status)
        found = connection.execute(TOTALS).fetchone()
        assert found == (after if status == "loaded" else before), f"after kill {number}, ledger says {status}"

        result = loader("copy", large_file, "--json")
        assert result.exit_code == (0 if status == "loaded" else 3), result.output
        assert connection.execute(TOTALS).fetchone() == after
        assert ("broke off" in result.stderr) == (status == "running")
        [said] = json.loads(result.stdout)
        counted = sum(said[f"rows_{kind}"] for kind in ("inserted", "updated", "unchanged", "rejected"))
        assert said["rows_read"] == counted == (0 if status == "loaded" else ROWS + 2)
        statuses = [row.status for row in ledger.read_loads(connection)]
        assert statuses == ["loaded"] + ["failed"] * (status == "running") + ["loaded"] * existing
        assert connection.execute("select count(*) from loader.rejected_rows").fetchone() == (2 + 2 * existing,)
        assert working_folders(own_project) == []
    print(f"{kills} kills in {seconds:.1f} s: {outcomes}")
    assert "running" in outcomes, "no kill hit a load; the delays are off"


def _is_older(connection: Connection) -> bool:
    """Tell whether the newest load is still the one that filled the table before."""
    row = connection.execute("select file_name from loader.loads order by load_id desc limit 1").fetchone()
    return bool(row and row[0] == "transactions_older.csv")
