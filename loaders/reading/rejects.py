"""Reject rows: those that break a rule of the contract, and those whose key occurs again in a later row.

DuckDB's table `rejected` has the numbers of the record and of the rule that rejects it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from loaders.reading.grammar import REASONS
from loaders.reading.records import Records
from loaders.reading.rules import TableRules


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
        rejected += _reject_duplicates(database, rules, key, duplicate)
    return rejected


def _reject_duplicates(database: duckdb.DuckDBPyConnection, rules: TableRules, key: str, rule: int) -> int:
    """Of several records with the same key the last one counts: exports write corrections after what they correct."""
    keys = f"select record, {key} as key from ({rules.rows(NOT_REJECTED)}) where {key} <> ''"
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
