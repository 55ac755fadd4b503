"""Numbers for charts are those of the marts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import altair as alt
import httpx
import pytest
from prometheus_client.utils import floatToGoString

from loaders.contract.tables import Contract
from loaders.operations.metrics import MART_MEASURES, OPERATIONS_MEASURES, read_metrics
from loaders.project import Project
from serving.api.app import create_app
from serving.api.cache import MOST_ENTRIES, ShortMemory
from serving.api.settings import ApiSettings
from tests.conftest import Environment
from tests.serving.conftest import connect, serve
from tests.serving.test_marts import exact, in_database


def test_the_summary_has_exactly_three_names(client: httpx.Client, marts: Environment) -> None:
    (expected,) = in_database(marts, "select * from marts.metrics_summary")
    assert exact(client.get("/api/metrics/summary").text) == {
        "totalCustomers": expected["total_customers"],
        "totalRevenue": expected["total_revenue"],
        "totalTransactions": expected["total_transactions"],
    }


@pytest.mark.parametrize("by", ["rfm_segment", "segment_number", "customer_segment"])
def test_segments_add_up(client: httpx.Client, marts: Environment, by: str) -> None:
    (expected,) = in_database(
        marts, "select count(*) as customers, sum(total_spend) as spend from marts.customer_metrics"
    )
    found = exact(client.get("/api/customer-segments", params={"by": by}).text)
    assert sum(group["customers"] for group in found) == expected["customers"]
    assert sum(group["totalSpend"] for group in found) == expected["spend"]
    assert float(sum(group["share"] for group in found)) == pytest.approx(1, abs=1e-5)
    assert len({group["segment"] for group in found}) == len(found) > 1


def test_categories_come_by_revenue(client: httpx.Client, marts: Environment) -> None:
    expected = in_database(marts, "select * from marts.category_kpis order by total_revenue desc, category limit 2")
    found = exact(client.get("/api/category-insights?limit=2").text)
    assert [(row["category"], row["totalRevenue"], row["revenueShare"]) for row in found] == [
        (row["category"], row["total_revenue"], row["revenue_share"]) for row in expected
    ]


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_periods_add_up(client: httpx.Client, marts: Environment, grain: str) -> None:
    (total,) = in_database(marts, "select sum(net_revenue) as revenue from marts.daily_sales")
    found = exact(client.get("/api/time-series", params={"grain": grain}).text)
    assert sum(period["netRevenue"] for period in found) == total["revenue"]
    days = "select * from marts.daily_sales where sales_date between '2024-02-01' and '2024-02-29'"
    expected = in_database(marts, f"select sum(net_revenue) as revenue from ({days}) as february")
    found = exact(client.get(f"/api/time-series?grain={grain}&from=2024-02-01&to=2024-02-29").text)
    assert sum(period["netRevenue"] for period in found) == (expected[0]["revenue"] or 0)
    assert client.get("/api/time-series?from=1999-01-01&to=1999-01-02").json() == []
    assert "from" in client.get("/api/time-series?from=2024-02-02&to=2024-02-01").json()["detail"]


def test_tiers_of_churn_have_every_customer(client: httpx.Client, marts: Environment) -> None:
    (expected,) = in_database(marts, "select count(*) as customers from marts.customer_metrics")
    found = client.get("/api/churn-risk").json()
    tiers = [tier["churnRisk"] for tier in found]
    assert tiers == [tier for tier in ("low", "medium", "high", "prospect") if tier in tiers]
    assert sum(tier["customers"] for tier in found) == expected["customers"]


def test_the_latest_transactions_come_first(client: httpx.Client, marts: Environment) -> None:
    query = "select * from marts.latest_transactions order by transacted_at desc, transaction_id limit 5"
    found = exact(client.get("/api/real-time-transactions?limit=5").text)
    assert [row["transactionId"] for row in found] == [row["transaction_id"] for row in in_database(marts, query)]
    assert [row["amount"] for row in found] == [row["amount"] for row in in_database(marts, query)]


@pytest.mark.parametrize(
    ("path", "mark"),
    [("customer-segments?", "bar"), ("category-insights?", "bar"), ("time-series?grain=week&", "line"),
     ("churn-risk?", "bar")],
)  # fmt: skip
def test_a_chart_is_valid_and_has_the_rows(client: httpx.Client, path: str, mark: str) -> None:
    rows, chart = client.get(f"/api/{path}"), client.get(f"/api/{path}as=chart")
    assert exact(chart.text)["data"]["values"] == exact(rows.text)
    # Altair checks a chart by the schema of its version of Vega-Lite.
    alt.Chart.from_dict(chart.json(), validate=True)
    assert chart.json()["mark"]["type"] == mark
    for channel in chart.json()["encoding"].values():
        assert channel["field"] in rows.json()[0]
    assert client.get(f"/api/{path}as=table").status_code == 422


def test_ready_tells_the_age_of_the_marts(client: httpx.Client, marts: Environment) -> None:
    (expected,) = in_database(marts, "select as_of_date from marts.metrics_summary")
    found = client.get("/ready").json()
    assert found["status"] == "ready"
    assert found["as_of_date"] == expected["as_of_date"]
    assert found["newest_load_at"] == found["last_load_at"]
    load = "insert into loader.loads (table_name, file_name, status, started_at, finished_at) values"
    with connect(marts) as admin:
        admin.execute(f"{load} ('raw.customers', 'new.csv', 'loaded', now(), now() + interval '1 minute')")
        after = client.get("/ready").json()
        admin.execute("delete from loader.loads where file_name = 'new.csv'")
    assert after["newest_load_at"] > after["last_load_at"] == found["last_load_at"]


def test_ready_says_nothing_of_a_ledger_that_it_may_not_read(
    project: Project, marts: Environment, few_marts: Path
) -> None:
    with connect(marts) as admin:
        admin.execute("create role only_reader login; grant bi_reader to only_reader")
    with serve(create_app(project, ApiSettings(), {**marts, "PGUSER": "only_reader"}, few_marts)) as client:
        found = client.get("/ready").json()
    assert found["last_load_at"] and found["newest_load_at"] is None


def test_metrics_tell_the_age_of_the_marts(client: httpx.Client, marts: Environment, contract: Contract) -> None:
    with connect(marts) as admin:
        registry = read_metrics(admin, contract)
    for measure in MART_MEASURES:
        for name in measure.metrics:
            assert f"{name} {floatToGoString(registry.get_sample_value(name))}\n" in client.get("/metrics").text
    assert "marts_readable 1.0" in client.get("/metrics").text
    with connect(marts) as admin:
        admin.execute("alter table marts.metrics_summary rename to elsewhere")
        without = client.get("/metrics").text
        admin.execute("alter table marts.elsewhere rename to metrics_summary")
    assert "marts_readable 0.0" in without
    assert "http_requests_total" in without


def test_every_mart_of_operations_has_its_metrics(marts: Environment, contract: Contract) -> None:
    with connect(marts) as admin:
        registry = read_metrics(admin, contract)
    found = {family.name for family in registry.collect()}
    assert {name for measure in (*MART_MEASURES, *OPERATIONS_MEASURES) for name in measure.metrics} <= found
    assert registry.get_sample_value("dbt_last_build_failed") == 0
    (checked,) = in_database(marts, "select * from marts.data_quality_report where check_name = 'negative_amount'")
    labels = {"check": "negative_amount", "table": checked["table_name"], "severity": checked["severity"]}
    assert registry.get_sample_value("quality_failed_rows", labels) == checked["rows_failed"] > 0


def test_the_short_memory_asks_once_and_keeps_no_error() -> None:
    now, made, fails = 0.0, 0, False

    async def make() -> str:
        nonlocal made
        made += 1
        number = made
        await asyncio.sleep(0.001)
        if fails:
            raise ValueError
        return str(number)

    async def run() -> None:
        nonlocal now, fails
        memory = ShortMemory(5, 15, lambda: now)
        assert await asyncio.gather(*[memory.get("a", make) for _ in range(3)]) == ["1", "1", "1"]
        now = 4.9
        assert await memory.get("a", make) == "1"
        now = 5
        assert await asyncio.gather(*[memory.get("a", make) for _ in range(3)]) == ["1", "1", "1"]  # while 2 is made
        await asyncio.sleep(0.1)
        assert await memory.get("a", make) == "2"
        now, fails = 20, True
        with pytest.raises(ValueError):
            await memory.get("a", make)
        fails = False
        assert await memory.get("a", make) == "4"
        leaving = asyncio.ensure_future(memory.get("b", make))
        await asyncio.sleep(0)
        leaving.cancel()
        assert await memory.get("b", make) == "5"  # the query of one who left serves the next
        for number in range(MOST_ENTRIES):
            await memory.get(number, make)
        assert await memory.get("a", make) == str(MOST_ENTRIES + 6)  # it was the first to go

    asyncio.run(run())
