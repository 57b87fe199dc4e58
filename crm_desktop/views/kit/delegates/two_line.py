"""Rows of two lines: what it is, and under it what one wants to know before opening it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionViewItem
from typing_extensions import override

from crm_desktop.views.kit.badge import badge_width, paint_badge
from crm_desktop.views.kit.delegates.clock import SIDE, ClockValue, paint_clock
from crm_desktop.views.kit.delegates.roles import BADGE, ICON, SECOND, TONE, TRAILING, VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate
from crm_desktop.views.kit.delegates.shapes import centred, split, split_end, write
from crm_desktop.views.theme import fonts
from crm_desktop.views.theme.icons import USUAL, paint_icon
from crm_desktop.views.theme.theme import theme
from crm_desktop.views.theme.tokens import Tokens

FIRST_LINE = 18
SECOND_LINE = 17
"""One more than Latin needs: Han letters are taller."""

_GAP = 8


@dataclass(frozen=True, slots=True)
class TwoLines:
    """What stands in a row of two lines. `tone` colours the trailing words."""

    first: str
    second: str = ""
    trailing: str = ""
    icon: str = ""
    badge: str = ""
    tone: str = "ink3"
    clock: ClockValue | None = None


def paint_two_lines(painter: QPainter, rect: QRect, value: TwoLines, tokens: Tokens) -> None:
    """Mark and two lines, in the middle of a rectangle's height."""
    top = rect.top() + (rect.height() - FIRST_LINE - SECOND_LINE) // 2
    upper = QRect(rect.left(), top, rect.width(), FIRST_LINE)
    lower = QRect(rect.left(), top + FIRST_LINE, rect.width(), SECOND_LINE)
    if value.icon or value.clock is not None:
        mark, upper = split(painter, upper, SIDE, _GAP)
        lower = split(painter, lower, SIDE, _GAP)[1]
        if value.clock is not None:
            paint_clock(painter, mark, value.clock.fraction, value.clock.state, tokens)
        else:
            paint_icon(painter, centred(mark, USUAL), value.icon, "ink2")
    if value.trailing:
        width = fonts.metrics("caption").horizontalAdvance(value.trailing) + 1
        upper, end = split_end(painter, upper, width, _GAP)
        colour = getattr(tokens, value.tone)
        write(painter, end, value.trailing, "caption", colour, at_end=True)
    if value.badge:
        lower, end = split_end(painter, lower, badge_width(value.badge), _GAP)
        paint_badge(painter, end, value.badge, tokens)
    write(painter, upper, value.first, "name", tokens.ink)
    write(painter, lower, value.second, "small", tokens.ink2)


class TwoLineDelegate(RowDelegate):
    """The model gives a `TwoLines` as `VALUE`, or text, `SECOND`, `TRAILING`, `ICON`, `BADGE`."""

    @override
    def paint_content(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        value = index.data(VALUE)
        shown = value if isinstance(value, TwoLines) else _from_roles(index)
        paint_two_lines(painter, rect.adjusted(6, 0, -6, 0), shown, self.tokens)

    @override
    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(160, theme().metrics.row_two)


def _from_roles(index: QModelIndex | QPersistentModelIndex) -> TwoLines:
    def text(role: int) -> str:
        return str(index.data(role) or "")

    return TwoLines(
        text(int(Qt.ItemDataRole.DisplayRole)), text(SECOND), text(TRAILING), text(ICON),
        text(BADGE), text(TONE) or "ink3",
    )  # fmt: skip
