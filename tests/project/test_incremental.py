"""What an incremental build makes equals what a build from nothing makes, whatever came in whatever order."""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from loaders.demo.files import write_files
from tests.project.conftest import Dbt, Environment, query

Row = dict[str, str]
Load = Callable[..., Environment]
# INCREMENTAL_SLICES=10 looks longer; a build of all models takes some ten seconds.
SLICES = int(os.environ.get("INCREMENTAL_SLICES", "4"))
HOUSEHOLDS = 60
# The as-of date is pinned, goes back and is let loose again; for once the days are those of another zone, and purchases
# are weighed otherwise. Each of these makes all anew, so the last build is a plain one.
VARIABLES = {
    SLICES - 4: {"as_of_date": "2017-06-30", "time_zone": "Asia/Kolkata"},
    SLICES - 3: {"as_of_date": "2017-03-31", "recommendation_personal_half_life_days": 30},
}
# What is wrong once stays wrong, so the last comparison tells of all builds but those of a day that was passed over.
COMPARED = (SLICES - 3, SLICES - 1)
LEFT_OUT = ("--exclude", "+marts.journeys")
MARTS = """
    select table_name from information_schema.tables
    where table_schema = 'marts' and table_name not like 'journey%' and table_name not like '%_history'
"""

# Marts show of these little more than an order, and products may have other numbers when built anew.
PURCHASES = """
    select customer_id, product_id, order_count, first_order_date, last_order_date, personal_weight
    from {0}intermediate.int_recommendation_purchases_summed
    inner join {0}intermediate.int_products_numbered using (product_number)
"""


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    """The demo's lines of some households, each with an identifier."""
    [file] = [file for file in write_files(tmp_path_factory.mktemp("files")) if file.stem == "transactions"]
    # DuckDB reads the whole file in a second, Python's csv in twenty.
    table = f"read_csv('{file}', all_varchar = true)"
    first = f"select distinct household_id from {table} order by household_id limit {HOUSEHOLDS}"
    households = [household for (household,) in duckdb.sql(first).fetchall()]
    found = duckdb.execute(f"select * from {table} where household_id in ? order by all", [households])
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


def compare_with_full_refresh(environment: Environment, dbt: Dbt, variables: list[str]) -> None:
    """Build everything anew beside the marts and compare every row of every mart."""
    beside = {**environment, "DBT_SCHEMA_PREFIX": "anew"}
    dbt(beside, "run", "--full-refresh", "--target", "dev", *variables, *LEFT_OUT)
    for (mart,) in query(environment, MARTS):
        for one, other in (("marts", "anew_marts"), ("anew_marts", "marts")):
            difference = f"select * from {one}.{mart} except all select * from {other}.{mart} limit 3"
            assert query(environment, difference) == [], f"{one}.{mart} has rows that {other}.{mart} has not"
    kept, anew = PURCHASES.format(""), PURCHASES.format("anew_")
    assert query(environment, f"({kept} except all {anew}) union all ({anew} except all {kept}) limit 3") == []


def test_incremental_builds_equal_full_refreshes(
    lines: list[Row], load: Load, dbt: Dbt, tmp_path: Path, copy_more: Callable[..., None]
) -> None:
    slices = make_slices(lines, tmp_path)
    environment = load()
    dbt(environment, "seed")
    dbt({**environment, "DBT_SCHEMA_PREFIX": "anew"}, "seed", "--target", "dev")
    for number, files in enumerate(slices):
        copy_more(environment, *files)
        variables = VARIABLES.get(number, {})
        options = ["--vars", json.dumps(variables)] if variables else []
        dbt(environment, "run", *options, *LEFT_OUT)
        if number in COMPARED:
            compare_with_full_refresh(environment, dbt, options)
