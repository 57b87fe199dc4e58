"""Drives one synchronisation over a real store and a real server.

Fetching and decoding run ahead on a thread of their own while rows are inserted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import asdict, dataclass
from typing import Any, Protocol, Self

from crm_core.errors import Bug, CrmError
from crm_core.i18n import tr_noop
from crm_core.wire import PullItem, PullRequest, PushRequest, PushResponse
from crm_desktop.models.replica import Parked, Summary, SyncState
from crm_desktop.sync import effects as do
from crm_desktop.sync import streams
from crm_desktop.sync.effects import Effect, drive
from crm_desktop.sync.engine import Outcome, synchronise
from crm_desktop.sync.last_run import META_LAST_RUN, last_run_of
from crm_desktop.sync.ports import SecondStore, Server, SyncStore
from crm_desktop.sync.streams import Stream, send_aside, stopped

SECOND_FROM_ROWS = 20_000
"""So many rows in sight go into a file of their own in a first fetch: below, they are here before
anybody would notice."""

_STOPPABLE = (do.OpenPull, do.NextItem, do.IndexSecond)

Progress = Callable[[int, int], None]
WriteLane = Callable[[Callable[[], Any]], Any]
"""Runs a job where writes belong and returns its outcome."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run produced; the fields of `sync --json` in their order (cli.md)."""

    pushed: int
    pulled: int
    conflicts: int
    rejected: int
    blocked: int
    orphaned: int
    quarantined: int
    verified: bool
    seconds: float

    def as_json(self) -> dict[str, int | bool | float]:
        """The report as `sync --json` prints it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its report, what lies where after it, and what kept it from being complete. `left`:
    the unsent work that a server has taken which has `withdrawn` this device."""

    report: Report
    parked: Parked
    failure: CrmError | None
    withdrawn: bool
    summary: Summary
    left: bytes = b""


class Connected(Server, Protocol):
    """A server whose patience can be set; `sync.session.Session` is one."""

    def expect_answer(self) -> None:
        """Give up where no answer comes in time."""
        ...


def run_here(job: Callable[[], Any]) -> Any:
    """The write lane of a program with one thread."""
    return job()


