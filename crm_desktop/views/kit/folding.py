"""A part of the window that puts things below each other where they do not fit side by side."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override


class Folding(QWidget):
    """Calls `_fold` whenever `_is_narrow` has changed."""

    FOLDED_BELOW_WIDTH: ClassVar[int]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._is_narrow = False

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < self.FOLDED_BELOW_WIDTH
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            self._fold()

    def _fold(self) -> None:
        """Lay out anew for the room there is now."""
        raise NotImplementedError
