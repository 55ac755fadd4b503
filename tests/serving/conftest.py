"""The read API on the marts of the small files, answering on a port of its own."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import uvicorn
from fastapi import FastAPI
from limits import parse
from psycopg.rows import tuple_row

from loaders.contract.tables import Contract
from loaders.destinations.postgres.roles import init_roles
from loaders.operations.builds import read_build, record_build
from loaders.project import Project
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from tests.conftest import Dbt, Environment

# Lines that `order_lines` gets on top, so that an answer does not fit into what sockets hold.
MORE_LINES = 20_000
OFTEN = parse("1000000/minute")


def connect(environment: Environment) -> psycopg.Connection[Any]:
    return psycopg.connect(
        host=environment["PGHOST"],
        port=environment["PGPORT"],
        user=environment["PGUSER"],
        dbname=environment["PGDATABASE"],
        autocommit=True,
        row_factory=tuple_row,
    )


@pytest.fixture(scope="session")
def marts(built: Environment, project: Project, contract: Contract, dbt: Dbt, dbt_folder: Path) -> Environment:
    """A copy of the built database with a test that was run and recorded, roles and many more order lines."""
    dbt(built, "test", "--write-json", "--select", "load_history")
    with connect(built) as admin:
        record_build(admin, project, read_build(project, dbt_folder / "target"))
    with connect({**built, "PGDATABASE": "postgres"}) as admin:
        admin.execute("create database served template " + built["PGDATABASE"])
    environment = {**built, "PGDATABASE": "served"}
    with connect(environment) as admin:
        init_roles(admin, contract)
        admin.execute(
            """
            insert into marts.order_lines (transaction_id, order_id, customer_id, product_id,
                category, customer_segment, age_group, location, quantity, amount, original_amount, currency,
                transaction_date, transacted_at)
            select 'more_' || number, 'more', 'more', 'more', 'More', '(unknown)', '(unknown)',
                '(unknown) ' || repeat('x', 500), 1, number / 100.0, number / 100.0, 'USD',
                '2024-01-01', '2024-01-01'
            from generate_series(1, %s) as number
            """,
            (MORE_LINES,),
        )
    return environment


@pytest.fixture(scope="session")
def manifest(built_project: Path) -> Path:
    return built_project / "target" / "manifest.json"


@pytest.fixture(scope="session")
def few_marts(manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The manifest with four marts, for tests with an app of their own: one with all marts takes a second to make."""
    nodes = json.loads(manifest.read_text())["nodes"]
    file = tmp_path_factory.mktemp("few_marts") / "manifest.json"
    names = ("category_kpis", "load_history", "metrics_summary", "order_lines")
    file.write_text(json.dumps({"nodes": {key: node for key, node in nodes.items() if node["name"] in names}}))
    return file


@pytest.fixture(scope="session")
def app(project: Project, marts: Environment, manifest: Path) -> FastAPI:
    return create_app(project, ApiSettings(rate_limit=OFTEN), marts, manifest)


@contextmanager
def serve(app: FastAPI) -> Iterator[httpx.Client]:
    """Serve an app on a free port, in a thread, and give a client for it."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    with httpx.Client(base_url=f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=60) as client:
        yield client
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="session")
def client(app: FastAPI) -> Iterator[httpx.Client]:
    with serve(app) as client:
        yield client
