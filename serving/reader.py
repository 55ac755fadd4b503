"""How everything in `serving` reads: as `bi_reader` if that role exists, read-only, and with a time limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loaders.destinations.postgres.connection import CONNECT_SECONDS, PARAMETERS
from loaders.destinations.postgres.roles import MARTS, READER_ROLE


def connection_arguments(environment: Mapping[str, str], application_name: str) -> dict[str, Any]:
    """Return what to connect with.

    Args:
        environment: Variables of libpq that override its own, as `loaders.database.connection_environment` gives them.
        application_name: Name of the connection in `pg_stat_activity`.
    """
    return {
        **{PARAMETERS[name]: value for name, value in environment.items()},
        "autocommit": True,
        "application_name": application_name,
        "client_encoding": "UTF8",
        "connect_timeout": CONNECT_SECONDS,
    }


def session_statements(
    statement_seconds: float, idle_seconds: float, time_zone: str = "UTC"
) -> list[tuple[str, tuple[str, ...]]]:
    """Return statements, each with its parameters, that make a new connection read-only.

    Args:
        statement_seconds: Longest time that PostgreSQL may work on one statement.
        idle_seconds: Longest pause within a transaction: a reader who stops must not keep old rows alive for long.
        time_zone: Zone in which moments are given.
    """
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": f"{round(statement_seconds * 1000)}ms",
        "idle_in_transaction_session_timeout": f"{round(idle_seconds * 1000)}ms",
        "client_connection_check_interval": "1s",
        "timezone": time_zone,
        "search_path": "",
    }
    # Roles belong to the server: one of that name may be another database's, and have no rights in this one.
    become_reader = (
        "select set_config('role', rolname, false) from pg_catalog.pg_roles"
        " where rolname = %s and pg_has_role(oid, 'SET') and not exists ("
        "select from pg_catalog.pg_namespace where nspname = %s"
        " and not has_schema_privilege(pg_roles.oid, pg_namespace.oid, 'USAGE'))"
    )
    return [
        *(("select set_config(%s, %s, false)", setting) for setting in settings.items()),
        (become_reader, (READER_ROLE, MARTS)),
    ]
