"""What the pages show is what the marts say."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import Any

import pyarrow
import pytest
from streamlit.testing.v1 import AppTest

from serving.dashboard import queries
from serving.dashboard.data import read_now
from serving.dashboard.views import customers, home
from tests.serving.dashboard.conftest import Open, Query, Rows


def charts(app: AppTest) -> list[Rows]:
    """Return the data of the charts of Altair, in their order."""
    return [
        pyarrow.ipc.open_stream(io.BytesIO(chart.proto.datasets[0].data.data)).read_all().to_pylist()
        for chart in app.get("vega_lite_chart")
    ]


def diagrams(app: AppTest) -> list[dict[str, Any]]:
    """Return what the diagrams of ECharts draw, in their order."""
    return [json.loads(diagram.proto.spec)["series"][0] for diagram in app.get("echarts_chart")]


def tiles(app: AppTest) -> dict[str, str]:
    return {tile.label: tile.value for tile in app.metric}


def said(app: AppTest) -> str:
    return "\n".join(element.value for element in (*app.caption, *app.info, *app.warning, *app.error))


def calm(app: AppTest) -> AppTest:
    """Hold that nothing went wrong on a page."""
    assert not app.exception, app.exception
    assert not app.error, app.error
    return app


def test_home_shows_how_business_is(open_page: Open, query: Query) -> None:
    rows = query("select * from marts.trailing_periods where period_days = 28 and periods_ago = 0")
    latest = {row["measure"]: row for row in rows}
    app = calm(open_page("app"))
    assert app.title[0].value == "Home"
    assert tiles(app) == {
        "Net revenue": f"USD {latest['net_revenue']['measure_value']:,.2f}",
        "Orders": f"{latest['orders']['measure_value']:,.0f}",
        "Buyers": f"{latest['buyers']['measure_value']:,.0f}",
        "Average order": f"USD {latest['average_order_value']['measure_value']:,.2f}",
        "Repeat orders": f"{latest['repeat_order_share']['measure_value']:.1%}",
    }
    assert app.metric[0].delta == f"{latest['net_revenue']['change']:+.1%}"
    assert f"{latest['orders']['period_from']} to {latest['orders']['period_to']}" in said(app)
    weeks = calm(open_page("home", period="last 7 days"))
    (orders,) = query(
        "select * from marts.trailing_periods where period_days = 7 and periods_ago = 0 and measure = 'orders'"
    )
    assert tiles(weeks)["Orders"] == f"{orders['measure_value']:,.0f}"


def test_home_says_why(open_page: Open, query: Query) -> None:
    drivers = query("select * from marts.revenue_drivers where period = '28_days' and amount <> 0 order by amount")
    text = "\n".join(element.value for element in calm(open_page("home")).markdown)
    assert f"28 days: USD {drivers[0]['revenue']:,.2f}" in text
    assert f"{drivers[0]['revenue'] - drivers[0]['base_revenue']:+,.2f}" in text
    for driver in (drivers[0], drivers[-1]):
        assert driver["words"].lower() in text.lower()
        assert f"{abs(driver['amount']):,.2f}" in text


def test_home_says_what_to_do_first() -> None:
    """The most money comes first, and what nobody has to do is left out."""
    rows = [
        {"kind": "late_champions", "number": 2, "amount": Decimal("500.00"), "names": None},
        {"kind": "due_for_second_order", "number": 0, "amount": None, "names": None},
        {"kind": "rejected_money", "number": 3, "amount": Decimal("900.50"), "names": None},
        {"kind": "late_source", "number": 1, "amount": None, "names": None},
        {"kind": "stopped_products", "number": 1, "amount": Decimal("700.00"), "names": "Tea"},
    ]
    listed = home.actions(rows, "EUR")
    assert [action.title for action in listed] == [
        "Rejected rows of your files: 3",
        "Of your 100 best products, not sold for 28 days: 1",
        "Best customers who are late: 2",
        "Tables without a new file in time: 1",
    ]
    assert "EUR 900.50" in listed[0].advice and "Tea" in listed[1].advice
    assert listed[2].link and listed[2].link.address == "./customer-list?audience=late_champions"


def test_the_list_has_the_customers_of_its_address(open_page: Open, query: Query) -> None:
    everyone = query(
        "select * from marts.customer_profiles where customer_id <> '(unknown)' order by total_spend desc, customer_id"
    )
    app = calm(open_page("customer_list"))
    assert list(app.dataframe[0].value["customer_id"]) == [row["customer_id"] for row in everyone]
    segment = next(row["rfm_segment"] for row in everyone if row["rfm_segment"])
    members = [row for row in everyone if row["rfm_segment"] == segment]
    app = calm(open_page("customer_list", rfm_segment=segment))
    assert list(app.dataframe[0].value["customer_id"]) == [row["customer_id"] for row in members]
    spend = sum(row["total_spend"] for row in members)
    assert f"RFM segment: {segment}: {len(members)} customers who spent USD {spend:,.2f}" in said(app)
    email = next(row for row in everyone if row["email"])
    app = calm(open_page("customer_list", search=email["email"].upper()))
    assert list(app.dataframe[0].value["customer_id"]) == [email["customer_id"]]
    assert "No customer is in this selection" in said(calm(open_page("customer_list", search="' or true --")))


def test_sales_show_the_summary(open_page: Open, query: Query) -> None:
    (summary,) = query("select * from marts.metrics_summary")
    (refunds,) = query("select sum(refunds) as refunds from marts.daily_sales")
    app = calm(open_page("sales"))
    assert tiles(app) == {
        "Net revenue": f"USD {summary['total_revenue']:,.2f}",
        "Customers": f"{summary['total_customers']:,}",
        "Orders": f"{summary['total_orders']:,}",
        "Transaction lines": f"{summary['total_transactions']:,}",
        "Average order": f"USD {summary['average_order_value']:,.2f}",
        "Refunds": f"USD {refunds['refunds']:,.2f}",
    }


def test_sales_show_days_categories_and_churn(open_page: Open, query: Query) -> None:
    sales, _, categories, tiers, rates = charts(calm(open_page("sales")))
    assert [(day["sales_date"][:10], day["net_revenue"]) for day in sales] == [
        (str(day["sales_date"]), float(day["net_revenue"]))
        for day in query("select * from marts.daily_sales order by sales_date")
    ]
    assert [
        (category["category"], category["net_revenue"], category["transaction_count"]) for category in categories
    ] == [
        (category["category"], float(category["total_revenue"]), category["transaction_count"])
        for category in query("select * from marts.category_kpis order by total_revenue desc, category limit 15")
    ]
    expected = query("select churn_risk, count(*) as customers from marts.customer_churn_risk group by churn_risk")
    assert {tier["churn_risk"]: tier["customers"] for tier in tiers} == {
        tier["churn_risk"]: tier["customers"] for tier in expected
    }
    assert sum(tier["share"] for tier in tiers) == pytest.approx(1, abs=1e-5)
    expected = query(
        "select distinct churn_risk, tier_return_rate from marts.customer_churn_risk where tier_return_rate is not null"
    )
    measured = {rate["churn_risk"]: rate["return_rate"] for rate in rates}
    assert expected
    assert {tier["churn_risk"]: float(tier["tier_return_rate"]) for tier in expected}.items() <= measured.items()


def test_single_lines_sum_up_to_what_the_small_marts_say(open_page: Open, query: Query) -> None:
    everyone = [row["member"] for row in query("select distinct customer_segment as member from marts.order_lines")]
    small, of_lines = charts(open_page("sales")), charts(calm(open_page("sales", group=everyone)))
    assert [{**day, "order_count": None} for day in small[0]] == of_lines[0]
    days = query("select min(sales_date) + 1 as first, max(sales_date) as last from marts.daily_sales")[0]
    later = charts(calm(open_page("sales", days=[str(days["first"]), str(days["last"])])))
    expected = query(
        """
        select category, round(sum(amount), 2) as net_revenue from marts.order_lines where transaction_date >= %s
        group by category order by 2 desc, 1 limit 15
        """,
        days["first"],
    )
    assert later[0] == small[0][1:]
    assert [(row["category"], row["net_revenue"]) for row in later[2]] == [
        (row["category"], float(row["net_revenue"])) for row in expected
    ]


def test_filters_from_the_address_and_from_the_reader_are_the_same(open_page: Open, query: Query) -> None:
    (segment,) = query(
        "select customer_segment, sum(total_spend) as spend from marts.customer_profiles"
        " where customer_segment <> '(unknown)' group by 1 order by 2 desc limit 1"
    )
    address = calm(open_page("sales", group=segment["customer_segment"], category="Drinks"))
    (expected,) = query(
        "select sum(amount) as revenue, count(*) as lines from marts.order_lines"
        " where customer_segment = %s and category = 'Drinks'",
        segment["customer_segment"],
    )
    assert f"USD {expected['revenue']:,.2f} in {expected['lines']} lines" in said(address)
    clicked = open_page("sales")
    clicked.multiselect(key="group").set_value([segment["customer_segment"]])
    clicked.multiselect(key="category").set_value(["Drinks"]).run()
    assert charts(clicked) == charts(address) != charts(open_page("sales"))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ({"group": ["nobody", "premium"]}, "group: nobody"),
        ({"category": "![x](http://example.com/x.png)"}, r"\!\[x\]\(http\:\/\/example.com"),
        ({"days": ["2024-02-30", "soon"]}, "days: 2024-02-30, soon"),
        ({"days": "2024-02-01"}, "days: no range"),
        ({"days": ["1999-01-01", "2024-02-01"]}, "days: 1999-01-01"),
    ],
)
def test_what_an_address_asks_in_vain_is_said(open_page: Open, address: dict[str, Any], told: str) -> None:
    app = calm(open_page("sales", **address))
    assert told in app.warning[0].value
    assert len(charts(app)) == 5


def test_segments_are_those_of_the_marts(open_page: Open, query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    buyers = query("select * from marts.customer_segments")
    app = calm(open_page("customers"))
    points, cells = charts(app)
    assert {point["customer_id"]: point["segment_number"] for point in points} == {
        buyer["customer_id"]: buyer["segment_number"] for buyer in buyers
    }
    assert "All buyers" in said(app)
    assert sum(cell["customers"] for cell in cells) == len(query("select * from marts.customer_rfm"))
    assert sum(app.dataframe[0].value["customers"]) == len(buyers)
    assert sum(app.dataframe[1].value["customers"]) == len(buyers)
    monkeypatch.setattr(customers, "MOST_POINTS", 3)
    app = calm(open_page("customers"))
    assert len(charts(app)[0]) == 3
    assert f"A sample of 3 of {len(buyers)} buyers" in said(app)


def test_cohorts_leave_out_what_has_not_elapsed(open_page: Open, query: Query) -> None:
    expected = query("select * from marts.cohort_retention where is_complete order by cohort_month, month_number")
    (cells,) = charts(calm(open_page("cohorts")))
    assert [(cell["cohort"][:7], cell["month_number"], cell["retention_rate"]) for cell in cells] == [
        (f"{cell['cohort_month']:%Y-%m}", cell["month_number"], float(cell["retention_rate"])) for cell in expected
    ]


def test_a_customer_has_profile_and_reasons(open_page: Open, query: Query) -> None:
    first, *_, last = query(
        "select * from marts.customer_profiles where total_spend > 0 and customer_id <> '(unknown)'"
        " order by total_spend desc, customer_id"
    )
    assert tiles(open_page("recommendations"))["Spend"] == f"USD {first['total_spend']:,.2f}"
    app = calm(open_page("recommendations", customer=last["customer_id"]))
    assert tiles(app)["Spend"] == f"USD {last['total_spend']:,.2f}"
    assert tiles(app)["RFM segment"] == last["rfm_segment"]
    assert tiles(app)["Expected purchases, 90 days"] == f"{last['expected_purchases_90d']:,.1f}"
    assert tiles(app)["Expected revenue, 365 days"] == f"USD {last['expected_revenue_365d']:,.2f}"
    assert "Expected at the same rate as before, as no model is fitted" in said(app)
    lists = query(
        "select * from marts.recommendations where customer_id = %s order by list desc, rank", last["customer_id"]
    )
    orders = app.dataframe[1].value
    assert orders["net_revenue"].sum() == last["total_spend"]
    assert (orders["kind"] == "purchase").sum() == last["purchase_count"]
    assert sum(row["net_revenue"] for row in charts(app)[0]) == pytest.approx(float(last["total_spend"]))
    tables = [table.value for table in app.dataframe[2:]]
    for column in ("product_name", "reason"):
        assert [value for table in tables for value in table[column]] == [row[column] for row in lists]
    assert f"Made for {lists[0]['as_of_date']}." in said(app)


def test_what_a_model_expects_is_shown_with_the_measured_return_rate(
    open_page: Open, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    (customer,) = query("select * from marts.customer_profiles where tier_return_rate is not null limit 1")
    fitted = queries.PROFILE.replace(
        "select *", "select profiles.*, 0.25 as probability_alive, 'bg_nbd' as value_model"
    ).replace("{customer_profiles}", "{customer_profiles} as profiles")
    monkeypatch.setattr(queries, "PROFILE", fitted)
    assert (
        "a probability of 25.0% that the customer has not left; of customers of the same churn risk,"
        f" {customer['tier_return_rate']:.1%} came back"
    ) in said(calm(open_page("recommendations", customer=customer["customer_id"])))


@pytest.mark.parametrize("customer_id", ["nobody", "' or true --", "![x](http://example.com/x.png)", "%s"])
def test_an_unknown_customer_is_said(open_page: Open, customer_id: str) -> None:
    app = calm(open_page("recommendations", customer=customer_id))
    assert "There is no customer" in said(app)
    assert "![x]" not in said(app)
    assert not app.metric


def test_journeys_are_as_of_a_day(open_page: Open, query: Query) -> None:
    days = query("select min(day) as first, max(day) as last from marts.journey_daily_stages")[0]
    for address, day in (({}, days["last"]), ({"day": str(days["first"])}, days["first"])):
        app = calm(open_page("journeys", **address))
        stages = query("select stage, users from marts.journey_daily_stages where day = %s", day)
        assert tiles(app) == {stage["stage"].capitalize(): str(stage["users"]) for stage in stages}
    (ways,) = diagrams(app)
    transitions = query("select * from marts.journey_transitions order by step, from_stage, to_stage")
    assert [link["value"] for link in ways["links"]] == [row["users"] for row in transitions]
    (totals,) = query(
        "select sum(leads)::int, sum(prospects)::int as prospects, sum(customers)::int as customers"
        " from marts.journey_funnels"
    )
    assert [step["users"] for step in charts(app)[-1]] == list(totals.values())
    users = query("select user_id from marts.user_journeys where first_churned_at is not null")
    app = calm(open_page("journeys", step="churned"))
    assert set(app.dataframe[0].value["user_id"]) == {user["user_id"] for user in users}
    assert "day: 2001-01-01" in said(open_page("journeys", day="2001-01-01"))


def test_the_latest_lines_are_live(open_page: Open, query: Query) -> None:
    (table,) = calm(open_page("latest")).dataframe
    expected = query("select * from marts.latest_transactions order by transacted_at desc, transaction_id limit 50")
    assert list(table.value["transaction_id"]) == [line["transaction_id"] for line in expected]
    assert list(table.value["amount"]) == [line["amount"] for line in expected]


def test_quality_tells_of_money(open_page: Open, query: Query) -> None:
    checks = query("select * from marts.data_quality_report")
    failed = {check["check_name"]: check["amount_affected"] for check in checks if check["rows_failed"]}
    app = calm(open_page("quality"))
    found, loads = (table.value for table in app.dataframe)
    assert {
        name: _money(amount) for name, amount in zip(found["check_name"], found["amount_affected"], strict=True)
    } == failed
    assert list(loads["load_id"]) == [
        row["load_id"] for row in query("select load_id from marts.load_history order by load_id desc")
    ]
    app.toggle(key="all").set_value(True).run()
    assert len(app.dataframe[0].value) == len(checks) > len(failed)


def _money(amount: Any) -> Decimal | None:
    return amount if isinstance(amount, Decimal) else None


def test_it_reads_as_bi_reader_and_cannot_write(open_page: Open) -> None:
    open_page("latest")
    (who,) = read_now(
        "select current_user as name, current_setting('statement_timeout') as timeout,"
        " current_setting('default_transaction_read_only') as read_only"
    )
    assert who == {"name": "bi_reader", "timeout": "10s", "read_only": "on"}
