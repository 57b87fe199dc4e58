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
from crm_desktop.views.kit.taking_back import TakingBack
from crm_desktop.views.panes.inbox.stuck import StuckView


class Discarding(QObject):
    """Parent: the pane. Signals: `discarded` when it is written; `failed(CrmError)`."""

    discarded = Signal()
    failed = Signal(object)

    def __init__(self, hub: DataHub, stuck: StuckView, back: TakingBack, pane: QWidget) -> None:
        super().__init__(pane)
        self._hub, self._stuck, self._back = hub, stuck, back
        self._records = 0
        stuck.discard_meant.connect(self._tell_loss)
        stuck.discard_asked.connect(self._discard)

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
            self._back.offer(words, lambda store: inbox.take_discard_back(store, ways[0]))
            self.discarded.emit()

        self._hub.write(job, owner=self, then=done, failed=self._tell_failure)

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)
