"""Numbers as people read them in the language in force: grouped, short on charts, as shares."""

from __future__ import annotations

from crm_desktop.i18n import language, tr

_LATIN_STEPS = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))
_STEPS = {"zh_CN": ((1e8, "亿"), (1e4, "万")), "zh_TW": ((1e8, "億"), (1e4, "萬"))}
_SHORT_FROM = 10_000
"""Below ten thousand a label has room for every digit before the point."""

_DECIMAL_FROM, _DECIMAL_BELOW = 1e4, 100
"""Of the larger steps one decimal is kept below a hundred: 12.4万, 1.2m, but 21k and 124万."""

_ALMOST = 0.9995
"""From here on a label says the next step: 1m, never 1,000k."""


def short(value: float) -> str:
    """An amount as a label: 940, 9,871, 21k, 1.2m; in Chinese by 万 and 亿."""
    rounded = round(value)
    if abs(rounded) < _SHORT_FROM:
        return whole(rounded)
    steps = _STEPS.get(language(), _LATIN_STEPS)
    size, letter = next((x, sign) for x, sign in steps if abs(rounded) >= x * _ALMOST)
    part = rounded / size
    exact = size >= _DECIMAL_FROM and abs(part) < _DECIMAL_BELOW
    digits = f"{part:.1f}" if exact else f"{part:,.0f}"
    return digits.removesuffix(".0") + letter


def tick(value: float) -> str:
    """A round number along an axis, with every digit it has: 6k, 12.5k, 2.5万."""
    for size, letter in _STEPS.get(language(), _LATIN_STEPS):
        if abs(value) >= size:
            return f"{value / size:,g}{letter}"
    return f"{value:,g}"


def whole(value: float) -> str:
    """A whole number with its thousands set apart."""
    return f"{value:,.0f}"


def grouped(number: str) -> str:
    """A number as it is written with its thousands set apart: "-12345.6" as "-12,345.6"."""
    before, point, fraction = number.partition(".")
    if not before.lstrip("-").isdigit():
        return number
    return f"{int(before):,}{point}{fraction}"


def percent(share: float, decimals: int = 1) -> str:
    """A share 0…1 as per cent: "62.4 %", in Chinese without the space."""
    return tr("{number} %", number=f"{100 * share:.{decimals}f}")
