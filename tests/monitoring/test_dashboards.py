"""The dashboard is one that Grafana can show, and every query has an answer from a real Prometheus."""

from __future__ import annotations

import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from prometheus_client import generate_latest

from loaders.contract.tables import Contract
from loaders.operations.metrics import as_text, read_metrics
from serving.api.database import open_pool
from serving.api.observability import Metrics
from serving.api.settings import ApiSettings
from tests.conftest import ANY_AMOUNT, DATA, ROOT, Loader
from tests.monitoring.names import known_metrics, metrics_of
from tests.monitoring.operations import make_marts, make_operations

GRAFANA = ROOT / "monitoring" / "grafana"
DASHBOARD = json.loads((GRAFANA / "dashboards" / "customer_analytics.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = {panel["title"]: target["expr"] for panel in PANELS for target in panel["targets"]}


def test_panels_are_whole_and_lie_side_by_side() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert len(QUERIES) == len(PANELS)  # titles are unique, and each has one query
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in PANELS:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_panels_read_the_provisioned_source_and_metrics_that_there_are() -> None:
    (source,) = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text())["datasources"]
    for panel in PANELS:
        for owner in (panel, *panel["targets"]):
            assert owner["datasource"] == {"type": source["type"], "uid": source["uid"]}
    for title, query in QUERIES.items():
        assert metrics_of(query) <= known_metrics(), title


@pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="Prometheus is not installed; `apt-get install prometheus` brings it"
)
def test_every_panel_has_an_answer(
    loader: Loader, connection: psycopg.Connection[Any], contract: Contract, tmp_path: Path
) -> None:
    bad = tmp_path / "products_bad.csv"
    bad.write_text("product_id,price\np1,1\np2,x\n")
    assert loader("copy", DATA).exit_code == 0
    assert loader("copy", bad, "--max-rejects", "50%", *ANY_AMOUNT).exit_code == 3
    make_marts(connection)
    make_operations(connection)
    of_loader = as_text(read_metrics(connection, contract)).encode()
    of_api = Metrics(open_pool(ApiSettings(), {}))
    of_api.requests.labels("GET", "/marts", 200).inc()
    of_api.seconds.labels("GET", "/marts").observe(0.01)
    if shutil.which("promtool"):
        lint = subprocess.run(["promtool", "check", "metrics"], input=of_loader, capture_output=True)
        assert lint.returncode == 0, lint.stderr

    with serve(of_loader + generate_latest(of_api.registry)) as port, prometheus(tmp_path, port) as ask:
        waiting, answers = dict(QUERIES), {}
        until = time.monotonic() + 60
        while waiting and time.monotonic() < until:
            answers |= {title: ask(query) for title, query in waiting.items()}
            waiting = {title: query for title, query in waiting.items() if not answers[title]}
            time.sleep(0.5)
        assert not waiting, f"no answer: {sorted(waiting)}"
        firing = {each["metric"]["alertname"] for each in ask('ALERTS{alertstate="firing"}')}
    assert numbers(answers["Last build"]) == [1]
    assert numbers(answers["Slowest models"]) == [9, 2.5]
    assert numbers(answers["Rejected of the last file"])[-1:] == [0] and 0.5 in numbers(
        answers["Rejected of the last file"]
    )
    assert sorted(numbers(answers["Money affected"])) == [12.5, 40]
    assert {"BuildFailed", "ManyRejects"} <= firing
    assert not {"LoadFailed", "QualityError"} & firing


def numbers(answer: list[Any]) -> list[float]:
    """Return the numbers of an answer, the highest first."""
    return sorted((float(each["value"][1]) for each in answer), reverse=True)


@contextmanager
def serve(text: bytes) -> Iterator[int]:
    """Serve metrics on a free port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@contextmanager
def prometheus(folder: Path, target: int) -> Iterator[Any]:
    """Run a Prometheus with the project's alerts that scrapes a port; gives a function that asks it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ROOT / "monitoring" / "alerts.yml")],
        "scrape_configs": [{"job_name": "test", "static_configs": [{"targets": [f"127.0.0.1:{target}"]}]}],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    command = ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def ask(query: str) -> list[Any]:
        url = f"{address}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            return list(json.load(answer)["data"]["result"])

    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert process.poll() is None, process.stderr and process.stderr.read()
            with suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(f"{address}/-/ready", timeout=5).close()
                break
            time.sleep(0.2)
        yield ask
    finally:
        process.terminate()
        process.communicate(timeout=30)
