"""What is done about what waits: conflicts are resolved, refused work is sent again, offered to
whoever has the record now, or kept as a draft."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models import inbox
from crm_desktop.models.inbox import Fixes
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.typed_draft import TypedDraft
from crm_desktop.views.panes.inbox.desk import Desk
from crm_desktop.views.panes.inbox.dispute import DisputeView
from crm_desktop.views.panes.inbox.entry import kind_words
from crm_desktop.views.panes.inbox.stuck import StuckView


class DecidingDesk(Desk):
    """Writes what is decided in the two views, and keeps what is typed there until it does. Signal
    besides: `done(words)` of a decision."""

    done = Signal(str)

    def __init__(self, hub: DataHub, dispute: DisputeView, stuck: StuckView, pane: QWidget) -> None:
        super().__init__(hub, pane)
        self._dispute = dispute
        dispute.resolved.connect(self._resolve)
        stuck.resend_asked.connect(self._resend)
        stuck.offer_asked.connect(self._offer)
        stuck.draft_asked.connect(self._keep_as_draft)
        self.result = TypedDraft(hub, dispute.typed, dispute.restore, self)
        self.fix = TypedDraft(hub, stuck.typed, stuck.restore, self)
        for view, draft in ((dispute, self.result), (stuck, self.fix)):
            view.edited.connect(draft.note)
            view.leaving.connect(draft.flush)
            view.turned.connect(draft.begin)
            draft.restored.connect(self._say_restored)

    def _resolve(self, results: Sequence[tuple[str, Value]]) -> None:
        decisions = [(RecordId(conflict_id), value) for conflict_id, value in results]
        key = self.result.key
        many, title = len(results), self._title_of({conflict_id for conflict_id, _ in results})
        words = tr_n("Resolve {n} conflict", "Resolve {n} conflicts", many)
        said = tr_n("{n} conflict decided.", "{n} conflicts decided.", many)
        if title:
            words = tr("Resolve conflict: {title}", title=title)
            said = tr("Decided: {title}.", title=title)

        def job(store: Store) -> Summary:
            return inbox.resolve_all(store, decisions, label=words)

        def tell(_summary: Summary) -> None:
            self.result.forget(key)
            self._dispute.show_written({conflict_id for conflict_id, _ in results})
            self.done.emit(said)
            self.written.emit()

        self._hub.write(job, owner=self, then=tell, failed=self._tell_failure)

    def _title_of(self, conflicts: set[str]) -> str:
        """The record on show, where they are all about it, else ""."""
        shown = self._dispute.dispute
        if shown is None or not conflicts <= {x.conflict.id for x in shown.decisions}:
            return ""
        return shown.title or kind_words(shown.kind)

    def _resend(self, cs_id: str, fixes: Fixes) -> None:
        key = self.fix.key

        def job(store: Store) -> Summary:
            return inbox.resend(store, ChangeSetId(cs_id), fixes)

        def tell(_summary: Summary) -> None:
            self.fix.forget(key)
            self.said.emit(tr("It waits to be sent again."))
            self.written.emit()

        self._hub.write(job, owner=self, then=tell, failed=self._tell_failure)

    def _say_restored(self) -> None:
        self.said.emit(tr("What you typed here and did not save is back."))

    def _offer(self, cs_id: str) -> None:
        self._write(lambda store: inbox.offer(store, ChangeSetId(cs_id)))

    def _keep_as_draft(self, cs_id: str) -> None:
        self._write(lambda store: inbox.set_aside(store, ChangeSetId(cs_id)))
