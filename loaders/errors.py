"""The one family of errors that a user sees."""

from __future__ import annotations

import re
from enum import IntEnum

import psycopg


class ExitCode(IntEnum):
    """How a command ends."""

    OK = 0
    ERROR = 1  # or a file was refused
    USAGE = 2
    REJECTS = 3  # everything is loaded except rows that break the contract
    BUILD_FAILED = 4
    RUNNING = 5
    INTERRUPTED = 130


class LoaderError(Exception):
    """Something a user can act on.

    Args:
        message: What is wrong and where, in one sentence.
        hint: What to do next, in one sentence.
    """

    exit_code = ExitCode.ERROR

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep message and hint separate, so that each output can format them its own way."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return message and hint as running text."""
        return f"{self.message} {self.hint}".strip()


class ContractError(LoaderError):
    """dbt's sources files are not a valid contract."""


class DatabaseError(LoaderError):
    """The database can't be reached, or refuses what the loader needs."""


class FileRefusedError(LoaderError):
    """A file can't be loaded as a whole; none of its rows were loaded."""


def postgres_message(error: psycopg.Error) -> str:
    """Say in PostgreSQL's words what went wrong, without any value of a row.

    PostgreSQL puts values into DETAIL and CONTEXT, and into the message if they don't fit a type.
    """
    code, message = error.sqlstate or "", error.diag.message_primary
    if not code:
        return "the connection broke off" if isinstance(error, psycopg.OperationalError) else type(error).__name__
    if code.startswith(("22", "23")):
        place = re.match(r"COPY \w+, line \d+, column (\w+)", error.diag.context or "")
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
        return f"{words} in column {place[1]}" if place else words
    return message or type(error).__name__
