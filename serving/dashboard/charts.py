"""Charts of rows, made with Altair. Each says in words what it shows, for readers who can't see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import altair as alt
import pandas
import streamlit as st

from serving.dashboard.colours import BAR, SHAPES, heat, ink, mixed, theme
from serving.dashboard.data import Rows
from serving.dashboard.tables import in_currency

HEIGHT = 320
DASHES = [[1, 0], [8, 3], [3, 2], [8, 3, 2, 3]]
# Begins the state of a bar whose days are not all complete.
INCOMPLETE = "incomplete"
# Name of the selection of a click.
MARK = "mark"
MONEY, COUNT, SHARE = ",.2f", ",", ".1%"
Chart = alt.Chart | alt.LayerChart


def show(chart: Chart, alt_text: str) -> None:
    """Show a chart over the full width."""
    st.altair_chart(_readable(chart), width="stretch", alt=alt_text)


def clicked(chart: Chart, alt_text: str, key: str) -> dict[str, Any] | None:
    """Show a chart with marks to click, and return what the click says of its mark, if there was one."""
    state = st.altair_chart(
        _readable(chart), width="stretch", alt=alt_text, key=key, on_select="rerun", selection_mode=MARK
    )
    chosen = state["selection"].get(MARK)
    return dict(chosen[0]) if chosen else None


def on_click(chart: Chart, alt_text: str, key: str, act: Callable[[dict[str, Any]], None]) -> None:
    """Show a chart with marks to click, and act on each click by what it says of its mark."""

    def clicked_on() -> None:
        if chosen := st.session_state[key]["selection"].get(MARK):
            act(dict(chosen[0]))

    st.altair_chart(_readable(chart), width="stretch", alt=alt_text, key=key, on_select=clicked_on, selection_mode=MARK)


def _readable(chart: Chart) -> Chart:
    # Streamlit's own axes are too pale to read by WCAG AA.
    text = theme().text
    return chart.configure_axis(labelColor=text, titleColor=text).configure_legend(labelColor=text, titleColor=text)


def daily_sales(rows: Rows, currency: str) -> Chart:
    """Net revenue by day, with the seven-day mean as a line, and crosses where nothing was sold.

    Args:
        rows: Days with their `state`: a day that was cut short is drawn with a dashed outline.
        currency: The reporting currency.
    """
    tooltip = [
        alt.Tooltip("sales_date:T", title="Day", format="%a %Y-%m-%d"),
        alt.Tooltip("state:N", title="State"),
        alt.Tooltip("net_revenue:Q", title="Net revenue", format=MONEY),
        alt.Tooltip("net_revenue_7d_avg:Q", title="Mean of 7 days", format=MONEY),
        alt.Tooltip("refunds:Q", title="Refunds", format=MONEY),
    ]
    base = _chart(rows).encode(alt.X("yearmonthdate(sales_date):T", title=None), tooltip=tooltip)
    days = _bars(base, rows, currency)
    # In the middle of the day's bar.
    middle = alt.X("yearmonthdate(sales_date):T", bandPosition=0.5)
    mean = base.mark_line(color=theme().line, strokeWidth=2.5).encode(middle, alt.Y("net_revenue_7d_avg:Q"))
    layers = days + mean
    if gaps := [row for row in rows if not row["transaction_count"]]:
        crosses = _chart(gaps).mark_point(shape="cross", angle=45, size=70, filled=True, color=theme().text, opacity=1)
        layers += crosses.encode(middle, alt.Y(datum=0), tooltip=tooltip[:2])
    return layers.properties(height=HEIGHT)


def weekly_sales(rows: Rows, currency: str) -> Chart:
    """Net revenue by week, for where there is no room for days."""
    tooltip = [
        alt.Tooltip("week:T", title="Week from", format="%Y-%m-%d"),
        alt.Tooltip("state:N", title="State"),
        alt.Tooltip("net_revenue:Q", title="Net revenue", format=MONEY),
    ]
    base = _chart(rows).encode(alt.X("yearmonthdate(week):T", title=None), tooltip=tooltip)
    return _bars(base, rows, currency, format=".2~s").properties(height=HEIGHT)


def _bars(base: alt.Chart, rows: Rows, currency: str, **axis: Any) -> alt.Chart:
    """Return bars by their `state`: those whose days are not all complete are lighter, with a dashed outline."""
    states = sorted({row["state"] for row in rows}, key=lambda state: state.startswith(INCOMPLETE))
    legend = alt.Legend(title=None, orient="top", symbolType="square", symbolStrokeWidth=1) if len(states) > 1 else None
    fills = [mixed(theme().accent, theme().background, 0.2 if s.startswith(INCOMPLETE) else BAR) for s in states]
    dashes = [[3, 2] if state.startswith(INCOMPLETE) else [1, 0] for state in states]
    return base.mark_bar(stroke=theme().accent, strokeWidth=1).encode(
        alt.Y("net_revenue:Q", title=in_currency("Net revenue", currency), axis=alt.Axis(**axis)),
        alt.Fill("state:N", scale=alt.Scale(domain=states, range=fills), legend=legend),
        alt.StrokeDash("state:N", scale=alt.Scale(domain=states, range=dashes), legend=legend),
    )


def categories(rows: Rows, currency: str) -> Chart:
    """Net revenue by category, the highest first."""
    base = _chart(rows).encode(
        alt.Y("category:N", sort=None, title=None, axis=alt.Axis(labelLimit=170, labelOverlap=False)),
        alt.X("net_revenue:Q", title=in_currency("Net revenue", currency)),
        tooltip=[
            alt.Tooltip("category:N", title="Category"),
            alt.Tooltip("net_revenue:Q", title="Net revenue", format=MONEY),
            alt.Tooltip("transaction_count:Q", title="Lines", format=COUNT),
        ],
    )
    bars = base.mark_bar(color=theme().accent).add_params(_clicks("category"))
    return bars.properties(height=26 * len(rows) + 60)


def tiers(rows: Rows) -> Chart:
    """Share of the customers in each tier of churn risk."""
    base = _chart(rows).encode(
        alt.Y("churn_risk:N", sort=None, title=None, axis=alt.Axis(labelOverlap=False)),
        alt.X("share:Q", title="Share of customers", axis=alt.Axis(format="%"), scale=alt.Scale(domainMax=1)),
        tooltip=[
            alt.Tooltip("churn_risk:N", title="Tier"),
            alt.Tooltip("customers:Q", title="Customers", format=COUNT),
            alt.Tooltip("share:Q", title="Share", format=SHARE),
        ],
    )
    bars = base.mark_bar().encode(_colour("churn_risk", theme().tiers)).add_params(_clicks("churn_risk"))
    return (bars + _label(base, "share:Q", SHARE)).properties(height=36 * len(rows) + 60)


def return_rates(rows: Rows) -> Chart:
    """Share of each tier that came back, with the range over all cut-off days."""
    base = _chart(rows).encode(
        alt.Y("churn_risk:N", sort=None, title=None, axis=alt.Axis(labelOverlap=False)),
        tooltip=[
            alt.Tooltip("churn_risk:N", title="Tier"),
            alt.Tooltip("return_rate:Q", title="Came back", format=SHARE),
            alt.Tooltip("lowest_rate:Q", title="Lowest of a cut-off day", format=SHARE),
            alt.Tooltip("highest_rate:Q", title="Highest of a cut-off day", format=SHARE),
            alt.Tooltip("customers_observed:Q", title="Customers observed", format=COUNT),
        ],
    )
    scale = alt.Scale(domain=[0, 1])
    rate = alt.X("return_rate:Q", title="Came back within the horizon", axis=alt.Axis(format="%"), scale=scale)
    span = base.mark_rule(strokeWidth=3, opacity=0.5).encode(
        alt.X("lowest_rate:Q"), alt.X2("highest_rate:Q"), _colour("churn_risk", theme().tiers)
    )
    point = base.mark_point(filled=True, size=140, opacity=1).encode(rate, _colour("churn_risk", theme().tiers))
    label = base.mark_text(dy=-14, color=theme().text).encode(rate, alt.Text("return_rate:Q", format=SHARE))
    return (span + point + label).properties(height=46 * len(rows) + 60)


def spend_and_purchases(rows: Rows, currency: str) -> Chart:
    """Spend against purchases, one point per customer, by cluster."""
    clusters = list(dict.fromkeys(row["cluster"] for row in sorted(rows, key=lambda row: row["segment_number"])))
    # If there are more clusters than colours, Vega begins again with the first.
    legend = alt.Legend(title=None, orient="top", columns=1, labelLimit=0)
    return (
        _chart(rows)
        .mark_point(filled=True, size=38, opacity=0.65)
        .encode(
            alt.X("purchase_count:Q", title="Purchases"),
            alt.Y("total_spend:Q", title=in_currency("Spend", currency)),
            alt.Color("cluster:N", scale=alt.Scale(domain=clusters, range=list(theme().groups)), legend=legend),
            alt.Shape("cluster:N", scale=alt.Scale(domain=clusters, range=list(SHAPES)), legend=legend),
            tooltip=[
                alt.Tooltip("customer_id:N", title="Customer"),
                alt.Tooltip("cluster:N", title="Cluster"),
                alt.Tooltip("purchase_count:Q", title="Purchases", format=COUNT),
                alt.Tooltip("total_spend:Q", title="Spend", format=MONEY),
                alt.Tooltip("days_since_last_purchase:Q", title="Days since the last purchase", format=COUNT),
            ],
        )
        .properties(height=420)
    )


def orders(rows: Rows, currency: str) -> Chart:
    """A customer's orders in time, by net revenue; refunds have a shape of their own."""
    kinds, colours, shapes = ["purchase", "refund"], [theme().accent, theme().line], ["circle", "cross"]
    legend = alt.Legend(title=None, orient="top")
    return (
        _chart(rows)
        .mark_point(filled=True, size=60, opacity=0.8)
        .encode(
            alt.X("order_date:T", title=None),
            alt.Y("net_revenue:Q", title=in_currency("Net revenue", currency)),
            alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=colours), legend=legend),
            alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=shapes), legend=legend),
            tooltip=[
                alt.Tooltip("order_date:T", title="Day", format="%a %Y-%m-%d"),
                alt.Tooltip("order_id:N", title="Order"),
                alt.Tooltip("net_revenue:Q", title="Net revenue", format=MONEY),
            ],
        )
        .properties(height=220)
    )


