"""The foot of the palette: which keys do what."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.shell.brand import mirrored
from crm_desktop.views.shell.palette.painting import CAP, cap_width, paint_cap
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import colour, theme

_HEIGHT = 34
_MARGIN, _BETWEEN, _GAP = 16, 16, 5


class Foot(QWidget):
    """Caps of keys with words, the last of them at the far end."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._said = (
            (("↑", "↓"), tr("move")),
            (("↵",), tr("open")),
            (("Tab",), tr("actions")),
            ((">",), tr("commands only")),
        )
        self._last = (("Esc",), tr("close"))
        self.setAccessibleName(
            ", ".join(f"{' '.join(keys)} {words}" for keys, words in (*self._said, self._last))
        )

    @override
    def sizeHint(self) -> QSize:
        return QSize(0, _HEIGHT)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = theme().metrics.radius_large
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("alt"))
        painter.drawRoundedRect(self.rect().adjusted(0, -radius, 0, 0), radius, radius)
        painter.fillRect(0, 0, self.width(), 1, colour("line"))
        at = _MARGIN
        for keys, words in self._said:
            at = self._paint(painter, at, keys, words) + _BETWEEN
        self._paint(painter, self.width() - _MARGIN - _width(*self._last), *self._last)
        painter.end()

    def _paint(self, painter: QPainter, at: int, keys: tuple[str, ...], words: str) -> int:
        top = (self.height() - CAP) // 2
        for key in keys:
            width = cap_width(key)
            paint_cap(painter, mirrored(QRect(at, top, width, CAP), self), key)
            at += width + _GAP
        width = QFontMetrics(font("caption")).horizontalAdvance(words)
        painter.setFont(font("caption"))
        painter.setPen(colour("ink3"))
        room = mirrored(QRect(at, 0, width, self.height()), self)
        painter.drawText(
            room, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, words
        )  # fmt: skip
        return at + width


def _width(keys: tuple[str, ...], words: str) -> int:
    caps = sum(cap_width(key) + _GAP for key in keys)
    return caps + QFontMetrics(font("caption")).horizontalAdvance(words)
