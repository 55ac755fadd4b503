"""Taking back a load takes back what it did, all of it and nothing else, or says why it can't."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.contract.tables import Contract
from loaders.destinations.postgres.connection import connect
from loaders.destinations.postgres.ledger import PostgresLedger
from loaders.project import Project
from tests.conftest import ANY_AMOUNT, Loader

Connection = psycopg.Connection[Any]
HEADER = "id,customer_id,amount,date,hue\n"


def write(folder: Path, name: str, *rows: str) -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def load(loader: Loader, file: Path, *options: object) -> int:
    """Load a file and return the number of the load."""
    result = loader("copy", file, "--json", "--max-rejects", "100%", *ANY_AMOUNT, *options)
    [found] = json.loads(result.stdout)
    assert found["status"] == "loaded", result.output
    return int(found["load_id"])


def undo(loader: Loader, load_id: int, *options: object) -> dict[str, Any]:
    result = loader("undo", load_id, "--json", *options)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def refusal(loader: Loader, load_id: int, *options: object) -> str:
    result = loader("undo", load_id, "--yes", *options)
    assert result.exit_code == 1, result.output
    return " ".join(result.stderr.split())


def table(connection: Connection) -> list[tuple[Any, ...]]:
    """Every column of every row, the loader's own included."""
    return connection.execute("select * from raw.transactions order by transaction_id").fetchall()


def test_rows_are_as_they_were_with_load_line_and_moment(
    loader: Loader, connection: Connection, tmp_path: Path
) -> None:
    load(loader, write(tmp_path, "transactions_1.csv", "1,a,2.50,2017-01-01,red", "2,b,3,2017-01-02,"))
    before = table(connection)
    second = write(tmp_path, "transactions_2.csv", "1,a,9,2017-01-01,blue", "2,b,3,2017-01-02,", "3,c,1,2017-01-03,")
    number = load(loader, second)
    done = undo(loader, number)
    assert (done["rows_removed"], done["rows_restored"], done["undo_id"]) == (1, 1, 3)
    assert table(connection) == before
    history = "select transaction_id, amount, _load_id, _replaced_by, _restored_by from loader.transactions_history"
    assert sorted(connection.execute(history).fetchall()) == [
        ("1", 2.5, 1, 2, 3),
        ("1", 9, 2, 3, None),
        ("3", 1, 2, 3, None),
    ]


def test_the_ledger_tells_of_the_undo(loader: Loader, connection: Connection, tmp_path: Path) -> None:
    file = write(tmp_path, "transactions.csv", "1,a,2,2017-01-01,", "2,b,secret,2017-01-02,")
    number = load(loader, file)
    finished = PostgresLedger(connection).read_load(number).finished_at
    undo(loader, number)
    entry, undone = PostgresLedger(connection).read_loads()
    assert (entry.status, entry.file_name, entry.undone_load_id) == ("loaded", "undo of load 1", 1)
    assert (entry.rows_removed, entry.rows_updated, entry.rows_read) == (1, 0, None)
    assert (undone.status, undone.rows_inserted, undone.finished_at) == ("undone", 1, finished)
    shown = loader("status").output
    assert "1 removed" in shown and "undone" in shown
    assert "2,b,secret" in loader("rejects", number).output
    again = load(loader, file)
    assert PostgresLedger(connection).read_load(again).rows_inserted == 1


@pytest.mark.parametrize("seed", (6, 9))
def test_any_order_of_loads_and_undos(loader: Loader, connection: Connection, tmp_path: Path, seed: int) -> None:
    """A stack of versions for each key says what must be in the table, and which loads must go first."""
    rng = random.Random(seed)
    versions: dict[str, list[tuple[int, str]]] = {}
    loaded: list[int] = []
    refused = 0
    for number in range(12):
        if loaded and rng.random() < 0.4:
            chosen = rng.choice(loaded[:3])
            blocking = {
                later
                for stack in versions.values()
                if chosen in [load_id for load_id, _ in stack]
                for later, _ in stack[[load_id for load_id, _ in stack].index(chosen) + 1 :]
            }
            if blocking:
                message = refusal(loader, chosen)
                steps = [int(found) for found in re.findall(r"`loader undo (\d+)`", message)]
                assert blocking <= set(steps[:-1]) and steps[-1] == chosen
                assert steps == sorted(steps, reverse=True)
                refused += 1
            else:
                steps = [chosen]
            for step in steps:
                undo(loader, step)
                loaded.remove(step)
                versions = {key: [each for each in stack if each[0] != step] for key, stack in versions.items()}
        else:
            rows = {str(rng.randrange(6)): str(rng.randrange(1, 4)) for _ in range(4)}
            lines = [f"{key},a,{amount},2017-01-01," for key, amount in rows.items()]
            load_id = load(loader, write(tmp_path, f"transactions_{number}.csv", *lines), "--force")
            loaded.append(load_id)
            for key, amount in rows.items():
                stack = versions.setdefault(key, [])
                if not stack or stack[-1][1] != amount:
                    stack.append((load_id, amount))
        found = connection.execute("select transaction_id, _load_id, amount::text from raw.transactions").fetchall()
        assert sorted(found) == sorted((key, *stack[-1]) for key, stack in versions.items() if stack)
    assert refused


