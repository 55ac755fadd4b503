"""Parquet as a destination: DuckDB's rows in files of Parquet, and readers who see all of a load or nothing of it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loaders.contract.sources_yml import read_contract
from loaders.contract.tables import history_of
from loaders.destinations.parquet import versions as parquet_versions
from loaders.destinations.parquet.connection import LEDGER_FILE, NO_MONTH
from loaders.project import find_project
from tests.conftest import ANY_AMOUNT, DATA, ROOT
from tests.loaders.destinations.test_duckdb import Run, loader, write
from tests.project.test_engines import EVENTS, TRANSACTIONS

pytestmark = pytest.mark.lengthy

HEADER = "id,customer_id,amount,date\n"
# What tells when something was loaded, and not what.
TIMES = {"_loaded_at", "started_at", "finished_at"}
__all__ = ["loader"]  # a fixture


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "the [shop]'s" / "tables"


def to(folder: Path) -> tuple[str, str]:
    return "--to", f"parquet:{folder}"


def published(folder: Path, table: str, version: str = "current") -> str:
    """Return a published table as a relation of DuckDB, as a stranger would read it."""
    name = str(folder / version / table.replace(".", "/")).replace("[", "[[]").replace("'", "''")
    return f"read_parquet('{name}/**/*.parquet', hive_partitioning = true)"


def rows(query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(query).fetchall()


def files(folder: Path, table: str) -> dict[str, int]:
    """Return the published files of a table with their inodes."""
    root = folder / "current" / table.replace(".", "/")
    return {str(file.relative_to(root)): file.stat().st_ino for file in sorted(root.rglob("*.parquet"))}


def only_one_has(folder: Path, file: Path, tables: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows that only the Parquet tables or only DuckDB's have, but for the times of the loads."""
    with duckdb.connect(file, read_only=True) as connection:
        return {table: found for table in tables if (found := _differences(connection, folder, table))}


def _differences(connection: duckdb.DuckDBPyConnection, folder: Path, table: str) -> list[tuple[Any, ...]]:
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() where schema_name || '.' || table_name = $1", [table]
    ).fetchall()
    kept = ", ".join(
        f'cast("{column}" as {"varchar" if kind == "JSON" else kind})'
        for column, kind in columns
        if column not in TIMES
    )
    ours, theirs = f"select {kept} from {published(folder, table)}", f"select {kept} from {table}"
    return connection.execute(f"({ours} except all {theirs}) union all ({theirs} except all {ours})").fetchall()


def test_tables_are_those_of_duckdb_after_corrections_and_rejected_rows(
    loader: Run, folder: Path, tmp_path: Path
) -> None:
    first = [DATA / f"{name}.csv" for name in ("events", "transactions")]
    texts = {"transactions_2": TRANSACTIONS, "events_2": EVENTS, "plans_2": "no,header\n"}
    second = [write(tmp_path, name, text) for name, text in texts.items()]
    file = tmp_path / "shop.duckdb"
    for delivery in (first, second, second):
        command = ("copy", *delivery, "--max-rejects", "80%", *ANY_AMOUNT, "--json", "--to")
        ours, theirs = loader(*command, f"parquet:{folder}"), loader(*command, f"duckdb:{file}")
        assert json.loads(ours.stdout) == json.loads(theirs.stdout)
        assert ours.exit_code == theirs.exit_code
    contract = read_contract(find_project())
    tables = [f"{table.schema}.{table.name}" for table in (*contract.tables, *map(history_of, contract.copied_tables))]
    assert len(tables) > 20
    assert only_one_has(folder, file, tables) == {}
    expected = {"loader.loads": 6, "loader.rejected_rows": 6, "loader.transactions_history": 2}
    assert {table: rows(f"select count(*) from {published(folder, table)}") for table in expected} == {
        table: [(count,)] for table, count in expected.items()
    }
    # Each line is in the month of its moment, also the one that a correction moved to another.
    in_its_month = "count(*) filter (month = strftime(transacted_at, '%Y-%m'))"
    assert rows(f"select count(*), {in_its_month} from {published(folder, 'raw.transactions')}") == [(104, 104)]
    for command in (["status", "--json"], ["rejects", "--csv"]):
        ours, theirs = loader(*command, "--to", f"parquet:{folder}"), loader(*command, "--to", f"duckdb:{file}")
        assert ours.stdout.count("transactions_2.csv") == theirs.stdout.count("transactions_2.csv")
        assert len(ours.stdout) == len(theirs.stdout) > 0


