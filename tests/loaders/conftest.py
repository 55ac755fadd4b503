"""Fixtures of the loader's tests."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

SOURCES = ROOT / "models" / "staging"
# The project's own sources; the others are exports of other programs.
OWN = ("shop", "journey", "subscriptions", "loader")


@pytest.fixture
def own_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of the test alone, in which the command line works.

    Of the contract it has the project's own sources: the exports of other programs would be half of the tables.
    """
    folder = tmp_path / "project"
    copy_files(folder, ROOT / "dbt_project.yml", *(SOURCES / name / f"_{name}__sources.yml" for name in OWN))
    monkeypatch.setenv("LOADER_PROJECT_DIR", str(folder))
    return folder


@pytest.fixture
def whole_contract(own_project: Path) -> None:
    """The project folder has the whole contract."""
    copy_files(own_project, *SOURCES.glob("*/_*__sources.yml"))


def copy_files(folder: Path, *files: Path) -> None:
    for file in files:
        copy = folder / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


@pytest.fixture
def spawn(database: dict[str, str], own_project: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command line as a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "loaders.cli", *map(str, arguments)]
        process = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
