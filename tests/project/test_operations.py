"""What dbt did is recorded from the results it leaves behind, and read in `build_history` and `test_history`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loaders.cli import main
from tests.conftest import DATA, connect_to
from tests.project.conftest import Dbt, Environment, query

BUILD = ("build", "--write-json", "--select", "stg_loader__loads", "load_history", "build_history", "test_history")
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
TEST = "load_history_accounts_for_every_row"
Record = Callable[[], Result]


def execute(environment: Environment, statement: str) -> None:
    with connect_to(environment) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def newest(environment: Environment) -> str:
    [(found,)] = query(environment, "select invocation_id from operations.invocations order by started_at desc limit 1")
    return str(found)


@pytest.fixture(scope="module")
def recorded(load: Callable[..., Environment]) -> Environment:
    """A database with a load, in which builds are recorded."""
    return load(DATA / "plans.csv")


@pytest.fixture(scope="module")
def record(recorded: Environment, dbt_folder: Path) -> Record:
    """Record the last call of dbt."""
    variables = {**recorded, "PGHOSTADDR": None, "PGSERVICE": None, "DBT_TARGET": None}
    return lambda: CliRunner(env=variables).invoke(main, ["record", "--target-path", str(dbt_folder / "target")])


def test_a_build_is_recorded_once(recorded: Environment, dbt: Dbt, record: Record) -> None:
    dbt(recorded, *BUILD)
    result = record()
    assert result.exit_code == 0, result.output
    assert result.output.startswith("Recorded: dbt build of ") and "succeeded (4 models, " in result.output
    again = record()
    assert (again.exit_code, again.output) == (0, result.output.replace("Recorded", "Recorded already"))
    built = query(
        recorded,
        """
        select
            model_name, schema_name, status, rows_affected, seconds > 0,
            invocation_status, command, target_name, invocation_seconds >= seconds
        from marts.build_history order by model_name
        """,
    )
    assert built == [
        (name, schema, "success", rows, True, "succeeded", "build", "ci", True)
        for name, schema, rows in (
            ("build_history", "marts", None),
            ("load_history", "marts", 1),
            ("stg_loader__loads", "staging", None),
            ("test_history", "marts", None),
        )
    ]
    tested = query(
        recorded,
        f"""
        select model_name, resource_type, severity, status, failures from marts.test_history
        where test_name in ('{TEST}', 'test_history_tells_since_when_a_test_fails') order by model_name
        """,
    )
    assert tested == [
        ("load_history", "test", "error", "pass", 0),
        ("test_history", "unit_test", "error", "pass", 0),
    ]


def test_failing_tests_and_models_are_told_and_since_when(recorded: Environment, dbt: Dbt, record: Record) -> None:
    failing = f"""
        select status, failures, failing_since is not null, count(*) over (partition by failing_since)
        from marts.test_history where test_name = '{TEST}' order by started_at
    """

    def build_badly() -> None:
        with pytest.raises(pytest.fail.Exception):
            dbt(recorded, *BUILD, *NO_UNIT_TESTS)
        result = record()
        assert result.exit_code == 0 and " failed (4 models, " in result.output, result.output

    execute(recorded, "update loader.loads set rows_read = rows_read + 1")
    build_badly()
    statuses = "select distinct invocation_status, command from marts.build_history where invocation_id = '{}'"
    assert query(recorded, statuses.format(newest(recorded))) == [("failed", "build")]
    assert query(recorded, failing) == [("pass", 0, False, 1), ("fail", 1, True, 1)]

    execute(recorded, "alter table loader.loads rename column bytes to octets")
    build_badly()
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
    assert record().exit_code == 0
    assert query(recorded, failing)[-1][:3] == ("pass", 0, False)


def test_old_records_go(recorded: Environment, dbt: Dbt, record: Record) -> None:
    execute(recorded, "update operations.invocations set started_at = started_at - interval '401 days'")
    dbt(recorded, "test", "--write-json", "--select", TEST)
    assert record().exit_code == 0
    assert query(recorded, "select command, model_name from marts.build_history") == [("test", None)]
    assert query(recorded, "select count(*) from operations.test_results") == [(1,)]


def test_what_builds_nothing_here_is_not_recorded(
    recorded: Environment, dbt: Dbt, dbt_folder: Path, record: Record, tmp_path: Path
) -> None:
    last = newest(recorded)
    dbt(recorded, "compile", "--write-json", "--select", "load_history")
    result = record()
    assert (result.exit_code, result.output) == (
        1,
        "Error: The last call of dbt was `dbt compile`, which builds nothing.\n",
    )
    manifest = dbt_folder / "target" / "manifest.json"
    content = json.loads(manifest.read_text())
    content["metadata"]["adapter_type"] = "duckdb"
    (tmp_path / "manifest.json").write_text(json.dumps(content))
    (tmp_path / "run_results.json").write_bytes((dbt_folder / "target" / "run_results.json").read_bytes())
    for words, folder in (("was on duckdb.", tmp_path), ("has left no results in", tmp_path / "nowhere")):
        missing = CliRunner(env={**recorded}).invoke(main, ["record", "--target-path", str(folder)])
        assert missing.exit_code == 1 and words in missing.output, missing.output
    assert newest(recorded) == last
