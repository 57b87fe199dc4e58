"""Clocks of a promise: a ring that fills, ‖ paused, a filled ! when broken, ✓ when kept."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from typing_extensions import override

from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate
from crm_desktop.views.kit.delegates.shapes import centred, smooth, split, write
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.tokens import Tokens

SIDE = 18
WARN_ABOVE = 0.75
"""From this share of its time on a running clock is in the colour of warning."""

RUNNING, WARN, PAUSED, BREACHED, DONE = "running", "warn", "paused", "breached", "done"
NOT_NEEDED = "not_needed"

_RADIUS = 6.5
_STROKE = 2.4
_GAP = 8
_TURN = 360 * 16
_WORDS = {WARN: "warn", PAUSED: "ink2", BREACHED: "bad", DONE: "good", NOT_NEEDED: "ink3"}


class ClockValue(msgspec.Struct, frozen=True):
    """A clock in a cell: the share of its time that is used, its state, and both in words."""

    fraction: float
    state: str
    words: str = ""


def clock_token(fraction: float, state: str) -> str:
    """The colour token of a clock's words."""
    if state == RUNNING:
        return "warn" if fraction > WARN_ABOVE else "ink"
    return _WORDS[state]


def paint_clock(
    painter: QPainter, rect: QRect, fraction: float, state: str, tokens: Tokens
) -> None:
    """A clock's face, 18 pixels large, in the middle of a rectangle."""
    square = centred(rect, SIDE)
    if state == DONE:
        paint_icon(painter, centred(rect, 16), "check", "good")
        return
    with smooth(painter):
        if state == BREACHED:
            _paint_breach(painter, square, tokens)
            return
        if state == NOT_NEEDED:
            fraction = 0.0
        _paint_face(painter, square, fraction, _hand_token(fraction, state), tokens)
        if state == PAUSED:
            _paint_pause(painter, square, tokens)


def paint_clock_words(painter: QPainter, rect: QRect, value: ClockValue, tokens: Tokens) -> None:
    """A clock's face with its words beside it."""
    lead, rest = split(painter, rect, SIDE, _GAP)
    paint_clock(painter, lead, value.fraction, value.state, tokens)
    colour = getattr(tokens, clock_token(value.fraction, value.state))
    write(painter, rest, value.words, "small", colour)


def _hand_token(fraction: float, state: str) -> str:
    if state == PAUSED:
        return "ink3"
    return "warn" if state == WARN or fraction > WARN_ABOVE else "accent"


def _paint_face(
    painter: QPainter, square: QRect, fraction: float, token: str, tokens: Tokens
) -> None:
    face = QRectF(0, 0, 2 * _RADIUS, 2 * _RADIUS)
    face.moveCenter(QRectF(square).center())
    pen = QPen(QColor(tokens.line2), _STROKE)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(pen)
    painter.drawEllipse(face)
    pen.setColor(QColor(getattr(tokens, token)))
    painter.setPen(pen)
    # From twelve o'clock, clockwise: Qt counts the other way.
    painter.drawArc(face, 90 * 16, -round(_TURN * min(max(fraction, 0.0), 1.0)))


def _paint_pause(painter: QPainter, square: QRect, tokens: Tokens) -> None:
    middle = QRectF(square).center()
    painter.setPen(_round(tokens.ink2, 1.5))
    for x in (-1.6, 1.6):
        painter.drawLine(middle + QPointF(x, -2.2), middle + QPointF(x, 2.2))


def _paint_breach(painter: QPainter, square: QRect, tokens: Tokens) -> None:
    middle = QRectF(square).center()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.bad))
    painter.drawEllipse(middle, 7.2, 7.2)
    painter.setPen(_round(tokens.pane, 1.8))
    painter.drawLine(middle + QPointF(0, -4), middle + QPointF(0, 0.6))
    painter.drawLine(middle + QPointF(0, 3.4), middle + QPointF(0, 3.5))


class ClockDelegate(RowDelegate):
    """A column of clocks. The model gives a `ClockValue` as `VALUE`, or None."""

    @override
    def paint_content(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        value = index.data(VALUE)
        if isinstance(value, ClockValue):
            paint_clock_words(painter, rect, value, self.tokens)


def _round(colour: str, width: float) -> QPen:
    pen = QPen(QColor(colour), width)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen
