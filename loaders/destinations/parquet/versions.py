"""Versions of a folder of Parquet files: who follows the link `current` sees one, whole, whatever a loader does.

    FOLDER/current -> versions/12
    FOLDER/versions/12/raw/transactions/month=2017-01/v9_0.parquet
    FOLDER/versions/12/raw/products/v12_0.parquet

A new version has hard links to the files of the last one that stay as they are, so it costs what it changes. No file is
ever changed, and its name tells the version that wrote it: what a reader remembers of a file stays true.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from loaders.errors import DatabaseError

# A reader that follows the link once, at its start, has the time of so many publications.
VERSIONS_KEPT = 5


class Versions:
    """The versions in a folder, of which one is published and one may be in the making.

    Attributes:
        published: Number of the version that readers see; 0 where there is none.
    """

    def __init__(self, folder: Path, published: int) -> None:
        """Publish a version that is complete, where that has not come to pass, and remove what broke off.

        Args:
            folder: The folder.
            published: Number of the version that the last transaction left.

        Raises:
            DatabaseError: That version is not there, or no version can be shown in this folder.
        """
        self.published = published
        self._folder = folder
        self._parent = folder / "versions"
        self._link = folder / "current"
        self._replaced: set[str] = set()
        if published:
            if not self.path.is_dir():
                raise DatabaseError(
                    f"{self.path} is missing, the version that {folder} should have.",
                    "Restore the whole folder from a backup, or load the files into an empty one.",
                )
        elif self._link.is_symlink():
            raise DatabaseError(
                f"{folder} has tables in Parquet, but not the ledger that they were loaded with.",
                "Restore the whole folder from a backup, or load the files into an empty one.",
            )
        self._make_link(0).unlink()  # what can't be done in this folder fails now, and not when a load is in
        self.discard()
        if published:
            self._publish(published)

    @property
    def path(self) -> Path:
        """The folder of the published version."""
        return self._parent / str(self.published)

    @property
    def draft(self) -> Path:
        """The folder of the version in the making."""
        return self._parent / str(self.published + 1)

    @property
    def is_changed(self) -> bool:
        """Whether the version in the making differs from the published one."""
        return bool(self._replaced)

    def replace(self, *folders: str) -> None:
        """Take over nothing of some folders of the published version, such as `raw/products`."""
        self._replaced.update(folders)

    def complete(self) -> None:
        """Take over all that is not replaced, and see to it that the version in the making outlasts a power cut."""
        for folder, _, names in os.walk(self.path):
            part = Path(folder).relative_to(self.path)
            if names and self._replaced.isdisjoint(map(str, (part, *part.parents))):
                (self.draft / part).mkdir(parents=True)
                for name in names:
                    _link(Path(folder) / name, self.draft / part / name)
        for folder, _, names in os.walk(self.draft):
            for name in names:
                if (Path(folder) / name).stat().st_nlink == 1:
                    _sync(Path(folder) / name)
            _sync(Path(folder))
        _sync(self._parent)

    def discard(self) -> None:
        """Give up the version in the making."""
        self._replaced.clear()
        shutil.rmtree(self.draft, ignore_errors=True)

    def publish(self) -> None:
        """Show readers the version that was in the making."""
        self._publish(self.published + 1)
        self._replaced.clear()

    def _publish(self, number: int) -> None:
        if not self._link.is_symlink() or self._link.readlink().name != str(number):
            self._make_link(number).replace(self._link)
            _sync(self._folder)
        self.published = number
        for path in self._parent.glob("[0-9]*"):
            if int(path.name) <= number - VERSIONS_KEPT:
                shutil.rmtree(path, ignore_errors=True)

    def _make_link(self, number: int) -> Path:
        """Make a link to a version, under a name that no reader looks for."""
        link = self._link.with_name(".current")
        link.unlink(missing_ok=True)
        try:
            link.symlink_to(Path(self._parent.name) / str(number), target_is_directory=True)
        except OSError as error:
            raise DatabaseError(
                f"The link {self._link} can't be made: {error.strerror}.",
                "Choose a folder on a file system with symbolic links.",
            ) from error
        return link


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # not every file system has hard links, and none has any number of them
        shutil.copyfile(source, target)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # so file systems say that can't do it for folders
            raise
    finally:
        os.close(opened)
