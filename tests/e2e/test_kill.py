"""`kill -9` of client or server at random instants: both sides converge, no edit is missing."""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
from dataclasses import dataclass, field

import pytest

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_desktop.models.journal import commit
from crm_desktop.profile import open_profile
from tests.e2e import processes
from tests.e2e.people import NOT_REACHABLE, PASSPHRASE, PASSPHRASE_VARIABLE, Desk, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

CLIENT_KILLS = 10
SERVER_KILLS = {"sqlite": 6, "postgresql": 4}
ACCOUNTS = 40
EDITS = 10
SEED = 20261122
PATIENCE_S = 60.0


@dataclass
class Trial:
    """A representative with unsent work, a lead who follows, and what was typed so far."""

    world: World
    rep: Desk
    lead: Desk
    rng: random.Random
    accounts: list[str]
    sync_takes_s: float = 1.0
    typed: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    def type_more(self) -> None:
        """Edit a few accounts anew, each in a changeset of its own, without syncing."""
        with contextlib.closing(open_profile(self.rep.profile, PASSPHRASE)) as profile:
            for account in self.rng.sample(self.accounts, EDITS):
                phone = f"030-{self.rng.randrange(10**6)}"
                edit = Change("account", RecordId(account), Op.SET, {"phone": phone})
                commit(profile.store, [edit], label="Edit")
                self.typed.setdefault(account, []).append(phone)

    def start_sync(self, desk: Desk) -> subprocess.Popen[bytes]:
        """A synchronisation as a process of its own, going on in the background."""
        words = [processes.CRM_DESKTOP, "--profile", str(desk.profile), "sync", "--json"]
        log = self.world.folder / "sync.log"
        return processes.start(words, log, env={PASSPHRASE_VARIABLE: PASSPHRASE})

    def instant(self) -> float:
        """A random instant within the time that a sync takes, start of the program included."""
        return self.rng.uniform(0.05, self.sync_takes_s * 1.05)

    def check(self) -> None:
        """After a restart and two rounds all is well on both sides."""
        assert self.rep.sync()["verified"] is True
        assert self.lead.sync()["verified"] is True
        wanted = {account: phones[-1] for account, phones in self.typed.items()}
        for desk in (self.rep, self.lead):
            rows = desk.json("list", "account", "--limit", "1000")
            assert {x["id"]: x["phone"] for x in rows if x["id"] in wanted} == wanted
        for desk in (self.rep, self.lead):
            assert desk.integrity() == "ok"
            assert desk.json("conflicts") == []

    def every_edit_is_in_the_history(self) -> None:
        """Each value that was typed is in the server's history once, and nowhere twice."""
        for account, phones in self.typed.items():
            entries = self.rep.json("history", "account", account)
            assert [x["new"] for x in entries if x["field"] == "phone"] == ["030-0", *phones]


@pytest.fixture
def trial(own_world: World) -> Trial:
    """Two people in step, and the time that one synchronisation takes here and now."""
    rep, lead = own_world.people("rep", "lead")
    accounts = [rep.add("account", name=f"Customer {n}", phone="030-0") for n in range(ACCOUNTS)]
    rep.sync()
    lead.sync()
    made = Trial(own_world, rep, lead, random.Random(SEED), accounts)
    made.type_more()
    before = time.monotonic()
    assert made.start_sync(rep).wait(PATIENCE_S) == 0
    made.sync_takes_s = time.monotonic() - before
    return made


@pytest.mark.parametrize("store", ["sqlite"])
def test_a_client_killed_at_random_instants_loses_nothing(trial: Trial) -> None:
    killed = 0
    for _ in range(CLIENT_KILLS):
        trial.type_more()
        syncing = trial.start_sync(trial.rep)
        killed += not processes.ended_within(syncing, trial.instant())
        processes.kill(syncing)
        trial.check()
    trial.every_edit_is_in_the_history()
    assert killed >= CLIENT_KILLS // 2


def test_a_server_killed_at_random_instants_loses_nothing(trial: Trial, store: str) -> None:
    interrupted = 0
    for _ in range(SERVER_KILLS[store]):
        trial.type_more()
        syncing = trial.start_sync(trial.rep)
        processes.ended_within(syncing, trial.instant())
        trial.world.server.kill()
        code = syncing.wait(PATIENCE_S)
        assert code in (0, NOT_REACHABLE)
        interrupted += code == NOT_REACHABLE
        trial.world.server.serve()
        trial.check()
    trial.every_edit_is_in_the_history()
    trial.world.server.admin("check")
    assert interrupted
