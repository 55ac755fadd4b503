"""What the README and the files around the code promise is so."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_readme_names_every_mart_with_two_questions() -> None:
    marts = {file.stem for file in (ROOT / "models" / "marts").rglob("*.sql")}
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| [^|]+ \| ([^|]+) \|$", README, re.MULTILINE)
    assert {name for names, _ in rows for name in re.findall(r"\w+", names)} >= marts
    of_marts = [row for row in rows if {*re.findall(r"\w+", row[0])} & marts]
    assert all(questions.count("?") == 2 for _, questions in of_marts), of_marts


def test_the_readme_names_every_command() -> None:
    from loaders.cli import main

    for name in main.commands:
        assert f"`loader {name}" in README, name


def test_make_help_lists_the_targets() -> None:
    help_text = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    targets = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split()
    assert {line.split()[0] for line in help_text.splitlines()} == set(targets)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []
    folders = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
    # Patterns, and what appears only after a build or a load, are not in the clone.
    named = re.findall(rf"`((?:{folders})/[\w./-]+)`", text)
    made = ("data/", "logs/", "target/")
    assert [name for name in named if not name.startswith(made) and not any(ROOT.glob(f"{name.rstrip('/')}*"))] == []
    if page.name != "CHANGELOG.md":
        called = set(re.findall(r"(?:^|`|&& )make ([a-z-]+)", text, re.MULTILINE))
        assert called <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_ci_and_the_workflow_call_the_readmes_command() -> None:
    assert "make test" in README
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("exec make test")
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())["jobs"]
    assert [step["run"] for step in jobs["test"]["steps"] if "run" in step] == ["make test"]


def test_every_dependency_is_locked_and_justified() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    locked = {line.split("==")[0].lower() for line in (ROOT / "requirements.lock").read_text().splitlines()}
    assert {re.split(r"[\[<>=~; ]", entry)[0].lower() for entries in lists for entry in entries} <= locked
    # The reason is on the entry's own line, or above a list that is on one line.
    lines = text.splitlines()
    for entry in (entry for entries in lists for entry in entries):
        found = [index for index, line in enumerate(lines) if f'"{entry}"' in line]
        assert found, entry
        assert all(re.search(r'",? # \w', lines[index]) or lines[index - 1].startswith("# ") for index in found), entry


def test_the_offline_package_has_what_the_project_calls_and_lists_it() -> None:
    offline = ROOT / "offline" / "dbt_utils"
    called: set[str] = set()
    for folder in ("models", "macros", "tests", "seeds", "analyses"):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in (".sql", ".yml"):
                called |= set(re.findall(r"dbt_utils\.(\w+)", file.read_text(encoding="utf-8")))
    there = set()
    for file in offline.rglob("*.sql"):
        there |= set(re.findall(r"{%-?\s*(?:macro|test)\s+(\w+)\(", file.read_text(encoding="utf-8")))
    readme = (offline / "README.md").read_text(encoding="utf-8")
    assert called <= there
    assert all(name in readme for name in called)


def test_no_path_of_a_machine_is_in_the_project() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    for name in tracked:
        file = ROOT / name
        if name and file.is_file() and file != Path(__file__):
            assert not re.search(r"/(?:home|root|work|Users)/\w", file.read_text(encoding="utf-8", errors="replace")), (
                name
            )


def test_the_page_for_bi_tools_names_every_mart_and_no_other() -> None:
    page = (ROOT / "docs" / "connect-bi.md").read_text(encoding="utf-8")
    table = page.split("## Which mart answers what")[1]
    named = {
        name
        for row in re.findall(r"^\| [^|]+ \| ([^|]+) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert named == {file.stem for file in (ROOT / "models" / "marts").rglob("*.sql")}
