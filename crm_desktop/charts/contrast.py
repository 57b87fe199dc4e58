"""What can be told apart: the contrast of two colours, and the words that can be read on one.

Ratios are WCAG 2.2's relative luminance, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.
"""

from __future__ import annotations

from typing import TypeAlias

from matplotlib.colors import to_rgb

Colour: TypeAlias = "str | tuple[float, float, float]"

_KNEE, _LOW, _GAMMA = 0.04045, 12.92, 2.4
_RED, _GREEN, _BLUE = 0.2126, 0.7152, 0.0722


def contrast(one: Colour, other: Colour) -> float:
    """1 (the same) to 21 (black and white)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable(ground: Colour, *inks: Colour) -> Colour:
    """Of these colours the one in which words are read best on a ground."""
    return max(inks, key=lambda ink: contrast(ground, ink))


def _luminance(colour: Colour) -> float:
    red, green, blue = map(_linear, to_rgb(colour))
    return _RED * red + _GREEN * green + _BLUE * blue


def _linear(part: float) -> float:
    return part / _LOW if part <= _KNEE else ((part + 0.055) / 1.055) ** _GAMMA
