"""All SQL that dbt would run on Snowflake, BigQuery, Redshift and Databricks is compiled by their adapters and read.

No warehouse is asked: nothing was ever run there. `docs/warehouses.md` says what that is worth.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.schema import MappingSchema

from tests.conftest import ROOT
from tests.project.warehouse_sql import FUNCTIONS, add_types, column_types, mismatches, mistakes

PYTHON = ROOT / ".venv-warehouses" / "bin" / "python"
WAREHOUSES = tuple(FUNCTIONS)
# What profiles.yml.example wants, and that nothing looks at.
SETTINGS = dict.fromkeys(
    re.findall(r"env_var\('([A-Z_]+)'\)", (ROOT / "profiles.yml.example").read_text()), "analytics"
)
# As the loader's Parquet files have them, in BigQuery.
TYPES = {"text": "string", "jsonb": "string", "timestamptz": "timestamp", "numeric": "bignumeric", "bytea": "bytes"}
LOADED = {"_load_id": "bigint", "_line": "bigint", "_loaded_at": "timestamp", "_extra": "string"}

MEDIAN = "percentile_cont(0.5) within group (order by {0}) as median_{0}"

Report = dict[str, Any]

pytestmark = pytest.mark.skipif(
    not PYTHON.exists() and "CI" not in os.environ, reason="`make .venv-warehouses/.done` installs the adapters"
)


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    folder = tmp_path_factory.mktemp("warehouses")
    (folder / "profiles.yml").write_text((ROOT / "profiles.yml.example").read_text())
    called = subprocess.run(
        [PYTHON, Path(__file__).with_name("compile_for.py"), folder, *WAREHOUSES],
        env={**os.environ, **SETTINGS},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert called.returncode == 0, called.stdout + called.stderr
    return {warehouse: json.loads((folder / f"{warehouse}.json").read_text()) for warehouse in WAREHOUSES}


def statements(report: Report) -> dict[str, str]:
    """All SQL of a report, by what it belongs to."""
    found = {f"question {number}": sql for number, sql in enumerate(report["questions"])}
    found.update({name: sql for name, sql in report["others"].items() if sql and sql.strip()})
    for model in report["models"]:
        found.update({f"{model['name']} ({build} build)": model[build] for build in ("first", "next") if model[build]})
        found.update({f"{model['name']} (hook {number})": sql for number, sql in enumerate(model["hooks"])})
    return found


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_every_model_compiles(reports: dict[str, Report], warehouse: str) -> None:
    report = reports[warehouse]
    assert report["errors"] == {}
    models = {path.stem for path in (ROOT / "models").rglob("*.sql")}
    assert {model["name"] for model in report["models"] if model["first"]} == models


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_tables_are_built_by_the_adapters_own_materializations(reports: dict[str, Report], warehouse: str) -> None:
    """PostgreSQL's, which keep fingerprints, are not inherited by Redshift."""
    used = {model["materialization"] for model in reports[warehouse]["models"]}
    assert [name for name in used if "_postgres" in name or "_duckdb" in name] == []


def test_redshift_creates_tables_as_its_adapter_does(reports: dict[str, Report]) -> None:
    """Not as PostgreSQL, from which it inherits: it has no unlogged tables, which intermediate models ask for."""
    created = {" ".join(model["create"].split()[:2]) for model in reports["redshift"]["models"]}
    assert created == {"create table"}


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_all_sql_is_the_warehouses(reports: dict[str, Report], warehouse: str) -> None:
    found = {name: mistakes(sql, warehouse) for name, sql in statements(reports[warehouse]).items()}
    assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_operands_go_together_in_bigquery(reports: dict[str, Report]) -> None:
    """The types of columns follow from those of the raw tables, from model to model."""
    report = reports["bigquery"]
    schema = MappingSchema(dialect="bigquery")
    sources = report["sources"]
    for relation, columns in sources.items():
        named = {**sources.get(report["histories"].get(relation), {}), **columns}
        types = {name: TYPES.get(kind or "text", kind) for name, kind in named.items()}
        schema.add_table(exp.to_table(relation, dialect="bigquery"), {**LOADED, **types}, match_depth=False)
    wrong = {}
    for model in report["models"]:
        try:
            tree = add_types(model["first"], schema)
        except SqlglotError as error:
            wrong[model["name"]] = [str(error)]
            continue
        if found := list(dict.fromkeys(mismatches(tree))):
            wrong[model["name"]] = found
        schema.add_table(exp.to_table(model["relation"], dialect="bigquery"), column_types(tree), match_depth=False)
    assert wrong == {}


