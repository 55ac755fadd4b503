"""The marts of small files, built with dbt and checked by another route."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tests.conftest import FEW_BUYERS
from tests.project.conftest import ONLY_TESTS_OF_MARTS, Dbt, Environment, query

Load = Callable[..., Environment]


def write(folder: Path, **files: str) -> list[Path]:
    paths = []
    for name, text in files.items():
        paths.append(folder / f"{name}.csv")
        paths[-1].write_text(text, encoding="utf-8")
    return paths


def build_one(dbt: Dbt, environment: Environment, mart: str) -> None:
    """Build a mart and test it by itself and against the summary."""
    selected = ["--select", f"+{mart}", "+metrics_summary", "--indirect-selection", "buildable"]
    dbt(environment, "build", *selected, *ONLY_TESTS_OF_MARTS)


def test_the_small_files_build_and_pass_every_test(built: Environment, dbt: Dbt) -> None:
    dbt(built, "test", "--vars", FEW_BUYERS)
    (total,) = query(built, "select round(sum(amount), 2) from raw.transactions")[0]
    assert query(built, "select total_revenue from marts.metrics_summary") == [(total,)]
    assert query(built, "select sum(total_revenue) from marts.category_kpis") == [(total,)]
    assert query(built, "select sum(net_revenue) from marts.daily_sales") == [(total,)]
    assert query(built, "select count(*) > 0 from marts.category_kpis where category = '(unknown)'") == [(True,)]


def test_marts_built_twice_change_no_number(built: Environment, dbt: Dbt) -> None:
    """A constraint or a view must not be in the way of its successor; other tests build other models twice."""
    marts = ["order_lines", "customer_metrics", "category_kpis", "daily_sales", "metrics_summary"]
    statement = " union all ".join(
        f"select md5(string_agg(m::text, '|' order by m::text)) from marts.{m} m" for m in marts
    )
    before = query(built, statement)
    # With what reads them, as dbt drops the views on a table that it replaces.
    dbt(built, "run", "--select", "path:models/marts+", "--vars", FEW_BUYERS)
    assert query(built, statement) == before


def test_everything_builds_from_nothing(load: Load, dbt: Dbt) -> None:
    environment = load()
    dbt(environment, "build", "--exclude-resource-type", "test", "unit_test")
    # A table without rows passes any test but those that compare it with another one.
    statement = "select table_name from information_schema.tables where table_schema = 'marts'"
    marts = [str(mart) for (mart,) in query(environment, statement)]
    with_rows = [mart for mart in marts if query(environment, f"select 1 from marts.{mart} limit 1")]
    comparisons = ("test_type:singular", "test_name:adds_up_to")
    dbt(environment, "test", "--select", *comparisons, *with_rows, *ONLY_TESTS_OF_MARTS)
    assert query(environment, "select total_customers, total_revenue, total_orders from marts.metrics_summary") == [
        (0, Decimal("0.00"), 0)
    ]


def test_two_files_with_e_mails_alone(load: Load, dbt: Dbt, tmp_path: Path) -> None:
    """Identifiers come from e-mails; a customer is unregistered until a customers file names the e-mail."""
    environment = load(
        *write(
            tmp_path,
            customers="name,email\nAda,Ada@Example.org\nBob,bob@example.org\n",
            transactions=(
                "customer_email,amount,transaction_date\n"
                "ada@example.org ,10.50,2025-01-01\n"
                "ADA@example.org,4.25,2025-01-03\n"
                "eve@example.org,7.00,2025-01-04\n"
            ),
        )
    )
    metrics = """
        select customers.is_registered, metrics.purchase_count, metrics.total_spend, metrics.days_since_last_purchase
        from marts.customer_metrics as metrics
        inner join marts.customer_metrics as customers using (customer_id)
        order by metrics.total_spend, metrics.purchase_count
    """
    build_one(dbt, environment, "customer_metrics")
    assert query(environment, metrics) == [
        (True, 0, Decimal("0.00"), None),
        (False, 1, Decimal("7.00"), 0),
        (True, 2, Decimal("14.75"), 1),
    ]


def test_transactions_alone_with_their_categories(load: Load, dbt: Dbt, tmp_path: Path) -> None:
    environment = load(
        *write(
            tmp_path,
            transactions=(
                "customer_id,purchase_date,amount,category\n"
                "1,2025-01-01,10.00,Books\n1,2025-01-02,5.50,Food\n2,2025-01-02,4.50,Food\n2,2025-01-03,1.00,\n"
            ),
        )
    )
    build_one(dbt, environment, "category_kpis")
    kpis = (
        "select category, transaction_count, total_revenue, unique_customers from marts.category_kpis order by category"
    )
    assert query(environment, kpis) == [
        ("(unknown)", 1, Decimal("1.00"), 1),
        ("Books", 1, Decimal("10.00"), 1),
        ("Food", 2, Decimal("10.00"), 2),
    ]


def test_the_audit_queries_run(built: Environment, dbt: Dbt) -> None:
    # Of several queries dbt prints nothing, but it runs them all and fails with the first that does.
    dbt(built, "show", "--select", "path:analyses")
