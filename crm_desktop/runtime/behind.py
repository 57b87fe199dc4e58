"""What works behind the window: begun once it stands, woken by what changes, ended with it."""

from __future__ import annotations

from typing import ClassVar

from PySide6.QtCore import QObject, QTimer

from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes


class Behind(QObject):
    """Does its `work` some time after the start, and when `_soon` runs out, which `_note_change`
    sets. Parent: the composition root."""

    start_after_ms: ClassVar[int]
    """How long after the start it begins: the window stands by then."""

    look_ms: ClassVar[int] = 0
    """How often `_look` is called from the start on; 0 for never."""

    def __init__(
        self, store: Store, hub: DataHub, lanes: Lanes, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store, self._hub, self._lanes = store, hub, lanes
        self._soon = QTimer(self, singleShot=True)
        self._soon.timeout.connect(self.work)
        self._clock = QTimer(self, interval=self.look_ms)
        self._clock.timeout.connect(self._look)
        hub.changed.connect(self._note_change)

    def start(self) -> None:
        """Begin once the window stands; go on where the last session stopped."""
        self._soon.start(self.start_after_ms)
        if self.look_ms:
            self._clock.start()

    def stop(self) -> None:
        """Leave the rest to the next start."""
        self._soon.stop()
        self._clock.stop()

    def work(self) -> None:
        """Do what there is to do now."""
        raise NotImplementedError

    def _note_change(self, summary: Summary, /) -> None:
        """Something was saved or received."""
        raise NotImplementedError

    def _look(self) -> None:
        """The time may have brought something to do."""
        self.work()
