"""Lists to search, pages about one thing, and whole marts as files."""

from __future__ import annotations

import csv
import io
import socket
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from loaders.project import Project
from serving.api.routes.exports import AT_ONCE
from tests.conftest import Environment
from tests.serving.conftest import connect
from tests.serving.test_marts import exact, in_database
from tests.serving.test_pool import wait_for


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/api/customers?churn_risk=low&sort=-total_spend",
         "select * from marts.customer_profiles where churn_risk = 'low' order by total_spend desc, customer_id"),
        ("/api/products?sort=-total_revenue&limit=3",
         "select * from marts.product_kpis order by total_revenue desc, product_id limit 3"),
        ("/api/segments", "select * from marts.rfm_segment_summary order by rfm_segment"),
    ],
)  # fmt: skip
def test_lists_are_those_of_the_marts(client: httpx.Client, marts: Environment, path: str, query: str) -> None:
    expected = in_database(marts, query)
    assert exact(client.get(path).text)["data"] == expected
    assert expected


def test_a_search_finds_text_in_id_name_and_email(client: httpx.Client, marts: Environment) -> None:
    with connect(marts) as admin:
        keys = [key for (key,) in admin.execute("select customer_id from marts.customer_profiles order by 1 limit 2")]
        for key, name, email in ((keys[0], "50%_Özil", None), (keys[1], None, "Needle@shop.example")):
            change = "update marts.customer_profiles set customer_name = %s, email = %s where customer_id = %s"
            admin.execute(change, (name, email, key))

    def found(text: str, **more: Any) -> list[str]:
        answer = client.get("/api/customers", params={"search": text, **more})
        return [row["customer_id"] for row in answer.json()["data"]]

    assert found("50%_ö") == [keys[0]]
    assert found("nEEDLE@") == [keys[1]]
    assert keys[0] in found(keys[0])
    assert found("needle@", is_registered="true", customer_id__ne=keys[1]) == []
    assert found("%") == [keys[0]]
    every = found("", limit=10_000)
    assert every == [row["customer_id"] for row in client.get("/api/customers?limit=10000").json()["data"]]
    first = client.get("/api/customers?search=e&limit=1").json()["next_cursor"]
    assert client.get(f"/api/customers?search=e&limit=1&cursor={first}").status_code == 200
    assert client.get(f"/api/customers?search=f&limit=1&cursor={first}").status_code == 400
    # A mart's own route has filters only.
    assert client.get("/marts/customer_profiles?search=e").status_code == 422


def test_a_customer_has_profile_and_lists(client: httpx.Client, marts: Environment) -> None:
    (profile, *_) = in_database(marts, "select * from marts.customer_profiles order by total_spend desc")
    key = profile["customer_id"]
    found = exact(client.get(f"/api/customers/{key}").text)
    assert found["profile"] == profile
    assert exact(client.get(f"/customers/{key}").text) == found
    for name, query in {
        "recommendations": f"select * from marts.recommendations where customer_id = '{key}' order by list, rank",
        "portfolio": f"select * from marts.product_portfolio where customer_id = '{key}' order by product_id",
        "recent_orders": f"""
            select order_id, order_date as purchase_date, transaction_count, net_revenue::numeric(18, 2)
            from intermediate.int_orders
            where customer_id = '{key}' and is_purchase
            order by order_date desc, order_id desc limit 20
        """,
    }.items():
        assert sorted(found[name], key=str) == sorted(in_database(marts, query), key=str), name
    assert found["recommendations"] and found["recent_orders"]
    days = [order["purchase_date"] for order in found["recent_orders"]]
    assert days == sorted(days, reverse=True)
    with connect(marts) as admin:
        admin.execute("alter table marts.product_portfolio rename to elsewhere")
        without = exact(client.get(f"/api/customers/{key}").text)
        admin.execute("alter table marts.elsewhere rename to product_portfolio")
    assert without == {**found, "portfolio": []}


def test_a_product_has_what_is_bought_with_it(client: httpx.Client, marts: Environment) -> None:
    with connect(marts) as admin:
        # No two products of the small files are in enough orders.
        admin.execute("""
            insert into marts.product_affinities
                (product_id, other_product_id, pair_orders, product_orders, other_product_orders, total_orders,
                support, confidence, lift, cosine, affinity_rank)
            select one.product_id, other.product_id, 5, 10, 10, 100, 0.05, 0.5, 5, 0.5, other.revenue_rank
            from marts.product_kpis as one
            inner join marts.product_kpis as other on one.product_id <> other.product_id
            where one.revenue_rank = 1
        """)
    pairs = in_database(marts, "select * from marts.product_affinities order by product_id, affinity_rank")
    pair = pairs[0]
    found = exact(client.get(f"/api/products/{pair['product_id']}").text)
    key = pair["product_id"]
    assert found["kpis"] == in_database(marts, f"select * from marts.product_kpis where product_id = '{key}'")[0]
    assert [each["product_id"] for each in found["bought_together"]] == [each["other_product_id"] for each in pairs]
    assert found["bought_together"][0]["lift"] == pair["lift"]
    (other,) = in_database(marts, f"select * from marts.product_kpis where product_id = '{pair['other_product_id']}'")
    assert found["bought_together"][0]["product_name"] == other["product_name"]


