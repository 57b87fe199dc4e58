"""A laptop in a folder of its own that fetches for the first time from a server in process, and may
be killed at any step."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.errors import Unavailable
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, PullRequest, PushRequest, PushResponse
from crm_desktop.beside import FETCHING, Folder
from crm_desktop.models import journal
from crm_desktop.models.indexes import missing
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.second import SecondFile
from crm_desktop.models.store import Identity, Store
from crm_desktop.profile import database, point_to
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect
from crm_desktop.sync.runner import Run, Runner, run_here
from crm_server.rows import By
from crm_server.store import write_clock
from tests.simulator.chance import Crashed, VirtualTime
from tests.simulator.company import ANN, LEA, ORGANISATION, device_id, fixed_id
from tests.simulator.device import InLine, send_in_line
from tests.simulator.link import GONE, Link, Weather
from tests.simulator.oracle import Oracle
from tests.simulator.server_side import ServerSide
from tests.simulator.stores import KEY

ACCOUNTS = 16
Meanwhile = Callable[[Effect[Any]], None]


def account(number: int) -> RecordId:
    return fixed_id(0xA000 + number)


class Place:
    """A server with some accounts of Ann's, one of which she visits tomorrow, and her laptop."""

    def __init__(self, folder: Path) -> None:
        self.time = VirtualTime()
        self.server = ServerSide(folder, self.time, random.Random(1))
        for n in range(ACCOUNTS):
            self.server.load("account", account(n), {"name": f"Customer {n}", "owner": ANN.id})
        visit: dict[str, Value] = {
            "account": account(0), "owner": ANN.id, "planned_start": "2026-11-23T09:00:00Z",
            "state": "planned",
        }  # fmt: skip
        self.server.load("visit", fixed_id(0xB000), visit)
        self.laptop = Laptop(folder / "ann", self)

    def delete(self, kind: str, record_id: RecordId) -> None:
        """A colleague deletes it."""
        service = self.server.service
        with service.store.write() as (tx, clock):
            work = service.work(tx, clock)
            work.put(CATALOG[kind], record_id, {}, By(LEA.id, at=work.now), deleted=True)
            work.flush()
            write_clock(tx, replace(clock, seq=work.seq))

    def close(self) -> None:
        self.laptop.store.close()
        self.server.close()


