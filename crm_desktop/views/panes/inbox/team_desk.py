"""Asks the server now and then what was refused to colleagues, and keeps it in words."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from crm_core.wire import Refusal
from crm_desktop.models.connection import Connection
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.inbox.team import TeamRefusal, read_team

ASK_EVERY_MS = 120_000
"""What waits for a colleague waits for hours; nobody needs it by the second."""


class TeamDesk(QObject):
    """What waits for those whom this user leads. Parent: the pane. Signal: `changed`."""

    changed = Signal()

    def __init__(self, hub: DataHub, parent: QObject) -> None:
        super().__init__(parent)
        self._hub = hub
        self._told: tuple[Refusal, ...] = ()
        self.found: tuple[TeamRefusal, ...] = ()
        self._timer = QTimer(self, interval=ASK_EVERY_MS)
        self._timer.timeout.connect(self.ask)

    def start(self) -> None:
        """Ask now, and again from time to time."""
        self._timer.start()
        self.ask()

    def ask(self) -> None:
        """Ask the server; without one nothing changes."""
        self._hub.refusals(self._take, owner=self)

    def read(self) -> None:
        """Read again what of it is still open here."""
        told = self._told

        def job(connection: Connection) -> tuple[TeamRefusal, ...]:
            return read_team(connection, told)

        if told or self.found:
            self._hub.read(job, self._show, owner=self, supersede="team")

    def _take(self, told: tuple[Refusal, ...]) -> None:
        self._told = told
        self.read()

    def _show(self, found: tuple[TeamRefusal, ...]) -> None:
        if found != self.found:
            self.found = found
            self.changed.emit()
