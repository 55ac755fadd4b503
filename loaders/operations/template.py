"""The dbt project that comes with this package, and a new folder of it."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

from loaders.errors import LoaderError

PACKAGE = Path(__file__).parent.parent


def write_project(folder: Path) -> None:
    """Write a new project into a folder, which is made unless it is there and empty.

    Raises:
        LoaderError: The folder has files, or can't be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise LoaderError(
                f"{folder} is not empty, and nothing in it was changed.", "Name a folder that doesn't exist yet."
            )
        for name, source in _files():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            # Without the permissions of the installed files, which may be read-only.
            shutil.copyfile(source, target)
    except FileExistsError as error:
        raise LoaderError(f"{folder} is not a folder.", "Name a folder that doesn't exist yet.") from error
    except OSError as error:
        raise LoaderError(
            f"{folder} can't be written: {error.strerror}.", "Name a folder on a disk with room, where you may write."
        ) from error


def _files() -> Iterator[tuple[Path, Path]]:
    """Yield each file of a new project: its path there, and where it is now."""
    for name, source in _parts().items():
        if source.is_file():
            yield name, source
        for file in source.rglob("*"):
            if file.is_file():
                yield name / file.relative_to(source), file


def _parts() -> dict[Path, Path]:
    """Return files and folders of a new project by their paths there."""
    shipped = PACKAGE / "template"
    if shipped.is_dir():
        return {Path(): shipped}
    # An editable install: the clone itself, as the wheel would have it.
    clone = PACKAGE.parent
    wheel = tomllib.loads((clone / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    return {
        Path(target).relative_to("loaders/template"): clone / source
        for source, target in wheel["force-include"].items()
    }