class Laptop:
    """Ann's profile folder, opened."""

    def __init__(self, path: Path, place: Place) -> None:
        self.path = path
        self.place = place
        self.line = Line(place)
        self.from_rows = 1
        self.asked: list[Effect[Any]] = []
        self.failing: list[Exception] = []
        self.meanwhile: Meanwhile = lambda _: None
        self.progress: list[tuple[int, int]] = []
        self.lane: Callable[[Any], Any] = run_here
        self._new_profile()

    def _new_profile(self) -> None:
        self.path.mkdir()
        identity = Identity(ANN.id, ANN.login, device_id("ann-1"), ORGANISATION, "http://here")
        Store.create(self.path / "crm-1.db", KEY, identity).close()
        point_to(self.path, self.path / "crm-1.db")
        self.store = self._opened()

    def begin_anew(self) -> None:
        """A new profile in place of the former."""
        self.store.close()
        shutil.rmtree(self.path)
        self._new_profile()

    def _opened(self) -> Store:
        return Store.open(database(self.path), KEY, clock=lambda: self.place.time.now)

    def restart(self) -> None:
        """After a kill: what is in the files, opened anew."""
        self.store.close()
        self.store = self._opened()

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.store)

    def synchronise(self, *, sparing: bool = False) -> Run:
        self.asked.clear()
        second = SecondFile(self.store, Folder(self.path))
        runner = _Runner(self)
        runner.is_sparing = sparing
        runner.with_second(second, from_rows=self.from_rows, progress=self.note)
        return runner.run()

    def note(self, arrived: int, in_sight: int) -> None:
        self.progress.append((arrived, in_sight))

    def kinds(self) -> list[str]:
        return [type(effect).__name__ for effect in self.asked]

    def edit(self, number: int, **values: Value) -> None:
        """Type something into an account."""
        change = Change("account", account(number), Op.SET, values)
        journal.commit(self.store, [change], label="Change")

    def keep_draft(self, key: str, text: str) -> None:
        self.store.set_meta(f"draft:{key}", text)

    def rows(self, sql: str, *parameters: Any) -> list[Any]:
        with self.store.reader() as c:
            return c.rows(sql, parameters)

    def value(self, number: int, name: str) -> Any:
        sql = f'SELECT "{name}" FROM account WHERE id = ? AND deleted = 0'
        found = self.rows(sql, bytes.fromhex(account(number)))
        return found[0][0] if found else None

    def states(self) -> list[str]:
        return [state for (state,) in self.rows("SELECT state FROM changeset ORDER BY n")]

    def damage_second(self, how: str) -> None:
        """Spoil the second file as it lies there after a kill."""
        file = self.path / "crm-2.db"
        whole = file.read_bytes()
        if how == "cut":
            file.write_bytes(whole[: len(whole) // 2])
        elif how == "scrambled":
            file.write_bytes(bytes(4096) + whole[4096:])
        elif how == "empty":
            file.write_bytes(b"")
        elif how == "another key":
            file.unlink()
            Store.create(file, bytes(32), self.store.identity).close()
        else:
            with closing(Store.open(file, KEY)) as second:
                second.write.run("PRAGMA user_version=0")

    def files(self) -> set[str]:
        return {file.name for file in self.path.iterdir()}

    def holds_everything(self) -> bool:
        """Whether every version that Ann may see is here, and no other."""
        truth = Oracle(self.place.server.look).visible(ANN)
        held: dict[tuple[str, RecordId], int] = {}
        for kind in {kind for kind, _ in truth} | {"account", "visit", "task"}:
            sql = f'SELECT id, seq FROM "{kind}" WHERE deleted = 0 AND seq > 0'
            held |= {(kind, RecordId(key.hex())): seq for key, seq in self.rows(sql)}
        return held == dict(truth)

    def is_settled(self) -> bool:
        """Whether one file is left, with all of its indexes."""
        with self.store.reader() as c:
            whole = not missing(c) and c.value("PRAGMA integrity_check") == "ok"
        databases = {name for name in self.files() if name.endswith(".db")}
        return whole and databases == {self.store.path.name} and FETCHING not in self.files()


class Line(Link):
    """A line that may break after so many items, or be cut."""

    def __init__(self, place: Place) -> None:
        super().__init__("ann-1", place.server, Weather(random.Random(0)), place.server.park)
        self.is_old_server = self.cut = self.cut_after_push = self._no_pulls = False
        self.refuses = False
        self.requests: list[Any] = []

    def push(self, request: PushRequest) -> PushResponse:
        if self.cut:
            raise Unavailable(GONE)
        self._no_pulls = self.cut_after_push
        if self.refuses:
            return refused_all(request)
        return super().push(request)

    @contextmanager
    def pull(self, request: PullRequest) -> Iterator[Any]:
        if self._no_pulls:
            raise Unavailable(GONE)
        self.requests.append(request)
        if self.is_old_server:
            request = msgspec.structs.replace(request, first="")
        with super().pull(request) as items:
            yield items


def refused_all(request: PushRequest) -> PushResponse:
    parts = (ChangeResult(0, "", "rejected", "right.missing"),)
    results = (ChangeSetResult(one.id, "rejected", 0, parts) for one in request.changesets)
    return PushResponse(request.epoch, 0, tuple(results))


class _Runner(Runner):
    """The runner that ships, watched."""

    def __init__(self, laptop: Laptop) -> None:
        super().__init__(
            laptop.outbox, laptop.line, open_stream=InLine, send=send_in_line, write=laptop.lane
        )
        self._laptop = laptop

    def perform(self, effect: Effect[Any]) -> Any:
        self._laptop.asked.append(effect)
        self._laptop.meanwhile(effect)
        if self._laptop.failing:
            raise self._laptop.failing.pop()
        return super().perform(effect)


def dies_at(number: int) -> Meanwhile:
    """Die before the so-manieth effect. Not counted: reading on, which changes nothing, and what is
    repeated for each index."""
    passed = iter(range(number, -1, -1))
    seen: Counter[type[Effect[Any]]] = Counter()

    def maybe(effect: Effect[Any]) -> None:
        seen[type(effect)] += 1
        is_repeated = seen[do.IndexSecond] > 2 and not seen[do.Swap]
        if isinstance(effect, do.NextItem) or is_repeated:
            return
        if next(passed, None) == 0:
            raise Crashed

    return maybe


def at(kind: type[Effect[Any]], job: Callable[[], None], *, nth: int = 1) -> Meanwhile:
    """Do something before the n-th effect of a kind that goes into the second file, or has none."""
    left = [nth]

    def maybe(effect: Effect[Any]) -> None:
        if isinstance(effect, kind) and getattr(effect, "second", True):
            left[0] -= 1
            if left[0] == 0:
                job()

    return maybe