def test_a_user_has_a_journey(client: httpx.Client, marts: Environment) -> None:
    (journey, *_) = in_database(marts, "select * from marts.user_journeys order by user_id")
    key = journey["user_id"]
    stages = f"select * from marts.journey_stage_history where user_id = '{key}' order by valid_from"
    assert exact(client.get(f"/api/users/{key}/journey").text) == {
        "journey": journey,
        "stages": in_database(marts, stages),
    }


@pytest.mark.parametrize("path", ["/api/customers/{}", "/customers/{}", "/api/products/{}", "/api/users/{}/journey"])
def test_an_unknown_key_is_not_found(client: httpx.Client, path: str) -> None:
    answer = client.get(path.format("nobody"))
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "lists them" in answer.json()["detail"]
    assert client.get(path.format("%00")).status_code == 422


@pytest.mark.parametrize("mart", ["category_kpis", "latest_transactions", "metrics_summary"])
def test_an_export_is_the_whole_mart(client: httpx.Client, marts: Environment, mart: str, tmp_path: Path) -> None:
    expected = in_database(marts, f"select * from marts.{mart}")
    table = client.get(f"/api/exports/{mart}")
    assert table.headers["content-disposition"] == f'attachment; filename="{mart}.csv"'
    assert len(list(csv.DictReader(io.StringIO(table.text)))) == len(expected) > 0
    found = exact(client.get(f"/api/exports/{mart}?format=json").text)
    if mart != "latest_transactions":  # its times are in the project's zone
        assert sorted(found if isinstance(found, list) else [found], key=str) == sorted(expected, key=str)
    file = tmp_path / "mart.parquet"
    file.write_bytes(client.get(f"/api/exports/{mart}?format=parquet").content)
    assert duckdb.connect().execute("select count(*) from read_parquet($1)", [str(file)]).fetchone() == (len(expected),)


def test_an_export_is_safe_for_spreadsheets_and_leaves_no_file(
    client: httpx.Client, marts: Environment, project: Project
) -> None:
    with connect(marts) as admin:
        admin.execute("update marts.category_kpis set category = '=1+1' where category = 'Household'")
        safe, raw = (client.get(f"/api/exports/category_kpis?raw={raw}").text for raw in ("false", "true"))
        admin.execute("update marts.category_kpis set category = 'Household' where category = '=1+1'")
    assert "\n'=1+1," in safe and "\n=1+1," in raw
    # It is removed when the client has all of it.
    wait_for(lambda: not list((project.root / "target" / "loader").glob("copy-*/category_kpis.*")))


def test_an_export_whose_client_goes_is_not_written(client: httpx.Client, marts: Environment, project: Project) -> None:
    def exporting(condition: str) -> int:
        with connect(marts) as other:
            query = "select count(*) from pg_stat_activity where application_name = 'read API (export)'"
            (count,) = other.execute(f"{query} and {condition}").fetchone() or (0,)  # type: ignore[arg-type]
            return int(count)

    with connect(marts) as admin:
        admin.execute("begin; lock table marts.order_lines")
        for number in range(1, AT_ONCE + 1):
            with socket.create_connection((client.base_url.host, client.base_url.port)) as opened:
                opened.sendall(b"GET /api/exports/order_lines HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                wait_for(lambda number=number: exporting("wait_event_type = 'Lock'") == number)
        admin.execute("rollback")
    wait_for(lambda: exporting("true") == 0)
    assert client.get("/api/exports/category_kpis").status_code == 200
    assert list((project.root / "target" / "loader").glob("copy-*/order_lines.*")) == []


def test_an_export_that_cannot_be_says_why(client: httpx.Client, marts: Environment) -> None:
    assert client.get("/api/exports/loads").status_code == 404
    assert client.get("/api/exports/category_kpis?format=xlsx").status_code == 422
    with connect(marts) as admin:
        admin.execute("alter table marts.category_kpis rename to elsewhere")
        missing = client.get("/api/exports/category_kpis")
        admin.execute("alter table marts.elsewhere rename to category_kpis")
    assert missing.status_code == 503
    assert "dbt build" in missing.json()["detail"]
