"""One organisation for tests: its people, its clock, and devices that believe all they hear."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from crm_core.catalog import SCHEMA
from crm_core.changes import Change, ChangeSet, Op
from crm_core.digest import Digest, of_version
from crm_core.fields import Value
from crm_core.ids import SYSTEM, ChangeSetId, RecordId, uuid7_from
from crm_core.values import instant_of
from crm_core.wire import (
    PULL_ITEM_DECODER,
    ChangeSetResult,
    Deleted,
    End,
    Enter,
    Gone,
    Hello,
    Left,
    Mark,
    Page,
    PullItem,
    PullRequest,
    PushRequest,
    PushResponse,
    WireRow,
)
from crm_server.load import LoadRow, load
from crm_server.service import Principal, Service
from crm_server.store import ServerStore

START = dt.datetime(2026, 11, 20, 8, 0, tzinfo=dt.UTC)
Key = tuple[str, RecordId]


class World:
    """A server in process, with time and ids that only the test moves."""

    def __init__(self, store: ServerStore) -> None:
        self.store = store
        self.time = START
        self._rng = Random(1)
        self.service = Service(store, clock=lambda: self.time, new_id=self.new_id)
        self.people: dict[str, RecordId] = {}

    def new_id(self) -> RecordId:
        return uuid7_from(int(self.time.timestamp() * 1000), self._rng.getrandbits(74))

    def passes(self, **span: float) -> None:
        self.time += dt.timedelta(**span)

    def team(self, name: str, lead: str = "") -> RecordId:
        made = self.new_id()
        values: dict[str, Value] = {"name": name}
        if lead:
            values["lead"] = self.people[lead]
        load(self.service, [("team", made, values)], SYSTEM)
        return made

    def territory(self, name: str, parent: RecordId | None = None) -> RecordId:
        made = self.new_id()
        load(self.service, [("territory", made, {"name": name, "parent": parent})], SYSTEM)
        return made

    def user(
        self, login: str, role: str, *, team: RecordId | None = None,
        territory: RecordId | None = None,
    ) -> Device:  # fmt: skip
        user = self.new_id()
        self.people[login] = user
        values: dict[str, Value] = {
            "login": login, "name": login.title(), "role": role, "team": team,
            "territory": territory, "active": True,
        }  # fmt: skip
        load(self.service, [("user", user, values)], SYSTEM)
        return self.device(login)

    def change(self, kind: str, record_id: RecordId, **values: Value) -> None:
        """IT writes past all judgement."""
        load(self.service, [(kind, record_id, values)], SYSTEM)

    def device(self, login: str) -> Device:
        made = Device(self, self.people[login], self.new_id())
        self.service.register_device(made.user, made.device)
        return made


class Device:
    """What a device holds when it believes all it is told; each pull's digest is compared."""

    def __init__(self, world: World, user: RecordId, device: str) -> None:
        self.world = world
        self.user = user
        self.device = device
        self.who = Principal(user, device, "", "")
        self.epoch, self.gen, self.cursor, self.made = "", 0, 0, 0
        self.resume, self.resume_hi = "", 0
        self.rows: dict[Key, WireRow] = {}
        self.held: set[RecordId] = set()
        self.items: list[PullItem] = []
        self.stubs = ""
        self.offers: tuple[RecordId, ...] = ()
        self.handed: tuple[RecordId, ...] = ()

    # -- pulling ----------------------------------------------------------------------------

    def request(self) -> PullRequest:
        return PullRequest(
            self.epoch, SCHEMA, self.gen, self.cursor, self.resume, self.resume_hi,
            stubs=self.stubs, offers=self.offers, handed=self.handed,
        )  # fmt: skip

    def pull(self) -> list[PullItem]:
        self.receive(self.fetch())
        end = self.items[-1]
        assert isinstance(end, End)
        assert Digest(end.count, end.total) == self.digest()
        return self.items

    def pull_anew(self) -> list[PullItem]:
        """A pull of a device that is told to forget what is not named any more."""
        items = self.fetch()
        assert any(isinstance(item, Hello) and item.anew for item in items)
        self.rows.clear()
        self.held.clear()
        self.cursor, self.resume, self.resume_hi = 0, "", 0
        self.receive(items)
        end = self.items[-1]
        assert isinstance(end, End)
        assert Digest(end.count, end.total) == self.digest()
        return self.items

    def fetch(self) -> list[PullItem]:
        lines = self.world.service.pull(self.who, self.request())
        return [PULL_ITEM_DECODER.decode(line) for line in lines]

    def receive(self, items: Sequence[PullItem]) -> None:
        self.items = list(items)
        for item in items:
            self._take(item)

    def _take(self, item: PullItem) -> None:
        match item:
            case Hello():
                if item.epoch != self.epoch:
                    self.rows.clear()
                    self.held.clear()
                    self.cursor, self.resume, self.resume_hi = 0, "", 0
                self.epoch, self.gen = item.epoch, item.scope_gen
            case Enter():
                self.held.update(item.roots)
            case Left():
                self.held.difference_update(item.roots)
                self._forget_unheld()
            case Gone():
                for record_id in item.ids:
                    self.rows.pop((item.kind, record_id), None)
            case Page():
                self.rows.update(((item.kind, row.id), row) for row in item.rows)
            case Deleted():
                for tomb in item.rows:
                    self.rows.pop((item.kind, tomb.id), None)
            case Mark():
                self.resume, self.resume_hi = item.after, item.cursor
            case End():
                self.cursor = item.hi
                self.resume, self.resume_hi = "", 0

    def _forget_unheld(self) -> None:
        for key, row in list(self.rows.items()):
            if not self.held.intersection(row.roots or (row.id,)):
                del self.rows[key]

    def digest(self) -> Digest:
        found = (of_version(kind, row.id, row.seq) for (kind, _), row in self.rows.items())
        return sum(found, Digest())

    def sees(self, kind: str, record_id: RecordId) -> bool:
        return (kind, record_id) in self.rows

    def body(self, kind: str, record_id: RecordId) -> dict[str, Value]:
        return self.rows[(kind, record_id)].body

    def of_kind(self, kind: str) -> list[WireRow]:
        return [row for (found, _), row in self.rows.items() if found == kind]

    # -- pushing ----------------------------------------------------------------------------

    def changeset(self, *changes: Change, atomic: bool = False, at: str = "") -> ChangeSet:
        self.made += 1
        return ChangeSet(
            ChangeSetId(self.world.new_id()), changes, atomic=atomic, scope_gen=self.gen,
            at=at or instant_of(self.world.time), seen=self.cursor, order=self.made,
        )  # fmt: skip

    def send(self, *changesets: ChangeSet) -> PushResponse:
        answer = self.world.service.push(self.who, PushRequest(self.epoch, 1, changesets))
        for page in answer.pages:
            for row in page.rows:
                if row.roots and not self.held.intersection(row.roots):
                    continue
                if self.sees(page.kind, row.id) or row.roots or row.id in self.held:
                    self.rows[(page.kind, row.id)] = row
        return answer

    def push(self, *changes: Change, atomic: bool = False) -> ChangeSetResult:
        return self.send(self.changeset(*changes, atomic=atomic)).results[0]

    def insert(self, kind: str, **values: Value) -> Change:
        return self.insert_as(kind, self.world.new_id(), **values)

    def insert_as(self, kind: str, record_id: RecordId, **values: Value) -> Change:
        return Change(kind, record_id, Op.INSERT, values)

    def set(self, kind: str, record_id: RecordId, **values: Value) -> Change:
        """An edit on top of what this device holds."""
        row = self.rows[(kind, record_id)]
        old = {name: row.body.get(name) for name in values}
        return Change(kind, record_id, Op.SET, values, old, row.seq)

    def delete(
        self, kind: str, record_id: RecordId, *, after: tuple[ChangeSetId, ...] = ()
    ) -> Change:
        row = self.rows.get((kind, record_id))
        return Change(kind, record_id, Op.DELETE, base_seq=row.seq if row else 0, after=after)

    def account(self, name: str = "Alfreds", **values: Value) -> RecordId:
        """A new account of this user, pushed and pulled."""
        change = self.insert("account", **{"name": name, **values})
        assert self.push(change).result == "applied"
        self.pull()
        return change.id


