"""The ledger tells what happened to each file."""

from __future__ import annotations

import time

import pytest

from loaders.contract.tables import Contract
from loaders.destinations.postgres.connection import Connection, connect
from loaders.destinations.postgres.ledger import PostgresLedger
from loaders.errors import LoaderError
from loaders.project import Project


@pytest.fixture
def ledger(connection: Connection) -> PostgresLedger:
    return PostgresLedger(connection)


def test_only_dead_loads_are_marked_as_broken(
    ledger: PostgresLedger, connection: Connection, project: Project, contract: Contract
) -> None:
    products, customers = contract.table("products"), contract.table("customers")
    dead = ledger.start(products, "products.csv")
    with connect(project, autocommit=True) as other:
        pid = other.info.backend_pid
        PostgresLedger(other).lock(customers, wait=True)
        alive = PostgresLedger(other).start(customers, "customers.csv")
        assert [load.load_id for load in ledger.fail_broken()] == [dead]
        assert ledger.read_load(alive).status == "running"
    # Its connection is gone, and with it the lock, a moment later.
    gone = "select not exists (select from pg_stat_activity where pid = %s)"
    while connection.execute(gone, [pid]).fetchone() != (True,):
        time.sleep(0.01)
    assert [load.load_id for load in ledger.fail_broken()] == [alive]
    assert [load.status for load in ledger.read_loads()] == ["failed", "failed"]
    assert ledger.fail_broken() == []


def test_looking_for_dead_loads_leaves_no_lock(ledger: PostgresLedger, project: Project, contract: Contract) -> None:
    table = contract.table("products")
    ledger.start(table, "products.csv")
    ledger.fail_broken()
    with connect(project, autocommit=True) as other:
        assert PostgresLedger(other).lock(table, wait=False)


def test_only_what_is_in_counts_as_loaded_before(
    ledger: PostgresLedger, connection: Connection, contract: Contract
) -> None:
    table = contract.table("products")
    for status in ("refused", "failed", "loaded"):
        assert ledger.find_loaded(table, "aa", "products.csv") is None
        load = ledger.start(table, "products.csv")
        connection.execute("update loader.loads set file_sha256 = 'aa' where load_id = %s", (load,))
        ledger.finish(load, status, read=3, inserted=3)
    found = ledger.find_loaded(table, "aa", "products.csv")
    assert found
    assert (found.status, found.rows_read, found.rows_inserted) == ("loaded", 3, 3)
    assert ledger.find_loaded(contract.table("customers"), "aa", "products.csv") is None


def test_a_load_that_does_not_exist(ledger: PostgresLedger) -> None:
    with pytest.raises(LoaderError, match="There is no load 17"):
        ledger.read_load(17)
    with pytest.raises(LoaderError, match="There is no load with rejected rows"):
        ledger.read_load(None)
