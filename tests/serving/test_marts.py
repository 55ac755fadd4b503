"""Each mart answers with its rows, filtered, sorted, paged, in three formats."""

from __future__ import annotations

import base64
import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from loaders.errors import LoaderError
from serving.api.marts import read_catalogue
from tests.conftest import ROOT, Environment
from tests.serving.conftest import MORE_LINES, connect

NAMES = sorted(file.stem for file in (ROOT / "models" / "marts").rglob("*.sql"))


def exact(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def rows(client: httpx.Client, mart: str, **parameters: Any) -> list[dict[str, Any]]:
    """Return all rows, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = client.get(f"/marts/{mart}", params={**parameters, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.text
        content = exact(answer.text)
        found += content["data"]
        cursor = content["next_cursor"]
        assert (cursor is None) == ("link" not in answer.headers)
        if cursor is None:
            return found


def in_database(environment: Environment, query: str) -> list[Any]:
    with connect(environment) as connection:
        connection.execute("set timezone = 'UTC'")
        found = connection.execute(f"select to_json(_row)::text from ({query}) as _row").fetchall()  # type: ignore[arg-type]
    return [exact(text) for (text,) in found]


def test_every_mart_is_listed_with_its_columns(client: httpx.Client) -> None:
    listed = {mart["name"]: mart for mart in client.get("/marts").json()}
    assert sorted(listed) == NAMES
    assert listed["daily_sales"]["key"] == ["sales_date"]
    assert listed["daily_sales"]["description"].endswith("One row per calendar day.")
    column = next(each for each in listed["daily_sales"]["columns"] if each["name"] == "net_revenue_7d_avg")
    assert column == {
        "name": "net_revenue_7d_avg",
        "data_type": "numeric(18, 2)",
        "description": "Mean net revenue of the day and the six before it; NULL on the first six days.",
        "nullable": True,
    }


@pytest.mark.parametrize("mart", NAMES)
def test_every_row_comes_once_whatever_the_page(client: httpx.Client, marts: Environment, mart: str) -> None:
    # The many more lines are left to the test of streaming.
    parameters: dict[str, Any] = {"transaction_date__gt": "2024-01-01"} if mart == "order_lines" else {}
    where = "where transaction_date > '2024-01-01'" if parameters else ""
    expected = in_database(marts, f"select * from marts.{mart} {where}")
    assert expected or mart not in ("category_kpis", "customer_profiles", "daily_sales", "order_lines")

    def content(found: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps(row, default=str) for row in found)

    assert content(rows(client, mart, **parameters, limit=10_000)) == content(expected)
    listed = next(each for each in client.get("/marts").json() if each["name"] == mart)
    nullable = [column["name"] for column in listed["columns"] if column["nullable"]][:1]
    size = max(1, -(-len(expected) // 4))
    for sort in ([], [f"-{listed['columns'][-1]['name']}"], nullable, [f"-{name}" for name in nullable]):
        found = rows(client, mart, **parameters, limit=size, sort=sort)
        assert content(found) == content(expected), sort
        for order in sort[:1]:
            values = [row[order.lstrip("-")] for row in found if row[order.lstrip("-")] is not None]
            assert all(row[order.lstrip("-")] is None for row in found[len(values) :])
            if not isinstance(values[0] if values else "", str):  # text is in the database's order
                assert values == sorted(values, reverse=order.startswith("-"))


@pytest.mark.parametrize(
    ("mart", "parameters", "condition"),
    [
        ("category_kpis", {"category": "Food"}, "category = 'Food'"),
        ("category_kpis", {"category__ne": "Food"}, "category <> 'Food'"),
        ("category_kpis", {"category__in": ["Food", "(unknown)"]}, "category in ('Food', '(unknown)')"),
        ("daily_sales", {"net_revenue__gt": "20", "refunds__lte": "0"}, "net_revenue > 20 and refunds <= 0"),
        ("daily_sales", {"sales_date__gte": "2024-02-01", "sales_date__lt": "2024-03-01"},
         "sales_date >= '2024-02-01' and sales_date < '2024-03-01'"),
        ("daily_sales", {"net_revenue_7d_avg__null": "true"}, "net_revenue_7d_avg is null"),
        ("customer_profiles", {"is_registered": "false"}, "not is_registered"),
        ("customer_profiles", {"churn_risk__null": "false", "rfm_segment__null": "true"},
         "churn_risk is not null and rfm_segment is null"),
        ("load_history", {"finished_at__gt": "2000-01-01T00:00:00+23:59"}, "finished_at > '2000-01-01'"),
    ],
)  # fmt: skip
def test_filters_are_conditions(
    client: httpx.Client, marts: Environment, mart: str, parameters: dict[str, Any], condition: str
) -> None:
    expected = in_database(marts, f"select * from marts.{mart} where {condition}")
    found = rows(client, mart, **parameters)
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert found or mart == "category_kpis"


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("net_revenue__gte=lots", "net_revenue__gte"),
        ("net_revenue=1e999999", "net_revenue"),
        ("net_revenue=nan", "net_revenue"),
        ("transaction_count=99999999999999999999", "transaction_count"),
        ("sales_date=1711843200", "sales_date"),
        ("sales_date=2024-02-30", "sales_date"),
        ("net_revenue__like=1", "net_revenue__like"),
        ("nothing=1", "nothing"),
        ("sort=nothing", "sort"),
        ("limit=10001", "limit"),
        ("limit=0", "limit"),
        ("format=xml", "format"),
        ("net_revenue=1&net_revenue=2", "net_revenue"),
    ],
)
def test_a_bad_parameter_is_named_and_its_value_is_not(client: httpx.Client, query: str, named: str) -> None:
    answer = client.get(f"/marts/daily_sales?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert named in answer.json()["detail"]
    assert "lots" not in answer.text and "1711843200" not in answer.text


def test_moments_beyond_the_calendar_are_refused(client: httpx.Client) -> None:
    for moment in ("0001-01-01T00:00:00+10:00", "9999-12-31T23:00:00-10:00"):
        answer = client.get("/marts/load_history", params={"started_at": moment})
        assert "started_at: years run" in answer.json()["detail"]


def test_text_with_a_nul_is_refused(client: httpx.Client) -> None:
    assert "NUL" in client.get("/marts/category_kpis", params={"category": "a\x00b"}).json()["detail"]


def forged(*content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def test_a_forged_cursor_is_refused(client: httpx.Client) -> None:
    first = client.get("/marts/daily_sales?limit=1").json()["next_cursor"]
    query = json.loads(base64.urlsafe_b64decode(first + "=="))[0]
    nested = base64.urlsafe_b64encode(b"[" * 100_00).decode()
    for cursor in (
        "abc", "ä", first[:-3], forged(query), forged(query, []), forged(query, ["x"]), forged(query, [None]),
        forged(query, [1]), forged(query, [["2024-01-01"]]), forged("other", ["2024-01-01"]), nested,
    ):  # fmt: skip
        answer = client.get("/marts/daily_sales", params={"limit": 1, "cursor": cursor})
        assert answer.status_code == 400, cursor
        assert "Omit it" in answer.json()["detail"]
    assert client.get("/marts/daily_sales", params={"limit": 1, "cursor": first}).status_code == 200
    for other in ({"sort": "-sales_date"}, {"net_revenue__gt": "1"}):
        answer = client.get("/marts/daily_sales", params={"limit": 1, "cursor": first, **other})
        assert answer.status_code == 400


@pytest.mark.parametrize("limit", [1_000, 5_000])  # at once, and streamed
def test_csv_and_ndjson_have_the_same_rows(client: httpx.Client, limit: int) -> None:
    address = f"/marts/order_lines?limit={limit}&sort=-amount"
    answer = client.get(address)
    content = exact(answer.text)
    assert len(content["data"]) == limit
    assert [row["amount"] for row in content["data"][:2]] == [Decimal(MORE_LINES) / 100, Decimal(MORE_LINES - 1) / 100]
    lines = client.get(address, headers={"Accept": "text/html;q=0.5, application/x-ndjson"})
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert [exact(line) for line in lines.text.splitlines()] == content["data"]
    table = client.get(f"{address}&format=csv")
    assert table.headers["content-type"].startswith("text/csv")
    read = list(csv.DictReader(io.StringIO(table.text)))
    assert read == [
        {name: "" if value is None else str(value) for name, value in row.items()} for row in content["data"]
    ]
    for each in (answer, lines, table):
        assert f"cursor={content['next_cursor']}" in each.headers["link"].replace("%3D", "=")
    following = client.get(answer.headers["link"].split(">")[0].lstrip("<"))
    assert exact(following.text)["data"][0]["amount"] == (Decimal(MORE_LINES) - limit) / 100


def test_the_last_streamed_page_has_no_next(client: httpx.Client, marts: Environment) -> None:
    total = in_database(marts, "select count(*) as lines from marts.order_lines")[0]["lines"]
    pages, cursor = [], None
    while not pages or cursor:
        answer = client.get("/marts/order_lines", params={"limit": 10_000, **({"cursor": cursor} if cursor else {})})
        pages.append(len(answer.json()["data"]))
        cursor = answer.json()["next_cursor"]
    assert pages == [10_000, 10_000, total - 20_000]


def test_csv_of_values_that_need_care(client: httpx.Client, marts: Environment) -> None:
    with connect(marts) as admin:
        (name,) = admin.execute(
            "select customer_id from marts.customer_profiles order by customer_id limit 1"
        ).fetchone() or ("",)
        admin.execute(
            "update marts.customer_profiles set customer_name = %s where customer_id = %s", ('A, "B"\nC', name)
        )
    table = client.get("/marts/customer_profiles", params={"format": "csv", "customer_id": name})
    (read,) = csv.DictReader(io.StringIO(table.text))
    assert read["customer_name"] == 'A, "B"\nC'
    assert read["is_registered"] in ("true", "false")


def test_a_manifest_that_is_none_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "manifest.json"
    for content, said in (
        (None, "dbt parse"),
        ("{", "can't be read"),
        ("[]", "can't be read"),
        ('{"nodes": {}}', "no"),
    ):
        if content is not None:
            file.write_text(content)
        with pytest.raises(LoaderError, match=said):
            read_catalogue(file)


def test_readers_have_the_readers_role_and_can_only_read(client: httpx.Client, app: Any, marts: Environment) -> None:
    client.get("/marts/metrics_summary")
    with connect(marts) as admin:
        admin.execute("revoke select on marts.category_kpis from bi_reader")
        refused = client.get("/marts/category_kpis")
        admin.execute("grant select on marts.category_kpis to bi_reader")
    assert refused.status_code == 503
    assert "may not read" in refused.json()["detail"]
    assert client.get("/marts/category_kpis").status_code == 200


def test_a_mart_that_is_not_built_says_so(client: httpx.Client, marts: Environment) -> None:
    with connect(marts) as admin:
        admin.execute("alter table marts.category_kpis rename to elsewhere")
    try:
        answer = client.get("/marts/category_kpis")
    finally:
        with connect(marts) as admin:
            admin.execute("alter table marts.elsewhere rename to category_kpis")
    assert answer.status_code == 503
    assert "dbt build" in answer.json()["detail"]
