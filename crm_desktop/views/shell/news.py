"""Asks for what a person is told once for good, whenever some of it may have come."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.shell.telling import Telling

if TYPE_CHECKING:
    from crm_desktop.models.decided import Decision
    from crm_desktop.models.forgotten import Dropped
    from crm_desktop.models.handing import Handed
    from crm_desktop.models.inbox import StuckRow
    from crm_desktop.models.merging import Moved
    from crm_desktop.models.store import Store


class News(QObject):
    """Has `telling` say it. Parent: the shell."""

    def __init__(
        self,
        hub: DataHub,
        telling: Telling,
        open_record: Callable[[str, str], object],
        shell: QObject,
    ) -> None:
        super().__init__(shell)
        self._hub, self._telling, self._open_record = hub, telling, open_record

    def take_summary(self, summary: Summary, *, needs_you: bool) -> None:
        """Ask for what a synchronisation may have brought; `needs_you`: whether something of this
        user's own waits for him."""
        if summary.changesets:  # written here
            return
        if summary.outbox_changed:  # the server has judged something
            self._hub.once(_moved, self._tell_moved, owner=self)
            self._hub.once(_handed, self._telling.tell_handed, owner=self)
            self._hub.once(_dropped, self._telling.tell_dropped, owner=self)
        if summary.conflicts_changed:
            self.ask_decided()
        if needs_you:
            self._hub.once(_entered, self._telling.tell_entered, owner=self)

    def ask_decided(self) -> None:
        """Ask what others decided about values of this user."""
        self._hub.once(_decided, self._telling.tell_decided, owner=self)

    def _tell_moved(self, found: tuple[Moved, ...]) -> None:
        self._telling.tell_moved(found, self._open_record)


# Each is loaded in the lane, behind the start.


def _moved(store: Store) -> tuple[Moved, ...]:
    from crm_desktop.models.merging import newly_moved

    return newly_moved(store)


def _handed(store: Store) -> tuple[Handed, ...]:
    from crm_desktop.models.handing import newly_handed

    return newly_handed(store)


def _dropped(store: Store) -> tuple[Dropped, ...]:
    from crm_desktop.models.forgotten import newly_dropped

    return newly_dropped(store)


def _decided(store: Store) -> tuple[Decision, ...]:
    from crm_desktop.models.decided import newly_decided

    return newly_decided(store)


def _entered(store: Store) -> tuple[StuckRow, ...]:
    from crm_desktop.models.team_work import newly_entered

    return newly_entered(store)
