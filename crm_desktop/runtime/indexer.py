"""Builds the search index behind what arrives, in small steps of the write lane."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes

QUIET_MS = 500
"""Begins after this much quiet, so that a sync's own pages go first."""

START_AFTER_MS = 2000
"""The index waits until the window stands: loading it would hold up the first list."""

PAUSE_MS = 5
"""Between steps, so that a person's save gets its turn."""


class Indexer(QObject):
    """Keeps search up to date. Owned by the composition root."""

    def __init__(
        self, store: Store, hub: DataHub, lanes: Lanes, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._lanes = lanes
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._step)
        hub.changed.connect(self._note_change)

    def start(self) -> None:
        """Go on where the last session stopped."""
        self._timer.start(START_AFTER_MS)

    def stop(self) -> None:
        """Leave the rest to the next start."""
        self._timer.stop()

    def _note_change(self, _summary: Summary) -> None:
        self._timer.start(QUIET_MS)

    def _step(self) -> None:
        store = self._store

        def job() -> bool:
            from crm_desktop.models import search

            if search.step(store):
                return True
            store.checkpoint()
            return False

        self._lanes.write(job, self._go_on, owner=self)

    def _go_on(self, more: bool) -> None:
        if more:
            self._timer.start(PAUSE_MS)
