"""The ledger in Parquet: it is kept in a DuckDB file, and published with each version."""

from __future__ import annotations

from loaders.contract.quoting import quoted_table
from loaders.contract.tables import Contract, Table
from loaders.destinations.duckdb.upsert import count
from loaders.destinations.parquet.connection import ParquetFolder, part
from loaders.destinations.parquet.schema import all_tables


def publish_ledger(folder: ParquetFolder, contract: Contract) -> None:
    """Write the tables of the ledger that differ from the published ones."""
    for table in all_tables(contract):
        if not table.copied and not folder.is_written(table) and not _is_current(folder, table):
            folder.write(table, f"from {quoted_table(table)}", [part(table)])


def _is_current(folder: ParquetFolder, table: Table) -> bool:
    name = quoted_table(table)
    published = f"read_parquet({folder.files([part(table)])})"
    # Quarantine and history only grow, but a load in the ledger may end.
    return count(folder.database, published) == count(folder.database, name) and (
        table.name != "loads" or count(folder.database, f"(from {name} except from {folder.published(table)})") == 0
    )
