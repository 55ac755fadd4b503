"""MetricFlow takes the semantic layer, and what it computes is what the marts say."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import called_as_before
from tests.project.conftest import Environment, query

Answers = dict[str, list[dict[str, str]]]

# Metrics and, for each row of the answer, what it is about.
QUESTIONS = {
    "totals": (
        "revenue,orders,transactions,customers,average_order_value,buyers,repeat_rate,churn_risk_share,retention_rate",
        "",
    ),
    "months": ("revenue,orders,transactions,buyers", "metric_time__month"),
    "names": ("revenue", "customer__customer_segment,product__product_name"),
}
# One process for all calls, as MetricFlow takes seconds to import.
CALL_EACH = """
import json, sys
from dbt_metricflow.cli.main import cli
for arguments in json.load(sys.stdin):
    cli(arguments, standalone_mode=False)
"""


@pytest.fixture(scope="module")
def asked(built: Environment, built_project: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Answers]:
    """What MetricFlow prints as it checks the built database, and the rows that it answers, as it writes them."""
    folder = tmp_path_factory.mktemp("metricflow")
    folders = {"DBT_PROJECT_DIR": built_project, "DBT_PROFILES_DIR": built_project, "DBT_LOG_PATH": folder}
    calls = [["validate-configs"]]
    for name, (metrics, group_by) in QUESTIONS.items():
        options = ["--group-by", group_by] if group_by else []
        calls.append(["query", "--metrics", metrics, *options, "--csv", str(folder / f"{name}.csv"), "--quiet"])
    with called_as_before(built) as variables:  # as the database was called when dbt wrote the manifest
        result = subprocess.run(
            [sys.executable, "-c", CALL_EACH],
            cwd=folder,
            env={**os.environ, **variables, **{name: str(folder) for name, folder in folders.items()}},
            input=json.dumps(calls),
            capture_output=True,
            text=True,
        )
    assert result.returncode == 0, result.stdout + result.stderr
    answers = {}
    for name in QUESTIONS:
        with (folder / f"{name}.csv").open(newline="") as file:
            answers[name] = list(csv.DictReader(file))
    return result.stdout, answers


def cents(value: str) -> Decimal:
    return round(Decimal(value) + Decimal("1e-9"), 2)


def test_every_metric_and_dimension_can_be_queried(asked: tuple[str, Answers]) -> None:
    assert "Successfully validated metrics against data warehouse" in asked[0]


def test_totals_are_those_of_the_marts(built: Environment, asked: tuple[str, Answers]) -> None:
    (totals,) = asked[1]["totals"]
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


def test_months_are_those_of_the_marts(built: Environment, asked: tuple[str, Answers]) -> None:
    expected = query(
        built,
        "select sales_month, net_revenue, order_count, transaction_count, new_customers"
        " from marts.monthly_sales left join marts.customer_lifecycle on sales_month = month",
    )
    # Prospects have no day of a first purchase.
    found = [row for row in asked[1]["months"] if row["metric_time__month"]]
    assert {
        (
            row["metric_time__month"][:10],
            cents(row["revenue"]),
            *map(int, [row["orders"], row["transactions"], row["buyers"]]),
        )
        for row in found
    } == {(str(month), *rest) for month, *rest in expected}


def test_customers_and_products_describe_their_lines(built: Environment, asked: tuple[str, Answers]) -> None:
    answer = asked[1]["names"]
    expected = query(
        built,
        "select order_lines.customer_segment, product_name, sum(amount) from marts.order_lines"
        " left join marts.product_kpis using (product_id) group by 1, 2",
    )
    assert {
        (row["customer__customer_segment"], row["product__product_name"], Decimal(row["revenue"])) for row in answer
    } == {(segment, name or "", amount) for segment, name, amount in expected}
