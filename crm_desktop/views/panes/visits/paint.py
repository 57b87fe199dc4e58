"""Paints the calendar's sheet: its head, its hours, the line of now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter

from crm_desktop.dates import weekday_words
from crm_desktop.i18n import tr
from crm_desktop.views.panes.visits.geometry import GUTTER, HEAD, HOURS, Sheet
from crm_desktop.views.panes.visits.writing import bold
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.tokens import Tokens

_NEAR_MINUTES = 16
"""So near to this moment the words of an hour would lie below those of the moment."""

_ELIDE = Qt.TextElideMode.ElideRight
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def paint_columns(painter: QPainter, sheet: Sheet, now: dt.datetime, tokens: Tokens) -> None:
    """Days and hours."""
    today = now.date()
    shows_now = sheet.first <= today <= sheet.last
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
        near = abs(now.hour * 60 + now.minute - hour * 60) < _NEAR_MINUTES
        if hour and not (shows_now and near):
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
    painter.setFont(bold(font("caption")))
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