def test_a_load_writes_only_the_months_that_have_its_rows_or_had_them(
    loader: Run, folder: Path, tmp_path: Path
) -> None:
    lines = ["1,a,1,2024-01-31T23:30:00Z\n", "2,a,1,2024-02-01T00:30:00Z\n", "3,a,1,2024-03-01\n", "4,a,1,2024-04-01\n"]
    loader("copy", write(tmp_path, "transactions_1", HEADER + "".join(lines)), *to(folder))
    before = files(folder, "raw.transactions")
    assert [Path(file).parent.name for file in before] == [f"month=2024-0{month}" for month in (1, 2, 3, 4)]
    # A line that moves, and empties its month; one that says something else; one that says the same; a new one.
    moved = ["3,a,1,2024-01-01\n", "2,a,7,2024-02-01T00:30:00Z\n", "4,a,1,2024-04-01\n", "5,a,1,2024-05-01\n"]
    loader("copy", write(tmp_path, "transactions_2", HEADER + "".join(moved)), *to(folder))
    after = files(folder, "raw.transactions")
    assert [Path(file).parent.name for file in after] == [f"month=2024-0{month}" for month in (1, 2, 4, 5)]
    assert {name for name, inode in after.items() if before.get(name) == inode} == {
        name for name in before if "2024-04" in name
    }
    found = rows(f"select transaction_id, amount, month from {published(folder, 'raw.transactions')} order by 1")
    assert [(line, int(amount), month[-2:]) for line, amount, month in found] == [
        ("1", 1, "01"),
        ("2", 7, "02"),
        ("3", 1, "01"),
        ("4", 1, "04"),
        ("5", 1, "05"),
    ]
    products = files(folder, "raw.products")
    again = loader("copy", tmp_path / "transactions_2.csv", *to(folder), "--force", "--json")
    assert json.loads(again.stdout)[0]["rows_unchanged"] == 4
    assert (files(folder, "raw.transactions"), files(folder, "raw.products")) == (after, products)
    assert rows(f"select max(load_id) from {published(folder, 'loader.loads')}") == [(3,)]


def test_what_changes_nothing_publishes_nothing(loader: Run, folder: Path, tmp_path: Path) -> None:
    file = write(tmp_path, "transactions_1", f"{HEADER}1,a,1,2024-01-01\n")
    loader("copy", file, *to(folder))
    version = (folder / "current").readlink()
    assert version == Path("versions/2")
    assert "loaded before as load 1" in loader("copy", file, *to(folder)).stdout
    for command in ("status", "rejects", "init"):
        loader(command, *to(folder))
    assert (folder / "current").readlink() == version


def test_a_table_without_rows_has_its_columns(loader: Run, folder: Path, whole_contract: None) -> None:
    assert "created raw.transactions" in loader("init", *to(folder)).stdout
    assert loader("init", *to(folder)).stdout == "The database matches the contract.\n"
    described = rows(f"describe from {published(folder, 'raw.transactions')}")
    types = {column: kind for column, kind, *_ in described}
    assert (types["amount"], types["transacted_at"]) == ("DECIMAL(38,10)", "TIMESTAMP WITH TIME ZONE")
    assert (types["_extra"], types["transaction_id"], types["month"]) == ("VARCHAR", "VARCHAR", "VARCHAR")
    assert list(types)[-5:] == ["_load_id", "_line", "_loaded_at", "_extra", "month"]
    assert [Path(file).parent.name for file in files(folder, "raw.transactions")] == [NO_MONTH]
    contract = read_contract(find_project())
    for table in (*contract.tables, *map(history_of, contract.copied_tables)):
        assert rows(f"select count(*) from {published(folder, f'{table.schema}.{table.name}')}") == [(0,)]


