"""Paints a visit by its state, and where one would stand."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from crm_desktop.dates import times_words
from crm_desktop.models.agenda import Appointment
from crm_desktop.views.kit.words import account_words
from crm_desktop.views.panes.visits.words import (
    DONE,
    OFF,
    is_missed,
    second_line,
    third_line,
)
from crm_desktop.views.panes.visits.writing import bold, wrapped
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.tokens import Tokens

_RADIUS = 5
_BAR = 3
_LINE = 15
_INSIDE = 10
_ICON = 12
_ELIDE = Qt.TextElideMode.ElideRight
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_NAME_LINES, _LINES_FOR_LONG_NAME = 2, 4
"""A card with room for four lines may use two of them for a long name."""

_LEAST_BESIDE = 90
"""From this width on, what a visit is for may stand beside its time."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is drawn: tokens of its ground, edge, bar and words; `dashed` for its edge."""

    ground: str
    edge: str
    bar: str
    ink: str = "ink"
    dashed: bool = False


LOOKS = {
    "draft": Look("pane", "control", "", dashed=True),
    "planned": Look("pane", "accent", "accent"),
    "confirmed": Look("selection", "", "accent"),
    "in_progress": Look("selection", "accent", "accent"),
    "completed": Look("fill", "", "control", "ink2"),
    "reviewed": Look("fill", "", "control", "ink2"),
    "cancelled": Look("pane", "line2", "line2", "ink3"),
    "aborted": Look("pane", "line2", "line2", "ink3"),
}
"""Outline: planned; filled: confirmed; ✓ on grey: held. A visit that was not held is amber."""

_MISSED = Look("warn_tint", "warn", "warn")


def paint_visit(
    painter: QPainter, rect: QRect, appointment: Appointment, now: dt.datetime, tokens: Tokens
) -> None:
    """A visit in its state: ground, edge, bar; name, time and what it is for, as far as they fit.

    A name or an objective that is too long for a line goes on in the next while there is room.
    """
    missed = is_missed(appointment, now)
    look = _MISSED if missed else LOOKS.get(appointment.state, LOOKS["draft"])
    painter.save()
    painter.setClipRect(rect)
    _paint_ground(painter, rect, look, tokens)
    inner = rect.adjusted(_INSIDE, 3, -6, -2)
    room = max((inner.height() + 2) // _LINE, 1)
    x = _paint_signs(painter, inner, appointment, tokens, missed=missed)
    face = bold(font("small"))
    face.setStrikeOut(appointment.state in OFF)
    painter.setFont(face)
    painter.setPen(QColor(getattr(tokens, look.ink)))
    title = account_words(appointment.place.name)
    name_lines = _NAME_LINES if room >= _LINES_FOR_LONG_NAME else 1
    name = wrapped(title, face, inner.right() - x, name_lines)
    for number, line in enumerate(name):
        height = min(_LINE, max(inner.height(), 14))
        place = QRect(x, inner.top() + number * _LINE, inner.right() - x, height)
        painter.drawText(place, _LEFT, line)
    below = inner.adjusted(0, len(name) * _LINE, 0, 0)
    _paint_lines(painter, below, room - len(name), appointment, now, tokens)
    painter.restore()


def _paint_ground(painter: QPainter, rect: QRect, look: Look, tokens: Tokens) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    edge = QColor(getattr(tokens, look.edge)) if look.edge else QColor(Qt.GlobalColor.transparent)
    style = Qt.PenStyle.DashLine if look.dashed else Qt.PenStyle.SolidLine
    painter.setPen(QPen(edge, 1, style))
    painter.setBrush(QColor(getattr(tokens, look.ground)))
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), _RADIUS, _RADIUS)
    if look.bar:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(tokens, look.bar)))
        bar = QRectF(rect.left(), rect.top(), 2 * _BAR, rect.height())
        painter.setClipRect(QRect(rect.left(), rect.top(), _BAR, rect.height()))
        painter.drawRoundedRect(bar, _BAR, _BAR)
        painter.setClipRect(rect)


def _paint_signs(
    painter: QPainter, inner: QRect, appointment: Appointment, tokens: Tokens, *, missed: bool
) -> int:
    """The signs before the name and at its right edge; where the name begins."""
    x = inner.left()
    values = appointment.row.values
    before = ""
    if missed:
        before = "warning"
    elif appointment.state in DONE:
        before = "check"
    elif values.get("type") == "phone":
        before = "phone"
    if before:
        token = "warn" if missed else "ink2"
        paint_icon(painter, QRect(x, inner.top() + 2, _ICON, _ICON), before, token)
        x += _ICON + 4
    row = appointment.row
    sign = "conflict" if row.conflict else "rejected" if row.refused else ""
    sign = sign or ("pending" if row.pending else "")
    if sign:
        token = {"conflict": "warn", "rejected": "bad"}.get(sign, "ink2")
        at = QPoint(inner.right() - _ICON + 2, inner.top() + 2)
        paint_icon(painter, QRect(at.x(), at.y(), _ICON, _ICON), sign, token)
        inner.setRight(at.x() - 2)
    return x


def _paint_lines(
    painter: QPainter, inner: QRect, room: int, appointment: Appointment, now: dt.datetime,
    tokens: Tokens,
) -> None:  # fmt: skip
    """When it is, with its state where that fits whole, and what it is for."""
    if room < 1:
        return
    face, width = font("caption"), inner.width()
    painter.setFont(face)
    when = second_line(appointment, now)
    if painter.fontMetrics().horizontalAdvance(when) > width:  # its look tells the state as well
        when = times_words(appointment.start, appointment.end)
    about = third_line(appointment)
    beside = width - painter.fontMetrics().horizontalAdvance(when)
    if about and room == 1 and beside > _LEAST_BESIDE:
        when = f"{when} · {about}"
    lines = [painter.fontMetrics().elidedText(when, _ELIDE, width)]
    lines += wrapped(about, face, width, room - 1)
    for number, line in enumerate(lines):
        is_warning = not number and is_missed(appointment, now)
        painter.setPen(QColor(tokens.warn if is_warning else tokens.ink2))
        rect = QRect(inner.left(), inner.top() + number * _LINE, width, _LINE)
        painter.drawText(rect, _LEFT, line)


def paint_ghost(painter: QPainter, rect: QRect, title: str, note: str, tokens: Tokens) -> None:
    """Where a visit would stand: dashed accent, with its time."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(tokens.accent), 1.5, Qt.PenStyle.DashLine))
    painter.setBrush(QColor(tokens.pane))
    painter.drawRoundedRect(QRectF(rect).adjusted(0.75, 0.75, -0.75, -0.75), _RADIUS, _RADIUS)
    inner = rect.adjusted(_INSIDE, 3, -6, -2)
    painter.setClipRect(inner)
    painter.setPen(QColor(tokens.ink))
    painter.setFont(bold(font("small")))
    painter.drawText(QRect(inner.left(), inner.top(), inner.width(), _LINE), _LEFT,
                     painter.fontMetrics().elidedText(title, _ELIDE, inner.width()))  # fmt: skip
    painter.setFont(font("caption"))
    painter.setPen(QColor(tokens.ink2))
    painter.drawText(QRect(inner.left(), inner.top() + _LINE, inner.width(), _LINE), _LEFT, note)
    painter.restore()


def paint_ring(painter: QPainter, rect: QRect, tokens: Tokens, *, focused: bool) -> None:
    """Around the visit chosen: the focus ring, or a quiet edge while the keyboard is elsewhere."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(tokens.accent if focused else tokens.control), 2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(-1, -1, 1, 1), _RADIUS + 1, _RADIUS + 1)
    painter.restore()
