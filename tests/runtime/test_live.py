"""Autosync with hints, another network, sleep, and bytes that are paid for."""

from __future__ import annotations

import time
from typing import Any

import pytest
from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QNetworkInformation
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.errors import Unavailable
from crm_core.wire import PullRequest
from crm_desktop.models.store import new_uuid7
from crm_desktop.runtime import live
from crm_desktop.runtime.live import Live
from crm_desktop.runtime.network import Network
from crm_desktop.sync import listening
from crm_desktop.sync.failures import TokenExpired
from crm_desktop.sync.listening import Ticket
from tests.runtime.test_autosync import Server, parts, server, stands, store
from tests.sync.test_listening import Played

__all__ = ["parts", "server", "store"]

PATIENCE_MS = 20_000
Reach = QNetworkInformation.Reachability


class Said(QObject):
    """What an operating system says about its network, as Qt passes it on."""

    reachabilityChanged = Signal(object)  # noqa: N815  # Qt's names
    isMeteredChanged = Signal(bool)  # noqa: N815

    def __init__(self) -> None:
        super().__init__()
        self.reach = Reach.Online
        self.metered = False

    def reachability(self) -> Reach:
        return self.reach

    def isMetered(self) -> bool:  # noqa: N802  # Qt's name
        return self.metered

    def turns(self, reach: Reach) -> None:
        self.reach = reach
        self.reachabilityChanged.emit(reach)

    def costs(self, *, metered: bool) -> None:
        self.metered = metered
        self.isMeteredChanged.emit(metered)


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Played:
    made = Played()
    monkeypatch.setattr(listening, "HttpLine", lambda _server: made)
    return made


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    made = Said()
    monkeypatch.setattr(live, "system_network", lambda parent: Network(made, parent))  # type: ignore[arg-type]
    return made


@pytest.fixture
def asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> list[PullRequest]:
    """The pulls so far, of a device whose token is good."""
    server.access = "token"
    pulls: list[PullRequest] = []
    pull = server.pull

    def noted(request: PullRequest) -> Any:
        pulls.append(request)
        return pull(request)

    monkeypatch.setattr(server, "pull", noted)
    return pulls


@pytest.fixture
def autosync(parts: Any, line: Played, said: Said, qtbot: QtBot, asked: list[PullRequest]) -> Any:
    """After its first run, and listening."""
    made, _, lanes = parts
    with qtbot.waitSignal(made.run_ended, timeout=PATIENCE_MS):
        made.start()
    assert line.is_opened() == Ticket("token", 1)
    qtbot.waitUntil(lambda: lanes.is_idle)
    asked.clear()
    return made


def test_a_hint_brings_what_is_new(
    autosync: Any, line: Played, server: Server, asked: list[PullRequest], qtbot: QtBot
) -> None:
    server.seq = 5
    with qtbot.waitSignal(autosync.run_ended, timeout=PATIENCE_MS):
        line.says(5)
    assert [one.cursor for one in asked] == [1]
    line.says(5)
    line.says(4)
    qtbot.wait(200)
    assert len(asked) == 1, "what is here already is not asked for again"


def test_a_hint_while_a_run_goes_on_is_followed_when_it_has_ended(
    autosync: Any, line: Played, server: Server, asked: list[PullRequest], qtbot: QtBot
) -> None:
    answer = server.pull

    def late(request: PullRequest) -> Any:
        found = answer(request)
        server.seq += 1
        if len(asked) == 1:
            line.says(server.seq)
        time.sleep(0.1)
        return found

    server.pull = late  # type: ignore[method-assign]
    autosync.sync_now()
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=1_500)  # sooner than commits are gathered


