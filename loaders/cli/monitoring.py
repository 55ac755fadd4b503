"""The commands `loader quality` and `loader metrics`: data quality, and metrics for monitoring."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from loaders.cli import report
from loaders.contract.sources_yml import read_contract
from loaders.destinations.postgres.connection import connect
from loaders.operations.quality import read_checks, read_issues
from loaders.project import find_project


@click.command(short_help="Show the data quality report, or what fails one check.")
@click.argument("check", required=False)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Number of rows to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def quality(check: str | None, limit: int, as_json: bool) -> None:
    """Show the data quality report; with CHECK, list what fails it with keys and reasons, highest amount first.

    The numbers are those of the last `dbt build`.

    Example: loader quality unknown_product --limit 10
    """
    with connect(find_project(), autocommit=True) as connection:
        if check is None:
            report.show_quality(read_checks(connection), as_json=as_json)
            return
        found, issues = read_issues(connection, check, limit)
    if as_json:
        report.show_json({**asdict(found), "issues": [asdict(issue) for issue in issues]})
        return
    click.echo(report.printable(f"{found.description}."))
    report.show_issues(issues)
    if found.rows_failed > limit:
        click.echo(f"{limit} of {found.rows_failed:,} {found.counted}; --limit shows more.")


def _textfile(_ctx: click.Context, _param: click.Parameter, file: Path | None) -> Path | None:
    if file and file.suffix != ".prom":
        raise click.BadParameter(f"{str(file)!r} must end with .prom: the node exporter reads no other file.")
    return file


@click.command(short_help="Write metrics for Prometheus: loads, freshness, builds, quality.")
@click.option(
    "--to",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_textfile,
    metavar="FILE",
    help="File to write for the node exporter's textfile collector, ending with .prom.",
)
def metrics(file: Path | None) -> None:
    """Write metrics of loads, rejects, freshness, builds and quality for Prometheus, or print them without --to.

    Metrics of what is not built yet, or not readable for you, are omitted. Nothing is written to the database.

    Example: loader metrics --to /var/lib/prometheus/node-exporter/customer_analytics.prom
    """
    # Imported here, because importing prometheus_client takes longer than other commands take to start.
    from loaders.operations.metrics import as_text, read_metrics, write_textfile

    project = find_project()
    with connect(project, autocommit=True, application_name="loader metrics") as connection:
        registry = read_metrics(connection, read_contract(project))
    if file:
        write_textfile(registry, file)
    else:
        click.echo(as_text(registry), nl=False)
