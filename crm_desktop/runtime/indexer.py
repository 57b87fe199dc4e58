"""Builds the search index behind what arrives, beside the write lane, and gives way to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from typing_extensions import override

from crm_core.errors import CrmError
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import GaveWay, Store
from crm_desktop.runtime.behind import Behind
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes

if TYPE_CHECKING:  # loading it would hold up the first list
    from crm_desktop.models.search import Ahead

QUIET_MS = 500
"""Begins after this much quiet, so that a sync's own pages go first."""

PAUSE_MS = 5
"""Between steps, in which others that write and compute get their turn."""

ROWS_MAX, ROWS_MIN = 2_000, 100
"""Rows of a step: half as many after each that gave way, twice as many after each that did not."""

STEPS_A_CHECKPOINT = 8
"""Steps, each of some 5 MB in the log, until it is copied back into the file: never by a
person's own commit."""


class Indexer(Behind):
    """Keeps search up to date."""

    start_after_ms = 2_000

    def __init__(
        self, store: Store, hub: DataHub, lanes: Lanes, parent: QObject | None = None
    ) -> None:
        super().__init__(store, hub, lanes, parent)
        self._rows = ROWS_MAX
        self._ahead: Ahead | None = None
        self._steps = 0
        self._is_at_work = False

    @override
    def _note_change(self, _summary: Summary, /) -> None:
        self._soon.start(QUIET_MS)

    @override
    def work(self) -> None:
        """Take one step."""
        if self._is_at_work:  # its end will tell how large the next step may be
            self._soon.start(QUIET_MS)
            return
        self._is_at_work = True
        store, rows = self._store, self._rows
        self._steps += 1
        is_checkpoint = self._steps % STEPS_A_CHECKPOINT == 0

        def job() -> bool | None:
            from crm_desktop.models import search

            self._ahead = self._ahead or search.Ahead()
            try:
                more = search.step(store, rows, self._ahead)
            except GaveWay:
                return None
            if is_checkpoint or not more:
                store.checkpoint()
            return more

        self._lanes.behind(job, self._go_on, owner=self, failed=self._leave_it)

    def _leave_it(self, _error: CrmError) -> None:
        """What could not be written now (a full disk) is tried again with the next change."""
        self._is_at_work = False

    def _go_on(self, more: bool | None) -> None:
        """After a step: whether there is more to do; None where it gave way."""
        self._is_at_work = False
        if more is None:
            self._rows = max(self._rows // 2, ROWS_MIN)
            self._soon.start(QUIET_MS)
            return
        self._rows = min(self._rows * 2, ROWS_MAX)
        if more:
            self._soon.start(PAUSE_MS)
