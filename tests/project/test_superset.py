"""Superset reads the marts as `bi_reader`, as docs/connect-bi.md says (`make test-superset`)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from loaders.contract.tables import Contract
from loaders.destinations.postgres.roles import init_roles
from loaders.embedded.server import EmbeddedServer
from tests.conftest import ROOT
from tests.project.conftest import Environment, connect_to, query

PROGRAMS = ROOT / ".venv-superset" / "bin"
pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(not PROGRAMS.exists(), reason="Superset is in .venv-superset alone; make test-superset"),
]

# Superset's own data and settings; the database of the marts is none of them.
SETTINGS = """
SECRET_KEY = "only for this test, and long enough for Superset"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db?check_same_thread=false"
WTF_CSRF_ENABLED = False  # for browsers; this is a program with a token
"""
LOGIN = {"username": "admin", "password": "admin"}
PASSWORD = "with a space"
SECONDS_TO_START = 300
REVENUE = {"label": "revenue", "expressionType": "SQL", "sqlExpression": "sum(net_revenue)"}

Api = Callable[..., Any]


def answer(url: str, method: str = "GET", body: object = None, token: str = "") -> Any:
    """Return the JSON of an answer; fail with what Superset says."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"  # without a body, Superset would miss it
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=120) as found:
            return json.load(found)
    except urllib.error.HTTPError as error:
        pytest.fail(f"{method} {url}: {error.code} {error.read().decode()[:2000]}")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Superset's REST API, as its admin."""
    folder = tmp_path_factory.mktemp("superset")
    (folder / "superset_config.py").write_text(SETTINGS.format(folder=folder))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment = {
        **kept,
        "FLASK_APP": "superset",
        "SUPERSET_CONFIG_PATH": str(folder / "superset_config.py"),
        "SUPERSET_HOME": str(folder),
    }
    program = str(PROGRAMS / "superset")
    person = ["--firstname", "A", "--lastname", "B", "--email", "a@example.com"]
    login = ["--username", LOGIN["username"], "--password", LOGIN["password"]]
    for command in (["db", "upgrade"], ["fab", "create-admin", *person, *login], ["init"]):
        result = subprocess.run([program, *command], env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout[-5000:] + result.stderr[-5000:]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = folder / "superset.log"
    with log.open("wb") as output:
        command = [program, "run", "--port", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + SECONDS_TO_START
        while True:
            assert process.poll() is None and time.monotonic() < end, log.read_text()[-5000:]
            try:
                urllib.request.urlopen(f"{url}/health", timeout=5)
                break
            except OSError:
                time.sleep(0.5)
        token = answer(f"{url}/api/v1/security/login", "POST", {**LOGIN, "provider": "db"})["access_token"]

        def call(method: str, path: str, body: object = None) -> Any:
            return answer(f"{url}/api/v1/{path}", method, body, token)

        yield call
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def marts(server: EmbeddedServer, built: Environment, contract: Contract) -> tuple[Environment, str]:
    """The marts of the small files, and the address of docs/connect-bi.md that reads them as `bi_reader`."""
    server.start(tcp=True)
    environment = {**server.environment(), "PGDATABASE": built["PGDATABASE"]}  # it may have another port by now
    with connect_to(environment) as admin:
        init_roles(admin, contract)
        admin.execute(f"create role superset login in role bi_reader connection limit 20 password '{PASSWORD}'")
    where = f"127.0.0.1:{server.environment(tcp=True)['PGPORT']}/{built['PGDATABASE']}"
    return environment, f"postgresql+psycopg2://superset:{quote(PASSWORD)}@{where}"


def test_a_database_a_dataset_and_a_chart(api: Api, marts: tuple[Environment, str]) -> None:
    environment, address = marts
    database = api("POST", "database/", {"database_name": "analytics", "sqlalchemy_uri": address})["id"]
    names = {each["value"] for each in api("GET", f"database/{database}/tables/?q=(schema_name:marts)")["result"]}
    assert {"daily_sales", "customer_profiles", "latest_transactions"} <= names

    table = {"database": database, "schema": "marts", "table_name": "daily_sales"}
    dataset = api("POST", "dataset/", table)["id"]
    columns = {each["column_name"]: each for each in api("GET", f"dataset/{dataset}")["result"]["columns"]}
    described = "select col_description('marts.daily_sales'::regclass, 1)"
    assert query(environment, described) == [(columns["sales_date"]["description"],)]
    assert columns["sales_date"]["is_dttm"]

    source = {"id": dataset, "type": "table"}
    asked = {"datasource": source, "queries": [{"columns": [], "metrics": [REVENUE]}], "result_type": "full"}
    chart = {
        "slice_name": "Revenue",
        "viz_type": "big_number_total",
        "datasource_id": dataset,
        "datasource_type": "table",
        "params": json.dumps({"viz_type": "big_number_total", "metric": REVENUE}),
        "query_context": json.dumps(asked),
    }
    number = api("POST", "chart/", chart)["id"]
    [shown] = api("GET", f"chart/{number}/data/")["result"][0]["data"]
    [[revenue]] = query(environment, "select sum(net_revenue) from marts.daily_sales")
    assert shown["revenue"] == float(str(revenue))


def test_it_can_read_nothing_else_and_write_nothing(api: Api, marts: tuple[Environment, str]) -> None:
    address = marts[1]
    database = {"database_name": "again", "sqlalchemy_uri": address, "allow_dml": True}
    number = api("POST", "database/", database)["id"]
    for statement in ("select * from raw.customers", "delete from marts.daily_sales"):
        asked = {"database_id": number, "sql": statement, "client_id": "a" if "raw" in statement else "b"}
        with pytest.raises(pytest.fail.Exception, match="permission denied"):
            api("POST", "sqllab/execute/", asked)
