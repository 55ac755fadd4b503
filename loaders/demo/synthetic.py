"""The synthetic part of the demo: the grocery's data has no subscriptions and no journeys."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from loaders.contract.quoting import literal
from loaders.contract.tables import Contract
from loaders.project import Project
from loaders.synthetic.events import define_events
from loaders.synthetic.files import JOURNEY, chance, write_file
from loaders.synthetic.journey import define_journey
from loaders.synthetic.settings import Settings
from loaders.synthetic.subscriptions import define_subscriptions

# The period of the real data, so that the marts describe the same day as without these files.
SETTINGS = Settings(users=3_000, days=366, until=date(2018, 1, 1))
# Households own products that are really sold, at their real prices.
HOLDERS = """
    select
        row_number() over (order by household_id) - 1 as number,
        household_id as customer_id,
        date '2017-01-01' as since
    from read_csv({file}, header = true, all_varchar = true)
"""
GOODS = """
    select
        row_number() over (order by count(*) desc, product_id) - 1 as number,
        product_id,
        avg(sales_value::decimal(18, 2) / quantity::int)::decimal(18, 2) as price
    from read_csv({file}, header = true, all_varchar = true)
    where quantity::int > 0
    group by product_id
    order by number
    limit 300
"""


def write_synthetic_files(
    project: Project, contract: Contract, folder: Path, settings: Settings = SETTINGS
) -> list[Path]:
    """Write subscriptions of the demo's households, and journeys of invented users, into the subfolder `synthetic`.

    Args:
        project: The dbt project.
        contract: The tables.
        folder: Where the real files are.
        settings: How many users, and when.

    Returns:
        The files; existing ones are kept.
    """
    names = ["customer_products", *JOURNEY]
    files = {name: folder / "synthetic" / f"{name}_synthetic.csv" for name in names}
    if not all(file.exists() for file in files.values()):
        (folder / "synthetic").mkdir(parents=True, exist_ok=True)
        holders = HOLDERS.format(file=literal(str(folder / "customers.csv")))
        goods = GOODS.format(file=literal(str(folder / "transactions.csv")))
        with chance(project, settings) as database:
            define_subscriptions(database, settings, holders, goods)
            define_journey(database, settings)
            define_events(database)
            for name, file in files.items():
                write_file(database, contract.table(name), f"from {name}", file, dirty=0, seed=settings.seed)
    return list(files.values())
