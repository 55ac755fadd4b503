"""The rules of `dbt-bouncer.yml` hold, and each of them can fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import ROOT

RULES = ROOT / "dbt-bouncer.yml"
PROJECT = "customer_analytics"


def failures(project: Path) -> dict[tuple[str, int], list[str]]:
    """Run dbt-bouncer; return by name and place of the rule what it says of those that break it."""
    report = project / "bouncer.json"
    subprocess.run(
        [Path(sys.executable).with_name("dbt-bouncer"), "run", "--config-file", RULES, "--output-file", report],
        cwd=project,
        env={**os.environ, "DBT_PROJECT_DIR": str(project)},
        check=False,
        capture_output=True,
    )
    found: dict[tuple[str, int], list[str]] = {}
    for check in json.loads(report.read_text()):
        name, place, _ = check["check_run_id"].split(":", 2)
        if check["outcome"] != "success":
            found.setdefault((name, int(place)), []).append(check["failure_message"])
    return found


def spoil(manifest: dict[str, Any]) -> None:
    """Break every rule once."""
    nodes = manifest["nodes"]
    staging = nodes[f"model.{PROJECT}.stg_shop__products"]
    intermediate = nodes[f"model.{PROJECT}.int_customer_favourites"]
    mart = nodes[f"model.{PROJECT}.category_kpis"]

    moved = nodes[f"model.{PROJECT}.int_products"]

    staging["name"], intermediate["name"], mart["name"] = "products", "products", "stg_categories"
    staging["config"]["materialized"] = "table"
    staging["access"] = staging["config"]["access"] = "public"
    staging["depends_on"]["nodes"] += [intermediate["unique_id"], f"source.{PROJECT}.shop.customers"]
    staging["description"] = "Products."
    staging["patch_path"] = f"{PROJECT}://models/staging/shop/_models.yml"
    next(iter(staging["columns"].values()))["description"] = ""
    intermediate["config"]["materialized"] = "ephemeral"
    intermediate["raw_code"] += "\nselect 1 from marts.category_kpis\n" * 100 + ";"
    intermediate["depends_on"]["nodes"].append(f"source.{PROJECT}.shop.products")
    moved["original_file_path"] = "models/other/int_products.sql"
    mart["depends_on"]["nodes"].append(f"source.{PROJECT}.shop.products")
    mart["access"] = mart["config"]["access"] = "protected"
    mart["config"]["contract"]["enforced"] = mart["contract"]["enforced"] = False
    mart["constraints"] = []
    next(iter(mart["columns"].values()))["data_type"] = None
    nodes[f"model.{PROJECT}.product_kpis"]["original_file_path"] = "models/marts/other/product_kpis.sql"
    nodes[f"model.{PROJECT}.int_orders"]["original_file_path"] = "models/intermediate/other/int_orders.sql"
    nodes[f"seed.{PROJECT}.rfm_segments"]["description"] = ""

    source = manifest["sources"][f"source.{PROJECT}.shop.products"]
    source["description"] = source["source_description"] = ""
    source["original_file_path"] = "models/staging/shop/sources.yml"
    (exposure,) = (found for found in manifest["exposures"].values() if found["name"] == "read_api")
    exposure["description"], exposure["owner"] = "", {}
    exposure["depends_on"]["nodes"].append(mart["unique_id"])
    semantic_model = next(iter(manifest["semantic_models"].values()))
    semantic_model["depends_on"]["nodes"] = [mart["unique_id"]]
    for tests in (manifest["unit_tests"], nodes):
        for name in [name for name, test in tests.items() if name.startswith(("test.", "unit_test."))]:
            if {mart["unique_id"], source["unique_id"]} & set(tests[name]["depends_on"]["nodes"]):
                del tests[name]
    for tests in (nodes, manifest["macros"]):
        for test in tests.values():
            used = test["depends_on"]["macros"]
            test["depends_on"]["macros"] = [macro for macro in used if not macro.endswith(".growth")]


def test_the_project_keeps_its_rules(built_project: Path) -> None:
    assert failures(built_project) == {}


def test_every_rule_can_fail(built_project: Path, tmp_path: Path) -> None:
    manifest = json.loads((built_project / "target" / "manifest.json").read_text())
    spoil(manifest)
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text(json.dumps(manifest))
    rules = yaml.safe_load(RULES.read_text())["manifest_checks"]
    assert set(failures(tmp_path)) == {(rule["name"], place) for place, rule in enumerate(rules)}
