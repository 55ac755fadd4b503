"""Where a run works: a private folder, removed afterwards, and a DuckDB that Ctrl-C can stop.

The next run removes the folders of killed runs.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import cached_property
from pathlib import Path
from types import FrameType

import duckdb

from loaders.contract.types import strict_json
from loaders.errors import LoaderError
from loaders.project import Project

PREFIX = "copy-"


def remove_dead_folders(project: Project) -> None:
    """Remove the working folders of runs that were killed."""
    parent = _parent(project)
    with suppress(OSError), _locked(parent):
        _remove_dead(parent)


@contextmanager
def working_folder(project: Project) -> Iterator[Path]:
    """Create a private folder for working files, and remove it afterwards.

    The run holds a lock on its folder. The kernel releases the lock however the run ends, so a folder without one
    belongs to a dead run.

    Raises:
        LoaderError: The working files can't be written.
    """
    with _make_folder(_parent(project)) as folder, _explained(folder):
        yield folder


class Workspace:
    """Where the files of a call are read, one after the other: a private folder and a DuckDB.

    They are made for the first file, and shared because that takes longer than to read a small file.

    Attributes:
        time_zone: IANA name of the zone in which timestamps without an offset are read.
    """

    def __init__(self, project: Project, stack: ExitStack) -> None:
        """Keep the project; what is made is removed with the stack."""
        self.time_zone = project.time_zone
        self._project, self._stack = project, stack

    @cached_property
    def database(self) -> duckdb.DuckDBPyConnection:
        """DuckDB in memory, which spills into the folder: a database file takes twice the time."""
        database = duckdb.connect(config={"temp_directory": str(self._folder / "spilled")})
        self._stack.enter_context(closing(database))
        database.execute("set TimeZone = $1", [self.time_zone])
        database.create_function("strict_json", strict_json)
        return database

    @contextmanager
    def for_a_file(self) -> Iterator[Path]:
        """Give the folder for the working files of a file, which are removed afterwards.

        Raises:
            LoaderError: The working files can't be written.
        """
        with _explained(self._folder):
            try:
                yield self._folder
            finally:
                for path in self._folder.iterdir():
                    if path.is_file():
                        path.unlink()

    @cached_property
    def _folder(self) -> Path:
        return self._stack.enter_context(_make_folder(_parent(self._project)))


@contextmanager
def workspace(project: Project) -> Iterator[Workspace]:
    """Open a workspace for the files of a call, after removing those of runs that were killed."""
    remove_dead_folders(project)
    with ExitStack() as stack:
        yield Workspace(project, stack)


@contextmanager
def interruptible(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let Ctrl-C end the running query.

    By itself, DuckDB waits for the tasks of its other threads, and one task may be the whole query.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    former = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(former):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        database.interrupt()
        former(number, frame)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    except RuntimeError as error:
        if "interrupted" in str(error):  # DuckDB's name for Ctrl-C
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, former)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException, OSError) as error:
        what = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise LoaderError(
            f"Working files can't be written: {what}.",
            f"Free space on the disk of {folder.parent}; loading a file needs about three times its size.",
        ) from error


@contextmanager
def _make_folder(parent: Path) -> Iterator[Path]:
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with _locked(parent):
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
            lock = _lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # a project without write permission
        folder, lock = Path(tempfile.mkdtemp(prefix="loader-")), None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _parent(project: Project) -> Path:
    return project.root / "target" / "loader"


def _remove_dead(parent: Path) -> None:
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            lock = _lock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep others from cleaning up while a new folder has no lock yet."""
    lock = _lock(folder, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


def _lock(folder: Path, how: int) -> int:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(opened, how)
    except OSError:
        os.close(opened)
        raise
    return opened
