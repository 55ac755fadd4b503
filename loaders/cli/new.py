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
    """Write a new project into a folder.

    It has the dbt project with the contract, a profile, a Makefile and example files. FOLDER must not exist yet, or be
    empty. The other commands find the project from any folder inside it.

    Example: loader new my-shop
    """
    write_project(folder)
    report.say(
        report.printable(f"{folder} has a dbt project, the contract in models/staging, and example files in examples.")
    )
    report.say("Next, load the examples and build the marts:")
    report.say(report.printable(f"  cd {shlex.quote(str(folder))}"))
    report.say("  loader copy examples")
    report.say('  eval "$(loader db env)" && dbt build')
    report.say("`make` lists these and more.")
