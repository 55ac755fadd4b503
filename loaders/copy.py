"""Copy a CSV file into its raw table: all of its good rows in one transaction, or nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from loaders import ledger
from loaders.contract import Table
from loaders.csv_source import STDIN, CsvFile, file_digest, open_csv
from loaders.errors import DatabaseError, FileRefusedError, LoaderError
from loaders.project import Project
from loaders.rules import Format
from loaders.scan import Scan
from loaders.schema import primary_key_name, qualified

# Blocks of this size reach the speed of psql's \copy; smaller ones cost calls, larger ones gain nothing.
COPY_BLOCK = 1 << 18

Progress = Callable[[str, int], None]


def silent(_phase: str, _amount: int) -> None:
    """Show no progress."""


@dataclass(frozen=True)
class Limit:
    """How many rejected rows a file may have, as a number or as a share of its rows."""

    rows: int | None = None
    share: float | None = 0.1

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read `100` or `10%`.

        Raises:
            ValueError: The text is neither.
        """
        number = float(text.strip().removesuffix("%"))
        if not 0 <= number < float("inf") or ("%" not in text and number != int(number)):
            raise ValueError(text)
        return cls(None, number / 100) if "%" in text else cls(int(number), None)

    def allows(self, rejected: int, read: int) -> bool:
        """Tell whether a file with so many rejected rows may be loaded."""
        return rejected <= (self.rows if self.rows is not None else (self.share or 0) * read)

    def __str__(self) -> str:
        """Return the limit as it is given on the command line."""
        return str(self.rows) if self.rows is not None else f"{(self.share or 0) * 100:g}%"


@dataclass(frozen=True)
class Options:
    """How files are read and copied."""

    form: Format = field(default_factory=Format)
    encoding: str | None = None
    max_rejects: Limit = field(default_factory=Limit)
    force: bool = False
    wait: bool = True


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


def copy_file(
    connection: psycopg.Connection[Any],
    project: Project,
    table: Table,
    path: Path,
    options: Options,
    on_progress: Progress = silent,
) -> Result:
    """Copy one file into its table.

    Args:
        connection: Connection in autocommit mode.
        project: The dbt project, for its time zone and its folder for working files.
        table: The raw table.
        path: The file, or `-` for standard input.
        options: How to read and copy it.
        on_progress: Called with a phase (`read`, `check`, `copy`) and a number of bytes since the last call.

    Returns:
        The result; a refused file is a result too.

    Raises:
        DatabaseError: The database refuses or the connection broke; nothing of the file is in.
    """
    name = "(standard input)" if str(path) == STDIN else path.name
    if not ledger.lock_table(connection, table, wait=options.wait):
        raise DatabaseError(
            f"Another loader is loading into {ledger.qualified_name(table)}.", "Wait for it, or leave --no-wait away."
        )
    load_id: int | None = None
    try:
        ledger.fail_broken_loads(connection, table)
        if not options.force and (earlier := _loaded_before(connection, table, path)):
            return Result(
                name, table.name, "skipped", earlier.load_id, message=f"loaded before as load {earlier.load_id}"
            )
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
                ledger.finish_load(connection, load_id, "failed", _reason(error))
        if isinstance(error, psycopg.Error):
            raise DatabaseError(
                f"The load of {name} broke off: {_reason(error)}.", "Nothing of the file is in; load it again."
            ) from error
        raise
    finally:
        with suppress(psycopg.Error):
            ledger.unlock_table(connection, table)


