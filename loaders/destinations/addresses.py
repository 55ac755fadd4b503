"""The addresses of destinations, as in `--to`: duckdb:FILE, parquet:FOLDER, and PostgreSQL without an address."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from loaders.contract.tables import Contract
from loaders.destinations.base import Destination
from loaders.destinations.duckdb.connection import connect_duckdb
from loaders.destinations.duckdb.destination import DuckDb
from loaders.destinations.parquet.connection import connect_parquet
from loaders.destinations.parquet.destination import Parquet
from loaders.destinations.postgres.connection import connect
from loaders.destinations.postgres.destination import Postgres
from loaders.destinations.postgres.roles import BUILT_SCHEMAS
from loaders.errors import LoaderError
from loaders.project import Project

# Default path of a destination: an environment variable, else this path in the project's folder. dbt's target `duckdb`
# has the same (profiles.yml.example).
PATHS = {"duckdb": ("DUCKDB_PATH", "data/analytics.duckdb"), "parquet": ("PARQUET_PATH", "data/parquet")}


@contextmanager
def open_destination(
    to: str | None,
    project: Project,
    contract: Contract,
    *,
    wait: bool = False,
    on_note: Callable[[str], None] = lambda _: None,
) -> Iterator[Destination]:
    """Open the database that rows are copied into.

    Args:
        to: `duckdb:FILE` or `parquet:FOLDER`, or one of the two words alone for its default path; PostgreSQL without
            it.
        project: The dbt project.
        contract: Its tables.
        wait: Wait for another program that has it open.
        on_note: Called with notes for the user.

    Raises:
        LoaderError: There is no such destination, or it can't be opened.
    """
    if to is None:
        with connect(project, autocommit=True) as connection:
            yield Postgres(connection)
        return
    kind, _, path = to.partition(":")
    if kind not in PATHS:
        raise LoaderError(
            f"There is no destination {to!r}.", "Say --to duckdb:FILE or parquet:FOLDER; PostgreSQL without it."
        )
    variable, default = PATHS[kind]
    place = Path(path) if path else project.root / os.environ.get(variable, default)
    if kind == "duckdb":
        if place.stem.lower() in {"loader", *BUILT_SCHEMAS, *(table.schema for table in contract.tables)}:
            raise LoaderError(
                f"In {place} {place.stem!r} would be the name of the database and of a schema in it.",
                "Give the file another name.",
            )
        with connect_duckdb(place, wait=wait, on_note=on_note) as database:
            yield DuckDb(database)
    else:
        with connect_parquet(place, wait=wait, on_note=on_note) as folder:
            parquet = Parquet(folder, contract)
            yield parquet
            # Publishes the ledger of loads that never reached their transaction.
            with parquet.transaction():
                pass
