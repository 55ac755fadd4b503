"""Loads, builds and quality as Prometheus metrics.

Labels are only names from the project (tables, models, checks, reasons, states), never files or customers, so their
number is bounded. Moments are seconds since 1970, never ages: in a file that is no longer updated an age would not
grow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from prometheus_client import CollectorRegistry, generate_latest, write_to_textfile
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg import sql
from psycopg.rows import tuple_row

from loaders.contract.tables import Contract
from loaders.destinations.postgres.connection import Connection
from loaders.errors import LoaderError
from loaders.operations.marts import SCHEMA

LEDGER = "loader"
Identifiers = Mapping[str, sql.Composable]


@dataclass(frozen=True)
class Measure:
    """Metrics from one query.

    Attributes:
        reads: Tables of the query, which has their names in braces.
        query: Returns the labels' values first, then a number for each metric; NULL if there is none.
        labels: Names of the labels.
        metrics: Meaning of each metric, by name.
    """

    reads: tuple[str, ...]
    query: str
    labels: tuple[str, ...]
    metrics: Mapping[str, str]

    def families(self, rows: Iterable[Sequence[Any]]) -> Iterator[Metric]:
        """Return the metrics with the query's numbers; one that never decreases ends with `_total`."""
        listed = sorted(rows, key=lambda row: tuple(row[: len(self.labels)]))
        for position, (name, meaning) in enumerate(self.metrics.items(), start=len(self.labels)):
            family_type = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
            family = family_type(name, meaning, labels=self.labels)
            for row in listed:
                if row[position] is not None:
                    family.add_metric([str(value) for value in row[: len(self.labels)]], float(row[position]))
            if family.samples:
                yield family

    def composed(self, identifiers: Identifiers) -> sql.Composed:
        """Return the query with the names of its tables."""
        return sql.SQL(self.query).format(**{name: identifiers[name] for name in self.reads})


LEDGER_MEASURES = (
    Measure(
        ("loads",),
        """
        select table_name, status, count(*)
        from {loads} where undone_load_id is null and status <> 'forgotten' group by table_name, status
        """,
        ("table", "status"),
        {"loader_loads": "Files that the loader tried to load, by outcome."},
    ),
    Measure(
        ("loads",),
        """
        select
            table_name,
            extract(epoch from max(finished_at) filter (where status = 'loaded' and undone_load_id is null)),
            extract(epoch from max(finished_at) filter (where status in ('loaded', 'forgotten'))),
            cast((array_agg(status order by load_id desc) filter (
                where status not in ('running', 'forgotten') and undone_load_id is null
            ))[1] in ('refused', 'failed') as int)
        from {loads} group by table_name
        """,
        ("table",),
        {
            "loader_last_success_timestamp_seconds": "End of the last load that succeeded.",
            "loader_last_change_timestamp_seconds": "The same, or the moment of an undo or of a forgotten customer.",
            "loader_last_load_failed": "1 if the last file was refused or its load failed, else 0.",
        },
    ),
    Measure(
        ("loads",),
        """
        select table_name, outcome, sum(row_count)
        from {loads} cross join lateral (
            values ('inserted', rows_inserted), ('updated', rows_updated), ('unchanged', rows_unchanged),
                ('rejected', rows_rejected)
        ) as outcomes (outcome, row_count)
        where undone_load_id is null and status <> 'forgotten' and row_count is not null group by table_name, outcome
        """,
        ("table", "outcome"),
        {"loader_rows_total": "Rows of all files so far, including undone ones, by outcome."},
    ),
    Measure(
        ("loads",),
        """
        select distinct on (table_name) table_name, rows_read, rows_rejected
        from {loads} where undone_load_id is null and rows_read is not null order by table_name, load_id desc
        """,
        ("table",),
        {
            "loader_last_load_rows_read": "Rows of the last file that was read completely.",
            "loader_last_load_rows_rejected": "Rejected rows of that file.",
        },
    ),
    Measure(
        ("loads", "rejected_rows"),
        """
        select table_name, reason, count(*)
        from {rejected_rows} inner join {loads} using (load_id) group by table_name, reason
        """,
        ("table", "reason"),
        {"loader_rejected_rows_total": "Rows in quarantine."},
    ),
)

MART_MEASURES = (
    Measure(
        ("metrics_summary",),
        "select extract(epoch from max(as_of_date)) from {metrics_summary}",
        (),
        {"marts_as_of_date_timestamp_seconds": "Start, in UTC, of the day that the marts describe."},
    ),
    Measure(
        ("load_history",),
        "select extract(epoch from max(finished_at) filter (where status = 'loaded')) from {load_history}",
        (),
        {"marts_last_load_timestamp_seconds": "End of the last load that the marts include."},
    ),
)

