"""DuckDB files: only one program at a time can open them for writing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb
from duckdb.func import FunctionNullHandling

from loaders.destinations.duckdb.upsert import is_same_json
from loaders.errors import DatabaseError
from loaders.reading.workspace import interruptible

_WAIT_SECONDS = 0.5


@contextmanager
def connect_duckdb(path: Path, *, wait: bool, on_note: Callable[[str], None]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB file for writing; it is created if there is none.

    Args:
        path: The file.
        wait: Wait for another program that has it open instead of failing.
        on_note: Called with notes for the user.

    Raises:
        DatabaseError: The file can't be opened, or another program has it open and `wait` is false.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"{path.parent} can't be used as a folder: {error.strerror}.", "Name another one."
        ) from error
    is_noted = False
    while True:
        try:
            connection = duckdb.connect(path)
            break
        except duckdb.Error as error:
            if "lock" not in str(error):
                reason = ": permission is denied" if "Permission denied" in str(error) else ""
                raise DatabaseError(f"{path} can't be opened as a DuckDB file{reason}.", "Name another one.") from error
            busy = f"Another program has {path} open."
            if not wait:
                raise DatabaseError(busy, "Try again when it is done, or omit --no-wait.") from error
            if not is_noted:
                on_note(f"{busy} Waiting for it to finish.")
                is_noted = True
            time.sleep(_WAIT_SECONDS)
    with closing(connection):
        connection.create_function("is_same_json", is_same_json, null_handling=FunctionNullHandling.SPECIAL)
        yield connection


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Open a transaction, in which Ctrl-C ends the running query."""
    connection.execute("begin")
    try:
        with interruptible(connection):
            yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


@contextmanager
def explained(file_name: str) -> Iterator[None]:
    """Name the kind of an error that ends a load; DuckDB's own messages may contain values.

    Raises:
        DatabaseError: DuckDB raised an error.
    """
    try:
        yield
    except duckdb.Error as error:
        raise DatabaseError(
            f"The load of {file_name} broke off: DuckDB raised {type(error).__name__}.",
            "No row was loaded. Check the disk space, and load the file again.",
        ) from error
