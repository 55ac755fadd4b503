"""Measure customer value on many customers: summing them up, fitting, and predicting (`benchmarks/value.py`).

The customers are drawn from the models themselves, over two years, into the table that the models of customer value
read, in a PostgreSQL of the benchmark's own. So the fit also has to find again what they were drawn from.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import psycopg
from rich import box
from rich.console import Console
from rich.table import Table as Grid

from benchmarks.build_measure import Cost, run_measured
from loaders.contract.sources_yml import read_contract
from loaders.destinations.postgres.connection import SERVER_VARIABLES
from loaders.destinations.postgres.destination import Postgres
from loaders.embedded.server import EmbeddedServer
from loaders.project import Project, find_project

R, ALPHA, A, B = 0.55, 10.0, 0.8, 2.5
P, Q, GAMMA = 6.0, 4.0, 15.0
AS_OF, WEEKS = date(2025, 12, 31), 104
SUM_UP = ("--select", "int_value_days", "int_value_summaries", "stg_loader__value_fits")
PREDICT = ("--select", "stg_loader__value_fits+", "--exclude", "customer_profiles")


def draw_days(customers: int, seed: int = 1) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Draw purchase days.

    Returns:
        Rows of customer, days before the as-of date, and amount; no day of a customer twice.
    """
    generator = np.random.default_rng(seed)
    rate = generator.gamma(R, 1 / ALPHA, customers)
    leaving = generator.beta(A, B, customers)
    scale = generator.gamma(Q, 1 / GAMMA, customers)
    left = generator.integers(7, 7 * WEEKS, customers).astype(float)
    who = np.arange(customers)
    rows = []
    is_first = True
    while len(who):
        amount = np.maximum(generator.gamma(P, 1 / scale[who]), 0.01)
        rows.append(np.column_stack([who, np.floor(left), amount]))
        if not is_first:
            stays = generator.random(len(who)) >= leaving[who]
            who, left = who[stays], left[stays]
        is_first = False
        left = left - 7 * generator.exponential(1 / np.maximum(rate[who], 1e-12))
        who, left = who[left >= 0], left[left >= 0]
    drawn = np.concatenate(rows)
    _, kept = np.unique(drawn[:, 0] * 10_000 + drawn[:, 1], return_index=True)
    return np.asarray(drawn[kept])


def fill(environment: dict[str, str], project: Project, customers: int) -> int:
    """Write the customers' days to an empty database; return their number."""
    days = draw_days(customers)
    with psycopg.connect(
        host=environment["PGHOST"], port=environment["PGPORT"], user=environment["PGUSER"], autocommit=True
    ) as connection:
        connection.execute("drop database if exists value with (force)")
        connection.execute("create database value")
    with psycopg.connect(
        host=environment["PGHOST"], port=environment["PGPORT"], user=environment["PGUSER"], dbname="value"
    ) as connection:
        connection.autocommit = True
        Postgres(connection).init_schema(read_contract(project))
        connection.execute("create schema intermediate")
        connection.execute(f"create table intermediate.int_as_of_date as select date '{AS_OF}' as as_of_date")
        connection.execute(
            "create table intermediate.int_purchase_days"
            " (customer_id text, purchase_date date, order_count bigint, net_revenue numeric(18, 2))"
        )
        with connection.cursor().copy("copy intermediate.int_purchase_days from stdin") as copy:
            for customer, before, amount in days:
                copy.write_row((f"C{customer:.0f}", AS_OF - timedelta(before), 1, round(amount, 2)))
        connection.execute("analyze")
    return len(days)


def measure(folder: Path, customers: int) -> tuple[int, dict[str, Cost], str]:
    """Return the number of purchase days, the cost of each step, and what the fit said."""
    project = find_project()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profiles.yml").write_text((project.root / "profiles.yml.example").read_text())
    server = EmbeddedServer(folder)
    server.start()
    try:
        kept = {name: value for name, value in os.environ.items() if name not in {*SERVER_VARIABLES, "PGPASSWORD"}}
        environment = kept | server.environment() | {"PGDATABASE": "value"}
        days = fill(environment, project, customers)
        dbt = [str(Path(sys.executable).with_name("dbt")), "run", "--project-dir", str(project.root)]
        dbt += ["--profiles-dir", str(folder), "--target", "ci", "--target-path", str(folder / "target")]
        process = server.status().pid or 0
        steps = {
            "sum up": [*dbt, *SUM_UP],
            "fit": [sys.executable, "-m", "loaders.cli", "fit"],
            "predict": [*dbt, *PREDICT],
        }
        costs = {
            name: run_measured(name, command, environment, folder / f"{name}.txt", process)
            for name, command in steps.items()
        }
        return days, costs, (folder / "fit.txt").read_text()
    finally:
        server.stop()


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", default="100000,1000000", help="numbers of customers, with commas between")
    parser.add_argument("--folder", type=Path, default=find_project().root / "data" / "bench-value")
    arguments = parser.parse_args()
    grid = Grid(box=box.SIMPLE_HEAD)
    for column in ("customers", "purchase days", "step", "s", "s of CPU", "client, peak MB", "server, peak MB"):
        grid.add_column(column, justify="right")
    for customers in map(int, arguments.customers.split(",")):
        days, costs, said = measure(arguments.folder.resolve(), customers)
        print(said, file=sys.stderr)
        for step, cost in costs.items():
            figures = (f"{figure:,.1f}" for figure in (cost.seconds, cost.cpu_seconds))
            memory = (f"{figure:,.0f}" for figure in (cost.client_mb, cost.server_mb))
            grid.add_row(f"{customers:,}", f"{days:,}", step, *figures, *memory)
    Console(width=120).print(grid)


if __name__ == "__main__":
    main()
