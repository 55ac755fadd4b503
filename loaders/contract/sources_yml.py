"""The contract: what a raw table is, read from dbt's own sources files.

Each table that files are copied into is declared once, in `models/staging/<source>/_<source>__sources.yml`. The data
tests that a row must pass on its own are also the loader's rules: `not_null` makes a column required, `unique` makes it
the key of the upsert, `accepted_values` lists what it may hold. What dbt has no word for is under `config: meta:`

    aliases         other headers that files use for the column
    default         value if the file has none
    derived_from    what the value is derived from if the file has none: `row` (a hash of the row), a list of columns (a
                    hash of these, with a number if they occur again), or a column (an identifier made of it)
    followed_by     headers whose values follow the column's in a file, such as [time, time_zone] after a date
    no_value        codes that stand for no value, such as [0, "-"], in any case
    buyer           true if the column identifies the buyer, so that NO_BUYER are codes of no value
    identifier      true if the column identifies something; keys, buyers and columns named *_id need not say so
    person          what the column says of a person, for `loader forget`: `customer_id` (the identifier that the marts
                    have), `id` (one that the marts have behind the source's name), `account` (one of somebody known by
                    e-mail only), `email`, or `detail` (all else); buyers need not say `id` or, if named so, `email`
    renamed_from    the column's former name, which the database's column is renamed from
    identity        the database numbers the rows (ledger only)
    known_by        (table) headers that all its files have, by which they are known; without it, the required columns
    read            (table or source) how numbers and dates are written: decimal, dates (dmy, mdy, ymd or a
                    format such as "%d.%m.%Y %H:%M"); what is not said is found in the file
    money           (table) column with the money of a row, or a list of columns to multiply; `amount` without it
    about_person    (table) true if a row leaves with the person it is about; elsewhere only what it says of the person
    require_one_of  (table) columns of which a row needs at least one
    copy            (source) false for tables that no file is copied into
    contract        (source) false for tables outside the contract: OWN_TABLES of `destinations.postgres.schema`
    months_of       (table) required timestamp by whose months Parquet files of the table are partitioned
    history_of      (table) the raw table of a history table that is declared to dbt
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from loaders.contract.tables import FROM_ROW, Column, Contract, Reading, Table, header_key, normalize
from loaders.contract.types import TYPES
from loaders.errors import ContractError
from loaders.project import Project, read_yaml

# What files write for a buyer whom they don't know.
NO_BUYER = ("0", "null", "nan", "none", "n/a", "na", "-", "guest")
_COLUMN_META = {"aliases", "default", "derived_from", "followed_by", "no_value", "renamed_from"}
_COLUMN_META |= {"buyer", "identifier", "identity", "person"}
_PERSON = ("customer_id", "id", "account", "email", "detail")
_TABLE_META = {"about_person", "require_one_of", "months_of", "history_of", "known_by", "read", "money"}


def read_contract(project: Project) -> Contract:
    """Read every `_*__sources.yml` under the project's `models/staging`.

    Raises:
        ContractError: There is no such file, or one is invalid; the message names file and column.
    """
    files = sorted((project.root / "models" / "staging").glob("*/_*__sources.yml"))
    if not files:
        raise ContractError(f"No sources file (models/staging/*/_*__sources.yml) in {project.root}.")
    tables = [table for file in files for table in read_sources(file, project)]
    seen: dict[str, Table] = {}
    for table in tables:
        if table.name in seen:
            raise ContractError(f"The table {table.name} is in {seen[table.name].source} and in {table.source}.")
        seen[table.name] = table
    return Contract(tuple(tables))


def read_sources(file: Path, project: Project) -> Iterator[Table]:
    """Yield the raw tables of one sources file.

    Raises:
        ContractError: It is invalid.
    """
    try:
        content = read_yaml(file)
        sources = _entries_of(content, "sources", file.name)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ContractError) as error:
        reason = " ".join(str(error).split())
        raise ContractError(f"{file.name} can't be read as a dbt sources file: {reason}.", "Fix it.") from error
    for source in sources:
        if not isinstance(source.get("name"), str):
            raise ContractError(f"{file.name}: a source has no name.", "Give it one.")
        where = f"{file.name}, source {source['name']}"
        if not _meta_of(source, where).get("contract", True):
            continue
        copied = _meta_of(source, where).get("copy", True)
        for table in _entries_of(source, "tables", where):
            if "name" not in table:
                raise ContractError(f"{where}: a table has no name.", "Give it one.")
            if "history_of" in _meta_of(table, where):
                continue
            yield _read_table(table, source, f"{file.name}, table {table['name']}", project, copied)


def _read_table(
    table: Mapping[str, Any], source: Mapping[str, Any], where: str, project: Project, copied: bool
) -> Table:
    meta = _meta_of(table, where)
    if unknown := set(meta) - _TABLE_META:
        raise ContractError(f"{where}: the loader knows no meta entry {', '.join(sorted(unknown))}.", "Is it misspelt?")
    columns = tuple(_read_column(column, where, project) for column in _entries_of(table, "columns", where))
    money = meta.get("money", [column.name for column in columns if column.name == "amount"])
    made = Table(
        source=source["name"],
        schema=_fill_in_vars(str(source.get("schema", source["name"])), where, project),
        name=_name_of(table["name"], where),
        columns=columns,
        require_one_of=_names_in(meta, "require_one_of", where),
        about_person=bool(meta.get("about_person", False)),
        copied=copied,
        months_of=meta.get("months_of"),
        known_by=tuple(map(header_key, _names_in(meta, "known_by", where))),
        read=_read_reading(meta.get("read", _meta_of(source, where).get("read", {})), where),
        money=(money,) if isinstance(money, str) else tuple(money),
    )
    _check_table(made, where)
    return made


def _read_column(entry: Mapping[str, Any], where: str, project: Project) -> Column:
    name = _name_of(entry.get("name"), where)
    where = f"{where}, column {name}"
    data_type = entry.get("data_type")
    if data_type not in TYPES:
        raise ContractError(f"{where}: unknown data_type {data_type!r}.", f"Known: {', '.join(TYPES)}.")
    meta = _meta_of(entry, where)
    if unknown := set(meta) - _COLUMN_META:
        raise ContractError(f"{where}: the loader knows no meta entry {', '.join(sorted(unknown))}.", "Is it misspelt?")
    tests = entry.get("data_tests") or []
    if not isinstance(tests, list):
        raise ContractError(f"{where}: data_tests must be a list.", "Write - before each test.")
    found = dict(_data_test(test) for test in tests)
    accepted: tuple[str, ...] | None = None
    if "accepted_values" in found:
        values = found["accepted_values"].get("values")
        if not isinstance(values, list):
            raise ContractError(
                f"{where}: accepted_values needs a list of values.", "Write arguments: {values: [...]}."
            )
        accepted = tuple(_fill_in_vars(str(value), where, project) for value in values)
    default, derived_from = meta.get("default"), meta.get("derived_from")
    identifies_buyer = bool(meta.get("buyer", False))
    person = meta.get("person", ("email" if "mail" in name else "id") if identifies_buyer else None)
    if person not in (None, *_PERSON):
        raise ContractError(f"{where}: unknown person {person!r}.", f"Known: {', '.join(_PERSON)}.")
    return Column(
        name=name,
        data_type=data_type,
        description=entry.get("description", ""),
        aliases=tuple(map(normalize, _names_in(meta, "aliases", where))),
        not_null="not_null" in found,
        unique="unique" in found,
        accepted_values=accepted,
        default=None if default is None else str(default),
        derived_from=tuple(derived_from) if isinstance(derived_from, list) else derived_from,
        identity=meta.get("identity", False),
        followed_by=tuple(map(header_key, _names_in(meta, "followed_by", where))),
        no_value=tuple(code.lower() for code in _names_in(meta, "no_value", where))
        or (NO_BUYER if identifies_buyer else ()),
        is_identifier=data_type == "text"
        and (identifies_buyer or "unique" in found or name.endswith("_id") or bool(meta.get("identifier"))),
        renamed_from=meta.get("renamed_from"),
        person=person,
    )


def _read_reading(entry: object, where: str) -> Reading:
    """Read how a source writes numbers and dates."""
    if not isinstance(entry, Mapping) or (unknown := set(entry) - {"decimal", "dates"}):
        what = f"no {', '.join(sorted(unknown))}" if isinstance(entry, Mapping) else "a mapping only"
        raise ContractError(f"{where}: read: knows {what}.", "Write read: {decimal: ',', dates: dmy}.")
    return Reading(**{name: str(value) for name, value in entry.items()})


def _check_table(table: Table, where: str) -> None:
    owner: dict[str, str] = {}
    for column in table.columns:
        for name in {header_key(name): name for name in (column.name, *column.aliases)}.values():
            if (key := header_key(name)) in owner:
                raise ContractError(f"{where}, column {column.name}: {name} already names {owner[key]}.")
            owner[key] = column.name
    names = {column.name for column in table.columns}
    for column in table.columns:
        sources = column.derived_from if isinstance(column.derived_from, tuple) else (column.derived_from,)
        for source in sources:
            if source not in (None, FROM_ROW, *names):
                raise ContractError(f"{where}, column {column.name}: derived_from {source} is not a column.")
    numbers = {column.name for column in table.columns if column.data_type in ("numeric", "bigint")}
    for name in table.money:
        if name not in numbers:
            raise ContractError(f"{where}: money names {name}, which is not a number.")
    for name in table.require_one_of:
        if name not in names:
            raise ContractError(f"{where}: require_one_of names {name}, which is not a column.")
    moments = [column.name for column in table.columns if column.not_null and column.data_type == "timestamptz"]
    if table.months_of not in (None, *moments):
        raise ContractError(f"{where}: months_of names {table.months_of}, which is not a required timestamp.")
    keys = [column for column in table.columns if column.unique]
    if table.copied and (len(keys) != 1 or not keys[0].not_null or keys[0].data_type != "text"):
        raise ContractError(
            f"{where}: there must be one key.", "Give one text column the data tests unique and not_null."
        )


# --- shapes of YAML ---------------------------------------------------------------------------------------------------

# `where` names the file, the table and the column for the message of a ContractError.


def _entries_of(entry: Any, name: str, where: str) -> list[Mapping[str, Any]]:
    """Return the list of mappings under a name."""
    found = entry.get(name) if isinstance(entry, Mapping) else None
    if found is None and name != "sources":
        return []
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise ContractError(f"{where}: {name} must be a list of mappings, each with a name.", "Fix it.")
    return found


def _name_of(name: object, where: str) -> str:
    """Return a name that is an SQL identifier without quotes."""
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ContractError(f"{where}: {name!r} can't be the name.", "Use lower case letters, digits and _.")
    return name


def _names_in(meta: Mapping[str, Any], entry: str, where: str) -> tuple[str, ...]:
    """Return the list of names under an entry."""
    found = meta.get(entry, [])
    if not isinstance(found, list):
        raise ContractError(f"{where}: {entry} must be a list.", f"Write {entry}: [name, other name].")
    return tuple(map(str, found))


def _data_test(entry: str | Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the name and the arguments of a data test."""
    if isinstance(entry, str):
        return entry, {}
    name, body = next(iter(entry.items()))
    body = body if isinstance(body, Mapping) else {}
    return name, body.get("arguments") or body


def _meta_of(entry: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Return the entries under `config: meta:`."""
    found: Any = entry.get("config") or {}
    found = (found.get("meta") or {}) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        raise ContractError(f"{where}: config: meta: must be a mapping.", "Write config: {meta: {...}}.")
    return found


def _fill_in_vars(value: str, where: str, project: Project) -> str:
    """Replace `{{ var('name') }}`, the only Jinja that a contract may contain, so that a setting is defined once."""
    match = re.fullmatch(r"\{\{\s*var\(\s*['\"](\w+)['\"]\s*\)\s*\}\}", value)
    if not match:
        return value
    if match[1] not in project.vars:
        raise ContractError(f"{where}: there is no var {match[1]} in dbt_project.yml.")
    return str(project.vars[match[1]])
