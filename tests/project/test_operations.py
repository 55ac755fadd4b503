"""What dbt did is recorded in schema operations, and nothing of it can break a build."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest
from psycopg import sql

from tests.conftest import DATA
from tests.project.conftest import Dbt, Environment, query

BUILD = ("build", "--select", "stg_loader__loads", "load_history", "build_history", "test_history")
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
STATUSES = "select distinct invocation_status, command from marts.build_history where invocation_id = '{}'"


def execute(environment: Environment, statement: str) -> None:
    with psycopg.connect(
        host=environment["PGHOST"], user=environment["PGUSER"], dbname=environment["PGDATABASE"]
    ) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def build_badly(dbt: Dbt, environment: Environment) -> None:
    with pytest.raises(pytest.fail.Exception):
        dbt(environment, *BUILD, *NO_UNIT_TESTS)


def newest(environment: Environment) -> str:
    [(found,)] = query(environment, "select invocation_id from operations.invocations order by started_at desc limit 1")
    return str(found)


@pytest.fixture(scope="module")
def recorded(load: Callable[..., Environment], dbt: Dbt) -> Environment:
    """A database in which dbt built and tested something once."""
    environment = load(DATA / "plans.csv")
    dbt(environment, *BUILD)
    return environment


def test_a_build_is_in_its_own_history(recorded: Environment) -> None:
    built = query(
        recorded,
        """
        select model_name, status, rows_affected, seconds > 0, invocation_status, command, invocation_seconds >= seconds
        from marts.build_history order by model_name
        """,
    )
    assert built == [
        ("build_history", "success", None, True, "succeeded", "build", True),
        ("load_history", "success", 1, True, "succeeded", "build", True),
        ("stg_loader__loads", "success", None, True, "succeeded", "build", True),
        ("test_history", "success", None, True, "succeeded", "build", True),
    ]
    tested = query(
        recorded,
        """
        select model_name, resource_type, severity, status, failures from marts.test_history
        where test_name in ('load_history_accounts_for_every_row', 'test_history_tells_since_when_a_test_fails')
        order by model_name
        """,
    )
    assert tested == [
        ("load_history", "test", "error", "pass", 0),
        ("test_history", "unit_test", "error", "pass", 0),
    ]


def test_failing_tests_and_models_are_told_and_since_when(recorded: Environment, dbt: Dbt) -> None:
    failing = """
        select status, failures, failing_since is not null, count(*) over (partition by failing_since)
        from marts.test_history where test_name = 'load_history_accounts_for_every_row' order by started_at
    """
    execute(recorded, "update loader.loads set rows_read = rows_read + 1")
    build_badly(dbt, recorded)
    assert query(recorded, STATUSES.format(newest(recorded))) == [("failed", "build")]
    assert query(recorded, failing) == [("pass", 0, False, 1), ("fail", 1, True, 1)]

    execute(recorded, "alter table loader.loads rename column bytes to octets")
    build_badly(dbt, recorded)
    assert query(
        recorded,
        f"""
        select model_name, status, rows_affected, invocation_status from marts.build_history
        where invocation_id = '{newest(recorded)}' and status <> 'success' order by model_name
        """,
    ) == [("load_history", "skipped", None, "failed"), ("stg_loader__loads", "error", None, "failed")]
    assert query(recorded, failing)[-1] == ("skipped", None, False, 2)

    execute(recorded, "alter table loader.loads rename column octets to bytes")
    execute(recorded, "update loader.loads set rows_read = rows_read - 1")
    dbt(recorded, *BUILD, *NO_UNIT_TESTS)
    assert query(recorded, failing)[-1][:3] == ("pass", 0, False)


def test_what_makes_nothing_is_not_recorded_and_no_value_leaves_its_literal(recorded: Environment, dbt: Dbt) -> None:
    last = newest(recorded)
    select = "select {{ quoted(\"it's \\\\ $$ %s '); --\") }} as hostile, {{ quoted(none) }} is null as is_missing"
    shown = dbt(recorded, "show", "--inline", select, "--output", "json")
    assert '"hostile": "it\'s \\\\ $$ %s \'); --"' in shown
    assert '"is_missing": true' in shown
    assert newest(recorded) == last


def test_old_records_go(recorded: Environment, dbt: Dbt) -> None:
    execute(recorded, "update operations.invocations set started_at = started_at - interval '401 days'")
    dbt(recorded, "test", "--select", "load_history_accounts_for_every_row")
    assert query(recorded, "select command, model_name from marts.build_history") == [("test", None)]
    assert query(recorded, "select count(*) from operations.test_results") == [(1,)]


def test_who_may_not_record_can_build(load: Callable[..., Environment], dbt: Dbt) -> None:
    environment = load(DATA / "plans.csv")
    with psycopg.connect(
        host=environment["PGHOST"], user=environment["PGUSER"], dbname=environment["PGDATABASE"], autocommit=True
    ) as connection:
        for statement in (
            "create role {user} login",
            "create schema staging authorization {user}",
            "create schema marts authorization {user}",
            "grant usage on schema loader to {user}",
            "grant select on all tables in schema loader to {user}",
        ):
            user = sql.Identifier(f"limited_{environment['PGDATABASE']}")
            connection.execute(sql.SQL(statement).format(user=user))
    limited = {**environment, "PGUSER": f"limited_{environment['PGDATABASE']}"}
    output = dbt(limited, *BUILD, *NO_UNIT_TESTS)
    assert "Warning: this call is not recorded in schema operations: permission denied" in output
    assert query(limited, "select count(*) from marts.build_history") == [(0,)]
    assert query(limited, "select count(*) from marts.load_history") == [(1,)]
    dbt({**environment, "DBT_SCHEMA_PREFIX": "mine"}, "run", "--target", "dev", "--select", "stg_loader__loads")
    assert query(environment, "select target_name from mine_operations.invocations") == [("dev",)]
