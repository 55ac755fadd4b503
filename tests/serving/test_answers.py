"""How answers come: without a body, compressed, after a restart of PostgreSQL, from one of two databases."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg
import pytest
from psycopg import sql

from loaders.embedded.server import EmbeddedServer
from loaders.project import Project
from serving.api.app import COMPRESSED_BYTES, create_app
from serving.api.marts import read_catalogue
from serving.api.settings import ApiSettings
from tests.conftest import Environment
from tests.serving.conftest import OFTEN, connect, serve

READERS = 20


def make_mart(environment: Environment, manifest: Path, name: str) -> None:
    """Create a mart with one row, which has no values, in a database without any."""
    mart = read_catalogue(manifest)[name]
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.data_type)) for column in mart.columns
    ]
    with connect(environment) as admin:
        admin.execute("create schema if not exists marts")
        admin.execute(sql.SQL("create table {} ({})").format(mart.identifier, sql.SQL(", ").join(columns)))
        admin.execute(sql.SQL("insert into {} default values").format(mart.identifier))


@pytest.mark.parametrize("path", ["/health", "/marts", "/marts/category_kpis?limit=1", "/marts/order_lines?limit=5000"])
def test_head_is_get_without_the_body(client: httpx.Client, path: str) -> None:
    got, head = client.get(path), client.head(path)
    assert head.status_code == 200 and not head.content
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers.get("content-length") == got.headers.get("content-length")
    assert head.headers.get("link") == got.headers.get("link")
    assert client.head("/nothing").status_code == 404


def test_large_answers_are_compressed_for_those_who_ask(client: httpx.Client) -> None:
    for path in ("/marts/daily_sales", "/marts/order_lines?limit=5000&format=csv"):
        plain, packed = (client.get(path, headers={"Accept-Encoding": name}) for name in ("identity", "gzip"))
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.content == plain.content
        assert "Accept-Encoding" in packed.headers["vary"]
    small = client.get("/api/metrics/summary")
    assert len(small.content) < COMPRESSED_BYTES and "content-encoding" not in small.headers


def test_a_restart_of_postgresql_costs_no_reader_an_answer(
    project: Project, few_marts: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = EmbeddedServer(tmp_path_factory.mktemp("restarted"))
    server.start()
    try:
        environment = server.environment()
        for name in ("category_kpis", "metrics_summary"):
            make_mart(environment, few_marts, name)
        app = create_app(project, ApiSettings(rate_limit=OFTEN), environment, few_marts)
        answered: Counter[int] = Counter()
        done, began = threading.Event(), threading.Barrier(READERS + 1)
        with serve(app) as client:

            def read(number: int) -> None:
                path = ("/marts/category_kpis", "/api/metrics/summary", "/marts/category_kpis?limit=5000")[number % 3]
                with httpx.Client(base_url=client.base_url, timeout=60) as own:
                    answered[own.get(path).status_code] += 1
                    began.wait(30)
                    while not done.is_set():
                        # A stream that has begun can only break off.
                        with suppress(httpx.RemoteProtocolError):
                            answered[own.get(path).status_code] += 1

            readers = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
            for reader in readers:
                reader.start()
            began.wait(30)
            server.stop()
            server.start()
            done.set()
            for reader in readers:
                reader.join(60)
        assert set(answered) == {200}, answered
        assert answered[200] > 2 * READERS
    finally:
        server.stop()


def test_roles_of_another_database_on_the_server_change_nothing(
    project: Project, marts: Environment, few_marts: Path, new_database: Callable[[], Environment]
) -> None:
    environment = new_database()
    make_mart(environment, few_marts, "category_kpis")
    with connect(environment) as admin:
        assert admin.execute("select from pg_roles where rolname = 'bi_reader'").fetchone() is not None
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            admin.execute("set role bi_reader; select from marts.category_kpis")
    with serve(create_app(project, ApiSettings(), environment, few_marts)) as client:
        assert client.get("/marts/category_kpis").status_code == 200