def campaign_revenue(rows: Rows, currency: str) -> Chart:
    """Revenue that each campaign brought, with its interval; nothing was brought at 0."""
    base = _chart(rows).encode(alt.Y("campaign_name:N", sort=None, title=None))
    span = base.mark_rule(strokeWidth=3).encode(
        alt.X("total_lift_low:Q"), alt.X2("total_lift_high:Q"), color=alt.value(theme().line)
    )
    point = base.mark_point(filled=True, size=120, opacity=1, color=theme().line).encode(
        alt.X("total_lift:Q", title=in_currency("Revenue brought", currency)),
        tooltip=[alt.Tooltip("total_lift:Q", title="Revenue", format=MONEY), alt.Tooltip("verdict:N")],
    )
    zero = _chart([{"zero": 0}]).mark_rule(color=theme().text, strokeDash=[4, 4]).encode(alt.X("zero:Q"))
    return (span + point + zero).properties(height=46 * len(rows) + 60)


def stages_by_day(rows: Rows, day: date) -> Chart:
    """Users in each stage at the end of each day, with a rule at the chosen day."""
    stages = list(dict.fromkeys(row["stage"] for row in rows))
    colours = alt.Scale(domain=stages, range=[theme().stages[stage] for stage in stages])
    legend = alt.Legend(title=None, orient="top", columns=2, symbolSize=300)
    lines = (
        _chart(rows)
        .mark_line(strokeWidth=2)
        .encode(
            alt.X("day:T", title=None),
            alt.Y("users:Q", title="Users at the end of the day"),
            alt.Color("stage:N", scale=colours, legend=legend),
            alt.StrokeDash("stage:N", scale=alt.Scale(domain=stages, range=DASHES[: len(stages)]), legend=legend),
            tooltip=[
                alt.Tooltip("day:T", title="Day", format="%a %Y-%m-%d"),
                alt.Tooltip("stage:N", title="Stage"),
                alt.Tooltip("users:Q", title="Users", format=COUNT),
                alt.Tooltip("entered:Q", title="Entered", format=COUNT),
                alt.Tooltip("left:Q", title="Left", format=COUNT),
            ],
        )
    )
    rule = _chart([{"day": day}]).mark_rule(color=theme().text, strokeDash=[4, 4]).encode(alt.X("day:T"))
    return (lines + rule).properties(height=HEIGHT)


