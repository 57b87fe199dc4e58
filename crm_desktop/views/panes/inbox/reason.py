"""What happened and what is safe, behind a bar in the state's colour."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from typing_extensions import override

from crm_desktop.views.panes.inbox.parts import label
from crm_desktop.views.theme.theme import colour

_BAR = 3


class ReasonBox(QWidget):
    """Two sentences: why it lies here, and what is safe."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._tone = "bad"
        self._why = label(self, role="name")
        self._safe = label(self, role="small", tone="ink2")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_BAR + 11, 2, _BAR + 11, 2)
        layout.setSpacing(4)
        layout.addWidget(self._why)
        layout.addWidget(self._safe)

    def show_reason(self, why: str, safe: str, tone: str) -> None:
        """Show them; `tone` is the bar's colour token."""
        self._tone = tone
        self._why.setText(why)
        self._safe.setText(safe)
        self.update()

    @property
    def words(self) -> str:
        """Why it lies here."""
        return self._why.text()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = self.width() - _BAR if mirrored else 0
        QPainter(self).fillRect(left, 0, _BAR, self.height(), colour(self._tone))
