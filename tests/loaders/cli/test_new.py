"""`loader new` writes a project, and nothing over what is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loaders.cli import main
from loaders.contract.sources_yml import read_contract
from loaders.operations import template
from loaders.project import find_project
from tests.conftest import ROOT


def new(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["new", *map(str, arguments)])


def test_it_writes_a_project_that_is_found_from_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "shops" / "my shop"
    result = new(folder)
    assert result.exit_code == 0
    assert f"cd '{folder}'" in result.stdout
    monkeypatch.chdir(folder / "models" / "marts")
    project = find_project()
    assert project.root == folder
    assert read_contract(project) == read_contract(find_project(ROOT))
    assert (folder / "profiles.yml").read_bytes() == (ROOT / "profiles.yml.example").read_bytes()
    assert (folder / "dbt_packages" / "dbt_utils" / "dbt_project.yml").is_file()


def test_an_empty_folder_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = new(".", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "Makefile").is_file()


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    result = new(tmp_path)
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "is not empty" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("file", "is not a folder"),
        ("file/below", "can't be written: Not a directory"),
        ("dangling", "is not a folder"),
        ("x" * 300, "can't be written: File name too long"),
        ("escape\x1b[2J/../file", r"escape\x1b[2J/../file is not a folder"),
    ],
    ids=["file", "below_file", "dangling_link", "long", "escape"],
)
def test_odd_names_are_refused_in_a_sentence(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    result = new(f"{tmp_path}/{name}")
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert words in result.output
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("refused", ["mkdir", "iterdir"])
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, refused, refuse)  # root, who may run the tests, is refused nothing
    result = new(tmp_path / "shop")
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert "shop can't be written: Permission denied." in result.output


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(template.shutil, "copyfile", full)
    assert "can't be written: No space left on device" in new(tmp_path / "shop").output


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["a", "b"], 2), (["--force", "a"], 2)])
def test_wrong_usage(arguments: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert new(*arguments).exit_code == code
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Result]:
    monkeypatch.chdir(tmp_path)
    return lambda: CliRunner().invoke(main, ["tables"])


def test_outside_of_a_project_the_command_is_named(outside: Callable[[], Result], tmp_path: Path) -> None:
    result = outside()
    assert (result.exit_code, type(result.exception)) == (1, SystemExit)
    assert f"No dbt_project.yml in {tmp_path} or a folder above it" in result.output
    assert "loader new" in result.output


def test_the_nearest_project_counts_and_a_named_one_before_it(
    outside: Callable[[], Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new(tmp_path / "outer")
    new(tmp_path / "outer" / "inner")
    monkeypatch.chdir(tmp_path / "outer" / "inner" / "models")
    assert find_project().root == tmp_path / "outer" / "inner"
    monkeypatch.setenv("LOADER_PROJECT_DIR", str(tmp_path / "outer"))
    assert find_project().root == tmp_path / "outer"
    monkeypatch.setenv("LOADER_PROJECT_DIR", str(tmp_path / "outer" / "models"))
    assert outside().exit_code == 1
