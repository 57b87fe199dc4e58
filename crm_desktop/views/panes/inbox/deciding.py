"""What is done about what waits: conflicts are resolved, refused work is sent again, offered to
whoever has the record now, or kept as a draft."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models import inbox
from crm_desktop.models.inbox import Fixes
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.inbox.desk import Desk
from crm_desktop.views.panes.inbox.dispute import DisputeView
from crm_desktop.views.panes.inbox.entry import kind_words
from crm_desktop.views.panes.inbox.stuck import StuckView


class DecidingDesk(Desk):
    """Writes what is decided in the two views."""

    def __init__(self, hub: DataHub, dispute: DisputeView, stuck: StuckView, pane: QWidget) -> None:
        super().__init__(hub, pane)
        self._dispute = dispute
        dispute.resolved.connect(self._resolve)
        stuck.resend_asked.connect(self._resend)
        stuck.offer_asked.connect(self._offer)
        stuck.draft_asked.connect(self._keep_as_draft)

    def _resolve(self, results: Sequence[tuple[str, Value]]) -> None:
        decisions = [(RecordId(conflict_id), value) for conflict_id, value in results]
        words = self._resolving_words({conflict_id for conflict_id, _ in results})

        def job(store: Store) -> Summary:
            return inbox.resolve_all(store, decisions, label=words)

        self._write(job)

    def _resolving_words(self, conflicts: set[str]) -> str:
        """How the decisions are called in the Undo menu."""
        shown = self._dispute.dispute
        if shown is not None and conflicts <= {x.conflict.id for x in shown.decisions}:
            return tr("Resolve conflict: {title}", title=shown.title or kind_words(shown.kind))
        return tr_n("Resolve {n} conflict", "Resolve {n} conflicts", len(conflicts))

    def _resend(self, cs_id: str, fixes: Fixes) -> None:
        self._write(lambda store: inbox.resend(store, ChangeSetId(cs_id), fixes))

    def _offer(self, cs_id: str) -> None:
        self._write(lambda store: inbox.offer(store, ChangeSetId(cs_id)))

    def _keep_as_draft(self, cs_id: str) -> None:
        self._write(lambda store: inbox.set_aside(store, ChangeSetId(cs_id)))
