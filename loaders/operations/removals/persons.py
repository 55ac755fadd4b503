"""A customer in the raw tables: the identifiers of one person, and the rows that are about them.

An identifier is written as the marts have it: `c1` for a customer of the shop's own files, `etsy:ann` for one of
another source, and `email_` with a hash for somebody known by an e-mail address only. So addresses need no comparison
of their own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import psycopg
from psycopg import sql

from loaders.contract.quoting import identifier
from loaders.contract.tables import Column, Contract, Table
from loaders.destinations.postgres.connection import Connection
from loaders.errors import LoaderError

_BUILD = "Run `dbt build` first."
_IDS = ("customer_id", "id")
_EMAIL_ID = sql.SQL("'email_' || md5(lower(nullif(trim({}), '')))")
# A customer has the identifier of one source, those of others with the same e-mail address, and addresses.
_SAME = """
    with named as (
        select unnest(%(names)s::text[]) as customer_id
    ),
    customers as (
        select customer_id from named
        union
        select emails.customer_id
        from intermediate.int_customer_emails as emails
        inner join named on emails.email_customer_id = named.customer_id
    )
    select customer_id from customers
    union
    select email_customer_id from intermediate.int_customer_emails inner join customers using (customer_id)
"""
# Whom the last build knew, and whether it gave them to another customer.
_KNOWN = """
    select customer_id, false from intermediate.int_source_customers where customer_id = any(%(names)s)
    union
    select email_customer_id, true from intermediate.int_customer_emails where email_customer_id = any(%(names)s)
    order by 2
"""


def find_ids(connection: Connection, contract: Contract, customer: str) -> list[str]:
    """Return all identifiers of the person whom one identifier or e-mail address names.

    Raises:
        LoaderError: The marts, which say who is one person, are not built, or lack what was loaded since.
    """
    name = unicodedata.normalize("NFC", customer).strip()
    row = connection.execute(sql.SQL("select {}").format(_EMAIL_ID.format(sql.Placeholder())), (name,)).fetchone()
    names = [name, row[0]] if row and "@" in name else [name]
    try:
        ids = {found for (found,) in connection.execute(_SAME, {"names": names}).fetchall()}
        both = [table for table in contract.copied_tables if _has(table, *_IDS) and _has(table, "email")]
        emails = _select(connection, both, "{email}", "{id} = any(%(ids)s)", ids) - ids
        files = [table for table in both if table.key.person or _has(table, "id")]  # of which customers are made
        sharing = _select(connection, files, "{id}", "{email} = any(%(ids)s)", ids | emails) - ids
        known = dict(connection.execute(_KNOWN, {"names": [*emails, *sharing]}).fetchall())
    except psycopg.errors.UndefinedTable as error:
        raise LoaderError("The marts, which say which customers are one, are not built yet.", _BUILD) from error
    if sharing - set(known):
        raise LoaderError("Customers were loaded since the marts were built; some may be the same person.", _BUILD)
    # An address on the person's rows that is nobody else's is the person's.
    of_others = _select(connection, both, "{email}", "{id} <> all(%(ids)s)", ids) & emails
    ids |= {email for email in emails - of_others if not known.get(email)}
    accounts = [table for table in contract.copied_tables if _has(table, "account") and _has(table, "email")]
    return sorted(ids | _select(connection, accounts, "{id}", "{email} = any(%(ids)s)", ids))


def is_of(table: Table) -> sql.Composable:
    """Return the condition that a row of a table, or of its history, is about the person with `%(ids)s`.

    The identifier says so; only in a row without one, the e-mail address does.
    """
    emails = [sql.SQL("{} = any(%(ids)s)").format(email_id(column.name)) for column in _columns(table, "email")]
    known = row_id(table)
    if known is None:
        return sql.SQL("({})").format(sql.SQL(" or ").join(emails)) if emails else sql.SQL("false")
    if not emails:
        return sql.SQL("{} = any(%(ids)s)").format(known)
    return sql.SQL("case when {0} is not null then {0} = any(%(ids)s) else {1} end").format(
        known, sql.SQL(" or ").join(emails)
    )


def mentions() -> sql.Composable:
    """Return the condition that a column unknown to the contract has an e-mail address of the person."""
    return sql.SQL(
        "(cast(_extra as text) like '%%@%%' and exists ("
        "select from jsonb_each_text(_extra) as pairs where {} = any(%(ids)s)))"
    ).format(_EMAIL_ID.format(sql.SQL("pairs.value")))


def row_id(table: Table) -> sql.Composable | None:
    """Return the identifier of whom a row is about, None if the table has only e-mail addresses."""
    columns = _columns(table, *_IDS, "account")
    if not columns:
        return None
    # Identifiers missing as columns are read from JSON.
    documents = [column.name for column in table.columns if column.data_type == "jsonb"]
    found = [
        sql.SQL("{} || nullif(trim({}), '')").format(sql.Literal(prefix_of(table, column)), value)
        for column in columns
        for value in (
            sql.Identifier(column.name),
            *(sql.SQL("({} ->> {})").format(sql.Identifier(name), sql.Literal(column.name)) for name in documents),
        )
    ]
    return sql.SQL("coalesce({})").format(sql.SQL(", ").join(found))


def email_id(column: str) -> sql.Composable:
    """Return the identifier that the marts derive from an e-mail address."""
    return _EMAIL_ID.format(sql.Identifier(column))


def prefix_of(table: Table, column: Column) -> str:
    """Return what the marts write before a column's identifiers."""
    return "" if column.person == "customer_id" else f"{table.source}:"


def _columns(table: Table, *kinds: str) -> list[Column]:
    return [column for column in table.columns if column.person in kinds]


def _has(table: Table, *kinds: str) -> bool:
    return bool(_columns(table, *kinds))


def _select(connection: Connection, tables: Iterable[Table], what: str, where: str, ids: set[str]) -> set[str]:
    """Return identifiers of rows with an identifier and an e-mail address."""
    found: set[str] = set()
    for table in tables:
        for email in _columns(table, "email"):
            names = {"id": row_id(table), "email": email_id(email.name)}
            query = sql.SQL(f"select distinct {what} from {{table}} where {where}").format(
                **names, table=identifier(table)
            )
            found |= {name for (name,) in connection.execute(query, {"ids": sorted(ids)}).fetchall() if name}
    return found
