"""All colours of the dashboard: those of Okabe and Ito, which colour-blind readers can tell apart.

Source: M. Okabe and K. Ito, "Color Universal Design" (2008). Everything that a colour says, place, shape or
text says too.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

BLUE, SKY, GREEN, ORANGE, VERMILLION, PURPLE = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7"
# Grey that is readable on white and on black.
GREY = "#8A8A8A"

TIERS = {"low": BLUE, "medium": ORANGE, "high": VERMILLION, "prospect": GREY}
STAGES = {"lead": SKY, "prospect": ORANGE, "customer": GREEN, "churned": VERMILLION, "(stays)": GREY}
# In this order, for groups that have only a number.
GROUPS = (BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION)
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")


@dataclass(frozen=True)
class Theme:
    """Colours that differ between light and dark: of a series, of the line over it, and of text."""

    accent: str
    line: str
    text: str


LIGHT = Theme(accent=BLUE, line=VERMILLION, text="#31333F")
DARK = Theme(accent=SKY, line=ORANGE, text="#FAFAFA")


def theme() -> Theme:
    """Return the colours for the reader's theme."""
    return DARK if st.context.theme.type == "dark" else LIGHT
