"""The command `loader metrics`."""

from __future__ import annotations

from pathlib import Path

import click

from loaders.contract.sources_yml import read_contract
from loaders.destinations.postgres.connection import connect
from loaders.project import find_project


def _textfile(_ctx: click.Context, _param: click.Parameter, file: Path | None) -> Path | None:
    if file and file.suffix != ".prom":
        raise click.BadParameter(f"{str(file)!r} must end with .prom: the node exporter reads no other file.")
    return file


@click.command()
@click.option(
    "--to",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_textfile,
    metavar="FILE",
    help="File to write for the node exporter's textfile collector, ending with .prom.",
)
def metrics(file: Path | None) -> None:
    """Tell Prometheus of loads, rejects, freshness, builds and quality; without --to they are printed.

    What is not built yet, or not yours to read, is left out. Nothing is written to the database.

    Example: loader metrics --to /var/lib/prometheus/node-exporter/customer_analytics.prom
    """
    # Here, not above: prometheus_client takes longer to import than other commands take to begin.
    from loaders.operations.metrics import as_text, read_metrics, write_textfile

    project = find_project()
    with connect(project, autocommit=True, application_name="loader metrics") as connection:
        registry = read_metrics(connection, read_contract(project))
    if file:
        write_textfile(registry, file)
    else:
        click.echo(as_text(registry), nl=False)
