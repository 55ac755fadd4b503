"""The twin of dbt_utils in offline/ fails the same rows as the original, and the project works with the original.

FAILURES were recorded by running the macros of dbt-labs/dbt-utils 1.3, as GitHub has them, on these rows. With a folder
of the original in DBT_UTILS_FOLDER (`dbt deps` puts it into dbt_packages/dbt_utils), it is tried as well.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.project.conftest import write_small_project

TWIN = ROOT / "offline" / "dbt_utils"
ORIGINAL = os.environ.get("DBT_UTILS_FOLDER")
# Rows at the edges: a range that touches the next one, gaps, overlaps, no length, the wrong order, NULL, and a pair.
SPANS = """
select *
from (
    values
    ('touches', 1, 3), ('touches', 3, 5), ('gap', 1, 3), ('gap', 4, 5), ('overlap', 1, 4), ('overlap', 3, 5),
    ('point', 1, 1), ('point', 1, 2), ('backwards', 5, 2), ('open', 7, null), ('open', null, 9), ('alone', 6, 8),
    ('pair', 2, 4), ('pair', 2, 4), (null, 10, 12), (null, 10, 12)
) as spans (kind, low, high)
"""
BOUNDS = {"lower_bound_column": "low", "upper_bound_column": "high"}
BY_KIND = {**BOUNDS, "partition_by": "kind"}
Test = tuple[str, str | None, dict[str, Any]]
# A test with its column, if it is of one, and arguments; and how many rows it fails.
FAILURES: list[tuple[Test, int]] = [
    (("accepted_range", "low", {}), 0),
    (("accepted_range", "low", {"min_value": 3}), 7),
    (("accepted_range", "low", {"min_value": 3, "inclusive": False}), 9),
    (("accepted_range", "high", {"max_value": 5}), 4),
    (("accepted_range", "high", {"max_value": 5, "inclusive": False}), 7),
    (("accepted_range", "low", {"min_value": 2, "max_value": "high"}), 6),
    (("expression_is_true", None, {"expression": "low < high"}), 2),
    (("expression_is_true", None, {"expression": "low < high or kind = 'point'"}), 1),
    (("expression_is_true", "high", {"expression": "> 3"}), 5),
    (("unique_combination_of_columns", None, {"combination_of_columns": ["kind"]}), 7),
    (("unique_combination_of_columns", None, {"combination_of_columns": ["kind", "low"]}), 3),
    (("unique_combination_of_columns", None, {"combination_of_columns": ["low", "high"], "quote_columns": True}), 4),
    (("mutually_exclusive_ranges", None, BOUNDS), 15),
    (("mutually_exclusive_ranges", None, BY_KIND), 9),
    (("mutually_exclusive_ranges", None, {**BY_KIND, "gaps": "not_allowed"}), 10),
    (("mutually_exclusive_ranges", None, {**BY_KIND, "gaps": "required"}), 10),
    (("mutually_exclusive_ranges", None, {**BY_KIND, "zero_length_range_allowed": True}), 8),
]


def failures(package: Path, folder: Path) -> list[int]:
    """Run the tests with a package on DuckDB; return how many rows each fails."""
    of_model: list[dict[str, Any]] = []
    of_columns: dict[str, list[dict[str, Any]]] = {"low": [], "high": []}
    for number, ((name, column, arguments), _) in enumerate(FAILURES):
        entry = {f"dbt_utils.{name}": {"name": f"test_{number:02}", "arguments": arguments}}
        (of_columns[column] if column else of_model).append(entry)
    columns = [{"name": name, "data_tests": tests} for name, tests in of_columns.items()]
    project = write_small_project(folder, [{"name": "spans", "data_tests": of_model, "columns": columns}])
    (project / "models" / "spans.sql").write_text(SPANS)
    (project / "dbt_packages").mkdir()
    (project / "dbt_packages" / "dbt_utils").symlink_to(package.resolve())
    subprocess.run(
        [Path(sys.executable).with_name("dbt"), "build", "--target", "duckdb", "--quiet"],
        cwd=project,
        env=os.environ | {"DUCKDB_PATH": str(folder / "spans.duckdb")},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    found = {result["unique_id"].split(".")[2]: result["failures"] for result in results}
    return [found[f"test_{number:02}"] for number in range(len(FAILURES))]


@pytest.mark.lengthy
def test_the_twin_fails_the_rows_that_the_original_fails(tmp_path: Path) -> None:
    assert failures(TWIN, tmp_path) == [count for _, count in FAILURES]


@pytest.mark.skipif(not ORIGINAL, reason="DBT_UTILS_FOLDER names no folder of the original")
def test_the_original_fails_what_was_recorded(tmp_path: Path) -> None:
    package = Path(str(ORIGINAL))
    assert (package / "macros" / "generic_tests" / "equality.sql").exists(), "This is the twin."
    assert failures(package, tmp_path) == [count for _, count in FAILURES]
