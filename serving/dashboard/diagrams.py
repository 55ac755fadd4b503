"""The Sankey of journeys, made with Plotly."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from serving.dashboard.colours import theme
from serving.dashboard.data import Rows

# No button that leads elsewhere, and none that is not needed.
CONFIG = {"displayModeBar": False, "displaylogo": False}
# Nodes with a smaller part of all users have no label, as labels of the last steps would overlap.
LABELLED = 0.01


def show(figure: go.Figure, key: str, alt_text: str) -> None:
    """Show a diagram over the full width."""
    st.plotly_chart(figure, width="stretch", key=key, config=CONFIG, alt=alt_text)


def sankey(transitions: Rows) -> go.Figure:
    """Return the moves of users from stage to stage; a node is a step and a stage, so no link goes back."""
    nodes = list(dict.fromkeys(row[end] for row in transitions for end in ("from_node", "to_node")))
    stages = {row[f"{end}_node"]: row[f"{end}_stage"] for row in transitions for end in ("from", "to")}
    # All who are at a node come to it, except at the first step.
    users = {node: sum(row["users"] for row in transitions if row["from_node"] == node) for node in nodes}
    users |= {node: n for node in nodes if (n := sum(row["users"] for row in transitions if row["to_node"] == node))}
    least = LABELLED * max(users.values(), default=0)
    figure = go.Figure(
        go.Sankey(
            arrangement="snap",
            node={
                "label": [f"{stages[node]} {users[node]:,}" if users[node] >= least else "" for node in nodes],
                "customdata": [f"{stages[node]} {users[node]:,}" for node in nodes],
                "color": [theme().stages[stages[node]] for node in nodes],
                "align": "left",
                "pad": 14,
                "thickness": 14,
                "hovertemplate": "%{customdata} users<extra></extra>",
            },
            link={
                "source": [nodes.index(row["from_node"]) for row in transitions],
                "target": [nodes.index(row["to_node"]) for row in transitions],
                "value": [row["users"] for row in transitions],
                "customdata": [float(row["share"]) for row in transitions],
                "color": "rgba(138, 138, 138, 0.35)",
                "hovertemplate": (
                    "%{source.customdata} → %{target.customdata}: %{value:,} users, %{customdata:.1%} of the stage"
                    "<extra></extra>"
                ),
            },
            textfont={"color": theme().text, "size": 12},
        )
    )
    return figure.update_layout(height=420, margin={"l": 0, "r": 0, "t": 10, "b": 10}, showlegend=False)
