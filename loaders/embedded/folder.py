"""The folder `.postgres` of a project: its files, the lock on it, and its server's socket and port."""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from loaders.embedded.configuration import LOCAL_HOST
from loaders.embedded.programs import OWN_SERVER_HINT
from loaders.errors import DatabaseError

DEFAULT_PORT = 5432
# Length of a socket's path in the kernel, without the final zero byte.
LONGEST_SOCKET_PATH = 103 if sys.platform == "darwin" else 107


class ServerFolder:
    """The files of one project's server.

    Attributes:
        folder: The folder `.postgres`.
        data: PostgreSQL's data.
        log: The server's log.
        password_file: Password for connections through TCP.
    """

    def __init__(self, project: Path) -> None:
        """Name the files; nothing is created yet."""
        self.folder = project.resolve() / ".postgres"
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self.password_file = self.folder / "password"
        self._port_file = self.folder / "port"

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Be the only process that starts or stops the server; the folder is created if needed.

        Raises:
            DatabaseError: The folder can't be used.
        """
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self.folder.chmod(0o700)
            with self.open(self.folder / "start.lock") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise DatabaseError(
                f"The embedded PostgreSQL in {self.folder} can't be used: {error}.",
                f"Run as the owner of the folder, on a disk with free space. {OWN_SERVER_HINT}",
            ) from error

    def is_named_by(self, variables: Mapping[str, str]) -> bool:
        """Return whether libpq's variables point to the server of this folder, like those of `loader db env`.

        Over TCP the password distinguishes it from another server on the same port.
        """
        host, port = variables.get("PGHOST"), variables.get("PGPORT")
        if not host or variables.get("PGHOSTADDR") or variables.get("PGSERVICE"):
            return False
        if host == LOCAL_HOST:
            known = (self._read(self._port_file), self._read(self.password_file))
            return bool(port) and known == (port, variables.get("PGPASSWORD"))
        return Path(host) == self._socket_folder()

    def socket_folder(self) -> Path:
        """Return the folder of the socket, and make it safe: a private one if `.postgres` can't be used.

        Raises:
            DatabaseError: That folder belongs to somebody else.
        """
        folder = self._socket_folder()
        if folder == self.folder:
            return folder
        folder.mkdir(mode=0o700, exist_ok=True)
        # Anybody may write to the folder for temporary files, so an existing folder there may be a trap.
        found, owner = folder.lstat(), self.folder.stat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner.st_uid}:
            raise DatabaseError(
                f"{folder}, where the socket goes, belongs to somebody else.",
                "Remove it, set TMPDIR to a folder of your own, or use a project folder with a shorter path.",
            )
        folder.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder, owner.st_uid, owner.st_gid)
        return folder

    def _socket_folder(self) -> Path:
        """Return `.postgres`, or a folder for temporary files if that can't be used.

        The kernel limits the path of a socket to some 100 bytes, and libpq reads a comma in PGHOST as two hosts.
        """
        if len(os.fsencode(self.folder / ".s.PGSQL.65535")) <= LONGEST_SOCKET_PATH and "," not in str(self.folder):
            return self.folder
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()).resolve() / f"analytics-{name}"

    def port(self, tcp: bool) -> int:
        """Return the port to listen on, which is stored; without TCP it only names the socket.

        Raises:
            DatabaseError: Another program listens on it.
        """
        remembered = 0
        with suppress(ValueError):
            remembered = int(self._read(self._port_file))
        if not tcp:
            return remembered or DEFAULT_PORT
        if remembered and not _free_port(remembered):
            raise DatabaseError(
                f"Port {remembered}, which this project uses on {LOCAL_HOST}, is in use by another program.",
                f"Stop that program, or remove {self._port_file} to have another port chosen.",
            )
        port = remembered or _free_port(DEFAULT_PORT) or _free_port(0)
        self.write(self._port_file, f"{port}\n")
        return port

    def password(self) -> str:
        """Return the password for connections over TCP, which is created the first time."""
        if found := self._read(self.password_file):
            return found
        password = secrets.token_urlsafe(24)
        with self.open(self.password_file) as file:
            file.write(password.encode() + b"\n")
        return password

    def _read(self, path: Path) -> str:
        """Return the content of a one-line file; nothing if it does not exist."""
        try:
            return path.read_text().strip()
        except FileNotFoundError:
            return ""

    def open(self, path: Path) -> IO[bytes]:
        """Open a file that only the owner of its folder can read, for writing."""
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        if os.geteuid() == 0:
            # Files that root writes in a user's project belong to the user.
            owner = path.parent.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        return file

    def write(self, path: Path, text: str) -> None:
        """Write a file that only the owner of its folder can read."""
        with self.open(path) as file:
            file.truncate()
            file.write(os.fsencode(text))


def _free_port(port: int) -> int:
    """Return the port, or any free one for 0; return 0 if it is in use."""
    with socket.socket() as probe, suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((LOCAL_HOST, port))
        return int(probe.getsockname()[1])
    return 0