def funnel(rows: Rows) -> Chart:
    """How many users reached which step, the first step first, with the share of it."""
    base = _chart(rows).encode(
        alt.Y("step:N", sort=None, title=None, axis=alt.Axis(labelOverlap=False)),
        alt.X("users:Q", title="Users", scale=alt.Scale(domainMax=1.45 * max(row["users"] for row in rows))),
        tooltip=[
            alt.Tooltip("step:N", title="Step"),
            alt.Tooltip("users:Q", title="Users", format=COUNT),
            alt.Tooltip("share_before:Q", title="Of the step before", format=SHARE),
        ],
    )
    bars = base.mark_bar().encode(_colour("stage", theme().stages)).add_params(_clicks("step"))
    return (bars + _label(base, "label:N")).properties(height=44 * len(rows) + 60)


def heat_map(rows: Rows, x: alt.X, y: alt.Y, value: str, text: str, tooltip: list[alt.Tooltip]) -> Chart:
    """Return cells coloured by a column of values of 0 or more, with another column as their text."""
    highest = max((float(row[value]) for row in rows), default=0.0) or 1.0
    colours = [heat(float(row[value]) / highest) for row in rows]
    cells = [{**row, "fill": fill, "ink": ink(fill)} for row, fill in zip(rows, colours, strict=True)]
    columns = [str(axis.shorthand).split(":")[0] for axis in (x, y)]
    base = _chart(cells).encode(x, y)
    rects = base.mark_rect().encode(alt.Color("fill:N", scale=None), tooltip=tooltip).add_params(_clicks(*columns))
    texts = base.mark_text(fontSize=10).encode(alt.Text(f"{text}:N"), alt.Color("ink:N", scale=None))
    return (rects + texts).properties(height=34 * len({row[columns[1]] for row in rows}) + 60)


def _clicks(*columns: str) -> alt.Parameter:
    return alt.selection_point(name=MARK, fields=list(columns), on="click")


def _chart(rows: Rows) -> alt.Chart:
    # A table, because Altair would inspect each value of a list.
    return alt.Chart(pandas.DataFrame([{name: _value(value) for name, value in row.items()} for row in rows]))


def _value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    # With a time and no zone it is the same day in every browser; without a time it would be midnight in Greenwich.
    return f"{value.isoformat()}T00:00:00" if isinstance(value, date) else value


def _colour(column: str, colours: Mapping[str, str]) -> alt.Color:
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    return alt.Color(f"{column}:N", scale=scale, legend=None)


def _label(base: alt.Chart, column: str, number: str = "") -> alt.Chart:
    return base.mark_text(align="left", dx=4, color=theme().text).encode(
        alt.Text(column, format=number) if number else alt.Text(column), tooltip=alt.value(None)
    )
