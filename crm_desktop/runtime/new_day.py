"""Notices that another day has begun: at midnight, or while the device slept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from typing_extensions import override

from crm_desktop.runtime.recurring import today_here

LOOK_MS = 60_000


class NewDay(QObject):
    """Looks every minute, and whenever the window of its parent is activated. Signal: `begun`."""

    begun = Signal()

    def __init__(self, parent: QObject, *, today: Callable[[], dt.date] = today_here) -> None:
        super().__init__(parent)
        self._today = today
        self._known = today()
        self._clock = QTimer(self, interval=LOOK_MS, timerType=Qt.TimerType.VeryCoarseTimer)
        self._clock.timeout.connect(self.look)
        self._clock.start()
        parent.installEventFilter(self)

    def look(self) -> None:
        """See which day it is."""
        known, self._known = self._known, self._today()
        if self._known != known:
            self.begun.emit()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowActivate:
            self.look()
        return False
