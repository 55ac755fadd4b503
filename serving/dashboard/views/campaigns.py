"""Whom to write to, and what a campaign brought."""

from __future__ import annotations

from decimal import Decimal

import streamlit as st

from serving.dashboard import campaign_queries, charts, queries
from serving.dashboard.cards import table_or_cards
from serving.dashboard.data import Row, Rows, read
from serving.dashboard.downloads import offer
from serving.dashboard.links import Link, links
from serving.dashboard.states import label_synthetic, nothing, unfiltered
from serving.dashboard.tables import UNKNOWN, count, in_currency

MOST_MEMBERS = 500
METRICS = {"revenue": "Revenue", "orders": "Orders", "buyers": "Buyers"}


def show() -> None:
    """Show the page."""
    (summary,) = read(queries.SUMMARY)
    label_synthetic()
    unfiltered("audiences and campaigns choose their own customers.")
    _audiences(summary["currency"])
    _results(read(campaign_queries.RESULTS), summary["currency"])
    _comparisons(read(campaign_queries.COMPARISONS))


def _audiences(currency: str) -> None:
    st.subheader("Audiences")
    audiences = read(campaign_queries.AUDIENCES)
    if not audiences:
        nothing("Nobody is in an audience today.", "`dbt build` fills them by the rules in `models/marts/audiences`.")
        return
    titles = {
        "audience": "Audience",
        "to_contact": "To contact",
        "held_out": "Held out",
        "refused": "Refused",
        "newest_entry": "Newest entry",
        "spend": in_currency("Spend so far", currency),
    }
    table_or_cards(audiences, "audiences", titles)
    st.caption(
        "Those who are held out hear nothing, so that a campaign can be measured. `loader export audience NAME"
        " --changes` writes who entered and who left, and records it; a copy of this list would not be recorded."
    )
    names = [row["audience"] for row in audiences]
    # Without a default, as on the page of recommendations.
    chosen = st.selectbox("Members of", names, index=None, placeholder=names[0], key="audience", bind="query-params")
    audience = chosen or names[0]
    members = read(campaign_queries.MEMBERS, audience=audience, most=MOST_MEMBERS)
    if not members:
        nothing("Nobody in this audience is to be contacted.", "All are held out or have refused.")
        return
    links(Link("Show them in the list of customers", (("audience", audience),)))
    if members[0]["all_members"] > len(members):
        st.caption(f"The {count(len(members))} newest of {count(members[0]['all_members'])} are shown.")
    clicked = table_or_cards(
        members,
        "members",
        {
            "customer_id": "Customer",
            "customer_name": "Name",
            "reason": "Reason",
            "entered_on": "Since",
            "valid_until": "Until",
            "total_spend": in_currency("Spend so far", currency),
        },
        selectable=True,
    )
    if clicked:
        customer = clicked["customer_id"]
        links(Link(f"Profile of {customer}", (("customer", customer),), "recommendations"))


def _results(results: Rows, currency: str) -> None:
    st.subheader("What campaigns brought")
    if not results:
        st.caption("There is no campaign yet. Load campaigns.csv and campaign_members.csv (docs/campaigns.md).")
        return
    campaigns: dict[str, Row] = {}
    for row in results:
        campaign = campaigns.setdefault(
            row["campaign_id"],
            {**row, "days": f"{row['starts_on']} to {row['observed_until']}", **dict.fromkeys(METRICS)},
        )
        campaign[row["metric"]] = verdict(row, currency)
    titles = {
        "campaign_name": "Campaign",
        "days": "Days",
        "treated_customers": "Treated",
        "control_customers": "Control",
        **METRICS,
    }
    judged = [row for row in results if row["metric"] == "revenue" and row["lift_low"] is not None]
    if judged:
        charts.show(
            charts.campaign_revenue(judged, currency),
            "Revenue that each campaign brought, as a point with its 95 % interval",
        )
    table_or_cards(list(campaigns.values()), "campaigns", titles)
    st.caption(
        "Compared with the control group, after what both had bought before (CUPED), with a 95 % interval. Of twenty"
        " campaigns that do nothing, one looks as if it did."
    )
    offer(results, "campaign_results")


def verdict(row: Row, currency: str) -> str:
    """Say what a campaign did to a metric of its treated customers, with the interval if there is one."""
    if row["lift_low"] is None or row["verdict"] == "groups are not as planned":
        return str(row["verdict"])
    unit = f" {currency}" if row["metric"] == "revenue" and currency != UNKNOWN else ""
    low, high = _signed(row["total_lift_low"]), _signed(row["total_lift_high"])
    if row["verdict"] in ("more", "less"):
        return f"{_signed(row['total_lift'])}{unit}, between {low} and {high}"
    return f"between {low} and {high}{unit}; {row['verdict']}"


def _signed(number: Decimal) -> str:
    return f"{number:+,.0f}"


def _comparisons(comparisons: Rows) -> None:
    if not comparisons:
        return
    st.subheader("Campaigns without a control group")
    st.caption(
        "Their customers, compared with others who had bought about as much before. They were chosen for a reason, so"
        " the difference is not what the campaign brought."
    )
    titles = {
        "campaign_name": "Campaign",
        "measure": "By customer",
        "matched_customers": "Customers",
        "treated_mean": "Mean",
        "other_mean": "Mean of the others",
        "difference": "Difference",
    }
    rows = [{**row, "measure": METRICS[row["metric"]]} for row in comparisons]
    table_or_cards(rows, "comparisons", titles)
    offer(comparisons, "campaign_comparisons")
