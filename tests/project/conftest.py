"""What the tests of the dbt project share; the fixtures that build marts are in `tests/conftest.py`."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, connect_to
from tests.conftest import Dbt as Dbt
from tests.conftest import Environment as Environment

# Options of a build that runs, of dbt's tests, those of marts alone.
ONLY_TESTS_OF_MARTS = (
    *("--exclude", "path:models/staging,resource_type:test", "path:models/intermediate,resource_type:test"),
    *("--exclude-resource-type", "unit_test"),
)
SMALL_PROJECT = """
name: small
profile: customer_analytics
models: {+persist_docs: {relation: true, columns: true}}
"""


def query(environment: Environment, statement: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    with connect_to(environment) as connection:
        return connection.execute(statement).fetchall()  # type: ignore[arg-type]


def write_csv_files(folder: Path, files: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Path]:
    """Write rows as CSV files under the names of the files, with the columns of the first row; return the paths."""
    for name, rows in files.items():
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    return [folder / f"{name}.csv" for name in files]


def write_small_project(folder: Path, models: list[dict[str, Any]]) -> Path:
    """Write a dbt project with this one's macros and models of one row, to be rewritten."""
    (folder / "dbt_project.yml").write_text(SMALL_PROJECT)
    (folder / "macros").symlink_to(ROOT / "macros")
    (folder / "models").mkdir()
    (folder / "models" / "models.yml").write_text(json.dumps({"version": 2, "models": models}))
    for model in models:  # dbt does not look again for what is described and not there
        (folder / "models" / f"{model['name']}.sql").write_text("select 1 as id")
    shutil.copy(ROOT / "profiles.yml.example", folder / "profiles.yml")
    return folder
