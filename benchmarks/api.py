"""Measure the read API with 50 readers at once, on the marts of the demo (`make demo`, then this file with `.venv`).

The server runs in a process of its own, as `make api` starts it; this process has the readers. Each reader holds one
connection, asks, waits for the whole answer, and asks again after a pause, as a page does that somebody looks at. What
a reader asks is drawn from all kinds of requests, and where it names a customer or a product, that is drawn too. A
second round without pauses shows how much one process can answer at all. Before both, a single reader asks for each
kind, in turns with the same query on a connection of its own, as psql would send it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx
import psycopg
from rich import box
from rich.console import Console
from rich.table import Table

from loaders.destinations.postgres.connection import connection_environment
from loaders.project import find_project
from serving.reader import connection_arguments

MOST_MEDIAN, MOST_P95 = 20, 200
Latencies = Mapping[str, list[float]]
ALONE = 20
# Kind of request, how often it is asked, and its path for a customer.
REQUESTS: list[tuple[str, int, Callable[[str], str]]] = [
    ("summary", 4, lambda _: "/api/metrics/summary"),
    ("time series, days", 3, lambda _: "/api/time-series"),
    ("spend by segment", 2, lambda _: "/api/customer-segments"),
    ("categories", 2, lambda _: "/api/category-insights"),
    ("churn risk", 2, lambda _: "/api/churn-risk"),
    ("latest transactions", 3, lambda _: "/api/real-time-transactions"),
    ("one customer", 8, lambda customer: f"/api/customers/{customer}"),
    ("customers of a segment", 4, lambda _: "/api/customers?rfm_segment=champions&sort=-total_spend"),
    ("customers, searched", 2, lambda customer: f"/api/customers?search={customer}"),
    ("products, searched", 1, lambda _: "/api/products?search=milk&sort=-total_revenue"),
    ("segments", 2, lambda _: "/api/segments"),
    ("chart of days", 2, lambda _: "/api/time-series?as=chart"),
    (
        "100 profiles, filtered",
        4,
        lambda customer: f"/marts/customer_profiles?total_spend__gte={customer}&churn_risk=low",
    ),
    ("top 20 by spend", 4, lambda _: "/marts/customer_metrics?sort=-total_spend&limit=20"),
    ("a month of days", 4, lambda _: "/marts/daily_sales?sales_date__gte=2017-06-01&sales_date__lt=2017-07-01"),
    ("cohorts", 2, lambda _: "/marts/cohort_retention"),
    ("100 order lines", 4, lambda _: "/marts/order_lines"),
    ("a customer's order lines", 4, lambda customer: f"/marts/order_lines?customer_id={customer}"),
]

# The same in SQL, for the kinds whose answers are not kept for some seconds.
QUERIES = {
    "one customer": "select * from marts.customer_profiles where customer_id = %(customer)s",
    "customers of a segment": """
        select * from marts.customer_profiles where rfm_segment = 'champions'
        order by total_spend desc, customer_id limit 101
    """,
    "products, searched": """
        select * from marts.product_kpis
        where product_id ilike '%%milk%%' or product_name ilike '%%milk%%' or category ilike '%%milk%%'
        order by total_revenue desc, product_id limit 101
    """,
    "top 20 by spend": "select * from marts.customer_metrics order by total_spend desc, customer_id limit 21",
    "a month of days": """
        select * from marts.daily_sales where sales_date >= '2017-06-01' and sales_date < '2017-07-01'
        order by sales_date
    """,
    "100 order lines": "select * from marts.order_lines order by transaction_id limit 101",
    "a customer's order lines": """
        select * from marts.order_lines where customer_id = %(customer)s order by transaction_id limit 101
    """,
}


def main() -> None:
    """Measure, print a table, and fail if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--pause", type=float, default=0.5, help="mean seconds between answer and next request")
    arguments = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        **connection_environment(find_project()),
        "API_PORT": str(port),
        "API_RATE_LIMIT": "1000000000/minute",
    }
    with Path(os.devnull).open("w") as nowhere:
        server = subprocess.Popen(
            [sys.executable, "-m", "serving.api"], env=environment, stdout=nowhere, stderr=nowhere
        )
        try:
            customers = _wait_for_customers(port, server)
            _show_alone(*_measure_alone(port, customers))
            for pause in (arguments.pause, 0.0):
                found = asyncio.run(_measure(port, customers, arguments.readers, arguments.seconds, pause))
                met = _show(found, arguments.readers, arguments.seconds, pause)
                if pause and not met:
                    sys.exit(f"Missed: median below {MOST_MEDIAN} ms, 95th percentile below {MOST_P95} ms.")
        finally:
            server.terminate()
            server.wait()


