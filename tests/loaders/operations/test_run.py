"""`loader run`: what is new is in and built, once, and the exit code says how it went."""

from __future__ import annotations

import json
import subprocess
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.destinations.postgres.connection import connect
from loaders.operations import run
from loaders.operations.quality import Check
from loaders.project import Project
from tests.conftest import ANY_AMOUNT, Loader

Connection = psycopg.Connection[Any]
GOOD = "id,customer_id,amount,date\n1,c,2,2017-01-01\n"
BAD = "id,customer_id,amount,date\n1,c,secret,2017-01-01\n2,c,2,2017-01-01\n"


class Dbt:
    """Instead of dbt: notes what it was to build, leaves results as dbt does, and fails when told."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.calls: list[tuple[str, ...]] = []
        self.returncode = 0
        self.leaves_results = True

    def __call__(
        self, _project: Project, _environment: dict[str, str], *arguments: str, **_options: int
    ) -> subprocess.CompletedProcess[bytes]:
        self.calls.append(arguments)
        if self.leaves_results:
            self._leave_results("error" if self.returncode else "success")
        return subprocess.CompletedProcess(arguments, self.returncode)

    def _leave_results(self, status: str) -> None:
        model = {"resource_type": "model", "name": "orders", "schema": "marts"}
        result = {"unique_id": "model.p.orders", "status": status, "adapter_response": {}, "execution_time": 1}
        now = datetime.now(UTC).isoformat()
        called = {"invocation_id": f"call {len(self.calls)}", "invocation_started_at": now, "generated_at": now}
        results = {"metadata": called, "args": {"which": "build"}, "results": [result]}
        manifest = {
            "metadata": {"adapter_type": "postgres"},
            "nodes": {"model.p.orders": model},
            "unit_tests": {},
        }
        (self.target / "run_results.json").write_text(json.dumps(results))
        (self.target / "manifest.json").write_text(json.dumps(manifest))

    @property
    def selectors(self) -> list[str]:
        """What each call was to build; of `core`, what reads which tables."""
        return [_selected(call) for call in self.calls]


def _selected(call: tuple[str, ...]) -> str:
    if "--selector" in call:
        return call[call.index("--selector") + 1]
    tables = [name.removeprefix("source:*.").removesuffix("+") for name in call if name.startswith("source:*.")]
    return f"core: {', '.join(tables)}" if tables else "everything"


@pytest.fixture
def dbt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Dbt:
    (tmp_path / "target").mkdir()
    stub = Dbt(tmp_path / "target")
    monkeypatch.setattr(run, "run_dbt", stub)
    monkeypatch.setattr(run, "SETTLED", 0.05)
    monkeypatch.setenv("DBT_TARGET_PATH", str(stub.target))
    return stub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "exports"
    made.mkdir()
    (made / "transactions_1.csv").write_text(GOOD)
    return made


def describe_day(connection: Connection, marts: str, lists: str) -> None:
    """Make marts that describe a day, and lists that were made for one."""
    connection.execute("create schema if not exists marts")
    for table, day in (("metrics_summary", marts), ("recommendations", lists)):
        connection.execute(f"drop table if exists marts.{table}")
        connection.execute(f"create table marts.{table} as select date '{day}' as as_of_date")


def test_nothing_new_builds_nothing_and_a_load_builds_core(
    loader: Loader, connection: Connection, folder: Path, dbt: Dbt
) -> None:
    assert loader("run", folder).exit_code == 0
    assert dbt.selectors == ["everything"]
    result = loader("run", folder)
    assert (result.exit_code, result.output) == (0, "Nothing is new; nothing was built.\n")
    describe_day(connection, "2017-01-01", "2017-01-01")
    (folder / "products.csv").write_text("product_id,category\n1,food\n")
    result = loader("run", folder, "--json")
    found = json.loads(result.stdout)
    assert ([file["status"] for file in found["files"]], found["built"], found["selectors"], found["tables"]) == (
        ["loaded", "skipped"],
        True,
        ["core"],
        ["raw.products"],
    )
    assert dbt.selectors == ["everything", "core: products"]
    loader("run", folder, "--build")
    assert dbt.selectors == ["everything", "core: products", "everything"]


@pytest.mark.parametrize(
    "spoil",
    [
        "update marts.recommendations set as_of_date = '2016-12-31'",
        "update marts.metrics_summary set as_of_date = '2016-12-31'",  # a load was taken back
        "delete from marts.recommendations",
        "drop table marts.recommendations",
        "alter table marts.recommendations drop column as_of_date",
    ],
)
def test_recommendations_follow_when_the_day_has_moved(
    loader: Loader, connection: Connection, folder: Path, dbt: Dbt, spoil: str
) -> None:
    describe_day(connection, "2017-01-01", "2017-01-01")
    loader("run", folder)
    connection.execute(spoil)  # type: ignore[arg-type]
    (folder / "products.csv").write_text("product_id,category\n1,food\n")
    output = loader("run", folder).output
    assert dbt.selectors == ["everything", "core: products", "recommendations"]
    assert "Built and tested core and recommendations." in output


def test_what_others_loaded_or_took_back_is_built(
    loader: Loader, connection: Connection, folder: Path, dbt: Dbt
) -> None:
    describe_day(connection, "2017-01-01", "2017-01-01")
    loader("run", folder)
    (folder / "customers.csv").write_text("customer_id,segment\nc,gold\n")
    loader("copy", folder / "customers.csv")
    assert json.loads(loader("run", folder, "--json").stdout)["tables"] == ["raw.customers"]
    loader("undo", 1, "--yes")
    (folder / "transactions_1.csv").unlink()
    assert json.loads(loader("run", folder, "--json").stdout)["tables"] == ["raw.transactions"]
    assert dbt.selectors == ["everything", "core: customers", "core: transactions"]


def test_a_failed_build_is_tried_again(loader: Loader, connection: Connection, folder: Path, dbt: Dbt) -> None:
    describe_day(connection, "2017-01-01", "2017-01-01")
    loader("run", folder)
    (folder / "products.csv").write_text("product_id,category\n1,food\n")
    dbt.returncode = 1
    result = loader("run", folder)
    assert result.exit_code == 4 and "dbt build failed; its messages are above" in result.output
    dbt.returncode = 0
    assert loader("run", folder).exit_code == 0
    assert dbt.selectors == ["everything", "core: products", "core: products"]
    recorded = connection.execute("select invocation_id, status from operations.invocations order by started_at")
    assert recorded.fetchall() == [("call 1", "succeeded"), ("call 2", "failed"), ("call 3", "succeeded")]


def test_a_build_that_can_not_be_recorded_is_built_all_the_same(
    loader: Loader, connection: Connection, folder: Path, dbt: Dbt
) -> None:
    loader("run", folder)
    dbt.leaves_results = False  # those of the call before are there still
    result = loader("run", folder, "--build")
    assert result.exit_code == 0
    assert "Warning: this build is not recorded in schema operations. dbt has left no results" in result.stderr
    dbt.leaves_results = True
    connection.execute("alter table operations.invocations drop column target_name")
    result = loader("run", folder, "--build")
    assert result.exit_code == 0
    assert "Warning: this build is not recorded in schema operations. The build can't be recorded" in result.stderr
    assert connection.execute("select invocation_id from operations.invocations").fetchall() == [("call 1",)]


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
    assert json.loads(loader("run", folder, "--json").stdout)["tables"] == ["raw.products", "raw.transactions"]


def test_what_a_crash_of_the_server_empties_is_built_again(
    loader: Loader, connection: Connection, folder: Path, dbt: Dbt
) -> None:
    kind = "select relpersistence from pg_catalog.pg_class where oid = 'loader.last_build'::regclass"
    assert connection.execute(kind).fetchone() == ("u",)
    loader("run", folder)
    connection.execute("truncate loader.last_build")
    loader("run", folder)
    assert dbt.selectors == ["everything", "everything"]


def test_exit_codes(loader: Loader, connection: Connection, project: Project, folder: Path, dbt: Dbt) -> None:
    (folder / "transactions_2.csv").write_text(BAD)
    result = loader("run", folder)
    assert result.exit_code == 1 and "1 of 2 rows break the contract" in result.output
    assert connection.execute("select count(*) from raw.transactions").fetchone() == (1,)
    result = loader("run", folder, "--max-rejects", "50%", *ANY_AMOUNT)
    assert result.exit_code == 3
    assert "1 rows of raw.transactions were rejected: invalid_numeric" in result.output
    dbt.returncode = 2
    (folder / "transactions_3.csv").write_text(BAD.replace("2,c", "3,c"))
    assert loader("run", folder, "--max-rejects", "50%", *ANY_AMOUNT).exit_code == 4
    assert loader("run", folder / "nowhere").exit_code == 2
    with connect(project, autocommit=True) as other, run.only_run(other):
        result = loader("run", folder)
    assert result.exit_code == 5 and "Another `loader run` is in progress." in result.stderr


def test_a_dry_run_changes_nothing(loader: Loader, database: dict[str, str], folder: Path, dbt: Dbt) -> None:
    """Not even the schemas are made."""
    (folder / "transactions_2.csv").write_text(BAD)
    assert loader("run", folder, "--dry-run", "--max-rejects", "50%", *ANY_AMOUNT).exit_code == 3
    with psycopg.connect(host=database["PGHOST"], dbname=database["PGDATABASE"], user="postgres") as opened:
        assert opened.execute("select count(*) from pg_namespace where nspname in ('raw', 'loader')").fetchone() == (0,)
    loader("copy", folder / "transactions_1.csv")
    result = loader("run", folder, "--dry-run", "--json", "--max-rejects", "50%", *ANY_AMOUNT)
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
