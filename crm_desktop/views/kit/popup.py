"""A small sheet that opens below what asked for it and goes when one looks elsewhere."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget
from typing_extensions import override

_MARGIN, _GAP = 12, 8


class Popup(QFrame):
    """Parent: the widget it belongs to; deleted when it closes. Escape closes it."""

    def __init__(self, parent: QWidget, *, width: int = 260) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "popup")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setMinimumWidth(width)
        self.page = QVBoxLayout(self)
        self.page.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        self.page.setSpacing(_GAP)

    def open_below(self, widget: QWidget) -> None:
        """Show it under a widget, wholly on its screen."""
        self.adjustSize()
        room = widget.screen().availableGeometry()
        at = widget.mapToGlobal(QPoint(0, widget.height() + 4))
        at.setX(max(room.left(), min(at.x(), room.right() - self.width())))
        at.setY(max(room.top(), min(at.y(), room.bottom() - self.height())))
        self.move(at)
        self.show()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
            return
        super().keyPressEvent(event)
