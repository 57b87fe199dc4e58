"""Garbage is collected on the window's thread alone.

Python collects cycles on whichever thread happens to allocate. A cycle may hold widgets, and a
widget that dies on a worker's thread waits there for the interpreter while the window's thread
waits for Qt's locks: both for ever.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

SWEEP_EVERY_MS = 1000


class Sweeper(QObject):
    """Takes over from the automatic collection until it is closed. Lives on the window's thread."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._was_automatic = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self, interval=SWEEP_EVERY_MS)
        self._timer.timeout.connect(self._sweep)
        self._timer.start()

    def close(self) -> None:
        """Let Python collect by itself again, if it did before."""
        self._timer.stop()
        if self._was_automatic:
            gc.enable()

    def _sweep(self) -> None:
        """Collect the oldest generation that is due, as the automatic collection would."""
        due = zip(gc.get_count(), gc.get_threshold(), strict=True)
        generations = [n for n, (count, threshold) in enumerate(due) if count > threshold]
        if generations:
            gc.collect(generations[-1])
