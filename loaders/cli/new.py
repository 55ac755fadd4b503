"""The command `loader new`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from loaders.cli import report
from loaders.operations.template import write_project


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def new(folder: Path) -> None:
    """Write a new project into FOLDER: the dbt project with its contract, a profile, a Makefile and example files.

    FOLDER must not exist yet, or be empty. Other commands find the project from any folder below it.

    Example: loader new my-shop
    """
    write_project(folder)
    click.echo(
        report.printable(f"{folder} has a dbt project, the contract in models/staging, and small files in examples.")
    )
    click.echo("Next, load the examples and build the marts:")
    click.echo(report.printable(f"  cd {shlex.quote(str(folder))}"))
    click.echo("  loader copy examples")
    click.echo('  eval "$(loader db env)" && dbt build')
    click.echo("`make` lists these and more.")
