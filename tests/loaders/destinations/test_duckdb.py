"""DuckDB as a destination: what the loader promises of PostgreSQL holds there, and what does not is said."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from loaders.cli import main
from loaders.destinations.duckdb.ledger import DuckDbLedger
from loaders.destinations.duckdb.upsert import converted
from tests.conftest import ANY_AMOUNT, ROOT

HEADER = "id,customer_id,amount,date,hue\n"
Run = Callable[..., Result]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "shop.duckdb"


@pytest.fixture
def loader(own_project: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line with no PostgreSQL in reach."""
    monkeypatch.setenv("PGHOST", str(own_project))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return run


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.csv"
    path.write_text(text, encoding="utf-8")
    return path


def rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(file, read_only=True) as connection:
        return connection.execute(query).fetchall()


def copied(result: Result) -> dict[str, Any]:
    [document] = json.loads(result.stdout)
    return {name.removeprefix("rows_"): value for name, value in document.items()}


def test_rows_are_inserted_updated_and_left_alone(loader: Run, file: Path, tmp_path: Path) -> None:
    first = write(
        tmp_path, "transactions_1", HEADER + "1,a,2.50,2017-01-01,red\n2,b,3,2017-01-02,\n3,c,5,2017-01-02,\n"
    )
    second = write(
        tmp_path, "transactions_2", HEADER + "1,a,9,2017-01-01,red\n2,b,3.00,2017-01-02,\n4,d,1,2017-01-03,\n"
    )
    to = ("--to", f"duckdb:{file}", "--json")
    assert copied(loader("copy", first, *to))["inserted"] == 3
    before = rows(file, "from raw.transactions where transaction_id = '1'")
    found = copied(loader("copy", second, *to))
    assert (found["inserted"], found["updated"], found["unchanged"]) == (1, 1, 1)
    assert rows(file, "from loader.transactions_history") == [(*before[0], 2, None)]
    assert rows(file, "select transaction_id, amount, _load_id, _line from raw.transactions order by 1") == [
        ("1", 9, 2, 2),
        ("2", 3, 1, 3),
        ("3", 5, 1, 4),
        ("4", 1, 2, 4),
    ]
    again = copied(loader("copy", second, *to))
    assert (again["status"], again["load_id"]) == ("skipped", 2)


def test_columns_that_a_file_does_not_have_keep_their_values(loader: Run, file: Path, tmp_path: Path) -> None:
    to = ("--to", f"duckdb:{file}")
    loader(
        "copy",
        write(tmp_path, "events_1", 'event_id,event_time,event_type,metadata\ne,2017-01-01,x,"{""a"": 1}"\n'),
        *to,
    )
    loader("copy", write(tmp_path, "events_2", "event_id,event_time,event_type\ne,2017-01-01,y\n"), *to)
    assert rows(file, "select event_type, metadata ->> 'a' from raw.events") == [("y", "1")]


def test_one_json_value_written_in_two_ways_is_no_change(loader: Run, file: Path, tmp_path: Path) -> None:
    header = "event_id,event_time,event_type,metadata\n"
    texts = ['"{""a"": 1, ""b"": 2.50}"', '"{""b"":2.5,""a"":1}"', '"{""b"":2.5}"', "", '"{}"']
    updated = []
    for number, text in enumerate(texts):
        path = write(tmp_path, f"events_{number}", f"{header}e,2017-01-01,x,{text}\n")
        updated.append(copied(loader("copy", path, "--to", f"duckdb:{file}", "--json"))["updated"])
    assert updated == [0, 0, 1, 1, 1]


def test_exit_codes_quarantine_and_ledger(loader: Run, file: Path, tmp_path: Path) -> None:
    good = "".join(f"{number},a,1,2017-01-01,\n" for number in range(2, 30))
    to = ("--to", f"duckdb:{file}")
    path = write(tmp_path, "transactions_1", f"{HEADER}1,a,much,2017-01-01,red\n{good}")
    assert loader("copy", path, *to, *ANY_AMOUNT).exit_code == 3
    assert loader("copy", write(tmp_path, "transactions_2", HEADER + "1,a,much,2017-01-01,\n"), *to).exit_code == 1
    assert loader("copy", write(tmp_path, "products_3", "1,2\n"), *to).exit_code == 1
    loads = json.loads(loader("status", *to, "--json").stdout)
    assert [(load["load_id"], load["status"], load["rows_rejected"]) for load in loads] == [
        (3, "refused", None),
        (2, "refused", 1),
        (1, "loaded", 1),
    ]
    assert loader("rejects", 1, *to, "--csv").stdout == f"{HEADER}1,a,much,2017-01-01,red\n"
    assert "There is no load 9" in loader("rejects", 9, *to).stderr


