"""The demo on Apache Spark (`make spark-demo`): its files as Parquet, its marts by a cluster on this machine.

The cluster is a master and two workers, each a process of its own, as if on separate machines: they share only the
folders. If SPARK_MASTER is set, that cluster builds the marts instead.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import duckdb
from rich.console import Console

from loaders.cli.report import progress, show_results
from loaders.contract.sources_yml import read_contract
from loaders.copy import copy_files
from loaders.demo.files import write_files
from loaders.demo.spark_cluster import HOST, running_cluster
from loaders.demo.summary import show_marts, show_metrics, show_title
from loaders.demo.synthetic import write_synthetic_files
from loaders.destinations.addresses import open_destination
from loaders.errors import ExitCode, LoaderError
from loaders.operations.builds import run_dbt
from loaders.project import Project, find_project
from loaders.reading.options import Options

WORKERS = 2
CORES_OF_A_WORKER = 1
MEMORY_OF_A_WORKER_MB = 2048


def main() -> None:
    """Run the demo; a second run skips the loaded files, and rebuilds all marts."""
    # So that SIGTERM from a service manager or a shell stops the cluster, as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        project = find_project()
        folder = project.root / "data" / "spark"
        _load(project, folder / "parquet")
        with _cluster(folder / "cluster") as cluster:
            show_title(f"Building the marts on {cluster['SPARK_MASTER']}")
            environment = {**cluster, "SPARK_FOLDER": str(folder), "PARQUET_PATH": str(folder / "parquet")}
            left_out = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
            with Console(stderr=True).status("dbt build"):
                built = run_dbt(project, environment, "build", "--target", "spark", *left_out)
            if built.returncode:
                raise LoaderError("dbt build failed; its messages are above.", "All of them are in logs/dbt.log.")
        _summarize(folder / "warehouse" / "marts.db")
    except LoaderError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(ExitCode.ERROR)
    except KeyboardInterrupt:
        sys.exit(ExitCode.INTERRUPTED)


def _load(project: Project, tables: Path) -> None:
    show_title("Loading into Parquet")
    contract = read_contract(project)
    folder = project.root / "data" / "demo"
    files = write_files(folder) + write_synthetic_files(project, contract, folder)
    with open_destination(f"parquet:{tables}", project, contract) as destination:
        destination.init_schema(contract)
        results = list(copy_files(destination, project, contract, files, Options(), on_progress=progress))
    show_results(results, as_json=False)


@contextmanager
def _cluster(folder: Path) -> Iterator[dict[str, str]]:
    """Start a cluster if none is named; return the environment variables that point dbt at it."""
    if master := os.environ.get("SPARK_MASTER"):
        yield {"SPARK_MASTER": master}
        return
    show_title(f"Starting a master and {WORKERS} workers")
    limits = {"workers": WORKERS, "cores": CORES_OF_A_WORKER, "memory_mb": MEMORY_OF_A_WORKER_MB}
    with running_cluster(folder, **limits) as master:
        yield {
            "SPARK_MASTER": master,
            "SPARK_EXECUTOR_MEMORY": f"{MEMORY_OF_A_WORKER_MB}m",
            "SPARK_LOCAL_IP": HOST,
        }


def _summarize(marts: Path) -> None:
    """Print the totals, and how many rows each table has, from the files themselves."""
    with duckdb.connect() as connection:
        cursor = connection.execute(f"from read_parquet('{marts}/metrics_summary/*.parquet')")
        show_metrics((name for name, *_ in cursor.description or ()), cursor.fetchone() or ())
        counts = []
        for path in sorted(path for path in marts.iterdir() if path.is_dir()):
            [count] = connection.execute(f"select count(*) from read_parquet('{path}/*.parquet')").fetchone() or (0,)
            counts.append((path.name, count))
    show_marts(f"Marts that are tables ({len(counts)}, {marts})", counts)


if __name__ == "__main__":
    main()
