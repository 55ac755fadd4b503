"""In PostgreSQL a table with a contract is made in parallel: as the contract says, and whole or not at all."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Environment
from tests.project.conftest import query, write_small_project
from tests.run_dbt import start_dbt

COLUMNS: list[dict[str, Any]] = [
    {"name": "id", "data_type": "integer", "description": "It's a key."},
    {"name": "Order", "quote": True, "data_type": "text", "constraints": [{"type": "not_null"}, {"type": "unique"}]},
    {
        "name": "amount",
        "data_type": "numeric(6, 2)",
        "constraints": [{"type": "not_null"}, {"type": "check", "name": "left_out", "expression": "amount >= 0"}],
    },
    {
        "name": "parent_id",
        "data_type": "BIGINT",
        "constraints": [{"type": "foreign_key", "to": "ref('parents')", "to_columns": ["id"]}],
    },
    {"name": "made_at", "data_type": "timestamptz"},
]
CONSTRAINTS: list[dict[str, Any]] = [
    {"type": "primary_key", "columns": ["id"]},
    {"type": "unique", "columns": ["parent_id", "amount"], "expression": "nulls not distinct"},
    {"type": "check", "name": "id_is_positive", "expression": "id > 0"},
]
# What dbt makes by its own way: columns that say more than a constraint, and types that a cast would cut.
BY_DBT: dict[str, list[dict[str, Any]]] = {
    "defaulted": [
        {"name": "more", "data_type": "integer", "constraints": [{"type": "custom", "expression": "default 7"}]}
    ],
    "cut": [{"name": "more", "data_type": "varchar(3)"}],
}
MODELS: list[dict[str, Any]] = [
    {
        "name": "parents",
        "columns": [{"name": "id", "data_type": "bigint"}],
        "constraints": [{"type": "primary_key", "columns": ["id"]}],
    },
    {"name": "contracted", "description": "It's a table.", "columns": COLUMNS, "constraints": CONSTRAINTS},
    *({"name": name, "columns": [*COLUMNS, *more], "constraints": CONSTRAINTS} for name, more in BY_DBT.items()),
    {
        "name": "kept",
        "columns": [{"name": "id", "data_type": "integer"}, {"name": "amount", "data_type": "numeric(6, 2)"}],
        "constraints": [
            {"type": "primary_key", "columns": ["id"]},
            {"type": "check", "expression": "amount > 0"},
        ],
    },
    {
        "name": "named",
        "columns": [{"name": "id", "data_type": "integer"}],
        "constraints": [{"type": "primary_key", "name": "given_name", "columns": ["id"]}],
    },
]
# Not in the order of the contract, and with more digits and another collation than it has.
ROW = {
    "made_at": "cast('2025-01-31 10:00+00' as timestamptz)",
    "id": "number",
    "amount": "number + 0.005",
    "parent_id": "cast(1 as bigint)",
    '"Order"': 'cast(number as text) collate "C"',
}

# Builds models, of which the text by name is given, and returns the result of each.
Build = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def database_of_module(new_database: Callable[[], Environment]) -> Environment:
    return new_database()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small dbt project with this one's macros."""
    models = [{**model, "config": {"contract": {"enforced": True}}} for model in MODELS]
    return write_small_project(tmp_path_factory.mktemp("small"), models)


@pytest.fixture(scope="module")
def build(folder: Path, database_of_module: Environment) -> Iterator[Build]:
    environment = {**os.environ, **database_of_module}
    options = ["--profiles-dir", str(folder), "--target", "ci", "--log-path", str(folder / "logs")]
    with start_dbt(folder, ["parse", "--quiet", *options], environment) as run_dbt:

        def run(models: dict[str, str], *arguments: str) -> dict[str, dict[str, Any]]:
            for name, text in models.items():
                (folder / "models" / f"{name}.sql").write_text(text)
            (folder / "target" / "run_results.json").unlink(missing_ok=True)
            run_dbt(["run", *options, *arguments, "--select", *models], environment, folder / "output")
            results = json.loads((folder / "target" / "run_results.json").read_text())["results"]
            return {result["unique_id"].split(".")[-1]: result for result in results}

        yield run


@pytest.fixture
def ask(database_of_module: Environment) -> Callable[[str], list[tuple[Any, ...]]]:
    """Return the rows of a query."""
    return lambda statement: query(database_of_module, statement)


Ask = Callable[[str], list[tuple[Any, ...]]]


