"""The command `loader record`."""

from __future__ import annotations

from pathlib import Path

import click

from loaders.destinations.postgres.connection import connect
from loaders.operations.builds import read_build, record_build
from loaders.project import find_project


@click.command()
@click.option(
    "--target-path",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of dbt's results, as dbt has the option; DBT_TARGET_PATH or target without it.",
)
def record(target_path: Path | None) -> None:
    """Record what the last `dbt build` did, for the marts build_history and test_history.

    `loader run` records its own builds; this is for builds by hand, by CI or by an orchestrator, whether they went well
    or not. A build that is recorded already is left as it is. Also for dbt run, test, seed, snapshot and retry.

    Exit codes: 0 it is recorded; 1 there is nothing to record, or no right to.

    Example: dbt build; loader record
    """
    project = find_project()
    build = read_build(project, target_path)
    with connect(project, autocommit=True) as connection:
        is_new = record_build(connection, project, build)
    verb = "Recorded" if is_new else "Recorded already"
    click.echo(
        f"{verb}: dbt {build.command} of {build.started_at:%Y-%m-%d %H:%M:%S} {build.status} "
        f"({len(build.models)} models, {len(build.tests)} tests)."
    )
