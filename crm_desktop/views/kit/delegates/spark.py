"""Sparklines: one bar a month, the last in accent, all from zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF
from PySide6.QtGui import QColor, QPainter
from typing_extensions import override

from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate
from crm_desktop.views.kit.delegates.shapes import smooth, split
from crm_desktop.views.theme.tokens import Tokens

WIDTH = 62
HEIGHT = 18
_GAP = 1.0
_LEAST = 1.0
"""What is nothing still has a foot, so that one sees which month it is."""


def paint_spark(painter: QPainter, rect: QRect, values: Sequence[float], tokens: Tokens) -> None:
    """Bars that fill a rectangle's width and stand on its foot; below zero counts as nothing."""
    if not values:
        return
    step = (rect.width() + _GAP) / len(values)
    most = max(*values, 0.0) if len(values) > 1 else max(values[0], 0.0)
    foot = rect.top() + rect.height()
    with smooth(painter):
        for n, value in enumerate(values):
            share = max(value, 0.0) / most if most else 0.0
            height = max(round(share * rect.height()), _LEAST)
            bar = QRectF(rect.left() + n * step, foot - height, step - _GAP, height)
            last = n == len(values) - 1
            painter.fillRect(bar, QColor(tokens.accent if last else tokens.bar))


class SparkDelegate(RowDelegate):
    """A column of sparklines. The model gives a sequence of numbers as `VALUE`, oldest first."""

    @override
    def paint_content(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        values = cast("Sequence[float] | None", index.data(VALUE))
        if not values:
            return
        lead = split(painter, rect, min(WIDTH, rect.width()))[0]
        top = rect.top() + (rect.height() - HEIGHT) // 2
        numbers = [*values]
        paint_spark(painter, QRect(lead.left(), top, lead.width(), HEIGHT), numbers, self.tokens)
