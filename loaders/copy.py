"""Copy a CSV file into its raw table: all its good rows in one transaction, or nothing.

The path of a file, which leaves this module eight times:

    reading.workspace             removes what killed runs left, and lends files a place (`workspace`)
    reading.intake                names the file (`Given`)
    destinations/*/destination    keeps other loaders off the table (`loading`)
    reading.intake                hashes the file (`sha256`)
    destinations/*/ledger         finds an earlier load of the content (`find_loaded`)
    destinations/*/ledger         begins a load (`start`)
    reading.scan                  takes the file in, matches its header and judges each row (`scanned`)
    destinations/*/destination    writes rows, rejected rows and the end of the load in one transaction (`store`)

`scanned` goes through the rest of `reading` in the order intake, header, rules, records, rejects; only `store` asks for
rows. Each hands on what the next one needs, and tests/loaders/test_copy.py walks the path.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from loaders.contract.tables import Contract, Table
from loaders.destinations.base import Changes, Destination, Load
from loaders.errors import FileRefusedError
from loaders.project import Project
from loaders.reading.files import table_of
from loaders.reading.intake import Given
from loaders.reading.options import Options
from loaders.reading.rejects import Reject
from loaders.reading.scan import Progress, Scan, scanned, silent
from loaders.reading.workspace import Workspace, workspace

_log = logging.getLogger(__name__)


def unnoted(_note: str) -> None:
    """Show no note."""


@dataclass(frozen=True)
class Result:
    """Outcome of a file. `status` is loaded, skipped, checked, refused or failed; `readings` say how it was read."""

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
    readings: tuple[str, ...] = ()

    @property
    def is_trouble(self) -> bool:
        """Whether the file was refused or has rejected rows."""
        return self.status == "refused" or self.rows_rejected > 0


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
        on_note: Called at once with a note for the user; the result's `notes` have it too.

    Returns:
        The result; a refused file is a result too.

    Raises:
        DatabaseError: The database refuses or the connection broke; no row was loaded.
    """
    with workspace(project) as place:
        return _copy_in(place, destination, table, path, options, on_progress, on_note)


def copy_files(
    destination: Destination,
    project: Project,
    contract: Contract,
    paths: Iterable[Path],
    options: Options,
    *,
    table: Table | None = None,
    on_progress: Callable[[Path], AbstractContextManager[Progress]] = lambda _: nullcontext(silent),
    on_note: Callable[[str], None] = unnoted,
) -> Iterator[Result]:
    """Copy files into their tables, one after the other, and yield the outcome of each.

    Args:
        destination: The database.
        project: The dbt project.
        contract: The tables.
        paths: The files.
        options: How to read and copy them.
        table: Table of all files; otherwise it is known by their headers.
        on_progress: Returns for each file the callback of `copy_file`.
        on_note: See `copy_file`.

    Raises:
        LoaderError: The database refuses, or standard input has no table; earlier files are loaded.
    """
    with workspace(project) as place:
        for path in paths:
            try:
                target = table_of(contract, path, table, options.encoding)
            except FileRefusedError as error:
                yield refused(Given(path), error)
                continue
            with on_progress(path) as progress:
                result = _copy_in(place, destination, target, path, options, progress, on_note)
            yield result


def check_file(
    project: Project, table: Table, path: Path, options: Options, limit: int | None = None
) -> tuple[Result, list[Reject]]:
    """Check a file as `copy_file` does, without a database.

    Returns:
        The result (`checked` or `refused`) and the rejected rows, the first `limit` of them.
    """
    with workspace(project) as place:
        return _check_in(place, table, path, options, limit)


def check_files(
    project: Project,
    contract: Contract,
    paths: Iterable[Path],
    options: Options,
    *,
    table: Table | None = None,
    limit: int | None = None,
) -> Iterator[tuple[Result, list[Reject]]]:
    """Check files as `copy_files` copies them, without a database; see `check_file`."""
    with workspace(project) as place:
        for path in paths:
            try:
                target = table_of(contract, path, table, options.encoding)
            except FileRefusedError as error:
                yield refused(Given(path), error), []
                continue
            yield _check_in(place, target, path, options, limit)


def _check_in(
    place: Workspace, table: Table, path: Path, options: Options, limit: int | None
) -> tuple[Result, list[Reject]]:
    given = Given(path)
    try:
        with scanned(given, place, table, options) as scan:
            return _result(table, scan, "checked"), list(islice(scan.rejects(), limit))
    except FileRefusedError as error:
        return refused(given, error, table), []


def _copy_in(
    place: Workspace,
    destination: Destination,
    table: Table,
    path: Path,
    options: Options,
    on_progress: Progress,
    on_note: Callable[[str], None],
) -> Result:
    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        on_note(text)

    given = Given(path)
    with destination.loading(table, given.name, wait=options.wait, on_note=note):
        result = _copy_alone(destination, place, table, given, options, on_progress)
    return replace(result, notes=tuple(notes))


def _copy_alone(
    destination: Destination,
    place: Workspace,
    table: Table,
    given: Given,
    options: Options,
    on_progress: Progress,
) -> Result:
    """Copy a file while no other loader works on its table, and record the outcome in the ledger."""
    ledger = destination.ledger
    load_id: int | None = None
    try:
        sha256 = None if options.force else given.sha256()
        if sha256 and (earlier := ledger.find_loaded(table, sha256, given.name)):
            return skipped(given, table, earlier)
        load_id = ledger.start(table, given.name)
        with scanned(given, place, table, options, destination.digits, on_progress) as scan:
            # The content of standard input and pipes is known only now.
            is_new = options.force or scan.file.sha256 == sha256
            if not is_new and (earlier := ledger.find_loaded(table, scan.file.sha256, given.name)):
                ledger.forget(load_id)
                return skipped(given, table, earlier)
            changes = destination.store(load_id, table, scan, lambda size: on_progress("copy", size))
            _log.info("%s: load %s has come to its end", given.name, load_id)
            return _result(table, scan, "loaded", load_id, changes)
    except FileRefusedError as error:
        if load_id is not None:
            ledger.finish(load_id, "refused", error.message)
        return refused(given, error, table, load_id)
    except BaseException as error:
        if load_id is not None:
            ledger.fail(load_id, error)
        raise


def skipped(given: Given, table: Table, earlier: Load) -> Result:
    """Return the result of a file whose content is loaded already."""
    message = f"loaded before as load {earlier.load_id}"
    return Result(given.name, table.name, "skipped", earlier.load_id, message=message, hint="--force loads it again.")


def refused(given: Given, error: FileRefusedError, table: Table | None = None, load_id: int | None = None) -> Result:
    """Return the result of a file that can't be loaded as a whole."""
    name = table.name if table else ""
    return Result(given.name, name, "refused", load_id, message=error.message, hint=error.hint)


def _result(
    table: Table, scan: Scan, status: str, load_id: int | None = None, changes: Changes | None = None
) -> Result:
    changes = changes or Changes()
    return Result(
        scan.file.name,
        table.name,
        "refused" if scan.refusal else status,
        load_id,
        encoding=scan.file.encoding,
        rows_read=scan.rows_read,
        rows_inserted=changes.inserted,
        rows_updated=changes.updated,
        rows_unchanged=changes.unchanged,
        rows_rejected=scan.rows_rejected,
        unknown_columns=scan.file.unknown_headers,
        message=scan.refusal.message if scan.refusal else "",
        hint=scan.refusal.hint if scan.refusal else "",
        readings=scan.notes,
    )
