"""What dbt's checks found in the data: the report, and the rows behind one of its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import psycopg
from psycopg.rows import class_row

from loaders.destinations.postgres.connection import Connection
from loaders.errors import LoaderError


@dataclass(frozen=True)
class Check:
    """A row of `marts.data_quality_report`; amounts are in the reporting currency, shares from 0 to 1."""

    check_name: str
    severity: str
    description: str
    table_name: str
    counted: str
    rows_checked: int
    rows_failed: int
    share_failed: Decimal | None
    amount_affected: Decimal | None
    share_of_revenue: Decimal | None


@dataclass(frozen=True)
class Issue:
    """Something that fails a check: the table and its item, such as a key or a day, the reason, and its money."""

    table_name: str
    item: str
    reason: str | None
    amount: Decimal | None


def read_checks(connection: Connection, limit: int | None = None) -> list[Check]:
    """Return the checks: failing ones first, by severity, then by money and rows.

    Raises:
        LoaderError: The marts are not built.
    """
    try:
        with connection.cursor(row_factory=class_row(Check)) as cursor:
            return cursor.execute(
                """
                select
                    check_name, severity, description, table_name, counted, rows_checked, rows_failed, share_failed,
                    amount_affected, share_of_revenue
                from marts.data_quality_report
                order by
                    rows_failed = 0,
                    array_position(array['error', 'warning', 'info'], severity),
                    abs(coalesce(amount_affected, 0)) desc,
                    rows_failed desc,
                    check_name
                limit %s
                """,
                (limit,),
            ).fetchall()
    except psycopg.errors.UndefinedTable as error:
        raise _not_built() from error


def read_issues(connection: Connection, check_name: str, limit: int | None = None) -> tuple[Check, list[Issue]]:
    """Return a check and what fails it, the highest amount first.

    Raises:
        LoaderError: There is no such check, or the marts are not built.
    """
    checks = {check.check_name: check for check in read_checks(connection)}
    if check_name not in checks:
        raise LoaderError(f"There is no check {check_name!r}.", "See `loader quality`.")
    try:
        with connection.cursor(row_factory=class_row(Issue)) as cursor:
            issues = cursor.execute(
                """
                select table_name, item, reason, amount
                from intermediate.int_quality_issues
                where check_name = %s
                order by abs(coalesce(amount, 0)) desc, item
                limit %s
                """,
                (check_name, limit),
            ).fetchall()
    except psycopg.errors.UndefinedTable as error:
        raise _not_built() from error
    return checks[check_name], issues


def _not_built() -> LoaderError:
    return LoaderError("The data quality report is not built.", "Run `dbt build`.")
