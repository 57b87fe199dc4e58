"""The frame: the rail, and the room beside it for whatever is in front. Shown before the data are
open, so that a person sees their window at once."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget
from typing_extensions import override

from crm_desktop.settings import Borders
from crm_desktop.views.kit.skeleton import Skeleton
from crm_desktop.views.shell.borders import BorderKeeper
from crm_desktop.views.shell.places import PLACES, TODAY
from crm_desktop.views.shell.rail import Rail

_NO_BORDERS = Borders()


class Frame(QWidget):
    """Parent: the window, later the shell, which fills it.

    Signal: `painted()` once, after it was seen for the first time.
    """

    painted = Signal()

    def __init__(
        self, organisation: str, drawn: Borders = _NO_BORDERS, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._is_seen = False
        self.rail = Rail(organisation, tuple(PLACES.values()), self)
        self.rail.show_place(TODAY)
        self.borders = BorderKeeper(self.rail, self)
        self.borders.restore(drawn)
        self.room = QStackedWidget(self)
        self._waiting = QWidget(self.room)
        self._lay_out()

    def put_above(self, line: QWidget) -> None:
        """Put a line above whatever is in front."""
        self._right.insertWidget(0, line)

    def show_page(self, page: QWidget) -> None:
        """Bring a page to the front."""
        if self.room.indexOf(page) < 0:
            self.room.addWidget(page)
        self.room.setCurrentWidget(page)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.borders.fit_rail(self.width())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._is_seen:
            self._is_seen = True
            QTimer.singleShot(0, self, self._tell_painted)

    def _tell_painted(self) -> None:
        self.painted.emit()

    def _lay_out(self) -> None:
        """The room is empty at first, and says so where that takes longer than a moment."""
        waiting = QVBoxLayout(self._waiting)
        waiting.setContentsMargins(0, 0, 0, 0)
        skeleton = Skeleton(self._waiting)
        waiting.addWidget(skeleton)
        skeleton.start()
        self.room.addWidget(self._waiting)
        self._right = QVBoxLayout()
        self._right.setSpacing(0)
        self._right.addWidget(self.room, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.rail)
        layout.addLayout(self._right, 1)
