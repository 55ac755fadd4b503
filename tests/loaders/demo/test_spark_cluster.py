"""A cluster's processes are started, waited for and stopped, whatever becomes of them; Spark itself is not needed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from loaders.demo import spark_cluster
from loaders.demo.spark_cluster import running_cluster
from loaders.errors import LoaderError

# Replaces pyspark's: notes who it is, says that it is ready, and has a child that does not end by itself.
SPARK_CLASS = """#!/bin/sh
echo $$ >> {folder}/processes
case "$*" in *{fails}*) echo no room; exit 1;; esac
sleep 600 &
echo $! >> {folder}/processes
echo "I have been elected leader! Successfully registered with master"
wait
"""


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, fails: str = "nobody") -> None:
    script = folder / "spark-class"
    script.write_text(SPARK_CLASS.format(folder=folder, fails=fails))
    script.chmod(0o755)
    monkeypatch.setattr(spark_cluster, "_find_script", lambda: script)


def started(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "processes").read_text().split()]


def left_of(processes: list[int]) -> list[int]:
    """Return which are still running; what was killed is gone in a moment, not at once."""
    deadline = time.monotonic() + 5
    while (left := [process for process in processes if is_running(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks /proc what runs")
def test_ctrl_c_leaves_nothing_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch)
    with pytest.raises(KeyboardInterrupt), running_cluster(tmp_path, workers=2, cores=1, memory_mb=512) as master:
        assert master.startswith("spark://127.0.0.1:")
        processes = started(tmp_path)
        assert len(processes) == 6 and all(map(is_running, processes))
        raise KeyboardInterrupt
    assert left_of(processes) == []


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="asks /proc what runs")
def test_a_worker_that_fails_takes_all_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, fails="worker.Worker")
    with (
        pytest.raises(LoaderError, match="did not start: no room"),
        running_cluster(tmp_path, workers=1, cores=1, memory_mb=512),
    ):
        pytest.fail("began")
    assert left_of(started(tmp_path)) == []


def test_what_spark_needs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with (
        pytest.raises(LoaderError, match="pyspark is not installed"),
        running_cluster(tmp_path, workers=1, cores=1, memory_mb=512),
    ):
        pytest.fail("began")