def statuses(results: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {name: result["status"] for name, result in results.items()}


def as_table(changed: dict[str, str] | None = None, **options: Any) -> str:
    """A model of three rows of the contract, in which some columns are others."""
    settings = "".join(f", {name}={value!r}" for name, value in options.items())
    columns = ", ".join(f"{text} as {name}" for name, text in {**ROW, **(changed or {})}.items())
    return f"{{{{ config(materialized='table'{settings}) }}}} select {columns} from generate_series(1, 3) as number"


FIRST = {
    "parents": "{{ config(materialized='table') }} select cast(1 as bigint) as id",
    "contracted": as_table(unlogged=True, indexes=[{"columns": ["made_at"]}]),
    "defaulted": as_table({"more": "number"}),
    "cut": as_table({"more": "cast('abc' as text)"}),
}


def described(ask: Ask, name: str) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """Columns and constraints of a table, with its name left out of theirs."""
    columns = ask(
        "select attname, format_type(atttypid, atttypmod), attnotnull, attcollation::regcollation::text "
        f"from pg_attribute where attrelid = 'marts.{name}'::regclass and attnum > 0 order by attnum"
    )
    constraints = ask(
        f"select replace(conname, '{name}', ''), pg_get_constraintdef(oid) "
        f"from pg_constraint where conrelid = 'marts.{name}'::regclass order by 1"
    )
    return columns, constraints


def test_a_table_is_made_as_its_contract_says(build: Build, ask: Ask, folder: Path) -> None:
    for _ in range(2):
        results = build(FIRST)
        assert statuses(results) == dict.fromkeys(FIRST, "success")
        rows = {name: result["adapter_response"]["rows_affected"] for name, result in results.items()}
        assert rows == {"parents": 1, "contracted": 3, "defaulted": 3, "cut": 3}
    made = {name: (folder / "target" / "run" / "small" / "models" / f"{name}.sql").read_text() for name in FIRST}
    assert re.search(r"create unlogged table \S+ as\s+select", made["contracted"])
    assert {name for name, statement in made.items() if "insert into" in statement} == set(BY_DBT)

    columns, constraints = described(ask, "contracted")
    assert columns == [
        ("id", "integer", True, "-"),
        ("Order", "text", True, '"default"'),
        ("amount", "numeric(6,2)", True, "-"),
        ("parent_id", "bigint", False, "-"),
        ("made_at", "timestamp with time zone", False, "-"),
    ]
    assert {definition for _, definition in constraints if "NOT NULL" not in definition} == {
        "PRIMARY KEY (id)",
        'UNIQUE ("Order")',
        "UNIQUE NULLS NOT DISTINCT (parent_id, amount)",
        "CHECK ((amount >= (0)::numeric))",
        "CHECK ((id > 0))",
        "FOREIGN KEY (parent_id) REFERENCES marts.parents(id)",
    }
    assert "id_is_positive" in dict(constraints)
    for name in BY_DBT:
        other_columns, other_constraints = described(ask, name)
        assert (other_columns[:-1], other_constraints) == (columns, constraints)

    moment = datetime(2025, 1, 31, 10, tzinfo=UTC)
    assert ask("select * from marts.contracted order by id") == [
        (number, str(number), Decimal(f"{number}.01"), 1, moment) for number in (1, 2, 3)
    ]
    assert ask("select relpersistence from pg_class where oid = 'marts.contracted'::regclass") == [("u",)]
    assert len(ask("select from pg_indexes where tablename = 'contracted' and indexdef like '%(made_at)'")) == 1
    comments = "select obj_description(number), col_description(number, 1) from (values ('marts.contracted'::regclass))"
    assert ask(f"{comments} as tables (number)") == [("It's a table.", "It's a key.")]


@pytest.mark.parametrize(
    ("model", "column", "text", "said"),
    [
        ("contracted", "id", "nullif(number, 2)", 'column "id" of relation "contracted__dbt_tmp" contains null values'),
        ("contracted", "id", "number / 2 + 1", "Key (id)=(2) is duplicated"),
        ("contracted", '"Order"', "cast(null as text)", 'column "Order"'),
        ("contracted", "amount", "number - 1.5", "amount_check"),
        ("contracted", "amount", "number * 4000.0", "numeric field overflow"),
        ("contracted", "id", "number - 1", "id_is_positive"),
        ("contracted", "parent_id", "cast(number as bigint)", "Key (parent_id)=(2) is not present"),
        ("contracted", "made_at", "current_date", "data type mismatch"),
        ("contracted", "more", "number", "missing in contract"),
        ("cut", "more", "cast('abcd' as text)", "value too long for type character varying(3)"),
    ],
)
def test_a_row_that_breaks_the_contract_fails_the_model_and_leaves_what_was_there(
    build: Build, ask: Ask, model: str, column: str, text: str, said: str
) -> None:
    before = f"select 'marts.{model}'::regclass::oid, count(*), (select count(*) from pg_tables) from marts.{model}"
    if not ask(f"select from pg_tables where tablename = '{model}'"):
        build(FIRST)
    found = ask(before)
    result = build({model: as_table({column: text})})[model]
    assert result["status"] == "error"
    assert said in result["message"]
    assert ask(before) == found


def test_a_key_has_the_name_that_the_contract_gives_it(build: Build, ask: Ask) -> None:
    result = build({"named": "{{ config(materialized='table') }} select 1 as id"})
    assert statuses(result) == {"named": "success"}
    assert ask("select conrelid::regclass::text, contype from pg_constraint where conname = 'given_name'") == [
        ("marts.named", "p")
    ]


def test_an_incremental_table_keeps_its_contract(build: Build, ask: Ask) -> None:
    def keep(number: int, amount: str, *arguments: str) -> tuple[str, int | None]:
        settings = "materialized='incremental', unique_key='id', on_schema_change='append_new_columns'"
        text = f"select {amount} as amount, id from unnest(array[1, {number}]) as ids (id)"
        result = build({"kept": f"{{{{ config({settings}) }}}} {text}"}, *arguments)["kept"]
        return result["status"], result["adapter_response"].get("rows_affected")

    def rows() -> list[tuple[Any, ...]]:
        return ask("select id, amount from marts.kept order by id")

    assert keep(2, "1.005") == ("success", 2)
    contract = described(ask, "kept")
    assert keep(3, "2.005") == ("success", 2)
    kept = [(1, Decimal("2.01")), (2, Decimal("1.01")), (3, Decimal("2.01"))]
    assert rows() == kept
    assert keep(4, "-1.0")[0] == keep(4, "-1.0", "--full-refresh")[0] == "error"
    assert (rows(), described(ask, "kept")) == (kept, contract)
    assert keep(4, "3.0", "--full-refresh") == ("success", 2)
    assert rows() == [(1, Decimal("3.00")), (4, Decimal("3.00"))]
