"""A file that is sent goes the way of `loader copy`."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from loaders.project import Project
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from serving.api.upload import safe_name
from tests.conftest import Environment
from tests.serving.conftest import OFTEN, connect, serve
from tests.serving.test_security import make_key

HEADER = "transaction_id,customer_id,amount,transacted_at\n"
GOOD = HEADER + "t1,ada,1.50,2024-01-01\nt2,ada,2,2024-01-02\n"


@pytest.fixture(scope="module")
def empty(new_database: Callable[[], Environment]) -> Environment:
    return new_database()


@pytest.fixture
def sender(
    project: Project, empty: Environment, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[httpx.Client]:
    """A client with a key that may load, of an API that takes 100 kB, on an empty database."""
    for name, value in empty.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGOPTIONS", "-c lock_timeout=10s")
    file = tmp_path / "keys.yml"
    key = make_key(file, "till", "ingest")
    settings = ApiSettings(keys_file=file, rate_limit=OFTEN, ingest_enabled=True, ingest_bytes=100_000)
    with serve(create_app(project, settings, empty, manifest)) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        yield client


def send(
    client: httpx.Client, content: str | bytes, name: str = "transactions.csv", table: str = "transactions"
) -> httpx.Response:
    return client.post(f"/api/ingest/{table}", files={"file": (name, content, "text/csv")})


def test_a_file_is_loaded_and_its_rejects_are_told_without_values(
    sender: httpx.Client, empty: Environment, project: Project
) -> None:
    assert send(sender, GOOD).json() == {
        "status": "loaded", "table": "transactions", "load_id": 1, "rows_read": 2, "rows_inserted": 2,
        "rows_updated": 0, "rows_unchanged": 0, "rows_rejected": 0, "unknown_columns": 0, "rejects": [],
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
    del sender.headers["Authorization"]
    assert send(sender, GOOD).status_code == 401
    assert send(client, GOOD).status_code == 404
    assert not any("ingest" in path for path in client.get("/openapi.json").json()["paths"])


def test_names_of_files_lead_nowhere() -> None:
    for given in (b"../../etc/passwd", rb"C:\exports\a b.csv", b"", b"..", "ä/ö;\n.csv".encode(), b"x" * 500 + b".csv"):
        name = safe_name(given, "customers")
        assert re.fullmatch(r"\w[\w.-]{0,99}|_[\w.-]*", name)
    assert safe_name(rb"C:\exports\a b.csv", "customers") == "a_b.csv"
    assert safe_name(b"", "customers") == "customers.csv"
