"""Write synthetic files for every table of the contract: the same bytes for the same settings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from loaders.contract.tables import Contract, Table
from loaders.errors import LoaderError
from loaders.project import Project
from loaders.reading.workspace import interruptible, working_folder
from loaders.synthetic.events import define_events
from loaders.synthetic.faults import add_faults
from loaders.synthetic.journey import define_journey
from loaders.synthetic.orders import define_transactions
from loaders.synthetic.settings import Settings, define_chance
from loaders.synthetic.shop import define_shop
from loaders.synthetic.subscriptions import define_subscriptions

MEMORY_LIMIT = "512MB"
SHOP = ("customers", "products", "transactions", "customer_products")
JOURNEY = ("plans", "users", "shops", "invoices", "payments", "events")
FAULTS = "faults"

# Called with the name of a file and the share of it that is written.
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Written:
    """A file that was written."""

    file: str
    rows: int
    bytes: int
    faults: int = 0


def silent(_file: str, _share: float) -> None:
    """Show no progress."""


def generate(
    project: Project,
    contract: Contract,
    settings: Settings,
    folder: Path,
    *,
    dirty: float = 0,
    force: bool = False,
    on_progress: Progress = silent,
) -> list[Written]:
    """Write a file for every table to a folder, which is created if needed.

    Args:
        project: The dbt project, for its folder for working files.
        contract: The tables; the rows follow their rules.
        settings: Size, period and seed of the data.
        folder: Where to write to.
        dirty: Share of the rows, from 0 to 1, that get a fault; the faults are listed in the folder `faults` in it.
        force: Replace existing files.
        on_progress: Called as a file grows.

    Raises:
        LoaderError: A file exists already, or the folder can't be written to.
    """
    with generator(project, settings) as database:
        names = [*SHOP, *JOURNEY]
        return write_files(
            database, contract, settings, names, folder, dirty=dirty, force=force, on_progress=on_progress
        )


@contextmanager
def generator(project: Project, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB with a view for every table that files are generated for."""
    with chance(project, settings) as database:
        define_shop(database, settings)
        define_transactions(database, settings, currency(project))
        define_subscriptions(
            database,
            settings,
            "select customer_id[2:]::bigint as number, customer_id, registered_at[:10]::date as since from customers",
            "select number, product_id, price from catalogue",
        )
        define_journey(database, settings)
        define_events(database)
        yield database


def write_files(
    database: duckdb.DuckDBPyConnection,
    contract: Contract,
    settings: Settings,
    names: list[str],
    folder: Path,
    *,
    dirty: float = 0,
    force: bool = False,
    on_progress: Progress = silent,
) -> list[Written]:
    """Write views of DuckDB as files; see `generate`."""
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for file in (folder / f"{name}.csv" for name in names):
        if file.exists() and not force:
            raise LoaderError(f"{file} exists already.", "Choose another folder, or use --force.")
    return [
        write_file(
            database,
            contract.table(name),
            f"from {name}",
            folder / f"{name}.csv",
            dirty=dirty,
            seed=settings.seed,
            on_progress=on_progress,
        )
        for name in names
    ]


def currency(project: Project) -> str:
    """Return the project's reporting currency."""
    return str(project.vars.get("currency") or "USD")


@contextmanager
def chance(project: Project, settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB of its own on disk, with the macro `u`."""
    with (
        working_folder(project) as folder,
        duckdb.connect(
            str(folder / "generate.duckdb"), config={"memory_limit": MEMORY_LIMIT, "temp_directory": str(folder)}
        ) as database,
    ):
        # Rows keep their order in joins with small tables on the right; the optimizer would swap the sides.
        database.execute("set disabled_optimizers = 'join_order,build_side_probe_side'")
        define_chance(database, settings.seed)
        with interruptible(database):
            yield database


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Turn failures to write to a folder into a LoaderError."""
    try:
        yield
    except (OSError, duckdb.IOException) as error:
        what = error.strerror if isinstance(error, OSError) else "it can't be written to"
        raise LoaderError(
            f"Files can't be written to {folder}: {what}.", "Give --to a folder with free space and write permission."
        ) from error


def write_file(
    database: duckdb.DuckDBPyConnection,
    table: Table,
    query: str,
    target: Path,
    *,
    dirty: float,
    seed: int,
    on_progress: Progress = silent,
) -> Written:
    """Write a query of DuckDB as a file for a table; it appears under its name when it is complete.

    Raises:
        LoaderError: The folder can't be written to.
    """
    listed = target.parent / FAULTS / target.name
    clean, spoilt = (target.with_name(f".{target.name}.{kind}") for kind in ("clean", "dirty"))
    partly_listed = listed.with_name(f".{target.name}.partial")
    faults = 0
    with writable(target.parent):
        try:
            with _polled(database, lambda share: on_progress(target.name, share)):
                row = database.execute(f"copy ({query}) to $1 (format csv, header)", [str(clean)]).fetchone()
            if dirty:
                listed.parent.mkdir(exist_ok=True)
                faults = add_faults(clean, spoilt, partly_listed, table, dirty, f"{seed} {target.name}")
                partly_listed.replace(listed)
                spoilt.replace(target)
            else:
                listed.unlink(missing_ok=True)  # from an earlier run with faults
                clean.replace(target)
        finally:
            for left in (clean, spoilt, partly_listed):
                left.unlink(missing_ok=True)
        on_progress(target.name, 1)
        return Written(target.name, int(row[0]) if row else 0, target.stat().st_size, faults)


@contextmanager
def _polled(database: duckdb.DuckDBPyConnection, on_share: Callable[[float], None]) -> Iterator[None]:
    """Report DuckDB's progress from time to time."""
    done = threading.Event()

    def poll() -> None:
        while not done.wait(0.2):
            on_share(max(0, database.query_progress()) / 100)

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
