"""The program as `make dashboard` starts it, in a real browser."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.conftest import ROOT, Environment
from tests.serving.dashboard.conftest import Query

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
# Page, its title, and how many charts, diagrams and tables it draws.
PAGES = [
    ("", "Home", 0),
    ("sales", "Sales", 4),
    ("customers", "Customers", 5),
    ("customer-list", "Customer list", 1),
    ("cohorts", "Cohorts", 1),
    ("recommendations", "Recommendations", 4),
    ("campaigns", "Audiences and campaigns", 2),
    ("journeys", "Journeys", 3),
    ("latest", "Latest transactions", 1),
    ("quality", "Data quality", 2),
]
# On a phone, tables and the Sankey are cards.
PHONE = [
    ("", "Home", 0),
    ("sales", "Sales", 4),
    ("customers", "Customers", 2),
    ("customer-list", "Customer list", 0),
    ("cohorts", "Cohorts", 1),
    ("recommendations", "Recommendations", 1),
    ("campaigns", "Audiences and campaigns", 0),
    ("journeys", "Journeys", 2),
    ("latest", "Latest transactions", 0),
    ("quality", "Data quality", 0),
]
# Pairs of parts that overlap, and parts that are cut off at the right; a part may be within another.
OVERLAPS = """() => {
    const kinds = "h1, h2, h3, dt, dd, .links a, .cards li, [data-testid=stMetric], [data-testid=stVegaLiteChart],"
        + "[data-testid=stEChartsChart], [data-testid=stSelectbox], [data-testid=stMarkdownContainer],"
        + "[data-testid=stDownloadButton], [data-testid=stAlert]";
    const parts = [...document.querySelectorAll("[data-testid=stMain] :is(" + kinds + ")")]
        .filter(part => part.checkVisibility({checkVisibilityCSS: true}))
        .map(part => [part, part.getBoundingClientRect()]);
    const names = [];
    parts.forEach(([part, box], place) => {
        if (box.right > innerWidth + 1) names.push([part.innerText.slice(0, 40), "cut off"]);
        for (const [other, its] of parts.slice(place + 1)) {
            const width = Math.min(box.right, its.right) - Math.max(box.left, its.left);
            const height = Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top);
            if (width > 2 && height > 2 && !part.contains(other) && !other.contains(part))
                names.push([part.innerText.slice(0, 40), other.innerText.slice(0, 40)]);
        }
    });
    return names;
}"""
DRAWN = (
    ":is([data-testid=stVegaLiteChart], [data-testid=stEChartsChart], [data-testid=stDataFrame])"
    ":has(canvas, svg.marks):visible"
)
WAIT_SECONDS = 30


@pytest.fixture(scope="module")
def address(shown: Environment) -> Iterator[str]:
    """The dashboard in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    program = subprocess.Popen(
        [sys.executable, "-m", "serving.dashboard"],
        cwd=ROOT,
        env={**os.environ, **shown, "DASHBOARD_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=WAIT_SECONDS).close()
            break
        except OSError:
            assert program.poll() is None and time.monotonic() < until
            time.sleep(0.1)
    yield url
    program.terminate()
    output, _ = program.communicate(timeout=20)
    assert url in output
    assert "Traceback" not in output, output
    # Streamlit warns of it when it has asked outside for this machine's address in vain, as it would for `foreign`.
    assert "external IP" not in output and "External URL" not in output


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium without a window."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("there is no Chromium; on Debian `apt-get install chromium` brings it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS.split())
        yield browser
        browser.close()


class Watched:
    """A window whose page must neither complain nor ask anyone but the dashboard."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self.address = address
        self.page: Page = browser.new_context(**options).new_page()
        self.page.set_default_timeout(WAIT_SECONDS * 1000)
        self.wrong: list[str] = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", self._complaint)
        self.page.on("request", lambda request: self._only_here(request.url))
        self.page.on("websocket", lambda socket: self._only_here(socket.url.replace("ws:", "http:")))

    @contextmanager
    def watched(self) -> Iterator[None]:
        self.wrong.clear()
        yield
        assert self.wrong == []

    def _complaint(self, message: ConsoleMessage) -> None:
        # Opened by its address, Streamlit first looks for its own paths below that of the page, in vain.
        if message.type == "error" and not re.search(r"/[\w-]+/_stcore/", message.location["url"]):
            self.wrong.append(message.text)

    def _only_here(self, url: str) -> None:
        if not url.startswith((self.address, "data:", "blob:")):
            self.wrong.append(f"asks {url}")

    def has_drawn(self, title: str, number: int) -> None:
        expect(self.page.get_by_role("heading", name=title, level=1)).to_be_visible(timeout=WAIT_SECONDS * 1000)
        expect(self.page.locator(DRAWN)).to_have_count(number, timeout=WAIT_SECONDS * 1000)
        expect(self.page.locator("[data-testid=stApp]")).to_have_attribute("data-test-script-state", "notRunning")
        expect(self.page.locator("[data-testid=stAlert], [data-testid=stException]")).to_have_count(0)


# One tab for all tests of a width: a new one would load and compile all scripts of Streamlit again. A page that is
# opened by its address is a new session of the dashboard.
@pytest.fixture(scope="module")
def desktop(browser: Browser, address: str) -> Watched:
    return Watched(browser, address, viewport={"width": 1280, "height": 900}, color_scheme="light")


@pytest.fixture(scope="module")
def phone(browser: Browser, address: str) -> Watched:
    return Watched(browser, address, viewport={"width": 390, "height": 844}, color_scheme="dark", has_touch=True)


@pytest.fixture
def window(desktop: Watched) -> Iterator[Watched]:
    with desktop.watched():
        yield desktop


def test_every_page_opens_from_the_one_before(window: Watched, artifacts: Path) -> None:
    window.page.goto(window.address)
    for name, title, number in PAGES:
        window.page.get_by_test_id("stSidebarNavLink").get_by_text(title, exact=True).click()
        window.has_drawn(title, number)
        assert window.page.url.split("?")[0] == f"{window.address}/{name}"
        window.page.screenshot(path=artifacts / f"{name or 'home'}.png", full_page=True)
    assert len(list(artifacts.glob("*.png"))) >= len(PAGES)


@pytest.mark.parametrize(("name", "title", "number"), PHONE)
def test_pages_fit_a_phone_in_the_dark(phone: Watched, artifacts: Path, name: str, title: str, number: int) -> None:
    page = phone.page
    with phone.watched():
        page.goto(f"{phone.address}/{name}")
        phone.has_drawn(title, number)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.evaluate(OVERLAPS) == []
        background = page.locator("[data-testid=stApp]").evaluate("part => getComputedStyle(part).backgroundColor")
        assert max(map(int, background.removeprefix("rgb(").rstrip(")").split(","))) < 64
        page.screenshot(path=artifacts / f"{name or 'home'}_phone.png", full_page=True)


def test_a_filter_changes_what_is_seen_downloaded_and_in_the_address(window: Watched, query: Query) -> None:
    (drinks,) = query("select * from marts.category_kpis where category = 'Drinks'")
    seen = f"USD {drinks['total_revenue']:,.2f} in {drinks['transaction_count']} lines. Bars are days"
    page = window.page
    page.goto(f"{window.address}/sales")
    window.has_drawn("Sales", 4)
    expect(page.get_by_text(seen)).to_have_count(0)
    choice = page.get_by_role("combobox", name="Category")
    choice.scroll_into_view_if_needed()  # scrolling would close what a click opens
    choice.click()
    page.get_by_role("option", name="Drinks").click()
    expect(page.get_by_text(seen)).to_be_visible()
    page.wait_for_url("**/sales?category=Drinks")
    # What is seen can be downloaded.
    expect(page.get_by_text("1 of 1 categories")).to_be_visible()
    with page.expect_download() as download:
        page.locator(".st-key-download_categories button:visible").first.click()
    assert Path(download.value.path()).read_text() == (
        f"category,net_revenue,transaction_count\nDrinks,{drinks['total_revenue']},{drinks['transaction_count']}\n"
    )
    assert download.value.suggested_filename == "categories.csv"
    # Over another page and back, the filter stays.
    page.get_by_test_id("stSidebarNavLink").get_by_text("Data quality").click()
    window.has_drawn("Data quality", 2)
    page.get_by_test_id("stSidebarNavLink").get_by_text("Sales", exact=True).click()
    expect(page.get_by_text(seen)).to_be_visible()
    page.wait_for_url("**/sales?category=Drinks")
    # Who is sent the address sees the same.
    page.goto(page.url)
    expect(page.get_by_text(seen)).to_be_visible()


def test_other_origins_and_names_are_refused(address: str) -> None:
    def status(**headers: str) -> int:
        opening = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
        return httpx.get(f"{address}/_stcore/stream", headers={**opening, **key, **headers}).status_code

    assert status(Origin=address) == 101
    assert status(Origin="http://foreign.example") == 403
    assert status(Origin="http://foreign.example", Host="foreign.example") == 403


def test_the_latest_lines_refresh_by_themselves(window: Watched, query: Query) -> None:
    window.page.goto(window.address)
    window.page.get_by_test_id("stSidebarNavLink").get_by_text("Latest transactions").click()
    window.has_drawn("Latest transactions", 1)
    newest = window.page.get_by_test_id("stMetricValue")
    before = newest.inner_text()
    moved = (
        "update raw.transactions set transacted_at = transacted_at + interval '%s minute'"
        " where transaction_id = (select transaction_id from marts.latest_transactions limit 1) returning transacted_at"
    )
    try:
        (line,) = query(moved % 1)
        expect(newest).to_have_text(f"{line['transacted_at']:%Y-%m-%d %H:%M:%S} UTC", timeout=WAIT_SECONDS * 1000)
    finally:
        query(moved % -1)
    assert newest.inner_text() != before


def test_from_home_to_a_file_of_customers_by_clicks(window: Watched, query: Query) -> None:
    """Home, the customers of an action, the page of one of them, and a file."""
    page = window.page
    page.goto(window.address)
    page.get_by_role("link", name="Show these customers").first.click()
    window.has_drawn("Customer list", 1)
    (audience,) = parse_qs(urlsplit(page.url).query)["audience"]
    customers = query(
        "select customer_id, sum(total_spend) over () as spend from marts.customer_profiles"
        " inner join marts.audience_members using (customer_id)"
        " where audience = %s and assignment = 'treated' and may_be_contacted order by total_spend desc, customer_id",
        audience,
    )
    said = f": {len(customers)} customer{'s' * (len(customers) != 1)} who spent USD {customers[0]['spend']:,.2f}"
    expect(page.get_by_text(said)).to_be_visible()
    with page.expect_download() as download:
        page.locator(".st-key-download_customers button:visible").first.click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["customer_id", *(row["customer_id"] for row in customers)]
    page.get_by_test_id("stDataFrame").click(position={"x": 15, "y": 52})
    page.get_by_role("link", name=f"Profile of {customers[0]['customer_id']}").click()
    expect(page.get_by_role("heading", name="Recommendations", level=1)).to_be_visible()
    page.get_by_text("Everything known of the customer").click()
    with page.expect_download() as download:
        page.locator(".st-key-download_profile button:visible").first.click()
    assert customers[0]["customer_id"] in Path(download.value.path()).read_text()
    # Back, the list is as it was.
    page.go_back()
    expect(page.get_by_text(said)).to_be_visible()


def test_a_click_on_a_mark_opens_its_customers(window: Watched, query: Query) -> None:
    (tier,) = query("select count(*) as customers from marts.customer_profiles where churn_risk = 'low'")
    page = window.page
    page.goto(f"{window.address}/sales")
    window.has_drawn("Sales", 4)
    bars = page.locator("[data-testid=stVegaLiteChart]:visible").nth(2)
    bars.scroll_into_view_if_needed()
    bars.click(position={"x": 80, "y": 20})
    page.wait_for_url("**/customer-list?churn_risk=low")
    window.has_drawn("Customer list", 1)
    expect(page.get_by_text(f"Churn risk: low: {tier['customers']} customers")).to_be_visible()


def test_the_customers_of_a_mark_open_by_keyboard(window: Watched, query: Query) -> None:
    (cell,) = query(
        "select * from marts.cohort_retention where is_complete and month_number = 1 and retained_customers > 0"
        " order by cohort_month limit 1"
    )
    page = window.page
    page.goto(f"{window.address}/cohorts")
    window.has_drawn("Cohorts", 1)
    page.get_by_role("combobox", name="Customers behind a cell").focus()
    page.keyboard.type(f"{cell['cohort_month']:%Y-%m}, 1 month")
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name=f"{cell['retained_customers']} of {cell['cohort_month']:%Y-%m}, 1 month later")
    link.focus()
    page.keyboard.press("Enter")
    window.has_drawn("Customer list", 1)
    customers = "customer" if cell["retained_customers"] == 1 else "customers"
    expect(page.get_by_text(f": {cell['retained_customers']} {customers} who spent")).to_be_visible()
