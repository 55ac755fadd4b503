"""Calls of dbt by processes that fork from one that has read the project, which saves a second of each call.

What dbt works out once in a process, such as the code that reads what it read before, is there in all forks of it.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

# Arguments, variables of the environment, file of what is printed; the answer is the exit code.
Call = tuple[list[str], dict[str, str], Path]
RunDbt = Callable[[list[str], dict[str, str], Path], int]


@contextmanager
def start_dbt(folder: Path, reading: list[str], environment: dict[str, str]) -> Iterator[RunDbt]:
    """Let a process read the project in a folder with the arguments of `dbt parse`, and give what calls dbt then."""
    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe()
    process = processes.Process(target=_serve, args=(there, folder, reading, environment), daemon=True)
    process.start()
    there.close()

    def run(arguments: list[str], environment: dict[str, str], output: Path) -> int:
        here.send((arguments, environment, output))
        return int(here.recv())

    yield run
    here.close()
    process.join()


def _serve(calls: Connection, folder: Path, reading: list[str], environment: dict[str, str]) -> None:
    import dbt.adapters.postgres
    import dbt.task.build
    import dbt.task.compile
    import dbt.task.list
    import dbt.task.seed
    import dbt.task.show
    import dbt.task.test  # noqa: F401
    from dbt.cli.main import dbtRunner

    _read_once_for_all_calls()
    # A call ends before its garbage matters, and looking for it takes a tenth of the time.
    gc.disable()
    os.chdir(folder)
    # The project is parsed in a fork, as dbt's parser in Rust starts threads, which further forks would miss and wait
    # for. This call only reads what that one left behind; if it left nothing, each call reports the error.
    if _call(reading, environment, Path(os.devnull)) == 0:
        os.environ.clear()
        os.environ.update(environment)
        dbtRunner().invoke(reading)
    while True:
        try:
            call: Call = calls.recv()
        except EOFError:
            return
        calls.send(_call(*call))


def _read_once_for_all_calls() -> None:
    """Let dbt use what it read for other variables, servers and users, which change what is run and not what there is.

    The name of the database, which Spark has none of, is in what it read.
    """
    from dbt.artifacts.resources import FileHash
    from dbt.parser.manifest import ManifestLoader, ManifestStateCheck

    check = ManifestLoader.build_manifest_state_check

    def check_what_counts(loader: ManifestLoader) -> ManifestStateCheck:
        variables, loader.root_project.cli_vars = loader.root_project.cli_vars, {}
        try:
            state = check(loader)
        finally:
            loader.root_project.cli_vars = variables
        state.profile_hash = FileHash.from_contents(loader.root_project.credentials.database or "")
        return state

    ManifestLoader.build_manifest_state_check = check_what_counts


def _call(arguments: list[str], environment: dict[str, str], output: Path) -> int:
    from dbt.cli.main import cli

    if process := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    code: object = 1
    try:
        with output.open("w") as opened:
            os.dup2(opened.fileno(), 1)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["dbt", *arguments]
        cli(arguments)
    except SystemExit as end:
        code = end.code
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 0 if code is None else 1)
