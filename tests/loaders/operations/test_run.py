"""`loader run`: what is new is in and built, once, and the exit code says how it went."""

from __future__ import annotations

import json
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.destinations.postgres.connection import connect
from loaders.operations import run
from loaders.operations.quality import Check
from loaders.project import Project
from tests.conftest import Loader

Connection = psycopg.Connection[Any]
GOOD = "id,customer_id,amount,date\n1,c,2,2017-01-01\n"
BAD = "id,customer_id,amount,date\n1,c,secret,2017-01-01\n2,c,2,2017-01-01\n"


class Dbt:
    """In place of dbt: notes what it was to build, and fails when told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, ...]] = []
        self.returncode = 0

    def __call__(
        self, _project: Project, _environment: dict[str, str], *arguments: str, **_options: int
    ) -> subprocess.CompletedProcess[bytes]:
        self.calls.append(arguments)
        return subprocess.CompletedProcess(arguments, self.returncode)

    @property
    def selected(self) -> list[str]:
        """Sources whose descendants the last call was to build."""
        arguments = self.calls[-1]
        if "--select" not in arguments:
            return ["everything"]
        return [each for each in arguments[arguments.index("--select") + 1 :] if each.startswith("source:")]


@pytest.fixture
def dbt(monkeypatch: pytest.MonkeyPatch) -> Dbt:
    stub = Dbt()
    monkeypatch.setattr(run, "run_dbt", stub)
    monkeypatch.setattr(run, "SETTLED", 0.05)
    return stub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "exports"
    made.mkdir()
    (made / "transactions_1.csv").write_text(GOOD)
    return made


def test_only_what_is_touched_is_built(loader: Loader, connection: Connection, folder: Path, dbt: Dbt) -> None:
    assert loader("run", folder).exit_code == 0
    assert dbt.selected == ["everything"]
    result = loader("run", folder)
    assert (result.exit_code, result.output) == (0, "Nothing is new; nothing was built.\n")
    (folder / "products.csv").write_text("product_id,category\n1,food\n")
    result = loader("run", folder, "--json")
    assert dbt.selected == ["source:shop.products+"]
    found = json.loads(result.stdout)
    assert ([file["status"] for file in found["files"]], found["built"], found["tables"]) == (
        ["loaded", "skipped"],
        True,
        ["raw.products"],
    )
    assert len(dbt.calls) == 2
    loader("run", folder, "--build")
    assert dbt.selected == ["everything"]


def test_what_others_loaded_or_took_back_is_built(
    loader: Loader, connection: Connection, folder: Path, dbt: Dbt
) -> None:
    loader("run", folder)
    (folder / "customers.csv").write_text("customer_id,segment\nc,gold\n")
    loader("copy", folder / "customers.csv")
    loader("run", folder)
    assert dbt.selected == ["source:shop.customers+"]
    loader("undo", 1, "--yes")
    (folder / "transactions_1.csv").unlink()
    loader("run", folder)
    assert dbt.selected == ["source:shop.transactions+"]


def test_a_failed_build_is_tried_again(loader: Loader, connection: Connection, folder: Path, dbt: Dbt) -> None:
    loader("run", folder)
    (folder / "products.csv").write_text("product_id,category\n1,food\n")
    dbt.returncode = 1
    result = loader("run", folder)
    assert result.exit_code == 4 and "dbt could not build what is made of raw.products" in result.output
    dbt.returncode = 0
    assert loader("run", folder).exit_code == 0
    assert dbt.selected == ["source:shop.products+"] and len(dbt.calls) == 3


def test_a_load_that_still_runs_is_left_for_the_next_build(
    loader: Loader, connection: Connection, project: Project, folder: Path, dbt: Dbt
) -> None:
    with connect(project, autocommit=True) as other:
        other.execute("select pg_advisory_lock(hashtextextended('raw.products', 0))")
        other.execute(
            "insert into loader.loads (table_name, file_name, status, started_at) "
            "values ('raw.products', 'x', 'running', now())"
        )
        loader("run", folder)
        other.execute("update loader.loads set status = 'loaded', rows_inserted = 1 where load_id = 1")
    loader("run", folder)
    assert dbt.selected == ["source:shop.products+", "source:shop.transactions+"]


def test_what_a_crash_of_the_server_empties_is_built_anew(
    loader: Loader, connection: Connection, folder: Path, dbt: Dbt
) -> None:
    kind = "select relpersistence from pg_catalog.pg_class where oid = 'loader.last_build'::regclass"
    assert connection.execute(kind).fetchone() == ("u",)
    loader("run", folder)
    connection.execute("truncate loader.last_build")
    loader("run", folder)
    assert dbt.selected == ["everything"] and len(dbt.calls) == 2


def test_exit_codes(loader: Loader, connection: Connection, project: Project, folder: Path, dbt: Dbt) -> None:
    (folder / "transactions_2.csv").write_text(BAD)
    result = loader("run", folder)
    assert result.exit_code == 1 and "1 of 2 rows break the contract" in result.output
    assert connection.execute("select count(*) from raw.transactions").fetchone() == (1,)
    result = loader("run", folder, "--max-rejects", "50%")
    assert result.exit_code == 3
    assert "1 rows of raw.transactions were rejected: invalid_numeric" in result.output
    dbt.returncode = 2
    (folder / "transactions_3.csv").write_text(BAD.replace("2,c", "3,c"))
    assert loader("run", folder, "--max-rejects", "50%").exit_code == 4
    assert loader("run", folder / "nowhere").exit_code == 2
    with connect(project, autocommit=True) as other, run.only_run(other):
        result = loader("run", folder)
    assert result.exit_code == 5 and "Another `loader run` is under way." in result.stderr


def test_a_dry_run_changes_nothing(loader: Loader, database: dict[str, str], folder: Path, dbt: Dbt) -> None:
    """Not even the schemas are made."""
    (folder / "transactions_2.csv").write_text(BAD)
    assert loader("run", folder, "--dry-run", "--max-rejects", "50%").exit_code == 3
    with psycopg.connect(host=database["PGHOST"], dbname=database["PGDATABASE"], user="postgres") as opened:
        assert opened.execute("select count(*) from pg_namespace where nspname in ('raw', 'loader')").fetchone() == (0,)
    loader("copy", folder / "transactions_1.csv")
    result = loader("run", folder, "--dry-run", "--json", "--max-rejects", "50%")
    assert [file["status"] for file in json.loads(result.stdout)] == ["skipped", "checked"]
    assert dbt.calls == []


def test_a_file_that_is_being_written_waits(
    loader: Loader, connection: Connection, folder: Path, dbt: Dbt, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = folder / "products.csv"
    growing.write_text("product_id\n")

    def write_on(_seconds: float) -> None:
        growing.write_text(growing.read_text() + "1\n")

    monkeypatch.setattr(run, "SETTLED", 60)
    monkeypatch.setattr("loaders.operations.run.time.sleep", write_on)
    result = loader("run", folder)
    assert "products.csv is still being written; the next run takes it." in result.stderr
    assert connection.execute("select file_name from loader.loads").fetchall() == [("transactions_1.csv",)]


def test_the_worst_findings_are_shown(loader: Loader, connection: Connection, folder: Path, dbt: Dbt) -> None:
    connection.execute("create schema marts")
    columns = {field.name: None for field in fields(Check)}
    rows = [
        {"check_name": "unknown_product", "severity": "warning", "rows_failed": 7, "amount_affected": 12.5},
        {"check_name": "zero_quantity", "severity": "info", "rows_failed": 9},
        {"check_name": "stale_source", "severity": "error", "rows_failed": 0},
    ]
    values = [
        json.dumps({**columns, "rows_checked": 10, "description": "x", "counted": "lines", **row}) for row in rows
    ]
    types = "check_name text, severity text, description text, table_name text, counted text, rows_checked bigint, "
    types += "rows_failed bigint, share_failed numeric, amount_affected numeric, share_of_revenue numeric"
    connection.execute(f"create table marts.data_quality_report ({types})")
    for value in values:
        connection.execute(
            "insert into marts.data_quality_report "
            "select * from jsonb_populate_record(null::marts.data_quality_report, %s)",
            (value,),
        )
    output = loader("run", folder).output
    assert output.index("unknown_product") < output.index("zero_quantity")
    assert "stale_source" not in output
    found = json.loads(loader("run", folder, "--build", "--json").stdout)["checks"]
    assert [check["check_name"] for check in found] == ["unknown_product", "zero_quantity"]
