"""Forget a customer: what the raw tables, their histories, the quarantine and the audiences say of a person.

Rows about nobody else are deleted. Rows with money stay, without whose it was, so no total changes. All of it is one
transaction, and nothing about the person is kept, not even a hash: so nobody can be recognized who comes back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from loaders.contract.quoting import identifier
from loaders.contract.tables import FROM_ROW, Contract, Table, history_of
from loaders.destinations.postgres.connection import Connection
from loaders.destinations.postgres.ledger import FORGOTTEN, PostgresLedger
from loaders.errors import LoaderError, postgres_message
from loaders.operations.removals.persons import find_ids, is_of, mentions
from loaders.operations.removals.quarantine import empty_rejects, find_rejects


@dataclass(frozen=True)
class TableRows:
    """Rows of a table that are deleted, and rows that lose what they say of the person."""

    table: str
    deleted: int
    emptied: int


@dataclass(frozen=True)
class Forgotten:
    """What forgetting a customer does, or did.

    Attributes:
        tables: The rows, of each table with any.
        files: Loaded files with lines about the person.
        files_unsure: Later files in which rows were found unchanged; these may be the person's.
        audience_files: Files with changes of audiences that the person is in.
        loads: Numbers of the loads of `files`.
        is_done: Whether it is done.
        note: What could not be done afterwards.
    """

    tables: tuple[TableRows, ...]
    files: tuple[str, ...]
    files_unsure: tuple[str, ...]
    audience_files: tuple[str, ...]
    loads: tuple[int, ...]
    is_done: bool = False
    note: str = ""


def plan_forget(connection: Connection, contract: Contract, customer: str) -> Forgotten:
    """Return what forgetting a customer would do.

    Args:
        connection: Connection in autocommit mode.
        contract: The tables.
        customer: Identifier as in the marts, or e-mail address.

    Raises:
        LoaderError: There is no such customer, or the marts that say who is one person are not built.
    """
    with connection.transaction():
        return _Removal(connection, contract, customer).plan


def forget_customer(connection: Connection, contract: Contract, customer: str) -> Forgotten:
    """Forget a customer in one transaction, record that, and rewrite the tables so that no old versions of rows remain.

    Args:
        connection: Connection in autocommit mode.
        contract: The tables.
        customer: Identifier as in the marts, or e-mail address.

    Raises:
        LoaderError: There is no such customer, or a loader works in the database; nothing is changed.
    """
    with PostgresLedger(connection).no_loader(contract.copied_tables):
        with connection.transaction():
            removal = _Removal(connection, contract, customer)
            removal.carry_out()
        note = _rewrite(connection, [each.table for each in removal.plan.tables])
    return replace(removal.plan, is_done=True, note=note)


class _Removal:
    """The removal of a person, within a transaction."""

    def __init__(self, connection: Connection, contract: Contract, customer: str) -> None:
        """Find out who it is and which rows there are."""
        self._connection, self._contract = connection, contract
        self._ids = {"ids": find_ids(connection, contract, customer)}
        self._rejects = find_rejects(connection, contract, self._ids["ids"])
        self._rows: dict[str, TableRows] = {}
        loads = {load_id for load_id, _ in self._rejects}
        for table, target in self._targets():
            loads |= self._count(table, target)
        self._add("loader.rejected_rows", 0, len(self._rejects))
        exports = connection.execute(_EXPORTS, self._ids).fetchall()
        self._add("loader.audience_changes", len(exports), 0)
        if not self._rows:
            raise LoaderError(
                "There is no such customer.", "Use a customer_id of customer_profiles, or the e-mail address."
            )
        values = {"loads": sorted(loads)}
        self.plan = Forgotten(
            tables=tuple(self._rows.values()),
            files=tuple(name for (name,) in connection.execute(_FILES, values).fetchall()),
            files_unsure=tuple(name for (name,) in connection.execute(_UNSURE, values).fetchall()),
            audience_files=tuple(sorted({name for name, was_given in exports if was_given})),
            loads=tuple(sorted(loads)),
        )

    def carry_out(self) -> None:
        """Remove everything, and record it."""
        for table, target in self._targets():
            if table is target:
                self._replace_keys(table)
            self._empty(table, target)
        empty_rejects(self._connection, self._rejects)
        self._connection.execute("delete from loader.audience_changes where customer_id = any(%(ids)s)", self._ids)
        self._leave_audiences()
        self._connection.execute(_MARK, {"loads": list(self.plan.loads)})
        self._record()

    def _targets(self) -> list[tuple[Table, Table]]:
        """Return each raw table with itself, and with its history."""
        return [(table, target) for table in self._contract.copied_tables for target in (table, history_of(table))]

    def _add(self, name: str, deleted: int, emptied: int) -> None:
        if deleted + emptied:
            self._rows[name] = TableRows(name, deleted, emptied)

    def _run(self, statement: str, table: Table, target: Table, **parts: sql.Composable) -> psycopg.Cursor[Any]:
        names = {"target": identifier(target), "is_of": is_of(table), "mentions": mentions(), **parts}
        return self._connection.execute(sql.SQL(statement).format(**names), self._ids)

    def _count(self, table: Table, target: Table) -> set[int]:
        """Count a table's rows; return the loads that they are of."""
        of_person = mentioned = 0
        loads = set()
        for load_id, is_own, count in self._run(_COUNT, table, target).fetchall():
            of_person, mentioned = of_person + count * is_own, mentioned + count * (not is_own)
            loads.add(load_id)
        deleted = of_person if table.about_person else 0
        self._add(target.full_name, deleted, of_person - deleted + mentioned)
        return loads - {None}

    def _replace_keys(self, table: Table) -> None:
        """Give lines whose key is a hash of the person's identifier, among others, a key that says nothing."""
        sources = table.key.derived_from
        persons = {column.name for column in table.columns if column.person}
        is_derived = sources == FROM_ROW or (isinstance(sources, tuple) and persons & set(sources))
        if table.about_person or not is_derived or not persons:
            return
        history = history_of(table)
        names = {"key": sql.Identifier(table.key.name), "history": identifier(history)}
        self._run(_NEW_KEYS, table, table, **names)
        for target in (table, history):
            self._run(_USE_KEYS, table, target, **names)
        self._connection.execute("drop table pg_temp.new_keys")

    def _empty(self, table: Table, target: Table) -> None:
        """Delete the person's rows, or what they say of the person."""
        if target.full_name not in self._rows:
            return
        if table.about_person:
            self._run("delete from {target} where {is_of}", table, target)
        else:
            values = sql.SQL("").join(
                sql.SQL("{} = {}, ").format(sql.Identifier(column.name), sql.Literal("" if column.not_null else None))
                for column in table.columns
                if column.person
            )
            self._run("update {target} set {values} _extra = null where {is_of}", table, target, values=values)
        self._run("update {target} set _extra = null where {mentions}", table, target)

    def _leave_audiences(self) -> None:
        """Take the person out of the mart too, so that no export before the next build gives the person out again."""
        row = self._connection.execute(_MAY_LEAVE).fetchone()
        if row and row[0]:
            self._connection.execute("delete from marts.audience_members where customer_id = any(%(ids)s)", self._ids)

    def _record(self) -> None:
        """Write an entry per raw table to the ledger, so that the next run builds; it says nothing of the person."""
        ledger = PostgresLedger(self._connection)
        tables = {table.full_name: table for table in self._contract.copied_tables}
        touched = [name for name in self._rows if name in tables] or [self._contract.table("transactions").full_name]
        for name in touched:
            rows = self._rows.get(name, TableRows(name, 0, 0))
            load_id = ledger.start(tables[name], "forgotten customer")
            ledger.finish(load_id, FORGOTTEN, removed=rows.deleted, updated=rows.emptied)


