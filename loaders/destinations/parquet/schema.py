"""The tables of the contract in Parquet: each exists from the start, without rows and with all its columns."""

from __future__ import annotations

from loaders.contract.quoting import quoted, quoted_table
from loaders.contract.tables import Contract, Table, history_of
from loaders.destinations.base import renamed
from loaders.destinations.duckdb import schema as duckdb_schema
from loaders.destinations.parquet.connection import ParquetFolder, columns, part


def match_schema(folder: ParquetFolder, contract: Contract) -> list[str]:
    """Make the folder match the contract, inside the caller's transaction; see `Destination.init_schema`.

    Tables are published without rows and with new columns.
    """
    done = duckdb_schema.match_schema(folder.database, contract)
    for table in all_tables(contract):
        published = folder.published_columns(table)
        if published != set(columns(table)):
            rows = folder.published(table) if table.copied else quoted_table(table)
            new = [column for column in table.columns if table.copied and published and column.name not in published]
            filled = [
                f"coalesce({value}, {quoted(column.name)}) as {quoted(column.name)}"
                for column in new
                if column.name not in renamed(table, published).values()
                for value in duckdb_schema.values_in_extra(folder.database, table, column, rows)[:1]
            ]
            replaced = f"replace ({', '.join(filled)})" if filled else ""
            folder.write(table, f"select * {replaced} from {rows}", [part(table)])
    return done


def all_tables(contract: Contract) -> list[Table]:
    """Return the tables of the contract and the history tables that go with them."""
    return [*contract.tables, *map(history_of, contract.copied_tables)]
