"""In every destination: what comes again wins, and a contract that changes takes its values along."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from tests.conftest import ROOT, Loader

CASES = ROOT / "tests" / "data" / "cases"
SOURCES = Path("models/staging/shop/_shop__sources.yml")
Copy = Callable[..., list[dict[str, Any]]]
Rows = Callable[[str, str], list[tuple[Any, ...]]]


@pytest.fixture(params=["postgres", "duckdb", "parquet"])
def destination(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def to(destination: str, tmp_path: Path) -> tuple[str, ...]:
    return () if destination == "postgres" else ("--to", f"{destination}:{tmp_path / 'there'}")


@pytest.fixture
def copy(loader: Loader, own_project: Path, to: tuple[str, ...]) -> Copy:
    def run(*paths: Path) -> list[dict[str, Any]]:
        result = loader("copy", *paths, *to, "--json")
        assert result.exit_code == 0, result.output
        return list(json.loads(result.stdout))

    return run


@pytest.fixture
def rows(destination: str, tmp_path: Path) -> Rows:
    def query(columns: str, table: str) -> list[tuple[Any, ...]]:
        text = f"select {columns} from {{}} order by 1"
        if destination == "postgres":
            with psycopg.connect() as connection:
                return connection.execute(text.format(f"raw.{table}")).fetchall()
        if destination == "duckdb":
            with duckdb.connect(tmp_path / "there", read_only=True) as database:
                return database.execute(text.format(f"raw.{table}")).fetchall()
        files = f"read_parquet('{tmp_path}/there/current/raw/{table}/**/*.parquet')"
        return duckdb.execute(text.format(files)).fetchall()

    return query


def edit(project: Path, old: str, new: str) -> None:
    file = project / SOURCES
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


def test_mondays_prices_on_wednesday_again_win(copy: Copy, rows: Rows) -> None:
    days = [CASES / "c03_aba" / f"products_{day}.csv" for day in ("mon", "tue", "wed")]
    for day in days:
        copy(day)
    assert rows("product_id, cast(price as double precision)", "products") == [("p1", 10)]


def test_a_file_that_is_written_over_wins_each_time(copy: Copy, rows: Rows, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    for price in (10, 12, 10):
        file.write_text(f"product_id,price\np1,{price}\n")
        copy(file)
    assert rows("product_id, cast(price as double precision)", "products") == [("p1", 10)]


def test_a_folder_that_is_copied_again_is_skipped(copy: Copy, rows: Rows) -> None:
    days = [CASES / "c03_aba" / f"products_{day}.csv" for day in ("mon", "tue")]
    copy(*days)
    assert [result["status"] for result in copy(*days)] == ["skipped", "skipped"]
    assert rows("product_id, cast(price as double precision)", "products") == [("p1", 12)]


def test_a_line_saved_again_by_a_spreadsheet_stays_one_line(copy: Copy, rows: Rows, tmp_path: Path) -> None:
    for number, line in enumerate(["c,2024-01-05,12.50,a", "c,2024-01-05 00:00:00,12.5,a "]):
        file = tmp_path / f"transactions_{number}.csv"
        file.write_text(f"customer_id,transacted_at,amount,category\n{line}\n")
        copy(file)
    assert len(rows("transaction_id", "transactions")) == 1


def test_a_renamed_column_keeps_its_values(copy: Copy, rows: Rows, own_project: Path, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text("product_id,product_type\np1,Tea\n")
    copy(file)
    renamed = "- name: kind\n            config: {meta: {renamed_from: product_type}}"
    edit(own_project, "- name: product_type", renamed)
    file.write_text("product_id,product_type\np1,Tea\np2,Coffee\n")
    copy(file)
    assert rows("product_id, kind", "products") == [("p1", "Tea"), ("p2", "Coffee")]


def test_a_new_column_has_what_files_said_of_it(copy: Copy, rows: Rows, own_project: Path, tmp_path: Path) -> None:
    file = tmp_path / "products.csv"
    file.write_text("product_id,Shelf Space,Colour\np1,1.5,red\np2,much,\np3,,\n")
    copy(file)
    edit(
        own_project,
        "          - name: product_type\n",
        "          - {name: shelf_space, description: Metres., data_type: numeric}\n"
        "          - {name: color, description: Colour., data_type: text, config: {meta: {aliases: [colour]}}}\n"
        "          - name: product_type\n",
    )
    file.write_text("product_id,price\np4,1\n")
    copy(file)
    found = rows("product_id, cast(shelf_space as double precision), color", "products")
    assert found == [("p1", 1.5, "red"), ("p2", None, None), ("p3", None, None), ("p4", None, None)]


def test_a_contract_of_plain_text_loads(copy: Copy, rows: Rows, own_project: Path) -> None:
    folder = own_project / "models" / "staging" / "pollock"
    folder.mkdir()
    shutil.copyfile(CASES / "c01_all_text_contract" / "sources.txt", folder / "_pollock__sources.yml")
    copy(CASES / "c01_all_text_contract" / "pollock.csv")
    assert rows('"date", "time"', "pollock") == [("1", "2")]


def test_an_archive_that_unpacks_to_too_much_is_refused(
    loader: Loader, own_project: Path, to: tuple[str, ...], tmp_path: Path
) -> None:
    file = tmp_path / "products.csv"
    file.write_text("product_id,price\n" + "p1,1\n" * 1000)
    result = loader("copy", file, *to, "--max-bytes", 1000)
    assert result.exit_code == 1
    assert "--max-bytes" in result.output
