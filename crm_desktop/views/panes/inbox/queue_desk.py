"""What is done about work on its way and behind: held back, let go, taken back, tried again."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from crm_core.ids import ChangeSetId, RecordId
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.models.inbox_facts import step_of_decision
from crm_desktop.models.journal import queueing
from crm_desktop.models.merging import unmerge
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.inbox.desk import Desk
from crm_desktop.views.panes.inbox.queue_view import QueueView
from crm_desktop.views.panes.inbox.step import StepView


class QueueDesk(Desk):
    """Writes what is asked for in the two views."""

    def __init__(self, hub: DataHub, queue: QueueView, step: StepView, pane: QWidget) -> None:
        super().__init__(hub, pane)
        queue.hold_asked.connect(self._hold)
        queue.release_asked.connect(self._release)
        queue.take_back_asked.connect(self._take_back)
        step.take_in_asked.connect(self._take_in)
        step.ask_again_asked.connect(self._ask_again)
        step.unmerge_asked.connect(self._unmerge)
        step.retry_asked.connect(self._try_file_again)

    def _hold(self, kind: str, record_id: str) -> None:
        self._write(lambda store: queueing.hold_back(store, kind, RecordId(record_id)))

    def _release(self, kind: str, record_id: str) -> None:
        self._write(lambda store: queueing.release(store, kind, RecordId(record_id)))

    def _take_back(self, cs_id: str) -> None:
        self._hub.take_back(ChangeSetId(cs_id))

    def _take_in(self, kind: str, record_id: str) -> None:
        def job(store: Store) -> Summary:
            return queueing.retry_quarantine(store, kind, RecordId(record_id))

        def tell(summary: Summary) -> None:
            is_read = (kind, record_id) in summary.changed
            still = tr("It cannot be read here yet, and stays as it came.")
            self.said.emit(tr("It was read, and is in use now.") if is_read else still)
            self.written.emit()

        self._hub.write(job, owner=self, then=tell, failed=self._tell_failure)

    def _unmerge(self, kind: str, record_id: str) -> None:
        self._write(lambda store: unmerge(store, kind, RecordId(record_id)))

    def _try_file_again(self, sha256: str) -> None:
        if self._hub.files is not None:
            self._hub.files.try_again(sha256, owner=self)

    def _ask_again(self, conflict_id: str) -> None:
        """Take a decision back; once the journal has forgotten it, the field can be edited."""

        def job(connection: Connection) -> ChangeSetId | None:
            return step_of_decision(connection, RecordId(conflict_id))

        def take_back(cs_id: ChangeSetId | None) -> None:
            if cs_id is not None:
                self._hub.take_back(cs_id, alone=True)
            else:
                self.said.emit(tr("This decision cannot be taken back any more; edit the field."))

        self._hub.read(job, take_back, owner=self)
