"""Brings the tasks of this user's series, behind what is saved and received."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes

START_AFTER_MS = 4_000
"""The window stands, and what the first synchronisation brings has had its turn."""

QUIET_MS = 1_500
AGAIN_MS = 60 * 60_000
"""A day may begin while the window is open, or a machine wake up on another."""


def today_here() -> dt.date:
    """The day it is where the device is."""
    return dt.datetime.now().astimezone().date()


class Recurring(QObject):
    """Parent: the composition root."""

    def __init__(
        self,
        store: Store,
        hub: DataHub,
        lanes: Lanes,
        parent: QObject | None = None,
        *,
        today: Callable[[], dt.date] = today_here,
    ) -> None:
        super().__init__(parent)
        self._store, self._hub, self._lanes, self._today = store, hub, lanes, today
        self._soon = QTimer(self, singleShot=True)
        self._soon.timeout.connect(self.bring)
        self._again = QTimer(self, interval=AGAIN_MS)
        self._again.timeout.connect(self.bring)
        hub.changed.connect(self._note_change)

    def start(self) -> None:
        """Begin once the window stands."""
        self._soon.start(START_AFTER_MS)
        self._again.start()

    def stop(self) -> None:
        """Leave the rest to the next start."""
        self._soon.stop()
        self._again.stop()

    def bring(self) -> None:
        """Bring what is to be there now."""
        store, today = self._store, self._today()

        def job() -> Summary:
            from crm_desktop.models.series import bring  # loaded behind the start

            return bring(store, today)

        self._lanes.write(job, self._tell, owner=self, failed=self._hub.announce_failure)

    def _note_change(self, summary: Summary) -> None:
        if "task" in summary.kinds and self._again.isActive():
            self._soon.start(QUIET_MS)

    def _tell(self, summary: Summary) -> None:
        if summary.changed:
            self._hub.announce(summary)
            self._hub.saved.emit()
