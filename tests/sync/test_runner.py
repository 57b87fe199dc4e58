"""The runner: effects over a store and a server, fetching ahead, honest reports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

import pytest

from crm_core.errors import Bug, Unavailable
from crm_core.wire import End, PullItem, PullRequest, PushRequest, PushResponse
from crm_desktop.models.replica import Applied, Parked, Settled, Summary, SyncState, Verdict, Wanted
from crm_desktop.sync.failures import Withdrawn
from crm_desktop.sync.runner import Runner, sync_once
from crm_desktop.sync.streams import AHEAD_ITEMS, ReadAhead, open_stream
from tests.sync.scripted import EPOCH, MARK, applied_all, changeset, page, rows_in

Stream = Callable[[], Iterable[PullItem]]


class Store:
    """A store that takes everything."""

    def __init__(self, *changesets: Any) -> None:
        self.outbox = list(changesets)
        self.pulled = 0

    def state(self) -> SyncState:
        return SyncState(EPOCH, cursor=3, scope_gen=1)

    def take_outbox(self, changesets_max: int, bytes_max: int, behind: Any = None) -> Any:
        assert bytes_max > 0
        return () if behind else tuple(self.outbox[:changesets_max])

    def settle(self, answer: PushResponse, then: Wanted | None = None) -> Settled:
        self.outbox = []
        return Settled(Summary(outbox_changed=True), acked=len(answer.results))

    def begin_pull(self, hello: Any) -> Summary:
        raise AssertionError(hello)

    def apply(self, items: Any, mark: Any) -> Applied:
        assert mark is not None
        return Applied(Summary(), rows_in(items))

    def apply_today(self, items: Any, mark: Any, part: Any) -> Applied:
        raise AssertionError(part)

    def finish(self, items: Any, end: Any) -> Verdict:
        self.pulled += end.hi
        return Verdict(Summary(), verified=True, rows=rows_in(items))

    def count_anew(self) -> None:
        """Nothing is damaged here."""

    def fetch_anew(self) -> None:
        raise AssertionError

    def parked(self) -> Parked:
        return Parked(pending=len(self.outbox))

    def unsent(self) -> bytes:
        return b"[]"


class Server:
    """A server whose stream is given."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.closed = threading.Event()

    def expect_answer(self) -> None:
        """It is patient."""

    def push(self, request: PushRequest) -> PushResponse:
        return applied_all(request)

    @contextmanager
    def pull(self, request: PullRequest) -> Generator[Iterable[PullItem]]:
        assert request.epoch == EPOCH
        try:
            yield self.stream()
        finally:
            self.closed.set()

    def refresh(self) -> None:
        raise AssertionError

    def park(self, body: bytes) -> None:
        raise AssertionError(body)


def items() -> list[PullItem]:
    return [page(10), MARK, End(9, 0, 0)]


def test_a_report_has_exactly_the_promised_fields() -> None:
    report = sync_once(Store(changeset(1)), Server(items))
    found = report.as_json()
    assert [*found] == [
        "pushed", "pulled", "conflicts", "rejected", "blocked", "orphaned", "quarantined",
        "verified", "seconds",
    ]  # fmt: skip
    assert (found["pushed"], found["pulled"], found["verified"]) == (1, 10, True)


def test_what_kept_a_run_from_being_complete_is_raised_and_remembered() -> None:
    def broken() -> Iterable[PullItem]:
        yield page(10)
        raise Unavailable("gone")

    kept: dict[str, str] = {}
    with pytest.raises(Unavailable, match="gone"):
        sync_once(Store(), Server(broken), remember=kept.__setitem__)
    assert kept == {"sync.last_run": "transport"}


def test_listeners_hear_of_what_changed_and_of_nothing_else() -> None:
    heard: list[Summary] = []
    Runner(Store(changeset(1)), Server(items), announce=heard.append).run()
    assert heard == [Summary(outbox_changed=True)]


def test_a_stopped_run_ends_at_its_next_step_and_closes_the_stream() -> None:
    server = Server(lambda: endless(runner))
    runner = Runner(Store(), server)
    run = runner.run()
    assert isinstance(run.failure, Unavailable)
    assert server.closed.wait(5)


def endless(runner: Runner) -> Iterable[PullItem]:
    for n in range(10_000):
        if n == 3:
            runner.stop()
        yield page(1, n)


def test_stopping_wakes_a_run_that_waits_for_a_silent_server() -> None:
    silent, waits = threading.Event(), threading.Event()

    def nothing_more() -> Iterable[PullItem]:
        yield page(1)
        waits.set()
        silent.wait(20)

    runner = Runner(Store(), Server(nothing_more))
    threading.Thread(target=lambda: waits.wait(5) and runner.stop()).start()
    run = runner.run()
    silent.set()
    assert isinstance(run.failure, Unavailable)


def test_reading_ahead_is_bounded() -> None:
    given: list[int] = []
    waiting = threading.Event()

    def counted() -> Iterable[PullItem]:
        for n in range(100):
            given.append(n)
            if len(given) == AHEAD_ITEMS + 1:
                waiting.set()
            yield page(1, n)

    server = Server(counted)
    ahead = open_stream(server, PullRequest(EPOCH))
    assert waiting.wait(5)
    assert len(given) <= AHEAD_ITEMS + 1
    ahead.close()
    assert server.closed.wait(5)


def test_an_answer_that_is_here_as_a_whole_needs_no_thread() -> None:
    before = threading.active_count()
    server = Server(lambda: [page(1), page(2)])
    stream = open_stream(server, PullRequest(EPOCH))
    assert server.closed.is_set()
    assert threading.active_count() == before
    assert [stream.next(), stream.next(), stream.next()] == [page(1), page(2), None]


def test_an_unforeseen_end_of_the_reading_thread_is_heard_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(args.exc_type))

    def buggy() -> Iterable[PullItem]:
        yield page(1)
        raise ZeroDivisionError

    ahead = open_stream(Server(buggy), PullRequest(EPOCH))
    assert isinstance(ahead, ReadAhead)
    assert ahead.next() == page(1)
    with pytest.raises(Bug):
        ahead.next()
    ahead._thread.join(5)
    assert seen == [ZeroDivisionError], "and is told with its traceback"


def test_what_is_typed_while_work_is_left_is_left_too() -> None:
    store, left = Store(), list[bytes]()

    class Withdrawing(Server):
        def pull(self, request: PullRequest) -> Any:
            raise Withdrawn("withdrawn")

        def park(self, body: bytes) -> None:
            left.append(body)
            store.unsent = lambda: b"[1]"  # type: ignore[method-assign]

    assert Runner(store, Withdrawing(items)).run().withdrawn
    assert left == [b"[]", b"[1]"]
