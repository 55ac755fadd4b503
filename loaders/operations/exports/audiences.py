"""Export who entered and who left an audience: each change once, even if an export is killed.

What changed is written down in the ledger first, in one statement with the export's number. Only then the file is
written, under a name with that number, and last the ledger says that it is complete. Whatever moment a kill hits, the
next call finds either nothing or an export without a complete file, and writes that file under the same name.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from loaders.destinations.postgres.connection import Connection
from loaders.errors import LoaderError
from loaders.operations.export_formats import without_formula
from loaders.operations.exports.marts import explained
from loaders.project import Project

MEMBERS_MART = "audience_members"
HEADER = ("export_id", "audience", "change", "customer_id", "email", "customer_name", "entered_on", "reason")

# The state that a customer should be in comes from the mart, the one that was given out from the last change. Refusals
# are a view, so that those loaded after the build count. A customer who was given out and is now held out leaves first.
_BEGIN = """
    with target as materialized (
        select customer_id, entered_on, reason, hold_out_share, assignment
        from marts.audience_members as members
        where
            audience = %(audience)s
            and not exists (
                select from intermediate.int_contact_refusals as refusals
                where refusals.customer_id = members.customer_id
            )
    ),
    given as (
        select distinct on (customer_id) customer_id, change
        from loader.audience_changes inner join loader.audience_exports using (export_id)
        where audience = %(audience)s
        order by customer_id, export_id desc
    ),
    compared as (
        select
            customer_id,
            given.change as former,
            case
                when target.assignment = 'treated' then 'entered'
                when given.change = 'entered' then 'left'
                when target.assignment = 'hold-out' then 'held out'
                when given.change = 'held out' then 'released'
            end as change,
            target.entered_on,
            target.reason
        from target full join given using (customer_id)
    ),
    changes as (
        select customer_id, change, entered_on, reason from compared
        where change is not null and change is distinct from former
    ),
    begun as (
        insert into loader.audience_exports (audience, as_of_date, hold_out_share, started_at)
        select
            %(audience)s,
            (select max(as_of_date) from marts.metrics_summary),
            coalesce((select max(hold_out_share) from target), 0),
            clock_timestamp()
        where exists (select from changes)
        returning export_id
    )
    insert into loader.audience_changes (export_id, customer_id, change, entered_on, reason)
    select
        export_id,
        customer_id,
        change,
        case when change in ('entered', 'held out') then entered_on end,
        case when change in ('entered', 'held out') then reason end
    from changes cross join begun
"""
# Only matters for an export that broke off: a tool that has its file already must take the customer out again.
_WITHDRAW = """
    update loader.audience_changes as changes
    set change = 'left', entered_on = null, reason = null
    where
        export_id = %(export_id)s
        and change = 'entered'
        and (
            exists (
                select from intermediate.int_contact_refusals as refusals
                where refusals.customer_id = changes.customer_id
            )
            or exists (
                select from marts.audience_members as members
                where
                    members.audience = %(audience)s
                    and members.customer_id = changes.customer_id
                    and members.assignment = 'hold-out'
            )
        )
"""
_ROWS = """
    select change, customer_id, email, customer_name, entered_on, reason
    from loader.audience_changes left join marts.customer_profiles using (customer_id)
    where export_id = %(export_id)s and change in ('entered', 'left')
    order by change, customer_id
"""


@dataclass(frozen=True)
class AudienceExport:
    """A file of changes. `broke_off` marks an export that an earlier call had begun and this one completed."""

    export_id: int
    audience: str
    file: str
    entered: int
    left: int
    broke_off: bool


def export_audience(
    connection: Connection, project: Project, audience: str, folder: Path, *, raw: bool = False
) -> list[AudienceExport]:
    """Write who entered and who left an audience since the last export to a CSV file in a folder.

    An export that broke off is completed first, under its own number and name. Customers who are held out, refused
    consent or are on the suppression list are in no file; who of them was given out earlier leaves.

    Args:
        connection: Connection in autocommit mode, of a user who may write to the ledger.
        project: The dbt project, for the names of its audiences.
        audience: Name of the audience.
        folder: Where to write to, the same each time; it is created if needed.
        raw: Don't escape text that a spreadsheet would run as a formula.

    Returns:
        The exports, none if nothing has changed.

    Raises:
        LoaderError: There is no such audience, it is not built, the folder can't be written to, or the database
            refuses.
    """
    _refuse_unknown(project, audience)
    try:
        with explained(folder), _only_export(connection, audience):
            folder.mkdir(parents=True, exist_ok=True)
            completed = [
                _complete(connection, audience, export_id, folder, raw=raw, broke_off=True)
                for export_id in _incomplete(connection, audience)
            ]
            connection.execute(_BEGIN, {"audience": audience})
            begun = [
                _complete(connection, audience, export_id, folder, raw=raw, broke_off=False)
                for export_id in _incomplete(connection, audience)
            ]
            return completed + begun
    except LoaderError as error:
        if isinstance(error.__cause__, psycopg.errors.UndefinedTable):
            raise LoaderError("The audiences are not built yet.", "`loader init` and `dbt build` do so.") from error
        if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            raise LoaderError(
                "No permission to read the audience, or to write down in the ledger what is given out.",
                "Export as a member of the roles analytics_builder and analytics_loader (`loader init --roles`).",
            ) from error
        raise


def _refuse_unknown(project: Project, audience: str) -> None:
    found = {file.stem for file in (project.root / "models" / "marts" / "audiences").glob("*.sql")} - {MEMBERS_MART}
    if audience not in found:
        raise LoaderError(f"There is no audience {audience!r}.", f"The audiences are {', '.join(sorted(found))}.")


@contextmanager
def _only_export(connection: Connection, audience: str) -> Iterator[None]:
    """Wait for another export of the audience, and keep others waiting."""
    # A server process whose client was killed should notice and release the lock.
    connection.execute("set client_connection_check_interval = '1s'")
    key = (f"audience {audience}",)
    connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", key)
    try:
        yield
    finally:
        with suppress(psycopg.Error):
            connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", key)


def _incomplete(connection: Connection, audience: str) -> list[int]:
    query = "select export_id from loader.audience_exports where audience = %s and written_at is null order by 1"
    return [export_id for (export_id,) in connection.execute(query, (audience,)).fetchall()]


def _complete(
    connection: Connection, audience: str, export_id: int, folder: Path, *, raw: bool, broke_off: bool
) -> AudienceExport:
    """Write the file of an export that is in the ledger, and say there that it is complete."""
    values = {"audience": audience, "export_id": export_id}
    with connection.transaction():
        connection.execute(_WITHDRAW, values)
        rows = connection.execute(_ROWS, values).fetchall()
    file = folder / f"{audience}_{export_id:06}.csv"
    _write(file, [[export_id, audience, *row] for row in rows], raw=raw)
    query = "update loader.audience_exports set written_at = clock_timestamp() where export_id = %s"
    connection.execute(query, (export_id,))
    entered = sum(change == "entered" for change, *_ in rows)
    return AudienceExport(export_id, audience, file.name, entered, len(rows) - entered, broke_off)


def _write(file: Path, rows: list[list[object]], *, raw: bool) -> None:
    """Write a CSV file that appears under its name when all of it is on the disk."""
    partial = file.with_name(f".{file.name}.partial")
    # Only the owner may read customers' data.
    opened = os.open(partial, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with open(opened, "w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(HEADER)
        for row in rows:
            writer.writerow([without_formula(cell) if isinstance(cell, str) and not raw else cell for cell in row])
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)
    folder = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # the new name, too
    finally:
        os.close(folder)
