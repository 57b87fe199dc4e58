"""Everybody can read it: the contrast of every pair of tokens that meet, in both themes.

Ratios are WCAG 2.2's relative luminance, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.
"""

from __future__ import annotations

import itertools

import pytest
from msgspec.structs import fields

from crm_desktop.views.theme.tokens import (
    DARK,
    LIGHT,
    SystemColours,
    Tokens,
    high_contrast,
    is_outlined,
)  # fmt: skip

GROUNDS = ("pane", "alt", "rail", "hover", "selection", "fill")
TEXT = ("ink", "ink2", "ink3", "accent", "good", "warn", "bad", "orphan")
BADGES = (
    ("good", "good_tint"), ("warn", "warn_tint"), ("bad", "bad_tint"), ("orphan", "orphan_tint"),
    ("ink2", "fill"), ("accent", "selection"),
)  # fmt: skip
READABLE, SEEN, CHART = 4.5, 3.0, 3.4
NEARLY = 0.005
"""The look's own figures are rounded to one place."""

THEMES = pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def of(tokens: Tokens, name: str) -> str:
    return getattr(tokens, name)


def test_the_measure_knows_black_on_white() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=0.001)


@THEMES
@pytest.mark.parametrize(("words", "ground"), [*itertools.product(TEXT, GROUNDS)])
def test_words_can_be_read_on_every_ground(tokens: Tokens, words: str, ground: str) -> None:
    assert contrast(of(tokens, words), of(tokens, ground)) >= READABLE - NEARLY


@THEMES
@pytest.mark.parametrize("ground", GROUNDS)
def test_the_edge_of_a_control_is_seen_on_every_ground(tokens: Tokens, ground: str) -> None:
    assert contrast(tokens.control, of(tokens, ground)) >= SEEN


@THEMES
@pytest.mark.parametrize(("words", "tint"), BADGES)
def test_a_badge_can_be_read(tokens: Tokens, words: str, tint: str) -> None:
    assert contrast(of(tokens, words), of(tokens, tint)) >= READABLE


@THEMES
def test_a_primary_button_can_be_read_and_the_undo_bar_too(tokens: Tokens) -> None:
    assert contrast(tokens.on_accent, tokens.accent_fill) >= READABLE
    assert contrast(tokens.pane, tokens.ink) >= READABLE


@THEMES
def test_the_focus_ring_is_seen_beside_a_primary_button(tokens: Tokens) -> None:
    for ground in GROUNDS:
        assert contrast(tokens.accent, of(tokens, ground)) >= SEEN


@THEMES
@pytest.mark.parametrize("number", range(6))
def test_a_chart_colour_is_seen_on_its_pane(tokens: Tokens, number: int) -> None:
    assert contrast(tokens.series[number], tokens.pane) >= CHART


@THEMES
def test_words_on_the_map_can_be_read(tokens: Tokens) -> None:
    for ground in ("map_land", "map_park", "map_water", "map_road"):
        assert contrast(tokens.ink2, of(tokens, ground)) >= READABLE


@THEMES
def test_every_colour_is_six_digits(tokens: Tokens) -> None:
    colours = [of(tokens, x.name) for x in fields(tokens) if x.type is str]
    for colour in (*colours, *tokens.series):
        assert len(colour) == 7
        assert colour == f"#{int(colour[1:], 16):06X}"


def test_the_series_are_six_and_no_two_are_alike() -> None:
    for tokens in (LIGHT, DARK):
        assert len(set(tokens.series)) == 6


def test_high_contrast_is_the_systems_colours_with_outlines_for_tints() -> None:
    system = SystemColours("#000000", "#FFFFFF", "#FFFF00", "#1AEBFF", "#000000", dark=True)
    tokens = high_contrast(system)
    assert is_outlined(tokens)
    assert not is_outlined(LIGHT)
    assert not is_outlined(DARK)
    for words in (*TEXT, "control", "line"):
        assert contrast(of(tokens, words), tokens.pane) > 15
    assert {of(tokens, ground) for ground in GROUNDS} == {"#000000"}