@pytest.mark.parametrize(
    ("warehouse", "sql", "wrong"),
    [
        ("snowflake", "select generate_series(1, 2) as n", "not on the list: generate_series"),
        ("snowflake", "select item from t, unnest(t.items) as item", "not on the list: unnest"),
        ("snowflake", "select greatest(a, b) as c from t", "NULL wins"),
        ("snowflake", "select array_agg(a order by a) as c from t", "sorts within group"),
        ("snowflake", "select cast(a as numeric) as c from t", "whole number"),
        ("snowflake", "select a from t where (a, b) is distinct from (c, d)", "rows are not compared"),
        ("snowflake", "select a as start from t", "reserved word as a name: start"),
        ("snowflake", "select a -> 'key' from", "does not parse"),
        ("bigquery", "select a from t union select b from t", "does not parse"),
        ("bigquery", "select a::date as c from t", "no ::"),
        ("bigquery", "select cast(a as text) as c from t", "type of PostgreSQL: text"),
        ("bigquery", "select cast(a as timestamptz) as c from t", "type of PostgreSQL: timestamptz"),
        ("bigquery", "select cast(a as double precision) as c from t", "no double precision"),
        ("bigquery", "select cast(a as numeric(12, 10)) as c from t", "9 behind it"),
        ("bigquery", "select cast(a as numeric(38, 2)) as c from t", "29 digits"),
        ("bigquery", "select a + interval '1 day' as c from t", "interval without a unit"),
        ("bigquery", "select percentile_cont(0.5) within group (order by a) as c from t", "window function alone"),
        ("bigquery", "select 1 as a where false", "wants a table"),
        ("bigquery", "select least(a, max(b)) as c from t group by a", "NULL wins"),
        ("bigquery", "select date_part('day', a) as c from t", "not on the list: date_part"),
        ("bigquery", "select a as window from t", "reserved word as a name: window"),
        ("redshift", "select generate_series(1, 2) as n", "not on the list: generate_series"),
        ("redshift", "select a from t cross join lateral (select 1 as b) as u", "no lateral"),
        ("redshift", "select array_agg(a) as c from t", "no arrays but SUPER"),
        ("redshift", "select a from t where a is distinct from b", "no is distinct from"),
        ("redshift", "select cast(a as numeric) as c from t", "whole number"),
        ("redshift", f"select {', '.join(MEDIAN.format(name) for name in 'ab')} from t", "sort by one column"),
        ("redshift", "select a as tag from t", "reserved word as a name: tag"),
        ("databricks", "select a at time zone 'UTC' as c from t", "no at time zone"),
        ("databricks", "select cast(a as double precision) as c from t", "no double precision"),
        ("databricks", "select cast(a as numeric) as c from t", "whole number"),
        ("databricks", "select a from t cross join unnest(t.items) as u (item)", "not on the list: unnest"),
        ("databricks", "select string_agg(a, ',') as c from t", "not on the list: string_agg"),
        ("databricks", "select cast(a as text) as c from t", "type of PostgreSQL: text"),
    ],
)
def test_what_is_wrong_is_found(warehouse: str, sql: str, wrong: str) -> None:
    found = mistakes(sql, warehouse)
    assert [text for text in found if wrong in text], found


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        ("name || count", "joined to a text"),
        ("day < moment", "compared"),
        ("day = name", "compared"),
        ("day - day", "a difference of days is an interval"),
        ("name || cast(count as string)", None),
        ("date(moment) <= day", None),
    ],
)
def test_operands_that_do_not_go_together_are_found(condition: str, wrong: str | None) -> None:
    schema = MappingSchema(dialect="bigquery")
    types = {"name": "string", "count": "int64", "day": "date", "moment": "timestamp"}
    schema.add_table("t", types, dialect="bigquery")
    found = list(mismatches(add_types(f"select {condition} as result from t", schema)))
    assert [text.split(":")[0] for text in found] == ([wrong] if wrong else [])


def test_a_column_that_is_not_there_is_found() -> None:
    schema = MappingSchema(dialect="bigquery")
    schema.add_table("t", {"name": "string"}, dialect="bigquery")
    with pytest.raises(SqlglotError, match="nam"):
        add_types("select t.nam from t", schema)
