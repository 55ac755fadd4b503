"""The page of audiences and campaigns says what their marts say, and lists nobody who is to be left alone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from serving.dashboard.views.campaigns import verdict
from tests.conftest import Environment
from tests.serving.conftest import connect
from tests.serving.dashboard.conftest import Open, Query
from tests.serving.dashboard.test_pages import calm, charts, said


@pytest.fixture(scope="session")
def with_campaigns(copy_database: Callable[[str], Environment]) -> Environment:
    """A database with one campaign that has a control group, one that has none, and somebody who is held out."""
    environment = copy_database("with_campaigns")
    with connect(environment) as admin:
        admin.execute(
            """
            insert into marts.campaign_results (
                campaign_id, metric, campaign_name, starts_on, ends_on, observed_until, is_complete,
                treated_customers, control_customers, lift, lift_low, lift_high, total_lift, total_lift_low,
                total_lift_high, p_value, verdict
            )
            select
                campaign, metric, 'Campaign ' || campaign, '2024-01-01', '2024-01-31', '2024-01-31', true, 100, control,
                lift, lift - 30.5, lift + 30.5, 100 * lift, 100 * (lift - 30.5), 100 * (lift + 30.5), 0.2, verdict
            from (values ('a', 50, 18.5, 'not told apart from nothing'), ('b', 0, null, 'no control group'))
                as campaigns (campaign, control, lift, verdict)
            cross join unnest(array['revenue', 'orders', 'buyers']) as metric
            """
        )
        admin.execute(
            """
            insert into marts.campaign_comparisons (
                campaign_id, metric, campaign_name, starts_on, observed_until, treated_customers, matched_customers,
                other_customers, treated_mean, other_mean, difference, is_causal
            )
            values ('b', 'revenue', 'Campaign b', '2024-01-01', '2024-01-31', 100, 90, 500, 12, 10, 2, false)
            """
        )
        admin.execute("truncate marts.audience_members")
        admin.execute(
            """
            insert into marts.audience_members
            select
                'late_champions', customer_id, '2024-01-31', '2024-01-31', 'Bought often.',
                case number when 1 then 'hold-out' else 'treated' end, 0.1, number <> 2, '2024-01-31'
            from (select *, row_number() over (order by customer_id) as number from marts.customer_profiles
                where customer_id <> '(unknown)') as customers
            where number <= 4
            """
        )
    return environment


def test_audiences_list_nobody_who_is_to_be_left_alone(open_page: Open, with_campaigns: Environment) -> None:
    app = calm(open_page("campaigns", with_campaigns))
    audiences, members = (app.dataframe[place].value for place in (0, 1))
    assert audiences[["to_contact", "held_out", "refused"]].to_numpy().tolist() == [[2, 1, 1]]
    with connect(with_campaigns) as admin:
        listed = admin.execute(
            "select customer_id from marts.audience_members where assignment = 'treated' and may_be_contacted"
        ).fetchall()
    assert set(members["customer_id"]) == {customer for (customer,) in listed}
    assert len(members) == 2


def test_home_leads_to_the_audience(open_page: Open, with_campaigns: Environment) -> None:
    with connect(with_campaigns) as admin:
        spend = admin.execute(
            """
            select sum(total_spend)
            from marts.audience_members
            inner join marts.customer_profiles using (customer_id)
            where assignment = 'treated' and may_be_contacted
            """
        ).fetchone()
    assert spend is not None
    home = calm(open_page("home", with_campaigns))
    (action,) = (text.value for text in home.markdown if text.value.startswith("**Best customers who are late: 2**"))
    assert f"{spend[0]:,.2f}" in action
    app = calm(open_page("customer_list", with_campaigns, audience="late_champions"))
    assert len(app.dataframe[0].value) == 2
    assert f"Audience: late_champions: 2 customers who spent USD {spend[0]:,.2f}" in said(app)


def test_campaigns_are_told_with_their_interval(open_page: Open, with_campaigns: Environment) -> None:
    app = calm(open_page("campaigns", with_campaigns))
    campaigns = app.dataframe[2].value.set_index("campaign_name")
    assert campaigns.loc["Campaign a", "revenue"] == "between -1,200 and +4,900 USD; not told apart from nothing"
    assert campaigns.loc["Campaign a", "orders"] == "between -1,200 and +4,900; not told apart from nothing"
    assert campaigns.loc["Campaign b", "revenue"] == "no control group"
    assert [row["total_lift_high"] for row in charts(app)[0]] == [4900]
    assert app.dataframe[3].value["difference"].tolist() == [Decimal(2)]
    assert "not what the campaign brought" in said(app)


def test_without_campaigns_the_page_says_how_to_have_some(open_page: Open, query: Query) -> None:
    assert query("select count(*) as campaigns from marts.campaign_results") == [{"campaigns": 0}]
    assert "campaigns.csv" in said(calm(open_page("campaigns")))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"verdict": "more"}, "+300 EUR, between +100 and +500"),
        ({"verdict": "less", "metric": "orders"}, "+300, between +100 and +500"),
        ({"verdict": "groups are not as planned"}, "groups are not as planned"),
        ({"verdict": "too few customers", "lift_low": None}, "too few customers"),
    ],
)
def test_a_verdict_has_an_interval_where_it_means_something(row: dict[str, Any], words: str) -> None:
    numbers = {"total_lift": Decimal(300), "total_lift_low": Decimal(100), "total_lift_high": Decimal(500)}
    assert verdict({"metric": "revenue", "lift_low": Decimal(1), **numbers, **row}, "EUR") == words
