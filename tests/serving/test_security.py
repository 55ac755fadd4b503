"""Who may ask, how often, and what is logged about it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from limits import parse

from loaders.errors import LoaderError
from loaders.project import Project
from serving.api import keys
from serving.api.app import create_app
from serving.api.observability import JsonFormatter
from serving.api.security import read_keys
from serving.api.settings import ApiSettings, read_settings
from tests.conftest import Environment
from tests.serving.conftest import OFTEN, serve


def make_key(file: Path, name: str, *scopes: str) -> str:
    """Append a key to a file as the command's user does, and return it."""
    arguments = ["new", name, *[part for scope in scopes for part in ("--scope", scope)]]
    result = CliRunner().invoke(keys.main, arguments)
    assert result.exit_code == 0
    with file.open("a") as opened:
        opened.write(result.stdout)
    (key,) = re.findall(r"ca_[\w-]{43}", result.stderr)
    assert key not in result.stdout
    return str(key)


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys.yml"


@pytest.fixture(scope="module")
def key(keys_file: Path) -> str:
    return make_key(keys_file, "dashboard")


@pytest.fixture(scope="module")
def guarded(project: Project, marts: Environment, manifest: Path, keys_file: Path, key: str) -> Iterator[httpx.Client]:
    settings = ApiSettings(keys_file=keys_file, rate_limit=parse("20/minute"), cors_origins=("https://shop.example",))
    with serve(create_app(project, settings, marts, manifest)) as client:
        yield client


