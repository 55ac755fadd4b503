"""What is loaded in slices makes the same marts as what is loaded at once, whatever came in whatever order."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from loaders.demo.files import write_files
from tests.project.conftest import Dbt, Environment, query

Row = dict[str, str]
Load = Callable[..., Environment]
SLICES = 4
HOUSEHOLDS = 60
# The as-of date is pinned, and the days are those of another zone: the marts of a past day know nothing of later lines.
PAST = {"as_of_date": "2017-06-30", "time_zone": "Asia/Kolkata"}
LEFT_OUT = (
    *("--exclude", "+marts.journeys", "path:models/marts/quality"),
    *("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"),
)
# What shows the loads, and lines that a later one replaced.
OF_LOADS = ("revenue_restatements",)
# What came late depends on the loads, what it did to revenue does not.
COLUMNS = {"revenue_drivers": "row(period, period_from, driver, words, base_revenue, amount, revenue, buyers, measure)"}
MARTS = """
    select table_name from information_schema.tables
    where table_schema = 'marts' and table_name not like 'journey%'
"""


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The demo's lines of some households, each with an identifier."""
    [file] = [file for file in write_files(tmp_path_factory.mktemp("files")) if file.stem == "transactions"]
    # DuckDB reads the whole file in a second, Python's csv in twenty.
    table = f"read_csv('{file}', all_varchar = true)"
    first = f"select distinct household_id from {table} order by household_id limit {HOUSEHOLDS}"
    households = [household for (household,) in duckdb.sql(first).fetchall()]
    found = duckdb.connect().execute(f"select * from {table} where household_id in ? order by all", [households])
    names = [name for name, *_ in found.description or ()]
    kept = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
    return [{"transaction_id": f"line {number}", **row} for number, row in enumerate(kept)]


def write(path: Path, rows: list[Row]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def make_slices(lines: list[Row], folder: Path) -> list[list[Path]]:
    """Deal the lines out to files in random order; later files also correct, move and refund earlier lines.

    The customers file comes late and then says something else, and so does the products file.
    """
    rng = random.Random(20)
    slices: list[list[Path]] = []
    loaded: list[Row] = []
    shuffled = rng.sample(lines, len(lines))
    products = sorted({row["product_id"] for row in lines})
    households = sorted({row["household_id"] for row in lines})
    for number in range(SLICES):
        rows = [dict(row) for row in shuffled[number::SLICES]]
        for row in rng.sample(loaded, min(len(loaded), 60)):
            changed = dict(row)
            column = rng.choice(["sales_value", "transaction_timestamp", "household_id", "product_id", "basket_id"])
            changed[column] = rng.choice(lines)[column]
            rows.append(changed)
        for row in rng.sample(loaded, min(len(loaded), 40)):
            # Some are taken back in whole, with all of their order.
            whole = [each for each in loaded if each["basket_id"] == row["basket_id"]] if rng.random() < 0.2 else [row]
            rows += [
                {
                    **each,
                    "transaction_id": f"refund {number} {each['transaction_id']}",
                    "sales_value": f"-{each['sales_value']}",
                }
                for each in whole
                if not each["sales_value"].startswith("-")
            ]
        unique = {row["transaction_id"]: row for row in rows}
        files = [write(folder / f"transactions_{number}.csv", list(unique.values()))]
        loaded = list({row["transaction_id"]: row for row in [*loaded, *rows]}.values())
        if number in (1, SLICES - 1):
            customers = [
                {"customer_id": household, "segment": rng.choice(["gold", "silver"]), "location": "Leeds"}
                for household in rng.sample(households, HOUSEHOLDS // 2)
            ]
            files.append(write(folder / f"customers_{number}.csv", customers))
        if number in (0, SLICES - 2):
            described = [
                {"product_id": product, "category": rng.choice(["food", "drinks", "office"])}
                for product in rng.sample(products, len(products) // 2)
            ]
            files.append(write(folder / f"products_{number}.csv", described))
        slices.append(files)
    return slices


def final_rows(files: list[Path], key: str) -> list[Row]:
    """Return the rows that files leave behind, the later one of two with the same key."""
    rows: dict[str, Row] = {}
    for file in files:
        with file.open(newline="", encoding="utf-8") as opened:
            for row in csv.DictReader(opened):
                # What a later file does not say of a row stays as it was.
                rows[row[key]] = rows.get(row[key], {}) | row
    return list(rows.values())


@pytest.fixture(scope="module")
def databases(
    lines: list[Row], load: Load, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Environment, Environment]:
    """One that was loaded in slices, and one that was loaded at once with the rows that are left."""
    folder = tmp_path_factory.mktemp("slices")
    slices = [file for files in make_slices(lines, folder) for file in files]
    at_once = []
    for name, key in {"transactions": "transaction_id", "customers": "customer_id", "products": "product_id"}.items():
        files = [file for file in slices if file.name.startswith(name)]
        at_once.append(write(folder / f"{name}.csv", final_rows(files, key)))
    return load(*slices), load(*at_once)


@pytest.mark.parametrize(
    "variables", [PAST, pytest.param({}, marks=pytest.mark.slow)], ids=["a past day", "the last day"]
)
def test_marts_are_those_of_the_rows_that_are_left(
    databases: tuple[Environment, Environment], dbt: Dbt, variables: dict[str, str]
) -> None:
    in_slices, at_once = databases
    for environment in databases:
        dbt(environment, "build", "--vars", json.dumps(variables), *LEFT_OUT)
    compared = 0
    for (mart,) in query(in_slices, MARTS):
        if mart in OF_LOADS:
            continue
        columns = COLUMNS.get(mart, "row_of_mart")
        statement = f"select ({columns})::text from marts.{mart} as row_of_mart order by 1"
        assert query(in_slices, statement) == query(at_once, statement), mart
        compared += 1
    assert compared > 15
