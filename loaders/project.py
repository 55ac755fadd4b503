"""Where the dbt project is, and the settings that loader and dbt share."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from loaders.errors import ContractError


@dataclass(frozen=True)
class Project:
    """A dbt project folder and its `vars`."""

    root: Path
    vars: Mapping[str, Any]

    @property
    def time_zone(self) -> str:
        """IANA name of the zone in which timestamps without an offset are read."""
        return str(self.vars.get("time_zone", "UTC"))


def find_project(start: Path | None = None) -> Project:
    """Return the dbt project around `start` (the current folder by default), as git finds a repository.

    The environment variable LOADER_PROJECT_DIR names the folder directly.

    Raises:
        ContractError: There is no dbt_project.yml, or it can't be read.
    """
    named = os.environ.get("LOADER_PROJECT_DIR")
    here = Path(named) if named else (start or Path.cwd())
    for folder in [here] if named else [here, *here.parents]:
        file = folder / "dbt_project.yml"
        if file.is_file():
            return Project(folder.resolve(), _read_vars(file))
    raise ContractError(
        f"No dbt_project.yml in {here}." if named else f"No dbt_project.yml in {here} or a folder above it.",
        "Run the command in a project folder, or set LOADER_PROJECT_DIR to one; `loader new FOLDER` writes one.",
    )


def read_yaml(file: Path) -> Any:
    """Return the content of a YAML file.

    Raises:
        OSError, UnicodeDecodeError, yaml.YAMLError: It can't be read.
    """
    # Every command starts by reading all sources files; libyaml, if PyYAML has it, takes an eighth of the time.
    return yaml.load(file.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def _read_vars(file: Path) -> Mapping[str, Any]:
    try:
        content = read_yaml(file) or {}
    except (OSError, yaml.YAMLError) as error:
        raise ContractError(f"{file} can't be read: {error}") from error
    found = content.get("vars") or {}
    own = found.get(content.get("name"), {})
    return {**found, **(own if isinstance(own, dict) else {})}
