"""The PostgreSQL that comes with the package, for projects without one of their own.

Three things in `.postgres/` make it safe to start from many processes at once and after any crash:

- `data/` is renamed into place when it is complete, so it is either complete or absent; - `start.lock` is held by the
process that starts or stops the server; - `server.lock` is held by the server itself. It inherits the lock, and the
kernel releases it when the server's last process is gone. So no process id is guessed, which may belong to another
program by now.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from loaders.embedded.configuration import ACCESS, LOCAL_HOST, settings
from loaders.embedded.folder import ServerFolder
from loaders.embedded.programs import OWN_SERVER_HINT, VERSION, as_owner, find_binaries
from loaders.errors import DatabaseError

_log = logging.getLogger(__name__)
DATABASE = "analytics"
SUPERUSER = "postgres"
PATIENCE_WHILE_RECOVERING = 300.0
PATIENCE_OTHERWISE = 10.0
ENCRYPTION_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
LARGEST_LOG = 10_000_000


@dataclass(frozen=True)
class ServerStatus:
    """State of the server; everything except `running` is None or False while it doesn't run."""

    running: bool
    pid: int | None = None
    socket: str | None = None
    port: int | None = None
    tcp: bool = False


class EmbeddedServer(ServerFolder):
    """The PostgreSQL of one project folder, kept in its folder `.postgres`."""

    def __init__(self, project: Path) -> None:
        """Name the folders; nothing is created or started yet."""
        super().__init__(project)
        self._server_lock = self.folder / "server.lock"

    def start(self, tcp: bool = False) -> None:
        """Start the server unless it is running; create its data the first time.

        Args:
            tcp: Also listen on 127.0.0.1, with a password. A server running without it is restarted, which ends its
                connections; one running with TCP keeps it until it is stopped.

        Raises:
            DatabaseError: It does not start; the message has the end of its log.
        """
        with self.exclusive():
            if self._await_ready() and (self._read_status().tcp or not tcp):
                return
            _log.info("starting the embedded PostgreSQL in %s", self.folder)
            # Check that the port is free before the running server is stopped for it.
            port = self.port(tcp)
            self._stop()
            self._shorten_log()
            logged = self.log.stat().st_size if self.log.exists() else 0
            # Every program that works on the data inherits the lock, so one that outlives a killed loader is detected.
            with self.open(self._server_lock) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if not self.data.exists():
                    self._initialize(lock)
                self._launch(port, tcp, lock)
            if not self._await_ready():
                raise self._failure("did not start", os.fsdecode(self.log.read_bytes()[logged:]))

    def stop(self) -> bool:
        """Stop the server, rolling back uncommitted changes; return whether it was running.

        Raises:
            DatabaseError: It does not stop.
        """
        if not self.folder.exists():
            return False
        with self.exclusive():
            return self._stop()

    def status(self) -> ServerStatus:
        """Return whether the server runs, and where.

        Raises:
            DatabaseError: The folder `.postgres` can't be read.
        """
        if not self.folder.exists():
            return ServerStatus(running=False)
        with self.exclusive():
            return self._read_status()

    def environment(self, tcp: bool = False) -> dict[str, str]:
        """Return libpq's variables for the running server.

        Args:
            tcp: Over 127.0.0.1 and with the password, for programs that can't use a Unix socket.

        Raises:
            DatabaseError: The server doesn't run, or not with TCP.
        """
        status = self.status()
        if not status.running or (tcp and not status.tcp):
            option = " --tcp" if tcp else ""
            raise DatabaseError(
                f"The embedded PostgreSQL does not {'listen on TCP' if status.running else 'run'}.",
                f"Start it with `loader db start{option}`.",
            )
        found = {
            "PGHOST": LOCAL_HOST if tcp else str(status.socket),
            "PGPORT": str(status.port),
            "PGUSER": SUPERUSER,
            "PGDATABASE": DATABASE,
        }
        return found | {"PGPASSWORD": self.password()} if tcp else found

    def _lives(self) -> bool:
        with self.open(self._server_lock) as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        # A server started by hand does not hold our lock; the folder is compared because the project, and the process
        # file in it, may be a copy.
        return self._read_process_file()[1:2] == [str(self.data)] and self._answers()

    def _answers(self) -> bool:
        lines = self._read_process_file()
        if len(lines) < 8 or lines[7] != "ready":
            return False
        with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
            client.settimeout(1)
            client.connect(f"{lines[4]}/.s.PGSQL.{lines[3]}")
            # A killed server still accepts connections for a moment; only a live one answers the encryption request.
            client.sendall(ENCRYPTION_REQUEST)
            return bool(client.recv(1))
        return False

    def _await_ready(self) -> bool:
        """Wait for a starting server; return False if there is none."""
        begun = time.monotonic()
        while self._lives():
            if self._answers():
                return True
            recovering = self._read_process_file()[7:8] == ["starting"]
            if time.monotonic() - begun > (PATIENCE_WHILE_RECOVERING if recovering else PATIENCE_OTHERWISE):
                raise DatabaseError(
                    f"The embedded PostgreSQL in {self.folder} runs but does not answer.",
                    f"Stop it with `loader db stop` and try again; {self.log} says more.",
                )
            time.sleep(0.02)
        return False

    def _read_process_file(self) -> list[str]:
        try:
            text = os.fsdecode((self.data / "postmaster.pid").read_bytes())
            return [line.strip() for line in text.splitlines()]
        except FileNotFoundError:
            return []

    def _read_status(self) -> ServerStatus:
        lines = self._read_process_file()
        if not self._lives() or len(lines) < 6:
            return ServerStatus(running=False)
        return ServerStatus(True, int(lines[0]), lines[4], int(lines[3]), tcp=bool(lines[5]))

    def _stop(self) -> bool:
        if not self._lives():
            return False
        begun = time.monotonic()
        with suppress(ProcessLookupError, IndexError):
            os.kill(abs(int(self._read_process_file()[0])), signal.SIGINT)
        while self._lives():
            if time.monotonic() - begun > PATIENCE_WHILE_RECOVERING:
                raise DatabaseError(f"The embedded PostgreSQL in {self.folder} does not stop.", f"{self.log} says why.")
            time.sleep(0.02)
        return True

    def _initialize(self, lock: IO[bytes]) -> None:
        made = self.folder / "data.partial"
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(mode=0o700)
        options = ["--username", SUPERUSER, "--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8"]
        # The built-in locale sorts the same whatever C library is updated beneath it, so no index ever goes wrong.
        options += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        self._run(lock, made, "initdb", "-D", made.name, *options)
        self._run_alone(lock, made, f"create database {DATABASE}")
        with (made / "postgresql.conf").open("a") as file:
            file.write("\ninclude = 'loader.conf'\n")
        made.rename(self.data)

    def _launch(self, port: int, tcp: bool, lock: IO[bytes]) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != VERSION:
            raise DatabaseError(
                f"{self.data} was made by PostgreSQL {version}; this is PostgreSQL {VERSION}.",
                f"Move {self.folder} away and load the files again. {OWN_SERVER_HINT}",
            )
        socket_folder = self.socket_folder()
        # No process of the server is left, so these files are stale, even if another program has the process id.
        for stale in [self.data / "postmaster.pid", *socket_folder.glob(".s.PGSQL.*")]:
            stale.unlink(missing_ok=True)
        self.write(self.data / "loader.conf", settings(socket_folder, port, tcp))
        self.write(self.data / "pg_hba.conf", ACCESS)
        if tcp:
            self._run_alone(lock, self.data, f"alter role {SUPERUSER} password '{self.password()}'")
        self._run(lock, self.data, "pg_ctl", "start", "-W", "-D", "data", "-l", "log")

    def _shorten_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.rename(self.folder / "log.old")

    def _run_alone(self, lock: IO[bytes], data: Path, statement: str) -> None:
        """Run SQL in PostgreSQL's single-user mode, so that it is in no log, no command line and no connection."""
        quiet = ["-c", "exit_on_error=on", "-c", "log_min_error_statement=panic"]
        self._run(lock, data, "postgres", "--single", "-D", data.name, *quiet, "postgres", text=statement + "\n")

    def _run(self, lock: IO[bytes], data: Path, program: str, *arguments: str, text: str = "") -> None:
        command = [*as_owner(data), str(find_binaries() / program), *arguments]
        result = subprocess.run(
            command,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            # Relative names keep the project's path out of the shell that pg_ctl starts.
            cwd=self.folder,
            # Neither libpq's variables nor a locale that isn't installed may reach the server.
            env={"LC_ALL": "C"},
            pass_fds=[lock.fileno()],
            # Ctrl-C in the terminal is for the loader, not for the server.
            start_new_session=True,
            check=False,
        )
        if result.returncode:
            raise self._failure(f"can't be set up ({program} failed)", result.stderr or result.stdout)

    def _failure(self, what: str, output: str) -> DatabaseError:
        lines = [line.strip() for line in output.splitlines() if line.strip()][-5:]
        free = shutil.disk_usage(self.folder).free
        if "No space left" in output or free < 100_000_000:
            hint = f"Free disk space: {free // 1_000_000} MB are free on the disk of {self.folder}."
        elif "Address already in use" in output:
            hint = "Another program has just taken the port; try again."
        elif "could not look up effective user ID" in output:
            hint = "PostgreSQL needs a name for its user id: add one to /etc/passwd."
        else:
            hint = f"The whole log is {self.log}." if self.log.exists() else ""
        said = " | ".join(lines) or "nothing"
        return DatabaseError(f"The embedded PostgreSQL {what}. It said: {said}.", f"{hint} {OWN_SERVER_HINT}".strip())
