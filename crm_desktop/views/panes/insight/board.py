"""A board: some chart cards side by side, divided by hairlines."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.panes.insight.card import ChartCard
from crm_desktop.views.theme.theme import theme

TWO_FROM_WIDTH = 820
"""A narrower board shows one chart below the other."""

CARD_HEIGHT_MIN = 300


class Board(QScrollArea):
    """The cards of one board; scrolls where they do not fit."""

    def __init__(self, cards: Sequence[ChartCard], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards = tuple(cards)
        self._ground = _Ground(self)
        self._grid = QGridLayout(self._ground)
        self._columns = 0
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(1)
        self.setAccessibleName(tr("Charts"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setWidget(self._ground)
        for card in self.cards:
            card.setMinimumHeight(CARD_HEIGHT_MIN)
        self._arrange()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Two in a row where there is room; the last of an odd number takes the whole row."""
        columns = 2 if self.width() >= TWO_FROM_WIDTH and len(self.cards) > 2 else 1  # noqa: PLR2004
        if columns == self._columns:
            return
        self._columns = columns
        for n, card in enumerate(self.cards):
            is_alone = columns > 1 and n == len(self.cards) - 1 and n % columns == 0
            self._grid.addWidget(card, n // columns, n % columns, 1, columns if is_alone else 1)
        for n in range(2):
            self._grid.setColumnStretch(n, 1 if n < columns else 0)


class _Ground(QWidget):
    """What shows between the cards: the hairlines."""

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        line, painter = QColor(theme().tokens.line), QPainter(self)
        for card in self.findChildren(ChartCard):
            place = card.geometry()
            painter.fillRect(place.left(), place.bottom() + 1, place.width() + 1, 1, line)
            painter.fillRect(place.right() + 1, place.top(), 1, place.height(), line)

    @override
    def sizeHint(self) -> QSize:
        return QSize(2 * TWO_FROM_WIDTH // 3, 2 * CARD_HEIGHT_MIN)
