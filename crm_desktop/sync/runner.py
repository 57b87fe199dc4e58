"""Drives one synchronisation over a real store and a real server.

Fetching and decoding run ahead on a thread of their own while rows are inserted.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeVar

from crm_core.errors import Bug, CrmError, Unavailable
from crm_core.i18n import tr_noop
from crm_core.wire import PullItem, PullRequest, PushRequest, PushResponse
from crm_desktop.background import in_background
from crm_desktop.models.replica import Parked, Summary
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect, Steps
from crm_desktop.sync.engine import Outcome, synchronise
from crm_desktop.sync.last_run import META_LAST_RUN, last_run_of
from crm_desktop.sync.ports import Server, SyncStore

AHEAD_ITEMS = 4
"""Pages decoded in advance; each holds at most 1,000 rows, so memory stays bounded."""

T = TypeVar("T")
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


class Stream(Protocol):
    """An open pull."""

    def next(self) -> PullItem | None:
        """The next item, None at the end; raises what went wrong on the way."""
        ...

    def interrupt(self) -> None:
        """Wake whoever waits for an item (from any thread)."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


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
        self._open_stream = open_stream or ReadAhead
        self._send = send or send_aside
        self._write = write
        self._announce = announce
        self._stream: Stream | None = None
        self._sending: Future[PushResponse] | None = None
        self._summary = Summary()
        self._left = b""
        self._stopped = threading.Event()
        self.last_progress_s = time.monotonic()

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
            outcome = self._drive(synchronise(repair=repair, thorough=thorough))
        finally:
            self._close_stream()
            if self._sending is not None:
                wait((self._sending,))
        return self._made(outcome, time.monotonic() - started_s)

    def _drive(self, steps: Steps[Outcome]) -> Outcome:
        try:
            effect = next(steps)
            while True:
                try:
                    outcome = self.perform(effect)
                except CrmError as failure:
                    effect = steps.throw(failure)
                else:
                    effect = steps.send(outcome)
        except StopIteration as end:
            return end.value

    def perform(self, effect: Effect[Any]) -> Any:
        """Do what the engine asks; the outcome, or the error that it is to hear of."""
        if self._stopped.is_set() and isinstance(effect, do.OpenPull | do.NextItem):
            raise stopped()
        handler = _HANDLERS.get(type(effect))
        if handler is None:
            raise Bug(tr_noop("The engine asks for '{effect}'."), effect=type(effect).__name__)
        outcome = handler(self, effect)
        self.last_progress_s = time.monotonic()
        return outcome

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
        self._sending = None if stopped_before else self._send(self._server, effect.request)

    def hear_push(self, _effect: do.HearPush) -> PushResponse:
        if self._sending is None:
            raise stopped()
        return self._sending.result()

    def settle_push(self, effect: do.SettlePush) -> object:
        settled = self._write(lambda: self._store.settle(effect.answer))
        self._tell(settled.summary)
        return settled

    def open_pull(self, effect: do.OpenPull) -> None:
        self._close_stream()
        self._stream = self._open_stream(self._server, effect.request)

    def next_item(self, _effect: do.NextItem) -> PullItem | None:
        if self._stream is None:
            raise Bug(tr_noop("No stream is open."))
        return self._stream.next()

    def begin_pull(self, effect: do.BeginPull) -> object:
        summary = self._write(lambda: self._store.begin_pull(effect.hello))
        self._tell(summary)
        return summary

    def apply_pull(self, effect: do.ApplyPull) -> object:
        applied = self._write(lambda: self._store.apply(effect.items, effect.mark))
        self._tell(applied.summary)
        return applied

    def finish_pull(self, effect: do.FinishPull) -> object:
        self._close_stream()
        verdict = self._write(lambda: self._store.finish(effect.items, effect.end))
        self._tell(verdict.summary)
        return verdict

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


def send_aside(server: Server, request: PushRequest) -> Future[PushResponse]:
    """Send a push on a thread of its own, while the answer to the former one is written."""
    return in_background(lambda: server.push(request), "push-aside")


class ReadAhead:
    """Reads a stream on its own thread, a few items ahead of whoever takes them."""

    def __init__(self, server: Server, request: PullRequest) -> None:
        self._queue: queue.Queue[PullItem | BaseException | None] = queue.Queue(AHEAD_ITEMS)
        self._closing = threading.Event()
        self._stream = server.pull(request)
        items = self._stream.__enter__()  # the status line is here; its failures raise here
        self._thread = threading.Thread(
            target=self._read, args=(self._stream, items), name="pull-ahead", daemon=True
        )
        self._thread.start()

    def next(self) -> PullItem | None:
        """The next item, None at the end; raises what the reading raised."""
        item = self._queue.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def interrupt(self) -> None:
        """Wake whoever waits for an item; with items at hand nobody waits."""
        with suppress(queue.Full):
            self._queue.put_nowait(stopped())

    def close(self) -> None:
        """Let go of the stream; the thread ends with its current read at the latest."""
        self._closing.set()
        while self._thread.is_alive():
            _drain(self._queue)
            self._thread.join(timeout=0.01)
            if self._queue.empty():
                return

    def _read(
        self, stream: AbstractContextManager[Iterable[PullItem]], items: Iterable[PullItem]
    ) -> None:
        # Whoever waits hears of any end, one that nobody foresaw included.
        last: CrmError | None = Bug(tr_noop("Reading the stream broke off."))
        try:
            for item in items:
                if self._closing.is_set():
                    break
                self._queue.put(item)
            last = None
        except CrmError as failure:
            last = failure
        finally:
            stream.__exit__(None, None, None)
            self._queue.put(last)


def stopped() -> Unavailable:
    """What a run that was stopped ends with."""
    return Unavailable(tr_noop("Synchronising was stopped; it goes on the next time."))


def _drain(waiting: queue.Queue[Any]) -> None:
    try:
        while True:
            waiting.get_nowait()
    except queue.Empty:
        return
