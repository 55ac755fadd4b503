"""The SQL is in the project's style."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.conftest import ROOT
from tests.project.conftest import Environment


def test_sqlfluff_finds_nothing(load: Callable[..., Environment]) -> None:
    # In pytest and not beside it: the templater compiles with dbt, which wants a database.
    result = subprocess.run(
        [Path(sys.executable).with_name("sqlfluff"), "lint", "--disable-progress-bar", "models", "tests", "analyses"],
        cwd=ROOT,
        env={**os.environ, **load()},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-10_000:]


def test_every_model_has_its_yaml_beside_it_and_no_more_than_100_lines() -> None:
    models = list((ROOT / "models").rglob("*.sql"))
    assert [model.name for model in models if not model.with_suffix(".yml").exists()] == []
    assert [model.name for model in models if len(model.read_text().splitlines()) > 100] == []