def test_a_key_is_needed_and_its_hash_alone_is_kept(guarded: httpx.Client, key: str, keys_file: Path) -> None:
    assert key not in keys_file.read_text()
    assert [entry.scopes for entry in read_keys(keys_file)] == [("read",)]
    for path in ("/marts", "/marts/daily_sales", "/customers/1", "/api/churn-risk", "/metrics"):
        answer = guarded.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.get("/marts", headers={"Authorization": f"Bearer {key[:-1]}"}).status_code == 401
    assert guarded.get("/marts", headers={"Authorization": f"Basic {key}"}).status_code == 401
    assert guarded.get("/marts", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    assert guarded.get("/health").status_code == 200


def test_only_what_says_how_it_is_needs_no_key(
    project: Project, marts: Environment, manifest: Path, key: str, keys_file: Path
) -> None:
    settings = ApiSettings(keys_file=keys_file, rate_limit=OFTEN)
    with serve(create_app(project, settings, marts, manifest)) as client:
        paths = [*client.get("/openapi.json").json()["paths"], "/customers/1"]
        assert {"/api/customers", "/api/exports/{mart}", "/api/users/{user_id}/journey"} <= set(paths)
        assert {path for path in paths if client.get(path).status_code != 401} == {"/health", "/ready"}


def test_too_many_requests_are_told_when_to_come_back(guarded: httpx.Client, key: str) -> None:
    answers = [guarded.get("/marts", headers={"Authorization": f"Bearer {key}"}) for _ in range(25)]
    last = answers[-1]
    assert last.status_code == 429
    assert 1 <= int(last.headers["retry-after"]) <= 60
    assert guarded.get("/health").status_code == 200


def test_only_listed_origins_may_read_in_a_browser(guarded: httpx.Client) -> None:
    asked = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    allowed = guarded.options("/marts", headers={"Origin": "https://shop.example", **asked})
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    assert (
        "access-control-allow-origin"
        not in guarded.options("/marts", headers={"Origin": "https://evil.example", **asked}).headers
    )


def test_without_keys_only_this_machine_may_ask_by_its_local_name(client: httpx.Client) -> None:
    assert client.get("/marts", headers={"Host": "localhost:1"}).status_code == 200
    assert client.get("/marts", headers={"Host": "evil.example"}).status_code == 401


def test_listening_to_others_and_loading_need_keys(tmp_path: Path) -> None:
    for environment in ({"API_HOST": "0.0.0.0"}, {"INGEST_ENABLED": "1"}):
        with pytest.raises(LoaderError, match="API_KEYS_FILE"):
            read_settings(environment)
        assert read_settings({**environment, "API_KEYS_FILE": str(tmp_path)}).keys_file == tmp_path
    assert read_settings({"API_HOST": "::1", "API_PORT": ""}) == replace(ApiSettings(), host="::1")
    settings = read_settings({"API_CORS_ORIGINS": "https://a.example, https://b.example", "INGEST_MAX_MB": "0.5"})
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.ingest_bytes == 500_000


@pytest.mark.parametrize(
    "variable", ["API_PORT", "API_RATE_LIMIT", "INGEST_ENABLED", "INGEST_MAX_MB", "API_POOL_SIZE", "API_STREAM_SECONDS"]
)
def test_a_variable_that_says_nothing_sensible_is_named(variable: str) -> None:
    for text in ("many", "-1"):
        with pytest.raises(LoaderError, match=f"{variable} can't be"):
            read_settings({variable: text})


@pytest.mark.parametrize(
    "content",
    ["", "[", "- name: a", "- {name: a, sha256: abc, scopes: [read]}", "a: b", None,
     f"- {{name: a, sha256: {'0' * 64}, scopes: [all]}}",
     2 * f"- {{name: a, sha256: {'0' * 64}, scopes: [read]}}\n"],
)  # fmt: skip
def test_a_file_of_keys_that_is_none_is_refused(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "keys.yml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(LoaderError):
        read_keys(file)


def test_every_answer_has_a_request_id_and_security_headers(client: httpx.Client) -> None:
    for path in ("/marts", "/nothing", "/docs", "/marts/daily_sales?x=1"):
        answer = client.get(path)
        assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert client.get("/nothing").json()["request_id"]
    assert client.get("/nothing", headers={"X-Request-ID": "a-b_c.1"}).headers["x-request-id"] == "a-b_c.1"
    for bad in ("a b", "x" * 200, '"}'):
        assert client.get("/nothing", headers={"X-Request-ID": bad}).headers["x-request-id"] != bad


def test_logs_and_metrics_name_routes_and_no_customer(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client.get("/customers/secret-17", params={"x": "secret-18"})
    client.get("/marts/customer_profiles", params={"customer_id": "secret-19", "nothing__gt": "secret-20"})
    client.get("/secret-21")
    client.request("SECRET22", "/marts")
    # uvicorn's own log of requests is off in the program; test_main.py sees that nothing else comes.
    written = [JsonFormatter().format(record) for record in caplog.records if record.name.startswith("serving")]
    lines = [json.loads(line) for line in written]
    assert [line["route"] for line in lines[:3]] == [
        "/customers/{customer_id}",
        "/marts/customer_profiles",
        "(other)",
    ]
    assert {"status", "ms", "key", "request_id", "method", "time"} <= set(lines[0])
    metrics = client.get("/metrics").text
    assert 'http_requests_total{method="GET",route="/customers/{customer_id}",status="404"}' in metrics
    assert "database_pool_available" in metrics
    assert "secret" not in (metrics + "".join(written)).lower()


def test_a_failure_is_told_without_its_message(
    project: Project, marts: Environment, few_marts: Path, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(project, ApiSettings(), marts, few_marts)

    async def fail() -> None:
        raise ValueError("secret-17")

    app.add_api_route("/failure", fail)
    with serve(app) as client:
        answer = client.get("/failure")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    written = "".join(JsonFormatter().format(record) for record in caplog.records)
    assert "test_security.py" in written and "ValueError" in written
    assert "secret" not in answer.text + written


def test_docs_need_nothing_from_outside(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 4
    for address in addresses:
        assert not re.match(r"\w+:|//", address)
        assert client.get(f"/{address}").status_code == 200
    assert not re.search(r"https?://", page.text + client.get("/docs/start.js").text)
    assert not re.search(r"url\(['\"]?https?:|@import", client.get("/docs/files/swagger-ui.css").text)


def test_every_operation_is_described_with_an_example(client: httpx.Client) -> None:
    schema = client.get("/openapi.json").json()
    assert "ProblemDetails" in schema["components"]["schemas"]
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            assert operation["summary"] and operation["description"], path
            for content in operation["responses"]["200"]["content"].values():
                assert has_example(content, schema["components"]["schemas"]), path


def has_example(content: Any, schemas: dict[str, Any]) -> bool:
    text = json.dumps(content)
    names = re.findall(r"#/components/schemas/(\w+)", text)
    return '"example' in text or '"const"' in text or any(has_example(schemas[name], schemas) for name in names)
