"""Health: a circle, a triangle or a diamond, always with the number; and attitude, beside it."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect
from PySide6.QtGui import QPainter
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate
from crm_desktop.views.kit.delegates.shapes import MARK, paint_shape, split, write
from crm_desktop.views.theme.tokens import Tokens

GOOD_FROM = 75
WATCH_FROM = 50
"""Of 100; below it an account is at risk."""

_GAP = 6
_NOTHING = "–"


def health_mark(value: float | None) -> tuple[str, str]:
    """The shape and the colour token of a health."""
    if value is None:
        return "ring", "control"
    if value >= GOOD_FROM:
        return "dot", "good"
    if value >= WATCH_FROM:
        return "triangle", "warn"
    return "diamond", "bad"


def health_words(value: float | None) -> str:
    """The word for a health: good, watch, at risk, no data."""
    if value is None:
        return tr("no data")
    if value >= GOOD_FROM:
        return tr("good")
    return tr("watch") if value >= WATCH_FROM else tr("at risk")


def spoken_health(value: float | None) -> str:
    """Number and word, for `AccessibleTextRole`."""
    return health_words(value) if value is None else f"{value:.0f} {health_words(value)}"


def paint_health(painter: QPainter, rect: QRect, value: float | None, tokens: Tokens) -> None:
    """A health's mark and its number, at the leading edge of a rectangle."""
    shape, token = health_mark(value)
    lead, rest = split(painter, rect, MARK, _GAP)
    paint_shape(painter, lead, shape, getattr(tokens, token))
    words = _NOTHING if value is None else f"{value:.0f}"
    write(painter, rest, words, "body", tokens.ink3 if value is None else tokens.ink)


def attitude_mark(score: int | None) -> tuple[str, str]:
    """The shape and the colour token of a contact's attitude: for us above 0, against below."""
    if score is None:
        return "dashed_ring", "control"
    if score == 0:
        return "ring", "control"
    return ("dot", "good") if score > 0 else ("diamond", "bad")


class HealthDelegate(RowDelegate):
    """A column of healths. The model gives the number as `VALUE`, or None."""

    @override
    def paint_content(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        value = index.data(VALUE)
        known = float(value) if isinstance(value, int | float) else None
        paint_health(painter, rect, known, self.tokens)
