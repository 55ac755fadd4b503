"""Customer value on the CDNOW sample: our SQL predicts what the literature and the package lifetimes do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import lifetimes
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy.integrate import quad
from scipy.stats import beta

from benchmarks.engines import open_file
from loaders.cli import main
from tests.project.conftest import Dbt, Environment, query

# The 39 weeks after the first 39; 273 days each.
CUTOFF, AS_OF = "1997-09-30", "1998-06-30"
VARS = f"{{as_of_date: {AS_OF}, value_horizon_days: 273}}"
MARTS = ("customer_value", "customer_value_parameters", "customer_value_backtest")
READS_FITS = ("stg_loader__value_fits+", "--exclude", "customer_profiles+")
ALL = tuple(f"+{mart}" for mart in MARTS)
WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")

Build = Callable[..., None]


@pytest.fixture(scope="module")
def purchases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample as a file: customer, number among the customers, day, CDs, dollars."""
    sample = Path(lifetimes.__file__).parent / "datasets" / "CDNOW_sample.txt"
    lines = [line.split() for line in sample.read_text().splitlines() if line.strip()]
    file = tmp_path_factory.mktemp("cdnow") / "transactions.csv"
    rows = [f"{number},{line[0]},{line[3]},{line[4]},{line[2]}" for number, line in enumerate(lines)]
    file.write_text("\n".join(["transaction_id,customer_id,quantity,amount,date", *rows]))
    return file


@pytest.fixture(scope="module")
def build(dbt: Dbt) -> Build:
    """Build models of customer value."""

    def run(environment: Environment, selected: tuple[str, ...], *options: str) -> None:
        dbt(environment, "build", "--select", *selected, *WITHOUT_TESTS, "--vars", VARS, *options)

    return run


@pytest.fixture(scope="module")
def cdnow(load: Callable[..., Environment], build: Build, purchases: Path) -> Environment:
    environment = load(purchases)
    build(environment, ALL)
    fit(environment)
    build(environment, READS_FITS)
    return environment


def fit(environment: Environment, *options: str) -> None:
    result = CliRunner(env={**environment, "PGHOSTADDR": None, "PGSERVICE": None}).invoke(main, ["fit", *options])
    assert result.exit_code == 0, result.output


def set_parameters(environment: Environment, **parameters: float) -> None:
    """Replace parameters of the fit before the cut-off day."""
    for name, value in parameters.items():
        query(
            environment,
            f"update loader.value_fits set value = {value}"
            f" where as_of_date = '{CUTOFF}' and parameter = '{name}' returning value",
        )


def predicted(environment: Environment) -> pd.DataFrame:
    """Customers as of the cut-off day with what is predicted of them, in weeks."""
    rows = query(
        environment,
        "select frequency, recency_days / 7.0::float, tenure_days / 7.0::float, monetary_value, probability_alive,"
        " expected_average_value, expected_purchases"
        " from intermediate.int_value_predictions"
        " inner join intermediate.int_value_summaries using (summary_date, customer_id) where is_backtest",
    )
    names = ["x", "recency", "tenure", "value", "alive", "average", "purchases"]
    return pd.DataFrame(rows, columns=names).astype(float)


@pytest.fixture(scope="module")
def parameters(cdnow: Environment) -> dict[str, float]:
    rows = query(cdnow, f"select parameter, value from loader.value_fits where as_of_date = '{CUTOFF}'")
    return {str(name): float(str(value)) for name, value in rows if name != "log_likelihood"}


def test_the_fit_is_the_published_one(cdnow: Environment, parameters: dict[str, float]) -> None:
    published = {"r": 0.2426, "alpha": 4.4136, "a": 0.7929, "b": 2.4259}
    assert {name: parameters[name] for name in published} == pytest.approx(published, rel=0.005)
    ((likelihood,),) = query(
        cdnow,
        "select value from loader.value_fits"
        f" where as_of_date = '{CUTOFF}' and model = 'bg_nbd' and parameter = 'log_likelihood'",
    )
    assert float(str(likelihood)) == pytest.approx(-9582.4256, abs=0.01)
    values = {"p": 6.25, "q": 3.74, "gamma": 15.44}
    assert {name: parameters[name] for name in values} == pytest.approx(values, rel=0.01)


def test_held_out_weeks_are_predicted_as_published(cdnow: Environment) -> None:
    ((expected, actual, naive, better),) = query(
        cdnow,
        "select expected_purchases, actual_purchases, naive_purchases, better_purchases"
        " from marts.customer_value_backtest where decile = 'all'",
    )
    assert (actual, better) == (1882, "model")
    assert [float(str(expected)), float(str(naive))] == pytest.approx([1653, 2930], rel=0.01)
    ((customers, spent),) = query(
        cdnow,
        "select sum(customers), sum(actual_revenue) from marts.customer_value_backtest where decile <> 'all'",
    )
    assert query(cdnow, "select customers, actual_revenue from marts.customer_value_backtest where decile = 'all'") == [
        (customers, spent)
    ]


