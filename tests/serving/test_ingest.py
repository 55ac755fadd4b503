"""A file that is sent goes the way of `loader copy`."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

from loaders.errors import LoaderError
from loaders.operations.run import Built, Pending
from loaders.project import Project
from serving.api.app import create_app
from serving.api.builds import Build, Builds
from serving.api.settings import ApiSettings
from serving.api.upload import safe_name
from tests.conftest import Environment
from tests.serving.conftest import OFTEN, connect, serve
from tests.serving.test_pool import wait_for
from tests.serving.test_security import make_key

HEADER = "transaction_id,customer_id,amount,transacted_at\n"
SECONDS = 30
Api = Callable[[int], AbstractContextManager[httpx.Client]]
GOOD = HEADER + "t1,ada,1.50,2024-01-01\nt2,ada,2,2024-01-02\n"


@pytest.fixture(scope="module")
def empty(new_database: Callable[[], Environment]) -> Environment:
    return new_database()


@pytest.fixture(scope="module")
def api(project: Project, empty: Environment, few_marts: Path, tmp_path_factory: pytest.TempPathFactory) -> Api:
    """Serve an API that takes 100 kB and some seconds, on an empty database, to a client with a key that may load."""
    file = tmp_path_factory.mktemp("keys") / "keys.yml"
    key = make_key(file, "till", "ingest")

    @contextmanager
    def serving(seconds: int) -> Iterator[httpx.Client]:
        settings = ApiSettings(
            keys_file=file, rate_limit=OFTEN, ingest_enabled=True, ingest_bytes=100_000,
            ingest_unpacked_bytes=1_000_000, ingest_lines=10_000, ingest_seconds=seconds, ingest_build=False,
        )  # fmt: skip
        with serve(create_app(project, settings, empty, few_marts)) as client:
            client.headers["Authorization"] = f"Bearer {key}"
            yield client

    return serving


@pytest.fixture(scope="module")
def patient(api: Api) -> Iterator[httpx.Client]:
    with api(SECONDS) as client:
        yield client


@pytest.fixture
def sender(patient: httpx.Client, empty: Environment, monkeypatch: pytest.MonkeyPatch) -> httpx.Client:
    """A client of the API, in whose process the environment leads to the database."""
    for name, value in empty.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=10s")
    return patient


def send(
    client: httpx.Client, content: str | bytes, name: str = "transactions.csv", table: str = "transactions"
) -> httpx.Response:
    return client.post(f"/api/ingest/{table}", files={"file": (name, content, "text/csv")})


def test_a_file_is_loaded_and_its_rejects_are_told_without_values(
    sender: httpx.Client, empty: Environment, project: Project
) -> None:
    assert send(sender, GOOD).json() == {
        "status": "loaded", "table": "transactions", "load_id": 1, "rows_read": 2, "rows_inserted": 2,
        "rows_updated": 0, "rows_unchanged": 0, "rows_rejected": 0, "unknown_columns": 0, "rejects": [], "build": None,
    }  # fmt: skip
    assert send(sender, GOOD).json()["status"] == "skipped"
    rows = "".join(f"n{number},bob,{number},2024-01-03\n" for number in range(120))
    answer = send(sender, gzip.compress(f"{HEADER}{rows}t3,eve@secret,lots,2024-01-04\n".encode()), "t.csv.gz")
    assert (answer.json()["rows_inserted"], answer.json()["rows_rejected"]) == (120, 1)
    (reject,) = answer.json()["rejects"]
    assert (reject["line"], reject["column"]) == (122, "amount")
    assert set(reject) == {"line", "column", "reason"}
    assert "secret" not in answer.text and "lots" not in answer.text
    with connect(empty) as admin:
        assert admin.execute("select count(*), sum(amount) from raw.transactions").fetchone() == (122, 7143.5)
        names = admin.execute("select file_name from loader.loads order by load_id").fetchall()
    assert names == [("transactions.csv",), ("t.csv.gz",)]
    assert list((project.root / "target" / "loader").glob("copy-*/t*.csv*")) == []


def test_a_refused_file_says_why(sender: httpx.Client) -> None:
    answer = send(sender, HEADER + "t9,ada,lots,2024-01-01\n")
    assert answer.status_code == 422
    assert "1 of 1 rows break the contract" in answer.json()["detail"]
    assert [reject["line"] for reject in answer.json()["load"]["rejects"]] == [2]
    assert send(sender, "a,b\n1,2\n").status_code == 422


@pytest.mark.parametrize("declared", [True, False])
def test_a_file_beyond_the_limit_is_refused(sender: httpx.Client, declared: bool) -> None:
    boundary = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    body = boundary + b"x" * 200_000 + b"\r\n--x--\r\n"

    def pieces() -> Iterator[bytes]:
        yield from (body[start : start + 50_000] for start in range(0, len(body), 50_000))

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = sender.post("/api/ingest/transactions", content=body if declared else pieces(), headers=headers)
    assert answer.status_code == 413
    assert "100,000 bytes" in answer.json()["detail"]


FORM = "multipart/form-data; boundary=x"
PART = '--x\r\nContent-Disposition: form-data; name="{}"; filename="a"\r\n\r\nab'


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/csv", GOOD, 415),
        ("multipart/form-data", GOOD, 415),
        (FORM, "nothing of the kind", 400),
        (FORM, "", 400),
        (FORM, "--x--\r\n", 400),
        (FORM, PART.format("file"), 400),
        (FORM, PART.format("other") + "\r\n--x--\r\n", 400),
        (FORM, PART.format("file").replace("; filename", "; name2") + "\r\n--x--\r\n", 400),
        (FORM, 2 * (PART.format("file") + "\r\n") + "--x--\r\n", 400),
    ],
)
def test_a_body_that_is_no_form_with_one_file_is_refused(
    sender: httpx.Client, content_type: str, body: str, status: int
) -> None:
    answer = sender.post("/api/ingest/transactions", content=body.encode(), headers={"Content-Type": content_type})
    assert answer.status_code == status
    assert "detail" in answer.json()


def test_an_unknown_table_and_the_ledgers_own_are_refused(sender: httpx.Client) -> None:
    for table in ("nothing", "loads", "loader.loads"):
        answer = send(sender, GOOD, table=table)
        assert answer.status_code == 404
        assert "transactions" in answer.json()["detail"]


def test_a_table_that_another_loader_fills_is_not_waited_for(sender: httpx.Client, empty: Environment) -> None:
    with connect(empty) as other:
        other.execute("select pg_advisory_lock(hashtextextended('raw.transactions', 0))")
        answer = send(sender, GOOD + "t7,ada,1,2024-01-01\n")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "30"


def test_a_key_without_the_scope_and_an_api_without_the_switch_load_nothing(
    sender: httpx.Client, client: httpx.Client
) -> None:
    assert sender.get("/marts").status_code == 403
    assert send(sender, GOOD).status_code == 200
    with httpx.Client(base_url=sender.base_url) as stranger:
        assert send(stranger, GOOD).status_code == 401
    off = send(client, GOOD)
    assert off.status_code == 404
    assert "INGEST_ENABLED=true" in off.json()["detail"]
    assert not any("ingest" in path for path in client.get("/openapi.json").json()["paths"])


@pytest.mark.parametrize(("content", "said"), [(b"a\n" * 400_000, "10,000 lines"), (b"a" * 9_000_000, "0.001 GB")])
def test_a_file_that_unpacks_to_too_much_is_refused(sender: httpx.Client, content: bytes, said: str) -> None:
    for packed, name in ((gzip.compress(content), "a.csv.gz"), (zstandard.compress(content), "a.csv.zst")):
        answer = send(sender, packed, name)
        assert answer.status_code == 422
        assert said in answer.json()["detail"]


@pytest.fixture
def locked(empty: Environment, sender: httpx.Client) -> Iterator[None]:
    """The table is locked, so that a load can't end."""
    assert send(sender, GOOD).status_code == 200
    with connect(empty) as other, other.transaction():
        other.execute("lock table raw.transactions in share mode")
        yield


