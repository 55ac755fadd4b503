"""Fixtures of the loader's tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT


@pytest.fixture
def own_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder of the test alone, with this project's contract; the command line works in it."""
    folder = tmp_path / "project"
    for file in [ROOT / "dbt_project.yml", *(ROOT / "models" / "staging").glob("*/_*__sources.yml")]:
        copy = folder / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    monkeypatch.setenv("LOADER_PROJECT_DIR", str(folder))
    return folder
