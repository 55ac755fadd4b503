"""Watch folders, and copy each file that arrives into its table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from loaders.contract.tables import Contract, Table
from loaders.copy import Result, copy_files
from loaders.destinations.postgres.connection import Connection
from loaders.destinations.postgres.destination import Postgres
from loaders.errors import FileRefusedError
from loaders.project import Project
from loaders.reading.files import is_table
from loaders.reading.options import Options

# Device, inode, size and time of the last change: whether a file is a new one or still growing.
Signature = tuple[int, int, int, int]


class Arrivals:
    """The complete files of some folders that are new or have changed.

    A file that is still being written changes from one look to the next; it counts as complete if it was the same
    twice, or was last changed longer ago than an interval. Hidden files are unfinished.
    """

    def __init__(self, folders: list[Path]) -> None:
        """Remember the folders.

        Raises:
            FileRefusedError: One of them is not a folder.
        """
        for folder in folders:
            if not folder.is_dir():
                raise FileRefusedError(f"{folder} is not a folder.", "Name a folder to watch.")
        self._folders = folders
        self._seen: dict[Path, Signature] = {}
        self._growing: dict[Path, Signature] = {}

    def look(self, interval: float) -> list[Path]:
        """Return the files that have arrived since the last look, ordered by name.

        Args:
            interval: Seconds from one look to the next.

        Raises:
            FileRefusedError: A folder can't be read any more.
        """
        try:
            found = dict(self._list())
        except OSError as error:
            raise FileRefusedError(f"The folder can't be read any more: {error.strerror}.", "Check it.") from error
        self._seen = {path: signature for path, signature in self._seen.items() if path in found}
        new = {path: signature for path, signature in found.items() if self._seen.get(path) != signature}
        now = time.time()
        complete = {
            path: signature
            for path, signature in new.items()
            if self._growing.get(path) == signature or now - signature[3] / 1e9 > max(interval, 0.1)
        }
        self._growing = {path: signature for path, signature in new.items() if path not in complete}
        self._seen |= complete
        return sorted(complete)

    @property
    def growing(self) -> list[Path]:
        """The files that were incomplete at the last look."""
        return sorted(self._growing)

    def _list(self) -> Iterator[tuple[Path, Signature]]:
        for folder in self._folders:
            for path in folder.iterdir():
                if path.name.startswith("."):
                    continue
                try:
                    if not is_table(path):
                        continue
                    status = path.stat()
                except FileNotFoundError:  # moved since it was listed
                    continue
                if path.is_file():
                    yield path, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def watch(
    connection: Connection,
    project: Project,
    contract: Contract,
    arrivals: Arrivals,
    options: Options,
    *,
    interval: float = 1,
    table: Table | None = None,
    on_note: Callable[[str], None] = lambda _: None,
) -> Iterator[Result]:
    """Copy files as they arrive, and yield the outcome of each, until Ctrl-C between two files.

    A file is read again only if it changes; one that was refused stays so until then.

    Args:
        connection: Connection in autocommit mode.
        project: The dbt project.
        contract: The tables.
        arrivals: The folders.
        options: How to read and copy the files.
        interval: Seconds from one look to the next.
        table: Table of all files; otherwise it is known by their headers.
        on_note: See `copy_file`.

    Raises:
        LoaderError: A folder can't be read, or the database refuses.
    """
    destination = Postgres(connection)
    while True:
        try:
            arrived = arrivals.look(interval)
        except KeyboardInterrupt:
            return
        yield from copy_files(destination, project, contract, arrived, options, table=table, on_note=on_note)
        try:
            time.sleep(interval)
        except KeyboardInterrupt:
            return