def test_a_refused_file_is_in_the_published_ledger(loader: Run, folder: Path, tmp_path: Path) -> None:
    bad = write(tmp_path, "transactions_1", f"{HEADER}1,a,much,2024-01-01\n")
    assert loader("copy", bad, *to(folder)).exit_code == 1
    assert loader("copy", write(tmp_path, "products_1", "1,2\n"), *to(folder)).exit_code == 1
    found = rows(f"select file_name, status, rows_rejected from {published(folder, 'loader.loads')} order by load_id")
    assert found == [("transactions_1.csv", "refused", 1), ("products_1.csv", "refused", None)]
    assert rows(f"select reason from {published(folder, 'loader.rejected_rows')}") == [("invalid_numeric",)]


def test_a_column_that_is_new_in_the_contract_is_in_every_file(
    loader: Run, folder: Path, own_project: Path, tmp_path: Path
) -> None:
    lines = "1,a,1,2024-01-01\n2,a,1,2024-02-01\n"
    loader("copy", write(tmp_path, "transactions_1", HEADER + lines), *to(folder))
    before = files(folder, "raw.products")
    contract = own_project / "models" / "staging" / "shop" / "_shop__sources.yml"
    new = "          - name: till\n            data_type: bigint\n            config: {meta: {default: 7}}\n"
    first = "          - name: order_id\n"
    text = contract.read_text()
    contract.write_text(text.replace(first, new + first))
    added = loader("init", *to(folder))
    assert added.stdout == "added raw.transactions.till\n", added.output
    for month in ("2024-01", "2024-02"):
        assert rows(f"select till from {published(folder, f'raw.transactions/month={month}')}") == [(7,)]
    loader(
        "copy", write(tmp_path, "transactions_2", "id,customer_id,amount,date,till\n1,a,1,2024-01-01,8\n"), *to(folder)
    )
    assert rows(f"select till from {published(folder, 'raw.transactions')} order by 1") == [(7,), (8,)]
    assert rows(f"select till from {published(folder, 'loader.transactions_history')}") == [(7,)]
    assert files(folder, "raw.products") == before


# --- what breaks in the middle ----------------------------------------------------------------------------------------

KILLED = """
import os, sys
from loaders.cli import main
from loaders.destinations.parquet.versions import Versions
loaded = Versions.{method}
def kill(self):
    if self.published == 1:  # what the load itself makes; the one before has the tables without rows
        {before}
        os.kill(os.getpid(), 9)
    loaded(self)
Versions.{method} = kill
main(sys.argv[1:])
"""


