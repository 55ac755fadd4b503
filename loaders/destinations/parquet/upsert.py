"""Write the good rows of a scanned file to their months in Parquet, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable

from loaders.contract.quoting import quoted, quoted_table
from loaders.contract.tables import Table, history_of
from loaders.destinations.base import Changes
from loaders.destinations.duckdb.upsert import merge, read_rows
from loaders.destinations.parquet.connection import ParquetFolder, month, part
from loaders.reading.scan import Scan


def upsert(folder: ParquetFolder, table: Table, scan: Scan, load_id: int, on_bytes: Callable[[int], None]) -> Changes:
    """Insert rows with a new key and update changed ones; see `Destination.store`."""
    database = folder.database
    incoming = read_rows(database, table, scan, load_id, on_bytes)
    name, key = quoted_table(table), quoted(table.key.name)
    # Rows with other keys are not part of the merge.
    database.execute(f"insert into {name} by name from {folder.published(table)} semi join ({incoming}) using ({key})")
    changes = merge(database, table, incoming, scan, load_id)
    if changes.inserted or changes.updated:
        _write_changes(folder, table, load_id)
    database.execute(f"delete from {name}")
    return changes


def _write_changes(folder: ParquetFolder, table: Table, load_id: int) -> None:
    """Rewrite a raw table, or the months of it that have or had rows of this load."""
    changed = f"(from {quoted_table(table)} where _load_id = {load_id})"
    parts = [part(table)]
    if table.months_of:
        former = f"(from {quoted_table(history_of(table))} where _replaced_by = {load_id})"
        in_month = month(table.months_of)
        found = folder.database.execute(f"select {in_month} from {changed} union select {in_month} from {former}")
        parts = [f"{part(table)}/month={each}" for (each,) in found.fetchall()]
    kept = f"from {folder.published(table, parts)} anti join {changed} using ({quoted(table.key.name)})"
    folder.write(table, f"{kept} union all by name from {changed}", parts)
