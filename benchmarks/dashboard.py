"""Measure how long pages of the dashboard load, on the marts of the demo (`make demo`, then this file with `.venv`).

The server runs in a process of its own, as `make dashboard` starts it. Chromium opens each page by its address, and the
clock stops when the last chart, diagram and table is drawn. It does so as a new visitor, with nothing in the
browser's cache, and as one who has looked at another page before. The server keeps answers for a short time, so after
the first round it may have them; `--rounds 1` measures without. `--pictures FOLDER` writes the pictures of the README.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright
from rich import box
from rich.console import Console
from rich.table import Table

MOST_SECONDS = 2.0
MOST_PICTURES = 20
PAGES = (
    "",
    "sales",
    "customers",
    "customer-list",
    "cohorts",
    "recommendations",
    "campaigns",
    "journeys",
    "latest",
    "quality",
)
FILTERED = (
    "sales?category=BEEF",
    "sales?group=35-49K",
    "sales?rfm_segment=champions",
    "sales?days=2017-03-01&days=2017-06-30",
    "customer-list?days=2017-03-01&days=2017-06-30&category=BEEF",
    "sales?days=2017-03-01&days=2017-06-30&group=35-49K&category=BEEF",
)
OPTIONS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-sync"
DRAWN = """() => {
    const names = ["stVegaLiteChart", "stEChartsChart", "stDataFrame", "stMetricChart"];
    const kinds = names.map(kind => `[data-testid=${kind}]`);
    const parts = [...document.querySelectorAll(kinds.join())].filter(part => part.checkVisibility());
    const cards = [...document.querySelectorAll(".cards")].filter(part => part.checkVisibility());
    const ready = document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning";
    const isDrawn = part => part.querySelector("canvas, svg.marks");
    return ready && parts.length + cards.length && parts.every(isDrawn);
}"""


def main() -> None:
    """Measure, print a table, and fail if a page takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="times that each page is opened")
    parser.add_argument("--pictures", type=Path, help="folder to write pictures to, instead of measuring")
    arguments = parser.parse_args()
    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS.split())
        if arguments.pictures:
            draw(browser, address, arguments.pictures)
            return
        table = Table("page", "first visit, s", "later, s", box=box.SIMPLE)
        medians = []
        for path in (*PAGES, *FILTERED):
            rounds = [opened(browser, address, path) for _ in range(arguments.rounds)]
            first, later = (statistics.median(seconds) for seconds in zip(*rounds, strict=True))
            medians.append(later)
            table.add_row(f"/{path}", f"{first:.2f}", f"{later:.2f}")
    Console().print(table, f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.")
    sys.exit(max(medians) > MOST_SECONDS)


@contextmanager
def served() -> Iterator[str]:
    """Serve the dashboard on a free port and give its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {**os.environ, "DASHBOARD_PORT": str(port)}
    program = subprocess.Popen([sys.executable, "-m", "serving.dashboard"], env=environment, stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        while program.poll() is None:
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=10).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        program.terminate()
        program.wait()


def opened(browser: Browser, address: str, path: str) -> tuple[float, float]:
    """Open a page as a new visitor, and as one who has seen another page before; return the seconds of both."""
    seconds = []
    other = next(page for page in reversed(PAGES) if page != path)
    for before in ((), (other,)):
        with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
            for another in before:
                wait(context.new_page(), f"{address}/{another}")
            page = context.new_page()
            began = time.perf_counter()
            wait(page, f"{address}/{path}")
            seconds.append(time.perf_counter() - began)
    return seconds[0], seconds[1]


def wait(page: Page, url: str) -> None:
    """Open a page and wait until all is drawn."""
    page.goto(url)
    page.wait_for_function(DRAWN)


def draw(browser: Browser, address: str, folder: Path) -> None:
    """Write the pictures of README and docs."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, path, width, height, scheme in (
        ("home", "", 1280, 1180, "light"),
        ("phone", "", 390, 1180, "dark"),
        ("sales", "sales?period=last+28+days&category=BEEF&category=CHEESE", 1280, 1250, "light"),
        ("journeys", "journeys", 1280, 1950, "light"),
    ):
        with browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme) as context:  # type: ignore[arg-type]
            page = context.new_page()
            wait(page, f"{address}/{path}")
            (folder / f"dashboard_{name}.png").write_bytes(still(page))


def still(page: Page) -> bytes:
    """Return a picture of a page on which nothing moves any more: that is like the picture before."""
    before = b""
    for _ in range(MOST_PICTURES):
        page.wait_for_timeout(1000)
        picture = page.screenshot(animations="disabled")
        if picture == before:
            return picture
        before = picture
    raise TimeoutError(f"{page.url} is still moving.")


if __name__ == "__main__":
    main()