class Runner:
    """Synchronises one store with one server, one run at a time, on the thread that calls."""

    def __init__(
        self,
        store: SyncStore,
        server: Connected,
        *,
        write: WriteLane = run_here,
        announce: Callable[[Summary], None] | None = None,
        open_stream: Callable[[Server, PullRequest], Stream] | None = None,
        send: Callable[[Server, PushRequest], Future[PushResponse]] | None = None,
    ) -> None:
        self._store = store
        self._server = server
        self._open_stream = open_stream or streams.open_stream
        self._send = send or send_aside
        self._write = write
        self._announce = announce
        self._second: SecondStore | None = None
        self._second_from_rows = SECOND_FROM_ROWS
        self._progress: Progress | None = None
        self._in_sight = self._arrived = 0
        self._stream: Stream | None = None
        self._sending: deque[Future[PushResponse] | None] = deque()
        self._summary = Summary()
        self._left = b""
        self._stopped = threading.Event()
        self.last_judged_s = 0.0
        self.reached = 0
        self.is_sparing = False

    def with_second(
        self,
        second: SecondStore,
        *,
        from_rows: int = SECOND_FROM_ROWS,
        progress: Progress | None = None,
    ) -> Self:
        """Fetch for the first time into a second file, where so many rows are in sight; `progress`
        hears how many of how many have arrived."""
        self._second, self._second_from_rows = second, from_rows
        self._progress = progress
        return self

    def stop(self) -> None:
        """End the run at its next step (from any thread); what was received is kept."""
        self._stopped.set()
        stream = self._stream
        if stream is not None:
            stream.interrupt()

    def run(self, *, repair: bool = True, thorough: bool = False) -> Run:
        """One synchronisation (`thorough`: comparing all content). Failures of the way come in the
        result; local ones raise."""
        started_s = time.monotonic()
        self._stopped.clear()
        self._summary = Summary()
        self._server.expect_answer()
        try:
            steps = synchronise(repair=repair, thorough=thorough, sparing=self.is_sparing)
            outcome = drive(steps, self.perform)
        finally:
            self._close_stream()
            self._await_pushes()
            if self._second is not None:
                self._second.close()
        return self._made(outcome, time.monotonic() - started_s)

    def perform(self, effect: Effect[Any]) -> Any:
        """Do what the engine asks; the outcome, or the error that it is to hear of."""
        if self._stopped.is_set() and isinstance(effect, _STOPPABLE):
            raise stopped()
        handler = _HANDLERS.get(type(effect))
        if handler is None:
            raise Bug(tr_noop("The engine asks for '{effect}'."), effect=type(effect).__name__)
        return handler(self, effect)

    # Each of these performs one kind of effect.

    def read_state(self, _effect: do.ReadState) -> object:
        return self._write(self._store.state)

    def read_parked(self, _effect: do.ReadParked) -> object:
        return self._write(self._store.parked)

    def take_outbox(self, effect: do.TakeOutbox) -> object:
        return self._write(
            lambda: self._store.take_outbox(effect.changesets_max, effect.bytes_max, effect.behind)
        )

    def send_push(self, effect: do.SendPush) -> None:
        stopped_before = self._stopped.is_set()
        self._sending.append(None if stopped_before else self._send(self._server, effect.request))

    def hear_push(self, _effect: do.HearPush) -> PushResponse:
        sending = self._sending.popleft()
        if sending is None:
            raise stopped()
        return sending.result()

    def _await_pushes(self) -> None:
        """What nobody hears any more ends before the next run begins."""
        wait([one for one in self._sending if one is not None])
        self._sending.clear()

    def settle_push(self, effect: do.SettlePush) -> object:
        settled = self._write(lambda: self._store.settle(effect.answer, effect.then))
        self._tell(settled.summary)
        if settled.acked or settled.rejected or settled.blocked:
            self.last_judged_s = time.monotonic()
        return settled

    def open_pull(self, effect: do.OpenPull) -> None:
        self._close_stream()
        self._stream = self._open_stream(self._server, effect.request)

    def next_item(self, _effect: do.NextItem) -> PullItem | None:
        if self._stream is None:
            raise Bug(tr_noop("No stream is open."))
        return self._stream.next()

    def begin_pull(self, effect: do.BeginPull) -> object:
        if effect.second:
            return self._beside().outbox.begin_pull(effect.hello)
        summary = self._write(lambda: self._store.begin_pull(effect.hello))
        self._tell(summary)
        return summary

    def apply_pull(self, effect: do.ApplyPull) -> object:
        if effect.second:
            # Not in the write lane: nobody's save waits for it, and nobody sees it yet.
            applied = self._beside().outbox.apply(effect.items, effect.mark)
            self._tell_progress(applied.rows)
            return applied
        applied = self._write(lambda: self._store.apply(effect.items, effect.mark))
        self._tell(applied.summary)
        return applied

    def apply_today(self, effect: do.ApplyToday) -> object:
        applied = self._write(
            lambda: self._store.apply_today(effect.items, effect.mark, effect.part)
        )
        self._tell(applied.summary)
        return applied

    def finish_pull(self, effect: do.FinishPull) -> object:
        self._close_stream()
        if effect.second:
            verdict = self._beside().outbox.finish(effect.items, effect.end)
            self._tell_progress(verdict.rows)
            return verdict
        verdict = self._write(lambda: self._store.finish(effect.items, effect.end))
        self.reached = effect.end.hi
        self._tell(verdict.summary)
        return verdict

    def open_second(self, effect: do.OpenSecond) -> SyncState | None:
        if self._second is None or effect.rows_in_sight < self._second_from_rows:
            return None
        self._in_sight, self._arrived = effect.rows_in_sight, 0
        return self._second.open()

    def index_second(self, _effect: do.IndexSecond) -> bool:
        return self._beside().index()

    def swap(self, _effect: do.Swap) -> object:
        summary = self._write(self._beside().swap)
        self._tell(summary)
        return summary

    def drop_second(self, _effect: do.DropSecond) -> None:
        self._close_stream()
        self._beside().drop()

    def remove_former(self, _effect: do.RemoveFormer) -> None:
        if self._second is not None:
            self._write(self._second.remove_former)

    def _beside(self) -> SecondStore:
        if self._second is None:
            raise Bug(tr_noop("No second file is open."))
        return self._second

    def _tell_progress(self, rows: int) -> None:
        self._arrived += rows
        if self._progress is not None:
            self._progress(min(self._arrived, self._in_sight), self._in_sight)

    def count_anew(self, _effect: do.CountAnew) -> None:
        self._store.count_anew()

    def fetch_anew(self, _effect: do.FetchAnew) -> None:
        self._write(self._store.fetch_anew)

    def refresh(self, _effect: do.Refresh) -> None:
        self._server.refresh()

    def park_unsent(self, _effect: do.ParkUnsent) -> None:
        self._left = b""
        while (unsent := self._write(self._store.unsent)) != self._left:
            self._server.park(unsent)  # meanwhile somebody may have typed on
            self._left = unsent

    def _tell(self, summary: Summary) -> None:
        self._summary = self._summary | summary
        if self._announce is not None and summary != Summary():
            self._announce(summary)

    def _close_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _made(self, outcome: Outcome, seconds: float) -> Run:
        tally = outcome.tally
        report = Report(
            tally.pushed, tally.pulled, tally.conflicts, tally.rejected, tally.blocked,
            tally.orphaned, tally.quarantined, outcome.verified, round(seconds, 3),
        )  # fmt: skip
        return Run(
            report, outcome.parked, outcome.failure, outcome.withdrawn, self._summary, self._left
        )


_HANDLERS: dict[type[Effect[Any]], Callable[[Runner, Any], Any]] = {
    do.ReadState: Runner.read_state,
    do.ReadParked: Runner.read_parked,
    do.TakeOutbox: Runner.take_outbox,
    do.SendPush: Runner.send_push,
    do.HearPush: Runner.hear_push,
    do.SettlePush: Runner.settle_push,
    do.OpenPull: Runner.open_pull,
    do.NextItem: Runner.next_item,
    do.BeginPull: Runner.begin_pull,
    do.ApplyPull: Runner.apply_pull,
    do.FinishPull: Runner.finish_pull,
    do.ApplyToday: Runner.apply_today,
    do.OpenSecond: Runner.open_second,
    do.IndexSecond: Runner.index_second,
    do.Swap: Runner.swap,
    do.DropSecond: Runner.drop_second,
    do.RemoveFormer: Runner.remove_former,
    do.CountAnew: Runner.count_anew,
    do.FetchAnew: Runner.fetch_anew,
    do.Refresh: Runner.refresh,
    do.ParkUnsent: Runner.park_unsent,
}


def sync_once(
    store: SyncStore, server: Connected, *, remember: Callable[[str, str], None] | None = None
) -> Report:
    """One full synchronisation for the command line.

    Raises the failure that kept it from being complete: Unavailable where no server answers
    (given up after 15 s), SignedOut, NotAllowed, Refused. What was done until then is kept.
    """
    run = Runner(store, server).run()
    if remember is not None:
        remember(META_LAST_RUN, last_run_of(run.failure))
    if run.failure is not None:
        raise run.failure
    return run.report
