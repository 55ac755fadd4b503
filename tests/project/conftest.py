"""What the tests of the dbt project share; the fixtures that build marts are in `tests/conftest.py`."""

from __future__ import annotations

from tests.conftest import Dbt as Dbt
from tests.conftest import Environment as Environment
from tests.conftest import connect_to


def query(environment: Environment, statement: str) -> list[tuple[object, ...]]:
    """Return the rows of a query."""
    with connect_to(environment) as connection:
        return connection.execute(statement).fetchall()  # type: ignore[arg-type]
