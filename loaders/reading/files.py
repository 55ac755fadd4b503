"""Which files the arguments of a command mean, and which table each file is for."""

from __future__ import annotations

import glob
from pathlib import Path

from loaders.contract.tables import Contract, Table
from loaders.errors import FileRefusedError, LoaderError
from loaders.reading.intake import STDIN

SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".csv.zst", ".tsv.zst")


def expand(paths: tuple[str, ...]) -> list[Path]:
    """Return the files that the arguments name: folders give their CSV files, patterns what they match."""
    found: list[Path] = []
    for text in paths:
        try:
            files = _files(text)
        except (OSError, ValueError) as error:
            raise FileRefusedError(
                f"{text[:200]} can't be opened: {getattr(error, 'strerror', None) or error}.", "Check the path."
            ) from error
        if not files:
            kind = "There is no CSV file in the folder" if Path(text).is_dir() else "There is no file"
            raise FileRefusedError(f"{kind} {text}.", "Check the path.")
        found += sorted(files)
    return found


def _files(text: str) -> list[Path]:
    path = Path(text)
    if path.is_dir():
        return [file for file in path.iterdir() if file.name.lower().endswith(SUFFIXES)]
    if text == STDIN or path.exists():
        return [path]
    return [Path(match) for match in glob.glob(text)]  # noqa: PTH207 (patterns may be absolute)


def table_of(contract: Contract, path: Path, table: Table | None = None) -> Table:
    """Return the table that is named, or else the one that the file's name begins with.

    Raises:
        FileRefusedError: The file's name begins with no table's name.
        LoaderError: Standard input needs a table that is named.
    """
    if table is not None:
        return table
    if str(path) == STDIN:
        raise LoaderError("Standard input has no name to tell its table from.", "Say --table NAME.")
    return contract.table_for_file(path.name)
