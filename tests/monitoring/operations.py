"""Tables in the place of the marts of operations, with what their readers promise each other."""

from __future__ import annotations

from typing import Any

import psycopg

# Call, command, state, start (seconds since 1970), seconds, model, state of the model, seconds of the model.
BUILDS = [
    ("first", "build", "succeeded", 1_000, 12.0, "daily_sales", "success", 2.5),
    ("first", "build", "succeeded", 1_000, 12.0, "order_lines", "success", 9.0),
    ("second", "build", "failed", 2_000, 20.0, "daily_sales", "error", 7.0),
    ("third", "test", "succeeded", 3_000, 1.0, None, None, None),
]
# Call, start, test, model, state.
TESTS = [
    ("first", 1_000, "not_null_id", "order_lines", "fail"),
    ("second", 2_000, "not_null_id", "order_lines", "pass"),
    ("second", 2_000, "adds_up", "daily_sales", "fail"),
    ("third", 3_000, "adds_up", "daily_sales", "skipped"),
]
# Check, table, rows checked, rows failed, amount, share, severity.
QUALITY = [
    ("unknown_product", "raw.transactions", 95, 3, 12.5, 0.03, "warning"),
    ("rejected_nul_byte", "loader.rejected_rows", 100, 5, 40.0, 0.05, "error"),
]


def make_operations(connection: psycopg.Connection[Any]) -> None:
    """Make `build_history`, `test_history` and `data_quality_report`."""
    connection.execute("create schema if not exists marts")
    connection.execute(
        """
        create table marts.build_history (
            invocation_id text, command text, invocation_status text, started_at timestamptz,
            invocation_seconds numeric(12, 3), model_name text, status text, seconds numeric(12, 3)
        );
        create table marts.test_history (
            invocation_id text, started_at timestamptz, test_name text, model_name text, status text
        );
        create table marts.data_quality_report (
            check_name text, table_name text, rows_checked bigint, rows_failed bigint, amount_affected numeric(18, 2),
            share_failed numeric, severity text
        )
        """
    )
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into marts.build_history values (%s, %s, %s, to_timestamp(%s), %s, %s, %s, %s)", BUILDS
        )
        cursor.executemany("insert into marts.test_history values (%s, to_timestamp(%s), %s, %s, %s)", TESTS)
        cursor.executemany("insert into marts.data_quality_report values (%s, %s, %s, %s, %s, %s, %s)", QUALITY)


def make_marts(connection: psycopg.Connection[Any]) -> None:
    """Make `metrics_summary` and `load_history`, which know the loads that are in."""
    connection.execute("create schema if not exists marts")
    connection.execute("create table marts.metrics_summary as select current_date as as_of_date")
    connection.execute("create table marts.load_history as select * from loader.loads")
