"""Fixtures that build the marts with dbt."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from loaders.cli import main
from tests.conftest import DATA, ROOT

Environment = dict[str, str]
Dbt = Callable[..., str]


@pytest.fixture(scope="session")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """Run dbt on a database, with the connection as `profiles.yml.example` says; fail with its output if it fails."""
    folder = tmp_path_factory.mktemp("dbt")
    (folder / "profiles.yml").write_text((ROOT / "profiles.yml.example").read_text())

    def run(environment: Environment, *arguments: str) -> str:
        options = ["--profiles-dir", folder, "--target", "ci", "--target-path", folder / "target"]
        command = [Path(sys.executable).with_name("dbt"), "--log-path", folder / "logs"]
        command += [arguments[0], *options, *arguments[1:]]
        result = subprocess.run(
            list(map(str, command)), cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True
        )
        if result.returncode:
            summary = result.stdout.rfind("Completed with")  # names what failed and why; before it, all that passed
            pytest.fail(result.stdout[summary:] if summary >= 0 else result.stdout[-10_000:])
        return result.stdout

    return run


@pytest.fixture(scope="session")
def copy_more() -> Callable[..., None]:
    """Load files into a database with the loader."""

    def run(environment: Environment, *paths: Path) -> None:
        arguments = ["copy", *map(str, paths)] if paths else ["init"]
        result = CliRunner(env={**environment, "PGHOSTADDR": None, "PGSERVICE": None}).invoke(main, arguments)
        assert result.exit_code == 0, result.output

    return run


@pytest.fixture(scope="session")
def load(new_database: Callable[[], Environment], copy_more: Callable[..., None]) -> Callable[..., Environment]:
    """Load files into a new database with the loader and return the variables that lead there."""

    def run(*paths: Path) -> Environment:
        environment = new_database()
        copy_more(environment, *paths)
        return environment

    return run


@pytest.fixture(scope="session")
def built(load: Callable[..., Environment], dbt: Dbt) -> Environment:
    """A database with the marts of the small files in `tests/data/`, built and tested by dbt."""
    environment = load(DATA)
    dbt(environment, "build")
    return environment


def query(environment: Environment, statement: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    with psycopg.connect(
        host=environment["PGHOST"],
        port=environment["PGPORT"],
        user=environment["PGUSER"],
        dbname=environment["PGDATABASE"],
    ) as connection:
        return connection.execute(statement).fetchall()  # type: ignore[arg-type]
