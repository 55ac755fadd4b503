"""Calls of dbt by processes that fork from one that has imported it, which takes half the time of a short call."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

# Imported before the fork.
import dbt.adapters.postgres
import dbt.task.build
import dbt.task.compile
import dbt.task.list
import dbt.task.seed
import dbt.task.show
import dbt.task.test  # noqa: F401
from dbt.cli.main import cli

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload([__name__])


def run_dbt(arguments: list[str], folder: Path, environment: dict[str, str], output: Path) -> int:
    """Call dbt in a folder and return its exit code; what it prints goes to a file."""
    process = _PROCESSES.Process(target=_call, args=(arguments, folder, environment, output))
    process.start()
    process.join()
    return process.exitcode or 0


def _call(arguments: list[str], folder: Path, environment: dict[str, str], output: Path) -> None:
    with output.open("w") as opened:
        os.dup2(opened.fileno(), 1)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["dbt", *arguments]
    cli(arguments)
