"""Paints the calendar's sheet: its head, its hours, and a visit by its state."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen

from crm_desktop.dates import weekday_words
from crm_desktop.i18n import tr
from crm_desktop.models.agenda import Appointment
from crm_desktop.views.panes.visits.geometry import GUTTER, HEAD, HOURS, Sheet
from crm_desktop.views.panes.visits.words import (
    DONE,
    OFF,
    is_missed,
    second_line,
    third_line,
)
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
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


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


def paint_columns(painter: QPainter, sheet: Sheet, today: dt.date, tokens: Tokens) -> None:
    """Days and hours."""
    for number in range(sheet.days):
        column = sheet.column(number)
        if sheet.day_of(number) == today:
            painter.fillRect(column, QColor(tokens.alt))
        painter.fillRect(QRect(column.left(), 0, 1, sheet.height), QColor(tokens.line))
    painter.setFont(font("caption"))
    for hour in range(HOURS):
        y = hour * sheet.hour
        painter.fillRect(QRect(GUTTER, y, sheet.width - GUTTER, 1), QColor(tokens.line))
        painter.setPen(QColor(tokens.ink3))
        if hour:
            painter.drawText(QRect(0, y - 8, GUTTER - 8, 16), _RIGHT, f"{hour:02}:00")


def paint_now(painter: QPainter, sheet: Sheet, now: dt.datetime, tokens: Tokens) -> None:
    """The line of this moment, in the column of today."""
    column = (now.date() - sheet.first).days
    if not 0 <= column < sheet.days:
        return
    y, rect = sheet.y_of(now), sheet.column(column)
    painter.fillRect(QRect(rect.left(), y - 1, rect.width(), 2), QColor(tokens.bad))
    label = QRect(0, y - 8, GUTTER - 4, 16)
    painter.fillRect(label, QColor(tokens.pane))
    painter.setPen(QColor(tokens.bad))
    painter.setFont(_bold(font("caption")))
    painter.drawText(label, _RIGHT, f"{now:%H:%M}")


@dataclass(frozen=True, slots=True)
class DayHead:
    """What stands above a day."""

    day: dt.date
    note: str = ""
    is_warning: bool = False


def paint_head(
    painter: QPainter, sheet: Sheet, heads: list[DayHead], today: dt.date, zone: str,
    tokens: Tokens,
) -> None:  # fmt: skip
    """The names of the days with a note below each; the zone's offset in the corner."""
    painter.fillRect(QRect(0, 0, sheet.width, HEAD), QColor(tokens.pane))
    painter.setPen(QColor(tokens.ink3))
    painter.setFont(font("caption"))
    painter.drawText(QRect(0, 22, GUTTER - 6, 18), _RIGHT, zone)
    for number, head in enumerate(heads):
        column = sheet.column(number)
        rect = QRect(column.left(), 0, column.width(), HEAD)
        is_today = head.day == today
        if is_today:
            painter.fillRect(rect, QColor(tokens.alt))
        painter.fillRect(QRect(rect.left(), 0, 1, HEAD), QColor(tokens.line))
        _paint_day(painter, rect.adjusted(8, 4, -4, -4), head, tokens, is_today=is_today)
    painter.fillRect(QRect(0, HEAD - 1, sheet.width, 1), QColor(tokens.line))


def _paint_day(
    painter: QPainter, rect: QRect, head: DayHead, tokens: Tokens, *, is_today: bool
) -> None:
    face = font("section") if is_today else font("name")
    painter.setFont(face)
    painter.setPen(QColor(tokens.accent if is_today else tokens.ink))
    words = weekday_words(head.day)
    painter.drawText(QRect(rect.left(), rect.top(), rect.width(), 18), _LEFT, words)
    if is_today:
        _paint_today(painter, rect, QFontMetrics(face).horizontalAdvance(words) + 6, tokens)
    painter.setFont(font("caption"))
    painter.setPen(QColor(tokens.warn if head.is_warning else tokens.ink3))
    note = f"▲ {head.note}" if head.is_warning else head.note
    below = QRect(rect.left(), rect.top() + 19, rect.width(), 16)
    painter.drawText(below, _LEFT, painter.fontMetrics().elidedText(note, _ELIDE, below.width()))


def _paint_today(painter: QPainter, rect: QRect, offset: int, tokens: Tokens) -> None:
    painter.setFont(font("badge"))
    words = tr("today")
    width = painter.fontMetrics().horizontalAdvance(words) + 12
    badge = QRect(rect.left() + offset, rect.top() + 1, width, 16)
    if badge.right() > rect.right():
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.selection))
    painter.drawRoundedRect(badge, 4, 4)
    painter.setPen(QColor(tokens.accent))
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, words)


def paint_visit(
    painter: QPainter, rect: QRect, appointment: Appointment, now: dt.datetime, tokens: Tokens
) -> None:
    """A visit in its state: ground, edge, bar, and as many lines as fit."""
    missed = is_missed(appointment, now)
    look = _MISSED if missed else LOOKS.get(appointment.state, LOOKS["draft"])
    painter.save()
    painter.setClipRect(rect)
    _paint_ground(painter, rect, look, tokens)
    inner = rect.adjusted(_INSIDE, 3, -6, -2)
    is_one_line = inner.height() < 2 * _LINE
    x = _paint_signs(painter, inner, appointment, tokens, missed=missed)
    name = QRect(x, inner.top(), inner.right() - x, min(_LINE, max(inner.height(), 14)))
    face = _bold(font("small"))
    face.setStrikeOut(appointment.state in OFF)
    painter.setFont(face)
    painter.setPen(QColor(getattr(tokens, look.ink)))
    title = appointment.place.name or tr("(not here)")
    painter.drawText(name, _LEFT, painter.fontMetrics().elidedText(title, _ELIDE, name.width()))
    if not is_one_line:
        _paint_lines(painter, inner, appointment, now, tokens)
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
    painter: QPainter, inner: QRect, appointment: Appointment, now: dt.datetime, tokens: Tokens
) -> None:
    painter.setFont(font("caption"))
    missed = is_missed(appointment, now)
    lines = (second_line(appointment, now), third_line(appointment))
    y = inner.top() + _LINE
    for number, text in enumerate(lines):
        if not text or y + _LINE > inner.bottom() + 3:
            return
        rect = QRect(inner.left(), y, inner.width(), _LINE)
        painter.setPen(QColor(tokens.warn if missed and not number else tokens.ink2))
        painter.drawText(rect, _LEFT, painter.fontMetrics().elidedText(text, _ELIDE, rect.width()))
        y += _LINE


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
    painter.setFont(_bold(font("small")))
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


def paint_hidden(painter: QPainter, rect: QRect, count: int, tokens: Tokens, *, up: bool) -> None:
    """Says how many visits of a day lie above or below what is shown."""
    painter.save()
    words = f"{'↑' if up else '↓'} {count}"
    painter.setFont(font("badge"))
    width = painter.fontMetrics().horizontalAdvance(words) + 12
    badge = QRect(rect.center().x() - width // 2, rect.top(), width, 18)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.fill))
    painter.drawRoundedRect(badge, 4, 4)
    painter.setPen(QColor(tokens.ink2))
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()


def _bold(face: QFont) -> QFont:
    face.setWeight(QFont.Weight.DemiBold)
    return face
