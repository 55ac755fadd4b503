"""A build leaves a table as it is when nothing that it is made of has changed, and only then."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.conftest import DATA, connect_to
from tests.project.conftest import Dbt, Environment, query

# Made of raw rows through views, an incremental one too; and of tables.
TABLES = ("int_revenue_changes_summed", "event_rollups_hourly", "int_customer_orders_summed", "int_order_days_summed")
SELECTED = ("run", "--select", *TABLES)


def rebuilt(output: str) -> set[str]:
    """Names of the tables that a build did not leave as they were."""
    found = re.findall(r"OK created sql (?:table|incremental) model \w+\.(\w+) \.* \[(?:\x1b\[\d+m)?(\w+)", output)
    assert found, output
    return {name for name, status in found if status != "UNCHANGED"}


def execute(environment: Environment, statement: str) -> None:
    with connect_to(environment) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def test_only_what_reads_the_clock_is_built_again(built: Environment, dbt: Dbt) -> None:
    dbt(built, "run")  # an incremental table has other SQL the first time that it is built on
    assert rebuilt(dbt(built, "run")) == {"int_quality_issues_summed", "data_quality_report"}


def test_a_table_is_built_again_when_what_it_is_made_of_has_changed(
    load: Callable[..., Environment], copy_more: Callable[..., None], dbt: Dbt, tmp_path: Path
) -> None:
    environment = load(DATA)
    dbt(environment, "seed")
    dbt(environment, "run", "--select", *(f"+{table}" for table in TABLES))
    assert rebuilt(dbt(environment, *SELECTED)) == {"event_rollups_hourly"}

    # A file, and rows that go without the loader.
    events = tmp_path / "events_late.csv"
    events.write_text("event_id,event_time,event_type,user_id\nlate,2024-02-01 10:00:00,login,u1\n")
    copy_more(environment, events)
    execute(
        environment,
        "delete from raw.transactions where transaction_id = (select min(transaction_id) from raw.transactions)",
    )
    assert rebuilt(dbt(environment, *SELECTED)) == {"event_rollups_hourly", "int_revenue_changes_summed"}
    assert query(environment, "select sum(event_count) from marts.event_rollups_hourly") == query(
        environment, "select count(*) from raw.events"
    )
    assert query(environment, "select sum(net_change) from intermediate.int_revenue_changes_summed") == query(
        environment, "select sum(amount) from raw.transactions"
    )

    # A view that says something else, and a table that is gone.
    [(definition,)] = query(environment, "select pg_get_viewdef('staging.stg_shop__transactions'::regclass)")
    narrower = str(definition).rstrip(";") + " where amount > 1"
    execute(environment, f"create or replace view staging.stg_shop__transactions as {narrower}")
    execute(environment, "drop table intermediate.int_customer_orders_summed cascade")
    assert rebuilt(dbt(environment, *SELECTED)) == {"int_revenue_changes_summed", "int_customer_orders_summed"}

    assert rebuilt(dbt(environment, *SELECTED, "--full-refresh")) == set(TABLES)
