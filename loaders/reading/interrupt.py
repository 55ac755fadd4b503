"""Ctrl-C while DuckDB works."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import duckdb


@contextmanager
def interruptible(database: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let Ctrl-C end the query under way.

    DuckDB alone waits for the tasks of its other threads, and one task may be the whole query.

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
        if "interrupted" in str(error):  # so DuckDB says Ctrl-C
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, former)