def loaders_at_work(environment: Environment) -> int:
    with connect(environment) as admin:
        query = "select count(*) from pg_stat_activity where application_name = 'loader (API)' and datname = %s"
        (count,) = admin.execute(query, (environment["PGDATABASE"],)).fetchone() or (0,)
        return int(count)


def test_a_load_that_takes_too_long_is_stopped(
    api: Api,
    empty: Environment,
    locked: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGOPTIONS", "")  # without the time limit on waiting for a lock
    with api(3) as hurried:
        answer = send(hurried, HEADER + "late,ada,1,2024-01-01\n")
    assert answer.status_code == 413
    assert "INGEST_SECONDS" in answer.json()["detail"]
    wait_for(lambda: loaders_at_work(empty) == 0)
    with connect(empty) as admin:
        query = "select status from loader.loads order by load_id desc limit 1"
        assert admin.execute(query).fetchone() == ("failed",)


def test_a_client_that_goes_ends_the_load(
    sender: httpx.Client, empty: Environment, locked: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "")
    body = (PART.format("file").removesuffix("ab") + HEADER + "gone,ada,1,2024-01-01\n\r\n--x--\r\n").encode()
    head = (
        f"POST /api/ingest/transactions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {FORM}\r\n"
        f"Authorization: {sender.headers['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((sender.base_url.host, sender.base_url.port)) as opened:
        opened.sendall(head.encode() + body)
        wait_for(lambda: loaders_at_work(empty) == 1, SECONDS / 2)
    wait_for(lambda: loaders_at_work(empty) == 0, SECONDS / 2)


def test_uploads_during_a_build_share_the_next(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    began, finish, calls = threading.Event(), threading.Event(), 0

    def build(_builds: Builds, _build: Build) -> tuple[str, ...]:
        nonlocal calls
        calls += 1
        began.set()
        finish.wait(30)
        if calls == 2:
            raise LoaderError("dbt build failed.")
        return ("core",)

    monkeypatch.setattr(Builds, "_build", build)

    async def run() -> None:
        builds = Builds(project)
        first = builds.request()
        assert builds.request() is first
        await asyncio.to_thread(began.wait, 30)
        second = builds.request()
        assert second is not first and builds.request() is second
        assert (first.state, second.state) == ("running", "waiting")
        finish.set()
        while second.finished_at is None:
            await asyncio.sleep(0.01)
        assert (first.state, first.selectors, calls) == ("succeeded", ["core"], 2)
        assert (second.state, second.message) == ("failed", "dbt build failed.")
        assert builds.get(first.id) is first and builds.get("nothing") is None

    asyncio.run(run())


def test_an_upload_starts_a_build_and_links_it(
    project: Project, empty: Environment, few_marts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in empty.items():
        monkeypatch.setenv(name, value)

    def build(connection: object, project: Project, pending: Pending, on_note: object, on_fresh: Any) -> Built:
        assert pending
        on_fresh()
        return Built(("core",), succeeded=True)

    monkeypatch.setattr("loaders.operations.run.build", build)
    key = make_key(file := tmp_path / "keys.yml", "till", "ingest")
    settings = ApiSettings(keys_file=file, rate_limit=OFTEN, ingest_enabled=True)
    with serve(create_app(project, settings, empty, few_marts)) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        address = send(client, HEADER + "built,ada,1,2024-01-01\n").json()["build"]
        wait_for(lambda: bool(client.get(address).json()["finished_at"]))
        found = client.get(address).json()
        assert (found["state"], found["selectors"], bool(found["fresh_at"])) == ("succeeded", ["core"], True)
        assert send(client, HEADER + "built,ada,1,2024-01-01\n").json()["build"] is None
        assert client.get("/api/builds/nothing").status_code == 404


def test_names_of_files_lead_nowhere() -> None:
    for given in (b"../../etc/passwd", rb"C:\exports\a b.csv", b"", b"..", "ä/ö;\n.csv".encode(), b"x" * 500 + b".csv"):
        name = safe_name(given, "customers")
        assert re.fullmatch(r"\w[\w.-]{0,99}|_[\w.-]*", name)
    assert safe_name(rb"C:\exports\a b.csv", "customers") == "a_b.csv"
    assert safe_name(b"", "customers") == "customers.csv"
