"""Fixtures that all tests share: one embedded server a run, a fresh database a test, the command line."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from loaders.cli import main
from loaders.contract.sources_yml import read_contract
from loaders.contract.tables import Contract
from loaders.destinations.postgres.connection import SERVER_VARIABLES, connect
from loaders.destinations.postgres.destination import Postgres
from loaders.embedded.server import EmbeddedServer
from loaders.operations.builds import read_build, record_build
from loaders.project import Project, find_project
from tests.run_dbt import start_dbt

ROOT = Path(__file__).parent.parent
# A dozen customers get names of RFM.
FEW_BUYERS = "rfm_min_buyers: 3"
DATA = ROOT / "tests" / "data"
UNDER_DBT = "under_dbt"
# For files that are mostly mistakes.
ANY_AMOUNT = ("--max-rejected-amount", "100%")
_numbers = itertools.count(1)

# A shell that runs the tests in the background has Ctrl-C ignored, and the programs under test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

Loader = Callable[..., Result]
Environment = dict[str, str]
Dbt = Callable[..., str]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that need a database, and run the longest ones first so that no process waits at the end."""
    for item in items:
        if isinstance(item, pytest.Function) and "server" in item.fixturenames:
            item.add_marker(pytest.mark.database)
    longest = ("test_build.py", "test_engines.py", "test_slices.py", "test_sources.py")
    items.sort(
        key=lambda item: (
            longest.index(item.path.name) if item.path.name in longest else len(longest),
            item.path.parent.name != "project",
        )
    )


@pytest.fixture(scope="session")
def project() -> Project:
    """This project."""
    return find_project(ROOT)


@pytest.fixture(scope="session")
def contract(project: Project) -> Contract:
    """This project's contract."""
    return read_contract(project)


def connect_to(environment: Environment) -> psycopg.Connection[Any]:
    """Connect to the database that the variables lead to."""
    return psycopg.connect(
        host=environment["PGHOST"],
        port=environment["PGPORT"],
        user=environment["PGUSER"],
        dbname=environment["PGDATABASE"],
        autocommit=True,
    )


def connect_to_server(environment: Environment) -> psycopg.Connection[Any]:
    """Connect to the database postgres, where others can be made."""
    return connect_to({**environment, "PGDATABASE": "postgres"})


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """An embedded server of the test run alone, which need not survive a crash of the machine."""
    embedded = EmbeddedServer(tmp_path_factory.mktemp("server"))
    embedded.start()
    with connect_to_server(embedded.environment()) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"alter system set {setting} = off")
        connection.execute("select pg_reload_conf()")
    yield embedded
    embedded.stop()


@pytest.fixture(scope="session")
def new_database(server: EmbeddedServer) -> Callable[..., Environment]:
    """Make a database, empty or a copy of another one, and return libpq's variables for it."""

    def make(template: str = "template1") -> Environment:
        name = f"test_{next(_numbers)}"
        with connect_to_server(server.environment()) as admin:
            admin.execute(f"create database {name} template {template} strategy file_copy")
        return {**server.environment(), "PGDATABASE": name}

    return make


@pytest.fixture(scope="session")
def with_tables(new_database: Callable[..., Environment], contract: Contract) -> str:
    """The name of a database with the contract's tables: to copy it takes half the time of making them."""
    environment = new_database()
    with connect_to(environment) as opened:
        Postgres(opened).init_schema(contract)
    connect_to(environment).close()  # this writes PostgreSQL's own cache, which the copies get, too
    return environment["PGDATABASE"]


