"""Call dbt, and read from its results what it built and tested, for `build_history` and `test_history`.

dbt writes `run_results.json` when a command ends, however it ends; a killed call leaves none. The tables of schema
`operations` are created by `loader init` (OWN_TABLES of `destinations.postgres.schema`).
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from loaders.destinations.postgres.connection import Connection
from loaders.errors import DatabaseError, LoaderError, postgres_message
from loaders.project import Project

# Commands that build or test something; compile, show and docs do not.
COMMANDS = ("build", "run", "test", "seed", "snapshot", "retry")
MODELS, TESTS = ("model", "seed", "snapshot"), ("test", "unit_test")
FAILED = ("error", "fail", "runtime error", "partial success")
STDERR = 2
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Build:
    """A call of dbt that ended.

    `models` and `tests` are rows of `operations.model_results` and `operations.test_results`, without their first
    column.
    """

    invocation_id: str
    command: str
    target_name: str
    started_at: datetime
    finished_at: datetime
    failed: bool
    models: tuple[tuple[Any, ...], ...]
    tests: tuple[tuple[Any, ...], ...]

    @property
    def status(self) -> str:
        """`failed` if any model or test did, else `succeeded`."""
        return "failed" if self.failed else "succeeded"


def run_dbt(
    project: Project, environment: dict[str, str], *arguments: str, stdout: int | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run dbt in the project, on the database named by `environment`.

    Args:
        project: The dbt project.
        environment: Variables of libpq, as `connection_environment` returns them.
        arguments: dbt's arguments.
        stdout: File descriptor for dbt's output; by default the caller's standard output.

    Raises:
        LoaderError: dbt is not installed next to this Python, or the project has no profiles.yml.
    """
    dbt = Path(sys.executable).with_name("dbt")
    if not dbt.exists():
        raise LoaderError(f"There is no dbt in {dbt.parent}.", "Install customer-analytics with its dependencies.")
    if not (project.root / "profiles.yml").exists():
        raise LoaderError(
            "The project has no profiles.yml.", "`make setup` writes it in a clone, `loader new` in a new project."
        )
    command = [str(dbt), "--quiet", *arguments, "--project-dir", str(project.root), "--profiles-dir", str(project.root)]
    _log.info("running dbt %s", " ".join(arguments))
    return subprocess.run(command, env={**os.environ, **environment}, cwd=project.root, check=False, stdout=stdout)


def read_build(project: Project, folder: Path | None = None, since: datetime | None = None) -> Build:
    """Return what the last call of dbt did.

    Args:
        project: The dbt project.
        folder: Where dbt wrote its results; DBT_TARGET_PATH or the project's `target` by default.
        since: Moment (with a time zone) before which a call is not the right one.

    Raises:
        LoaderError: There are no results, or they are from an earlier call, a call that builds nothing, or another
            engine.
    """
    folder = folder or project.root / os.environ.get("DBT_TARGET_PATH", "target")
    try:
        results = _read(folder / "run_results.json")
        manifest = _read(folder / "manifest.json")
        said, arguments = results["metadata"], results["args"]
        nodes = {**manifest["nodes"], **manifest["unit_tests"]}
        build = Build(
            invocation_id=said["invocation_id"],
            command=arguments["which"],
            target_name=arguments.get("target") or os.environ.get("DBT_TARGET") or "dev",
            started_at=datetime.fromisoformat(said["invocation_started_at"]),
            finished_at=datetime.fromisoformat(said["generated_at"]),
            failed=any(result["status"] in FAILED for result in results["results"]),
            models=tuple(_models(results["results"], nodes)),
            tests=tuple(_tests(results["results"], nodes)),
        )
        engine = manifest["metadata"]["adapter_type"]
    except FileNotFoundError as error:
        raise LoaderError(f"dbt has left no results in {folder}.", "Run `dbt build` first.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LoaderError(f"dbt's results in {folder} can't be read: {error!r}.", "Run `dbt build` again.") from error
    if since and build.started_at < since:
        raise LoaderError(f"dbt has left no results from this call in {folder}.", "Its messages say why.")
    if engine != "postgres":
        raise LoaderError(f"The last call of dbt was on {engine}.", "Only builds in PostgreSQL are recorded.")
    if build.command not in COMMANDS:
        raise LoaderError(f"The last call of dbt was `dbt {build.command}`, which builds nothing.")
    return build


def record_build(connection: Connection, project: Project, build: Build) -> bool:
    """Write a build into schema `operations`, and remove records older than var `build_history_days`.

    Args:
        connection: Connection in autocommit mode, of a member of analytics_loader or analytics_builder.
        project: The dbt project, for the var.
        build: The build.

    Returns:
        Whether it was new; recording it again changes nothing.

    Raises:
        DatabaseError: The tables are missing or locked, or the user may not write to them.
    """
    try:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("set local lock_timeout to '5s'")
            cursor.execute(
                "insert into operations.invocations "
                "(invocation_id, command, target_name, status, started_at, finished_at) "
                "values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
                (
                    build.invocation_id,
                    build.command,
                    build.target_name,
                    build.status,
                    build.started_at,
                    build.finished_at,
                ),
            )
            if not cursor.rowcount:
                return False
            cursor.executemany(
                "insert into operations.model_results "
                "(invocation_id, unique_id, model_name, resource_type, schema_name, status, seconds, rows_affected) "
                "values (%s, %s, %s, %s, %s, %s, %s, %s)",
                [(build.invocation_id, *row) for row in build.models],
            )
            cursor.executemany(
                "insert into operations.test_results "
                "(invocation_id, unique_id, test_name, resource_type, model_name, severity, status, seconds, failures) "
                "values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [(build.invocation_id, *row) for row in build.tests],
            )
            cursor.execute(
                "delete from operations.invocations where started_at < now() - make_interval(days => %s)",
                (int(project.vars.get("build_history_days", 400)),),
            )
    except psycopg.Error as error:
        raise DatabaseError(
            f"The build can't be recorded: {postgres_message(error)}.",
            "`loader init` creates the tables; members of analytics_loader and analytics_builder may write to them.",
        ) from error
    return True


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _models(results: list[Mapping[str, Any]], nodes: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for result in results:
        node = nodes.get(result["unique_id"], {})
        if node.get("resource_type") in MODELS:
            rows = result["adapter_response"].get("rows_affected")
            yield (
                result["unique_id"],
                node["name"],
                node["resource_type"],
                node["schema"],
                result["status"],
                round(result["execution_time"], 3),
                rows if rows is not None and rows >= 0 else None,  # dbt reports -1 for a view
            )


def _tests(results: list[Mapping[str, Any]], nodes: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for result in results:
        node = nodes.get(result["unique_id"], {})
        if node.get("resource_type") in TESTS:
            # The model that it is declared under, or the first one it reads; without project and kind.
            tested = node.get("attached_node") or next(iter(node["depends_on"]["nodes"]), "")
            yield (
                result["unique_id"],
                node["name"],
                node["resource_type"],
                ".".join(tested.split(".")[2:]) or None,
                str(node["config"].get("severity") or "error").lower(),
                result["status"],
                round(result["execution_time"], 3),
                result["failures"],
            )
