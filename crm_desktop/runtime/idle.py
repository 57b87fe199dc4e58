"""Notices that nobody uses the window. Watches only while it is asked to."""

from __future__ import annotations

import time

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, Signal
from typing_extensions import override

_LOOK_MS = 5_000
_MINUTE_S = 60.0
_USED = frozenset(
    (
        QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.MouseMove,
        QEvent.Type.Wheel, QEvent.Type.TouchBegin,
    )
)  # fmt: skip


class Idle(QObject):
    """Tells when keyboard and mouse have rested for some minutes. Signal: `passed`."""

    passed = Signal()

    def __init__(self, application: QCoreApplication, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._application = application
        self._after_s = 0.0
        self._used_s = time.monotonic()
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)

    def watch(self, minutes: int) -> None:
        """Tell after so many minutes; 0 watches no longer."""
        self._application.removeEventFilter(self)
        self._timer.stop()
        self._after_s = minutes * _MINUTE_S
        self._used_s = time.monotonic()
        if minutes:
            # Every event passes through Python then: a price only for who wants the lock.
            self._application.installEventFilter(self)
            self._timer.start()

    def look(self) -> None:
        """See whether the time has passed."""
        if self._after_s and time.monotonic() - self._used_s >= self._after_s:
            self._used_s = time.monotonic()
            self.passed.emit()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _USED:
            self._used_s = time.monotonic()
        return False
