"""What makes a synchronisation worth while before its turn: hints, the network, and waking up."""

from __future__ import annotations

import random
import time

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from crm_desktop.runtime.lanes import Lanes
from crm_desktop.runtime.network import Network, system_network
from crm_desktop.sync.listening import Heard, Line, Listener, Ticket
from crm_desktop.sync.schedule import Wakefulness

WATCH_EVERY_MS = 10_000
"""How often it is looked whether the computer has slept."""

_MS = 1000


class Live(QObject):
    """Listens for one profile. Owned by its autosync.

    Signals: `heard(Heard)`; `came_back` when the network is there again or the computer woke up;
    `metered_changed`.
    """

    heard = Signal(object)
    came_back = Signal()
    metered_changed = Signal()

    def __init__(
        self, line: Line, lanes: Lanes, parent: QObject, network: Network | None = None
    ) -> None:
        super().__init__(parent)
        self._lanes = lanes
        self._listener = Listener(line, self._pass_on, random.random)
        self._network = network or system_network(self)
        self._network.came_back.connect(self._note_return)
        self._network.metered_changed.connect(self.metered_changed)
        self._wakefulness = Wakefulness(time.monotonic(), time.time())
        self._watch = QTimer(self, interval=WATCH_EVERY_MS, timerType=Qt.TimerType.VeryCoarseTimer)
        self._watch.timeout.connect(self._look_at_the_clocks)
        self._watch.start()

    @property
    def is_metered(self) -> bool:
        """Whether bytes are paid for on this network."""
        return self._network.is_metered

    @property
    def is_open(self) -> bool:
        """Whether hints come."""
        return self._listener.is_open

    def listen(self, ticket: Ticket | None) -> None:
        """Listen with this; None: not for now."""
        self._listener.listen(ticket)

    def stop(self) -> None:
        """End for good."""
        self._watch.stop()
        self._listener.stop()

    def _pass_on(self, heard: Heard) -> None:
        """On the listener's thread."""
        self._lanes.report(heard, self._tell, owner=self)

    def _tell(self, heard: Heard) -> None:
        self.heard.emit(heard)

    def _look_at_the_clocks(self) -> None:
        now_s, wall_s = time.monotonic(), time.time()
        watched_s = self._watch.interval() / _MS
        if self._wakefulness.has_slept(now_s, wall_s, watched_s=watched_s):
            self._note_return()

    def _note_return(self) -> None:
        self._listener.open_anew()
        self.came_back.emit()
