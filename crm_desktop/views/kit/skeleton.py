"""Where rows will be: still bars, shown only while something takes long. Nothing moves."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.theme.theme import theme

SHOWN_AFTER_MS = 150
"""What is there sooner needs no placeholder, which would only flicker."""

_WIDTHS = (0.34, 0.22, 0.41, 0.28, 0.37, 0.25)
_BAR = 10


class Skeleton(QWidget):
    """Bars of rows to come. Parent: what will show them; `start` and `stop` by whoever waits."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self, singleShot=True, interval=SHOWN_AFTER_MS)
        self._timer.timeout.connect(self.show)
        self.setAccessibleName(tr("Loading"))
        self.hide()

    def start(self) -> None:
        """Show the bars if it takes longer than a moment."""
        self._timer.start()

    def stop(self) -> None:
        """The rows are there."""
        self._timer.stop()
        self.hide()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, worn = QPainter(self), theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        row, margin = worn.metrics.row, worn.metrics.margin
        for n in range(self.height() // row):
            width = (self.width() - 2 * margin) * _WIDTHS[n % len(_WIDTHS)]
            left = self.width() - margin - width if self.isRightToLeft() else margin
            painter.setBrush(QColor(worn.tokens.fill))
            painter.drawRoundedRect(QRectF(left, n * row + (row - _BAR) / 2, width, _BAR), 4, 4)
            painter.fillRect(0, (n + 1) * row - 1, self.width(), 1, QColor(worn.tokens.line))
