"""What the bench measures inside processes of its own: `python -m tests.bench.child JOB …`.

Each job prints one JSON object and ends. None of them imports Qt.
"""

from __future__ import annotations

import gc
import json
import secrets
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_core.wire import PullItem, PullRequest, PushRequest, PushResponse
from crm_desktop.beside import second_file
from crm_desktop.models.journal import commit
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.sql import layout
from crm_desktop.models.store import Store
from crm_desktop.profile import Profile, open_profile
from crm_desktop.sync.effects import ApplyToday, Effect, IndexSecond
from crm_desktop.sync.runner import Run, Runner, sync_once
from crm_desktop.sync.session import PATH_PING, Session
from tests.bench.machine import peak_memory_mib, reset_peak_memory, timed
from tests.e2e.processes import PASSPHRASE

ROWS_AT_ONCE = 5000
ROUNDS = 40
PUSHES = 3


def opened(folder: str) -> Profile:
    """The profile in a folder, as the window has it."""
    gc.freeze()
    return open_profile(Path(folder), PASSPHRASE)


def sync(folder: str) -> dict[str, Any]:
    """One synchronisation: seconds from the first request until everything is committed, indexed
    and in use, of these until today was; and memory, and of that until all rows were here."""
    with closing(opened(folder)) as profile:
        runner = TimedToday(Outbox(profile.store), profile.session)
        runner.with_second(second_file(profile))
        gc.collect()
        reset_peak_memory()
        seconds, run = timed(runner.run)
        with profile.store.reader() as connection:
            accounts = connection.value("SELECT count(*) FROM account WHERE deleted = 0")
    peak_mib = peak_memory_mib()
    return {"seconds": seconds, "today_s": runner.today_s, "peak_mib": peak_mib,
            "arrived_mib": runner.arrived_mib or peak_mib,
            "rows": accounts, "verified": run.report.verified, "file": profile.store.path.name,
            "steps": runner.steps_s}  # fmt: skip


class TimedToday(Runner):
    """A runner that notes when today was here, the memory taken until all rows were, and how long
    each kind of step took in all."""

    today_s = arrived_mib = 0.0

    def run(self, *, repair: bool = True, thorough: bool = False) -> Run:
        self.steps_s: dict[str, float] = {}
        self._began_s = time.perf_counter()
        return super().run(repair=repair, thorough=thorough)

    def perform(self, effect: Effect[Any]) -> Any:
        if isinstance(effect, IndexSecond) and not self.arrived_mib:
            self.arrived_mib = peak_memory_mib()
        before_s = time.perf_counter()
        try:
            return super().perform(effect)
        finally:
            now_s, name = time.perf_counter(), type(effect).__name__
            self.steps_s[name] = self.steps_s.get(name, 0.0) + now_s - before_s
            if isinstance(effect, ApplyToday):
                self.today_s = now_s - self._began_s


def upsert(folder: str, new: str) -> dict[str, Any]:
    """The yardstick R: a profile's own account rows, from memory into a new file's tables."""
    columns = ", ".join(("id", "seq", "root", "deleted", "extra", layout("account").column_list))
    with closing(opened(folder)) as profile, profile.store.reader() as connection:
        rows = connection.rows(f"SELECT {columns} FROM account ORDER BY rid")
        identity = profile.store.identity
    with closing(Store.create(Path(new), secrets.token_bytes(32), identity)) as store:

        def write() -> None:
            for first in range(0, len(rows), ROWS_AT_ONCE):
                with store.writing() as connection:
                    connection.many(layout("account").upsert, rows[first : first + ROWS_AT_ONCE])

        seconds, _ = timed(write)
    return {"seconds": seconds, "rows": len(rows)}


def edit(folder: str, edits: str, every: str) -> dict[str, Any]:
    """Edit every so many-th account, each in a changeset of its own, without sending anything."""
    with closing(opened(folder)) as profile:
        seconds, _ = timed(lambda: edit_each(profile.store, int(edits), int(every), 0))
    return {"seconds": seconds}


