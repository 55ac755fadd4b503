"""Parquet as a destination: DuckDB's rows in files of Parquet, and readers who see all of a load or nothing of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from loaders.cli import main
from loaders.contract import history_of, read_contract
from loaders.project import find_project
from tests.conftest import DATA
from tests.project.test_engines import CUSTOMERS, EVENTS, TRANSACTIONS

# What tells when something was loaded, and not what.
TIMES = {"_loaded_at", "started_at", "finished_at"}
Run = Callable[..., Result]


@pytest.fixture
def loader(own_project: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command line with no PostgreSQL in reach."""
    monkeypatch.setenv("PGHOST", str(own_project))

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "the [shop]'s" / "tables"


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.csv"
    path.write_text(text, encoding="utf-8")
    return path


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
    return {str(file.relative_to(root)): file.stat().st_ino for file in root.rglob("*.parquet")}


def only_one_has(folder: Path, file: Path, table: str) -> list[tuple[Any, ...]]:
    """Return the rows that only the Parquet table or only DuckDB's has, but for the times of the loads."""
    with duckdb.connect(file, read_only=True) as connection:
        schema, name = table.split(".")
        columns = connection.execute(
            "select column_name, data_type from duckdb_columns() where schema_name = $1 and table_name = $2",
            [schema, name],
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
    second = tmp_path / "second"
    second.mkdir()
    texts = {"transactions_2": TRANSACTIONS, "customers_2": CUSTOMERS, "events_2": EVENTS, "plans_2": "no,header\n"}
    for name, text in texts.items():
        write(second, name, text)
    file = tmp_path / "shop.duckdb"
    options = ("--max-rejects", "80%", "--json")
    for delivery in (DATA, second, second):
        ours, theirs = (
            loader("copy", delivery, *options, "--to", place) for place in (f"parquet:{folder}", f"duckdb:{file}")
        )
        assert json.loads(ours.stdout) == json.loads(theirs.stdout)
        assert ours.exit_code == theirs.exit_code
    contract = read_contract(find_project())
    tables = [f"{table.schema}.{table.name}" for table in (*contract.tables, *map(history_of, contract.copied_tables))]
    assert {table: found for table in tables if (found := only_one_has(folder, file, table))} == {}
    [(loads, rejected, former)] = rows(
        f"select (select count(*) from {published(folder, 'loader.loads')}), "
        f"(select count(*) from {published(folder, 'loader.rejected_rows')}), "
        f"(select count(*) from {published(folder, 'loader.transactions_history')})"
    )
    assert loads >= 14 and rejected >= 6 and former == 2
    # Each line is in the month of its moment, also the one that a correction moved to another.
    in_its_month = "count(*) filter (month = strftime(transacted_at, '%Y-%m'))"
    assert rows(f"select count(*), {in_its_month} from {published(folder, 'raw.transactions')}") == [(98, 98)]
