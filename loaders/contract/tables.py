"""The contract: what a raw table is, read from dbt's own sources files.

Each table that files are copied into stands once, in `models/staging/<source>/_<source>__sources.yml`. The data tests
that a row must pass by itself are the rules of the loader too: `not_null` makes a column required, `unique` makes it
the key of the upsert, `accepted_values` lists what it may hold. What dbt has no word for stands under `config: meta:`

    aliases         other headers that files use for the column
    default         value where the file has none
    derived_from    `row` (hash of the row) or a column that the value is derived from where the file has none
    identity        the database numbers the rows (ledger only)
    require_one_of  (table) columns of which a row needs at least one
    copy            (source) false for tables that no file is copied into
    made_by_dbt     (source) true for tables that dbt itself makes, which are none of the loader's
    months_of       (table) required moment by whose months the table is divided where it is kept as files of Parquet
    unlogged        (table) true for what may be lost when the server crashes (ledger only)
    history_of      (table) the raw table that a history table, made from it, is declared to dbt for
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from loaders.contract.forms import data_test, entries_of, fill_in_vars, meta_of, name_of, names_in
from loaders.errors import ContractError, FileRefusedError
from loaders.project import Project, read_yaml

TYPES = ("text", "bigint", "numeric", "boolean", "date", "timestamptz", "jsonb", "bytea")
SYSTEM_COLUMNS = {"_load_id": "bigint", "_line": "bigint", "_loaded_at": "timestamptz", "_extra": "jsonb"}
FROM_ROW = "row"
LEDGER_SCHEMA = "loader"


@dataclass(frozen=True)
class Column:
    """A column of a raw table and the rules its values keep."""

    name: str
    data_type: str
    description: str = ""
    aliases: tuple[str, ...] = ()
    not_null: bool = False
    unique: bool = False
    accepted_values: tuple[str, ...] | None = None
    default: str | None = None
    derived_from: str | None = None
    identity: bool = False

    @property
    def required_in_file(self) -> bool:
        """Whether a file without this column can't be loaded."""
        return self.not_null and self.default is None and self.derived_from is None