def test_what_can_not_be_taken_back(loader: Loader, connection: Connection, tmp_path: Path) -> None:
    first = load(loader, write(tmp_path, "transactions_1.csv", "1,a,2,2017-01-01,", "2,b,2,2017-01-01,"))
    loader("copy", write(tmp_path, "transactions_2.csv", "1,a,x,2017-01-01,"))
    assert "There is no load 99" in refusal(loader, 99)
    assert "Load 2 is refused: it has no rows there." in refusal(loader, 2)
    third = load(loader, write(tmp_path, "transactions_3.csv", "1,a,3,2017-01-01,"))
    message = refusal(loader, first)
    assert f"replaced by later loads ({third})" in message
    assert f"`loader undo {third}`, then `loader undo {first}`" in message
    entry = undo(loader, third)["undo_id"]
    assert f"Load {third} is undone already, by load {entry}." in refusal(loader, third)
    assert f"Load {entry} is itself an undo, of load {third}. Load that file again" in refusal(loader, entry)
    connection.execute("delete from raw.transactions where transaction_id = '2'")
    assert "it inserted 2 rows and updated 0, but 1 are unchanged since" in refusal(loader, first)
    assert [row[0] for row in table(connection)] == ["1"]


def test_an_undo_that_breaks_off_changes_nothing(loader: Loader, connection: Connection, tmp_path: Path) -> None:
    number = load(loader, write(tmp_path, "transactions.csv", "1,a,2,2017-01-01,", "2,b,2,2017-01-01,"))
    before = table(connection)
    # It fails after the row has left the table, as on a full disk.
    connection.execute("alter table loader.transactions_history add constraint full_disk check (transaction_id <> '2')")
    assert "PostgreSQL says" in refusal(loader, number)
    assert table(connection) == before
    entry, undone = PostgresLedger(connection).read_loads()
    assert (entry.status, undone.status) == ("failed", "loaded")
    connection.execute("alter table loader.transactions_history drop constraint full_disk")
    undo(loader, number)
    assert table(connection) == []


def test_a_dead_undo_is_told_from_a_running_one(
    loader: Loader, connection: Connection, contract: Contract, tmp_path: Path
) -> None:
    number = load(loader, write(tmp_path, "transactions.csv", "1,a,2,2017-01-01,"))
    dead = PostgresLedger(connection).start(contract.table("transactions"), "undo of load 1", undone_load_id=number)
    result = loader("undo", number, "--yes")
    assert result.exit_code == 0
    assert f"Load {dead} (undo of load 1) broke off" in result.stderr and "Undo the load again." in result.stderr
    assert PostgresLedger(connection).read_load(dead).status == "failed"


def test_nothing_is_done_unasked(loader: Loader, connection: Connection, tmp_path: Path) -> None:
    number = load(loader, write(tmp_path, "transactions.csv", "1,a,2,2017-01-01,"))
    assert "1 rows leave transactions" in loader("undo", number, "--dry-run").output
    assert undo(loader, number, "--dry-run")["undo_id"] is None
    result = loader("undo", number)
    assert result.exit_code == 1 and "Use --yes" in result.stderr
    assert len(table(connection)) == 1 and len(PostgresLedger(connection).read_loads()) == 1


def test_an_undo_waits_its_turn(
    loader: Loader, connection: Connection, contract: Contract, project: Project, tmp_path: Path
) -> None:
    number = load(loader, write(tmp_path, "transactions.csv", "1,a,2,2017-01-01,"))
    with connect(project, autocommit=True) as other:
        PostgresLedger(other).lock(contract.table("transactions"), wait=True)
        assert "Another loader is loading into raw.transactions." in refusal(loader, number, "--no-wait")
    assert len(table(connection)) == 1


def test_files_that_may_have_the_same_rows_are_named(loader: Loader, connection: Connection, tmp_path: Path) -> None:
    first = load(loader, write(tmp_path, "transactions_1.csv", "1,a,2,2017-01-01,"))
    both = write(tmp_path, "transactions_2.csv", "1,a,2,2017-01-01,", "2,a,2,2017-01-01,")
    second = load(loader, both)
    result = loader("undo", first, "--yes")
    assert f"Load {second} found rows in transactions that its file has too." in result.output
    load(loader, both, "--force")
    assert len(table(connection)) == 2
