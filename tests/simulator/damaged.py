"""One laptop that holds a record of every kind, ways to damage its file, and a line that counts."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.digest import content_hash
from crm_core.errors import Unavailable
from crm_core.ids import RecordId
from crm_core.wire import Deleted, Page, PullItem, PullRequest, PushRequest, PushResponse
from crm_desktop.models import journal
from crm_desktop.models.journal import comparing
from crm_desktop.models.replica import Parked
from crm_desktop.models.sql import blob, layout
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect
from crm_desktop.sync.runner import Run
from crm_desktop.sync.session import decode_item
from crm_desktop.sync.status import State, standing
from tests.simulator.chance import VirtualTime
from tests.simulator.company import ACCOUNTS, ANN, fixed_id
from tests.simulator.device import Device
from tests.simulator.device import _SimulatedRunner as SimulatedRunner
from tests.simulator.link import GONE, Link, Weather
from tests.simulator.oracle import Oracle
from tests.simulator.server_side import ServerSide
from tests.support.records import values_for

Key = tuple[str, RecordId]
HERE = ACCOUNTS[0]


class Counting(Link):
    """A good line that notes what travels; `cut` for pushes."""

    def __init__(self, device: str, server: ServerSide) -> None:
        super().__init__(device, server, Weather(random.Random(0)))
        self.requests: list[PullRequest] = []
        self.travelled: set[Key] = set()
        self.cut = False
        self.cut_repair_at = 0
        self.is_old_server = False
        self.lose: Callable[[PullItem], PullItem | None] = lambda item: item

    def be_bad(self, dice: random.Random, badness: float) -> None:
        """What happens on the line from now on."""
        self._weather = Weather(dice, badness)

    def push(self, request: PushRequest) -> PushResponse:
        if self.cut:
            raise Unavailable(GONE)
        return super().push(request)

    def _items(self, lines: Iterator[bytes], cut_at: int | None) -> Iterator[Any]:
        lines = cut_anywhere(lines, self._weather)
        for number, line in enumerate(lines):
            if self.cut_repair_at and self.requests[-1].anew and number >= self.cut_repair_at:
                raise Unavailable(GONE)
            item = decode_item(line)
            if self.requests[-1].check is None and self.lose(item) is None:
                continue
            if isinstance(item, Page | Deleted):
                self.travelled |= {(item.kind, row.id) for row in item.rows}
            yield item

    def pull(self, request: PullRequest) -> Any:
        self.requests.append(request)
        if self.is_old_server:
            request = msgspec.structs.replace(request, check=None, anew=())
        return super().pull(request)


def cut_anywhere(lines: Iterator[bytes], weather: Weather) -> Iterator[bytes]:
    """A stream that may break at every line."""
    for line in lines:
        if weather.happens(0.2):
            raise Unavailable(GONE)
        yield line


class Place:
    """A server with one record of every kind below one account, and a laptop that holds it all."""

    def __init__(self, folder: Path) -> None:
        self.time = VirtualTime()
        self.server = ServerSide(folder, self.time, random.Random(1))
        self.device = Device("ann-1", ANN, folder, self.time, random.Random(2))
        self.line = Counting("ann-1", self.server)
        self.said: list[State] = []
        self.fetched_anew = 0
        self.pulled = False
        self.beliefs: list[str] = []
        self.lies: list[str] = []
        self._load()
        self.synchronise()

    def _load(self) -> None:
        dice, known = random.Random(3), {"user": [ANN.id], "account": [HERE], "team": [ANN.team]}
        for n, entity in enumerate(CATALOG.values()):
            if entity.read_only or entity.kind in ("account", "user", "team", "role_permission"):
                continue
            made = fixed_id(5000 + n)
            self.server.load(entity.kind, made, values_for(entity, dice, known))
            known[entity.kind] = [made]

    def synchronise(self, *, thorough: bool = False) -> Run:
        self.line.requests.clear()
        self.line.travelled.clear()
        self.said.clear()
        self.pulled = False
        runner = SimulatedRunner(self.device, self.line, self._between)
        return runner.run(thorough=thorough)

    def _between(self, device: Device, effect: Effect[Any]) -> None:
        if isinstance(effect, do.FetchAnew):
            assert self.line.is_old_server, "everything is fetched again"
            self.fetched_anew += 1
        state = standing(device.state, device.parked, signed_in=True).state
        self.said.append(state)
        if state is State.UP_TO_DATE and self.content() != self.content_there():
            (self.lies if self.pulled else self.beliefs).append(type(effect).__name__)
        # Called before and behind each effect: what is said counts from behind the first pull.
        self.pulled = self.pulled or isinstance(effect, do.FinishPull)

    @property
    def truth(self) -> Oracle:
        return Oracle(self.server.look)

    def below(self, root: RecordId) -> set[Key]:
        truth = self.truth
        return {key for key in truth.visible(ANN) if root in truth.roots(*key)}

    def content(self) -> dict[Key, int]:
        """What the device shows of the server, by version and content."""
        c = self.device.store.write
        found = comparing.versions(c, [], content=True)
        return {(one.kind, one.id): one.hash for one in found}

    def content_there(self) -> dict[Key, int]:
        truth = self.truth
        return {
            key: content_hash(*key, seq, truth.records[key].values)
            for key, seq in truth.visible(ANN).items()
        }

    def run(self, sql: str, *parameters: Any) -> int:
        return self.device.store.write.run(sql, parameters)


def damage_content(place: Place, kind: str, key: bytes) -> None:
    name = next(f.name for f in CATALOG[kind].fields if f.link is None)
    place.run(f'UPDATE "{kind}" SET "{name}" = ? WHERE id = ?', "damaged", key)


def drop(place: Place, kind: str, key: bytes) -> None:
    assert place.run(f'DELETE FROM "{kind}" WHERE id = ?', key) == 1


def add(place: Place, kind: str, key: bytes) -> None:
    columns = ", ".join(f'"{name}"' for name in ("seq", "root", "deleted", *layout(kind).fields))
    root = f'UPDATE "{kind}" SET root = ? WHERE id = ? AND root IS NULL'
    copy = blob(fixed_id(0xDEAD00 + [*CATALOG].index(kind)))
    place.run(
        f'INSERT OR IGNORE INTO "{kind}" (id, {columns}) SELECT ?, {columns} FROM "{kind}"'
        " WHERE id = ?",
        copy, key,
    )  # fmt: skip
    place.run(root, key if kind == "account" else None, copy)


def newer(place: Place, kind: str, key: bytes) -> None:
    place.run(f'UPDATE "{kind}" SET seq = seq + 1000000 WHERE id = ?', key)


def older(place: Place, kind: str, key: bytes) -> None:
    place.run(f'UPDATE "{kind}" SET seq = seq - 1 WHERE id = ?', key)


def elsewhere(place: Place, kind: str, key: bytes) -> None:
    """Below a root that is held, but is not the record's."""
    place.run(f'UPDATE "{kind}" SET root = ? WHERE id = ?', blob(ACCOUNTS[1]), key)


