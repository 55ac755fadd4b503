"""`loader adopt` asks first, writes all of a source or nothing, and nothing over what is there."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loaders.cli import main
from tests.conftest import DATA, ROOT
from tests.project.unknown_files import FILES

pytestmark = pytest.mark.lengthy

UNIONS = ("sales/int_source_transactions.sql", "customers/int_source_customers.sql", "products/int_source_products.sql")
Adopt = Callable[..., Result]


@pytest.fixture
def folder(own_project: Path) -> Path:
    """A project with its contract and the unions of its sources."""
    for union in UNIONS:
        copy = own_project / "models" / "intermediate" / union
        copy.parent.mkdir(parents=True)
        shutil.copyfile(ROOT / "models" / "intermediate" / union, copy)
    return own_project


@pytest.fixture
def webshop(tmp_path: Path) -> Path:
    """A file that no table knows."""
    (tmp_path / "files").mkdir()
    return FILES["webshop"](tmp_path / "files")[0][0]


def run(*arguments: object, answer: str | None = None) -> Result:
    result = CliRunner().invoke(main, list(map(str, arguments)), input=answer)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def content(folder: Path) -> dict[str, bytes]:
    """Return all files of a project's models."""
    files = (folder / "models").rglob("*")
    return {str(file.relative_to(folder)): file.read_bytes() for file in files if file.is_file()}


def test_nothing_is_written_without_a_yes(folder: Path, webshop: Path) -> None:
    before = content(folder)
    result = run("adopt", webshop, answer="n\n")
    assert result.exit_code == 1
    assert "35,914.64" in result.output
    assert "Is this your total? [y/N]" in result.output
    assert "--column amount=" in result.output
    assert content(folder) == before


@pytest.mark.parametrize("offset", ["", " +0100", "+01:00", "+01", "Z", " UTC", " PST"])
def test_moments_with_an_offset(folder: Path, tmp_path: Path, offset: str) -> None:
    lines = [f"{day};2024-01-{day:02} 10:00:00{offset};1,50" for day in range(1, 9)]
    (tmp_path / "bons.csv").write_text("\n".join(["Bon;Zeitpunkt;Betrag", *lines]) + "\n")
    found = json.loads(run("adopt", tmp_path / "bons.csv", "--json").output)
    assert (found["first_day"], found["sums"][0]["net"]) == ("2024-01-01", "12.00")


def test_nobody_answers(folder: Path, webshop: Path) -> None:
    before = content(folder)
    result = run("adopt", webshop)
    assert result.exit_code == 1
    assert "Nothing was written." in result.output
    assert "--yes" in result.output
    assert content(folder) == before


def test_a_yes_writes_the_source_and_copy_knows_the_file(folder: Path, webshop: Path) -> None:
    result = run("adopt", webshop, answer="y\n")
    assert result.exit_code == 0
    assert "models/staging/webshop_ordrelinjer is written" in result.output
    written = folder / "models" / "staging" / "webshop_ordrelinjer"
    models = [f"stg_webshop_ordrelinjer__{entity}" for entity in ("customers", "products", "transactions")]
    expected = [f"{model}.{kind}" for model in models for kind in ("sql", "yml")]
    assert sorted(file.name for file in written.iterdir()) == ["_webshop_ordrelinjer__sources.yml", *expected]
    for union, model in zip(UNIONS, (models[2], models[0], models[1]), strict=True):
        text = (folder / "models" / "intermediate" / union).read_text()
        assert text.count(f"    '{model}',\n] -%}}") == 1
        assert text.replace(f"    '{model}',\n", "") == (ROOT / "models" / "intermediate" / union).read_text()
    checked = run("check", webshop, "--json")
    assert json.loads(checked.output)[0]["table"] == "webshop_ordrelinjer_lines"
    assert checked.exit_code == 0


def test_a_source_that_is_there_is_not_touched(folder: Path, webshop: Path, tmp_path: Path) -> None:
    run("adopt", webshop, "--yes", "--name", "fisk")
    before = content(folder)
    ledger = FILES["ledger"](tmp_path)[0][0]
    result = run("adopt", ledger, "--yes", "--name", "fisk")
    assert result.exit_code == 1
    assert "There is a source fisk already, in models/staging/fisk, and nothing in it was changed." in result.output
    assert "--name" in result.output
    assert content(folder) == before


@pytest.mark.parametrize("name", ["Shop", "2024", "a__b", "../x", "shop"])
def test_names_that_a_source_can_not_have(folder: Path, webshop: Path, name: str) -> None:
    before = content(folder)
    assert run("adopt", webshop, "--yes", "--name", name).exit_code == 1
    assert content(folder) == before


@pytest.mark.parametrize(
    ("file", "table"), [("transactions.csv", "transactions"), ("exports/wc_orders.csv", "woocommerce_orders")]
)
def test_a_file_that_a_table_knows_is_not_adopted(folder: Path, whole_contract: None, file: str, table: str) -> None:
    before = content(folder)
    result = run("adopt", DATA / file, "--yes")
    assert result.exit_code == 1
    assert f"the table {table} of source" in result.output
    assert f"`loader copy {Path(file).name}` loads it." in result.output
    assert content(folder) == before


def test_an_adopted_file_is_known(folder: Path, webshop: Path) -> None:
    run("adopt", webshop, "--yes", "--name", "fisk")
    assert "the table fisk_lines of source fisk knows its header" in run("adopt", webshop, "--yes").output


def test_json_is_one_document_and_writes_only_with_yes(folder: Path, webshop: Path) -> None:
    before = content(folder)
    found = json.loads(run("adopt", webshop, "--json").output)
    assert (found["written"], found["buyers"], found["guests"]) == ([], 23, 20)
    assert found["sums"][0]["net"] == "35914.64"
    assert content(folder) == before
    written = json.loads(run("adopt", webshop, "--json", "--yes").output)["written"]
    assert all((folder / path).is_file() for path in written)
    assert len(written) == 10


def test_a_disk_that_is_full_leaves_nothing(folder: Path, webshop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = content(folder)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", fail)
    result = run("adopt", webshop, "--yes")
    assert "The source can't be written: No space left on device." in result.output
    assert content(folder) == before
    assert not list((folder / "models" / "staging").glob(".*"))


def test_a_union_without_a_list(folder: Path, webshop: Path) -> None:
    (folder / "models" / "intermediate" / UNIONS[0]).write_text("select 1")
    before = content(folder)
    result = run("adopt", webshop, "--yes")
    assert "models/intermediate/sales/int_source_transactions.sql has no list of models" in result.output
    assert content(folder) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.csv"], "There is no file nowhere.csv."),
        (["-"], "can't be standard input"),
        (["a.csv", "b.csv", "c.csv"], "from one file, or from two that share a key"),
        (["a.csv", "--column", "worth=Total"], "is not ROLE=HEADER"),
    ],
)
def test_errors_say_what_to_do(folder: Path, arguments: list[str], message: str) -> None:
    result = run("adopt", *arguments)
    assert result.exit_code in (1, 2)
    assert message in " ".join(result.output.split())


def test_a_file_that_copy_would_refuse_is_not_adopted(folder: Path, tmp_path: Path) -> None:
    lines = [f"2024-01-{day:02},{day}.00" for day in range(1, 29)]
    (tmp_path / "few.csv").write_text("\n".join(["Datum,Betrag", *lines, *[",5000.00"] * 2]) + "\n")
    before = content(folder)
    result = run("adopt", tmp_path / "few.csv", "--yes")
    assert result.exit_code == 1
    assert "money" in result.output
    assert content(folder) == before
