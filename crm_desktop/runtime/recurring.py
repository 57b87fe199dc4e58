"""Brings the tasks of this user's series, behind what is saved and received."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtCore import QObject
from typing_extensions import override

from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.behind import Behind
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes

QUIET_MS = 1_500


def today_here() -> dt.date:
    """The day it is where the device is."""
    return dt.datetime.now().astimezone().date()


class Recurring(Behind):
    """Brings them after the start, when a task changes and every hour."""

    start_after_ms = 4_000
    """What the first synchronisation brings has had its turn."""

    look_ms = 60 * 60_000
    """A day may begin while the window is open, or a machine wake up on another."""

    def __init__(
        self,
        store: Store,
        hub: DataHub,
        lanes: Lanes,
        parent: QObject | None = None,
        *,
        today: Callable[[], dt.date] = today_here,
    ) -> None:
        super().__init__(store, hub, lanes, parent)
        self._today = today

    @override
    def work(self) -> None:
        """Bring what is to be there now."""
        store, today = self._store, self._today()

        def job() -> Summary:
            from crm_desktop.models.series import bring  # loaded behind the start

            return bring(store, today)

        self._lanes.write(job, self._tell, owner=self, failed=self._hub.announce_failure)

    @override
    def _note_change(self, summary: Summary, /) -> None:
        if "task" in summary.kinds and self._clock.isActive():
            self._soon.start(QUIET_MS)

    def _tell(self, summary: Summary) -> None:
        if summary.changed:
            self._hub.announce(summary)
            self._hub.saved.emit()