def edit_each(store: Store, edits: int, every: int, first: int) -> None:
    """Edit every so many-th account beginning with the `first`, each in a changeset of its own."""
    with store.reader() as connection:
        ids = connection.rows(
            "SELECT id FROM account WHERE rid % ? = ? ORDER BY rid LIMIT ?", (every, first, edits)
        )
    for (stored,) in ids:
        new = {"phone": f"030-{time.monotonic_ns()}"}
        change = Change("account", RecordId(stored.hex()), Op.SET, {**new})
        commit(store, [change], label="Edit")


class TimedPush:
    """A session that notes when the first push went out and when the pull began."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.began_s = self.ended_s = 0.0
        self.requests = 0

    def expect_answer(self) -> None:
        self._session.expect_answer()

    def push(self, request: PushRequest) -> PushResponse:
        self.began_s = self.began_s or time.perf_counter()
        self.requests += 1
        return self._session.push(request)

    def pull(self, request: PullRequest) -> AbstractContextManager[Iterable[PullItem]]:
        self.ended_s = self.ended_s or time.perf_counter()
        return self._session.pull(request)

    def refresh(self) -> None:
        self._session.refresh()

    def park(self, body: bytes) -> None:
        self._session.park(body)


def push(folder: str) -> dict[str, Any]:
    """Send everything that waits: seconds from the first push request to the last one settled."""
    with closing(opened(folder)) as profile:
        session = TimedPush(profile.session)
        report = sync_once(Outbox(profile.store), session)
    return {"seconds": session.ended_s - session.began_s, "pushed": report.pushed,
            "requests": session.requests, "verified": report.verified}  # fmt: skip


def pushes(folder: str, edits: str, every: str) -> dict[str, Any]:
    """A device's first pushes, one after the other, of so many edits each: the seconds of each.
    What a program loads for its first request is loaded before."""
    seconds: list[float] = []
    with closing(opened(folder)) as profile:
        sync_once(Outbox(profile.store), profile.session)
        for number in range(PUSHES):
            edit_each(profile.store, int(edits), int(every), number)
            session = TimedPush(profile.session)
            report = sync_once(Outbox(profile.store), session)
            assert (report.verified, report.pushed) == (True, int(edits)), report
            seconds.append(session.ended_s - session.began_s)
    return {"seconds": seconds}


def nothing_new(folder: str) -> dict[str, Any]:
    """Synchronisations with nothing new, in turn with bare GETs on the same connection."""
    with closing(opened(folder)) as profile:
        store, session = Outbox(profile.store), profile.session
        sync_once(store, session)
        client, token = session.client, session._required().access
        assert b"epoch" in client.get(PATH_PING, token)
        syncs: list[float] = []
        gets: list[float] = []
        for _ in range(ROUNDS):
            syncs.append(timed(lambda: sync_once(store, session))[0])
            gets.append(timed(lambda: client.get(PATH_PING, token))[0])
    return {"sync": sorted(syncs), "get": sorted(gets)}


def pull(folder: str, data: str, changed: str, rounds: str) -> dict[str, Any]:
    """Rounds of: colleagues change so many accounts, one synchronisation fetches them, one bare
    GET on the same connection."""
    from tests.bench.stage import change_accounts  # the server's modules, in this job only

    pulls: list[float] = []
    gets: list[float] = []
    with closing(opened(folder)) as profile:
        store, session = Outbox(profile.store), profile.session
        sync_once(store, session)
        client, token = session.client, session._required().access
        for _ in range(int(rounds)):
            change_accounts(Path(data), int(changed), note=f"{time.time_ns()}")
            gets.append(timed(lambda: client.get(PATH_PING, token))[0])
            seconds, report = timed(lambda: sync_once(store, session))
            assert (report.verified, report.pulled) == (True, int(changed)), report
            pulls.append(seconds)
    return {"pull": sorted(pulls), "get": sorted(gets)}


JOBS: dict[str, Callable[..., dict[str, Any]]] = {
    "sync": sync, "upsert": upsert, "edit": edit, "push": push, "pushes": pushes,
    "nothing-new": nothing_new, "pull": pull,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(JOBS[sys.argv[1]](*sys.argv[2:])))
