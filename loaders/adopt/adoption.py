"""From files to a proposed source, and what it makes of them: its contract reads them, and its SQL adds them up."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2

from loaders.adopt.columns import Look, looked_at
from loaders.adopt.naming import source_name
from loaders.adopt.proposal import Proposal, propose
from loaders.adopt.sources import sources_yml
from loaders.adopt.staging import transactions_sql
from loaders.adopt.writing import check_name
from loaders.contract.quoting import literal
from loaders.contract.sources_yml import read_sources
from loaders.contract.tables import Contract, Table
from loaders.errors import FileRefusedError, LoaderError
from loaders.project import Project
from loaders.reading.header import known_to
from loaders.reading.intake import STDIN, Given
from loaders.reading.options import Options
from loaders.reading.scan import scanned
from loaders.reading.workspace import working_folder, workspace

_TYPES = {"numeric": "decimal(28, 6)", "timestamptz": "timestamptz"}
_BEST = 5


@dataclass(frozen=True)
class Sums:
    """Lines of one currency.

    Attributes:
        currency: Its code; None for the reporting currency.
        lines: Lines that count.
        gross: Sum of positive amounts.
        refunds: Minus the sum of negative amounts.
        net: Gross less refunds.
        guest_net: Net of the lines without a buyer.
    """

    currency: str | None
    lines: int
    gross: Decimal
    refunds: Decimal
    net: Decimal
    guest_net: Decimal


@dataclass(frozen=True)
class Totals:
    """What the files add up to.

    Attributes:
        rows: Rows of the files, by file.
        rejected: Rows that break the proposed contract, by file.
        orders: Orders; a line without one is its own.
        buyers: Buyers, by identifier or e-mail address.
        guests: Lines without a buyer.
        first_day: Day of the first line.
        last_day: Day of the last line.
        sums: Money by currency, the one with most lines first.
        excluded: Lines that don't count and their money, by reason.
        best: The best customers as the file has them, with currency and net revenue.
    """

    rows: Mapping[str, int]
    rejected: Mapping[str, int]
    orders: int
    buyers: int
    guests: int
    first_day: date | None
    last_day: date | None
    sums: tuple[Sums, ...]
    excluded: tuple[tuple[str, int, Decimal], ...]
    best: tuple[tuple[str, str | None, Decimal], ...]


@dataclass(frozen=True)
class Adoption:
    """A proposal, and what it makes of the files."""

    proposal: Proposal
    totals: Totals


def consider(
    paths: list[Path],
    project: Project,
    contract: Contract,
    options: Options,
    *,
    name: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Adoption:
    """Look at files that no table knows, and propose a source for them; nothing is written.

    Args:
        paths: One file, or two that share a key, such as orders and their lines.
        project: The dbt project.
        contract: Its contract.
        options: How to read the files.
        name: Name of the source; made of a file's name without it.
        columns: Headers by what they are, as the user says them.

    Raises:
        FileRefusedError: A table knows a file, or a file can't be read.
        LoaderError: The files don't say enough, or the source's name is taken.
    """
    if len(paths) > 2:
        raise LoaderError(
            "A source is adopted from one file, or from two that share a key.",
            "Of several files of one kind give one: `loader copy` knows the others once it is adopted.",
        )
    for path in paths:
        _check_unknown(path, contract, options)
    if name:
        check_name(name, project, contract)
    try:
        return _considered(paths, project, contract, options, name, columns or {})
    except duckdb.Error as error:
        raise LoaderError(
            f"The numbers can't be added up: {str(error).splitlines()[0]}.",
            "Say which column is what with --column ROLE=HEADER.",
        ) from error


def _considered(
    paths: list[Path],
    project: Project,
    contract: Contract,
    options: Options,
    name: str | None,
    columns: Mapping[str, str],
) -> Adoption:
    with contextlib.ExitStack() as stack:
        looks = [stack.enter_context(looked_at(path, project, options.reading, options.encoding)) for path in paths]
        _check_headers(looks)
        proposal = propose(looks, name or source_name(paths[0]), columns)
    check_name(proposal.name, project, contract)
    return Adoption(proposal, add_up(proposal, project, options))


def _check_unknown(path: Path, contract: Contract, options: Options) -> None:
    if str(path) == STDIN or (path.exists() and not path.is_file() and not path.is_dir()):
        raise LoaderError("A file to adopt is read twice, so it can't be standard input.", "Save it as a file.")
    given = Given(path)
    table = known_to(given.peek(options.encoding), contract, given.name)
    if table is not None:
        raise FileRefusedError(
            f"{given.name} needs no new source: the table {table.name} of source {table.source} knows its header.",
            f"`loader copy {given.name}` loads it.",
        )


def _check_headers(looks: list[Look]) -> None:
    headers = [[column.header for column in look.columns] for look in looks]
    for header in (header for each in headers for header in each):
        if re.search("[{][{%#]", header):  # which dbt would take for its own
            raise LoaderError(f"The header {header!r} can't be in a sources file of dbt.", "Rename it in the file.")
    if len(looks) == 2 and headers[0] == headers[1]:
        raise LoaderError(
            f"{looks[0].path.name} and {looks[1].path.name} have the same header.",
            "Adopt one of them; `loader copy` then knows both.",
        )


def add_up(proposal: Proposal, project: Project, options: Options) -> Totals:
    """Read the files by the proposed contract as `loader copy` does, and add them up by the proposed SQL.

    Raises:
        FileRefusedError: `loader copy` would refuse a file.
    """
    rows: dict[str, int] = {}
    rejected: dict[str, int] = {}
    with working_folder(project) as folder, contextlib.closing(duckdb.connect()) as database:
        database.execute("set TimeZone = $1", [project.time_zone])
        database.execute("set enable_progress_bar = false")
        file = folder / "sources.yml"
        file.write_text(sources_yml(proposal), encoding="utf-8")
        tables = {table.name: table for table in read_sources(file, project)}
        for plan in proposal.plans:
            table, path = tables[proposal.table_name(plan)], folder / f"{plan.alias}.parquet"
            # What the user said of the file is in the contract now.
            known, given = replace(options, reading=table.read), Given(plan.look.path)
            with workspace(project) as place, scanned(given, place, table, known) as scan:
                if scan.refusal:
                    raise scan.refusal
                rows[plan.look.path.name], rejected[plan.look.path.name] = scan.rows_read, scan.rows_rejected
                scan.write(0, path)
                columns = scan.columns
            selected = ", ".join(_typed(table, name) for name in columns)
            read = f"select {selected}, now() as _loaded_at from read_parquet({literal(str(path))})"
            database.execute(f"create table {table.name} as {read}")
        database.execute(f"create table lines as {rendered(transactions_sql(proposal))}")
        return _totals(database, proposal, rows, rejected)


def rendered(sql: str) -> str:
    """Return the SQL of a staging model for DuckDB, where raw tables have their names without a schema."""

    def blank_to_null(name: str) -> str:
        return f"case when trim({name}) <> '' then {name} end"

    return jinja2.Template(sql).render(
        source=lambda _source, table: table,
        blank_to_null=blank_to_null,
        local_date=lambda name: f"cast({name} as date)",
        dbt=SimpleNamespace(type_string=lambda: "varchar", type_numeric=lambda: "decimal(28, 6)"),
    )


def _typed(table: Table, name: str) -> str:
    column = next((each for each in table.columns if each.name == name), None)
    cast = _TYPES.get(column.data_type) if column else None
    value = f"nullif({name}, '')"
    if cast == "timestamptz":  # DuckDB takes fewer spellings of an offset than PostgreSQL
        utc = f"regexp_replace({value}, '\\s*(Z|z|UTC)$', '+00')"
        value = f"regexp_replace({utc}, '\\s*([+-]\\d{{2}}):?(\\d{{2}})$', '\\1:\\2')"
    return f"cast({value} as {cast}) as {name}" if cast else name


def _totals(
    database: duckdb.DuckDBPyConnection, proposal: Proposal, rows: Mapping[str, int], rejected: Mapping[str, int]
) -> Totals:
    counted, buyer = "from lines where exclusion_reason is null", "coalesce(customer_id, lower(trim(customer_email)))"
    orders, buyers, guests, first, last = next(
        _rows(
            database,
            f"""
            select
                count(distinct coalesce(order_id, transaction_id)),
                count(distinct {buyer}),
                count(*) filter ({buyer} is null),
                min(cast(transacted_at as date)),
                max(cast(transacted_at as date))
            {counted}
            """,
        )
    )
    net = "coalesce(sum(amount) filter ({}), 0)"
    sums = _rows(
        database,
        f"""
        select
            currency,
            count(*),
            {net.format("amount > 0")},
            -{net.format("amount < 0")},
            {net.format("true")},
            {net.format(f"{buyer} is null")}
        {counted} group by currency order by count(*) desc, currency
        """,
    )
    excluded = _rows(
        database,
        """
        select exclusion_reason, count(*), coalesce(sum(amount), 0) from lines
        where exclusion_reason is not null group by exclusion_reason order by exclusion_reason
        """,
    )
    shown = f"coalesce(replace(customer_id, {literal(proposal.name + ':')}, ''), lower(trim(customer_email)))"
    best = _rows(
        database,
        f"""
        select {shown}, currency, sum(amount) as net {counted} and {buyer} is not null
        group by all order by net desc, 1 limit {_BEST}
        """,
    )
    return Totals(
        rows=rows,
        rejected=rejected,
        orders=int(orders),
        buyers=int(buyers),
        guests=int(guests),
        first_day=first,
        last_day=last,
        sums=tuple(Sums(currency, int(lines), *map(_cents, moneys)) for currency, lines, *moneys in sums),
        excluded=tuple((reason, int(lines), _cents(money)) for reason, lines, money in excluded),
        best=tuple((str(buyer), currency, _cents(money)) for buyer, currency, money in best),
    )


def _rows(database: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    return iter(database.execute(query).fetchall())


def _cents(money: object) -> Decimal:
    return round(Decimal(str(money or 0)), 2)