def test_a_token_that_is_no_longer_good_leads_to_a_run_that_renews_it(
    autosync: Any, line: Played, server: Server, asked: list[PullRequest], qtbot: QtBot
) -> None:
    autosync._live._listener._patience._random = lambda: (
        0.1
    )  # else it may wait for a quarter minute
    line.refusals = [TokenExpired("expired")]
    server.access = "renewed"
    with qtbot.waitSignal(autosync.run_ended, timeout=PATIENCE_MS):  # and heard of, to listen anew
        line.says(Unavailable("gone"))
    assert len(asked) == 1
    assert line.is_opened() == Ticket("token", 1)
    assert line.is_opened().token == "renewed"


def test_when_the_network_comes_back_nobody_waits(
    autosync: Any, said: Said, server: Server, asked: list[PullRequest], qtbot: QtBot
) -> None:
    server.failure = Unavailable("No route.")
    with qtbot.waitSignal(autosync.run_ended):
        autosync.sync_now()
    said.turns(Reach.Disconnected)
    server.failure = None
    autosync._schedule._due_s = time.monotonic() + 600
    autosync._wait()
    qtbot.wait(100)
    with qtbot.waitSignal(autosync.run_ended, timeout=PATIENCE_MS):
        said.turns(Reach.Online)
    assert len(asked) == 1


def test_a_system_that_says_it_is_offline_is_not_believed(
    autosync: Any, said: Said, asked: list[PullRequest], qtbot: QtBot
) -> None:
    said.turns(Reach.Disconnected)
    with qtbot.waitSignal(autosync.run_ended, timeout=PATIENCE_MS):
        autosync.sync_now()
    assert len(asked) == 1


def test_a_computer_that_woke_up_synchronises(
    autosync: Any, asked: list[PullRequest], qtbot: QtBot
) -> None:
    watching: Live = autosync._live
    watching._look_at_the_clocks()
    qtbot.wait(50)
    assert asked == []
    watching._wakefulness.wall_s -= 3600
    with qtbot.waitSignal(autosync.run_ended, timeout=PATIENCE_MS):
        watching._look_at_the_clocks()
    assert len(asked) == 1


def test_on_a_metered_network_hints_rest_and_work_goes_out_as_ever(
    autosync: Any, parts: Any, line: Played, said: Said, server: Server, qtbot: QtBot
) -> None:
    told = stands(autosync)
    said.costs(metered=True)
    qtbot.waitUntil(lambda: told[-1].sparing)
    assert line.stays_closed()
    assert not autosync._live.is_open
    hub = parts[1]
    with qtbot.waitSignal(autosync.run_ended, timeout=PATIENCE_MS):
        hub.save([Change("account", new_uuid7(), Op.INSERT, {"name": "Z"})], "New", owner=hub)
    assert server.pushed == ["New"]
    assert line.stays_closed(), "a run is no reason to listen again"
    due_s = autosync._schedule.due_at()
    assert due_s - time.monotonic() > 1_000


def test_when_bytes_are_free_again_everything_is_fetched_at_once(
    autosync: Any, line: Played, said: Said, asked: list[PullRequest], qtbot: QtBot
) -> None:
    told = stands(autosync)
    said.costs(metered=True)
    qtbot.waitUntil(lambda: told[-1].sparing)
    with qtbot.waitSignal(autosync.run_ended, timeout=PATIENCE_MS):
        said.costs(metered=False)
    assert len(asked) == 1
    assert line.is_opened().token == "token"
    qtbot.waitUntil(lambda: not told[-1].sparing)


def test_who_does_not_mind_the_price_is_not_spared(
    autosync: Any, line: Played, said: Said, qtbot: QtBot
) -> None:
    autosync.spare_metered(spares=False)
    said.costs(metered=True)
    qtbot.wait(50)
    assert autosync._live.is_open
    autosync.spare_metered(spares=True)
    assert autosync.is_sparing
    assert line.stays_closed()


def test_after_the_end_nobody_listens(autosync: Any, line: Played, qtbot: QtBot) -> None:
    autosync.stop()
    qtbot.waitUntil(lambda: not autosync._live.is_open)
    assert line.stays_closed()


def test_without_a_word_from_the_system_the_network_is_free(qapp: object) -> None:
    assert not Network(None).is_metered
