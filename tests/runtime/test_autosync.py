"""Autosync against a server that is played: it sends what was saved, and says how things stand."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.digest import version_hash
from crm_core.errors import SignedOut, Unavailable
from crm_core.ids import DeviceId, RecordId
from crm_core.wire import (
    ChangeSetResult,
    End,
    Hello,
    Page,
    PullItem,
    PullRequest,
    PushRequest,
    PushResponse,
    SignInResponse,
    WireRow,
)  # fmt: skip
from crm_desktop.models.file_states import Transfers
from crm_desktop.models.store import Identity, Store, new_uuid7
from crm_desktop.profile import Profile
from crm_desktop.runtime import autosync as autosync_module
from crm_desktop.runtime.autosync import Autosync
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.runtime.standing import Standing, time_or_day
from crm_desktop.sync import schedule
from crm_desktop.sync.http import HttpClient, TimeOuts
from crm_desktop.sync.last_run import remember
from crm_desktop.sync.session import DeviceKey, Session
from tests.sync import loopback
from tests.views.company import KEY

ACCOUNT = RecordId("a" * 32)


class Server:
    """Takes every changeset, sends one account; or is away; or has ended the sign-in."""

    signed_in = True
    access = ""

    def __init__(self) -> None:
        self.pushed: list[str] = []
        self.failure: Exception | None = None
        self.seq = 1

    def expect_answer(self) -> None:
        if self.failure is not None:
            raise self.failure

    def push(self, request: PushRequest) -> PushResponse:
        results = []
        for changeset in request.changesets:
            self.pushed.append(changeset.label)
            self.seq += 1
            results.append(ChangeSetResult(changeset.id, "applied", self.seq))
        return PushResponse("e", self.seq, tuple(results))

    def pull(self, request: PullRequest) -> AbstractContextManager[Iterable[PullItem]]:
        row = WireRow(ACCOUNT, 1, {"name": "Alfreds"})
        page = Page("account", (row,)) if request.cursor == 0 else None
        hello = Hello("e", 1, 1, 1, "2026-11-22T08:00:00Z", self.seq)
        end = End(self.seq, 1, version_hash("account", ACCOUNT, 1))
        items = [hello if request.epoch != "e" else None, page, end]
        return nullcontext([item for item in items if item is not None])

    def refresh(self) -> None:
        raise SignedOut("Please sign in again.")

    def park(self, body: bytes) -> None:
        raise AssertionError("nobody withdrew this device")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    identity = Identity(new_uuid7(), "nancy", DeviceId(new_uuid7()), "northwind", "http://x")
    made = Store.create(tmp_path / "crm-1.db", KEY, identity)
    yield made
    made.close()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def parts(
    qapp: object, store: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Autosync, DataHub, Lanes]]:
    monkeypatch.setattr(autosync_module, "FIRST_AFTER_MS", 0)
    lanes = Lanes()
    hub = DataHub(store, lanes)
    settings = SimpleNamespace(server="http://127.0.0.1:9")
    known = SimpleNamespace(store=store, session=server, path=store.path.parent, settings=settings)
    profile = cast("Profile", known)
    made = Autosync(profile, hub, lanes)
    yield made, hub, lanes
    made.stop()
    lanes.close()


def stands(autosync: Autosync) -> list[Standing]:
    told: list[Any] = [Standing()]
    autosync.stood.connect(told.append)
    return told


def test_the_first_run_follows_the_start(parts: Any, qtbot: QtBot) -> None:
    autosync, hub, _ = parts
    told = stands(autosync)
    with qtbot.waitSignals([autosync.run_ended, hub.changed]):
        autosync.start()
    qtbot.waitUntil(lambda: told[-1].state == "up_to_date", timeout=20_000)
    assert told[1].state != "up_to_date", "said only when it is proved"


def test_a_save_goes_out_by_itself(parts: Any, qtbot: QtBot, server: Server) -> None:
    autosync, hub, _ = parts
    with qtbot.waitSignal(autosync.run_ended):
        autosync.start()
    change = Change("account", new_uuid7(), Op.INSERT, {"name": "Zaanse"})
    hub.save([change], "New: Zaanse", owner=hub)
    qtbot.waitUntil(lambda: server.pushed == ["New: Zaanse"])


def test_without_a_server_it_says_since_when(parts: Any, qtbot: QtBot, server: Server) -> None:
    autosync, hub, _ = parts
    server.failure = Unavailable("No route.")
    told = stands(autosync)
    with qtbot.waitSignal(autosync.run_ended):
        autosync.start()
    hub.save([Change("account", new_uuid7(), Op.INSERT, {"name": "Z"})], "New", owner=hub)
    qtbot.waitUntil(lambda: told[-1].state == "offline" and told[-1].waiting == 1, timeout=20_000)
    assert told[-1].since


def test_work_that_waits_behind_an_endless_pull_goes_out(
    parts: Any, qtbot: QtBot, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "PROGRESS_S", 0.3)
    autosync, hub, _ = parts
    autosync._watch.setInterval(50)
    told = stands(autosync)
    released, whole = threading.Event(), server.pull

    def endless(request: PullRequest) -> AbstractContextManager[Iterable[PullItem]]:
        def items() -> Iterator[PullItem]:
            with whole(request) as found:
                first, *others = found
            yield first
            released.wait(60)
            yield from others

        return nullcontext(items())

    monkeypatch.setattr(server, "pull", endless)
    autosync.start()
    qtbot.waitUntil(lambda: autosync._runner is not None)
    hub.save([Change("account", new_uuid7(), Op.INSERT, {"name": "Z"})], "New", owner=hub)
    qtbot.waitUntil(lambda: server.pushed == ["New"], timeout=20_000)
    released.set()
    qtbot.waitUntil(lambda: not autosync._runner, timeout=20_000)
    assert {one.failure for one in told} == {""}


def told_of_a_push(parts: Any, qtbot: QtBot) -> list[Standing]:
    """What the indicator shows once a first run has ended, and the run that sends a new record."""
    autosync, hub, lanes = parts
    told = stands(autosync)
    with qtbot.waitSignal(autosync.run_ended):
        autosync.start()
    hub.save([Change("account", new_uuid7(), Op.INSERT, {"name": "Z"})], "New", owner=hub)
    with qtbot.waitSignal(autosync.run_ended, timeout=20_000):
        pass
    qtbot.waitUntil(lambda: lanes.is_idle)
    return told


def test_a_server_that_leaves_every_push_unanswered_is_no_up_to_date_one(
    parts: Any, qtbot: QtBot, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "push", lambda _: PushResponse("e", 1, ()))
    told = told_of_a_push(parts, qtbot)
    assert (told[-1].state, told[-1].failure, told[-1].waiting) == ("trouble", "protocol", 1)


def test_a_server_that_never_answers_is_away_and_the_work_waits(
    parts: Any, qtbot: QtBot, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    autosync, hub, lanes = parts
    told = stands(autosync)
    with loopback.server(lambda connection, _: time.sleep(1)) as url:
        autosync._profile.session = signed_in_at(url, store, TimeOuts(first_answer_s=0.3))
        hub.save([Change("account", new_uuid7(), Op.INSERT, {"name": "Z"})], "New", owner=hub)
        with qtbot.waitSignal(autosync.run_ended, timeout=20_000):
            autosync.start()
        qtbot.waitUntil(lambda: lanes.is_idle)
    assert (told[-1].state, told[-1].waiting) == ("offline", 1)


def test_a_server_that_takes_work_and_never_shows_it_proves_nothing(
    parts: Any, qtbot: QtBot, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def push(request: PushRequest) -> PushResponse:
        results = [ChangeSetResult(x.id, "applied", 1000) for x in request.changesets]
        return PushResponse("e", 1000, tuple(results))

    monkeypatch.setattr(server, "push", push)
    told = told_of_a_push(parts, qtbot)
    assert told[-1].state == "fetching"


def test_when_the_server_is_back_a_person_need_not_wait(
    parts: Any, qtbot: QtBot, server: Server
) -> None:
    autosync, _, _ = parts
    server.failure = Unavailable("No route.")
    told = stands(autosync)
    with qtbot.waitSignal(autosync.run_ended):
        autosync.start()
    server.failure = None
    autosync.sync_now()
    qtbot.waitUntil(lambda: told[-1].state == "up_to_date", timeout=20_000)
    assert told[-1].since == ""


def test_since_when_it_is_offline_survives_a_restart(
    parts: Any, qtbot: QtBot, server: Server, store: Store
) -> None:
    autosync, _, lanes = parts
    remember(store, Unavailable("No route."), "2026-11-19T08:40:00Z")
    server.failure = Unavailable("No route.")
    told = stands(autosync)
    autosync.look()
    qtbot.waitUntil(lambda: told[-1].state == "offline", timeout=20_000)
    with qtbot.waitSignal(autosync.run_ended):
        autosync.start()
    qtbot.waitUntil(lambda: lanes.is_idle)
    eve = time_or_day(dt.datetime(2026, 11, 19, 8, 40, tzinfo=dt.UTC))
    assert {standing.since for standing in told[1:]} == {eve}


@pytest.mark.parametrize(
    ("page", "failure"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>\nPlease sign in\n", "protocol"),
        (b"HTTP/1.1 500 Oh\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "throttle"),
    ],
    ids=["a hotel's sign-in page", "a server that fails"],
)
def test_after_an_answer_that_is_none_nothing_is_up_to_date(
    parts: Any, qtbot: QtBot, store: Store, page: bytes, failure: str
) -> None:
    autosync, _, lanes = parts
    told = stands(autosync)
    with qtbot.waitSignal(autosync.run_ended):
        autosync.start()
    qtbot.waitUntil(lambda: told[-1].state == "up_to_date", timeout=20_000)
    with loopback.server(lambda connection, _request: connection.sendall(page)) as url:
        autosync._profile.session = signed_in_at(url, store)
        with qtbot.waitSignal(autosync.run_ended):
            autosync.sync_now()
        qtbot.waitUntil(lambda: lanes.is_idle)
    assert (told[-1].state, told[-1].failure) == ("trouble", failure)


def signed_in_at(url: str, store: Store, patience: TimeOuts | None = None) -> Session:
    session = Session(
        HttpClient(url, time_outs=patience),
        store,
        store.identity.device,
        DeviceKey.generate(),
        store.clock,
    )
    me, device = store.identity.user, str(store.identity.device)
    session.keep(SignInResponse("access", "refresh", 600, me, device, "northwind", "", "e", "rep"))
    return session


def test_a_run_that_is_cancelled_before_it_reached_the_server_proves_nothing(
    parts: Any, qtbot: QtBot, server: Server
) -> None:
    autosync, _, lanes = parts
    told = stands(autosync)
    with qtbot.waitSignal(autosync.run_ended):
        autosync.start()
    qtbot.waitUntil(lambda: told[-1].state == "up_to_date", timeout=20_000)
    server.failure = Unavailable("No route.")
    with qtbot.waitSignal(autosync.run_ended):
        autosync.sync_now()
    autosync._is_cancelled = True
    with qtbot.waitSignal(autosync.run_ended):
        autosync.sync_now()
    qtbot.waitUntil(lambda: lanes.is_idle)
    assert told[-1].state == "offline"


def test_an_ended_sign_in_is_told_and_loses_nothing(
    parts: Any, qtbot: QtBot, server: Server
) -> None:
    autosync, hub, _ = parts
    server.failure = SignedOut("Please sign in again.")
    told = stands(autosync)
    with qtbot.waitSignal(autosync.run_ended):
        autosync.start()
    hub.save([Change("account", new_uuid7(), Op.INSERT, {"name": "Z"})], "New", owner=hub)
    qtbot.waitUntil(
        lambda: told[-1].state == "signed_out" and told[-1].waiting == 1, timeout=20_000
    )
    assert server.pushed == []


def test_files_are_counted_while_they_go(parts: Any, qtbot: QtBot) -> None:
    autosync, _, lanes = parts
    told = stands(autosync)

    def said(found: Transfers) -> tuple[int, int]:
        autosync.take_files(found)
        qtbot.waitUntil(lambda: lanes.is_idle)
        return told[-1].files, told[-1].files_sent

    assert said(Transfers(sending=3, goes_on=True, are_photos=True)) == (3, 0)
    assert (told[-1].files_go, told[-1].photos) == (True, True)
    assert said(Transfers(sending=2, goes_on=True)) == (3, 1)
    assert said(Transfers(sending=4, goes_on=True)) == (5, 1), "two more were attached"
    assert said(Transfers(sending=3, failed=1, goes_on=True)) == (4, 1), "one was refused"
    assert said(Transfers(sending=0, failed=1)) == (0, 0)
    assert said(Transfers(sending=1, failed=1)) == (1, 0)