def _wait_for_customers(port: int, server: subprocess.Popen[bytes]) -> list[str]:
    """Return the customers' identifiers as soon as the server answers."""
    address = f"http://127.0.0.1:{port}/marts/customer_metrics?limit=10000"
    for _ in range(300):
        if server.poll() is not None:
            sys.exit("The server does not start; `make api` says why.")
        try:
            with urllib.request.urlopen(address) as answer:
                return [row["customer_id"] for row in json.load(answer)["data"]]
        except OSError:
            time.sleep(0.1)
    sys.exit("The server does not answer.")


def _measure_alone(port: int, customers: list[str]) -> tuple[Latencies, Latencies]:
    """Return the milliseconds of answers to a single reader, and of the same queries, by kind of request."""
    answers: dict[str, list[float]] = defaultdict(list)
    queries: dict[str, list[float]] = defaultdict(list)
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
        psycopg.connect(**connection_arguments(connection_environment(find_project()), "benchmark")) as connection,
    ):
        for number in range(ALONE):
            customer = customers[number * len(customers) // ALONE]
            for kind, _, path in REQUESTS:
                began = time.perf_counter()
                client.get(path(urllib.parse.quote(customer))).raise_for_status()
                answers[kind].append((time.perf_counter() - began) * 1000)
                if kind in QUERIES:
                    began = time.perf_counter()
                    connection.execute(QUERIES[kind], {"customer": customer}).fetchall()
                    queries[kind].append((time.perf_counter() - began) * 1000)
    return answers, queries


def _show_alone(answers: Latencies, queries: Latencies) -> None:
    table = Table(box=box.SIMPLE_HEAD, title="one reader")
    for column in ("request", "median ms", "most ms", "query alone, ms", "ratio"):
        table.add_column(column, justify="left" if column == "request" else "right", no_wrap=True)
    for kind, latencies in answers.items():
        median, alone = statistics.median(latencies), statistics.median(queries.get(kind, [0]))
        ratio = (f"{alone:.1f}", f"{median / alone:.1f}") if alone else ("", "")
        table.add_row(kind, f"{median:.1f}", f"{max(latencies):.1f}", *ratio)
    Console().print(table)


async def _measure(port: int, customers: list[str], readers: int, seconds: float, pause: float) -> Latencies:
    """Return the milliseconds of all answers by kind of request; the first seconds are not counted."""
    found: dict[str, list[float]] = defaultdict(list)
    began = time.perf_counter()
    warm = began + min(3, seconds / 4)
    async with asyncio.TaskGroup() as group:
        for number in range(readers):
            group.create_task(_read(port, customers, random.Random(number), found, warm, began + seconds, pause))
    return found


async def _read(
    port: int,
    customers: list[str],
    chance: random.Random,
    found: dict[str, list[float]],
    warm: float,
    end: float,
    pause: float,
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    weights = [weight for _, weight, _ in REQUESTS]
    await asyncio.sleep(chance.random() * pause)
    while time.perf_counter() < end:
        ((kind, _, path),) = chance.choices(REQUESTS, weights)
        customer = urllib.parse.quote(chance.choice(customers))
        began = time.perf_counter()
        writer.write(f"GET {path(customer)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        status, headers = int(head[9:12]), head.lower()
        assert status == 200, (kind, status)
        await reader.readexactly(int(headers.split(b"content-length: ")[1].split(b"\r\n")[0]))
        if began > warm:
            found[kind].append((time.perf_counter() - began) * 1000)
        if pause:
            await asyncio.sleep(chance.uniform(0, 2 * pause))
    writer.close()


def _show(found: Latencies, readers: int, seconds: float, pause: float) -> bool:
    """Print a table; return whether the targets are met."""
    together = [each for latencies in found.values() for each in latencies]
    rate = len(together) / (seconds - min(3, seconds / 4))
    title = f"{readers} readers, {f'{pause:g} s pause' if pause else 'no pause'}: {rate:,.0f} answers a second"
    table = Table(box=box.SIMPLE_HEAD, title=title)
    for column in ("request", "answers", "median ms", "p95 ms", "p99 ms"):
        table.add_column(column, justify="left" if column == "request" else "right", no_wrap=True)
    for kind, _, _ in REQUESTS:
        if len(found.get(kind, ())) > 1:
            table.add_row(kind, *_numbers(found[kind]))
    table.add_section()
    table.add_row("all", *_numbers(together))
    Console().print(table)
    return statistics.median(together) < MOST_MEDIAN and _percentile(together, 95) < MOST_P95


def _numbers(latencies: list[float]) -> tuple[str, ...]:
    found = (statistics.median(latencies), _percentile(latencies, 95), _percentile(latencies, 99))
    return (f"{len(latencies):,}", *(f"{each:.1f}" for each in found))


def _percentile(latencies: list[float], percent: int) -> float:
    return statistics.quantiles(latencies, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    main()
