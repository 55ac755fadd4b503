"""Everything that dbt builds or reads is described, and BI tools see it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loaders.contract.tables import SYSTEM_COLUMNS
from tests.conftest import ROOT
from tests.project.conftest import Environment, query

COLUMNS_OF_RELATIONS = """
    select nspname, relname, attname, obj_description(relation.oid, 'pg_class'), col_description(relation.oid, attnum)
    from pg_class as relation
    join pg_namespace as namespace on namespace.oid = relnamespace
    join pg_attribute on attrelid = relation.oid and attnum > 0 and not attisdropped
    where relkind in ('r', 'v') and nspname not like 'pg\\_%' and nspname <> 'information_schema'
"""


@pytest.fixture(scope="module")
def manifest(built_project: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((built_project / "target" / "manifest.json").read_text())
    return found


@pytest.fixture(scope="module")
def described(manifest: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Models, seeds and sources by schema and name."""
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    return {(node["schema"], node["name"]): node for node in [*nodes, *manifest["sources"].values()]}


def stated_elsewhere(node: dict[str, Any], described: dict[tuple[str, str], dict[str, Any]]) -> set[str]:
    """The columns of a raw table that the description of its source names, and those that a history has from it."""
    if node["resource_type"] != "source":
        return set()
    history_of = node["config"]["meta"].get("history_of")
    if history_of:
        return {*described["raw", history_of]["columns"], *SYSTEM_COLUMNS}
    return {name for name in SYSTEM_COLUMNS if f"`{name}`" in node["source_description"]}


def test_every_column_that_is_there_is_described(
    built: Environment, described: dict[tuple[str, str], dict[str, Any]]
) -> None:
    columns: dict[tuple[str, str], set[str]] = {}
    for schema, relation, column, *_ in query(built, COLUMNS_OF_RELATIONS):
        columns.setdefault((str(schema), str(relation)), set()).add(str(column))
    assert set(described) <= set(columns)
    missing = [
        f"{schema}.{relation}.{column}"
        for (schema, relation), node in described.items()
        for column in columns[schema, relation] - stated_elsewhere(node, described)
        if not node["columns"].get(column, {}).get("description")
    ]
    gone = [
        f"{schema}.{relation}.{column}"
        for (schema, relation), node in described.items()
        for column in node["columns"]
        if column not in columns[schema, relation]
    ]
    assert (sorted(missing), gone) == ([], [])


def test_every_relation_macro_metric_and_exposure_is_described(
    manifest: dict[str, Any], described: dict[tuple[str, str], dict[str, Any]]
) -> None:
    own = [macro for macro in manifest["macros"].values() if macro["package_name"] == "customer_analytics"]
    # How one adapter does it, and what dbt calls by itself, is described with the macro behind it.
    macros = [macro for macro in own if "__" not in macro["name"] and not macro["name"].startswith("materialization_")]
    others = [node for kind in ("exposures", "metrics", "semantic_models") for node in manifest[kind].values()]
    parts = [
        (f"{node['name']}.{part['name']}", part)
        for node in [*macros, *manifest["semantic_models"].values()]
        for part in [*node.get("arguments", []), *node.get("dimensions", []), *node.get("measures", [])]
    ]
    everything = [*((node["name"], node) for node in [*described.values(), *macros, *others]), *parts]
    assert len(macros) > 25 and len(others) > 15
    assert [name for name, node in everything if not node["description"]] == []


def test_bi_tools_see_the_descriptions_of_marts(
    built: Environment, described: dict[tuple[str, str], dict[str, Any]]
) -> None:
    rows = [row for row in query(built, COLUMNS_OF_RELATIONS) if row[0] == "marts"]
    assert {row[1] for row in rows} == {name for schema, name in described if schema == "marts"}
    for _, relation, column, of_relation, of_column in rows:
        node = described["marts", str(relation)]
        assert of_relation == node["description"], relation
        assert of_column == node["columns"][str(column)]["description"], (relation, column)


def test_the_drawing_of_the_marts_is_up_to_date(built_project: Path) -> None:
    command = [sys.executable, ROOT / "docs" / "draw_marts.py", built_project / "target" / "manifest.json"]
    drawn = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert drawn == (ROOT / "docs" / "marts.md").read_text(encoding="utf-8"), "run `make docs`"
