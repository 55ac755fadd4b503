"""What docs/schedule.md prints for Airflow, Cosmos and Dagster runs as printed (`make test-orchestrators`)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from loaders.operations.template import write_project
from tests.conftest import DATA, ROOT
from tests.project.conftest import Environment, query
from tests.project.documents import fences

PROGRAMS = ROOT / ".venv-orchestrators" / "bin"
pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(
        not PROGRAMS.exists(), reason="Airflow is in .venv-orchestrators alone; make test-orchestrators"
    ),
]

AIRFLOW, COSMOS, DAGSTER = fences("schedule.md", "python")
BUILD_OF_AIRFLOW = AIRFLOW[AIRFLOW.index("    # `loader record` feeds") :]
RUN_ONE_TASK = ("tasks", "test", "analytics", "build.stg_shop__products_run")
LIST_TASKS = """
import sys
sys.path.insert(0, sys.argv[1])
from analytics import dag
print("TASKS", *(task.task_id for task in dag.tasks))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A new project with this environment and a few files to load."""
    folder = tmp_path / "project"
    write_project(folder)
    (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
    (folder / "exports").mkdir()
    for name in ("transactions", "products", "customers", "users", "plans", "events"):
        shutil.copy(DATA / f"{name}.csv", folder / "exports")
    return folder


@pytest.fixture
def environment(new_database: Callable[[], Environment], tmp_path: Path) -> Environment:
    """Variables of the orchestrators and of a database that is empty at first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DBT_", "LOADER_"))}
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").touch()
    return {
        **kept,
        **new_database(),
        # All tests of the marts run elsewhere.
        "DBT_EXCLUDE_RESOURCE_TYPES": "test unit_test",
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "DAGSTER_HOME": str(tmp_path / "dagster"),
        "DO_NOT_TRACK": "1",
    }


@pytest.fixture
def run(project: Path, environment: Environment) -> Callable[..., str]:
    """Run a program in the project: of the orchestrators, unless it has a path."""

    def run(program: Path | str, *arguments: object) -> str:
        command = [str(part) for part in (PROGRAMS / program, *arguments)]
        result = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout[-10_000:] + result.stderr[-5000:]
        return result.stdout

    return run


def write_code(file: Path, code: Iterable[str], project: Path) -> Path:
    """Write code of the document for a project elsewhere."""
    file.parent.mkdir(exist_ok=True)
    file.write_text("\n".join(code).replace("/srv/analytics", str(project)))
    return file


def built_models(project: Path) -> set[str]:
    """Return the models that dbt built last."""
    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    models = [result for result in results if result["unique_id"].startswith("model.")]
    assert {result["status"] for result in models} == {"success"}
    return {result["unique_id"].rpartition(".")[2] for result in models}


def test_airflow_builds_all_and_then_what_has_new_rows(
    run: Callable[..., str], environment: Environment, project: Path, tmp_path: Path
) -> None:
    write_code(tmp_path / "dags" / "analytics.py", [AIRFLOW], project)
    run("airflow", "db", "migrate")
    run("airflow", "dags", "test", "analytics")
    assert {"daily_sales", "journey_plan_funnels"} <= built_models(project)
    (project / "exports" / "plans_2.csv").write_text("plan_id,name\nPL9,New\n")
    run("airflow", "dags", "test", "analytics")
    built = built_models(project)
    assert "journey_plan_funnels" in built
    assert "daily_sales" not in built
    builds = "select distinct status from marts.build_history"
    assert len(query(environment, builds)) == 1


def test_cosmos_makes_a_task_of_each_model(
    run: Callable[..., str], environment: Environment, project: Path, tmp_path: Path
) -> None:
    code = [AIRFLOW.removesuffix(BUILD_OF_AIRFLOW), "    load >> freshness\n", COSMOS]
    write_code(tmp_path / "dags" / "analytics.py", code, project)
    run("airflow", "db", "migrate")
    run(project / ".venv" / "bin" / "loader", "copy", "exports")
    run(project / ".venv" / "bin" / "dbt", "seed")
    run("airflow", *RUN_ONE_TASK)
    assert query(environment, "select count(*) > 0 from staging.stg_shop__products") == [(True,)]
    tasks = run("python", "-c", LIST_TASKS, tmp_path / "dags").rpartition("TASKS ")[2].split()
    assert {"load", "freshness", "build.int_orders.run", "build.daily_sales.run"} <= set(tasks)


def test_dagster_loads_and_builds(
    run: Callable[..., str], environment: Environment, project: Path, tmp_path: Path
) -> None:
    file = write_code(tmp_path / "analytics.py", [DAGSTER], project)
    run(project / ".venv" / "bin" / "dbt", "parse", "--quiet")
    run("dagster", "asset", "materialize", "-f", file, "--select", "*")
    assert query(environment, "select count(*) > 0 from marts.daily_sales") == [(True,)]
