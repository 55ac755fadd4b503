"""Files that no shipped source knows are adopted, copied and built: their totals in the marts are right to the cent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from loaders.cli import main
from loaders.operations.template import write_project
from tests.conftest import ROOT
from tests.project.conftest import Environment, query
from tests.project.unknown_files import FILES, Expected, cents


@dataclass(frozen=True)
class Adopted:
    """A project with five adopted sources, a database with its marts, and what these should add up to."""

    project: Path
    environment: Environment
    expected: dict[str, Expected]


@pytest.fixture(scope="module")
def adopted(new_database: Callable[[], Environment], tmp_path_factory: pytest.TempPathFactory) -> Adopted:
    folder = tmp_path_factory.mktemp("adopt")
    project, files = folder / "project", folder / "files"
    write_project(project)
    files.mkdir()
    environment = new_database()
    variables = {**environment, "LOADER_PROJECT_DIR": str(project)}
    runner = CliRunner(env={**variables, "PGHOSTADDR": None, "PGSERVICE": None})
    expected: dict[str, Expected] = {}
    for name, make in FILES.items():
        paths, expected[name] = make(files)
        for command in (["adopt", *map(str, paths), "--name", name, "--yes"], ["copy", *map(str, paths)]):
            result = runner.invoke(main, command)
            assert result.exit_code == 0, result.output
    dbt = Path(sys.executable).with_name("dbt")
    selected = ["--select", "+order_lines", "+monthly_sales", "--indirect-selection", "buildable"]
    # Of dbt's tests, those of what was written, and of the marts.
    left_out = ["--exclude", "path:models/intermediate,resource_type:test", "--exclude-resource-type", "unit_test"]
    unread = ["--log-level-file", "none", "--no-write-json"]
    command = [str(dbt), *unread, "build", *selected, *left_out, "--profiles-dir", "."]
    built = subprocess.run(
        command, cwd=project, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout[-10_000:]
    return Adopted(project, environment, expected)


@pytest.mark.parametrize("name", FILES)
def test_the_lines_of_the_marts_add_up(adopted: Adopted, name: str) -> None:
    statement = f"""
        select
            count(*),
            coalesce(sum(amount) filter (where amount > 0), 0),
            -coalesce(sum(amount) filter (where amount < 0), 0),
            count(distinct nullif(customer_id, '(unknown)')),
            count(*) filter (where customer_id = '(unknown)')
        from marts.order_lines
        where transaction_id like '{name}:%'
    """
    [(lines, gross, refunds, buyers, guests)] = query(adopted.environment, statement)
    expected = adopted.expected[name]
    moneys = tuple(cents(Decimal(str(money))) for money in (gross, refunds))
    assert moneys == (cents(expected.gross), cents(expected.refunds))
    assert (lines, buyers, guests) == (expected.lines, len(expected.buyers), expected.guest_lines)


def test_revenue_is_that_of_all_files(adopted: Adopted) -> None:
    [(revenue,)] = query(adopted.environment, "select sum(net_revenue) from marts.monthly_sales")
    total = sum((expected.net for expected in adopted.expected.values()), Decimal(0))
    assert abs(Decimal(str(revenue)) - total) <= Decimal("0.05")


def test_what_is_written_is_in_the_style_of_the_project(adopted: Adopted) -> None:
    folders = [adopted.project / "models" / "staging" / name for name in FILES]
    result = subprocess.run(
        [Path(sys.executable).with_name("sqlfluff"), "lint", "--config", ".sqlfluff", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-10_000:]
