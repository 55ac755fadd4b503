"""The commands in the README and docs/ work as written."""

from __future__ import annotations

import ast
import configparser
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from loaders.cli import main
from tests.conftest import DATA, ROOT
from tests.project.conftest import Environment, query
from tests.project.documents import fences, sections


@pytest.mark.parametrize("name", ["schedule.md", "recovery.md"])
def test_commands_and_options_exist(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    calls = re.findall(r"\bloader ([a-z]+)([^`\n|&;']*)", re.sub(r"```(?!bash)\w+|loader\.\w+", "", text))
    known = [(main.commands[command], options) for command, options in calls if command in main.commands]
    assert len(known) > 5
    for command, options in known:
        allowed = {option for parameter in command.params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", options)) <= allowed | {"--help"}, command.name


def test_the_units_are_what_systemd_wants(tmp_path: Path) -> None:
    service, timer = fences("schedule.md", "ini")
    for text, kind in ((service, "service"), (timer, "timer")):
        (tmp_path / f"analytics.{kind}").write_text(text.replace("/srv/analytics/.venv/bin/loader", "/bin/true"))
        parsed = configparser.ConfigParser()
        parsed.optionxform = str  # type: ignore[assignment, method-assign]
        parsed.read_string(text)
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed; the units were parsed only")
    for kind in ("service", "timer"):
        unit = tmp_path / f"analytics.{kind}"
        result = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
        # Of what it says about the machine's own units nothing is ours.
        assert result.returncode == 0 and "analytics" not in result.stderr, result.stderr


def test_the_dag_and_the_workflow_can_be_read() -> None:
    dag = fences("schedule.md", "python")[0]
    commands = [
        keyword.value
        for node in ast.walk(ast.parse(dag))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "bash_command"
    ]
    scripts = [str(ast.literal_eval(command)) for command in commands]
    [workflow] = fences("schedule.md", "yaml")
    steps = yaml.safe_load(workflow)["jobs"]["run"]["steps"]
    scripts += [re.sub(r"\$\{\{.*?\}\}", "value", step["run"]) for step in steps if "run" in step]
    assert len(scripts) == 6
    for script in scripts:
        subprocess.run(["bash", "-n", "-c", script], check=True)


@pytest.fixture
def shell(new_database: Callable[[], Environment], tmp_path: Path) -> Callable[[Environment, str], str]:
    """Run commands as written in the docs, in a folder with files; dbt only notes how it was called."""
    shutil.copytree(DATA, tmp_path / "exports")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "dbt").write_text(f'#!/bin/sh\necho dbt "$@" | tee -a {tmp_path}/dbt.log\n')
    (programs / "dbt").chmod(0o755)
    (programs / "loader").write_text(f'#!/bin/sh\nexec {sys.executable} -m loaders.cli "$@"\n')
    (programs / "loader").chmod(0o755)
    (programs / "psql").write_text(f'#!/bin/sh\nexec {sys.executable} {programs}/psql.py "$@"\n')
    (programs / "psql").chmod(0o755)
    (programs / "psql.py").write_text(
        "import sys, psycopg\nwith psycopg.connect('', autocommit=True) as connection:\n"
        "    connection.execute(sys.argv[2])\n"
    )

    def run(environment: Environment, script: str) -> str:
        settings = {"PATH": f"{programs}:/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LOADER_PROJECT_DIR": str(ROOT)}
        result = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=tmp_path,
            env={**environment, **settings, "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    return run


def test_the_readme_loads_your_own_files(
    shell: Callable[[Environment, str], str], new_database: Callable[[], Environment], tmp_path: Path
) -> None:
    commands = sections("README.md")["Your own files"].replace(".venv/bin/", "")
    shop = new_database()
    # `make` needs a clone of its own; what it starts has tests of its own.
    shell(shop, "".join(line for line in commands.splitlines(keepends=True) if not line.startswith("make ")))
    assert query(shop, "select count(*) from raw.customers") == [(12,)]
    assert (tmp_path / "dbt.log").read_text() == "dbt build\n"


@pytest.mark.slow
def test_recovery_works_as_told(
    shell: Callable[[Environment, str], str], new_database: Callable[[], Environment], tmp_path: Path
) -> None:
    told = sections("docs/recovery.md")
    shop = new_database()
    rows = "select count(*), sum(amount) from raw.transactions"
    shell(shop, "loader copy exports/\n" + told["A backup every night"])
    [before] = query(shop, rows)

    (tmp_path / "transactions_wrong.csv").write_text(
        "transaction_id,customer_id,amount,date\n"
        f"{query(shop, 'select min(transaction_id) from raw.transactions')[0][0]},c,999,2017-01-01\nx,c,1,2017-01-01\n"
    )
    shell(shop, "loader copy transactions_wrong.csv")
    assert query(shop, rows) != [before]
    shell(shop, told["A wrong file was loaded"])
    assert query(shop, rows) == [before]

    shell(
        shop,
        "psql -c 'drop table raw.customers cascade'\n" + told["A raw table was dropped, or rows were changed by hand"],
    )
    assert query(shop, "select count(*) from raw.customers") == [(12,)]
    assert query(shop, rows) == [before]

    fresh = new_database()
    (tmp_path / "exports" / "products_later.csv").write_text("product_id,category\nlater,food\n")
    shell(fresh, told["The database is lost"])
    assert query(fresh, rows) == [before]
    assert query(fresh, "select category from raw.products where product_id = 'later'") == [("food",)]

    shell(fresh, "psql -c 'create schema marts; create table marts.order_lines ()'\n" + told["The disk is full"])
    assert query(fresh, "select count(*) from pg_tables where schemaname = 'marts'") == [(0,)]
    shell(fresh, told["The server crashed"])
    assert query(fresh, rows) == [before]
    calls = set((tmp_path / "dbt.log").read_text().splitlines())
    assert calls == {"dbt build"}
