"""Discarding refused work: told before what goes, and taken back while nothing else was saved."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from crm_core.errors import CrmError
from crm_core.ids import ChangeSetId
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models import inbox
from crm_desktop.models.connection import Connection
from crm_desktop.models.inbox import WayBack
from crm_desktop.models.inbox_facts import Loss, loss
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.undo_bar import UndoBar
from crm_desktop.views.panes.inbox.stuck import StuckView


class Discarding(QObject):
    """Parent: the pane, over whose foot its bar lies.

    Signals: `discarded` and `taken_back` when it is written; `failed(CrmError)`.
    """

    discarded = Signal()
    taken_back = Signal()
    failed = Signal(object)

    def __init__(self, hub: DataHub, stuck: StuckView, pane: QWidget) -> None:
        super().__init__(pane)
        self._hub, self._stuck = hub, stuck
        self._back: WayBack | None = None
        self._records = 0
        self.bar = UndoBar(pane)
        self.bar.undone.connect(self.take_back)
        stuck.discard_meant.connect(self._tell_loss)
        stuck.discard_asked.connect(self._discard)
        hub.saved.connect(self._forget)

    @property
    def can_take_back(self) -> bool:
        """Whether the last thing saved is a discarding."""
        return self._back is not None

    def take_back(self) -> None:
        """What was discarded last waits for a decision again."""
        back, self._back = self._back, None
        self.bar.hide()
        if back is None:
            return

        def job(store: Store) -> Summary:
            return inbox.take_discard_back(store, back)

        def done(_summary: Summary) -> None:
            self.taken_back.emit()

        self._hub.write(job, owner=self, then=done, failed=self._tell_failure)

    def _tell_loss(self, cs_id: str) -> None:
        def job(connection: Connection) -> Loss:
            return loss(connection, ChangeSetId(cs_id))

        def show(found: Loss) -> None:
            self._records = len({(part.kind, part.record) for part in found.parts})
            self._stuck.show_loss(cs_id, found)

        self._hub.read(job, show, owner=self, supersede="inbox loss")

    def _discard(self, cs_id: str, title: str) -> None:
        ways: list[WayBack] = []
        many = self._records
        words = tr("Discarded: {title}", title=title)
        if many > 1:
            words = tr_n("Discarded, in {n} record", "Discarded, in {n} records", many)

        def job(store: Store) -> Summary:
            summary, back = inbox.discard_for_now(store, ChangeSetId(cs_id))
            ways.append(back)
            return summary

        def done(_summary: Summary) -> None:
            self._back = ways[0]
            self.bar.offer(words)
            self.discarded.emit()

        self._hub.write(job, owner=self, then=done, failed=self._tell_failure)

    def _forget(self) -> None:
        """Something else was saved: Ctrl+Z is about that."""
        self._back = None
        self.bar.hide()

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)