@dataclass(frozen=True)
class Table:
    """A raw table. `copied` is false for the loader's own tables."""

    source: str
    schema: str
    name: str
    columns: tuple[Column, ...]
    require_one_of: tuple[str, ...] = ()
    copied: bool = True
    unlogged: bool = False
    months_of: str | None = None

    @property
    def key(self) -> Column:
        """The column that tells whether two rows are the same one."""
        return next(column for column in self.columns if column.unique)

    def column_for(self, header: str) -> Column | None:
        """Return the column that a header names, by its name or an alias; case and punctuation don't count."""
        name = normalize(header)
        return next((column for column in self.columns if name in (column.name, *column.aliases)), None)


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
            FileRefusedError: No table that files are copied into has this name.
        """
        for table in self.copied_tables:
            if name.lower() in (table.name, f"{table.source}.{table.name}"):
                return table
        known = ", ".join(table.name for table in self.copied_tables)
        raise FileRefusedError(f"There is no table {name!r} in the contract.", f"Tables: {known}.")

    def table_for_file(self, file_name: str) -> Table:
        """Return the table that a file's name begins with (`transactions_2025-01.csv.gz` is for `transactions`).

        Raises:
            FileRefusedError: The name begins with no table's name.
        """
        name = normalize(file_name.split(".")[0])
        fits = [table for table in self.copied_tables if re.fullmatch(rf"{re.escape(table.name)}(?:[_\d].*)?", name)]
        if fits:
            return max(fits, key=lambda table: len(table.name))
        known = ", ".join(table.name for table in self.copied_tables)
        raise FileRefusedError(
            "The name of the file does not begin with the name of a table.",
            f"Rename it, or say --table NAME. Tables: {known}.",
        )


def normalize(header: str) -> str:
    """Return a header in the form of column names: `" Customer ID"` becomes `customer_id`."""
    return re.sub(r"\W+", "_", header.strip().casefold()).strip("_")


def history_of(table: Table) -> Table:
    """Return the history table of a raw table: every version of a row that a later load replaced or took back.

    Its columns are the raw table's, then `_replaced_by`, the load that did so, and `_restored_by`, the load that took
    that one back (NULL as long as none has).
    """
    columns = [Column(column.name, column.data_type, default=column.default) for column in table.columns]
    columns += [Column(name, data_type) for name, data_type in SYSTEM_COLUMNS.items()]
    columns += [Column("_replaced_by", "bigint", not_null=True), Column("_restored_by", "bigint")]
    return Table(
        source=LEDGER_SCHEMA,
        schema=LEDGER_SCHEMA,
        name=f"{table.name}_history",
        columns=tuple(columns),
        copied=False,
    )


def read_contract(project: Project) -> Contract:
    """Read every `_*__sources.yml` under the project's `models/staging`.

    Raises:
        ContractError: There is no such file, or one does not make a contract; the message names file and column.
    """
    files = sorted((project.root / "models" / "staging").glob("*/_*__sources.yml"))
    if not files:
        raise ContractError(f"No sources file (models/staging/*/_*__sources.yml) in {project.root}.")
    tables = [table for file in files for table in _read_file(file, project)]
    seen: dict[str, Table] = {}
    for table in tables:
        if table.name in seen:
            raise ContractError(f"The table {table.name} stands in {seen[table.name].source} and in {table.source}.")
        seen[table.name] = table
    return Contract(tuple(tables))


def _read_file(file: Path, project: Project) -> Iterator[Table]:
    try:
        content = read_yaml(file)
        sources = entries_of(content, "sources", file.name)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ContractError) as error:
        reason = " ".join(str(error).split())
        raise ContractError(f"{file.name} can't be read as a dbt sources file: {reason}.", "Mend it.") from error
    for source in sources:
        if not isinstance(source.get("name"), str):
            raise ContractError(f"{file.name}: a source has no name.", "Give it one.")
        where = f"{file.name}, source {source['name']}"
        if meta_of(source, where).get("made_by_dbt"):
            continue
        copied = meta_of(source, where).get("copy", True)
        for table in entries_of(source, "tables", where):
            if "name" not in table:
                raise ContractError(f"{where}: a table has no name.", "Give it one.")
            if "history_of" in meta_of(table, where):
                continue
            yield _read_table(table, source, f"{file.name}, table {table['name']}", project, copied)


def _read_table(
    table: Mapping[str, Any], source: Mapping[str, Any], where: str, project: Project, copied: bool
) -> Table:
    made = Table(
        source=source["name"],
        schema=source.get("schema", source["name"]),
        name=name_of(table["name"], where),
        columns=tuple(_read_column(column, where, project) for column in entries_of(table, "columns", where)),
        require_one_of=names_in(meta_of(table, where), "require_one_of", where),
        copied=copied,
        unlogged=meta_of(table, where).get("unlogged", False),
        months_of=meta_of(table, where).get("months_of"),
    )
    _check_table(made, where)
    return made


def _read_column(entry: Mapping[str, Any], where: str, project: Project) -> Column:
    name = name_of(entry.get("name"), where)
    where = f"{where}, column {name}"
    data_type = entry.get("data_type")
    if data_type not in TYPES:
        raise ContractError(f"{where}: unknown data_type {data_type!r}.", f"Known: {', '.join(TYPES)}.")
    meta = meta_of(entry, where)
    unknown = set(meta) - {"aliases", "default", "derived_from", "identity"}
    if unknown:
        raise ContractError(f"{where}: the loader knows no meta entry {', '.join(sorted(unknown))}.", "Is it misspelt?")
    tests = entry.get("data_tests") or []
    if not isinstance(tests, list):
        raise ContractError(f"{where}: data_tests must be a list.", "Write - before each test.")
    found = dict(data_test(test) for test in tests)
    accepted: tuple[str, ...] | None = None
    if "accepted_values" in found:
        values = found["accepted_values"].get("values")
        if not isinstance(values, list):
            raise ContractError(
                f"{where}: accepted_values needs a list of values.", "Write arguments: {values: [...]}."
            )
        accepted = tuple(fill_in_vars(str(value), where, project) for value in values)
    default = meta.get("default")
    return Column(
        name=name,
        data_type=data_type,
        description=entry.get("description", ""),
        aliases=tuple(map(normalize, names_in(meta, "aliases", where))),
        not_null="not_null" in found,
        unique="unique" in found,
        accepted_values=accepted,
        default=None if default is None else str(default),
        derived_from=meta.get("derived_from"),
        identity=meta.get("identity", False),
    )


def _check_table(table: Table, where: str) -> None:
    owner: dict[str, str] = {}
    for column in table.columns:
        for name in (column.name, *column.aliases):
            if name in owner:
                raise ContractError(f"{where}, column {column.name}: {name} already names {owner[name]}.")
            owner[name] = column.name
    names = {column.name for column in table.columns}
    for column in table.columns:
        if column.derived_from not in (None, FROM_ROW, *names):
            raise ContractError(f"{where}, column {column.name}: derived_from {column.derived_from} is no column.")
    for name in table.require_one_of:
        if name not in names:
            raise ContractError(f"{where}: require_one_of names {name}, which is no column.")
    moments = [column.name for column in table.columns if column.not_null and column.data_type == "timestamptz"]
    if table.months_of not in (None, *moments):
        raise ContractError(f"{where}: months_of names {table.months_of}, which is no required moment.")
    keys = [column for column in table.columns if column.unique]
    if table.copied and (len(keys) != 1 or not keys[0].not_null or keys[0].data_type != "text"):
        raise ContractError(
            f"{where}: there must be one key.", "Give one text column the data tests unique and not_null."
        )
