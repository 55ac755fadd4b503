"""Faults in files change nothing but the quarantine: raw tables of dirty files equal those of their clean part.

Marts are made of raw tables alone, but for those about loads.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from loaders.cli import main
from loaders.contract.tables import Contract
from loaders.project import Project
from loaders.synthetic.files import FAULTS, generate
from loaders.synthetic.settings import Settings
from tests.conftest import ANY_AMOUNT
from tests.project.conftest import Dbt, Environment, query

SETTINGS = Settings(customers=200, transactions=3_000, users=150)
ABOUT_LOADS = {"load_history", "build_history", "test_history", "data_quality_report", "revenue_restatements"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory, project: Project, contract: Contract) -> tuple[Path, Path]:
    """Files with faults, and the clean files without the rows that have them."""
    dirty, clean = tmp_path_factory.mktemp("dirty"), tmp_path_factory.mktemp("clean")
    generate(project, contract, SETTINGS, dirty, dirty=0.08)
    generate(project, contract, SETTINGS, clean)
    for file in clean.glob("*.csv"):
        with (dirty / FAULTS / file.name).open(newline="") as listed:
            faulty = {int(row["line"]) for row in csv.DictReader(listed)}
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        file.write_text("".join(x for number, x in enumerate(lines, 1) if number not in faulty), encoding="utf-8")
    return dirty, clean


def test_the_marts_of_dirty_files_equal_those_of_their_clean_part(
    folders: tuple[Path, Path], new_database: Callable[[], Environment], dbt: Dbt
) -> None:
    found = []
    for folder, exit_code in zip(folders, (3, 0), strict=True):
        environment = new_database()
        result = CliRunner(env=dict(environment)).invoke(
            main, ["copy", str(folder), "--max-rejects", "50%", *ANY_AMOUNT]
        )
        assert result.exit_code == exit_code, result.output
        dbt(environment, "build", "--exclude-resource-type", "test", "unit_test")
        names = query(environment, "select table_name from information_schema.tables where table_schema = 'marts'")
        marts = sorted({str(name) for (name,) in names} - ABOUT_LOADS)
        found.append({mart: sorted(map(str, query(environment, f"table marts.{mart}"))) for mart in marts})
    dirty, clean = found
    assert dirty["order_lines"] and dirty["journey_stage_history"]
    assert [mart for mart in dirty if dirty[mart] != clean[mart]] == []
