"""What campaigns brought: our SQL says what scipy and least squares do, and is wrong as often as it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from scipy import stats

from benchmarks.engines import differences, open_file
from loaders.cli import main
from loaders.demo.files import write_files
from tests.conftest import connect_to
from tests.project.conftest import Dbt, Environment

START, END, BEFORE = "2024-02-01", "2024-02-29", "2024-01-10"
METRICS = ("revenue", "orders", "buyers")
NULLS, SHOP, MEMBERS = 1000, 300, 100
LIFTED, GROUP = 100, 150
# Campaigns that scipy judges, too.
COMPARED = r"^null .0|^lifted .1|^small"
MEAN, DEVIATION, CORRELATION, LIFT = 100.0, 25.0, 0.8, 5.0
BUILD = (
    *("build", "--select", "+campaign_results", "+campaign_comparisons"),
    *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
    *("--vars", "campaign_min_customers: 10"),
)

Engines = tuple[Environment, duckdb.DuckDBPyConnection]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's purchases and three kinds of campaigns.

    `null` ones choose from the same customers and do nothing; `lifted` ones have customers of their own, of whom the
    treated spend 5 % more; `small` ones have ten customers in a group, of whom those in one differ far more.
    """
    rng = np.random.default_rng(26)
    folder = tmp_path_factory.mktemp("campaigns")
    lines: list[pd.DataFrame] = []
    members: list[pd.DataFrame] = []
    for day, rate in ((BEFORE, 2.0), (START, 2.5)):
        # Some buy often, some seldom, in both periods.
        orders = rng.poisson(rate * np.random.default_rng(1).gamma(0.8, 1, SHOP))
        customers = np.repeat(1 + np.arange(SHOP), orders)  # 0 stands for nobody
        amounts = np.exp(rng.normal(3, 0.8, customers.size)) * (1 + customers % 7)
        lines.append(pd.DataFrame({"customer_id": customers, "amount": amounts.round(2), "date": day}))
    for number in range(NULLS):
        chosen = 1 + rng.choice(SHOP, MEMBERS, replace=False)
        members.append(frame(f"null {number}", chosen, rng.random(MEMBERS) < 0.5))
    for number in range(LIFTED):
        customers, treated = 10_000 * (number + 1) + np.arange(2 * GROUP), np.arange(2 * GROUP) < GROUP
        usual, own = rng.normal(size=(2, 2 * GROUP))
        before = MEAN + DEVIATION * usual
        after = MEAN + DEVIATION * (CORRELATION * usual + np.sqrt(1 - CORRELATION**2) * own) + LIFT * treated
        for day, amounts in ((BEFORE, before), (START, after)):
            lines.append(pd.DataFrame({"customer_id": customers, "amount": amounts.round(2).clip(1), "date": day}))
        members.append(frame(f"lifted {number}", customers, treated))
    for number in range(20):
        customers, treated = -100 * (number + 1) - np.arange(20), np.arange(20) < 10
        amounts = np.where(treated, rng.normal(1000 * number, 100, 20), rng.normal(0, 1, 20)) + 1000
        lines.append(pd.DataFrame({"customer_id": customers, "amount": amounts.round(2), "date": END}))
        members.append(frame(f"small {number}", customers, treated))
    transactions = pd.concat(lines, ignore_index=True).rename_axis("transaction_id")
    transactions.to_csv(folder / "transactions.csv")
    assigned = pd.concat(members, ignore_index=True)
    assigned.to_csv(folder / "campaign_members.csv", index=False)
    campaigns = pd.DataFrame({"campaign_id": assigned.campaign_id.unique()})
    campaigns.assign(starts_on=START, ends_on=END, control_share=0.5).to_csv(folder / "campaigns.csv", index=False)
    return folder


def frame(campaign: str, customers: np.ndarray, treated: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"campaign_id": campaign, "customer_id": customers, "treated": treated})


@pytest.fixture(scope="module")
def shop(load: Callable[..., Environment], dbt: Dbt, files: Path) -> Environment:
    environment = load(files)
    dbt(environment, *BUILD)
    return environment


