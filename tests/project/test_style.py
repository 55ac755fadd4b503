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
    # Inside pytest, because the templater compiles with dbt, which needs a database.
    result = subprocess.run(
        [Path(sys.executable).with_name("sqlfluff"), "lint", "--disable-progress-bar", "models", "tests", "analyses"],
        cwd=ROOT,
        env={**os.environ, **load()},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout[-10_000:]
