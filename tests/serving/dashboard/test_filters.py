"""Filters mean the same on all pages, and each mark of a chart has its customers behind it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from serving.dashboard import data, queries, sales_queries
from serving.dashboard.cards import as_cards
from serving.dashboard.filters import Filters
from serving.dashboard.links import Link, Mark
from serving.dashboard.views import cohorts, journeys, sales
from tests.serving.dashboard.conftest import Open, Query, Rows
from tests.serving.dashboard.test_pages import calm, charts, said, tiles


@pytest.fixture
def chosen(query: Query) -> dict[str, Any]:
    """A choice of every filter that some lines obey."""
    (found,) = query(
        """
        select customer_segment, rfm_segment, category, min(transaction_date) as first, max(transaction_date) as last
        from marts.order_lines inner join marts.customer_profiles using (customer_id, customer_segment)
        where rfm_segment <> '' group by 1, 2, 3 order by count(*) desc, 1, 2, 3 limit 1
        """
    )
    return found


def address_of(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "days": [str(found["first"]), str(found["last"])],
        "group": found["customer_segment"],
        "rfm_segment": found["rfm_segment"],
        "category": found["category"],
    }


def test_the_tiles_of_sales_obey_every_filter(open_page: Open, query: Query, chosen: dict[str, Any]) -> None:
    (expected,) = query(
        """
        select sum(amount) as revenue, count(*) as lines
        from marts.order_lines inner join marts.customer_profiles using (customer_id, customer_segment)
        where customer_segment = %s and rfm_segment = %s and category = %s and transaction_date between %s and %s
        """,
        *chosen.values(),
    )
    app = calm(open_page("sales", **address_of(chosen)))
    assert tiles(app)["Net revenue"] == f"USD {expected['revenue']:,.2f}"
    assert tiles(app)["Transaction lines"] == f"{expected['lines']:,}"
    assert "Orders" not in tiles(app) and "only for all customers and categories together" in said(app)
    assert sum(day["net_revenue"] for day in charts(app)[0]) == pytest.approx(float(expected["revenue"]))
    for part in ("customer group", "RFM segment", "category"):
        assert part in said(app)


def test_a_period_is_compared_with_the_days_before(open_page: Open, query: Query) -> None:
    (limits,) = query("select min(sales_date) as first, max(sales_date) as last from marts.daily_sales")
    week = "select sum(net_revenue) as revenue, sum(order_count) as orders from marts.daily_sales where sales_date"
    (now,) = query(f"{week} > %s::date - 28", limits["last"])
    (before,) = query(f"{week} between %s::date - 55 and %s::date - 28", limits["last"], limits["last"])
    app = calm(open_page("sales", period="last 28 days"))
    shown = {tile.label: tile for tile in app.metric}
    assert shown["Net revenue"].value == f"USD {now['revenue']:,.2f}"
    assert shown["Net revenue"].delta == f"{now['revenue'] / before['revenue'] - 1:+.1%}"
    assert shown["Orders"].value == f"{now['orders']:,}"
    days = [str(limits["first"]), str(limits["last"].replace(day=1))]
    app = calm(open_page("sales", days=days))
    assert "for which there is no data" in said(app)
    assert {tile.delta for tile in app.metric} == {""}


def test_what_a_period_is_compared_with() -> None:
    """As many days right before, or the same weekdays 52 weeks before."""
    filters = Filters(date(2024, 2, 1), date(2024, 2, 10), False, {})
    assert filters.base == (date(2024, 1, 22), date(2024, 1, 31))
    last_year = Filters(date(2024, 2, 1), date(2024, 2, 10), False, {}, "last year")
    assert last_year.base == (date(2023, 2, 2), date(2023, 2, 11))
    assert filters.base[1].weekday() != last_year.last_day.weekday() == last_year.base[1].weekday()


@pytest.mark.parametrize(
    ("page", "ignored"),
    [
        ("home", ("customer group", "RFM segment", "category")),
        ("customers", ("period", "category")),
        ("cohorts", ("RFM segment", "category")),
        ("recommendations", ("period", "category")),
    ],
)
def test_a_page_says_which_filters_it_does_not_obey(
    open_page: Open, chosen: dict[str, Any], page: str, ignored: tuple[str, ...]
) -> None:
    assert "Not changed by the filter" not in said(calm(open_page(page)))
    app = calm(open_page(page, **address_of(chosen)))
    (text,) = (line for line in said(app).splitlines() if line.startswith("Not changed by the filter"))
    assert tuple(part for part in ("period", "customer group", "RFM segment", "category") if part in text) == ignored


@pytest.mark.parametrize("page", ["journeys", "latest", "quality"])
def test_pages_without_filters_say_so(open_page: Open, page: str) -> None:
    assert "The filters of the other pages don't change this page" in said(calm(open_page(page)))


@pytest.mark.parametrize(
    "page", ["home", "sales", "customers", "customer_list", "cohorts", "recommendations", "latest"]
)
def test_synthetic_sales_are_labelled_on_every_page(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    assert "Synthetic" not in said(open_page(page))
    # As if the small files had the name of generated ones.
    monkeypatch.setattr(queries, "SYNTHETIC", queries.SYNTHETIC.replace("%%synthetic%%", "%%transactions%%"))
    assert "Synthetic data: a program generated transactions." in said(open_page(page))


def test_groups_filter_customers_and_cohorts(open_page: Open, query: Query, chosen: dict[str, Any]) -> None:
    group = chosen["customer_segment"]
    app = calm(open_page("customers", group=group))
    (buyers,) = query(
        "select count(*) as buyers from marts.customer_segments inner join marts.customer_profiles using (customer_id)"
        " where customer_segment = %s",
        group,
    )
    assert sum(app.dataframe[0].value["customers"]) == buyers["buyers"]
    (cells,) = charts(calm(open_page("cohorts", group=group)))
    expected = query(
        "select * from marts.cohort_retention_by_group where dimension = 'customer_segment' and member = %s"
        " and is_complete order by cohort_month, month_number",
        group,
    )
    assert [(cell["cohort"][:7], cell["retained_customers"], cell["retention_rate"]) for cell in cells] == [
        (f"{cell['cohort_month']:%Y-%m}", cell["retained_customers"], float(cell["retention_rate"]))
        for cell in expected
    ]


def test_groups_of_cohorts_add_up(open_page: Open, query: Query) -> None:
    everyone = [
        row["member"] for row in query("select distinct customer_segment as member from marts.customer_profiles")
    ]
    assert charts(calm(open_page("cohorts", group=everyone))) == charts(calm(open_page("cohorts")))


def customers_of(open_page: Open, link: Link) -> list[str]:
    app = calm(open_page("customer_list", **parse_qs(urlsplit(link.address).query)))
    return list(app.dataframe[0].value["customer_id"]) if app.dataframe else []


def test_a_cohort_cell_leads_to_its_customers(open_page: Open, query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    marks: list[Mark] = []
    monkeypatch.setattr(cohorts, "customers_behind", lambda found, *_: marks.extend(found))
    open_page("cohorts")
    cells = query(
        "select * from marts.cohort_retention where is_complete and retained_customers > 0"
        " order by cohort_month, month_number"
    )
    assert len(marks) == len(cells) > 3
    for mark, cell in zip(marks, cells, strict=True):
        assert len(customers_of(open_page, mark)) == cell["retained_customers"], mark.label


def test_bars_of_sales_lead_to_their_customers(open_page: Open, query: Query, monkeypatch: pytest.MonkeyPatch) -> None:
    marks: list[Mark] = []
    monkeypatch.setattr(sales, "customers_behind", lambda found, *_: marks.extend(found))
    open_page("sales", group="premium", days=["2024-01-20", "2024-02-20"])
    category = next(mark for mark in marks if mark.key and "category" in mark.key)
    expected = query(
        "select distinct customer_id from marts.order_lines where category = %s and customer_segment = 'premium'"
        " and purchase_date between '2024-01-20' and '2024-02-20' and customer_id <> '(unknown)'",
        category.label,
    )
    assert expected
    assert set(customers_of(open_page, category)) == {row["customer_id"] for row in expected}
    tier = next(mark for mark in marks if mark.key and "churn_risk" in mark.key)
    assert tier.key
    expected = query(
        "select customer_id from marts.customer_profiles where churn_risk = %s and customer_segment = 'premium'",
        tier.key["churn_risk"],
    )
    assert set(customers_of(open_page, tier)) == {row["customer_id"] for row in expected}


def test_an_rfm_cell_leads_to_its_customers(open_page: Open, query: Query) -> None:
    (cell,) = query(
        "select recency_score, frequency_score, count(*) as customers from marts.customer_profiles"
        " where rfm_segment <> '' group by 1, 2 order by 3 desc, 1, 2 limit 1"
    )
    scores = tuple((name, str(cell[name])) for name in ("recency_score", "frequency_score"))
    assert len(customers_of(open_page, Link("", scores))) == cell["customers"]


def test_links_are_safe_in_html() -> None:
    link = Link("<b>&", (("category", '"><script>'), ("category", "Tea & more")))
    assert link.address == "./customer-list?category=%22%3E%3Cscript%3E&category=Tea+%26+more"
    assert link.html == (
        '<a href="./customer-list?category=%22%3E%3Cscript%3E&amp;category=Tea+%26+more" target="_self">'
        "&lt;b&gt;&amp; →</a>"
    )


def test_cards_show_text_of_the_data_unchanged() -> None:
    rows: Rows = [{"name": "<script>", "amount": Decimal("1234.5"), "share": Decimal("0.25"), "day": None}]
    titles = {"name": "Name", "amount": "Spend, <EUR>", "share": "Share", "day": "Day"}
    assert as_cards(rows, titles) == (
        '<ul class="cards"><li><strong>&lt;script&gt;</strong><dl>'
        "<dt>Spend, &lt;EUR&gt;</dt><dd>1,234.50</dd><dt>Share</dt><dd>25.0%</dd></dl></li></ul>"
    )


def test_flows_say_the_numbers_of_the_sankey() -> None:
    moves: Rows = [
        {"step": 1, "from_stage": "lead", "to_stage": "(stays)", "users": 1000, "share": Decimal("0.25")},
        {"step": 1, "from_stage": "lead", "to_stage": "prospect", "users": 3000, "share": Decimal("0.75")},
        {"step": 2, "from_stage": "prospect", "to_stage": "customer", "users": 3000, "share": Decimal(1)},
    ]
    assert journeys.flows(moves, 1) == [("lead → prospect", "3,000 (75.0%)"), ("lead → (stays)", "1,000 (25.0%)")]


def test_a_week_is_incomplete_if_a_day_is() -> None:
    def day(number: int, state: str = "day") -> dict[str, Any]:
        return {"sales_date": date(2024, 1, number), "net_revenue": Decimal(number), "state": state}

    full = [day(number) for number in range(1, 8)]
    assert sales.weeks([*full, day(8), day(9, "incomplete day")]) == [
        {"week": date(2024, 1, 1), "net_revenue": Decimal(28), "state": "week"},
        {"week": date(2024, 1, 8), "net_revenue": Decimal(17), "state": "incomplete week"},
    ]
    assert sales.weeks([*full[:6], day(7, "incomplete day")])[0]["state"] == "incomplete week"


@pytest.mark.parametrize(("last_hour", "is_cut_short"), [(16, True), (17, False), (22, False)])
def test_a_last_day_that_ends_early_is_cut_short(
    open_page: Open, query: Query, last_hour: int, is_cut_short: bool
) -> None:
    """The days before end between 17 and 20; a day that ends as early as one of them is nothing special."""
    open_page("latest")
    (today,) = query("select as_of_date from marts.metrics_summary")
    hours = ", ".join(
        f"(date '{today['as_of_date']}' - {ago}, {hour}, {count})"
        for ago, hour, count in [(2, 20, 3), (2, 23, 0), (1, 17, 1), (0, 9, 5), (0, last_hour, 1), (40, 8, 1)]
    )
    template = sales_queries.CUT_SHORT.replace(
        "{hourly_sales}", f"(values {hours}) as hours (sales_date, hour_of_day, transaction_count)"
    )
    found = data.read_now(template)
    expected: Rows = [{"sales_date": today["as_of_date"], "last_hour": last_hour, "usual_hour": 17}]
    assert found == (expected if is_cut_short else [])
