"""`loader quality`: what is doubtful in the data, as dbt's last build found it."""

from __future__ import annotations

from dataclasses import asdict

import click

from loaders.cli import report
from loaders.destinations.postgres.connection import connect
from loaders.operations.quality import read_checks, read_issues
from loaders.project import find_project


@click.command()
@click.argument("check", required=False)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Number of rows to show.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs.")
def quality(check: str | None, limit: int, as_json: bool) -> None:
    """Show the data quality report; with CHECK list what fails it, by its keys and reasons, the most money first.

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
