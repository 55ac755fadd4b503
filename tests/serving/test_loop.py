"""An upload reaches the marts without anybody at a shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from loaders.project import Project
from serving.api.app import create_app
from serving.api.settings import ApiSettings
from tests.conftest import Environment
from tests.serving.conftest import OFTEN, connect, serve
from tests.serving.test_ingest import HEADER, send
from tests.serving.test_pool import wait_for
from tests.serving.test_security import make_key

LINES, SECONDS = 100, 300


@pytest.mark.slow
def test_an_upload_changes_the_summary(
    project: Project, built: Environment, manifest: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect({**built, "PGDATABASE": "postgres"}) as admin:
        admin.execute("create database looped template " + built["PGDATABASE"])
    environment = {**built, "PGDATABASE": "looped"}
    with connect(environment) as admin:
        admin.execute(
            "insert into loader.last_build (load_id, finished_at) select max(load_id), now() from loader.loads"
        )
    # The API builds as `loader run` does: with the variables of its own environment, in the project's folder.
    for name, value in {**environment, "DBT_TARGET_PATH": str(tmp_path), "DBT_LOG_PATH": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    key = make_key(file := tmp_path / "keys.yml", "till", "read", "ingest")
    settings = ApiSettings(keys_file=file, rate_limit=OFTEN, ingest_enabled=True)
    with serve(create_app(project, settings, environment, manifest)) as client:
        client.headers["Authorization"] = f"Bearer {key}"
        before = client.get("/api/metrics/summary").json()
        # On a day that the marts have, so that the recommendations are still those of the last day.
        rows = "".join(f"loop{number},C001,0.50,2024-02-01\n" for number in range(LINES))
        build = send(client, HEADER + rows).json()["build"]
        wait_for(lambda: bool(client.get(build).json()["fresh_at"] or client.get(build).json()["finished_at"]), SECONDS)
        assert client.get(build).json()["fresh_at"], client.get(build).json()

        def summary() -> dict[str, float]:
            return dict(client.get("/api/metrics/summary").json())

        wait_for(lambda: summary() != before, 30)  # answers are kept for some seconds
        assert summary() == {
            "totalCustomers": before["totalCustomers"],
            "totalRevenue": before["totalRevenue"] + LINES / 2,
            "totalTransactions": before["totalTransactions"] + LINES,
        }
        wait_for(lambda: bool(client.get(build).json()["finished_at"]), SECONDS)
        ended = client.get(build).json()
        assert (ended["state"], ended["selectors"]) == ("succeeded", ["core"]), ended
        ready = client.get("/ready").json()
        assert ready["last_load_at"] == ready["newest_load_at"]
