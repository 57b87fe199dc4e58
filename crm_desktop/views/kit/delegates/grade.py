"""Grades: weight, not colour. A is an ink tile, B is outlined on fill, C outlined, D faintly so."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from typing_extensions import override

from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate
from crm_desktop.views.kit.delegates.shapes import centred, smooth, split
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.tokens import Tokens

SIDE = 18
_RADIUS = 4


class _Tile(msgspec.Struct, frozen=True):
    words: str
    ground: str = ""
    edge: str = ""


_TILES: Mapping[str, _Tile] = {
    "a": _Tile("pane", ground="ink"),
    "b": _Tile("ink", ground="fill", edge="control"),
    "c": _Tile("ink2", edge="control"),
    "d": _Tile("ink3", edge="line2"),
}


def paint_grade(painter: QPainter, rect: QRect, value: str, tokens: Tokens) -> None:
    """A grade's tile in the middle of a rectangle; nothing for no grade."""
    if not value:
        return
    tile = _TILES.get(value[:1].lower(), _TILES["d"])
    square = centred(rect, SIDE)
    with smooth(painter):
        painter.setPen(QPen(QColor(getattr(tokens, tile.edge))) if tile.edge else Qt.PenStyle.NoPen)
        ground = QColor(getattr(tokens, tile.ground)) if tile.ground else Qt.BrushStyle.NoBrush
        painter.setBrush(ground)
        edge = 0.5 if tile.edge else 0.0
        painter.drawRoundedRect(
            QRectF(square).adjusted(edge, edge, -edge, -edge), _RADIUS - edge, _RADIUS - edge
        )
        lettering = font("badge")
        lettering.setWeight(lettering.Weight.DemiBold)
        painter.setFont(lettering)
        painter.setPen(QColor(getattr(tokens, tile.words)))
        painter.drawText(square, Qt.AlignmentFlag.AlignCenter, value[:1].upper())


class GradeDelegate(RowDelegate):
    """A column of grades. The model gives the grade as `VALUE` or as its text."""

    @override
    def paint_content(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        value = index.data(VALUE) or index.data() or ""
        paint_grade(painter, split(painter, rect, SIDE)[0], str(value), self.tokens)