def nowhere(place: Place, kind: str, key: bytes) -> None:
    place.run(f'UPDATE "{kind}" SET root = ? WHERE id = ?', blob(fixed_id(0xBAD)), key)


DAMAGES = (damage_content, drop, add, newer, older, elsewhere, nowhere)


def one_of_each_table(place: Place, root: RecordId) -> list[Key]:
    return [*{key[0]: key for key in sorted(place.below(root))}.values()]


def edit_some(place: Place, keys: list[Key], value: str = "mine") -> list[Key]:
    """Own edits of what a person may write; that they are allowed is not the question here."""
    edited: list[Key] = []
    for kind, record_id in keys:
        name = {"account": "name", "task": "title", "visit": "objectives", "contact": "full_name",
                "complaint": "title", "interaction": "subject"}.get(kind)  # fmt: skip
        if name is not None and name in CATALOG[kind].by_name:
            change = Change(kind, record_id, Op.SET, {name: value})
            journal.commit(place.device.store, [change], label="Change")
            edited.append((kind, record_id))
    return edited


def value_of(place: Place, key: Key) -> str:
    from crm_desktop.models.journal.rows import fetch

    row = fetch(place.device.store.write, *key)
    assert row is not None
    return next(str(value) for value in row.values.values() if value == "mine")


WINDY = 0.15


def mend_at_random(folder: Path, seed: int) -> dict[str, int]:
    """Edits, colleagues, damage anywhere and a bad line, four days long; then a good line. What
    became of the edits, by the state of their changesets; raises AssertionError."""
    dice, place = random.Random(seed), Place(folder)
    typed: dict[Key, str] = {}
    try:
        for day in range(4):
            keys = sorted(place.device.live().keys() & place.content_there().keys())
            for key in edit_some(place, dice.sample(keys, 6), f"mine {day}"):
                typed[key] = f"mine {day}"
            place.server.load("account", HERE, {"phone": f"030-{day}"})
            for _ in range(dice.randrange(4)):
                kind, record_id = dice.choice(sorted(place.device.live()))
                dice.choice(DAMAGES)(place, kind, blob(record_id))
            place.time.pass_by(25 * 3600)
            place.line.be_bad(dice, WINDY)
            for _ in range(dice.randrange(1, 4)):
                place.synchronise(thorough=dice.random() < 0.5)
            place.line.be_bad(dice, 0)
        place.time.pass_by(25 * 3600)
        for _ in range(2):
            place.synchronise(thorough=True)
        assert place.content() == place.content_there()
        assert standing(place.device.state, Parked(), signed_in=True).state is State.UP_TO_DATE
        states = place.device.states()
        assert not {"queued", "sent", "acked"} & set(states.values())
        _look_for(place, typed)
        return dict(Counter(states.values()))
    finally:
        place.device.close()
        place.server.close()


def _look_for(place: Place, typed: dict[Key, str]) -> None:
    """Each last value stands at the server, or lies with its author."""
    truth = place.truth.records
    for (kind, record_id), value in typed.items():
        lies = place.device.rows(
            "SELECT 1 FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ? AND o.id = ?"
            " AND (s.state IN ('rejected', 'orphaned', 'held') OR o.parked IS NOT NULL"
            " OR o.refused IS NOT NULL)", (kind, blob(record_id)),
        )  # fmt: skip
        assert lies or value in truth[(kind, record_id)].values.values(), (kind, record_id, value)
