"""Fixtures that all tests share: one embedded server a run, a fresh database a test, the command line."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from loaders.cli import main
from loaders.contract import Contract, read_contract
from loaders.database import SERVER_VARIABLES, connect
from loaders.project import Project, find_project
from loaders.schema import init_schema
from loaders.server import EmbeddedServer

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data"
_numbers = itertools.count(1)

# A shell that runs the tests in the background has Ctrl-C ignored, and the programs under test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

Loader = Callable[..., Result]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that take longest first, so that no process waits for another at the end."""
    items.sort(key=lambda item: item.path.parent.name != "project")


@pytest.fixture(scope="session")
def project() -> Project:
    """This project."""
    return find_project(ROOT)


@pytest.fixture(scope="session")
def contract(project: Project) -> Contract:
    """This project's contract."""
    return read_contract(project)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """An embedded server of the test run alone."""
    embedded = EmbeddedServer(tmp_path_factory.mktemp("server"))
    embedded.start()
    yield embedded
    embedded.stop()


@pytest.fixture(scope="session")
def new_database(server: EmbeddedServer) -> Callable[[], dict[str, str]]:
    """Make an empty database and return libpq's variables for it."""

    def make() -> dict[str, str]:
        name = f"test_{next(_numbers)}"
        variables = server.environment()
        with psycopg.connect(
            host=variables["PGHOST"],
            port=variables["PGPORT"],
            user=variables["PGUSER"],
            dbname="postgres",
            autocommit=True,
        ) as connection:
            connection.execute(f"create database {name}")
        return {**variables, "PGDATABASE": name}

    return make


@pytest.fixture
def database(new_database: Callable[[], dict[str, str]], monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An empty database that the environment leads to."""
    variables = new_database()
    for name in (*SERVER_VARIABLES, "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return variables


@pytest.fixture
def connection(database: dict[str, str], project: Project, contract: Contract) -> Iterator[psycopg.Connection[Any]]:
    """A connection to a database with the contract's tables."""
    with connect(project, autocommit=True) as opened:
        init_schema(opened, contract)
        yield opened


@pytest.fixture
def loader(database: dict[str, str]) -> Loader:
    """Run the command line in this process, on the test's database."""

    def run(*arguments: object, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)

    return run
