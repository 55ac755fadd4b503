"""PostgreSQL's own programs for backups: those of the system, or those that come with the embedded server."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from loaders.embedded.programs import find_binaries
from loaders.errors import DatabaseError

TOOLS = ("pg_dump", "pg_restore", "psql")


def find_tools(server_version: int) -> Path:
    """Return the folder of pg_dump, pg_restore and psql that are no older than the server.

    Those of the system come first: they know how to connect in more ways.

    Args:
        server_version: Major version of the server.

    Raises:
        DatabaseError: There are none, or they are all too old.
    """
    found = []
    for folder in _folders():
        version = _version(folder)
        if version >= server_version:
            return folder
        found.append(f"{version} in {folder}")
    raise DatabaseError(
        f"The server is PostgreSQL {server_version}, and there are no {', '.join(TOOLS)} of this or a newer version"
        + (f" (only {', '.join(found)})." if found else "."),
        f"Install the package postgresql-client-{server_version} and put its programs into PATH.",
    )


def _folders() -> Iterator[Path]:
    system = shutil.which(TOOLS[0])
    # All three from one place, for they must fit each other.
    if system and all((Path(system).parent / tool).exists() for tool in TOOLS):
        yield Path(system).parent
    try:
        yield find_binaries()
    except DatabaseError:
        return


def _version(folder: Path) -> int:
    said = subprocess.run([folder / TOOLS[0], "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"(\d+)\.?\w*(?:\s|$)", said)
    return int(match[1]) if match else 0
