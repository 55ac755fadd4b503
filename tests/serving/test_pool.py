"""A reader who goes, stalls or asks for too much holds no connection."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from loaders.project import Project
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from tests.conftest import Environment
from tests.serving.conftest import OFTEN, connect, serve

SETTINGS = ApiSettings(rate_limit=OFTEN, pool_size=2)
STREAMED = "/marts/order_lines?limit=10000"


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never came to be"
        time.sleep(0.02)


def is_full(app: FastAPI) -> bool:
    stats = app.state.pool.get_stats()
    return bool(stats["pool_available"] == stats["pool_size"] > 0)


@pytest.fixture
def small(project: Project, marts: Environment, few_marts: Path) -> FastAPI:
    return create_app(project, SETTINGS, marts, few_marts)


def test_a_client_that_goes_mid_stream_leaks_nothing(small: FastAPI) -> None:
    with serve(small) as client:
        address = (client.base_url.host, client.base_url.port)
        for _ in range(2 * SETTINGS.pool_size):
            opened = socket.socket()
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            opened.connect(address)
            opened.sendall(f"GET {STREAMED} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            assert opened.recv(100).startswith(b"HTTP/1.1 200 OK")
            assert not is_full(small)
            opened.close()
            wait_for(lambda: is_full(small))
        assert client.get("/marts/metrics_summary").status_code == 200


def test_a_client_that_goes_while_the_database_works_leaks_nothing(small: FastAPI, marts: Environment) -> None:
    with serve(small) as client, connect(marts) as admin:
        address = (client.base_url.host, client.base_url.port)
        admin.execute("begin; lock table marts.order_lines")
        with socket.create_connection(address) as opened:
            opened.sendall(f"GET {STREAMED} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = 'served'"
            wait_for(lambda: bool((admin.execute(waiting).fetchone() or [0])[0]))
        admin.execute("rollback")
        wait_for(lambda: is_full(small))
        assert client.get("/marts/metrics_summary").status_code == 200


def stalled(app: FastAPI) -> list[MutableMapping[str, Any]]:
    """Ask for a streamed page and take nothing after its beginning; return what was sent."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)
        if len(sent) > 2:
            await asyncio.sleep(3600)

    async def run() -> None:
        path, query = STREAMED.split("?")
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": path,
                 "query_string": query.encode(), "headers": [(b"host", b"localhost")], "server": ("localhost", 80),
                 "client": ("127.0.0.1", 1), "scheme": "http", "root_path": ""}  # fmt: skip
        async with app.router.lifespan_context(app):
            await asyncio.wait_for(app(scope, receive, send), 20)
            for _ in range(500):  # it is given back in a task of the pool
                if is_full(app):
                    return
                await asyncio.sleep(0.02)
            pytest.fail("the connection did not come back")

    asyncio.run(run())
    return sent


def test_a_reader_who_stalls_is_left_in_time(project: Project, marts: Environment, few_marts: Path) -> None:
    app = create_app(project, replace(SETTINGS, stream_seconds=0.5), marts, few_marts)
    began = time.monotonic()
    sent = stalled(app)
    assert time.monotonic() - began < 10
    assert sent[0]["status"] == 200
    assert sent[-1]["more_body"]  # nothing says that the answer is whole


def test_a_statement_that_takes_too_long_is_ended(project: Project, marts: Environment, few_marts: Path) -> None:
    app = create_app(project, replace(SETTINGS, statement_seconds=0.2), marts, few_marts)
    with serve(app) as client, connect(marts) as admin:
        admin.execute("begin; lock table marts.order_lines")
        for limit in (1, 10_000):
            answer = client.get(f"/marts/order_lines?limit={limit}")
            assert answer.status_code == 503
            assert "took too long" in answer.json()["detail"]
        admin.execute("rollback")
        assert client.get("/marts/order_lines?limit=1").status_code == 200
        assert is_full(app)


def test_a_database_that_is_gone_is_reported(
    project: Project, marts: Environment, few_marts: Path, tmp_path: Path
) -> None:
    app = create_app(project, SETTINGS, {**marts, "PGHOST": str(tmp_path)}, few_marts)
    with serve(app) as client:
        assert client.get("/health").status_code == 200
        began = time.monotonic()
        answer = client.get("/ready")
        assert answer.status_code == 503
        assert time.monotonic() - began < 10


def test_connections_are_read_only_and_of_the_readers_role(small: FastAPI, client: httpx.Client) -> None:
    async def ask() -> Any:
        async with small.router.lifespan_context(small), small.state.pool.connection() as connection:
            cursor = await connection.execute(
                "select current_user, current_setting('transaction_read_only'), current_setting('statement_timeout')"
            )
            return await cursor.fetchone()

    assert asyncio.run(ask()) == ("bi_reader", "on", "10s")
