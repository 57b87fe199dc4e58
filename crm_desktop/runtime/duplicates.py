"""Looks for possible duplicates behind whatever is saved or arrives, in small steps."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer

from crm_core.errors import CrmError
from crm_core.ids import RecordId
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes

KINDS = frozenset(("account", "contact", "account_contact"))
"""What is compared, and what it is compared by."""

QUIET_MS = 1_500
"""A change is looked at after this much quiet: a form is mostly saved together with others."""

START_AFTER_MS = 8_000
"""All records are compared only when the window stands and the first synchronisation is through."""

PAUSE_MS = 10
"""Between two steps, each of some 10 ms: whoever types or computes gets his turn."""

SINGLE_MAX = 40
"""More records that changed at once are compared all together."""


class DuplicateSeeker(QObject):
    """Keeps the pairs up to date. Owned by the composition root."""

    def __init__(
        self, store: Store, hub: DataHub, lanes: Lanes, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._store, self._hub, self._lanes = store, hub, lanes
        self._changed: set[tuple[str, RecordId]] = set()
        self._pass: Iterator[None] | None = None
        self._is_due = False
        self._is_at_work = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._step)
        hub.changed.connect(self._note_change)

    def start(self) -> None:
        """Compare all records, if that was not done yet or not to its end."""
        self._is_due = True
        self._timer.start(START_AFTER_MS)

    def stop(self) -> None:
        """Leave the rest to the next start."""
        self._timer.stop()

    def _note_change(self, summary: Summary) -> None:
        self._changed |= {ref for ref in summary.changed if ref[0] in KINDS}
        is_flood = bool(summary.kinds_reset & KINDS) or len(self._changed) > SINGLE_MAX
        if is_flood:
            self._changed.clear()
            self._pass, self._is_due = None, True
            self._remember()
        if is_flood or (self._changed and not self._is_due):
            self._timer.start(START_AFTER_MS if is_flood else QUIET_MS)

    def _remember(self) -> None:
        """A flood is compared by the next start at the latest."""
        store = self._store

        def job() -> None:
            from crm_desktop.models import duplicates

            duplicates.note_due(store, due=True)

        self._lanes.behind(job, owner=self, failed=self._leave_it)

    def _step(self) -> None:
        if self._is_at_work:
            self._timer.start(QUIET_MS)
            return
        self._is_at_work = True
        if self._is_due:
            self._lanes.behind(
                self._go_on_comparing, self._note_step, owner=self, failed=self._leave_it
            )
            return
        store, refs = self._store, tuple(self._changed)
        self._changed.clear()

        def job() -> bool:
            from crm_desktop.models import duplicates

            return duplicates.recheck(store, refs)

        self._lanes.behind(job, self._tell, owner=self, failed=self._leave_it)

    def _go_on_comparing(self) -> bool:
        """One step of the comparison of all; whether there are more. Runs in the lane."""
        from crm_desktop.models import duplicates

        if self._pass is None:
            if not duplicates.is_due(self._store):
                return False
            self._pass = duplicates.compare_all(self._store)
        return next(self._pass, self) is not self

    def _note_step(self, more: bool) -> None:  # carried by a lane
        self._is_at_work = False
        if more:
            self._timer.start(PAUSE_MS)
            return
        self._pass, self._is_due = None, False
        self._tell(has_changed=True)

    def _tell(self, has_changed: bool) -> None:  # carried by a lane
        self._is_at_work = False
        if has_changed:
            self._hub.announce(Summary(conflicts_changed=True))
        if self._changed:
            self._timer.start(QUIET_MS)

    def _leave_it(self, _error: CrmError) -> None:
        """What could not be read or written now is tried again with the next change."""
        self._is_at_work = False