def check_file(project: Project, table: Table, path: Path, options: Options) -> tuple[Result, list[Any]]:
    """Judge a file as `copy_file` does, without a database.

    Returns:
        The result (`checked` or `refused`) and the rejected rows.
    """
    name = "(standard input)" if str(path) == STDIN else path.name
    try:
        with working_folder(project) as folder, _scanned(project, table, path, options, folder) as (file, scan):
            rejects = list(scan.rejects())
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
def working_folder(project: Project) -> Iterator[Path]:
    """Give a private folder for working files, and remove it afterwards."""
    parent = project.root / "target" / "loader"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="copy-", dir=parent))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="loader-"))
    try:
        yield folder
    except OSError as error:
        raise LoaderError(f"Working files can't be written: {error.strerror}.", "Make room on the disk.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
    scan = Scan(file, table, options.form, project.time_zone)
    try:
        yield file, scan
    finally:
        scan.close()


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
            return Result(
                file.name, table.name, "skipped", earlier.load_id, message=f"loaded before as load {earlier.load_id}"
            )
        message, hint = _over_limit(scan, options)
        status = "refused" if message else "loaded"
        counts = {"inserted": 0, "updated": 0, "unchanged": 0}
        with connection.transaction():
            if status == "loaded":
                counts = _upsert(connection, project, table, scan, load_id, on_progress)
            ledger.write_rejects(connection, load_id, scan.rejects())
            counts |= {"read": scan.rows_read, "rejected": scan.rows_rejected}
            ledger.finish_load(connection, load_id, status, message or None, **counts)
        return Result(
            file.name,
            table.name,
            status,
            load_id,
            encoding=file.encoding,
            unknown_columns=file.unknown_headers,
            message=message,
            hint=hint,
            **{f"rows_{name}": count for name, count in counts.items()},
        )


def _upsert(
    connection: psycopg.Connection[Any],
    project: Project,
    table: Table,
    scan: Scan,
    load_id: int,
    on_progress: Progress,
) -> dict[str, int]:
    """Bring the good rows into the table and return how many were inserted, updated and unchanged."""
    connection.execute("select set_config('timezone', %s, true)", (project.time_zone,))
    connection.execute("set local datestyle = 'ISO, YMD'")
    expected = scan.rows_read - scan.rows_rejected
    target = qualified(table)
    if _is_empty(connection, table):
        # Into an empty table: the key is built once at the end, which is much cheaper than row by row.
        constraint = primary_key_name(table)
        connection.execute(sql.SQL("alter table {} drop constraint {}").format(target, constraint))
        _stream(connection, target, scan, load_id, on_progress)
        connection.execute(
            sql.SQL("alter table {} add constraint {} primary key ({})").format(
                target, constraint, sql.Identifier(table.key.name)
            )
        )
        connection.execute(sql.SQL("analyze {}").format(target))
        return {"inserted": expected, "updated": 0, "unchanged": 0}
    incoming = sql.Identifier("incoming")
    connection.execute(
        sql.SQL("create temporary table {} (like {} including defaults) on commit drop").format(incoming, target)
    )
    _stream(connection, incoming, scan, load_id, on_progress)
    connection.execute(sql.SQL("analyze {}").format(incoming))
    updated = _update(connection, table, scan.given_columns)
    inserted = _insert(connection, table)
    return {"inserted": inserted, "updated": updated, "unchanged": expected - inserted - updated}


def _is_empty(connection: psycopg.Connection[Any], table: Table) -> bool:
    row = connection.execute(sql.SQL("select not exists (select from {})").format(qualified(table))).fetchone()
    return bool(row and row[0])


def _stream(
    connection: psycopg.Connection[Any], target: sql.Identifier, scan: Scan, load_id: int, on_progress: Progress
) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, scan.columns))
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(target, columns)
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy, scan.stream(load_id) as rows:
            while block := rows.read(COPY_BLOCK):
                copy.write(block)
                on_progress("copy", len(block))
        if cursor.rowcount != scan.rows_read - scan.rows_rejected:
            raise LoaderError(f"{cursor.rowcount} rows arrived where {scan.rows_read} were read.", "Report this.")


def _update(connection: psycopg.Connection[Any], table: Table, given: tuple[str, ...]) -> int:
    """Replace rows that say something else now. Columns that the file does not have keep their values."""
    key = sql.Identifier(table.key.name)
    columns = [sql.Identifier(name) for name in given if name != table.key.name]
    if not columns:
        return 0
    stamps = [sql.Identifier(name) for name in ("_load_id", "_line", "_loaded_at")]
    statement = sql.SQL(
        """
        update {target} as existing
        set {assignments}
        from incoming
        where existing.{key} = incoming.{key} and ({existing}) is distinct from ({incoming})
        """
    ).format(
        target=qualified(table),
        assignments=sql.SQL(", ").join(sql.SQL("{0} = incoming.{0}").format(name) for name in [*columns, *stamps]),
        key=key,
        existing=sql.SQL(", ").join(sql.SQL("existing.{}").format(name) for name in columns),
        incoming=sql.SQL(", ").join(sql.SQL("incoming.{}").format(name) for name in columns),
    )
    return connection.execute(statement).rowcount


def _insert(connection: psycopg.Connection[Any], table: Table) -> int:
    statement = sql.SQL(
        """
        insert into {target}
        select incoming.*
        from incoming
        where not exists (select from {target} as existing where existing.{key} = incoming.{key})
        """
    ).format(target=qualified(table), key=sql.Identifier(table.key.name))
    return connection.execute(statement).rowcount


def _reason(error: BaseException) -> str:
    """Say why a load failed, without any value of the file: PostgreSQL puts those into its context."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, psycopg.Error):
        return error.diag.message_primary or type(error).__name__
    return str(error).splitlines()[0] if str(error) else type(error).__name__
