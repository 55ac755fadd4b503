"""The nouns of the contract: raw tables with their columns, and how headers and file names are matched to them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from loaders.errors import FileRefusedError

SYSTEM_COLUMNS = {"_load_id": "bigint", "_line": "bigint", "_loaded_at": "timestamptz", "_extra": "jsonb"}
FROM_ROW = "row"
LEDGER_SCHEMA = "loader"


@dataclass(frozen=True)
class Column:
    """A column of a raw table and the rules for its values."""

    name: str
    data_type: str
    description: str = ""
    aliases: tuple[str, ...] = ()
    not_null: bool = False
    unique: bool = False
    accepted_values: tuple[str, ...] | None = None
    default: str | None = None
    derived_from: str | tuple[str, ...] | None = None
    identity: bool = False
    followed_by: tuple[str, ...] = ()
    no_value: tuple[str, ...] = ()
    is_identifier: bool = False
    renamed_from: str | None = None
    person: str | None = None

    @property
    def derived_from_row(self) -> bool:
        """Whether a file without this column gets it from the row: all of it, or some of its columns."""
        return self.derived_from == FROM_ROW or isinstance(self.derived_from, tuple)

    @property
    def required_in_file(self) -> bool:
        """Whether a file without this column can't be loaded."""
        return self.not_null and self.default is None and self.derived_from is None


@dataclass(frozen=True)
class Reading:
    """How a source writes numbers and dates, where the contract or the user says so; the rest is found in each file.

    Attributes:
        decimal: Decimal mark, `.` or `,`.
        dates: Order of a date's parts (`dmy`, `mdy`, `ymd`), or a format in strptime codes.
    """

    decimal: str | None = None
    dates: str | None = None


@dataclass(frozen=True)
class Table:
    """A raw table. `copied` is false for the loader's own tables.

    Attributes:
        known_by: Headers of which a file that is for this table has all; without them, the required columns.
        read: How its files write numbers and dates.
        money: Columns whose product is the money of a row.
        about_person: Whether a row leaves with the person it is about.
    """

    source: str
    schema: str
    name: str
    columns: tuple[Column, ...]
    require_one_of: tuple[str, ...] = ()
    copied: bool = True
    months_of: str | None = None
    known_by: tuple[str, ...] = ()
    read: Reading = field(default_factory=Reading)
    money: tuple[str, ...] = ()
    about_person: bool = False

    @property
    def full_name(self) -> str:
        """The name with its schema, as the ledger writes it."""
        return f"{self.schema}.{self.name}"

    @property
    def key(self) -> Column:
        """The column that identifies a row."""
        return next(column for column in self.columns if column.unique)

    def column_for(self, header: str) -> Column | None:
        """Return the column that a header names, by its name or an alias; case, blanks and punctuation don't count."""
        return self._columns_by_header.get(header_key(header))

    def headers_for(self, column: Column, headers: Iterable[str]) -> list[str]:
        """Return those of some headers that name a column."""
        return [header for header in headers if self.column_for(header) is column]

    @cached_property
    def header_places(self) -> dict[str, int]:
        """The order of all headers in the contract, by `header_key`; of a column, its name comes first."""
        return {header_key(name): i for column in self.columns for i, name in enumerate((column.name, *column.aliases))}

    @cached_property
    def _columns_by_header(self) -> dict[str, Column]:
        names = {header_key(column.renamed_from): column for column in self.columns if column.renamed_from}
        return names | {header_key(name): column for column in self.columns for name in (column.name, *column.aliases)}


@dataclass(frozen=True)
class Contract:
    """All tables of the sources files."""

    tables: tuple[Table, ...]

    @property
    def copied_tables(self) -> tuple[Table, ...]:
        """The tables that files are copied into."""
        return tuple(table for table in self.tables if table.copied)

    def table(self, name: str) -> Table:
        """Return the table of this name, with or without its source (`transactions`, `shop.transactions`).

        Raises:
            FileRefusedError: There is no such table, or no file is copied into it.
        """
        for table in self.copied_tables:
            if name.lower() in (table.name, f"{table.source}.{table.name}"):
                return table
        known = ", ".join(table.name for table in self.copied_tables)
        raise FileRefusedError(f"There is no table {name!r} in the contract.", f"Tables: {known}.")


def is_named_after(file_name: str, table: Table) -> bool:
    """Return whether a file's name begins with the table's (`transactions_2025-01.csv.gz` with `transactions`)."""
    name = normalize(file_name.split(".")[0])
    return re.fullmatch(rf"{re.escape(table.name)}(?:[_\d].*)?", name) is not None


def normalize(header: str) -> str:
    """Return a header in the form of column names: `" Customer ID"` becomes `customer_id`."""
    return re.sub(r"\W+", "_", header.strip().casefold()).strip("_")


# Every header is compared with those of all tables.
@lru_cache(maxsize=10_000)
def header_key(header: str) -> str:
    """Return what headers are compared by: `InvoiceNo`, `Invoice No` and `invoice_no` are one name."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", header).casefold())


def history_of(table: Table) -> Table:
    """Return the history table of a raw table: every version of a row that a later load replaced or undid.

    Its columns are the raw table's, then `_replaced_by`, the load that did so, and `_restored_by`, the load that undid
    that one (NULL if none has).
    """
    columns = [
        Column(column.name, column.data_type, default=column.default, renamed_from=column.renamed_from)
        for column in table.columns
    ]
    columns += [Column(name, data_type) for name, data_type in SYSTEM_COLUMNS.items()]
    columns += [Column("_replaced_by", "bigint", not_null=True), Column("_restored_by", "bigint")]
    return Table(
        source=LEDGER_SCHEMA,
        schema=LEDGER_SCHEMA,
        name=f"{table.name}_history",
        columns=tuple(columns),
        copied=False,
    )
