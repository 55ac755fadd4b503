"""Metrics say what the ledger, the raw tables and the marts say, and name nobody."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from loaders.contract.tables import Contract
from loaders.destinations.postgres.roles import init_roles
from tests.conftest import ANY_AMOUNT, DATA, Loader
from tests.monitoring.operations import BUILDS, QUALITY, TESTS, make_operations

LABELS = {"table", "status", "outcome", "reason", "model", "check", "severity"}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(loader: Loader) -> Samples:
    result = loader("metrics")
    assert result.exit_code == 0, result.output
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(result.stdout)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def seconds(connection: psycopg.Connection[Any], query: str) -> float:
    row = connection.execute(f"select extract(epoch from ({query}))").fetchone()  # type: ignore[arg-type]
    assert row
    return float(row[0])


def test_an_empty_database_has_no_metrics_but_the_moment(loader: Loader) -> None:
    assert {name for name, _ in read(loader)} == {"loader_metrics_timestamp_seconds"}


def test_loads_rejects_and_freshness(loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path) -> None:
    good, bad = tmp_path / "products.csv", tmp_path / "products_bad.csv"
    good.write_text("product_id,price\np1,1.5\np2,x\np3,y\n,4\n")
    bad.write_text("product_id,price\np4,z\n")
    assert loader("copy", good, "--max-rejects", "90%", *ANY_AMOUNT).exit_code == 3
    assert loader("copy", bad).exit_code == 1
    samples = read(loader)
    products = "raw.products"
    assert value(samples, "loader_loads", table=products, status="loaded") == 1
    assert value(samples, "loader_loads", table=products, status="refused") == 1
    assert value(samples, "loader_rows_total", table=products, outcome="inserted") == 1
    assert value(samples, "loader_rejected_rows_total", table=products, reason="invalid_numeric") == 3
    assert value(samples, "loader_rejected_rows_total", table=products, reason="missing_value") == 1
    assert value(samples, "loader_last_load_failed", table=products) == 1
    assert value(samples, "loader_last_load_rows_read", table=products) == 1
    assert value(samples, "loader_last_load_rows_rejected", table=products) == 1
    success = seconds(connection, "select max(finished_at) from loader.loads where status = 'loaded'")
    assert value(samples, "loader_last_success_timestamp_seconds", table=products) == pytest.approx(success, abs=1e-3)
    newest = seconds(connection, "select max(_loaded_at) from raw.products")
    assert value(samples, "loader_newest_row_timestamp_seconds", table=products) == pytest.approx(newest, abs=1e-3)
    assert value(samples, "loader_newest_row_timestamp_seconds", table="raw.customers") is None

    assert loader("copy", good, "--max-rejects", "90%", *ANY_AMOUNT, "--force").exit_code == 3
    again = read(loader)
    assert value(again, "loader_last_load_failed", table=products) == 0
    assert value(again, "loader_rows_total", table=products, outcome="unchanged") == 1
    # Nothing of the table has changed, though its file came again.
    assert value(again, "loader_newest_row_timestamp_seconds", table=products) == pytest.approx(newest, abs=1e-3)


def test_a_load_that_is_taken_back_is_no_success(
    loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    for number in (1, 2):
        file = tmp_path / f"products_{number}.csv"
        file.write_text(f"product_id\np{number}\n")
        assert loader("copy", file).exit_code == 0
    before = read(loader)
    assert loader("undo", 2, "--yes").exit_code == 0, loader("undo", "--help").output
    after = read(loader)
    products = {"table": "raw.products"}
    assert value(after, "loader_loads", **products, status="undone") == 1
    assert value(after, "loader_loads", **products, status="loaded") == 1  # and not the undo itself
    assert value(after, "loader_rows_total", **products, outcome="inserted") == 2  # a counter never falls
    assert value(after, "loader_last_load_failed", **products) == 0
    names = [f"loader_last_{what}_timestamp_seconds" for what in ("success", "change")]
    success, change = (value(after, name, **products) for name in names)
    loaded = seconds(connection, "select finished_at from loader.loads where load_id = 1")
    assert success == pytest.approx(loaded, abs=1e-3)
    assert success < value(before, names[0], **products) < change  # type: ignore[operator]


def test_a_load_that_runs_has_not_failed(loader: Loader, connection: psycopg.Connection[Any]) -> None:
    insert = "insert into loader.loads (table_name, file_name, status, started_at) values ('raw.plans', 'f', %s, now())"
    connection.execute(insert, ("running",))
    assert value(read(loader), "loader_last_load_failed", table="raw.plans") is None
    connection.execute(insert, ("failed",))
    connection.execute(insert, ("running",))
    assert value(read(loader), "loader_last_load_failed", table="raw.plans") == 1


def test_builds_tests_and_quality(loader: Loader, connection: psycopg.Connection[Any]) -> None:
    make_operations(connection)
    samples = read(loader)
    assert value(samples, "dbt_last_build_failed") == 1
    assert value(samples, "dbt_last_build_duration_seconds") == 20
    ended = [build for build in BUILDS if build[1] == "build"]
    assert value(samples, "dbt_last_build_timestamp_seconds") == max(build[3] for build in ended)
    succeeded = max(build[3] for build in ended if build[2] == "succeeded")
    assert value(samples, "dbt_last_successful_build_timestamp_seconds") == succeeded
    assert value(samples, "dbt_model_duration_seconds", model="daily_sales") == 2.5  # not the one that failed after it
    assert value(samples, "dbt_tests", status="fail") == 1
    assert value(samples, "dbt_tests", status="pass") == 1
    assert len(TESTS) > 2  # each test counts once, as it ended last
    for check, table, checked, failed, amount, share, severity in QUALITY:
        labels = {"check": check, "table": table, "severity": severity}
        assert value(samples, "quality_checked_rows", **labels) == checked
        assert value(samples, "quality_failed_rows", **labels) == failed
        assert value(samples, "quality_affected_amount", **labels) == amount
        assert value(samples, "quality_failed_share", **labels) == share


def test_who_may_read_the_marts_alone_gets_their_metrics(
    loader: Loader, connection: psycopg.Connection[Any], contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    init_roles(connection, contract)
    make_operations(connection)
    connection.execute("grant select on all tables in schema marts to bi_reader")
    monkeypatch.setenv("PGOPTIONS", "-c role=bi_reader")
    prefixes = {name.split("_")[0] for name, _ in read(loader)}
    assert prefixes == {"dbt", "quality", "loader"}
    assert {name for name, _ in read(loader) if name.startswith("loader")} == {"loader_metrics_timestamp_seconds"}


def test_labels_name_no_row_and_no_file(loader: Loader, connection: psycopg.Connection[Any]) -> None:
    assert loader("copy", DATA).exit_code == 0
    found = {(label, text) for _, labels in read(loader) for label, text in labels}
    assert {label for label, _ in found} <= LABELS
    # What a label says is one of the project's own names: nothing from a file.
    for label, text in found:
        assert text.islower() and text.replace(".", "").replace("_", "").isalpha(), (label, text)
    assert "csv" not in loader("metrics").stdout


def test_the_textfile_is_whole_and_readable_for_others(loader: Loader, tmp_path: Path) -> None:
    file = tmp_path / "customer_analytics.prom"
    for _ in range(2):  # the second takes the place of the first
        assert loader("metrics", "--to", file).exit_code == 0
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & stat.S_IROTH
    assert "loader_metrics_timestamp_seconds" in file.read_text()


def test_a_textfile_in_the_wrong_place(loader: Loader, tmp_path: Path) -> None:
    wrong = loader("metrics", "--to", tmp_path / "metrics.txt")
    assert wrong.exit_code == 2
    assert "must end with .prom" in wrong.stderr
    missing = loader("metrics", "--to", tmp_path / "no" / "metrics.prom")
    assert missing.exit_code == 1
    assert "can't be written: No such file or directory. Check its folder." in " ".join(missing.stderr.split())
