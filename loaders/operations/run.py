"""One run of everything: copy what is new in a folder, build the marts (`loader run`).

`loader.last_build` says which loads the marts include, so a run also builds what others have loaded or undone, or what
an earlier run could not build.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from loaders.contract.tables import Contract, Table
from loaders.copy import Result, check_file, refused, skipped
from loaders.destinations.postgres.connection import Connection, connection_environment
from loaders.destinations.postgres.ledger import PostgresLedger
from loaders.errors import ExitCode, FileRefusedError, LoaderError, postgres_message
from loaders.operations.builds import STDERR, read_build, record_build, run_dbt
from loaders.operations.quality import Check, read_checks
from loaders.operations.watch import Arrivals
from loaders.project import Project
from loaders.reading.files import table_of
from loaders.reading.intake import Given
from loaders.reading.options import Options

# Any number that only this project uses.
_RUN_LOCK = 7_205_819_337_404
# Seconds without a change after which a file counts as complete.
SETTLED = 1.0
# Selectors of selectors.yml.
CORE, RECOMMENDATIONS, VALUE = "core", "recommendations", "value"


class RunningError(LoaderError):
    """Another run is in progress."""

    exit_code = ExitCode.RUNNING


@dataclass(frozen=True)
class Pending:
    """What the marts lack: tables that loads have changed, up to a load.

    `everything` means that it is not known how far the marts are built.
    """

    tables: tuple[str, ...]
    load_id: int
    everything: bool

    def __bool__(self) -> bool:
        """Whether there is anything to build."""
        return self.everything or bool(self.tables)


@contextmanager
def only_run(connection: Connection) -> Iterator[None]:
    """Hold the lock on running.

    Raises:
        RunningError: Another run has it.
    """
    row = connection.execute("select pg_try_advisory_lock(%s)", (_RUN_LOCK,)).fetchone()
    if not (row and row[0]):
        raise RunningError("Another `loader run` is in progress.", "It does the work; the next run finds what is new.")
    try:
        yield
    finally:
        with suppress(psycopg.Error):
            connection.execute("select pg_advisory_unlock(%s)", (_RUN_LOCK,))


def list_files(folder: Path, on_note: Callable[[str], None]) -> list[Path]:
    """Return the complete CSV files of a folder, and report those that are still being written."""
    arrivals = Arrivals([folder])
    found = arrivals.look(SETTLED)
    if arrivals.growing:
        time.sleep(SETTLED)
        found += arrivals.look(SETTLED)
    for path in arrivals.growing:
        on_note(f"{path.name} is still being written; the next run takes it.")
    return sorted(found)


def check_new(
    connection: Connection,
    project: Project,
    contract: Contract,
    paths: list[Path],
    options: Options,
    table: Table | None = None,
) -> Iterator[Result]:
    """Check files as `copy_files` copies them, and write nothing."""
    row = connection.execute("select to_regclass('loader.loads') is not null").fetchone()
    ledger = PostgresLedger(connection) if row and row[0] else None
    for path in paths:
        given = Given(path)
        try:
            target = table_of(contract, path, table, options.encoding)
            sha256 = given.sha256()
        except FileRefusedError as error:
            yield refused(given, error)
            continue
        known = ledger.find_loaded(target, sha256, given.name) if ledger and sha256 else None
        yield skipped(given, target, known) if known else check_file(project, target, path, options)[0]


def find_pending(connection: Connection) -> Pending:
    """Return what the marts lack."""
    PostgresLedger(connection).fail_broken()
    row = connection.execute(
        """
        select
            (select max(load_id) from loader.last_build),
            coalesce(min(case when status = 'running' then load_id - 1 end), max(load_id), 0)
        from loader.loads
        """
    ).fetchone()
    assert row is not None
    built, ended = row
    tables = connection.execute(
        """
        select distinct table_name
        from loader.loads
        where
            load_id > %s
            and load_id <= %s
            and coalesce(rows_inserted, 0) + coalesce(rows_updated, 0) + coalesce(rows_removed, 0) > 0
        order by table_name
        """,
        (built or 0, ended),
    ).fetchall()
    return Pending(tuple(name for (name,) in tables), ended, built is None)


@dataclass(frozen=True)
class Built:
    """What dbt built and tested: the selectors, all successful unless the last one failed."""

    selectors: tuple[str, ...]
    succeeded: bool


def core_of(tables: Iterable[str]) -> list[str]:
    """Return dbt's arguments for what loads have changed of `core`.

    That is what reads the tables, and what reads the records of the loader and of dbt, to which every run adds. The
    rest would come out as it is.

    Args:
        tables: Full names of the tables with new, changed or removed rows.
    """
    changed = [f"source:*.{table.rpartition('.')[2]}+" for table in tables]
    return ["--select", *changed, "source:loader+", "source:operations+", "--exclude", f"tag:{RECOMMENDATIONS}"]


def build(
    connection: Connection,
    project: Project,
    pending: Pending,
    on_note: Callable[[str], None],
    on_fresh: Callable[[], None] | None = None,
) -> Built:
    """Build and test what loads have changed, and the recommendations if they are for another day; record it.

    Customer value is fitted when a month of data has passed since the last fit, and what reads the fit is built again.

    Args:
        connection: Connection in autocommit mode.
        project: The dbt project.
        pending: What the marts lack.
        on_note: Called with what a user should know.
        on_fresh: Called when the marts show the loads. Tests, which take most of a small build, then follow; without it
            each model is tested before others read it.
    """
    core = ["--selector", CORE] if pending.everything else core_of(pending.tables)
    if on_fresh:
        if not _run_dbt_build(connection, project, on_note, "--exclude-resource-type", "test", *core):
            return Built((CORE,), succeeded=False)
        on_fresh()
        core += ["--resource-type", "test"]
    if pending.everything:
        built = Built((CORE, RECOMMENDATIONS), _run_dbt_build(connection, project, on_note))
    else:
        built = Built((CORE,), _run_dbt_build(connection, project, on_note, *core))
        if built.succeeded and not are_recommendations_current(connection):
            well = _run_dbt_build(connection, project, on_note, "--selector", RECOMMENDATIONS)
            built = Built((CORE, RECOMMENDATIONS), well)
    if built.succeeded and _fit_value(connection, project, on_note):
        well = _run_dbt_build(connection, project, on_note, "--selector", VALUE)
        built = Built((*built.selectors, VALUE), well)
    if built.succeeded:
        with connection.transaction():
            connection.execute("delete from loader.last_build")
            connection.execute(
                "insert into loader.last_build (load_id, finished_at) values (%s, clock_timestamp())",
                (pending.load_id,),
            )
    return built


def _fit_value(connection: Connection, project: Project, on_note: Callable[[str], None]) -> bool:
    """Fit customer value if it is time to; return whether there is a new fit."""
    # Imported here, because scipy takes longer to import than a run with nothing new.
    from loaders.operations.value.fits import Database, fit_values, is_due

    try:
        fits = fit_values(Database(connection), project) if is_due(connection, project) else []
    except psycopg.errors.InsufficientPrivilege as error:
        # The marts are right without it.
        on_note(f"Warning: customer value is not fitted, because {postgres_message(error)}.")
        return False
    for fit in fits:
        on_note(fit.sentence)
    return any(fit.models for fit in fits)


def are_recommendations_current(connection: Connection) -> bool:
    """Whether the lists were made for the day that the other marts describe."""
    try:
        row = connection.execute(
            """
            select
                (select max(as_of_date) from marts.metrics_summary)
                is not distinct from (select max(as_of_date) from marts.recommendations)
            """
        ).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        return False
    return bool(row and row[0])


def _run_dbt_build(connection: Connection, project: Project, on_note: Callable[[str], None], *selection: str) -> bool:
    """Run `dbt build`, record it, and return whether it succeeded."""
    started_at = datetime.now(UTC)
    # Unit tests check the code, not the data. Logging at level debug would take a tenth of a small build.
    arguments = ["build", "--log-level-file", "info", "--exclude-resource-type", "unit_test", *selection]
    returncode = run_dbt(project, connection_environment(project), *arguments, stdout=STDERR).returncode
    try:
        record_build(connection, project, read_build(project, since=started_at))
    except LoaderError as error:
        on_note(f"Warning: this build is not recorded in schema operations. {error}")
    return returncode == 0


def count_rejects(connection: Connection, load_ids: list[int]) -> list[tuple[str, str, int]]:
    """Return table, reason and number of the rows that loads rejected, the most frequent first."""
    return connection.execute(
        """
        select loads.table_name, rejected_rows.reason, count(*)
        from loader.rejected_rows
        inner join loader.loads using (load_id)
        where load_id = any(%s)
        group by loads.table_name, rejected_rows.reason
        order by count(*) desc, loads.table_name, rejected_rows.reason
        """,
        (load_ids,),
    ).fetchall()


def find_worst_checks(connection: Connection, limit: int = 5) -> list[Check]:
    """Return the worst findings of `data_quality_report`; none before the first build."""
    row = connection.execute("select to_regclass('marts.data_quality_report') is not null").fetchone()
    return [check for check in read_checks(connection, limit) if check.rows_failed] if row and row[0] else []
