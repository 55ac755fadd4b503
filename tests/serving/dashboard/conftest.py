"""The dashboard on the marts of the small files, which it reads as `bi_reader`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from psycopg import sql
from psycopg.rows import dict_row
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from loaders.contract.tables import Contract
from loaders.destinations.postgres.connection import SERVER_VARIABLES
from loaders.destinations.postgres.roles import init_roles
from tests.conftest import ROOT, Environment
from tests.serving.conftest import connect

APP = ROOT / "serving" / "dashboard" / "app.py"
# A page within the frame's answer to errors; which page `AppTest` opens of an app with several can't be chosen.
PAGE = """
from serving.dashboard.states import explained
from serving.dashboard.views import {page}

with explained():
    {page}.show()
"""

Rows = list[dict[str, Any]]
Open = Callable[..., AppTest]
Query = Callable[..., Rows]


@pytest.fixture(scope="session")
def copy_database(built: Environment, contract: Contract) -> Callable[[str], Environment]:
    """Make a copy of the built database with roles, under a name."""

    def copy(name: str) -> Environment:
        with connect({**built, "PGDATABASE": "postgres"}) as admin:
            admin.execute(f"create database {name} template {built['PGDATABASE']}")
        environment = {**built, "PGDATABASE": name}
        with connect(environment) as admin:
            init_roles(admin, contract)
        return environment

    return copy


@pytest.fixture(scope="session")
def shown(copy_database: Callable[[str], Environment]) -> Environment:
    """A database of the small files, with late champions, of whom the files have none on their last day."""
    environment = copy_database("shown")
    with connect(environment) as admin:
        admin.execute(
            """
            insert into marts.audience_members
            select
                'late_champions', customer_id, as_of_date, as_of_date, 'Bought often.', 'treated', 0.1, true, as_of_date
            from marts.customer_profiles
            cross join marts.metrics_summary
            where customer_id <> '(unknown)'
            order by total_spend desc
            limit 3
            """
        )
    return environment


@pytest.fixture(scope="session")
def emptied(copy_database: Callable[[str], Environment]) -> Environment:
    """A database that was built before any file was loaded: marts without rows, but for the summary of nothing."""
    environment = copy_database("emptied")
    with connect(environment) as admin:
        tables = admin.execute(
            "select schemaname, tablename from pg_tables where schemaname in ('marts', 'intermediate')"
        ).fetchall()
        for table in tables:
            if table[1] != "metrics_summary":
                admin.execute(sql.SQL("truncate {}").format(sql.Identifier(*table)))
        admin.execute("truncate raw.transactions")
    return environment


@pytest.fixture
def lead_to(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Environment], None]]:
    """Lead the dashboard in this process to a database; nothing is kept from the test before."""

    def lead(environment: Environment) -> None:
        for name in (*SERVER_VARIABLES, "PGPASSWORD"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        forget()

    def forget() -> None:
        st.cache_data.clear()
        st.cache_resource.clear()

    yield lead
    forget()


@pytest.fixture
def open_page(lead_to: Callable[[Environment], None], shown: Environment) -> Open:
    """Open a page on the small files, or on another database, with parameters in the address."""

    def opening(page: str, environment: Environment | None = None, **address: Any) -> AppTest:
        lead_to(shown if environment is None else environment)
        app = AppTest.from_file(APP) if page == "app" else AppTest.from_string(PAGE.format(page=page))
        app.default_timeout = 60
        # Without one, each `AppTest` looks for components in all installed packages, which takes longer than a page.
        app._bidi_component_manager = BidiComponentManager()
        for name, value in address.items():
            app.query_params[name] = value
        return app.run()

    return opening


@pytest.fixture
def query(shown: Environment) -> Query:
    """Ask the database of the small files, as its owner."""

    def ask(statement: str, *parameters: Any) -> Rows:
        with connect(shown) as admin, admin.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement, parameters).fetchall()

    return ask


@pytest.fixture(scope="session")
def artifacts() -> Path:
    """Where screenshots go; git does not know the folder."""
    folder = ROOT / "target" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
