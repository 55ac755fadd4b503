"""MetricFlow takes the semantic layer, and what it computes is what the marts say."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import called_as_before
from tests.project.conftest import Environment, query

MetricFlow = Callable[..., str]


@pytest.fixture
def mf(built: Environment, built_project: Path, tmp_path: Path) -> MetricFlow:
    """Run MetricFlow on the built database; fail with its output if it fails."""
    folders = {"DBT_PROJECT_DIR": built_project, "DBT_PROFILES_DIR": built_project, "DBT_LOG_PATH": tmp_path}

    def run(*arguments: object) -> str:
        with called_as_before(built) as variables:  # as the database was called when dbt wrote the manifest
            result = subprocess.run(
                [str(Path(sys.executable).with_name("mf")), *map(str, arguments)],
                cwd=tmp_path,
                env={**os.environ, **variables, **{name: str(folder) for name, folder in folders.items()}},
                capture_output=True,
                text=True,
            )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    return run


@pytest.fixture
def ask(mf: MetricFlow, tmp_path: Path) -> Callable[..., list[dict[str, str]]]:
    """Return the rows that MetricFlow answers, every value as it writes it."""

    def run(metrics: str, *options: str) -> list[dict[str, str]]:
        mf("query", "--metrics", metrics, *options, "--csv", tmp_path / "answer.csv", "--quiet")
        with (tmp_path / "answer.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    return run


def cents(value: str) -> Decimal:
    return round(Decimal(value) + Decimal("1e-9"), 2)


def test_every_metric_and_dimension_can_be_queried(mf: MetricFlow) -> None:
    assert "Successfully validated metrics against data warehouse" in mf("validate-configs")


def test_totals_are_those_of_the_marts(built: Environment, ask: Callable[..., list[dict[str, str]]]) -> None:
    (totals,) = ask(
        "revenue,orders,transactions,customers,average_order_value,buyers,repeat_rate,churn_risk_share,retention_rate"
    )
    ((revenue, orders, transactions, customers, average),) = query(
        built,
        "select total_revenue, total_orders, total_transactions, total_customers, average_order_value"
        " from marts.metrics_summary",
    )
    assert cents(totals["revenue"]) == revenue
    assert cents(totals["average_order_value"]) == average
    assert [int(totals[name]) for name in ("orders", "transactions", "customers")] == [orders, transactions, customers]
    ((buyers, repeat_buyers),) = query(
        built,
        "select count(*), count(*) filter (where purchase_count > 1) from marts.customer_metrics"
        " where purchase_count > 0 and customer_id <> '(unknown)'",
    )
    ((at_risk,),) = query(built, "select count(*) from marts.customer_churn_risk where churn_risk = 'high'")
    ((retained,),) = query(
        built,
        "select sum(retained_customers) / sum(cohort_size)"
        " from marts.cohort_retention where is_complete and month_number > 0",
    )
    assert int(totals["buyers"]) == buyers
    assert float(totals["repeat_rate"]) == pytest.approx(repeat_buyers / buyers)  # type: ignore[operator]
    assert float(totals["churn_risk_share"]) == pytest.approx(at_risk / buyers)  # type: ignore[operator]
    assert float(totals["retention_rate"]) == pytest.approx(float(retained))  # type: ignore[arg-type]


def test_months_are_those_of_the_marts(built: Environment, ask: Callable[..., list[dict[str, str]]]) -> None:
    months = ask("revenue,orders,transactions,buyers", "--group-by", "metric_time__month")
    expected = query(
        built,
        "select sales_month, net_revenue, order_count, transaction_count, new_customers"
        " from marts.monthly_sales left join marts.customer_lifecycle on sales_month = month",
    )
    # Prospects have no day of a first purchase.
    found = [row for row in months if row["metric_time__month"]]
    assert {
        (
            row["metric_time__month"][:10],
            cents(row["revenue"]),
            *map(int, [row["orders"], row["transactions"], row["buyers"]]),
        )
        for row in found
    } == {(str(month), *rest) for month, *rest in expected}


def test_customers_and_products_describe_their_lines(
    built: Environment, ask: Callable[..., list[dict[str, str]]]
) -> None:
    answer = ask("revenue", "--group-by", "customer__customer_segment,product__product_name")
    expected = query(
        built,
        "select order_lines.customer_segment, product_name, sum(amount) from marts.order_lines"
        " left join marts.product_kpis using (product_id) group by 1, 2",
    )
    assert {
        (row["customer__customer_segment"], row["product__product_name"], Decimal(row["revenue"])) for row in answer
    } == {(segment, name or "", amount) for segment, name, amount in expected}
