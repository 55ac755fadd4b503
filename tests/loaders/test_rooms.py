"""The package is in rooms: few entries in each, nobody imports upwards, and a name is defined once."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "loaders"
MODULES = sorted(PACKAGE.rglob("*.py"))
# A room may import itself and those of the lines above its own.
LAYERS = [
    {"errors"},
    {"project"},
    {"contract"},
    {"embedded", "reading"},
    {"destinations", "synthetic"},
    {"adopt", "copy"},
    {"operations"},
    {"cli"},
    {"demo"},
]
# The same within destinations.
DESTINATION_LAYERS = [{"base"}, {"postgres", "duckdb"}, {"parquet"}, {"addresses"}]
COMMON_FILES = {"connection.py", "destination.py", "ledger.py", "schema.py", "upsert.py"}
# What one destination alone has: PostgreSQL roles, a folder of Parquet versions.
OWN_FILES = {"postgres": {"roles.py"}, "duckdb": set(), "parquet": {"versions.py"}}


def entries(folder: Path) -> set[str]:
    return {
        path.name
        for path in folder.iterdir()
        if path.name not in ("__init__.py", "__main__.py", "__pycache__", "py.typed") and not path.name.startswith(".")
    }


def imports(module: Path) -> Iterator[str]:
    """Yield what a module imports from the package, with dots."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "loaders":
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.split(".")[0] == "loaders")


def rooms_above(room: str, layers: list[set[str]]) -> set[str]:
    level = next(number for number, layer in enumerate(layers) if room in layer)
    return {room}.union(*layers[:level])


def room_of(module: Path, folder: Path = PACKAGE) -> str:
    return module.relative_to(folder).parts[0].removesuffix(".py")


def test_every_room_has_its_layer() -> None:
    assert {name.removesuffix(".py") for name in entries(PACKAGE)} == set().union(*LAYERS)
    assert {name.removesuffix(".py") for name in entries(PACKAGE / "destinations")} == set().union(*DESTINATION_LAYERS)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_imported_upwards(module: Path) -> None:
    if module.parent == PACKAGE and module.name == "__init__.py":
        assert not list(imports(module))
        return
    found = {name.split(".")[1] for name in imports(module)}
    assert found <= rooms_above(room_of(module), LAYERS)
    folder = PACKAGE / "destinations"
    if folder in module.parents and module.name != "__init__.py":
        inside = {name.split(".")[2] for name in imports(module) if name.startswith("loaders.destinations.")}
        assert inside <= rooms_above(room_of(module, folder), DESTINATION_LAYERS)


def test_serving_uses_no_command() -> None:
    found = {name.split(".")[1] for module in (ROOT / "serving").rglob("*.py") for name in imports(module)}
    assert not found & {"cli", "demo", "synthetic"}


def test_a_room_is_seen_at_a_glance() -> None:
    folders = [PACKAGE, *(path for path in PACKAGE.rglob("*") if path.is_dir() and path.name != "__pycache__")]
    assert {
        str(folder.relative_to(ROOT)): len(entries(folder)) for folder in folders if len(entries(folder)) > 12
    } == {}


def test_a_module_is_read_in_one_go() -> None:
    lengths = {str(module.relative_to(ROOT)): len(module.read_text().splitlines()) for module in MODULES}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_destinations_have_the_same_files() -> None:
    found = {folder: entries(PACKAGE / "destinations" / folder) for folder in OWN_FILES}
    assert found == {folder: COMMON_FILES | own for folder, own in OWN_FILES.items()}


def test_a_class_has_a_name_of_its_own() -> None:
    places = defaultdict(list)
    for package in ("loaders", "serving"):
        for module in (ROOT / package).rglob("*.py"):
            for node in ast.parse(module.read_text(encoding="utf-8")).body:
                # The names of the API's answers are in its documents.
                is_answer = isinstance(node, ast.ClassDef) and "BaseModel" in map(ast.unparse, node.bases)
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and not is_answer:
                    places[node.name].append(str(module.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_the_tests_mirror_the_package() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    mirrored = {path.name for path in (ROOT / "tests" / "loaders").iterdir() if path.is_dir()} - {"__pycache__"}
    assert mirrored == folders
