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
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import duckdb

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
    with _make_folder(_parent(project)) as folder:
        try:
            yield folder
        except (duckdb.IOException, duckdb.OutOfMemoryException, OSError) as error:
            what = error.strerror if isinstance(error, OSError) else type(error).__name__
            raise LoaderError(
                f"Working files can't be written: {what}.",
                f"Free space on the disk of {folder.parent}; loading a file needs about three times its size.",
            ) from error


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
