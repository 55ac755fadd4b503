"""What the tests of the dbt project share; the fixtures that build marts are in `tests/conftest.py`."""

from __future__ import annotations

import psycopg

from tests.conftest import Dbt as Dbt
from tests.conftest import Environment as Environment


def query(environment: Environment, statement: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    with psycopg.connect(
        host=environment["PGHOST"],
        port=environment["PGPORT"],
        user=environment["PGUSER"],
        dbname=environment["PGDATABASE"],
    ) as connection:
        return connection.execute(statement).fetchall()  # type: ignore[arg-type]
