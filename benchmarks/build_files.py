"""Files of any size for the benchmarks of builds: the demo's households, fewer or several times, and lines on top."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from loaders.contract.sources_yml import read_contract
from loaders.demo.files import write_files
from loaders.demo.synthetic import SETTINGS, write_synthetic_files
from loaders.project import find_project

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
CUSTOMERS = """
    select customers.* replace (household_id || suffix as household_id)
    from customers
    join households using (household_id)
"""
LINES = """
    create table lines as
    select
        row_number() over (
            order by transaction_timestamp, copy, household_id, basket_id, product_id, sales_value
        ) as number,
        transactions.* replace (household_id || suffix as household_id, basket_id || suffix as basket_id)
    from read_csv($transactions, all_varchar = true) as transactions
    join households using (household_id)
"""
ALL = "select md5(cast(number as varchar)) as transaction_id, lines.* exclude (number) from lines order by number"
# 1 % of the lines once more, drawn at random from the whole year, in baskets of their own.
MORE = """
    select
        md5(number || '-' || {file}) as transaction_id,
        lines.* exclude (number) replace (basket_id || '-more' || {file} as basket_id)
    from lines
    where hash(number) % 100 = {file}
    order by number
"""


def write_size(folder: Path, size: float, more: int = 0) -> int:
    """Write the files of `size` times the demo into `folder` and its subfolder `synthetic`; return the number of lines.

    `more` is how many files of 1 % more lines to write into the subfolder `more`, at most 99.
    """
    customers, products, transactions = write_files(find_project().root / "data" / "demo")
    (folder / "more").mkdir(parents=True, exist_ok=True)
    work = folder / "lines.duckdb"
    work.unlink(missing_ok=True)
    with duckdb.connect(str(work)) as database:
        database.execute("set memory_limit = '4GB'")
        database.execute(HOUSEHOLDS, {"customers": str(customers), "size": size})
        database.execute(LINES, {"transactions": str(transactions)})
        database.execute(f"create view customers as from read_csv('{customers}', all_varchar = true)")
        _write(database, CUSTOMERS, folder / "customers.csv")
        _write(database, f"from read_csv('{products}', all_varchar = true)", folder / "products.csv")
        lines = _write(database, ALL, folder / "transactions.csv")
        for file in range(1, more + 1):
            _write(database, MORE.format(file=file), folder / "more" / f"transactions_{file}.csv")
    work.unlink()
    project = find_project()
    settings = replace(SETTINGS, users=max(1, round(SETTINGS.users * size)))
    write_synthetic_files(project, read_contract(project), folder, settings)
    return lines


def _write(database: duckdb.DuckDBPyConnection, query: str, file: Path) -> int:
    row = database.execute(f"copy ({query}) to '{file}' (format csv, header)").fetchone()
    return int(row[0]) if row else 0
