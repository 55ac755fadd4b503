"""The ledger tells what happened to each file."""

from __future__ import annotations

import psycopg
import pytest

from loaders.contract.tables import Contract
from loaders.destinations.postgres import ledger
from loaders.destinations.postgres.connection import connect
from loaders.errors import LoaderError
from loaders.project import Project


def test_only_dead_loads_are_marked_as_broken(
    connection: psycopg.Connection[tuple[object, ...]], project: Project, contract: Contract
) -> None:
    products, customers = contract.table("products"), contract.table("customers")
    dead = ledger.start_load(connection, products, "products.csv")
    with connect(project, autocommit=True) as other:
        ledger.lock_table(other, customers, wait=True)
        alive = ledger.start_load(other, customers, "customers.csv")
        assert [load.load_id for load in ledger.fail_broken_loads(connection)] == [dead]
        assert ledger.read_load(connection, alive).status == "running"
    # Its connection is gone, and with it the lock.
    assert [load.load_id for load in ledger.fail_broken_loads(connection)] == [alive]
    assert [load.status for load in ledger.read_loads(connection)] == ["failed", "failed"]
    assert ledger.fail_broken_loads(connection) == []


def test_looking_for_dead_loads_leaves_no_lock(
    connection: psycopg.Connection[tuple[object, ...]], project: Project, contract: Contract
) -> None:
    table = contract.table("products")
    ledger.start_load(connection, table, "products.csv")
    ledger.fail_broken_loads(connection)
    with connect(project, autocommit=True) as other:
        assert ledger.lock_table(other, table, wait=False)


def test_only_what_is_in_counts_as_loaded_before(
    connection: psycopg.Connection[tuple[object, ...]], contract: Contract
) -> None:
    table = contract.table("products")
    for status in ("refused", "failed", "loaded"):
        assert ledger.find_loaded(connection, table, "aa") is None
        load = ledger.start_load(connection, table, "products.csv")
        connection.execute("update loader.loads set file_sha256 = 'aa' where load_id = %s", (load,))
        ledger.finish_load(connection, load, status, read=3, inserted=3)
    found = ledger.find_loaded(connection, table, "aa")
    assert found
    assert (found.status, found.rows_read, found.rows_inserted) == ("loaded", 3, 3)
    assert ledger.find_loaded(connection, contract.table("customers"), "aa") is None


def test_a_load_that_does_not_exist(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    with pytest.raises(LoaderError, match="There is no load 17"):
        ledger.read_load(connection, 17)
    with pytest.raises(LoaderError, match="There is no load with rejected rows"):
        ledger.read_load(connection, None)