def test_each_customer_is_predicted_as_by_lifetimes(cdnow: Environment, parameters: dict[str, float]) -> None:
    found = predicted(cdnow)
    assert len(found) == 2357
    purchases = lifetimes.BetaGeoFitter()
    purchases.params_ = pd.Series({name: parameters[name] for name in ("r", "alpha", "a", "b")})
    values = lifetimes.GammaGammaFitter()
    values.params_ = pd.Series({"p": parameters["p"], "q": parameters["q"], "v": parameters["gamma"]})
    behaviour = found["x"], found["recency"], found["tenure"]
    expected = purchases.conditional_expected_number_of_purchases_up_to_time(39, *behaviour)
    assert np.abs(found["purchases"] - expected).max() < 1e-6
    assert np.abs(found["alive"] - purchases.conditional_probability_alive(*behaviour)).max() < 1e-6
    average = values.conditional_expected_average_profit(found["x"], found["value"])
    assert np.abs(found["average"] - average).max() < 1e-6


def expected_by_integration(shape: float, weeks_seen: float, a: float, staying: float, weeks: float) -> float:
    """Purchases of a customer who is still there, as the integral over the probability of leaving after each."""

    def purchases(leaving: float) -> float:
        density = float(beta.pdf(leaving, a, staying))
        return -density * float(np.expm1(-shape * np.log1p(leaving * weeks / weeks_seen))) / leaving

    return float(quad(purchases, 0, 1, limit=500, points=[0.001, 0.01, 0.1])[0])


# How well the integral of a density with a pole was computed is seen from the comparison.
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize(
    "changed",
    [
        {"a": 1.0},  # the closed form is 0 / 0
        {"a": 1.0001},
        {"a": 2.5, "b": 0.0001},  # b + x - 1 is near 0 for one repeat purchase
        {"a": 1.5, "b": 900.0},  # nobody leaves
        {"r": 3.0, "alpha": 0.5},  # frequent purchases, and a long series
    ],
    ids=str,
)
def test_the_series_is_right_at_its_edges(
    cdnow: Environment, build: Build, parameters: dict[str, float], changed: dict[str, float]
) -> None:
    used = {**parameters, **changed}
    set_parameters(cdnow, **used)
    try:
        build(cdnow, ("stg_loader__value_fits+,+int_value_predictions",))
        found = predicted(cdnow).drop_duplicates().sort_values(["x", "tenure", "recency"])
    finally:
        set_parameters(cdnow, **parameters)
    assert found["alive"].between(0, 1).all()
    # The least and the most frequent, and some between.
    for _, row in found.iloc[[0, 1, -1, *range(0, len(found), 200)]].iterrows():
        if row["alive"] < 1e-6:
            continue
        expected = expected_by_integration(
            used["r"] + row["x"], used["alpha"] + row["tenure"], used["a"], used["b"] + row["x"], 39
        )
        assert row["purchases"] / row["alive"] == pytest.approx(expected, rel=1e-6)


@pytest.fixture(scope="module")
def in_duckdb(
    cdnow: Environment, build: Build, purchases: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same in DuckDB, by the same fits."""
    folder = tmp_path_factory.mktemp("duckdb")
    environment: dict[str, Any] = {**cdnow, "DUCKDB_PATH": str(folder / "shop.duckdb")}
    copied = CliRunner(env={**environment, "PGHOSTADDR": None}).invoke(main, ["copy", str(purchases), "--to", "duckdb"])
    assert copied.exit_code == 0, copied.output
    build(environment, ALL, "--target", "duckdb")
    fit(environment, "--to", "duckdb")
    build(environment, READS_FITS, "--target", "duckdb")
    with open_file(folder / "shop.duckdb") as opened:
        yield opened


def test_duckdb_fits_and_predicts_the_same(
    cdnow: Environment, build: Build, in_duckdb: duckdb.DuckDBPyConnection
) -> None:
    build(cdnow, READS_FITS)  # as other tests changed the fit for a while
    ours = query(cdnow, "select customer_id, expected_purchases_365d from marts.customer_value order by 1")
    theirs = in_duckdb.execute("select customer_id, expected_purchases_365d from marts.customer_value order by 1")
    assert [float(str(value)) for _, value in ours] == pytest.approx(
        [float(value) for _, value in theirs.fetchall()], abs=2e-6
    )


def test_without_a_fit_everyone_buys_on_at_the_same_rate(built: Environment) -> None:
    rows = query(
        built,
        "select expected_purchases_90d, frequency * 90.0 / nullif(tenure_days, 0), model, probability_alive, fitted_at"
        " from marts.customer_value inner join marts.customer_metrics using (customer_id)",
    )
    assert len(rows) > 5
    for expected, rate, *others in rows:
        assert float(str(expected)) == pytest.approx(float(str(rate or 0)), abs=1e-6)
        assert others == ["naive", None, None]
    assert query(built, "select count(*) from marts.customer_value_parameters") == [(0,)]
    assert query(built, "select distinct model from marts.customer_value_backtest") == [("naive",)]


def test_every_buyer_has_a_value_and_the_summary_of_customer_metrics(built: Environment) -> None:
    assert (
        query(
            built,
            "select coalesce(metrics.customer_id, summaries.customer_id) from"
            " (select * from marts.customer_metrics where purchase_days > 0 and customer_id <> '(unknown)') as metrics"
            " full join (select * from intermediate.int_value_summaries inner join intermediate.int_as_of_date"
            " on summary_date = as_of_date) as summaries"
            " on metrics.customer_id = summaries.customer_id and metrics.frequency = summaries.frequency"
            " and metrics.recency_days = summaries.recency_days and metrics.tenure_days = summaries.tenure_days"
            " and abs(greatest(metrics.monetary_value, 0) - summaries.monetary_value) < 0.00501"
            " where metrics.customer_id is null or summaries.customer_id is null",
        )
        == []
    )
