"""Two people at work, each with the client that ships and one real server: what one saves, the
other's client has a moment later, asked by nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_desktop.profile import Profile, open_profile
from crm_desktop.runtime import autosync as autosync_module
from crm_desktop.runtime.autosync import Autosync
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.sync import schedule
from tests.e2e.people import Desk, World
from tests.e2e.processes import PASSPHRASE

PATIENCE_MS = 20_000
SOON_S = 5.0
"""Far below the five minutes after which somebody would ask, on a machine that is busy."""

pytestmark = pytest.mark.slow


@dataclass
class Client:
    """A profile with what a window has behind its panes."""

    profile: Profile
    hub: DataHub
    lanes: Lanes
    autosync: Autosync

    def name_of(self, account: str) -> str | None:
        with self.profile.store.reader() as connection:
            stored = bytes.fromhex(account)
            return connection.value("SELECT name FROM account WHERE id = ?", (stored,))

    def rename(self, account: str, name: str) -> None:
        with self.profile.store.reader() as connection:
            sql = "SELECT name, seq FROM account WHERE id = ?"
            ((old, seq),) = connection.rows(sql, (bytes.fromhex(account),))
        change = Change("account", RecordId(account), Op.SET, {"name": name}, {"name": old}, seq)
        self.hub.save([change], "Edit", owner=self.hub)

    @property
    def listens(self) -> bool:
        return self.autosync._live is not None and self.autosync._live.is_open


@contextmanager
def at_work(desk: Desk, qtbot: QtBot) -> Iterator[Client]:
    """Somebody's client, once it listens."""
    with closing(open_profile(Path(desk.profile), PASSPHRASE)) as profile:
        lanes = Lanes()
        hub = DataHub(profile.store, lanes)
        client = Client(profile, hub, lanes, Autosync(profile, hub, lanes))
        client.autosync.start()
        try:
            qtbot.waitUntil(lambda: client.listens, timeout=PATIENCE_MS)
            yield client
        finally:
            client.autosync.stop()
            lanes.close()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(autosync_module, "FIRST_AFTER_MS", 0)


def test_what_one_saves_the_other_has_a_moment_later(world: World, qtbot: QtBot) -> None:
    ann, bob = world.people("kam", "kam")
    account = ann.add("account", name="Alfreds")
    ann.sync()
    with at_work(ann, qtbot) as mine, at_work(bob, qtbot) as theirs:
        qtbot.waitUntil(lambda: theirs.name_of(account) == "Alfreds", timeout=PATIENCE_MS)
        before_s = time.monotonic()
        mine.rename(account, "Alfreds Futterkiste")
        qtbot.waitUntil(lambda: theirs.name_of(account) == "Alfreds Futterkiste", timeout=20_000)
        assert time.monotonic() - before_s < SOON_S


def test_a_server_that_comes_back_is_listened_to_again(
    own_world: World, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_desktop.sync.listening.FIRST_S", 0.2)
    monkeypatch.setattr(schedule, "BACK_OFF_FIRST_S", 600.0)
    ann, bob = own_world.people("kam", "kam")
    account = ann.add("account", name="Alfreds")
    ann.sync()
    with at_work(bob, qtbot) as theirs:
        own_world.server.kill()
        qtbot.waitUntil(lambda: not theirs.listens, timeout=PATIENCE_MS)
        own_world.server.serve()
        ann.set("account", account, name="While nobody listened")
        ann.sync()
        qtbot.waitUntil(
            lambda: theirs.name_of(account) == "While nobody listened", timeout=PATIENCE_MS
        )
        assert theirs.listens


def test_a_withdrawn_device_learns_of_it_without_asking(own_world: World, qtbot: QtBot) -> None:
    (ann,) = own_world.people("kam")
    with at_work(ann, qtbot) as mine:
        device = str(mine.profile.session.device)
        with qtbot.waitSignal(mine.autosync.withdrawn, timeout=PATIENCE_MS):
            own_world.server.admin_inside("device", "revoke", device)
