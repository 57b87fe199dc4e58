"""Taking back what was done and is no step of the journal: a discarding, a pair told apart, a
refusal left to its author. By the bar or by Ctrl+Z, while nothing else was saved."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from crm_core.errors import CrmError
from crm_core.wire import Refusal
from crm_desktop.i18n import tr
from crm_desktop.models import team_work
from crm_desktop.models.duplicates import Pair, take_back_apart
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.undo_bar import UndoBar

Way = Callable[[Store], Summary]


class TakingBack(QObject):
    """Parent: the pane, over whose foot its bar lies. Signals: `taken_back` when it is written;
    `failed(CrmError)`."""

    taken_back = Signal()
    failed = Signal(object)

    def __init__(self, hub: DataHub, pane: QWidget) -> None:
        super().__init__(pane)
        self._hub = hub
        self._way: Way | None = None
        self.bar = UndoBar(pane)
        self.bar.undone.connect(self.take_back)
        hub.saved.connect(self._forget)

    @property
    def is_possible(self) -> bool:
        """Whether the last thing saved was one of these."""
        return self._way is not None

    def offer(self, words: str, way: Way) -> None:
        """Say what was done, and offer the way back."""
        self._way = way
        self.bar.offer(words)

    def offer_pair(self, pair: Pair) -> None:
        """Two were told apart."""

        def way(store: Store) -> Summary:
            take_back_apart(store, pair)
            return Summary(conflicts_changed=True)

        self.offer(tr("They will not be offered as duplicates again."), way)

    def offer_refusal(self, refusal: Refusal) -> None:
        """What was refused to a colleague was left to him."""

        def way(store: Store) -> Summary:
            team_work.take_leaving_back(store, refusal)
            return Summary(outbox_changed=True)

        self.offer(tr("It is left to its author."), way)

    def take_back(self) -> None:
        """What was done last waits for a decision again."""
        way, self._way = self._way, None
        self.bar.hide()
        if way is not None:
            self._hub.write(way, owner=self, then=self._tell_back, failed=self._tell_failure)

    def _forget(self) -> None:
        """Something else was saved: Ctrl+Z is about that."""
        self._way = None
        self.bar.hide()

    def _tell_back(self, _summary: Summary) -> None:
        self.taken_back.emit()

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)
