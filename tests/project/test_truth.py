"""Every customer and sales mart is what pandas makes of the files, without any SQL of the project."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from benchmarks.truth.compare import differences, marts
from benchmarks.truth.files import Truth, read_demo, read_online_retail
from loaders.demo.files import write_files
from tests.conftest import DATA, ROOT, connect_to
from tests.project.conftest import Dbt, Environment

pytestmark = pytest.mark.slow

Load = Callable[..., Environment]


def compare(load: Load, dbt: Dbt, path: Path, truth: Truth) -> list[str]:
    """Load and build, and return what differs from the files."""
    environment = load(path)
    left_out = ("--exclude-resource-type", "test", "unit_test")
    dbt(environment, "build", "--selector", "core", *left_out)
    rules = pd.read_csv(ROOT / "seeds" / "rfm_segments.csv")
    with connect_to(environment) as connection:
        return [line for mart, key, make in marts(truth, rules) for line in differences(connection, mart, key, make())]


def test_the_marts_of_online_retail_are_what_the_file_says(load: Load, dbt: Dbt) -> None:
    file = DATA / "exports" / "online_retail.csv.zst"
    assert compare(load, dbt, file, read_online_retail(file)) == []


def test_the_marts_of_the_demo_are_what_the_files_say(load: Load, dbt: Dbt, tmp_path: Path) -> None:
    write_files(tmp_path)
    assert compare(load, dbt, tmp_path, read_demo(tmp_path)) == []
