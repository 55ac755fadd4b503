"""Export marts to files: all from one snapshot, and all of them or none."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from loaders.destinations.postgres.connection import Connection
from loaders.errors import DatabaseError, LoaderError, postgres_message
from loaders.operations.export_formats import write_csv, write_json, write_parquet
from loaders.operations.marts import SCHEMA, BuiltMart, snapshot
from loaders.project import Project
from loaders.reading.intake import Given

MANIFEST = "manifest.json"
PARTIAL = ".export"

# Called with a mart and the number of its rows written since the last call.
Progress = Callable[[BuiltMart, int], None]


@dataclass(frozen=True)
class Exported:
    """A file that was written. `columns` have name and PostgreSQL's type; `escaped` is for formulas in CSV."""

    mart: str
    file: str
    format: str
    rows: int
    bytes: int
    sha256: str
    escaped: bool
    columns: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Manifest:
    """What an export wrote, and from which build; `dbt` is the last build in target/run_results.json."""

    exported_at: str
    as_of_date: str | None
    loader_version: str | None
    dbt: dict[str, str | None]
    files: tuple[Exported, ...]


def silent(_mart: BuiltMart, _rows: int) -> None:
    """Show no progress."""


def export(
    connection: Connection,
    project: Project,
    names: Iterable[str],
    folder: Path,
    *,
    form: str = "csv",
    raw: bool = False,
    schema: str = SCHEMA,
    on_progress: Progress = silent,
) -> Manifest:
    """Write marts to files in a folder, which is created if needed, with a manifest.

    The files appear under their names when all of them are complete, and replace those of an earlier export. A failure
    before that leaves the earlier ones unchanged.

    Args:
        connection: Connection in autocommit mode, of a user who may read the marts.
        project: The dbt project, for its time zone and the results of its last build.
        names: Names of marts; none for all.
        folder: Where to write to.
        form: `csv`, `json` or `parquet`.
        raw: Don't escape text in CSV that a spreadsheet would run as a formula.
        schema: Schema of the marts.
        on_progress: Called as files grow.

    Raises:
        LoaderError: A mart does not exist, is not readable, or does not fit the format; the folder can't be written to;
            the database refuses or the connection broke.
    """
    with explained(folder), _partial(folder) as partial:
        with snapshot(connection, project, names, schema) as state:
            exported_at = datetime.now(UTC).isoformat(timespec="seconds")
            files = tuple(_write(connection, mart, partial, form, raw, on_progress) for mart in state.marts)
        manifest = Manifest(exported_at, state.as_of_date, _version("customer-analytics"), _last_build(project), files)
        content = json.dumps(asdict(manifest), indent=2, ensure_ascii=False) + "\n"
        (partial / MANIFEST).write_text(content, encoding="utf-8")
        for name in [*(file.file for file in files), MANIFEST]:  # the manifest last, because it lists the others
            (partial / name).replace(folder / name)
        return manifest


def _write(
    connection: Connection, mart: BuiltMart, partial: Path, form: str, raw: bool, on_progress: Progress
) -> Exported:
    target = partial / f"{mart.name}.{form}"

    def on_rows(rows: int) -> None:
        on_progress(mart, rows)

    on_rows(0)
    if form == "csv":
        rows = write_csv(connection, mart, target, on_rows, raw=raw)
    else:
        rows = {"json": write_json, "parquet": write_parquet}[form](connection, mart, target, on_rows)
    return Exported(
        mart.name,
        target.name,
        form,
        rows,
        target.stat().st_size,
        str(Given(target).sha256()),
        form == "csv" and not raw,
        tuple({"name": column.name, "type": column.data_type} for column in mart.columns),
    )


@contextmanager
def _partial(folder: Path) -> Iterator[Path]:
    """Create a subfolder for unfinished files, for one export at a time; it is removed afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LoaderError(f"Another export is writing to {folder}.", "Try again when it is done.") from error
        partial = folder / PARTIAL
        shutil.rmtree(partial, ignore_errors=True)  # from a killed export
        partial.mkdir()
        try:
            yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    finally:
        os.close(lock)


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn external failures into a LoaderError that says what to do."""
    try:
        yield
    except psycopg.Error as error:
        raise DatabaseError(f"The export broke off: {postgres_message(error)}.", _next_step(error)) from error
    except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        what = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise LoaderError(
            f"Files can't be written to {folder}: {what}.", "Give --to a folder with free space and write permission."
        ) from error
    except RuntimeError as error:
        if "interrupted" in str(error).lower():  # so DuckDB says Ctrl-C
            raise KeyboardInterrupt from error
        raise


def _next_step(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.DiskFull):
        return "Existing files are unchanged. Free space on the database server's disk and export again."
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "Existing files are unchanged. Export as a member of the role bi_reader (`loader init --roles`)."
    return "Existing files are unchanged; export again."


def _last_build(project: Project) -> dict[str, str | None]:
    """Return dbt's version, and when and by which invocation the project was last built, if known."""
    try:
        results = json.loads((project.root / "target" / "run_results.json").read_text(encoding="utf-8"))
        said: dict[str, Any] = results["metadata"] if results["args"]["which"] in ("build", "run") else {}
    except (OSError, ValueError, KeyError, TypeError):
        said = {}
    return {
        "version": said.get("dbt_version") or _version("dbt-core"),
        "invocation_id": said.get("invocation_id"),
        "generated_at": said.get("generated_at"),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
