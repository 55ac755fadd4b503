"""Run dbt in the project."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from loaders.errors import LoaderError
from loaders.project import Project

_log = logging.getLogger(__name__)
STDERR = 2


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