OPERATIONS_MEASURES = (
    Measure(
        ("build_history",),
        """
        select
            extract(epoch from max(started_at)),
            extract(epoch from max(started_at) filter (where invocation_status = 'succeeded')),
            (array_agg(invocation_seconds order by started_at desc))[1],
            cast((array_agg(invocation_status order by started_at desc))[1] = 'failed' as int)
        from {build_history} where command in ('build', 'run') having count(*) > 0
        """,
        (),
        {
            "dbt_last_build_timestamp_seconds": "Start of the last build that was recorded.",
            "dbt_last_successful_build_timestamp_seconds": "Start of the last build without an error.",
            "dbt_last_build_duration_seconds": "Time that the last build took, tests included.",
            "dbt_last_build_failed": "1 if a model or test of the last build failed, else 0.",
        },
    ),
    Measure(
        ("build_history",),
        """
        select distinct on (model_name) model_name, seconds
        from {build_history} where model_name is not null and status = 'success' order by model_name, started_at desc
        """,
        ("model",),
        {"dbt_model_duration_seconds": "Time that the model took when it was last built."},
    ),
    Measure(
        ("test_history",),
        """
        select status, count(*) from (
            select distinct on (test_name, model_name) status
            from {test_history} where status <> 'skipped' order by test_name, model_name, started_at desc
        ) as last_runs group by status
        """,
        ("status",),
        {"dbt_tests": "Tests, by their last outcome."},
    ),
    Measure(
        ("data_quality_report",),
        """
        select check_name, table_name, severity, rows_checked, rows_failed, amount_affected, share_failed
        from {data_quality_report}
        """,
        ("check", "table", "severity"),
        {
            "quality_checked_rows": "Rows that were checked.",
            "quality_failed_rows": "Rows that failed.",
            "quality_affected_amount": "Money in these rows, in the reporting currency.",
            "quality_failed_share": "Share of the rows that failed, from 0 to 1.",
        },
    ),
)


def newest_rows(contract: Contract, readable: Iterable[tuple[str, str]]) -> tuple[Measure, Identifiers]:
    """Return the measure of when a row last changed in each raw table, and the names of its tables."""
    known = {(table.schema, table.name) for table in contract.copied_tables}
    identifiers = {f"{schema}.{name}": sql.Identifier(schema, name) for schema, name in sorted(known & set(readable))}
    tables = {name.replace(".", "_"): identifier for name, identifier in identifiers.items()}
    query = " union all ".join(
        f"select '{name}', extract(epoch from max(_loaded_at)) from {{{key}}}"
        for name, key in zip(identifiers, tables, strict=True)
    )
    meaning = "Last moment a load wrote one of the rows that are there now."
    return Measure(tuple(tables), query, ("table",), {"loader_newest_row_timestamp_seconds": meaning}), tables


class Moment(Collector):
    """Metrics of one moment, for a registry."""

    def __init__(self, families: Iterable[Metric]) -> None:
        """Keep them."""
        self._families = list(families)

    def collect(self) -> Iterable[Metric]:
        """Return them."""
        return self._families


def read_metrics(connection: Connection, contract: Contract) -> CollectorRegistry:
    """Read all metrics, except those whose table does not exist or may not be read.

    Args:
        connection: Connection in autocommit mode.
        contract: The contract, for the raw tables.
    """
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        # Each query has a snapshot of its own: in an older one, a mart that was rebuilt meanwhile would be empty.
        cursor.execute("set transaction isolation level read committed, read only")
        readable = _readable(cursor)
        identifiers = {name: sql.Identifier(schema, name) for schema, name in readable if schema in (LEDGER, SCHEMA)}
        families: list[Metric] = []
        for measure in (*LEDGER_MEASURES, *MART_MEASURES, *OPERATIONS_MEASURES):
            if identifiers.keys() >= set(measure.reads):
                families += measure.families(cursor.execute(measure.composed(identifiers)).fetchall())
        newest, tables = newest_rows(contract, readable)
        if tables:
            families += newest.families(cursor.execute(newest.composed(tables)).fetchall())
        row = cursor.execute("select extract(epoch from now())").fetchone()
    written = Measure((), "", (), {"loader_metrics_timestamp_seconds": "Moment that these metrics describe."})
    registry = CollectorRegistry()
    registry.register(Moment([*families, *written.families([row] if row else [])]))
    return registry


def as_text(registry: CollectorRegistry) -> str:
    """Return metrics in the text format of Prometheus."""
    return generate_latest(registry).decode()


def write_textfile(registry: CollectorRegistry, file: Path) -> None:
    """Write metrics for the node exporter's textfile collector, all of them or none.

    Raises:
        LoaderError: The file can't be written.
    """
    try:
        write_to_textfile(str(file), registry)
    except OSError as error:
        raise LoaderError(f"{file} can't be written: {error.strerror}.", "Check its folder.") from error


def _readable(cursor: psycopg.Cursor[Any]) -> list[tuple[str, str]]:
    """Return schema and name of the tables that the user may read."""
    return cursor.execute(
        """
        select nspname, relname
        from pg_catalog.pg_class inner join pg_catalog.pg_namespace on relnamespace = pg_namespace.oid
        where relkind in ('r', 'p', 'v', 'm') and nspname !~ '^pg_'
            and has_schema_privilege(relnamespace, 'usage') and has_table_privilege(pg_class.oid, 'select')
        """
    ).fetchall()
