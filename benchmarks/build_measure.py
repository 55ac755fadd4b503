"""Time, CPU and memory of one command and of the PostgreSQL server that it works with."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from loaders.project import find_project


@dataclass
class Cost:
    """What a command took; CPU is that of all it started and of the server, memory the most in MB (0 without /proc)."""

    seconds: float
    cpu_seconds: float
    client_mb: float
    server_mb: float


def run_measured(name: str, command: list[str], environment: Mapping[str, str], output: Path, server: int) -> Cost:
    """Run a command in the project's folder.

    Args:
        name: What to call it when it fails.
        command: The program and its arguments.
        environment: All of its environment.
        output: File for what it prints.
        server: Process id of the PostgreSQL server; 0 for none.

    Raises:
        SystemExit: It failed; the message has the end of what it printed.
    """
    used = sum(os.times()[2:4]) + _server_seconds(server)  # the first is of children that have ended
    with output.open("wb") as opened:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, env=environment, stdout=opened, stderr=subprocess.STDOUT, cwd=find_project().root
        )
        with _watch(process.pid, server) as looks:
            try:
                process.wait()
            finally:
                process.kill()  # nothing happens to one that has ended
        seconds = time.perf_counter() - begun
    if process.returncode:
        raise SystemExit(f"{name} failed:\n{output.read_text(errors='replace')[-3000:]}")
    client, backends, _ = (max(found) for found in zip(*looks, strict=True))
    # What was started and not waited for, such as Spark's Java, is in the last look alone.
    cpu = sum(os.times()[2:4]) + looks[-1][2] + _server_seconds(server) - used
    return Cost(round(seconds, 3), round(cpu, 1), round(client, 1), round(backends, 1))


@contextmanager
def _watch(client: int, server: int) -> Iterator[list[tuple[float, float, float]]]:
    """Look at client and server until the block ends.

    The list has for each look the memory of both in MB, and the seconds of CPU of the programs that the client started.
    """
    found = [(0.0, 0.0, 0.0)]
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            started = _descendants(client)
            # The most so far, as the kernel has it. For dead processes it starts from their parent's memory.
            memory = sum(_sizes(process).get("VmHWM", 0) for process in [client, *started]) / 1000
            # Not of a client that has just ended: those who started with it may be gone too.
            if memory:
                found.append((memory, _server_memory(server), sum(map(cpu_seconds, started))))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield found
    finally:
        ended.set()
        watcher.join()


def _server_seconds(server: int) -> float:
    """Return the seconds of CPU of a PostgreSQL server; its processes outlive their clients by a moment."""
    return sum(map(cpu_seconds, [*_children(server), server]))


def _server_memory(server: int) -> float:
    """Return the memory of a PostgreSQL server in MB.

    That is the private memory of all its processes, and once what they share, of which the process that touched most
    of it tells how much is in use. /proc/*/smaps_rollup would be exact, but walks 2 GB of page tables a process.
    """
    sizes = [_sizes(process) for process in [server, *_children(server)]]
    private = sum(size.get("RssAnon", 0) for size in sizes)
    return (private + max(size.get("RssShmem", 0) for size in sizes)) / 1000


def _sizes(process: int) -> dict[str, int]:
    """Return what /proc says of a process in kB; nothing of one that is gone, or without /proc."""
    with suppress(OSError):
        lines = (line.split() for line in Path(f"/proc/{process}/status").read_text().splitlines())
        return {words[0].rstrip(":"): int(words[1]) for words in lines if words[-1] == "kB"}
    return {}


def cpu_seconds(process: int) -> float:
    """Return the seconds of CPU of a process and of its children that have ended; 0 without /proc."""
    with suppress(OSError):
        # Behind the name in brackets: user and system time of the process, then those of its ended children.
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _descendants(process: int) -> list[int]:
    """Return the processes that a process started, and those that they did."""
    children = _children(process)
    return [*children, *(grandchild for child in children for grandchild in _descendants(child))]


def _children(process: int) -> list[int]:
    """Return the processes that any thread of a process started."""
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            with suppress(OSError):
                found += map(int, (thread / "children").read_text().split())
    return found
