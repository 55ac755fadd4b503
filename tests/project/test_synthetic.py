"""Faults in files change nothing but the quarantine: raw tables of dirty files equal those of their clean part.

So do all marts but those about loads, as they are made of nothing else.
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
from tests.project.conftest import Environment, query

SETTINGS = Settings(customers=200, transactions=3_000, users=150)


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


def rows_of_files(environment: Environment, table: str) -> list[str]:
    """Return the sorted rows of a raw table without the loader's columns, which say when they came from where."""
    named = f"""
        select quote_ident(column_name) from information_schema.columns
        where table_schema = 'raw' and table_name = '{table}' and not column_name ^@ '_'
    """
    columns = ", ".join(str(name) for (name,) in query(environment, named))
    return sorted(map(str, query(environment, f"select {columns} from raw.{table}")))


def test_the_raw_tables_of_dirty_files_equal_those_of_their_clean_part(
    folders: tuple[Path, Path], new_database: Callable[[], Environment]
) -> None:
    found = []
    for folder, exit_code in zip(folders, (3, 0), strict=True):
        environment = new_database()
        result = CliRunner(env=dict(environment)).invoke(
            main, ["copy", str(folder), "--max-rejects", "50%", *ANY_AMOUNT]
        )
        assert result.exit_code == exit_code, result.output
        found.append({file.stem: rows_of_files(environment, file.stem) for file in folders[1].glob("*.csv")})
    dirty, clean = found
    assert len(dirty) == 10 and all(dirty.values())
    assert [table for table in dirty if dirty[table] != clean[table]] == []
