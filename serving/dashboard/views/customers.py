"""Groups of buyers: by k-means, and by recency, frequency and spend."""

from __future__ import annotations

from collections import defaultdict

import altair as alt
import streamlit as st

from serving.dashboard import charts, queries
from serving.dashboard.cards import table_or_cards
from serving.dashboard.data import Row, Rows, read
from serving.dashboard.downloads import offer
from serving.dashboard.filters import Filters, choose
from serving.dashboard.links import Mark, customers_behind
from serving.dashboard.states import nothing
from serving.dashboard.tables import count, in_currency

MOST_POINTS = 5_000


def show() -> None:
    """Show the page."""
    filters = choose(
        "group", "rfm_segment", because="groups of customers are as of the last day, by all that they bought."
    )
    (summary,) = read(queries.SUMMARY)
    points = read(queries.SPEND_AND_PURCHASES, most=MOST_POINTS, **filters.customers)
    if not points:
        nothing("This selection has no buyer.", "Choose more groups in the side bar.")
        return
    st.caption(" · ".join(filters.parts) or "All customers")
    _clusters(points, read(queries.SEGMENT_MEANS, **filters.customers), filters, summary["currency"])
    cells = read(queries.RFM_CELLS, **filters.customers)
    if cells:
        _rfm_segments(read(queries.RFM_SEGMENTS), summary["currency"])
        _rfm(cells, filters, summary["currency"])
    else:
        nothing("There are too few buyers for RFM scores.", "Var `rfm_min_buyers` says how many it takes.")


def _clusters(points: Rows, means: Rows, filters: Filters, currency: str) -> None:
    st.subheader("Behaviour clusters: spend against purchases")
    buyers = points[0]["buyers"]
    sampled = f"a sample of {count(len(points))} of {count(buyers)} buyers" if len(points) < buyers else "all buyers"
    st.caption(f"{sampled.capitalize()}; clusters are found by k-means, 1 spends most.")
    charts.show(charts.spend_and_purchases(points, currency), "Spend against purchases by cluster")
    offer([{name: value for name, value in point.items() if name != "buyers"} for point in points], "segments")
    table_or_cards(
        means,
        "segment_means",
        {
            "segment_name": "What sets it apart",
            "segment_number": "Cluster",
            "customers": "Customers",
            "mean_spend": in_currency("Mean spend", currency),
            "mean_purchases": "Mean purchases",
            "mean_days_since_last_purchase": "Mean days since last",
            "total_spend": in_currency("Total spend", currency),
        },
    )
    names = {row["segment_name"]: row["customers"] for row in means if row["segment_name"]}
    marks = [
        Mark(f"{count(number)} of {name}", (*filters.address, ("segment_name", name))) for name, number in names.items()
    ]
    customers_behind(marks, None, "clusters", "a row")


def _rfm_segments(segments: Rows, currency: str) -> None:
    st.subheader("RFM segments")
    st.caption(
        "All buyers, whatever the filters; how each segment moved in 30 days, and how many of its customers came back"
        " within 90 days when they were in it on earlier days."
    )
    titles = {
        "rfm_segment": "RFM segment",
        "customers": "Customers",
        "share": "Share",
        "change": "In 30 days",
        "revenue": in_currency("Spend", currency),
        "median_days_since_last_purchase": "Median days since last",
        "return_rate": "Came back",
        "observations": "of observed",
    }
    clicked = table_or_cards(segments, "rfm_segments", titles, selectable=True)
    names = [row["rfm_segment"] for row in segments]
    marks = [Mark(name, (("rfm_segment", name),), key={"rfm_segment": name}) for name in names]
    customers_behind(marks, clicked, "rfm_segments", "a row")
    offer(segments, "rfm_segments")


def _rfm(cells: Rows, filters: Filters, currency: str) -> None:
    st.subheader("RFM cells")
    st.caption("Buyers by scores of recency and frequency, 5 is best; the spend is behind each cell.")
    grouped = _by_recency_and_frequency(cells)
    chart = charts.heat_map(
        grouped,
        alt.X("frequency_score:O", title="Frequency score", axis=alt.Axis(labelAngle=0)),
        alt.Y("recency_score:O", title="Recency score", sort="descending"),
        "customers",
        "text",
        [
            alt.Tooltip("recency_score:O", title="Recency"),
            alt.Tooltip("frequency_score:O", title="Frequency"),
            alt.Tooltip("customers:Q", title="Buyers", format=charts.COUNT),
            alt.Tooltip("mean_spend:Q", title=in_currency("Mean spend", currency), format=charts.MONEY),
            alt.Tooltip("rfm_segments:N", title="Segments"),
        ],
    )
    clicked = charts.clicked(chart, "Buyers by recency and frequency score", "rfm_cell")
    customers_behind([_cell(cell, filters) for cell in grouped], clicked, "rfm_cells", "a cell")
    table_or_cards(
        cells,
        "rfm_cells",
        {
            "rfm_cell": "Cell (R, F, M)",
            "rfm_segment": "RFM segment",
            "customers": "Buyers",
            "total_spend": in_currency("Spend", currency),
        },
    )
    offer(cells, "rfm_cells")


def _cell(cell: Row, filters: Filters) -> Mark:
    scores = {name: cell[name] for name in ("recency_score", "frequency_score")}
    label = f"{count(cell['customers'])} of recency {scores['recency_score']}, frequency {scores['frequency_score']}"
    return Mark(label, (*filters.address, *((name, str(score)) for name, score in scores.items())), key=scores)


def _by_recency_and_frequency(cells: Rows) -> list[Row]:
    grouped = defaultdict(list)
    for cell in cells:
        grouped[cell["recency_score"], cell["frequency_score"]].append(cell)
    return [
        {
            "recency_score": recency,
            "frequency_score": frequency,
            "customers": (buyers := sum(cell["customers"] for cell in group)),
            "text": count(buyers),
            "mean_spend": sum(cell["total_spend"] for cell in group) / buyers,
            "rfm_segments": ", ".join(sorted({cell["rfm_segment"] for cell in group})),
        }
        for (recency, frequency), group in grouped.items()
    ]
