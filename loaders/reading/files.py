"""Which files the arguments of a command mean, and which table each file is for."""

from __future__ import annotations

import glob
from pathlib import Path

from loaders.contract.tables import Contract, Table
from loaders.errors import FileRefusedError, LoaderError
from loaders.reading.header import recognize
from loaders.reading.intake import STDIN, Given

SUFFIXES = tuple(kind + packed for kind in (".csv", ".tsv") for packed in ("", ".gz", ".zst"))


def expand(paths: tuple[str, ...]) -> list[Path]:
    """Return the files named by the arguments: the CSV files of folders, and what patterns match."""
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


def is_table(file: Path) -> bool:
    """Return whether a file in a folder is meant: by its name, or a text file whose first line has tabs."""
    name = file.name.lower()
    if name.endswith(".txt") and file.is_file():
        with file.open("rb") as opened:
            return b"\t" in opened.readline(1 << 16)
    return name.endswith(SUFFIXES)


def _files(text: str) -> list[Path]:
    path = Path(text)
    if path.is_dir():
        return [file for file in path.iterdir() if is_table(file)]
    if text == STDIN or path.exists():
        return [path]
    return [Path(match) for match in glob.glob(text)]  # noqa: PTH207 (patterns may be absolute)


def table_of(contract: Contract, path: Path, table: Table | None = None, encoding: str | None = None) -> Table:
    """Return the named table, else the one that the file's header names.

    Args:
        contract: The tables.
        path: The file.
        table: The table that the user names.
        encoding: Encoding of the file; detected without it.

    Raises:
        FileRefusedError: No table knows the header, or the file can't be read.
        LoaderError: Standard input needs a named table.
    """
    if table is not None:
        return table
    if str(path) == STDIN:
        raise LoaderError("Standard input is read once, so its header can't name its table.", "Say --table NAME.")
    given = Given(path)
    return recognize(given.peek(encoding), contract, given.name)
