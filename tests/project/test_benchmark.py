"""The ways to make marts that `benchmarks/build.py` compares make the same ones, and a difference would be noticed."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.build import LEFT_OUT, SELECTED, export_mart
from benchmarks.build_files import part_name, write_size
from benchmarks.build_peers import BUILD_WITH, MARTS, differences
from benchmarks.build_report import report
from tests.conftest import Dbt, Environment

RUNS = 2


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A household or two of the demo, cut into loads."""
    folder = tmp_path_factory.mktemp("files")
    write_size(folder, 0.001, RUNS)
    return folder


def read(file: Path) -> list[list[str]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.reader(opened))[1:]


def test_parts_are_all_lines_once_and_the_newest_are_the_newest(files: Path) -> None:
    parts = {file.stem: read(file) for file in files.glob("transactions_*.csv")}
    assert sorted(row for rows in parts.values() for row in rows) == sorted(read(files / "transactions.csv"))
    newest = [
        max(row[-1] for row in parts[f"transactions_{part_name('newest', share, run)}"] or [[""]])
        for run in range(RUNS)
        for share in (0.01,)
    ]
    assert max(row[-1] for row in parts["transactions_base"]) <= min(newest)
    assert newest == sorted(newest)


def test_pandas_and_duckdb_make_the_marts_that_dbt_makes(
    files: Path, tmp_path: Path, load: Callable[..., Environment], dbt: Dbt
) -> None:
    environment = load(*(files / f"{name}.csv" for name in ("customers", "products", "transactions")))
    dbt(environment, "build", *SELECTED, *LEFT_OUT)
    (tmp_path / "ours").mkdir()
    for mart in MARTS:
        export_mart(environment, mart, tmp_path / "ours" / f"{mart}.csv")
    for name, build in BUILD_WITH.items():
        (tmp_path / name).mkdir()
        build(files, tmp_path / name)
        assert differences(tmp_path / "ours", tmp_path / name) == [], name
    sales = tmp_path / "duckdb" / "daily_sales.csv"
    sales.write_text("".join(sales.read_text().splitlines(keepends=True)[:-1]))
    assert differences(tmp_path / "ours", tmp_path / "duckdb")[0].startswith("daily_sales: 1 rows only in ours")


def test_rows_that_change_are_weighed_by_the_seconds_of_their_table(capsys: pytest.CaptureFixture[str]) -> None:
    size = {
        "lines": {"all": 1000},
        "costs": {"changes: full": [{"models": {"sums": 9.0, "ranks": 1.0, "a view": 5.0}}]},
        "changes": {
            "newest": {"sums": [100, 10], "ranks": [10, 10], "empty": [0, 0]},
            "scattered": {"sums": [100, 100], "ranks": [10, 0], "empty": [0, 0]},
        },
    }
    report({"machine": {"cores": 2, "memory_gb": 24, "python": "3.11"}, "sizes": {"1": size}}, None)
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in capsys.readouterr().out.splitlines()]
    assert ["`sums`", "9.0", "10 %", "100 %"] in rows
    assert ["all tables, weighed by their seconds", "10.0", "**19 %**", "**90 %**"] in rows
