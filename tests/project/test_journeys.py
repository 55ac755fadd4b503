"""The stages of users against another route, past moments, and the rollups built in steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from loaders.cli import main
from tests.project.conftest import Dbt, Environment, query
from tests.project.journey_histories import Fact, find_stages, make_facts, write_files

Load = Callable[..., Environment]
Rows = list[tuple[object, ...]]

# A moment within a day, the first of a day, and the end.
MOMENTS = [
    datetime(2024, 4, 17, 13, 30, tzinfo=UTC),
    datetime(2024, 8, 1, 0, 0, tzinfo=UTC),
    datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC),
]


def copy(environment: Environment, *paths: Path) -> None:
    variables = {**environment, "PGHOSTADDR": None, "PGSERVICE": None}
    result = CliRunner(env=variables).invoke(main, ["copy", *map(str, paths)])
    assert result.exit_code == 0, result.output


def stages(environment: Environment, source: str) -> Rows:
    return sorted(query(environment, f"select user_id, stage, entered_by, valid_from from {source}"))


@pytest.fixture(scope="module")
def facts() -> list[Fact]:
    return make_facts(users=300, seed=6)


@pytest.fixture(scope="module")
def grown(
    load: Load, dbt: Dbt, facts: list[Fact], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Environment, dict[datetime, Rows]]:
    """A database that grew from moment to moment, and the stages that the build of each moment found."""
    environment = load()
    found: dict[datetime, Rows] = {}
    for moment in MOMENTS:
        copy(environment, *write_files(facts, moment, tmp_path_factory.mktemp("journeys"), seed=1))
        options = ["--resource-type", "seed", "--resource-type", "model"]
        dbt(environment, "build", *options, "--select", "+path:models/marts/journeys")
        found[moment] = stages(environment, "marts.journey_stage_history where is_current")
    return environment, found


def test_stages_equal_those_found_without_sql(
    grown: tuple[Environment, dict[datetime, Rows]], facts: list[Fact]
) -> None:
    _, found = grown
    for moment in MOMENTS:
        assert found[moment] == sorted((user, *stage) for user, stage in find_stages(facts, moment).items())


def test_past_stages_equal_the_build_of_what_was_known_by_then(
    grown: tuple[Environment, dict[datetime, Rows]], dbt: Dbt
) -> None:
    environment, found = grown
    output = dbt(
        environment,
        *("compile", "--quiet", "--output", "json", "--select", "journey_stages_as_of"),
        *("--vars", json.dumps({"as_of_moment": "the moment"})),
    )
    analysis = json.loads(output)["compiled"].replace('"under_dbt".', "")  # as all databases are called under dbt
    for moment in MOMENTS:
        assert stages(environment, f"({analysis.replace('the moment', str(moment))}) as as_of") == found[moment]
