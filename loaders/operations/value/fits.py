"""Fits of customer value: from what dbt summed up of each customer to parameters in `loader.value_fits`.

dbt sums up customers as of the day of the marts and as of the day from which the back-test predicts; a fit of either
knows only what was known on that day. The next build of the selector `value` uses the latest fit that a day could know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
import psycopg

from loaders.destinations.base import Destination
from loaders.destinations.duckdb.connection import transaction
from loaders.destinations.duckdb.destination import DuckDb
from loaders.destinations.postgres.connection import Connection
from loaders.destinations.postgres.destination import Postgres
from loaders.errors import LoaderError
from loaders.operations.value.likelihoods import Numbers, fit_bg_nbd, fit_gamma_gamma
from loaders.project import Project

DAYS_IN_A_WEEK = 7
_SUMMARIES = "intermediate.int_value_summaries"


@dataclass(frozen=True)
class Fit:
    """What was found of the customers known on a day.

    Attributes:
        as_of_date: Last day whose purchases count.
        customers: Number of buyers.
        repeat_customers: Those who had bought on more than one day.
        models: Parameters and log-likelihood by the names of the models; none if there are too few repeat customers.
    """

    as_of_date: date
    customers: int
    repeat_customers: int
    models: dict[str, dict[str, float]]

    @property
    def sentence(self) -> str:
        """What was found, in a line."""
        if not self.customers:
            return f"As of {self.as_of_date} there are no customers to fit."
        counted = f"As of {self.as_of_date} {self.repeat_customers:,} of {self.customers:,} customers had bought again"
        if not self.models:
            return f"{counted}: no fit, so all are expected to buy as often as before."
        listed = (
            f"{model} with {', '.join(f'{name} {value:.6g}' for name, value in parameters.items())}"
            for model, parameters in self.models.items()
        )
        return f"{counted}: {'; '.join(listed)}."


class Database:
    """The few queries that a fit needs, in the same words for PostgreSQL and DuckDB."""

    def __init__(self, connection: Connection | duckdb.DuckDBPyConnection) -> None:
        """Keep the connection, PostgreSQL's in autocommit mode."""
        self._connection = connection

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a statement, whose parameters are $1, $2, ...

        Raises:
            LoaderError: A table of the statement does not exist.
        """
        try:
            if isinstance(self._connection, duckdb.DuckDBPyConnection):
                return self._connection.execute(statement, list(values)).fetchall()
            cursor = psycopg.RawCursor(self._connection).execute(statement, values)
            return cursor.fetchall() if cursor.description else []
        except (duckdb.CatalogException, psycopg.errors.UndefinedTable) as error:
            raise LoaderError("The customers are not summed up yet.", "Run `dbt build` first.") from error

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Open a transaction."""
        if isinstance(self._connection, duckdb.DuckDBPyConnection):
            with transaction(self._connection):
                yield
        else:
            with self._connection.transaction():
                yield


def database_of(destination: Destination) -> Database:
    """Return the database of a destination.

    Raises:
        LoaderError: It is a folder of Parquet files.
    """
    if isinstance(destination, Postgres | DuckDb):
        return Database(destination.connection)
    raise LoaderError("Parquet files can't be fitted.", "Use PostgreSQL, or --to duckdb:FILE.")


def is_due(connection: Connection, project: Project) -> bool:
    """Whether a fit is due: nothing was fitted yet, or the marts have moved on by the days of var `value_fit_days`.

    Args:
        connection: Connection in autocommit mode.
        project: The dbt project, for its vars.
    """
    days = int(project.vars.get("value_fit_days", 30))
    try:
        ((as_of_date, fitted),) = Database(connection).execute(
            f"""
            select max(summaries.summary_date), max(fits.as_of_date)
            from (select max(summary_date) as summary_date from {_SUMMARIES}) as summaries
            left join loader.value_fits as fits on summaries.summary_date >= fits.as_of_date
            """
        )
    except LoaderError:
        return False
    return as_of_date is not None and (fitted is None or fitted + timedelta(days=days) <= as_of_date)


def fit_values(database: Database, project: Project) -> list[Fit]:
    """Fit the models as of each day that dbt summed up the customers of, and write down what was found.

    A day with too few repeat customers loses an earlier fit.

    Args:
        database: Where dbt has built `int_value_summaries`.
        project: The dbt project, for its vars.

    Returns:
        The fits, the latest day first.

    Raises:
        LoaderError: dbt has not summed up the customers yet.
    """
    least = int(project.vars.get("value_min_repeat_customers", 200))
    days = database.execute(f"select distinct summary_date from {_SUMMARIES} order by summary_date desc")
    fits = [_fit(database, day, least) for (day,) in days]
    with database.transaction():
        for fit in fits:
            _write(database, fit)
    return fits


def _fit(database: Database, day: date, least: int) -> Fit:
    summaries = database.execute(
        f"""
        select frequency, recency_days, tenure_days, count(*)
        from {_SUMMARIES} where summary_date = $1
        group by frequency, recency_days, tenure_days
        order by frequency, recency_days, tenure_days
        """,
        day,
    )
    frequency, recency, tenure, counts = _columns(summaries, 4)
    customers, repeat_customers = int(counts.sum()), int(counts[frequency > 0].sum())
    if repeat_customers < least:
        return Fit(day, customers, repeat_customers, {})
    values = database.execute(
        f"""
        select frequency, monetary_value, count(*)
        from {_SUMMARIES} where summary_date = $1 and frequency > 0 and monetary_value > 0
        group by frequency, monetary_value
        order by frequency, monetary_value
        """,
        day,
    )
    found = {
        "bg_nbd": fit_bg_nbd(frequency, recency / DAYS_IN_A_WEEK, tenure / DAYS_IN_A_WEEK, counts),
        "gamma_gamma": fit_gamma_gamma(*_columns(values, 3)) if values else None,
    }
    models = {name: parameters for name, parameters in found.items() if parameters}
    # Each model needs the other: expected revenue is purchases times their value.
    return Fit(day, customers, repeat_customers, models if len(models) == len(found) else {})


def _columns(rows: Sequence[tuple[Any, ...]], number: int) -> list[Numbers]:
    return list(np.array(rows, dtype=float).reshape(-1, number).T)


def _write(database: Database, fit: Fit) -> None:
    database.execute("delete from loader.value_fits where as_of_date = $1", fit.as_of_date)
    now = datetime.now(UTC)
    for model, parameters in fit.models.items():
        for parameter, value in parameters.items():
            database.execute(
                """
                insert into loader.value_fits (
                    as_of_date, model, parameter, value, customers, repeat_customers, fitted_at
                ) values ($1, $2, $3, $4, $5, $6, $7)
                """,
                *(fit.as_of_date, model, parameter, Decimal(repr(value))),
                *(fit.customers, fit.repeat_customers, now),
            )
