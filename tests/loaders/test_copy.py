"""The main job: a file's rows arrive, once, whatever is loaded how often."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import psycopg

from tests.conftest import Loader


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rows(connection: psycopg.Connection[Any], query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query).fetchall()


def test_a_file_arrives(loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path) -> None:
    file = write(tmp_path, "transactions.csv", "id,Household ID,total,date\n1,00123,9.999,2017-01-01\n")
    result = loader("copy", file, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)[0]["rows_inserted"] == 1
    assert rows(connection, "select customer_id, amount::text, quantity, _line from raw.transactions") == [
        ("00123", "9.999", 1, 2)
    ]


def test_the_same_content_is_skipped(loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path) -> None:
    text = "customer_id,amount,date\n1,2,2017-01-01\n1,2,2017-01-01\n"
    loader("copy", write(tmp_path, "transactions.csv", text))
    again = loader("copy", write(tmp_path, "transactions_copy.csv", text), "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout)[0]["status"] == "skipped"
    assert rows(connection, "select count(*) from raw.transactions") == [(2,)]


def test_an_update_leaves_columns_alone_that_the_file_does_not_have(
    loader: Loader, connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    loader("copy", write(tmp_path, "transactions_1.csv", "id,customer_id,amount,quantity,date\n1,a,2,3,2017-01-01\n"))
    result = loader("copy", write(tmp_path, "transactions_2.csv", "id,customer_id,amount,date\n1,a,5,2017-01-01\n"))
    assert result.exit_code == 0, result.output
    assert rows(connection, "select amount, quantity, _load_id from raw.transactions") == [(5, 3, 2)]
