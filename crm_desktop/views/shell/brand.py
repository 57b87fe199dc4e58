"""The head of the rail: whose company this is, and the field that opens the palette."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.kit.focus import paint_ring, shows_focus
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import SMALL, paint_icon
from crm_desktop.views.theme.theme import colour, theme

_TILE = 22
_TILE_RADIUS = 5
_LEFT, _GAP = 6, 8
_FIELD_LEFT, _FIELD_GAP = 7, 6
_KEYS = "Ctrl+K"
_START = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter


class Brand(QWidget):
    """A tile with the initial, and the organisation's name beside it."""

    def __init__(
        self, organisation: str, parent: QWidget | None = None, *, left: int = _LEFT
    ) -> None:
        super().__init__(parent)
        self._left = left
        self._name = organisation[:1].upper() + organisation[1:]
        self.setAccessibleName(self._name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @override
    def sizeHint(self) -> QSize:
        return QSize(_TILE, _TILE)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_narrow = self.width() < theme().metrics.rail_collapsed
        left = (self.width() - _TILE) // 2 if is_narrow else self._left
        tile = mirrored(QRect(left, 0, _TILE, _TILE), self)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("ink"))
        painter.drawRoundedRect(tile, _TILE_RADIUS, _TILE_RADIUS)
        painter.setPen(colour("pane"))
        painter.setFont(font("badge"))
        painter.drawText(tile, Qt.AlignmentFlag.AlignCenter, self._name[:1])
        if not is_narrow:
            start = self._left + _TILE + _GAP
            room = mirrored(QRect(start, 0, self.width() - start, _TILE), self)
            face = font("section")
            painter.setFont(face)
            painter.setPen(colour("ink"))
            shown = QFontMetrics(face).elidedText(
                self._name, Qt.TextElideMode.ElideRight, room.width()
            )
            painter.drawText(room, _START, shown)
        painter.end()


class SearchField(QPushButton):
    """Looks like a field and opens the palette, in which one types."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Search"), parent)
        self.setProperty("ring", "none")
        self.setAccessibleName(tr("Search everywhere"))
        self.setToolTip(tr("Search everywhere"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @override
    def sizeHint(self) -> QSize:
        height = theme().metrics.button
        return QSize(height, height)

    @override
    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = theme().metrics.radius
        painter.setPen(colour("line2"))
        painter.setBrush(colour("hover" if self.underMouse() else "pane"))
        box = self.rect().adjusted(0, 0, -1, -1)
        painter.drawRoundedRect(box, radius, radius)
        is_narrow = self.width() < theme().metrics.rail_collapsed
        left = (self.width() - SMALL) // 2 if is_narrow else _FIELD_LEFT
        glass = QRect(left, (self.height() - SMALL) // 2, SMALL, SMALL)
        paint_icon(painter, mirrored(glass, self), "search", "ink3")
        if not is_narrow:
            self._paint_words(painter, left + SMALL + _FIELD_GAP)
        if shows_focus(self):
            paint_ring(painter, self.rect(), radius)
        painter.end()

    def _paint_words(self, painter: QPainter, start: int) -> None:
        room = mirrored(QRect(start, 0, self.width() - start - _FIELD_LEFT, self.height()), self)
        keys = QKeySequence(_KEYS).toString(QKeySequence.SequenceFormat.NativeText)
        painter.setPen(colour("ink3"))
        painter.setFont(font("caption"))
        painter.drawText(room, Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter, keys)
        painter.setFont(font("small"))
        painter.drawText(room, _START, self.text())


def mirrored(rect: QRect, widget: QWidget) -> QRect:
    """A rectangle of a left-to-right window where it lies in this widget's direction."""
    if widget.layoutDirection() == Qt.LayoutDirection.LeftToRight:
        return rect
    return QRect(widget.width() - rect.right() - 1, rect.top(), rect.width(), rect.height())