def killed_at(method: str, before: str, *arguments: object) -> None:
    script = KILLED.format(method=method, before=before)
    process = subprocess.run([sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, check=False)
    assert process.returncode == -9


def test_a_load_that_is_killed_behind_its_commit_is_published_by_the_next_call(
    loader: Run, folder: Path, tmp_path: Path
) -> None:
    file = write(tmp_path, "transactions_1", f"{HEADER}1,a,1,2024-01-01\n")
    killed_at("publish", "pass", "copy", file, *to(folder))
    assert rows(f"select count(*) from {published(folder, 'raw.transactions')}") == [(0,)]
    assert "loaded" in loader("status", *to(folder)).stdout
    assert rows(f"select count(*) from {published(folder, 'raw.transactions')}") == [(1,)]
    assert rows(f"select status from {published(folder, 'loader.loads')}") == [("loaded",)]
    assert "loaded before as load 1" in loader("copy", file, *to(folder)).stdout


def test_a_load_that_is_killed_before_its_commit_leaves_nothing(loader: Run, folder: Path, tmp_path: Path) -> None:
    file = write(tmp_path, "transactions_1", f"{HEADER}1,a,1,2024-01-01\n")
    killed_at("complete", "loaded(self)", "copy", file, *to(folder))
    assert (folder / "versions" / "2" / "raw" / "transactions" / "month=2024-01").exists()
    assert rows(f"select count(*) from {published(folder, 'raw.transactions')}") == [(0,)]
    result = loader("copy", file, *to(folder))
    assert "Load 1 (transactions_1.csv) broke off" in result.stderr
    assert rows(f"select count(*) from {published(folder, 'raw.transactions')}") == [(1,)]
    found = rows(f"select load_id, status from {published(folder, 'loader.loads')} order by 1")
    assert found == [(1, "failed"), (2, "loaded")]


def test_a_reader_sees_all_of_a_load_or_nothing_of_it(loader: Run, folder: Path, tmp_path: Path) -> None:
    loader("init", *to(folder))
    seen: set[tuple[int, int]] = set()
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            version = str((folder / "current").readlink())
            lines, loads = (published(folder, table, version) for table in ("raw.transactions", "loader.loads"))
            with duckdb.connect() as connection:
                query = f"select (select count(*) from {lines}), (select coalesce(sum(rows_inserted), 0) from {loads})"
                seen.update(connection.execute(query).fetchall())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(3):
            text = HEADER + "".join(f"{number}-{line},a,1,2024-0{number + 1}-01\n" for line in range(50))
            loader("copy", write(tmp_path, f"transactions_{number}", text), *to(folder))
    finally:
        ended.set()
        reader.join()
    assert all(lines == inserted for lines, inserted in seen)
    assert len(seen) > 1


def test_a_full_disk_leaves_the_last_version(
    loader: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader("copy", write(tmp_path, "transactions_1", f"{HEADER}1,a,1,2024-01-01\n"), *to(folder))
    second = write(tmp_path, "transactions_2", f"{HEADER}1,a,2,2024-01-01\n")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(parquet_versions, "_sync", fail)
        result = loader("copy", second, *to(folder))
    assert result.exit_code == 1
    assert f"{folder} can't be written to: No space left on device." in result.stderr
    assert (folder / "current").readlink() == Path("versions/2")
    assert [path.name for path in (folder / "versions").iterdir()].count("3") == 0
    assert loader("copy", second, *to(folder)).exit_code == 0
    assert rows(f"select amount from {published(folder, 'raw.transactions')}") == [(2,)]
    assert rows(f"select status from {published(folder, 'loader.loads')} order by load_id") == [
        ("loaded",),
        ("failed",),
        ("loaded",),
    ]


def test_what_goes_wrong_behind_the_commit_fails_no_load(
    loader: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader("init", *to(folder))

    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(parquet_versions.Versions, "publish", fail)
        result = loader("copy", write(tmp_path, "transactions_1", f"{HEADER}1,a,1,2024-01-01\n"), *to(folder))
    assert (result.exit_code, "Input/output error" in result.stderr) == (1, True)
    [load] = json.loads(loader("status", *to(folder), "--json").stdout)
    assert load["status"] == "loaded"
    assert rows(f"select count(*) from {published(folder, 'raw.transactions')}") == [(1,)]


def test_old_versions_are_removed(loader: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_versions, "VERSIONS_KEPT", 2)

    def load(number: int) -> set[str]:
        loader("copy", write(tmp_path, f"plans_{number}", f"plan_id\n{number}\n"), *to(folder))
        return {path.name for path in (folder / "versions").iterdir()}

    assert [load(number) for number in (1, 2, 3)][-1] == {"1", "2", "3", "4"}
    # A reader may still be at version 3, which was replaced just now, but not at those before.
    long_ago = time.time() - parquet_versions.SECONDS_KEPT - 60
    os.utime(folder / "versions" / "2", (long_ago, long_ago))
    os.utime(folder / "versions" / "3", (long_ago, long_ago))
    assert load(4) == {"3", "4", "5"}
    assert (folder / "current").readlink() == Path("versions/5")
    assert rows(f"select count(*) from {published(folder, 'raw.plans')}") == [(4,)]


def test_sql_can_read_which_version_is_published(loader: Run, folder: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        loader("copy", write(tmp_path, f"plans_{number}", f"plan_id\n{number}\n"), *to(folder))
        assert (folder / "published").read_text().splitlines() == [str((folder / "current").readlink())]
    # A folder of an earlier release has no such file.
    (folder / "published").unlink()
    loader("init", *to(folder))
    assert (folder / "published").read_text() == "versions/3\n"


# --- places that won't do ---------------------------------------------------------------------------------------------


def test_files_are_copied_where_there_are_no_hard_links(
    loader: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    loader("copy", write(tmp_path, "transactions_1", f"{HEADER}1,a,1,2024-01-01\n"), *to(folder))
    before = files(folder, "raw.transactions")
    loader("copy", write(tmp_path, "plans_1", "plan_id\n1\n"), *to(folder))
    after = files(folder, "raw.transactions")
    assert before.keys() == after.keys() and before != after
    assert rows(f"select amount from {published(folder, 'raw.transactions')}") == [(1,)]


def test_a_place_without_symbolic_links_is_refused(loader: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    result = loader("init", *to(folder))
    assert result.exit_code == 1
    assert "can't be made: Operation not permitted" in result.stderr
    assert "Choose a folder on a file system with symbolic links" in result.stderr


def test_a_folder_that_is_none_or_not_whole_is_refused(loader: Run, folder: Path, tmp_path: Path) -> None:
    file = write(tmp_path, "occupied", "")
    refused = loader("init", *to(file))
    assert (refused.exit_code, f"{file} can't be used as a folder" in refused.stderr) == (1, True)
    loader("init", *to(folder))
    ledger = (folder / LEDGER_FILE).read_bytes()
    (folder / LEDGER_FILE).unlink()
    orphaned = loader("init", *to(folder))
    assert (orphaned.exit_code, "but not the ledger" in orphaned.stderr) == (1, True)
    (folder / LEDGER_FILE).write_bytes(ledger)
    shutil.rmtree(folder / "versions" / "1")
    missing = loader("init", *to(folder))
    assert (missing.exit_code, "versions/1 is missing" in missing.stderr) == (1, True)


def test_a_folder_belongs_to_one_loader_at_a_time(loader: Run, folder: Path, tmp_path: Path) -> None:
    loader("init", *to(folder))
    file = folder / LEDGER_FILE
    hold = f"import duckdb, sys; held = duckdb.connect({str(file)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline() == b"open\n"
        refused = loader("copy", write(tmp_path, "plans_1", "plan_id\n1\n"), *to(folder), "--no-wait")
        process.kill()
    assert refused.exit_code == 1
    assert f"Another program has {file} open." in refused.stderr


def test_the_folder_without_a_path(loader: Run, own_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARQUET_PATH", raising=False)
    assert loader("init", "--to", "parquet").exit_code == 0
    assert (own_project / "data" / "parquet" / "current").is_symlink()
    monkeypatch.setenv("PARQUET_PATH", "elsewhere")
    assert loader("init", "--to", "parquet").exit_code == 0
    assert (own_project / "elsewhere" / "current").is_symlink()


@pytest.mark.parametrize("arguments", [["copy", ".", "--watch"], ["init", "--roles"]], ids=" ".join)
def test_what_works_on_postgresql_only_says_so(arguments: list[str], loader: Run) -> None:
    result = loader(*arguments, "--to", "parquet")
    assert (result.exit_code, "works on PostgreSQL only" in result.stderr) == (1, True)
