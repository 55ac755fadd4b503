"""Copy a CSV file into its raw table: all of its good rows in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg

from loaders import ledger
from loaders.contract import Table
from loaders.csv_source import CsvFile, open_csv
from loaders.errors import DatabaseError, FileRefusedError, postgres_message
from loaders.options import Options
from loaders.project import Project
from loaders.scan import Reject, Scan
from loaders.spool import display_name, file_digest
from loaders.upsert import upsert
from loaders.working_folder import remove_dead_folders, working_folder

Progress = Callable[[str, int], None]


def silent(_phase: str, _amount: int) -> None:
    """Show no progress."""


def unnoted(_note: str) -> None:
    """Show no note."""


@dataclass(frozen=True)
class Result:
    """What became of a file. `status` is loaded, skipped, checked, refused or failed."""

    file: str
    table: str
    status: str
    load_id: int | None = None
    encoding: str | None = None
    rows_read: int = 0
    rows_inserted: int = 0
    rows_updated: int = 0
    rows_unchanged: int = 0
    rows_rejected: int = 0
    unknown_columns: tuple[str, ...] = ()
    message: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()


def copy_file(
    connection: psycopg.Connection[Any],
    project: Project,
    table: Table,
    path: Path,
    options: Options,
    on_progress: Progress = silent,
    on_note: Callable[[str], None] = unnoted,
) -> Result:
    """Copy one file into its table.

    Args:
        connection: Connection in autocommit mode.
        project: The dbt project, for its time zone and its folder for working files.
        table: The raw table.
        path: The file, or `-` for standard input.
        options: How to read and copy it.
        on_progress: Called with a phase (`read`, `check`, `copy`) and a number of bytes since the last call.
        on_note: Called at once with what a user should know; the result's `notes` have it too.

    Returns:
        The result; a refused file is a result too.

    Raises:
        DatabaseError: The database refuses or the connection broke; nothing of the file is in.
    """
    name = display_name(path)
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        on_note(text)

    remove_dead_folders(project)
    try:
        with ledger.only_loader(connection, table, wait=options.wait, on_note=note):
            result = _copy_alone(connection, project, table, path, name, options, on_progress)
            return replace(result, notes=tuple(notes))
    except psycopg.Error as error:
        raise DatabaseError(f"The load of {name} broke off: {postgres_message(error)}.", _next_step(error)) from error


def _copy_alone(
    connection: psycopg.Connection[Any],
    project: Project,
    table: Table,
    path: Path,
    name: str,
    options: Options,
    on_progress: Progress,
) -> Result:
    """Copy a file while no other loader works on its table, and write into the ledger how it ended."""
    load_id: int | None = None
    try:
        if not options.force and (earlier := _loaded_before(connection, table, path)):
            return skipped(name, table, earlier)
        load_id = ledger.start_load(connection, table, name)
        with working_folder(project) as folder:
            return _load(connection, project, table, path, options, on_progress, folder, load_id)
    except FileRefusedError as error:
        if load_id is not None:
            ledger.finish_load(connection, load_id, "refused", error.message)
        return Result(name, table.name, "refused", load_id, message=error.message, hint=error.hint)
    except BaseException as error:
        if load_id is not None and not connection.closed:
            with suppress(psycopg.Error):
                ledger.finish_load(connection, load_id, "failed", ledger.reason_of(error))
        raise


def skipped(name: str, table: Table, earlier: ledger.Load) -> Result:
    """Return the result of a file whose content is loaded already."""
    message = f"loaded before as load {earlier.load_id}"
    return Result(name, table.name, "skipped", earlier.load_id, message=message, hint="--force loads it again.")


def check_file(
    project: Project, table: Table, path: Path, options: Options, limit: int | None = None
) -> tuple[Result, list[Reject]]:
    """Judge a file as `copy_file` does, without a database.

    Returns:
        The result (`checked` or `refused`) and the rejected rows, the first `limit` of them.
    """
    name = display_name(path)
    try:
        with working_folder(project) as folder, _scanned(project, table, path, options, folder) as (file, scan):
            rejects = list(islice(scan.rejects(), limit))
            message, hint = _over_limit(scan, options)
            return Result(
                name,
                table.name,
                "refused" if message else "checked",
                encoding=file.encoding,
                rows_read=scan.rows_read,
                rows_rejected=scan.rows_rejected,
                unknown_columns=file.unknown_headers,
                message=message,
                hint=hint,
            ), rejects
    except FileRefusedError as error:
        return Result(name, table.name, "refused", message=error.message, hint=error.hint), []


@contextmanager
def _scanned(
    project: Project,
    table: Table,
    path: Path,
    options: Options,
    folder: Path,
    on_progress: Progress = silent,
) -> Iterator[tuple[CsvFile, Scan]]:
    file = open_csv(
        path, table, folder, encoding=options.encoding, on_progress=lambda amount: on_progress("read", amount)
    )
    on_progress("check", 0)
    try:
        with closing(Scan(file, table, options.form, project.time_zone)) as scan:
            yield file, scan
    except RuntimeError as error:
        if "interrupted" in str(error):  # so DuckDB says Ctrl-C
            raise KeyboardInterrupt from error
        raise


def _over_limit(scan: Scan, options: Options) -> tuple[str, str]:
    if options.max_rejects.allows(scan.rows_rejected, scan.rows_read):
        return "", ""
    return (
        f"{scan.rows_rejected} of {scan.rows_read} rows break the contract; at most {options.max_rejects} may.",
        "Mend them, or allow more with --max-rejects.",
    )


def _loaded_before(connection: psycopg.Connection[Any], table: Table, path: Path) -> ledger.Load | None:
    if not path.is_file():  # standard input and pipes can be read only once
        return None
    return ledger.find_loaded(connection, table, file_digest(path))


def _load(
    connection: psycopg.Connection[Any],
    project: Project,
    table: Table,
    path: Path,
    options: Options,
    on_progress: Progress,
    folder: Path,
    load_id: int,
) -> Result:
    with _scanned(project, table, path, options, folder, on_progress) as (file, scan):
        ledger.describe_load(connection, load_id, file)
        if not options.force and (earlier := ledger.find_loaded(connection, table, file.sha256)):
            # Only standard input and pipes come here: their content is known no sooner.
            connection.execute("delete from loader.loads where load_id = %s", (load_id,))
            return skipped(file.name, table, earlier)
        message, hint = _over_limit(scan, options)
        status = "refused" if message else "loaded"
        counts = {"inserted": 0, "updated": 0, "unchanged": 0}
        with connection.transaction():
            if status == "loaded":
                counts = upsert(
                    connection, project.time_zone, table, scan, load_id, lambda size: on_progress("copy", size)
                )
            ledger.write_rejects(connection, load_id, scan.rejects())
            counts |= {"read": scan.rows_read, "rejected": scan.rows_rejected}
            ledger.finish_load(connection, load_id, status, message or None, **counts)
        return Result(
            file.name,
            table.name,
            status,
            load_id,
            encoding=file.encoding,
            rows_read=scan.rows_read,
            rows_inserted=counts["inserted"],
            rows_updated=counts["updated"],
            rows_unchanged=counts["unchanged"],
            rows_rejected=scan.rows_rejected,
            unknown_columns=file.unknown_headers,
            message=message,
            hint=hint,
        )


def _next_step(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.DiskFull):
        return "Nothing of the file is in. Make room on the disk of the database server and load it again."
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "Nothing of the file is in. Load as a member of the role analytics_loader (`loader init --roles`)."
    return "Nothing of the file is in; load it again."
