"""In DuckDB a build replaces tables and views in place: whole or not at all, with their contracts and descriptions."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.project.conftest import write_small_project
from tests.run_dbt import start_dbt

# The last of many rows fails.
FAILS_LATE = "select case when range < 99999 then range else error('too late') end as id from range(100000)"

# Builds models, of which the text by name is given, and returns the status of each.
Build = Callable[[dict[str, str]], dict[str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small dbt project with this one's macros."""
    columns = [
        {"name": "id", "data_type": "integer", "description": "It's a key.", "constraints": [{"type": "not_null"}]},
        {"name": "name", "data_type": "text", "description": "A \"name\"; 'quoted'."},
    ]
    contract = {"enforced": True}
    models: list[dict[str, Any]] = [
        {"name": "contracted", "description": "It's a table.", "columns": columns, "config": {"contract": contract}},
        {
            "name": "described",
            "description": "Without a contract.",
            "columns": [{"name": "id", "description": "A key."}],
        },
    ]
    models[0]["constraints"] = [{"type": "primary_key", "columns": ["id"]}]
    return write_small_project(tmp_path_factory.mktemp("small"), models)


@pytest.fixture(scope="module")
def build(folder: Path) -> Iterator[Build]:
    environment = {**os.environ, "DUCKDB_PATH": str(folder / "small.duckdb")}
    options = ["--profiles-dir", str(folder), "--target", "duckdb", "--log-path", str(folder / "logs")]
    with start_dbt(folder, ["parse", "--quiet", *options], environment) as run_dbt:

        def run(models: dict[str, str]) -> dict[str, str]:
            for name, text in models.items():
                (folder / "models" / f"{name}.sql").write_text(text)
            (folder / "target" / "run_results.json").unlink(missing_ok=True)
            run_dbt(["run", *options, "--select", *models], environment, folder / "output")
            results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
            return {result["unique_id"].split(".")[-1]: result["status"] for result in results}

        yield run


@pytest.fixture
def ask(folder: Path) -> Callable[[str], list[tuple[Any, ...]]]:
    """Return the rows of a query."""

    def run(query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(folder / "small.duckdb", read_only=True) as database:
            return database.execute(query).fetchall()

    return run


def as_table(query: str, **options: str) -> str:
    settings = "".join(f", {name}={value!r}" for name, value in options.items())
    return f"{{{{ config(materialized='table'{settings}) }}}} {query}"


def as_view(query: str) -> str:
    return f"{{{{ config(materialized='view') }}}} {query}"


Ask = Callable[[str], list[tuple[Any, ...]]]
KINDS = "select table_name, table_type from information_schema.tables where table_schema = 'marts' order by 1"


def test_a_model_that_fails_leaves_what_was_there(build: Build, ask: Ask) -> None:
    first = {
        "contracted": as_table("select 1 as id, 'first' as name"),
        "listed": as_table("select 1 as id"),
        "hooked": as_table("select 1 as id"),
        "seen": as_view("select 1 as id"),
        "table_to_view": as_table("select 1 as id"),
        "view_to_table": as_view("select 1 as id"),
    }
    assert set(build(first).values()) == {"success"}
    kinds = ask(KINDS)
    missing = "select * from missing"
    attempts = (
        {
            "contracted": as_table("select 2 as id, 'twice' as name from range(2)"),
            "listed": as_table(FAILS_LATE),
            "hooked": as_table("select 2 as id", post_hook=missing),
            "seen": as_view(missing),
            "table_to_view": as_view(missing),
            "view_to_table": as_table(FAILS_LATE),
        },
        {
            "contracted": as_table("select cast(null as integer) as id, 'no key' as name"),
            "hooked": as_table("select 2 as id", pre_hook=missing),
        },
        {"contracted": as_table("select 2 as id, 'more' as name, 1 as more")},
        {"contracted": as_table("select 2 as id, current_date as name")},
    )
    for attempt in attempts:
        assert build(attempt) == dict.fromkeys(attempt, "error")
        assert ask(KINDS) == kinds
        assert [ask(f"select id from marts.{name}") for name in first] == [[(1,)]] * len(first)


def test_a_table_can_become_a_view_and_a_view_a_table(build: Build, ask: Ask) -> None:
    for number, is_view in enumerate((True, False, False, True, True, False)):
        query = f"select {number} as id"
        assert build({"changing": as_view(query) if is_view else as_table(query)}) == {"changing": "success"}
        assert ask("select id from marts.changing") == [(number,)]
        assert ("changing", "VIEW" if is_view else "BASE TABLE") in ask(KINDS)


def test_constraints_and_descriptions_are_those_of_the_last_build(build: Build, ask: Ask) -> None:
    models = {
        "contracted": as_table("select 1 as id, 'first' as name"),
        "described": as_table("select 1 as id"),
    }
    for _ in range(2):
        assert build(models) == dict.fromkeys(models, "success")
    constraints = (
        "select constraint_type, constraint_column_names from duckdb_constraints() where table_name = 'contracted'"
    )
    assert sorted(ask(f"select distinct * from ({constraints})")) == [("NOT NULL", ["id"]), ("PRIMARY KEY", ["id"])]
    assert ask("select table_name, comment from duckdb_tables() where comment is not null order by 1") == [
        ("contracted", "It's a table."),
        ("described", "Without a contract."),
    ]
    assert ask(
        "select table_name, column_name, comment from duckdb_columns() where comment is not null order by 1, 2"
    ) == [
        ("contracted", "id", "It's a key."),
        ("contracted", "name", "A \"name\"; 'quoted'."),
        ("described", "id", "A key."),
    ]
