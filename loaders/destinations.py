"""The destinations that `--to` names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from loaders.database import connect
from loaders.destination import Destination, Postgres
from loaders.duckdb_destination import open_duckdb
from loaders.errors import LoaderError
from loaders.project import Project

# dbt's target `duckdb` reads the same variable, and has the same file without it (profiles.yml.example).
DUCKDB_VARIABLE = "DUCKDB_PATH"
DUCKDB_DEFAULT = "data/analytics.duckdb"


@contextmanager
def open_destination(
    to: str | None, project: Project, *, wait: bool = False, on_note: Callable[[str], None] = lambda _: None
) -> Iterator[Destination]:
    """Open the database that rows are copied into.

    Args:
        to: `duckdb:PATH`, or `duckdb` for the file that dbt's target of this name builds; PostgreSQL without it.
        project: The dbt project.
        wait: Wait for another program that has a file of DuckDB open.
        on_note: Called with what a user should know.

    Raises:
        LoaderError: There is no such destination, or it can't be opened.
    """
    if to is None:
        with connect(project, autocommit=True) as connection:
            yield Postgres(connection)
        return
    kind, _, path = to.partition(":")
    if kind != "duckdb":
        raise LoaderError(f"There is no destination {to!r}.", "Say --to duckdb:PATH, or leave it away for PostgreSQL.")
    file = Path(path) if path else project.root / os.environ.get(DUCKDB_VARIABLE, DUCKDB_DEFAULT)
    with open_duckdb(file, wait=wait, on_note=on_note) as destination:
        yield destination