@pytest.fixture(scope="module")
def engines(
    new_database: Callable[[], Environment], dbt: Dbt, files: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engines]:
    """The campaigns that scipy judges in both engines."""
    folder = tmp_path_factory.mktemp("some")
    for name in ("campaigns", "campaign_members"):
        rows = pd.read_csv(files / f"{name}.csv")
        rows[rows.campaign_id.str.contains(COMPARED)].to_csv(folder / f"{name}.csv", index=False)
    # One more has no control group.
    (folder / "campaigns_2.csv").write_text(f"campaign_id,starts_on,ends_on\nuncontrolled,{START},{END}\n")
    (folder / "campaign_members_2.csv").write_text(
        "campaign_id,customer_id\n" + "\n".join(f"uncontrolled,{number}" for number in range(1, SHOP, 3))
    )
    file = folder / "shop.duckdb"
    environment = {**new_database(), "DUCKDB_PATH": str(file)}
    for options, target in (((), ()), (("--to", "duckdb"), ("--target", "duckdb"))):
        copied = CliRunner(env={**environment, "PGHOSTADDR": None, "PGSERVICE": None}).invoke(
            main, ["copy", str(files / "transactions.csv"), str(folder), *options]
        )
        assert copied.exit_code == 0, copied.output
        dbt(environment, *BUILD, *target)
    with open_file(file) as opened:
        yield environment, opened


def read(environment: Environment, statement: str) -> pd.DataFrame:
    with connect_to(environment) as connection:
        cursor = connection.execute(statement)  # type: ignore[arg-type]
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description or ()])


@pytest.fixture(scope="module")
def customers(files: Path) -> pd.DataFrame:
    """What each member bought in the campaign and before, straight from the files."""
    lines = pd.read_csv(files / "transactions.csv")
    sums = {
        when: lines[(lines.date == BEFORE) == (when == "before")].groupby("customer_id").amount.agg(["sum", "count"])
        for when in ("before", "after")
    }
    found = pd.read_csv(files / "campaign_members.csv")
    for when, summed in sums.items():
        joined = found[["customer_id"]].join(summed, on="customer_id").fillna(0)
        found[f"revenue_{when}"], found[f"orders_{when}"] = joined["sum"], joined["count"]
        found[f"buyers_{when}"] = (joined["count"] > 0).astype(int)
    return found


@pytest.fixture(scope="module")
def expected(customers: pd.DataFrame) -> pd.DataFrame:
    """Estimates, intervals and p-values of some campaigns by scipy; the slope by least squares."""
    rows = []
    for campaign, group in customers[customers.campaign_id.str.contains(COMPARED)].groupby("campaign_id"):
        treated = group.treated.to_numpy()
        for metric in METRICS:
            outcome, covariate = (group[f"{metric}_{when}"].to_numpy(float) for when in ("after", "before"))
            if len(set(outcome)) == 1:  # there is nothing to judge
                continue
            design = np.column_stack([np.ones(len(group)), treated, covariate])
            _, effect, slope = np.linalg.lstsq(design, outcome)[0]
            for method in ("plain", "cuped"):
                adjusted = outcome - slope * covariate if method == "cuped" else outcome
                result = stats.ttest_ind(adjusted[treated], adjusted[~treated], equal_var=False)
                low, high = result.confidence_interval(0.95)
                estimate = effect if method == "cuped" else outcome[treated].mean() - outcome[~treated].mean()
                rows.append((campaign, metric, method, estimate, low, high, result.pvalue, result.df))
    names = ["estimate", "estimate_low", "estimate_high", "p_value", "degrees_of_freedom"]
    return pd.DataFrame(rows, columns=["campaign_id", "metric", "method", *names])


def test_estimates_intervals_and_p_values_are_scipys(engines: Engines, expected: pd.DataFrame) -> None:
    found = read(engines[0], f"select * from intermediate.int_campaign_intervals where campaign_id ~ '{COMPARED}'")
    both = expected.merge(found, on=["campaign_id", "metric", "method"], suffixes=("", "_found"))
    assert len(both) == len(found) == len(expected) > 600
    assert both.degrees_of_freedom.min() < 9.1
    assert (both.p_value < 1e-12).any() and (both.p_value > 0.99).any()
    for name in ("estimate", "estimate_low", "estimate_high", "degrees_of_freedom"):
        assert np.allclose(both[name], both[f"{name}_found"], rtol=1e-9, atol=1e-9), name
    assert (both.p_value - both.p_value_found).abs().max() < 1e-9