def _rewrite(connection: Connection, tables: list[str]) -> str:
    """Rewrite tables without the dead versions of rows; return what was not possible."""
    statements = [
        sql.SQL("vacuum (full, analyze) {}").format(sql.Identifier(*name.split(".", maxsplit=1))) for name in tables
    ]
    try:
        for statement in statements:
            connection.execute(statement)
    except psycopg.Error as error:
        return (
            f"Old versions of rows are still in the files of the database, because {postgres_message(error)}: run "
            f"{'; '.join(statement.as_string(connection) for statement in statements)}."
        )
    return ""


_COUNT = """
    select _load_id, {is_of} is true as is_own, count(*) from {target} where {is_of} or {mentions} group by 1, 2
"""
_EXPORTS = """
    select audience || '_' || lpad(cast(export_id as text), 6, '0') || '.csv', change in ('entered', 'left')
    from loader.audience_changes inner join loader.audience_exports using (export_id)
    where customer_id = any(%(ids)s)
"""
_FILES = "select distinct file_name from loader.loads where load_id = any(%(loads)s) order by 1"
_UNSURE = """
    select distinct later.file_name
    from loader.loads as later
    where
        later.load_id <> all(%(loads)s)
        and later.status = 'loaded'
        and later.rows_unchanged > 0
        and exists (
            select from loader.loads
            where
                loads.load_id = any(%(loads)s)
                and loads.table_name = later.table_name
                and loads.load_id < later.load_id
        )
    order by 1
"""
_NEW_KEYS = """
    create temporary table new_keys on commit drop as
    with former as (
        select {key} from {target} where {is_of}
        union
        select {key} from {history} where {is_of}
    )
    select {key}, 'forgotten-' || gen_random_uuid() as new_key from former where {key} ~ '^[0-9a-f]{{32}}-[0-9]+$'
"""
_USE_KEYS = """
    update {target} as lines set {key} = new_keys.new_key from pg_temp.new_keys where lines.{key} = new_keys.{key}
"""
_MAY_LEAVE = """
    select has_table_privilege(oid, 'delete') from pg_catalog.pg_class
    where oid = to_regclass('marts.audience_members') and relkind = 'r'
"""
_MARK = "update loader.loads set has_forgotten = true where load_id = any(%(loads)s)"
