"""Watches the clock for what this user is to be reminded of, and for what needs a decision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QObject, Signal
from typing_extensions import override

from crm_core.ids import ALL_ROOT, RecordId
from crm_core.values import instant_of
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.behind import Behind
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.runtime.standing import Standing

if TYPE_CHECKING:
    from crm_desktop.models.connection import Connection
    from crm_desktop.models.reminding import Note, Outlook

QUIET_MS = 700

_KINDS = frozenset(("task", "visit", "complaint"))
INBOX = "inbox"


def now_here() -> dt.datetime:
    """This moment."""
    return dt.datetime.now(dt.UTC)


class Reminding(Behind):
    """What was missed is told once the window stands, and together.

    Signals: `due(tuple of Note)` with all that is due, whenever that changes; `told(tuple of Note)`
    with what of it is new since it was last told.
    """

    due = Signal(object)
    told = Signal(object)

    start_after_ms = 3_000
    look_ms = 15_000
    """A timer that sleeps as long as the machine would be late."""

    def __init__(
        self,
        store: Store,
        hub: DataHub,
        lanes: Lanes,
        parent: QObject | None = None,
        *,
        now: Callable[[], dt.datetime] = now_here,
    ) -> None:
        super().__init__(store, hub, lanes, parent)
        self._now = now
        self._next_at = ""
        self._needs = -1
        self._decision: Note | None = None
        self._due: tuple[Note, ...] = ()
        self._seen: frozenset[tuple[str, RecordId, str]] = frozenset()

    @property
    def shown(self) -> tuple[Note, ...]:
        """What is due."""
        return self._due

    @override
    def work(self) -> None:
        """Read what is due."""
        user, now = self._hub.identity.user, self._now()

        def job(connection: Connection) -> Outlook:
            from crm_desktop.models.reminding import read_outlook  # loaded behind the start

            return read_outlook(connection, user, now)

        self._hub.read(job, self._take, owner=self, supersede="reminders")

    def put_off(self, notes: Sequence[Note], until: dt.datetime) -> None:
        """Tell of these again at a moment (aware), here."""
        from crm_desktop.models.reminding import put_off

        store, told = self._store, _of_records(notes)
        if self._decision is not None and len(told) < len(notes):
            self._decision = replace(self._decision, at=instant_of(until.astimezone(dt.UTC)))
        self._decide(lambda: put_off(store, told, until), notes)

    def dismiss(self, notes: Sequence[Note]) -> None:
        """Tell of these no more, here."""
        from crm_desktop.models.reminding import dismiss

        store, told = self._store, _of_records(notes)
        if len(told) < len(notes):
            self._decision = None
        self._decide(lambda: dismiss(store, told), notes)

    def note_standing(self, standing: Standing) -> None:
        """More waits for this user's decision than before: that is told once, however much came.
        What was waiting at the start stands on the day's page."""
        before, self._needs = self._needs, standing.needs_you
        if self._needs <= 0:
            self._decision = None
        elif 0 <= before < self._needs:
            from crm_desktop.models.reminding import Note, Why

            at = instant_of(self._now())
            self._decision = Note(Why.DECISION, INBOX, ALL_ROOT, at, at)
        if before != self._needs and self._clock.isActive():
            self._soon.start(QUIET_MS)

    def _decide(self, write: Callable[[], None], told: Sequence[Note]) -> None:
        """They go from the sight at once; the note of it is written behind."""
        gone = {note.key for note in told}
        self._show(tuple(note for note in self._due if note.key not in gone))
        self._lanes.write(write, self._look_again, owner=self, failed=self._hub.announce_failure)

    def _look_again(self, _done: None) -> None:
        self.work()

    @override
    def _look(self) -> None:
        if self._next_at and self._next_at <= instant_of(self._now()):
            self.work()

    @override
    def _note_change(self, summary: Summary, /) -> None:
        if summary.kinds & _KINDS and self._clock.isActive():
            self._soon.start(QUIET_MS)

    def _take(self, outlook: Outlook) -> None:
        waiting, due, decision = outlook.next_at, outlook.due, self._decision
        if decision is not None and decision.at <= instant_of(self._now()):
            due = (*due, decision)
        elif decision is not None:
            waiting = min(waiting or decision.at, decision.at)
        self._next_at = waiting
        self._show(due)

    def _show(self, due: tuple[Note, ...]) -> None:
        if due != self._due:
            self._due = due
            self.due.emit(due)
        new = tuple(note for note in due if note.key not in self._seen)
        self._seen = frozenset(note.key for note in due)
        if new:
            self.told.emit(new)


def _of_records(notes: Sequence[Note]) -> tuple[Note, ...]:
    """Those of which this device keeps what was decided; of the inbox, the inbox does."""
    return tuple(note for note in notes if note.kind != INBOX)
