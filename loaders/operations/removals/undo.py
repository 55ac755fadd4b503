"""Undo a load: the rows it wrote are removed from its raw table, and the rows it replaced are restored.

Every removed version stays in the history table, so an undo loses nothing either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from psycopg import sql

from loaders.contract.quoting import identifier
from loaders.contract.tables import SYSTEM_COLUMNS, Contract, Table, history_of
from loaders.destinations.base import Load
from loaders.destinations.postgres.connection import Connection
from loaders.destinations.postgres.ledger import PostgresLedger
from loaders.errors import LoaderError


@dataclass(frozen=True)
class Undo:
    """What undoing a load does, or did.

    `rows_removed` counts the rows that only the load had, `rows_restored` those that get their earlier content back.
    `undo_id` is the number of the undo in the ledger. `loads_unsure` are later loads that found rows unchanged: their
    files may have rows that are removed with this load.
    """

    load_id: int
    file: str
    table: str
    rows_removed: int
    rows_restored: int
    loads_unsure: tuple[int, ...] = ()
    undo_id: int | None = None


def plan_undo(connection: Connection, contract: Contract, load_id: int) -> Undo:
    """Return what undoing a load would do.

    Raises:
        LoaderError: It can't be undone; the message says why, and which later loads to undo first.
    """
    load = PostgresLedger(connection).read_load(load_id)
    _refuse_what_is_not_in(connection, load)
    table = _table_of(contract, load)
    if blocking := _find_blocking(connection, table, load_id):
        steps = ", then ".join(f"`loader undo {number}`" for number in [*blocking, load_id])
        raise LoaderError(
            f"Load {load_id} can't be undone: rows that it wrote were replaced by later loads "
            f"({', '.join(map(str, blocking))}).",
            f"Undo those first: {steps}. Or load a file that corrects its rows.",
        )
    written = _count(connection, identifier(table), "_load_id", load_id)
    former = _count(connection, identifier(history_of(table)), "_replaced_by", load_id)
    if (written, former) != ((load.rows_inserted or 0) + (load.rows_updated or 0), load.rows_updated or 0):
        raise LoaderError(
            f"Load {load_id} can't be undone: it inserted {load.rows_inserted} rows and updated "
            f"{load.rows_updated}, but {written} are unchanged since and {former} earlier versions are kept.",
            "Rows were changed by hand, or before versions were kept. Restore a backup, or load a file that corrects "
            "its rows.",
        )
    return Undo(load_id, load.file_name, table.name, written - former, former, _find_unsure(connection, load))


def undo_load(
    connection: Connection,
    contract: Contract,
    load_id: int,
    *,
    wait: bool = True,
    on_note: Callable[[str], None] = lambda _: None,
) -> Undo:
    """Undo a load in one transaction, and record that in the ledger as an entry of its own.

    Args:
        connection: Connection in autocommit mode.
        contract: The tables.
        load_id: Number of the load.
        wait: Wait for another loader of the table instead of failing.
        on_note: Called with what a user should know.

    Raises:
        LoaderError: It can't be undone; nothing is changed.
    """
    ledger = PostgresLedger(connection)
    table = _table_of(contract, ledger.read_load(load_id))
    with ledger.only_loader(table, wait=wait, on_note=on_note):
        plan = plan_undo(connection, contract, load_id)
        undo_id = ledger.start(table, f"undo of load {load_id}", undone_load_id=load_id)
        try:
            with connection.transaction():
                _take_back(connection, table, plan, undo_id)
                connection.execute("update loader.loads set status = 'undone' where load_id = %s", (load_id,))
                removed, restored = plan.rows_removed, plan.rows_restored
                ledger.finish(undo_id, "loaded", removed=removed, updated=restored)
        except BaseException as error:
            ledger.fail(undo_id, error)
            raise
    return replace(plan, undo_id=undo_id)


def _refuse_what_is_not_in(connection: Connection, load: Load) -> None:
    if load.undone_load_id is not None:
        raise LoaderError(
            f"Load {load.load_id} is itself an undo, of load {load.undone_load_id}.",
            "Load that file again to get its rows back.",
        )
    if load.status == "undone":
        query = "select max(load_id) from loader.loads where undone_load_id = %s and status = 'loaded'"
        row = connection.execute(query, (load.load_id,)).fetchone()
        raise LoaderError(f"Load {load.load_id} is undone already, by load {row and row[0]}.")
    if load.status != "loaded":
        raise LoaderError(f"Load {load.load_id} is {load.status}: it has no rows there.", "There is nothing to undo.")


def _table_of(contract: Contract, load: Load) -> Table:
    for table in contract.copied_tables:
        if table.full_name == load.table_name:
            return table
    raise LoaderError(
        f"Load {load.load_id} was loaded into {load.table_name}, which is no longer in the contract.",
        "Put the table back into its sources file.",
    )


def _find_blocking(connection: Connection, table: Table, load_id: int) -> list[int]:
    """Return the later loads to undo first, the newest first: those that replaced the load's rows, and so on."""
    query = sql.SQL(
        """
        with recursive replacements as (
            select distinct _load_id, _replaced_by from {history} where _restored_by is null
        ),

        blocking as (
            select _replaced_by from replacements where _load_id = {load_id}
            union
            select replacements._replaced_by
            from replacements
            inner join blocking on replacements._load_id = blocking._replaced_by
        )

        select _replaced_by from blocking order by _replaced_by desc
        """
    ).format(history=identifier(history_of(table)), load_id=sql.Literal(load_id))
    return [number for (number,) in connection.execute(query).fetchall()]


def _find_unsure(connection: Connection, load: Load) -> tuple[int, ...]:
    query = """
        select load_id from loader.loads
        where table_name = %s and load_id > %s and status = 'loaded' and rows_unchanged > 0
        order by load_id
    """
    return tuple(number for (number,) in connection.execute(query, (load.table_name, load.load_id)).fetchall())


def _count(connection: Connection, table: sql.Identifier, column: str, load_id: int) -> int:
    query = sql.SQL("select count(*) from {} where {} = %s").format(table, sql.Identifier(column))
    row = connection.execute(query, (load_id,)).fetchone()
    assert row is not None
    return int(row[0])


def _take_back(connection: Connection, table: Table, plan: Undo, undo_id: int) -> None:
    names = {
        "table": identifier(table),
        "history": identifier(history_of(table)),
        "all": sql.SQL(", ").join(map(sql.Identifier, (*(column.name for column in table.columns), *SYSTEM_COLUMNS))),
        "load_id": sql.Literal(plan.load_id),
        "undo_id": sql.Literal(undo_id),
    }
    expected = (plan.rows_removed + plan.rows_restored, plan.rows_restored, plan.rows_restored)
    done = tuple(connection.execute(sql.SQL(text).format(**names)).rowcount for text in (_REMOVE, _RESTORE, _MARK))
    if done != expected:
        raise LoaderError("Rows of the table are being changed by hand.", "Nothing was undone; try again.")


_REMOVE = """
    with removed as (
        delete from {table} where _load_id = {load_id} returning *
    )

    insert into {history} ({all}, _replaced_by)
    select {all}, {undo_id} from removed
"""
_RESTORE = """
    insert into {table} ({all})
    select {all} from {history} where _replaced_by = {load_id}
"""
_MARK = """
    update {history} set _restored_by = {undo_id} where _replaced_by = {load_id}
"""
