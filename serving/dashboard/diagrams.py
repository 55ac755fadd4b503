"""The Sankey of journeys, made with ECharts, which Streamlit brings along."""

from __future__ import annotations

from typing import Any

import streamlit as st

from serving.dashboard.colours import GREY, theme
from serving.dashboard.data import Rows

HEIGHT = 420
# Nodes with a smaller part of all users have no label, as labels of the last steps would overlap.
LABELLED = 0.01


def show(diagram: dict[str, Any], key: str, alt_text: str) -> None:
    """Show a diagram over the full width."""
    st.echarts_chart(diagram, height=HEIGHT, key=key, alt=alt_text)


def sankey(transitions: Rows) -> dict[str, Any]:
    """Return the moves of users from stage to stage; a node is a step and a stage, so no link goes back."""
    nodes = list(dict.fromkeys(row[end] for row in transitions for end in ("from_node", "to_node")))
    stages = {row[f"{end}_node"]: row[f"{end}_stage"] for row in transitions for end in ("from", "to")}
    # All who are at a node come to it, except at the first step.
    users = {node: sum(row["users"] for row in transitions if row["from_node"] == node) for node in nodes}
    users |= {node: n for node in nodes if (n := sum(row["users"] for row in transitions if row["to_node"] == node))}
    least = LABELLED * max(users.values(), default=0)
    return {
        "tooltip": {"trigger": "item", "valueFormatter": "localized"},
        "series": [
            {
                "type": "sankey",
                "nodeAlign": "left",
                "nodeWidth": 14,
                "nodeGap": 14,
                "left": 0,
                "right": 80,
                "top": 10,
                "bottom": 10,
                "emphasis": {"focus": "adjacency"},
                "label": {"color": theme().text, "fontSize": 12},
                "lineStyle": {"color": GREY, "opacity": 0.35},
                "data": [
                    {
                        "name": node,
                        "itemStyle": {"color": theme().stages[stages[node]]},
                        "label": {"show": users[node] >= least, "formatter": f"{stages[node]} {users[node]:,}"},
                    }
                    for node in nodes
                ],
                "links": [
                    {"source": row["from_node"], "target": row["to_node"], "value": row["users"]} for row in transitions
                ],
            }
        ],
    }
