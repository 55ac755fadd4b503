"""Fixtures of the loader's tests."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.contract.tables import Contract
from loaders.destinations.postgres.connection import SERVER_VARIABLES, connect
from loaders.destinations.postgres.destination import Postgres
from loaders.embedded.server import EmbeddedServer
from loaders.project import Project
from tests.conftest import ROOT, Environment, connect_to, connect_to_server

SOURCES = ROOT / "models" / "staging"
# The project's own sources; the others are exports of other programs.
OWN = ("shop", "journey", "subscriptions", "loader")


@pytest.fixture(scope="session")
def copy_database(server: EmbeddedServer) -> Callable[[str], Environment]:
    """Make a copy of a database and return libpq's variables for it."""
    numbers = itertools.count(1)

    def copy(template: str) -> Environment:
        name = f"copy_{next(numbers)}"
        with connect_to_server(server.environment()) as admin:
            admin.execute(f"create database {name} template {template} strategy file_copy")
        return {**server.environment(), "PGDATABASE": name}

    return copy


@pytest.fixture(scope="session")
def with_tables(new_database: Callable[[], Environment], contract: Contract) -> str:
    """The name of a database with the contract's tables: to copy it takes half the time of making them."""
    environment = new_database()
    with connect_to(environment) as opened:
        Postgres(opened).init_schema(contract)
    connect_to(environment).close()  # this writes PostgreSQL's own cache, which the copies get, too
    return environment["PGDATABASE"]


@pytest.fixture
def database(
    request: pytest.FixtureRequest, copy_database: Callable[[str], Environment], monkeypatch: pytest.MonkeyPatch
) -> Environment:
    """A database that the environment leads to: empty, or with the contract's tables if the test has a connection."""
    has_tables = "connection" in request.fixturenames
    variables = copy_database(request.getfixturevalue("with_tables") if has_tables else "template1")
    for name in (*SERVER_VARIABLES, "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def connection(database: Environment, project: Project) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with the contract's tables."""
    with connect(project, autocommit=True) as opened:
        yield opened


@pytest.fixture
def own_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of the test alone, in which the command line works.

    Of the contract it has the project's own sources: the exports of other programs would be half of the tables.
    """
    folder = tmp_path / "project"
    copy_files(folder, ROOT / "dbt_project.yml", *(SOURCES / name / f"_{name}__sources.yml" for name in OWN))
    monkeypatch.setenv("LOADER_PROJECT_DIR", str(folder))
    return folder


@pytest.fixture
def whole_contract(own_project: Path) -> None:
    """The project folder has the whole contract."""
    copy_files(own_project, *SOURCES.glob("*/_*__sources.yml"))


def copy_files(folder: Path, *files: Path) -> None:
    for file in files:
        copy = folder / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


@pytest.fixture
def spawn(database: dict[str, str], own_project: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command line as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "loaders.cli", *map(str, arguments)]
        process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