def test_many_rejected_rows_come_back_as_they_were(loader: Run, file: Path, tmp_path: Path) -> None:
    lines = [f"{number},a,much,2017-01-01,\n" for number in range(1_203)]
    path = write(tmp_path, "transactions_1", HEADER + "".join(lines))
    to = ("--to", f"duckdb:{file}")
    loader("copy", path, *to, "--max-rejects", "100%", *ANY_AMOUNT)
    assert loader("rejects", 1, *to, "--csv").stdout == HEADER + "".join(lines)


@pytest.mark.parametrize(
    ("amount", "stored"),
    [
        ("0.1234567891", "0.1234567891"),
        ("1.500000000000000", "1.5000000000"),
        ("123456789012", "123456789012.0000000000"),
        ("-2.5e3", "-2500.0000000000"),
        ("0.12345678912", None),
        ("1234567890123", None),
        ("1e12", None),
        ("1.5e-10", None),
    ],
)
def test_a_number_with_more_digits_than_fit_is_rejected_and_not_rounded(
    amount: str, stored: str | None, loader: Run, file: Path, tmp_path: Path
) -> None:
    path = write(tmp_path, "transactions_1", f"{HEADER}1,a,{amount},2017-01-01,\n")
    loader("copy", path, "--to", f"duckdb:{file}", "--max-rejects", "1", *ANY_AMOUNT)
    found = rows(file, "select cast(amount as varchar) from raw.transactions")
    assert found == ([(stored,)] if stored else [])
    rejected = rows(file, "select column_name, reason from loader.rejected_rows")
    assert rejected == ([] if stored else [("amount", "out_of_range")])


def test_a_load_that_breaks_off_leaves_nothing(
    loader: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "transactions_1", f"{HEADER}1,a,1,2017-01-01,\n2,a,much,2017-01-01,\n")
    to = ("--to", f"duckdb:{file}", "--max-rejects", "1", *ANY_AMOUNT)

    def fail(*_: object) -> None:
        raise duckdb.TransactionException("a conflict on secret value")

    with monkeypatch.context() as patch:
        patch.setattr(DuckDbLedger, "write_rejects", fail)
        broken = loader("copy", path, *to)
    assert broken.exit_code == 1
    assert "broke off" in broken.stderr and "secret" not in broken.stderr
    assert rows(file, "select count(*) from raw.transactions") == [(0,)]
    assert rows(file, "select status, error from loader.loads") == [("failed", "TransactionException")]
    assert loader("copy", path, *to).exit_code == 3
    assert rows(file, "select count(*) from raw.transactions") == [(1,)]


KILLED = """
import os, sys
from loaders.destinations.duckdb.ledger import DuckDbLedger
from loaders.cli import main
DuckDbLedger.write_rejects = lambda *_: os.kill(os.getpid(), 9)
main(sys.argv[1:])
"""


def test_a_killed_load_leaves_nothing_and_the_next_one_says_so(loader: Run, file: Path, tmp_path: Path) -> None:
    path = write(tmp_path, "transactions_1", f"{HEADER}1,a,1,2017-01-01,\n")
    to = ("--to", f"duckdb:{file}")
    process = subprocess.run([sys.executable, "-c", KILLED, "copy", path, *to], cwd=ROOT, check=False)
    assert process.returncode == -9
    result = loader("copy", path, *to)
    assert "Load 1 (transactions_1.csv) broke off" in result.stderr
    assert rows(file, "select load_id, status from loader.loads order by 1") == [(1, "failed"), (2, "loaded")]
    assert rows(file, "select count(*) from raw.transactions") == [(1,)]


@pytest.fixture
def occupied(file: Path, loader: Run) -> Iterator[subprocess.Popen[bytes]]:
    """The file, open in another program until its standard input ends."""
    loader("init", "--to", f"duckdb:{file}")
    hold = f"import duckdb, sys; held = duckdb.connect({str(file)!r}); print('open', flush=True); sys.stdin.read()"
    process = subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline() == b"open\n"
    yield process
    process.kill()
    process.wait()


def test_a_file_that_is_open_elsewhere_is_waited_for_or_refused(
    loader: Run, file: Path, tmp_path: Path, occupied: subprocess.Popen[bytes]
) -> None:
    path = write(tmp_path, "transactions_1", f"{HEADER}1,a,1,2017-01-01,\n")
    refused = loader("copy", path, "--to", f"duckdb:{file}", "--no-wait")
    assert (refused.exit_code, "Another program has" in refused.stderr) == (1, True)
    assert occupied.stdin
    threading.Timer(1, occupied.stdin.close).start()
    waited = loader("copy", path, "--to", f"duckdb:{file}")
    assert (waited.exit_code, "Waiting for it to finish" in waited.stderr) == (0, True)


