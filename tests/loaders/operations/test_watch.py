"""What arrives in a watched folder is loaded once, when it is complete."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.contract.tables import Contract
from loaders.destinations.postgres.ledger import PostgresLedger
from loaders.errors import FileRefusedError
from loaders.operations.watch import Arrivals, watch
from loaders.project import Project
from loaders.reading.intake import Given
from loaders.reading.options import Options
from tests.conftest import ANY_AMOUNT

HEADER = "transaction_id,customer_id,amount,date\n"
INTERVAL = 0.1

Connection = psycopg.Connection[Any]
Spawn = Callable[..., subprocess.Popen[str]]


def write(file: Path, text: str, age: float = 10) -> Path:
    """Write a file that was last changed some seconds ago."""
    file.write_text(text)
    os.utime(file, (time.time() - age,) * 2)
    return file


def test_files_are_seen_once_until_they_change(tmp_path: Path) -> None:
    arrivals = Arrivals([tmp_path])
    assert arrivals.look(INTERVAL) == []
    second, first = (write(tmp_path / name, HEADER) for name in ("transactions_2.csv", "transactions_1.csv.gz"))
    assert arrivals.look(INTERVAL) == [first, second]
    assert arrivals.look(INTERVAL) == []
    write(second, HEADER + "1,c,2,2024-01-01\n", age=5)
    assert arrivals.look(INTERVAL) == [second]
    second.unlink()
    assert arrivals.look(INTERVAL) == []
    write(second, HEADER + "1,c,2,2024-01-01\n", age=5)
    assert arrivals.look(INTERVAL) == [second]


def test_partial_and_foreign_files_are_left_alone(tmp_path: Path) -> None:
    arrivals = Arrivals([tmp_path])
    for name in (".transactions.csv", "transactions.csv.partial", "transactions.tmp", "readme.txt"):
        write(tmp_path / name, HEADER)
    (tmp_path / "transactions_folder.csv").mkdir()
    (tmp_path / "transactions_link.csv").symlink_to(tmp_path / "nowhere")
    growing = write(tmp_path / "transactions.csv", HEADER, age=0)
    assert arrivals.look(60) == []
    write(growing, HEADER + "1,c,", age=0)
    assert arrivals.look(60) == []
    assert arrivals.look(60) == [growing]


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="is not a folder"):
        Arrivals([tmp_path / "nowhere"])
    arrivals = Arrivals([tmp_path / "folder"] if (tmp_path / "folder").mkdir() is None else [])
    (tmp_path / "folder").rmdir()
    with pytest.raises(FileRefusedError, match="can't be read any more"):
        arrivals.look(INTERVAL)


def test_a_loaded_file_is_hashed_once(
    connection: Connection, project: Project, contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "transactions.csv", HEADER + "1,c,2,2024-01-01\n")
    hashed: list[Path] = []
    sha256 = Given.sha256
    monkeypatch.setattr(Given, "sha256", lambda given: hashed.append(given.path) or sha256(given))
    rounds = iter(range(5))

    def sleep(_seconds: float) -> None:
        if next(rounds, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr("loaders.operations.watch.time.sleep", sleep)
    for expected in ("loaded", "skipped"):  # a second run knows from the ledger what is in
        rounds = iter(range(5))
        hashed.clear()
        found = list(watch(connection, project, contract, Arrivals([tmp_path]), Options()))
        assert [result.status for result in found] == [expected]
        assert len(hashed) == 1


def wait_until(connection: Connection, query: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not connection.execute(query).fetchone()[0]:  # type: ignore[index]
        assert time.monotonic() < deadline, f"never true: {query}"
        time.sleep(0.05)


def test_a_feed_is_loaded_as_it_comes(spawn: Spawn, connection: Connection, tmp_path: Path) -> None:
    folder = tmp_path / "feed"
    folder.mkdir()
    write(folder / "transactions_bad.csv", "nothing,known\n1,2\n")
    write(folder / "strangers.csv", "a,b\n1,2\n")
    watching = spawn("copy", "--watch", folder, "--interval", INTERVAL, "--max-rejects", "100%", *ANY_AMOUNT, "--json")
    wait_until(connection, "select count(*) = 1 from loader.loads where status = 'refused'")
    sizes = ("--customers", 20, "--transactions", 2_000, "--users", 5, "--days", 2)
    feeding = spawn("generate", *sizes, "--to", folder, "--follow", INTERVAL, "--dirty", "5%", "--json")
    wait_until(
        connection,
        "select count(*) >= 3 from loader.loads where file_name ~ '^transactions_[0-9]{6}' and status = 'loaded'",
    )
    feeding.send_signal(signal.SIGTERM)
    said = feeding.communicate()
    assert feeding.returncode == 0, said
    fed = [json.loads(line) for line in said[0].splitlines()[1:]]
    wait_until(
        connection,
        f"select count(*) >= {len(fed)} from loader.loads where file_name ~ '_[0-9]{{6}}' and status = 'loaded'",
    )
    (folder / "transactions_bad.csv").write_text(HEADER + "fixed,c,2,2030-01-01\n")
    assert watching.stdout
    results = []
    while not results or (results[-1]["file"], results[-1]["status"]) != ("transactions_bad.csv", "loaded"):
        results.append(json.loads(watching.stdout.readline()))
    time.sleep(INTERVAL)
    watching.send_signal(signal.SIGINT)
    said = watching.communicate()
    assert (watching.returncode, said[0]) == (0, ""), said

    statuses = {result["file"]: result["status"] for result in results}
    assert statuses["strangers.csv"] == "refused"
    assert statuses["transactions_bad.csv"] == "loaded"
    assert {statuses[file["file"]] for file in fed} == {"loaded"}
    assert not [file.name for file in folder.iterdir() if file.name.startswith(".")]
    loaded = {result["file"]: result for result in results if result["status"] == "loaded"}
    assert all(loaded[file["file"]]["rows_rejected"] == file["faults"] for file in fed)
    rows = connection.execute("select count(*) from raw.transactions").fetchone()
    counted = sum(result["rows_inserted"] for result in results if result["table"] == "transactions")
    assert rows == (counted,)
    assert {load.status for load in PostgresLedger(connection).read_loads()} == {"loaded", "refused"}
