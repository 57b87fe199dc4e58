"""When what is typed is kept: soon, and before it goes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

KEEP_AFTER_MS = 600
"""Counted from the first letter that is not kept, not from the last: who types on without a
pause loses no more than who stops."""


class KeepSoon(QTimer):
    """Calls `keep` for what was typed. `stop` where nothing is to be kept any more."""

    def __init__(self, keep: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent, singleShot=True, interval=KEEP_AFTER_MS)
        self._keep = keep
        self.timeout.connect(keep)

    def begin(self) -> None:
        """Something was typed."""
        if not self.isActive():
            self.start()

    def flush(self) -> None:
        """Keep at once what waits to be kept: something else is to be shown, or all is closed."""
        if self.isActive():
            self.stop()
            self._keep()