def test_the_file_of_dbt_is_the_one_without_a_path(
    loader: Run, own_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = (ROOT / "profiles.yml.example").read_text()
    assert "env_var('DUCKDB_PATH', 'data/analytics.duckdb')" in profile
    monkeypatch.delenv("DUCKDB_PATH", raising=False)
    assert loader("init", "--to", "duckdb").exit_code == 0
    assert (own_project / "data" / "analytics.duckdb").exists()
    monkeypatch.setenv("DUCKDB_PATH", "elsewhere/shop.duckdb")
    assert loader("init", "--to", "duckdb").exit_code == 0
    assert (own_project / "elsewhere" / "shop.duckdb").exists()


def test_tables_follow_the_contract(loader: Run, file: Path, own_project: Path) -> None:
    to = ("--to", f"duckdb:{file}")
    assert "created raw.products" in loader("init", *to).stdout
    assert loader("init", *to).stdout == "The database matches the contract.\n"
    with duckdb.connect(file) as connection:
        connection.execute("alter table raw.products drop column price")
        connection.execute("alter table loader.products_history drop column price")
    assert loader("init", *to).stdout == "added raw.products.price\n"
    with duckdb.connect(file) as connection:
        connection.execute("alter table raw.products alter column price type decimal(18, 3)")
    drifted = loader("init", *to)
    assert drifted.exit_code == 1
    assert "alter column price type decimal(38,10)" in drifted.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["undo", "1", "--to", "duckdb"],
        ["run", ".", "--to", "duckdb"],
        ["backup", "--to", "duckdb"],
        ["quality", "--to", "duckdb"],
        ["copy", ".", "--watch", "--to", "duckdb"],
        ["init", "--roles", "--to", "duckdb"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_what_works_on_postgresql_only_says_so(arguments: list[str], loader: Run) -> None:
    result = loader(*arguments)
    assert result.exit_code in (1, 2)
    assert "works on PostgreSQL only" in result.stderr


def test_an_unknown_destination_is_refused(loader: Run) -> None:
    result = loader("init", "--to", "oracle:shop")
    assert (result.exit_code, "There is no destination 'oracle:shop'" in result.stderr) == (1, True)


@pytest.mark.parametrize("name", ["raw.duckdb", "Loader.db", "marts"])
def test_a_file_named_as_a_schema_is_refused(name: str, loader: Run, tmp_path: Path) -> None:
    path = write(tmp_path, "transactions_1", HEADER + "1,a,1,2017-01-01,\n")
    result = loader("copy", path, "--to", f"duckdb:{tmp_path / name}")
    assert result.exit_code == 1
    assert "Give the file another name." in result.output
    assert not (tmp_path / name).exists()


TIMES = [
    "2024-01-01",
    "2024-01-01 10:00",
    "2024-01-01T10:00:01z",
    "2024-01-01 10:00:00.1234560000 UTC",
    "2024-01-01 10:00:00.5UTC",
    "2024-01-01 10:00:00 +05:30",
    "2024-01-01T10:00:00-0330",
    "2024-01-01 10:00:00  -11",
    # The clocks of New York: an hour that is not there, and one that is there twice.
    "2024-03-10 02:30:00",
    "2024-11-03 01:30:00",
]


def test_moments_are_read_as_postgresql_reads_them(connection: Any) -> None:
    connection.execute("set timezone = 'America/New_York'")
    expected = [connection.execute("select %s::timestamptz", [text]).fetchone()[0] for text in TIMES]
    with duckdb.connect() as database:
        database.execute("set TimeZone = 'America/New_York'")
        query = f"select {converted('written', 'timestamptz')} from (select $1 as written)"
        found = [database.execute(query, [text]).fetchone() for text in TIMES]
    assert [moment and moment[0].timestamp() for moment in found] == [moment.timestamp() for moment in expected]


@pytest.mark.parametrize("text", ["t", "TRUE", "yes", "on", "1", "f", "No", "off", "0"])
def test_truth_is_read_as_postgresql_reads_it(text: str, connection: Any) -> None:
    expected = connection.execute("select %s::boolean", [text]).fetchone()[0]
    with duckdb.connect() as database:
        row = database.execute(
            f"select {converted('written', 'boolean')} from (select $1 as written)", [text]
        ).fetchone()
    assert row == (expected,)