def test_sizes_of_groups_are_judged_by_chi_square(engines: Engines, customers: pd.DataFrame) -> None:
    planned = "metric = 'orders' and campaign_id <> 'uncontrolled'"
    found = read(engines[0], f"select campaign_id, sample_ratio_p_value from marts.campaign_results where {planned}")
    compared = customers[customers.campaign_id.str.contains(COMPARED)]
    sizes = compared.groupby("campaign_id").treated.agg(["sum", "count"])
    result = stats.chisquare([sizes["sum"], sizes["count"] - sizes["sum"]])
    p_values = found.set_index("campaign_id").sample_ratio_p_value.astype(float).reindex(sizes.index)
    assert len(p_values) > 100 and p_values.min() < 0.1
    assert np.abs(p_values.to_numpy() - result.pvalue).max() < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("column", ["difference_p_value", "p_value"])
def test_campaigns_that_did_nothing_are_found_in_five_of_a_hundred(shop: Environment, metric: str, column: str) -> None:
    found = read(
        shop, f"select {column} from marts.campaign_results where campaign_id like 'null %' and metric = '{metric}'"
    )
    assert len(found) == NULLS
    assert (found[column] < 0.05).mean() == pytest.approx(0.05, abs=0.014)


@pytest.mark.slow
@pytest.mark.parametrize(("column", "rest"), [("difference_p_value", 1), ("p_value", 1 - CORRELATION**2)])
def test_a_lift_is_found_as_often_as_the_formula_says(shop: Environment, column: str, rest: float) -> None:
    power = stats.norm.cdf(LIFT / (DEVIATION * np.sqrt(2 * rest / GROUP)) - stats.norm.ppf(0.975))
    found = read(
        shop, f"select {column} from marts.campaign_results where campaign_id like 'lifted %' and metric = 'revenue'"
    )
    assert len(found) == LIFTED
    tolerance = 2.6 * np.sqrt(power * (1 - power) / LIFTED) + 0.005
    assert (found[column] < 0.05).mean() == pytest.approx(power, abs=tolerance)


@pytest.mark.slow
def test_intervals_hold_the_lift_and_the_period_before_narrows_them(shop: Environment) -> None:
    found = read(shop, "select * from marts.campaign_results where campaign_id like 'lifted %' and metric = 'revenue'")
    held = (found.lift_low.astype(float) <= LIFT) & (found.lift_high.astype(float) >= LIFT)
    assert held.mean() == pytest.approx(0.95, abs=0.05)
    assert found.variance_reduction.astype(float).mean() == pytest.approx(CORRELATION**2, abs=0.02)
    assert found.total_lift.astype(float).to_numpy() == pytest.approx(
        GROUP * found.lift.astype(float).to_numpy(), abs=0.006
    )


@pytest.mark.parametrize("mart", ["campaign_results", "campaign_comparisons"])
def test_duckdb_says_the_same(engines: Engines, mart: str) -> None:
    environment, opened = engines
    assert len(read(environment, f"select 1 from marts.{mart}")) >= len(METRICS)
    assert differences(environment, opened, f"marts.{mart}") == []


def test_without_a_control_group_the_mart_says_so(engines: Engines) -> None:
    results = read(engines[0], "select * from marts.campaign_results where campaign_id = 'uncontrolled'")
    assert set(results.verdict) == {"no control group"}
    assert results[["lift", "p_value", "difference_p_value", "total_lift"]].isna().all(axis=None)
    matched = read(engines[0], "select * from marts.campaign_comparisons")
    assert set(matched.campaign_id) == {"uncontrolled"} and not matched.is_causal.any()
    assert (matched.matched_customers > 50).all()


@pytest.mark.slow
def test_the_period_before_takes_a_third_off_the_variance_on_the_demo(
    load: Callable[..., Environment], dbt: Dbt, tmp_path: Path
) -> None:
    """Its households, split at random in the windows of its own campaigns."""
    [customers, _, transactions, campaigns, _] = write_files(tmp_path / "demo")
    households = pd.read_csv(customers).household_id
    windows = pd.read_csv(campaigns).query("start_date > '2017-03-15' and end_date < '2017-12-31'")
    split = np.random.default_rng(25).random((len(windows), len(households))) < 0.5
    members = [
        frame(campaign, households, treated) for campaign, treated in zip(windows.campaign_id, split, strict=True)
    ]
    windows.to_csv(tmp_path / "campaigns.csv", index=False)
    pd.concat(members).to_csv(tmp_path / "campaign_members.csv", index=False)
    environment = load(transactions, tmp_path / "campaigns.csv", tmp_path / "campaign_members.csv")
    dbt(environment, *BUILD)
    found = read(environment, "select metric, variance_reduction from marts.campaign_results")
    means = found.astype({"variance_reduction": float}).groupby("metric").variance_reduction.mean()
    print(means)
    assert means["revenue"] > 0.3 and means["orders"] > 0.3