@pytest.fixture
def database(
    request: pytest.FixtureRequest, new_database: Callable[..., Environment], monkeypatch: pytest.MonkeyPatch
) -> Environment:
    """A database that the environment leads to: empty, or with the contract's tables if the test has a connection."""
    has_tables = "connection" in request.fixturenames
    variables = new_database(request.getfixturevalue("with_tables")) if has_tables else new_database()
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
def loader(database: dict[str, str]) -> Loader:
    """Run the command line in this process, on the test's database."""

    def run(*arguments: object, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(main, [str(argument) for argument in arguments], input=stdin)

    return run


@pytest.fixture(scope="session")
def dbt_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt writes."""
    return tmp_path_factory.mktemp("dbt")


@contextmanager
def called_as_before(environment: Environment) -> Iterator[Environment]:
    """Give a database the name that all have under dbt: with another, dbt reads the whole project again, for 10 s."""
    own = environment["PGDATABASE"]
    if own == UNDER_DBT:
        yield environment
        return
    with connect_to_server(environment) as connection:
        try:
            connection.execute(f"alter database {own} rename to {UNDER_DBT}")
        except (psycopg.errors.ObjectInUse, psycopg.errors.InsufficientPrivilege):  # by a pool of connections, say
            yield environment
            return
        try:
            yield {**environment, "PGDATABASE": UNDER_DBT}
        finally:
            connection.execute(f"alter database {UNDER_DBT} rename to {own}")


@pytest.fixture(scope="session")
def dbt(dbt_folder: Path, server: EmbeddedServer) -> Iterator[Dbt]:
    """Run dbt on a database, with the connection as `profiles.yml.example` says; fail with its output if it fails."""
    folder = dbt_folder
    (folder / "profiles.yml").write_text((ROOT / "profiles.yml.example").read_text())
    # Neither dbt's log of all it does nor its artifacts, which take a tenth of the time, are looked at.
    unread = ["--log-level-file", "none", "--no-write-json"]
    # For another database or target dbt reads the whole project again, for 10 s. What it read for each stays in its own
    # folder.
    targets: dict[tuple[str, ...], Path] = {}

    def command(environment: Environment, *arguments: str) -> list[str]:
        told = [value for option, value in itertools.pairwise(arguments) if option == "--target"]
        known = (environment["PGDATABASE"], *told)
        target = targets.setdefault(known, folder / f"target_{len(targets)}" if targets else folder / "target")
        options = ["--profiles-dir", folder, "--target", "ci", "--target-path", target]
        parts = ["--log-path", folder / "logs", arguments[0], *unread, *options, *arguments[1:]]
        return [str(part) for part in parts]

    usual = {**server.environment(), "PGDATABASE": UNDER_DBT}
    with start_dbt(ROOT, command(usual, "parse", "--quiet"), {**os.environ, **usual}) as run_dbt:

        def run(environment: Environment, *arguments: str) -> str:
            with called_as_before(environment) as variables:
                failed = run_dbt(command(variables, *arguments), {**os.environ, **variables}, folder / "output")
            output = (folder / "output").read_text()
            if failed:
                summary = output.rfind("Completed with")  # names what failed and why; before it, all that passed
                pytest.fail(output[summary:] if summary >= 0 else output[-10_000:])
            return output

        yield run


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
def built(load: Callable[..., Environment], dbt: Dbt, dbt_folder: Path, project: Project) -> Environment:
    """A database with the marts of the small files in `tests/data/`, built by dbt; one test runs dbt's tests on it.

    The files have a dozen customers, who are given names of RFM nevertheless.
    """
    environment = load(DATA)
    left_out = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    dbt(environment, "build", *left_out, "--write-json", "--vars", FEW_BUYERS)
    with connect_to(environment) as connection:
        record_build(connection, project, read_build(project, dbt_folder / "target"))
    # Kept, because the next call of dbt on another database writes over them.
    for name in ("manifest.json", "semantic_manifest.json"):
        (dbt_folder / "built" / "target").mkdir(parents=True, exist_ok=True)
        shutil.copy(dbt_folder / "target" / name, dbt_folder / "built" / "target")
    return environment


@pytest.fixture(scope="session")
def built_project(built: Environment, dbt_folder: Path) -> Path:
    """The folder of a dbt project with the artifacts of `built`, for tools that read them."""
    for file in (ROOT / "dbt_project.yml", dbt_folder / "profiles.yml"):
        shutil.copy(file, dbt_folder / "built")
    return dbt_folder / "built"
