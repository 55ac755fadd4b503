"""The rejected rows that are about a person: their text leaves the quarantine, their reason and money stay."""

from __future__ import annotations

import csv
import hashlib
import re
import unicodedata
from collections.abc import Collection

from loaders.contract.tables import Column, Contract, Table
from loaders.destinations.postgres.connection import Connection
from loaders.operations.removals.persons import prefix_of
from loaders.reading.header import split_header

_ADDRESS = re.compile(r"""[^\s,;|"'<>()=]+@[^\s,;|"'<>()=]+""")
_ROWS = """
    select load_id, line, loads.table_name, coalesce(loads.header, ''), raw_row
    from loader.rejected_rows inner join loader.loads using (load_id)
"""
_EMPTY = """
    update loader.rejected_rows set raw_row = '', detail = 'the row was about a customer who was forgotten'
    from unnest(%s::bigint[], %s::bigint[]) as found (load_id, line)
    where rejected_rows.load_id = found.load_id and rejected_rows.line = found.line
"""


def find_rejects(connection: Connection, contract: Contract, ids: Collection[str]) -> list[tuple[int, int]]:
    """Return load and line of each rejected row that is about a person, inside the caller's transaction."""
    tables = {table.full_name: table for table in contract.copied_tables}
    found = []
    with connection.cursor(name="quarantine") as cursor:
        cursor.itersize = 5_000
        for load_id, line, name, header, raw in cursor.execute(_ROWS):
            if _is_about(bytes(raw).decode("utf-8", errors="replace"), header, tables.get(name), ids):
                found.append((load_id, line))
    return found


def empty_rejects(connection: Connection, rejects: Collection[tuple[int, int]]) -> None:
    """Remove the text of rejected rows, inside the caller's transaction."""
    connection.execute(_EMPTY, ([load_id for load_id, _ in rejects], [line for _, line in rejects]))


def _is_about(text: str, header: str, table: Table | None, ids: Collection[str]) -> bool:
    # An address is the person's wherever it is: the contract need not know the column.
    if any(_email_id(address) in ids for address in _ADDRESS.findall(text)):
        return True
    if table is None:
        return False
    fields = _split(text, header, table)
    columns = {column.person: column for column in table.columns if column.person in ("customer_id", "id", "account")}
    if fields is not None:
        return any(column in columns.values() and _named(table, column, value) in ids for column, value in fields)
    # Its fields can't be separated, so the identifier may be anywhere in it.
    prefixes = {prefix_of(table, column) for column in columns.values()}
    own = {each.removeprefix(prefix) for prefix in prefixes for each in ids if each.startswith(prefix)}
    return any(re.search(rf"(?<!\w){re.escape(each)}(?!\w)", text) for each in own)


def _split(text: str, header: str, table: Table) -> list[tuple[Column, str]] | None:
    """Return the known columns of a row with their values; None if its fields can't be separated."""
    delimiter, names = split_header(header, table)
    try:
        [values] = csv.reader([text], delimiter=delimiter, skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        return None
    if len(values) != len(names):
        return None
    return [(column, value) for (_, column), value in zip(names, values, strict=True) if column]


def _named(table: Table, column: Column, value: str) -> str:
    plain = unicodedata.normalize("NFC", value).strip().strip("=\"'").strip()
    return prefix_of(table, column) + re.sub(r"(?<=\d)\.0$", "", plain)  # programs write the number 7 as 7.0


def _email_id(address: str) -> str:
    return "email_" + hashlib.md5(address.strip().lower().encode(), usedforsecurity=False).hexdigest()
