"""Connections: libpq's own environment, or the embedded server if that names no server."""

from __future__ import annotations

import logging
import os
import re
from typing import Any

import psycopg

from loaders.embedded.configuration import LOCAL_HOST
from loaders.embedded.server import EmbeddedServer
from loaders.errors import DatabaseError
from loaders.project import Project

OLDEST_VERSION = 16
CONNECT_SECONDS = "10"
# Any of these means that the user has a server.
SERVER_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGSERVICE")
# What the user may also choose on the embedded server.
CHOSEN = ("PGUSER", "PGDATABASE")
PARAMETERS = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGDATABASE": "dbname", "PGPASSWORD": "password"}


_log = logging.getLogger(__name__)
Connection = psycopg.Connection[Any]


def named_server(embedded: EmbeddedServer) -> str | None:
    """Return the first of libpq's variables by which the user names another server than the embedded one, if any."""
    if embedded.is_named_by(os.environ):
        return None
    return next((name for name in SERVER_VARIABLES if os.environ.get(name)), None)


def connection_environment(project: Project) -> dict[str, str]:
    """Return the variables to add to the environment so that any libpq program reaches the project's database.

    Empty when the user names another server; otherwise the embedded server is started and its variables are returned.
    With the variables of `loader db env`, the user may choose another user and database.

    Raises:
        DatabaseError: The embedded server does not start.
    """
    server = EmbeddedServer(project.root)
    if named_server(server):
        return {}
    is_named = server.is_named_by(os.environ)
    tcp = is_named and os.environ["PGHOST"] == LOCAL_HOST
    server.start(tcp)
    found = server.environment(tcp)
    return {name: value for name, value in found.items() if not (is_named and os.environ.get(name) and name in CHOSEN)}


def connect(project: Project, *, autocommit: bool = False, application_name: str = "loader") -> Connection:
    """Return a new connection to the project's database.

    Raises:
        DatabaseError: There is no connection, or PostgreSQL is older than 16; the message names the server, never the
            password.
    """
    environment = connection_environment(project)
    where = describe_server(environment)
    try:
        connection = psycopg.connect(
            **{PARAMETERS[name]: value for name, value in environment.items()},  # type: ignore[arg-type]
            autocommit=autocommit,
            application_name=application_name,
            # Files are copied as UTF-8, whatever PGCLIENTENCODING says.
            client_encoding="UTF8",
            connect_timeout=os.environ.get("PGCONNECT_TIMEOUT", CONNECT_SECONDS),
        )
    except psycopg.Error as error:
        # psycopg does not name a host that comes from the environment.
        named = str(error).replace("resolve host None", f"resolve host {os.environ.get('PGHOST')!r}")
        said = re.sub(r"[^.?!]$", r"\g<0>.", _hide_passwords(" ".join(named.split())))
        raise DatabaseError(
            f"No connection to PostgreSQL at {where}: {said}", _next_step(said, own=not environment)
        ) from error
    version = connection.info.server_version // 10_000
    if version < OLDEST_VERSION:
        connection.close()
        raise DatabaseError(
            f"PostgreSQL {version} at {where} is too old.",
            f"PostgreSQL {OLDEST_VERSION} or newer is needed; unset PGHOST to use the embedded one.",
        )
    _log.info("connected to PostgreSQL %s at %s", version, where)
    return connection


def describe_server(environment: dict[str, str]) -> str:
    """Return host, port, database and user as text, as libpq finds them; `environment` overrides its own."""
    defaults = {option.keyword.decode(): option.val for option in psycopg.pq.Conninfo.get_defaults()}
    known = {name: os.fsdecode(value) for name, value in defaults.items() if value}
    known |= {PARAMETERS[name]: value for name, value in environment.items()}
    if service := os.environ.get("PGSERVICE"):
        known["service"] = service
    names = {"service": "service", "host": "host", "hostaddr": "address", "port": "port", "dbname": "database"}
    described = [f"{label} {known[name]}" for name, label in {**names, "user": "user"}.items() if known.get(name)]
    return _hide_passwords(", ".join(described))


def _hide_passwords(text: str) -> str:
    # Some users put a whole URL where libpq expects a host or a database.
    return re.sub(r"(://[^:@/\s]*):[^@\s]*@", r"\1:***@", text)


def _next_step(said: str, own: bool) -> str:
    if not own:
        return "Unset other variables of libpq (`env | grep ^PG`), or restart it: `loader db stop`, `loader db start`."
    if "resolve host" in said:
        return "Check the name in PGHOST, and that this machine can look names up; or unset it to use the embedded one."
    if "password" in said:
        return "Check PGUSER and PGPASSWORD, or the password file of libpq (~/.pgpass)."
    if "SSL" in said or "encryption" in said:
        return "Check PGSSLMODE (such as require or disable) and, to verify the server, PGSSLROOTCERT."
    if "does not exist" in said:
        return "Check PGDATABASE and PGUSER, or create what is missing."
    return "Check that it runs and that PGHOST and PGPORT name it; or unset PGHOST to use the embedded one."
