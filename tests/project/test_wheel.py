"""The wheel works without the clone: a project that it writes loads files, builds marts and shows them."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from loaders.operations.template import write_project
from tests.conftest import DATA, ROOT

pytestmark = pytest.mark.database

# A page as a reader's browser asks for it.
OVERVIEW = """
from pathlib import Path
import serving.dashboard
from streamlit.testing.v1 import AppTest
app = AppTest.from_file(str(Path(serving.dashboard.__file__).with_name("app.py")), default_timeout=120).run()
assert not app.exception, app.exception
print(app.metric[0].label, app.metric[0].value)
"""


@dataclass(frozen=True)
class Installed:
    """A wheel in an environment of its own, and a project that it wrote."""

    wheel: Path
    python: Path
    project: Path

    def run(self, *command: object, **variables: str) -> str:
        """Run a command in the project, and return what it prints."""
        programs = (self.python.parent, Path(sys.executable).parent, "/usr/bin", "/bin")
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("PG", "DBT_", "LOADER_", "PY"))
        }
        result = subprocess.run(
            [str(part) for part in command],
            cwd=self.project,
            env={**kept, "PATH": os.pathsep.join(map(str, programs)), **variables},
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
        return result.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", wheel]
    subprocess.run(pip, check=True)
    # What it depends on is taken from here; an editable install of the clone is not, as only the .pth files of an
    # environment's own folder are read.
    (site_packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    (folder / "elsewhere").mkdir()
    outside = Installed(wheel, python, folder / "elsewhere")
    outside.run("loader", "new", folder / "my-shop")
    made = Installed(wheel, python, folder / "my-shop")
    yield made
    made.run("make", "clean")


def test_the_wheel_has_what_runs_and_nothing_else(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        names = archive.namelist()
    folders = {"/".join(name.split("/")[:2]) for name in names}
    assert {folder for folder in folders if not folder.startswith("customer_analytics-")} == {
        *(f"loaders/{path.name}" for path in (ROOT / "loaders").iterdir() if path.name not in ("__pycache__", "demo")),
        *(f"serving/{path.name}" for path in (ROOT / "serving").iterdir() if path.name != "__pycache__"),
        "loaders/template",
    }
    assert installed.wheel.stat().st_size < 1_000_000


def test_its_code_is_its_own(installed: Installed) -> None:
    found = installed.run(installed.python, "-c", "import loaders, serving; print(loaders.__file__, serving.__file__)")
    for file in found.split():
        assert Path(file).is_relative_to(installed.python.parent.parent)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert installed.run("loader", "--version").split()[-1] == version


def test_the_clone_writes_the_same_project(installed: Installed, tmp_path: Path) -> None:
    write_project(tmp_path / "by_the_clone")
    installed.run("loader", "new", tmp_path / "by_the_wheel")
    by_clone, by_wheel = (
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for folder in (tmp_path / "by_the_clone", tmp_path / "by_the_wheel")
    )
    assert by_clone == by_wheel
    assert Path("profiles.yml") in by_wheel


@pytest.mark.slow
def test_a_new_project_loads_builds_and_shows_its_examples(installed: Installed) -> None:
    listed = installed.run("make", "--no-print-directory")
    assert [line.split()[0] for line in listed.splitlines()] == [
        "check",
        "load",
        "build",
        "dashboard",
        "status",
        "clean",
    ]
    installed.run("make", "check")
    installed.run("make", "load")
    # dbt's tests of all marts are run elsewhere.
    installed.run("make", "build", DBT_EXCLUDE_RESOURCE_TYPES="test unit_test")
    with (DATA / "transactions.csv").open(newline="") as file:
        exact = sum(Decimal(row["sales_value"]) for row in csv.DictReader(file))
    revenue = Decimal(exact).quantize(Decimal("0.01"), ROUND_HALF_UP)
    installed.run("loader", "export", "metrics_summary", "--to", "exported")
    with (installed.project / "exported" / "metrics_summary.csv").open(newline="") as file:
        (summary,) = csv.DictReader(file)
    assert Decimal(summary["total_revenue"]) == revenue
    # From a folder further down, too.
    assert "transactions.csv" in installed.run("sh", "-c", "cd models/marts && loader status")
    assert installed.run(installed.python, "-c", OVERVIEW).strip() == f"Net revenue USD {revenue:,}"
