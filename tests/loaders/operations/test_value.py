"""`loader fit`: the published parameters, when a fit is due, and when there is none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import lifetimes.datasets
import numpy as np
import psycopg
import pytest

from loaders.contract.tables import Contract
from loaders.destinations.addresses import open_destination
from loaders.operations import run
from loaders.operations.value.fits import Database, database_of, fit_values, is_due
from loaders.operations.value.likelihoods import fit_bg_nbd, fit_gamma_gamma
from loaders.project import Project
from tests.conftest import Loader

Connection = psycopg.Connection[Any]
SUMMARIES = """
    create table intermediate.int_value_summaries (
        summary_date date, customer_id text, frequency bigint, recency_days int, tenure_days int,
        monetary_value double precision
    )
"""
# Customers who came back on most of ten days, each as often as their number says, over a year.
CUSTOMERS = """
    insert into intermediate.int_value_summaries
    select
        date '{day}', number, case when number <= {repeat} then 1 + number % 7 else 0 end,
        case when number <= {repeat} then 30 + number % 200 else 0 end, 250 + number % 100,
        case when number <= {repeat} then 20 + number * 7 % 31 else 0 end
    from generate_series(1, {customers}) as numbers (number)
"""


@pytest.fixture
def summed(connection: Connection) -> Connection:
    """A database in which dbt has summed up no customer yet."""
    connection.execute("create schema intermediate")
    connection.execute(SUMMARIES)
    return connection


@pytest.fixture
def file(tmp_path: Path, project: Project, contract: Contract) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_destination(f"duckdb:{tmp_path / 'shop.duckdb'}", project, contract) as destination:
        destination.init_schema(contract)
        opened = database_of(destination)
        opened.execute("create schema intermediate")
        opened.execute(SUMMARIES)
        yield destination.connection


def add(connection: Any, day: str, *, customers: int = 300, repeat: int = 250) -> None:
    connection.execute(CUSTOMERS.format(day=day, customers=customers, repeat=repeat))


def columns(frame: Any, *names: str) -> list[Any]:
    counted = frame.groupby(list(names)).size().reset_index(name="count")
    return [counted[name].to_numpy(float) for name in (*names, "count")]


def test_cdnow_has_the_published_parameters() -> None:
    found = fit_bg_nbd(*columns(lifetimes.datasets.load_cdnow_summary(), "frequency", "recency", "T"))
    assert found is not None
    assert found.pop("log_likelihood") == pytest.approx(-9582.4256, abs=0.01)
    assert found == pytest.approx({"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}, rel=0.005)


def test_cdnow_has_the_published_values_of_a_purchase() -> None:
    customers = lifetimes.datasets.load_cdnow_summary_data_with_monetary_value()
    found = fit_gamma_gamma(*columns(customers[customers["frequency"] > 0], "frequency", "monetary_value"))
    assert found is not None
    del found["log_likelihood"]
    assert found == pytest.approx({"p": 6.25, "q": 3.74, "gamma": 15.44}, rel=0.01)


def test_units_make_no_difference() -> None:
    customers = lifetimes.datasets.load_cdnow_summary_data_with_monetary_value()
    frequency, value, counts = columns(customers[customers["frequency"] > 0], "frequency", "monetary_value")
    in_dollars, in_cents = fit_gamma_gamma(frequency, value, counts), fit_gamma_gamma(frequency, 100 * value, counts)
    assert in_dollars and in_cents
    assert in_cents["gamma"] == pytest.approx(100 * in_dollars["gamma"], rel=0.005)
    assert in_cents["q"] == pytest.approx(in_dollars["q"], rel=0.005)


def test_values_without_a_mean_are_not_fitted() -> None:
    # Means of customers over ten orders of magnitude.
    value = np.exp(np.random.default_rng(1).normal(0, 6, 400))
    assert fit_gamma_gamma(np.full(400, 5.0), value, np.ones(400)) is None


def test_a_fit_is_written_down_for_each_day(summed: Connection, project: Project, loader: Loader) -> None:
    add(summed, "2024-03-31")
    add(summed, "2024-01-01", customers=220, repeat=210)
    result = loader("fit")
    assert result.exit_code == 0, result.output
    latest, earlier = result.output.splitlines()
    assert latest.startswith("As of 2024-03-31 250 of 300 customers had bought again: bg_nbd with r ")
    assert earlier.startswith("As of 2024-01-01 210 of 220 customers had bought again: bg_nbd with r ")
    (fit, _) = fit_values(Database(summed), project)
    rows = summed.execute("select model, parameter, value from loader.value_fits where as_of_date = '2024-03-31'")
    assert {(model, parameter): float(value) for model, parameter, value in rows} == {
        (model, parameter): value for model, found in fit.models.items() for parameter, value in found.items()
    }
    assert {model: list(found) for model, found in fit.models.items()} == {
        "bg_nbd": ["r", "alpha", "a", "b", "log_likelihood"],
        "gamma_gamma": ["p", "q", "gamma", "log_likelihood"],
    }


def test_both_databases_find_the_same(summed: Connection, file: duckdb.DuckDBPyConnection, project: Project) -> None:
    for connection in (summed, file):
        add(connection, "2024-03-31")
    found = [fit_values(Database(connection), project) for connection in (summed, file)]
    assert found[0] == found[1]
    query = "select model, parameter, round(value, 8), customers from loader.value_fits order by model, parameter"
    assert file.execute(query).fetchall() == summed.execute(query).fetchall()


@pytest.mark.parametrize("repeat", [0, 199])
def test_too_few_repeat_customers_are_not_fitted(summed: Connection, loader: Loader, repeat: int) -> None:
    add(summed, "2024-03-31")
    loader("fit")
    summed.execute("truncate intermediate.int_value_summaries")
    add(summed, "2024-03-31", repeat=repeat)
    assert loader("fit").output == (
        f"As of 2024-03-31 {repeat} of 300 customers had bought again: no fit, so all are expected to buy as often as"
        " before.\n"
    )
    assert summed.execute("select count(*) from loader.value_fits").fetchone() == (0,)


def test_nobody_can_be_fitted_before_a_build_and_nothing_is_due(
    connection: Connection, project: Project, loader: Loader
) -> None:
    result = loader("fit")
    assert (result.exit_code, result.output) == (
        1,
        "Error: The customers are not summed up yet.\nRun `dbt build` first.\n",
    )
    assert not is_due(connection, project)


def test_parquet_can_not_be_fitted(loader: Loader, tmp_path: Path) -> None:
    result = loader("fit", "--to", f"parquet:{tmp_path / 'files'}")
    assert result.exit_code == 1
    assert "Use PostgreSQL, or --to duckdb:FILE." in result.output


@pytest.mark.parametrize(
    ("day", "due"),
    [("2024-03-31", False), ("2024-04-29", False), ("2024-04-30", True), ("2024-03-30", True)],
)
def test_a_fit_is_due_once_a_month_of_data(summed: Connection, project: Project, day: str, due: bool) -> None:
    assert not is_due(summed, project)
    add(summed, "2024-03-31")
    assert is_due(summed, project)
    fit_values(Database(summed), project)
    summed.execute("truncate intermediate.int_value_summaries")
    # A fit of a later day is not known on an earlier one.
    add(summed, day)
    assert is_due(summed, project) is due


def test_a_run_builds_what_reads_the_fit_again(
    summed: Connection, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[str, ...]] = []

    def run_dbt_build(*arguments: Any) -> bool:
        calls.append(arguments[3:])
        return True

    monkeypatch.setattr(run, "_run_dbt_build", run_dbt_build)
    add(summed, "2024-03-31")
    notes: list[str] = []
    everything = run.Pending((), 0, everything=True)
    assert run.build(summed, project, everything, notes.append).selectors == ("core", "recommendations", "value")
    assert calls == [(), ("--selector", "value")]
    assert [note[:48] for note in notes] == ["As of 2024-03-31 250 of 300 customers had bought"]
    assert run.build(summed, project, everything, notes.append).selectors == ("core", "recommendations")
    # Too few to fit: nothing to build again.
    summed.execute("truncate intermediate.int_value_summaries")
    add(summed, "2025-03-31", repeat=9)
    assert run.build(summed, project, everything, notes.append).selectors == ("core", "recommendations")
    assert "9 of 300 customers had bought again: no fit" in notes[-1]


def test_a_run_without_the_right_to_fit_succeeds(
    summed: Connection, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_run_dbt_build", lambda *_: True)
    add(summed, "2024-03-31")
    summed.execute("create role fit_nothing")
    summed.execute("grant all on schema loader, intermediate to fit_nothing")
    summed.execute("grant all on loader.last_build, loader.loads to fit_nothing")
    summed.execute("set role fit_nothing")
    notes: list[str] = []
    try:
        built = run.build(summed, project, run.Pending((), 0, everything=True), notes.append)
    finally:
        summed.execute("reset role")
        summed.execute("drop owned by fit_nothing")
        summed.execute("drop role fit_nothing")
    assert (built.selectors, built.succeeded) == (("core", "recommendations"), True)
    (note,) = notes
    assert note.startswith("Warning: customer value is not fitted, because permission denied for table")
