"""Copy a CSV file into its raw table: all of its good rows in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from loaders.contract.tables import Table
from loaders.contract.types import POSTGRES_DIGITS, Digits
from loaders.destinations.base import Destination
from loaders.destinations.postgres import ledger
from loaders.errors import FileRefusedError
from loaders.project import Project
from loaders.reading.header import CsvFile, open_csv
from loaders.reading.intake import display_name, file_digest
from loaders.reading.interrupt import interruptible
from loaders.reading.options import Options
from loaders.reading.scan import Reject, Scan
from loaders.reading.workspace import remove_dead_folders, working_folder

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
    destination: Destination,
    project: Project,
    table: Table,
    path: Path,
    options: Options,
    on_progress: Progress = silent,
    on_note: Callable[[str], None] = unnoted,
) -> Result:
    """Copy one file into its table.

    Args:
        destination: The database.
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
        with destination.only_loader(table, wait=options.wait, on_note=note):
            result = _copy_alone(destination, project, table, path, name, options, on_progress)
            return replace(result, notes=tuple(notes))
    except destination.errors as error:
        raise destination.broken_off(name, error) from error


def _copy_alone(
    destination: Destination,
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
        if not options.force and (earlier := _loaded_before(destination, table, path)):
            return skipped(name, table, earlier)
        load_id = destination.start_load(table, name)
        with working_folder(project) as folder:
            return _load(destination, project, table, path, options, on_progress, folder, load_id)
    except FileRefusedError as error:
        if load_id is not None:
            destination.finish_load(load_id, "refused", error.message)
        return Result(name, table.name, "refused", load_id, message=error.message, hint=error.hint)
    except BaseException as error:
        if load_id is not None and not destination.is_gone:
            with suppress(*destination.errors):
                destination.finish_load(load_id, "failed", ledger.reason_of(error))
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
    digits: Digits = POSTGRES_DIGITS,
    on_progress: Progress = silent,
) -> Iterator[tuple[CsvFile, Scan]]:
    file = open_csv(
        path, table, folder, encoding=options.encoding, on_progress=lambda amount: on_progress("read", amount)
    )
    on_progress("check", 0)
    with closing(Scan(file, table, options.form, project.time_zone, digits)) as scan, interruptible(scan.database):
        yield file, scan


def _over_limit(scan: Scan, options: Options) -> tuple[str, str]:
    if options.max_rejects.allows(scan.rows_rejected, scan.rows_read):
        return "", ""
    return (
        f"{scan.rows_rejected} of {scan.rows_read} rows break the contract; at most {options.max_rejects} may.",
        "Mend them, or allow more with --max-rejects.",
    )


def _loaded_before(destination: Destination, table: Table, path: Path) -> ledger.Load | None:
    if not path.is_file():  # standard input and pipes can be read only once
        return None
    return destination.find_loaded(table, file_digest(path))


def _load(
    destination: Destination,
    project: Project,
    table: Table,
    path: Path,
    options: Options,
    on_progress: Progress,
    folder: Path,
    load_id: int,
) -> Result:
    with _scanned(project, table, path, options, folder, destination.digits, on_progress) as (file, scan):
        destination.describe_load(load_id, file)
        if not options.force and (earlier := destination.find_loaded(table, file.sha256)):
            # Only standard input and pipes come here: their content is known no sooner.
            destination.forget_load(load_id)
            return skipped(file.name, table, earlier)
        message, hint = _over_limit(scan, options)
        status = "refused" if message else "loaded"
        counts = {"inserted": 0, "updated": 0, "unchanged": 0}
        with destination.transaction():
            if status == "loaded":
                counts = destination.upsert(
                    project.time_zone, table, scan, load_id, lambda size: on_progress("copy", size)
                )
            destination.write_rejects(load_id, scan.rejects())
            counts |= {"read": scan.rows_read, "rejected": scan.rows_rejected}
            destination.finish_load(load_id, status, message or None, **counts)
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
