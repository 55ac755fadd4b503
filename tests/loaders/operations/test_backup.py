"""A backup has everything that can't be rebuilt, and a restore happens completely or not at all."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.contract.tables import Contract
from loaders.destinations.postgres.connection import connect
from loaders.destinations.postgres.ledger import PostgresLedger
from loaders.embedded import programs
from loaders.embedded.programs import find_tools
from loaders.errors import DatabaseError
from loaders.operations.backup import _blocks
from loaders.project import Project
from tests.conftest import ANY_AMOUNT, Loader

Connection = psycopg.Connection[Any]


def write(folder: Path, name: str, *rows: str) -> Path:
    path = folder / name
    path.write_text("id,customer_id,amount,date,hue\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def filled(loader: Loader, connection: Connection, tmp_path: Path) -> Connection:
    """A database with rows, former rows, rejected rows and an undone load."""
    loader(
        "copy", write(tmp_path, "transactions_1.csv", *(f"{n},a,{random.random()},2017-01-01,é" for n in range(999)))
    )
    loader("copy", write(tmp_path, "transactions_2.csv", "1,a,5,2017-01-01,", "1001,a,5,2017-01-01,", "x,a,y,z,"))
    loader("copy", "--max-rejects", "50%", *ANY_AMOUNT, tmp_path / "transactions_2.csv")
    loader("copy", write(tmp_path, "transactions_3.csv", "2,a,7,2017-01-01,"))
    loader("undo", 4, "--yes")
    return connection


def contents(connection: Connection) -> dict[str, list[Any]]:
    """All rows of the raw tables, their histories and the ledger."""
    tables = connection.execute(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('raw', 'loader') order by 1"
    ).fetchall()
    return {name: sorted(connection.execute(f"select t::text from {name} as t").fetchall()) for (name,) in tables}


def test_all_of_it_comes_back(
    filled: Connection,
    loader: Loader,
    new_database: Callable[[], dict[str, str]],
    project: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = contents(filled)
    assert before["loader.transactions_history"] and before["loader.rejected_rows"]
    file = tmp_path / "shop.dump"
    result = loader("backup", file)
    assert result.exit_code == 0, result.output
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.glob(".*")] == []
    monkeypatch.setenv("PGDATABASE", new_database()["PGDATABASE"])
    result = loader("restore", file)
    assert result.exit_code == 0, result.output
    assert "1,000 rows" in result.output
    with connect(project, autocommit=True) as connection:
        assert contents(connection) == before
        loader("undo", 3, "--yes")
        assert [load.load_id for load in PostgresLedger(connection).read_loads(2)] == [6, 5]


def test_what_is_there_is_kept_unless_told(filled: Connection, loader: Loader, tmp_path: Path) -> None:
    file = tmp_path / "shop.dump"
    file.write_text("something else")
    assert "exists already" in loader("backup", file).stderr
    assert file.read_text() == "something else"
    assert loader("backup", file, "--replace").exit_code == 0
    before = contents(filled)
    loader("copy", write(tmp_path, "transactions_4.csv", "9,a,9,2017-01-01,"))
    later = contents(filled)
    result = loader("restore", file)
    assert result.exit_code == 1 and "use --replace" in result.stderr
    assert contents(filled) == later
    assert loader("restore", file, "--replace").exit_code == 0
    assert contents(filled) == before


@pytest.mark.parametrize("damage", ["cut", "flipped", "foreign"])
def test_a_damaged_file_changes_nothing(filled: Connection, loader: Loader, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "shop.dump"
    loader("backup", file)
    content = bytearray(file.read_bytes())
    if damage == "cut":
        file.write_bytes(content[:-300])
    elif damage == "flipped":
        # In compressed rows: a byte of a header may be one that nobody reads.
        content[content.rindex(b"\x78\x9c") + 10] ^= 0xFF
        file.write_bytes(content)
    else:
        file.write_text("transaction_id,amount\n")
    before = contents(filled)
    result = loader("restore", file, "--replace")
    assert result.exit_code == 1, result.output
    assert "nothing is changed" in result.stderr or "is not a backup" in result.stderr
    assert contents(filled) == before


def test_what_dbt_built_goes_and_nothing_else(filled: Connection, loader: Loader, tmp_path: Path) -> None:
    """An incremental table would take the restored loads for others with the same numbers."""
    file = tmp_path / "shop.dump"
    loader("backup", file)
    built = ("intermediate.int_order_lines", "marts.event_rollups_hourly", "ada_marts.order_lines")
    own = ("marts.my_own", "my_marts_of_old.order_lines")
    for name in (*built, *own):
        filled.execute(f"create schema if not exists {name.split('.')[0]}")
        filled.execute(f"create table {name} ()")
    filled.execute("create view marts.latest_transactions as select * from raw.transactions")
    assert loader("restore", file, "--replace").exit_code == 0
    found = {name for (name,) in filled.execute("select schemaname || '.' || tablename from pg_tables").fetchall()}
    assert found & {*built, *own} == set(own)
    assert filled.execute("select count(*) from pg_views where schemaname = 'marts'").fetchone() == (0,)


def test_no_restore_beside_a_loader(
    filled: Connection, loader: Loader, contract: Contract, project: Project, tmp_path: Path
) -> None:
    file = tmp_path / "shop.dump"
    loader("backup", file)
    with connect(project, autocommit=True) as other:
        PostgresLedger(other).lock(contract.table("products"), wait=True)
        assert "A loader is loading into raw.products." in loader("restore", file, "--replace").stderr
    assert loader("restore", file, "--replace").exit_code == 0


def test_a_database_without_tables_has_no_backup(database: dict[str, str], loader: Loader, tmp_path: Path) -> None:
    assert "no raw tables" in loader("backup", tmp_path / "x.dump").stderr
    assert list(tmp_path.iterdir()) == []


def test_programs_are_as_new_as_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in programs.TOOLS:
        (tmp_path / tool).write_text(f"#!/bin/sh\necho '{tool} (PostgreSQL) 15.8 (Debian 15.8-1)'\n")
        (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find_tools(15) == tmp_path
    assert find_tools(18) == programs.find_binaries()
    with pytest.raises(DatabaseError, match=r"PostgreSQL 99, .* \(only 15 in .*, 18 in .*\)\. Install"):
        find_tools(99)


def test_older_servers_are_spared_a_setting_they_do_not_know(tmp_path: Path) -> None:
    script = tmp_path / "script.sql"
    lines = [b"SET transaction_timeout = 0;\n", b"SELECT pg_catalog.set_config('search_path', '', false);\n"]
    lines += [b"COPY t FROM stdin;\n", b"SET transaction_timeout is a customer's name\n"]
    script.write_bytes(b"".join(lines))
    for version, kept in ((16, lines[1:]), (17, lines)):
        with script.open("rb") as opened:
            assert b"".join(_blocks(opened, version)) == b"".join(kept)
