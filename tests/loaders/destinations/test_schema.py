"""Tables follow the contract: what is new is added, what would lose data is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import Loader

SOURCES = Path("models/staging/shop/_shop__sources.yml")


@pytest.fixture(autouse=True)
def initialized(loader: Loader, own_project: Path) -> None:
    """A database with the tables of the contract as it is, and a product."""
    assert loader("init").exit_code == 0
    file = own_project / "products.csv"
    file.write_text("product_id,price\n1,2\n")
    assert loader("copy", file).exit_code == 0


@pytest.fixture
def database_connection(database: dict[str, str]) -> Any:
    with psycopg.connect(autocommit=True) as opened:
        yield opened


def edit(project: Path, old: str, new: str) -> None:
    file = project / SOURCES
    text = file.read_text()
    assert text.count(old) == 1, f"the sources file has {text.count(old)} times {old!r}"
    file.write_text(text.replace(old, new))


LAUNCHED = """          - name: launched_on
            description: Day the product was launched.
            data_type: date
            config: {meta: {aliases: [launch_date]}}
"""


def test_a_second_init_does_nothing(loader: Loader) -> None:
    assert loader("init").stdout == "The database matches the contract.\n"


def test_a_new_column_is_added(loader: Loader, own_project: Path, database_connection: psycopg.Connection[Any]) -> None:
    brand = "          - name: brand\n            data_type: text\n            config: {meta: {aliases: [maker]}}\n"
    grade = '          - name: grade\n            data_type: bigint\n            config: {meta: {default: "7"}}\n'
    edit(own_project, LAUNCHED, LAUNCHED + brand + grade)
    assert loader("init").stdout == "added raw.products.brand\nadded raw.products.grade\n"
    file = own_project / "products_2.csv"
    file.write_text("product_id,maker\n1,Acme\n2,Beta\n")
    assert loader("copy", file).exit_code == 0
    found = database_connection.execute(
        "select product_id, price, brand, grade from raw.products order by 1"
    ).fetchall()
    assert found == [("1", 2, "Acme", 7), ("2", None, "Beta", 7)]


def test_copy_adds_a_new_column_itself(loader: Loader, own_project: Path) -> None:
    edit(own_project, LAUNCHED, LAUNCHED + "          - name: brand\n            data_type: text\n")
    file = own_project / "products_2.csv"
    file.write_text("product_id,brand\n1,Acme\n")
    assert loader("copy", file).exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "said", "advice"),
    [
        (
            LAUNCHED,
            "",
            "raw.products.launched_on is in the database but no longer in the contract.",
            "alter table raw.products drop column launched_on; "
            "alter table loader.products_history drop column launched_on;",
        ),
        (
            LAUNCHED,
            LAUNCHED.replace("date\n", "text\n"),
            "raw.products.launched_on is date in the database and text in the contract.",
            "alter table raw.products alter column launched_on type text using launched_on::text; "
            "alter table loader.products_history alter column launched_on type text using launched_on::text;",
        ),
    ],
    ids=["removed", "retyped"],
)
@pytest.mark.parametrize("command", ["init", "copy"])
def test_what_would_lose_data_is_refused_with_what_to_do(
    command: str,
    old: str,
    new: str,
    said: str,
    advice: str,
    loader: Loader,
    own_project: Path,
    database_connection: psycopg.Connection[Any],
) -> None:
    edit(own_project, old, new)
    # A column of another table that is new is not added either: all or nothing.
    edit(
        own_project,
        "          - name: customer_segment\n",
        "          - name: nickname\n            data_type: text\n          - name: customer_segment\n",
    )
    file = own_project / "products_2.csv"
    file.write_text("product_id,price\n3,4\n")
    arguments = [command] if command == "init" else [command, file]
    result = loader(*arguments)
    assert result.exit_code == 1
    assert said in result.stderr
    assert advice in result.stderr
    columns = database_connection.execute(
        "select column_name from information_schema.columns where table_schema = 'raw' and column_name = any(%s)",
        (["launched_on", "nickname"],),
    ).fetchall()
    assert columns == [("launched_on",)]
    # The advice works.
    database_connection.execute(advice)  # type: ignore[call-overload]
    assert "added raw.customers.nickname" in loader("init").stdout
    assert loader("copy", file).exit_code == 0


def test_a_renamed_column_is_refused_before_its_new_name_is_added(
    loader: Loader, own_project: Path, database_connection: psycopg.Connection[Any]
) -> None:
    edit(own_project, "name: launched_on", "name: launched_at")
    result = loader("init")
    assert result.exit_code == 1
    assert "launched_on is in the database but no longer in the contract" in result.stderr
