"""All colours of the dashboard: those of Okabe and Ito, which colour-blind readers can tell apart.

Source: M. Okabe and K. Ito, "Color Universal Design" (2008). Everything that a colour says, place, shape or
text says too. On white, two of them are darkened until they contrast as WCAG AA demands: 3 for a mark, 4.5 for text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

BLUE, SKY, GREEN, ORANGE, VERMILLION, PURPLE = "#0072B2", "#56B4E9", "#009E73", "#E69F00", "#D55E00", "#CC79A7"
DARKER_SKY, DARKER_ORANGE = "#4999C6", "#B87F00"
# Grey that is visible on white and on black.
GREY = "#8A8A8A"
WHITE, BLACK = "#FFFFFF", "#000000"
# Five colours of cividis, which looks the same with and without colour-blindness; it goes from dark to light.
HEAT = ("#00204D", "#414D6B", "#7C7B78", "#BCAF6F", "#FFEA46")
# The part of the accent in bars that have a line over them.
BAR = 0.75
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")


@dataclass(frozen=True)
class Theme:
    """Colours that differ between light and dark.

    Attributes:
        background: Of the page.
        text: Of text.
        accent: Of a series.
        line: Of the line over it.
        tiers: Of the tiers of churn risk.
        stages: Of the stages of a journey.
        groups: In this order, of groups that have only a number.
    """

    background: str
    text: str
    accent: str
    line: str
    tiers: Mapping[str, str]
    stages: Mapping[str, str]
    groups: Sequence[str]


def _theme(background: str, text: str, accent: str, line: str, sky: str, orange: str) -> Theme:
    tiers = {"low": accent, "medium": orange, "high": VERMILLION, "prospect": GREY}
    stages = {"lead": sky, "prospect": orange, "customer": GREEN, "churned": VERMILLION, "(stays)": GREY}
    return Theme(background, text, accent, line, tiers, stages, (accent, orange, GREEN, PURPLE, VERMILLION))


LIGHT = _theme(WHITE, "#2F2D2B", accent=BLUE, line=VERMILLION, sky=DARKER_SKY, orange=DARKER_ORANGE)
DARK = _theme("#171614", "#EDEBE8", accent=SKY, line=ORANGE, sky=SKY, orange=ORANGE)


def theme() -> Theme:
    """Return the colours for the reader's theme."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG 2 defines it, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(one: str, other: str, part: float) -> str:
    """Return a colour with a part of one, the rest of it another."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(first * part + second * (1 - part)):02X}" for first, second in pairs)


def heat(part: float) -> str:
    """Return the colour of a cell of a heat map with this part, from 0 to 1, of the highest value."""
    place = min(max(part, 0.0), 1.0) * (len(HEAT) - 1)
    below = min(int(place), len(HEAT) - 2)
    return mixed(HEAT[below + 1], HEAT[below], place - below)


def ink(background: str) -> str:
    """Return white or black, whichever is easier to read on a background."""
    return max(WHITE, BLACK, key=lambda colour: contrast(colour, background))


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour.removeprefix("#")))


def _luminance(colour: str) -> float:
    red, green, blue = (
        value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
