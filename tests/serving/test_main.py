"""The program as `make api` starts it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.conftest import ROOT, Environment


@pytest.fixture
def folder(tmp_path: Path, manifest: Path) -> Path:
    """A project folder with a manifest."""
    shutil.copy(ROOT / "dbt_project.yml", tmp_path)
    (tmp_path / "target").mkdir()
    shutil.copy(manifest, tmp_path / "target")
    return tmp_path


def start(folder: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "serving.api"],
        cwd=ROOT,
        env={**os.environ, "LOADER_PROJECT_DIR": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_serves_until_interrupted_and_logs_no_value(folder: Path, marts: Environment) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    program = start(folder, **marts, API_PORT=str(port))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=5)) as client:
        until = time.monotonic() + 30
        while time.monotonic() < until and program.poll() is None:
            try:
                client.get("/health")
                break
            except httpx.ConnectError:
                time.sleep(0.1)
        assert client.get("/customers/secret-17?x=secret-18").status_code == 404
        assert client.get("/ready").json()["status"] == "ready"
        assert "server" not in client.get("/health").headers
    program.send_signal(signal.SIGINT)
    output, logged = program.communicate(timeout=20)
    assert f"http://127.0.0.1:{port}/docs" in output
    lines = [json.loads(line) for line in logged.splitlines()]
    assert "/customers/{customer_id}" in [line.get("route") for line in lines]
    assert "secret" not in output + logged


@pytest.mark.parametrize(
    ("environment", "said"), [({"API_HOST": "0.0.0.0"}, "API_KEYS_FILE"), ({}, "dbt parse")], ids=["open", "unbuilt"]
)
def test_it_says_what_to_do_when_it_cannot_start(
    folder: Path, marts: Environment, environment: dict[str, str], said: str
) -> None:
    (folder / "target" / "manifest.json").unlink()
    program = start(folder, **marts, **environment)
    _, error = program.communicate(timeout=60)
    assert program.returncode == 1
    assert error.startswith("Error: ") and said in error and "Traceback" not in error
