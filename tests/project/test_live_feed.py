"""A line shows in `latest_transactions` as soon as its file is loaded, without a build."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from loaders.contract.tables import Contract
from loaders.project import Project
from loaders.synthetic.feed import follow
from loaders.synthetic.files import generate
from loaders.synthetic.settings import Settings
from tests.conftest import ROOT
from tests.project.conftest import Dbt, Environment, query

SETTINGS = Settings(50, 2_000, 5, days=5)
NEWEST = "select transaction_id from marts.latest_transactions limit 1"


def test_a_live_feed_shows_at_once(
    load: Callable[..., Environment], dbt: Dbt, project: Project, contract: Contract, tmp_path: Path
) -> None:
    generate(project, contract, SETTINGS, tmp_path)
    environment = load(*(tmp_path / f"{name}.csv" for name in ("customers", "products", "transactions")))
    dbt(environment, "run", "--select", "latest_transactions")
    [before] = query(environment, NEWEST)

    feed = tmp_path / "feed"
    feed.mkdir()
    command = [sys.executable, "-m", "loaders.cli", "copy", "--watch", str(feed), "--interval", "0.1"]
    watching = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE)
    try:
        [written] = follow(project, contract, SETTINGS, feed, seconds=0, batches=1)
        deadline = time.monotonic() + 60
        while query(environment, NEWEST) == [before]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        watching.send_signal(signal.SIGTERM)
        watching.communicate()
    fed = {line.split(",")[0] for line in (feed / written.file).read_text().splitlines()[1:]}
    newest = {
        row[0] for row in query(environment, f"select transaction_id from marts.latest_transactions limit {len(fed)}")
    }
    assert newest == fed
    assert query(environment, "select count(*) from marts.latest_transactions") == [(SETTINGS.transactions + len(fed),)]
