"""What the demos print about a build: the totals of the business, and the number of rows of each mart."""

from __future__ import annotations

from collections.abc import Iterable

import click
from rich import box
from rich.console import Console
from rich.table import Table as Grid


def show_title(text: str) -> None:
    """Print the title of a step."""
    click.echo()
    click.secho(text, bold=True)


def show_metrics(names: Iterable[str], values: Iterable[object]) -> None:
    """Print the one row of `metrics_summary`."""
    show_title("The business at a glance (marts.metrics_summary)")
    for name, value in zip(names, values, strict=True):
        shown = f"{value:,}" if isinstance(value, int) or hasattr(value, "as_tuple") else str(value)
        click.echo(f"{name.replace('_', ' '):<28}{shown:>16}")


def show_marts(title: str, rows: Iterable[tuple[str, int]]) -> None:
    """Print the marts with their numbers of rows."""
    show_title(title)
    grid = Grid(box=box.SIMPLE_HEAD)
    grid.add_column("mart", no_wrap=True)
    grid.add_column("rows", justify="right", no_wrap=True)
    for name, count in rows:
        grid.add_row(name, f"{count:,}")
    Console().print(grid)