@dataclass(frozen=True)
class Acme:
    """A company with one device for each of its people."""

    world: World
    nancy: Device
    li: Device
    kam: Device
    fuller: Device
    buchanan: Device
    service: Device
    it: Device
    team: RecordId
    east: RecordId

    @property
    def everybody(self) -> tuple[Device, ...]:
        return (
            self.nancy, self.li, self.kam, self.fuller, self.buchanan, self.service, self.it
        )  # fmt: skip

    def shared_account(self, name: str = "Alfreds", **values: Value) -> RecordId:
        """An account of nancy's that fuller holds as well."""
        account = self.nancy.account(name, **values)
        self.fuller.pull()
        return account

    def clash(self, account: RecordId, mine: str = "111", theirs: str = "222") -> RecordId:
        """Fuller and nancy set the phone apart from each other; returns the open conflict."""
        assert (
            self.fuller.push(self.fuller.set("account", account, phone=theirs)).result == "applied"
        )
        result = self.nancy.push(self.nancy.set("account", account, phone=mine))
        assert result.result == "conflict"
        for device in (self.nancy, self.fuller):
            device.pull()
        return RecordId(result.changes[0].conflict_id)


def make_acme(world: World) -> Acme:
    """The company, loaded in one go, each device brought up to date."""
    everywhere, east, team = (world.new_id() for _ in range(3))
    people = {
        "nancy": ("rep", team, east), "li": ("rep", team, None), "kam": ("kam", team, None),
        "fuller": ("lead", None, everywhere), "buchanan": ("lead", team, None),
        "service": ("service", None, None), "it": ("it", None, None),
    }  # fmt: skip
    world.people.update((login, world.new_id()) for login in people)
    rows: list[LoadRow] = [
        ("territory", everywhere, {"name": "World"}),
        ("territory", east, {"name": "East", "parent": everywhere}),
        ("team", team, {"name": "Sales", "lead": world.people["buchanan"]}),
    ]
    for login, (role, place, territory) in people.items():
        values = {"login": login, "name": login, "role": role, "active": True}
        rows.append(
            ("user", world.people[login], {**values, "team": place, "territory": territory})
        )
    load(world.service, rows, SYSTEM)
    devices = {login: world.device(login) for login in people}
    for device in devices.values():
        device.pull()
    return Acme(world, **devices, team=team, east=east)
