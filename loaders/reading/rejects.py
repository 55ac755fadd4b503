"""Reject rows: those that break a rule of the contract, and those whose key occurs again in a later row.

DuckDB's table `rejected` has the numbers of the record and of the rule that rejects it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from loaders.contract.tables import Table
from loaders.reading.grammar import REASONS
from loaders.reading.records import Records
from loaders.reading.rules import DUPLICATE_KEY, REPEATED_HEADER, TableRules

# Restrictions for `TableRules.rows`.
REJECTED, NOT_REJECTED = (f"{kind} join rejected on rejected.record = records.rowid" for kind in ("semi", "anti"))


@dataclass(frozen=True)
class Reject:
    """A rejected record: its first physical line, the contract's column at fault, why, and the bytes in the file.

    `amount` is its money as written in the file, None if it has none or its fields can't be separated; `header` is the
    file's name of the column, if known.
    """

    line: int
    column: str | None
    reason: str
    detail: str
    raw: bytes
    amount: str | None = None
    header: str | None = None


def reject_rows(database: duckdb.DuckDBPyConnection, rules: TableRules, restriction: str = "") -> int:
    """Fill the table `rejected` from the table `records`, and return the number of rows in it.

    Args:
        database: The connection with the table `records`.
        rules: The rules of the file.
        restriction: See `TableRules.rows`.
    """
    cases = " ".join(
        f"when {rule.condition} then {number}" for number, rule in enumerate(rules.rules) if rule.condition
    )
    judged = f"case {cases} end" if cases else "null::integer"
    rejected = changed_rows(
        database,
        f"""
        create or replace table rejected as
        with judged as (
            select record, {judged} as rule from ({rules.rows(restriction)})
        )
        from judged where rule is not null
        """,
    )
    duplicate = len(rules.rules) - 1
    if key := rules.values.get(str(rules.rules[duplicate].column)):
        restriction = NOT_REJECTED if rejected else ""
        rejected += _reject_duplicates(database, rules.rows(restriction), key, duplicate)
    return rejected


def _reject_duplicates(database: duckdb.DuckDBPyConnection, rows: str, key: str, rule: int) -> int:
    """Of several records with the same key the last one counts: exports write corrections after what they correct."""
    keys = f"select record, {key} as key from ({rows}) where {key} <> ''"
    repeated = f"select key, max(record) as last from ({keys}) group by key having count(*) > 1"
    if not changed_rows(database, f"create or replace table repeated as {repeated}"):
        return 0
    return changed_rows(
        database,
        f"""
        insert into rejected
        select keys.record, {rule}
        from ({keys}) as keys
        inner join repeated on repeated.key = keys.key
        where keys.record < repeated.last
        """,
    )


def number_repeats(database: duckdb.DuckDBPyConnection, rules: TableRules, rows: str) -> bool:
    """Number equal rows without a key in the order of the file, so that each gets its own.

    Args:
        database: The connection with the table `records`.
        rules: The rules of the file.
        rows: The query for the rows without a key that are not rejected.

    Returns:
        Whether there are any; only then there is a table `repeats`.
    """
    repeated = f"select {rules.row_hash} as hash from ({rows}) group by hash having count(*) > 1"
    # Few rows are repeated, and the content of the others is not needed.
    if not changed_rows(database, f"create or replace table repeated as {repeated}"):
        return False
    database.execute(
        f"""
        create or replace table repeats as
        select record, row_number() over (partition by {rules.row_text} order by record) as occurrence
        from ({rows})
        where {rules.row_hash} in (from repeated)
        """
    )
    return True


def rejected_money(
    database: duckdb.DuckDBPyConnection, rules: TableRules, table: Table
) -> tuple[Decimal, Decimal, int]:
    """Return the money in rejected rows and in all, without signs, and how many rejected rows have money unread."""
    harmless = [i for i, rule in enumerate(rules.rules) if rule.reason in (DUPLICATE_KEY, REPEATED_HEADER)]
    amounts = [i for i, rule in enumerate(rules.rules) if rule.column in table.money]
    row = database.execute(
        f"""
        with moneys as (
            select try_cast({rules.money} as decimal(38, 6)) as money, rejected.rule
            from ({rules.rows()}) as records left join rejected on rejected.record = records.record
        ),
        accepted as (
            select coalesce(sum(money), 0) as net, coalesce(sum(abs(money)), 0) as total
            from moneys where rule is null
        )
        select
            max(accepted.total),
            -- A row that repeats the total of all others is a sum below the table, and no money is lost with it.
            coalesce(sum(abs(money)) filter (
                rule is not null and not list_contains($1, rule) and money <> accepted.net
            ), 0),
            count(*) filter (money is null and list_contains($2, rule))
        from moneys, accepted
        """,
        [harmless, amounts],
    ).fetchone()
    accepted, lost, unread = row or (0, 0, 0)
    return lost, accepted + lost, unread


def changed_rows(database: duckdb.DuckDBPyConnection, statement: str) -> int:
    """Return how many rows a statement wrote."""
    row = database.execute(statement).fetchone()
    return int(row[0]) if row else 0


def read_rejects(database: duckdb.DuckDBPyConnection, records: Records, rules: TableRules) -> Iterator[Reject]:
    """Yield the rejected records in the order of their lines."""
    details = " ".join(f"when {number} then {rule.detail}" for number, rule in enumerate(rules.rules))
    cursor = database.cursor().execute(
        f"""
        with lines as (
            {records.lines}
        ),
        judged as (
            select
                lines.line, rejected.rule, null as reason, case rejected.rule {details} end as detail,
                {rules.money} as amount,
                pieces.start, lines.record - pieces.record as number,
                if(pieces.count = 1, pieces.size, null) as size
            from rejected
            inner join ({rules.rows(REJECTED)}) as records on records.record = rejected.record
            inner join lines on lines.record = rejected.record
            asof inner join (from pieces where reason is null) as pieces on rejected.record >= pieces.record
        )
        from judged
        union all
        select line, null, reason, null, null, start, 0, size from pieces where reason is not null
        order by line
        """
    )
    while found := cursor.fetchmany(1000):
        raws = records.raw(row[-3:] for row in found)
        for (line, number, reason, detail, amount, *_), raw in zip(found, raws, strict=True):
            if reason is not None:
                yield Reject(line, None, reason, REASONS[reason], raw)
            else:
                rule = rules.rules[number]
                header = rules.headers.get(rule.column or "")
                yield Reject(line, rule.column, rule.reason, detail, raw, amount, header)
