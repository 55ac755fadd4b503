"""Versions of a folder of Parquet files: readers who follow the link `current` always see a complete one.

    FOLDER/current -> versions/12
    FOLDER/published: versions/12
    FOLDER/versions/12/raw/transactions/month=2017-01/v9_0.parquet
    FOLDER/versions/12/raw/products/v12_0.parquet

A new version has hard links to unchanged files of the last one, so it costs only what it changes. No file is ever
modified, and its name contains the version that wrote it, so whatever a reader caches of a file stays valid.

A reader of many files who must not see two versions, such as a build by Spark, asks once which one is published. SQL
can read the file `published`, but not a link.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path

from loaders.errors import DatabaseError

# A reader that keeps to the version published at its start has the time of this many publications, and at least so many
# seconds: a folder of files publishes one version per file.
VERSIONS_KEPT = 5
SECONDS_KEPT = 7200


class Versions:
    """The versions in a folder, of which one is published and one may be new.

    Attributes:
        published: Number of the version that readers see; 0 if there is none.
    """

    def __init__(self, folder: Path, published: int) -> None:
        """Publish a complete version if that was interrupted, and remove incomplete ones.

        Args:
            folder: The folder.
            published: Number of the version of the last transaction.

        Raises:
            DatabaseError: That version is missing, or no version can be published in this folder.
        """
        self.published = published
        self._folder = folder
        self._parent = folder / "versions"
        self._link = folder / "current"
        self._name = folder / "published"
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
        self._make_link(0).unlink()  # what is impossible in this folder fails now, and not after a load
        self.discard()
        if published:
            self._publish(published)

    @property
    def path(self) -> Path:
        """The folder of the published version."""
        return self._parent / str(self.published)

    @property
    def draft(self) -> Path:
        """The folder of the new version."""
        return self._parent / str(self.published + 1)

    @property
    def is_changed(self) -> bool:
        """Whether the new version differs from the published one."""
        return bool(self._replaced)

    def replace(self, *folders: str) -> None:
        """Don't carry over some folders of the published version, such as `raw/products`."""
        self._replaced.update(folders)

    def complete(self) -> None:
        """Carry over everything that is not replaced, and make sure the new version survives a power cut."""
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
        """Discard the new version."""
        self._replaced.clear()
        shutil.rmtree(self.draft, ignore_errors=True)

    def publish(self) -> None:
        """Publish the new version to readers."""
        self._publish(self.published + 1)
        self._replaced.clear()

    def _publish(self, number: int) -> None:
        if not self._name.exists() or not self._link.is_symlink() or self._link.readlink().name != str(number):
            name = self._name.with_name(".published")
            name.write_text(f"{self._parent.name}/{number}\n")
            _sync(name)
            name.replace(self._name)
            self._make_link(number).replace(self._link)
            _sync(self._folder)
        self.published = number
        for path in self._parent.glob("[0-9]*"):
            if int(path.name) <= number - VERSIONS_KEPT and self._is_long_replaced(int(path.name)):
                shutil.rmtree(path, ignore_errors=True)

    def _is_long_replaced(self, number: int) -> bool:
        successor = self._parent / str(number + 1)
        return not successor.exists() or time.time() - successor.stat().st_mtime > SECONDS_KEPT

    def _make_link(self, number: int) -> Path:
        """Create a link to a version, under a name that no reader uses."""
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
    except OSError:  # some file systems lack hard links, and all limit their number
        shutil.copyfile(source, target)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # the error of file systems that can't do it for folders
            raise
    finally:
        os.close(opened)
