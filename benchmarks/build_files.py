"""Files of any size for `benchmarks/build.py`: the demo's households, fewer or several times, cut into loads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from loaders.contract.sources_yml import read_contract
from loaders.demo.files import write_files
from loaders.demo.synthetic import SETTINGS, write_synthetic_files
from loaders.project import find_project

KINDS = ("newest", "scattered")
SHARES = (0.001, 0.01)
# Households in a fixed random order make a copy each until there are enough; baskets and lines follow their household.
# A key as long and as random as the one that the loader makes for a file without keys costs what that one costs.
HOUSEHOLDS = """
    create table households as
    with placed as (
        select household_id, (row_number() over (order by md5(household_id)) - 1) / count(*) over () as place
        from read_csv($customers, all_varchar = true)
    )
    select
        household_id,
        copy,
        case when copy > 0 then '-' || copy else '' end as suffix
    from placed, unnest(range(cast(ceil($size) as int))) as copies(copy)
    where copy + place < $size
"""
LINES = """
    create table lines as
    with renamed as (
        select
            row_number() over (
                order by transaction_timestamp, copy, household_id, basket_id, product_id, sales_value
            ) as number,
            transactions.* replace (
                household_id || suffix as household_id,
                basket_id || suffix as basket_id
            )
        from read_csv($transactions, all_varchar = true) as transactions
        join households using (household_id)
    )
    select
        number,
        number / count(*) over () as age,
        (hash(number) >> 11) / 9007199254740992.0 as chance,
        md5(cast(number as varchar)) as transaction_id,
        renamed.* exclude (number)
    from renamed
"""


def part_name(kind: str, share: float, run: int) -> str:
    """Return the name of one load's lines."""
    return f"{kind}_{share:g}_{run}"


def write_size(folder: Path, size: float, runs: int, shares: tuple[float, ...] = SHARES) -> dict[str, int]:
    """Write the files of `size` times the demo into `folder`: all lines, and the same lines as a base and loads on top.

    Each of the loads has one of the shares of all lines, of each kind, as often as there are runs.

    Returns:
        The number of lines of each part, and of "all".
    """
    customers, products, transactions = write_files(find_project().root / "data" / "demo")
    folder.mkdir(parents=True, exist_ok=True)
    work = folder / "lines.duckdb"
    work.unlink(missing_ok=True)
    counts = {}
    with duckdb.connect(str(work)) as database:
        database.execute("set memory_limit = '4GB'")
        database.execute(HOUSEHOLDS, {"customers": str(customers), "size": size})
        database.execute(LINES, {"transactions": str(transactions)})
        renamed = "demographics.* replace (household_id || suffix as household_id)"
        source = f"read_csv('{customers}', all_varchar = true) as demographics join households using (household_id)"
        _write(database, f"select {renamed} from {source}", folder / "customers.csv")
        _write(database, f"from read_csv('{products}', all_varchar = true)", folder / "products.csv")
        for name, condition in {"all": "true", **_parts(runs, shares)}.items():
            lines = f"select * exclude (number, age, chance) from lines where {condition} order by number"
            target = folder / ("transactions.csv" if name == "all" else f"transactions_{name}.csv")
            counts[name] = _write(database, lines, target)
    work.unlink()
    _write_synthetic(folder, size)
    return counts


def _parts(runs: int, shares: tuple[float, ...]) -> dict[str, str]:
    """Return the condition of each part; later runs have the newer ones of the newest lines, as they load last."""
    held_out = runs * sum(shares)
    conditions = {"base": f"age <= {1 - held_out} and chance >= {held_out}"}
    begun = 0.0
    for run in range(runs):
        for share in shares:
            newest = f"age > {1 - held_out + begun} and age <= {1 - held_out + begun + share}"
            conditions[part_name("newest", share, run)] = newest
            scattered = f"chance >= {begun} and chance < {begun + share} and age <= {1 - held_out}"
            conditions[part_name("scattered", share, run)] = scattered
            begun += share
    return conditions


def _write(database: duckdb.DuckDBPyConnection, query: str, file: Path) -> int:
    row = database.execute(f"copy ({query}) to '{file}' (format csv, header)").fetchone()
    return int(row[0]) if row else 0


def _write_synthetic(folder: Path, size: float) -> None:
    project = find_project()
    settings = replace(SETTINGS, users=max(1, round(SETTINGS.users * size)))
    write_synthetic_files(project, read_contract(project), folder, settings)
