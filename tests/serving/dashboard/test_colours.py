"""What is drawn and written contrasts as WCAG AA demands, in light and dark."""

from __future__ import annotations

import pytest

from serving.dashboard.colours import (
    BAR,
    BLACK,
    DARK,
    HEAT,
    LIGHT,
    ORANGE,
    SKY,
    WHITE,
    Theme,
    contrast,
    heat,
    ink,
    mixed,
)
from serving.dashboard.settings import OPTIONS

TEXT, MARK = 4.5, 3.0
THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK])


def test_contrast_is_that_of_wcag() -> None:
    """Examples of the W3C and of WebAIM."""
    assert contrast(BLACK, WHITE) == contrast(WHITE, BLACK) == 21
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)
    assert contrast("#FF0000", WHITE) == pytest.approx(4.0, abs=0.01)
    assert contrast(WHITE, WHITE) == 1


@THEMES
def test_marks_differ_from_the_page(theme: Theme) -> None:
    bar = mixed(theme.accent, theme.background, BAR)
    colours = [theme.accent, theme.line, bar, *theme.tiers.values(), *theme.stages.values(), *theme.groups]
    assert [colour for colour in colours if contrast(colour, theme.background) < MARK] == []
    assert contrast(theme.text, theme.background) >= TEXT
    # Two of the palette don't, on white: so the check can fail, and they are darkened there.
    assert max(contrast(SKY, WHITE), contrast(ORANGE, WHITE)) < MARK


def test_text_on_marks_can_be_read() -> None:
    colours = [heat(part / 100) for part in range(101)]
    assert [colour for colour in colours if contrast(ink(colour), colour) < TEXT] == []


@pytest.mark.parametrize(("name", "theme"), [("light", LIGHT), ("dark", DARK)])
def test_the_page_has_the_colours_that_are_compared(name: str, theme: Theme) -> None:
    assert OPTIONS[f"theme.{name}.backgroundColor"] == theme.background
    assert OPTIONS[f"theme.{name}.textColor"] == theme.text
    assert OPTIONS[f"theme.{name}.primaryColor"] == theme.accent


def test_heat_goes_from_the_first_colour_to_the_last() -> None:
    assert [heat(place / 4) for place in range(5)] == list(HEAT)
    assert (heat(-1), heat(2)) == (HEAT[0], HEAT[-1])
    assert heat(0.125) == mixed(HEAT[1], HEAT[0], 0.5) == "#20365C"
