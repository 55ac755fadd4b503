"""A standalone cluster of Apache Spark on this machine: a master and workers, each a process of its own.

It listens on 127.0.0.1 only, with the given memory and cores, and nothing is left running when the block that started
it ends.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from loaders.errors import LoaderError

HOST = "127.0.0.1"
SECONDS_TO_START = 120
SECONDS_TO_STOP = 10
# Memory of a master's or worker's own process; the executors that workers start do the building.
DAEMON_MEMORY = "256m"


@contextmanager
def running_cluster(folder: Path, *, workers: int, cores: int, memory_mb: int) -> Iterator[str]:
    """Start a cluster, and stop it when the block ends, however it does.

    Args:
        folder: Where logs and working files go.
        workers: Number of workers.
        cores: Cores of each worker.
        memory_mb: Megabytes of memory that each worker may give to executors.

    Returns:
        The URL of its master, spark://127.0.0.1:PORT.

    Raises:
        LoaderError: pyspark or Java is missing, or a process did not start.
    """
    script = _find_script()
    folder.mkdir(parents=True, exist_ok=True)
    url = f"spark://{HOST}:{_free_port()}"
    with ExitStack() as stack:
        master = ("master.Master", "--host", HOST, "--port", url.rpartition(":")[2], "--webui-port", "0")
        _wait(_start(stack, script, folder / "master.log", *master), "I have been elected leader")
        limits = ("--cores", str(cores), "--memory", f"{memory_mb}m", "--work-dir", str(folder / "work"))
        worker = ("worker.Worker", "--host", HOST, "--webui-port", "0", *limits, url)
        started = [_start(stack, script, folder / f"worker_{number}.log", *worker) for number in range(1, workers + 1)]
        for process in started:
            _wait(process, "Successfully registered with master")
        yield url


def _find_script() -> Path:
    """Return the script of pyspark's package that starts a class of Spark."""
    package = importlib.util.find_spec("pyspark")
    if package is None or not package.submodule_search_locations:
        raise LoaderError("pyspark is not installed.", "Run `make spark-demo`, or pip install '.[spark]'.")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        raise LoaderError(
            "There is no Java.", "Spark requires Java 17 or newer: apt-get install openjdk-17-jre-headless."
        )
    return Path(package.submodule_search_locations[0]) / "bin" / "spark-class"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class _Started:
    """A Spark process and the file that it writes to."""

    process: subprocess.Popen[bytes]
    log: Path


def _start(stack: ExitStack, script: Path, log: Path, name: str, *arguments: str) -> _Started:
    """Start a class of Spark; the stack stops it."""
    settings = {"SPARK_LOCAL_IP": HOST, "SPARK_DAEMON_MEMORY": DAEMON_MEMORY}
    with log.open("wb") as output:
        # A process group of its own: the caller handles Ctrl-C, and an executor ends with its worker.
        process = subprocess.Popen(
            [script, f"org.apache.spark.deploy.{name}", *arguments],
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    stack.callback(_stop, process)
    return _Started(process, log)


def _wait(started: _Started, ready: str) -> None:
    """Wait until a process reports that it is ready."""
    deadline = time.monotonic() + SECONDS_TO_START
    while ready not in (said := started.log.read_text(errors="replace")):
        if started.process.poll() is not None or time.monotonic() > deadline:
            last = said.strip().rpartition("\n")[2]
            raise LoaderError(f"A Spark process did not start: {last}", f"Its output is in {started.log}.")
        time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS_TO_STOP)
    # Its executors too, even if it is gone itself.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
