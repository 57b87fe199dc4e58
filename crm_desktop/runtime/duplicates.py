"""Looks for possible duplicates behind whatever is saved or arrives, in small steps."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from PySide6.QtCore import QObject
from typing_extensions import override

from crm_core.errors import CrmError
from crm_core.ids import RecordId
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.behind import Behind
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes

KINDS = frozenset(("account", "contact", "account_contact"))
"""What is compared, and what it is compared by."""

QUIET_MS = 1_500
"""A change is looked at after this much quiet: a form is mostly saved together with others."""

PAUSE_MS = 10
"""Between two steps, each of some 10 ms: whoever types or computes gets his turn."""

SINGLE_MAX = 40
"""More records that changed at once are compared all together."""


class DuplicateSeeker(Behind):
    """Keeps the pairs up to date."""

    start_after_ms = 8_000
    """All records are compared only when the first synchronisation is through, too."""

    def __init__(
        self, store: Store, hub: DataHub, lanes: Lanes, parent: QObject | None = None
    ) -> None:
        super().__init__(store, hub, lanes, parent)
        self._changed: set[tuple[str, RecordId]] = set()
        self._looked_at: set[tuple[str, RecordId]] = set()
        self._pass: Iterator[None] | None = None  # the lane's alone
        self._is_due = self._is_anew = False
        self._is_at_work = False

    @override
    def start(self) -> None:
        """Compare all records, if that was not done yet or not to its end."""
        self._is_due = True
        super().start()

    @override
    def _note_change(self, summary: Summary, /) -> None:
        self._changed |= {ref for ref in summary.changed if ref[0] in KINDS}
        is_flood = bool(summary.kinds_reset & KINDS) or len(self._changed) > SINGLE_MAX
        if is_flood:
            self._changed.clear()
            self._is_due = self._is_anew = True
            self._remember()
        is_resting = not (self._is_at_work or self._soon.isActive())
        if is_flood or (self._changed and (is_resting or not self._is_due)):
            self._soon.start(self.start_after_ms if is_flood else QUIET_MS)

    def _remember(self) -> None:
        """A flood is compared by the next start at the latest."""
        store = self._store

        def job() -> None:
            from crm_desktop.models import duplicates

            duplicates.note_due(store, due=True)

        self._lanes.behind(job, owner=self)

    @override
    def work(self) -> None:
        """Take one step."""
        if self._is_at_work:
            self._soon.start(QUIET_MS)
            return
        self._is_at_work = True
        if self._is_due:
            step = partial(self._go_on_comparing, anew=self._is_anew)
            self._is_anew = False
            self._lanes.behind(step, self._note_step, owner=self, failed=self._leave_it)
            return
        store = self._store
        refs = self._looked_at = self._changed
        self._changed = set()

        def job() -> bool:
            from crm_desktop.models import duplicates

            return duplicates.recheck(store, refs)

        self._lanes.behind(job, self._tell, owner=self, failed=self._leave_it)

    def _go_on_comparing(self, *, anew: bool) -> bool:
        """One step of the comparison of all; whether there are more. Runs in the lane."""
        from crm_desktop.models import duplicates

        if anew or self._pass is None:
            self._pass = None
            if not duplicates.is_due(self._store):
                return False
            self._pass = duplicates.compare_all(self._store)
        if next(self._pass, self) is self:
            self._pass = None
        return self._pass is not None

    def _note_step(self, more: bool) -> None:  # carried by a lane
        self._is_at_work = False
        if self._is_anew:  # what came meanwhile has set its own time
            return
        if more:
            self._soon.start(PAUSE_MS)
            return
        self._is_due = False
        self._tell(has_changed=True)

    def _tell(self, has_changed: bool) -> None:  # carried by a lane
        self._is_at_work = False
        self._looked_at = set()
        if has_changed:
            self._hub.announce(Summary(conflicts_changed=True))
        if self._changed:
            self._soon.start(QUIET_MS)

    def _leave_it(self, _error: CrmError) -> None:
        """What could not be read or written now is tried again with the next change."""
        self._is_at_work = False
        self._is_anew = self._is_due
        self._changed |= self._looked_at
        self._looked_at = set()
