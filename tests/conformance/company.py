"""A server with two records of every kind, and devices of one user who may do everything there."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.entity import Entity, default_of
from crm_core.fields import Value
from crm_core.ids import DeviceId, RecordId
from crm_core.machines import MACHINES, missing_for
from crm_core.switches import EVERYBODY, ON, POLICY, SWITCHES
from crm_core.wire import PullRequest, PushRequest, decode, encode
from crm_desktop.models import journal, queries
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.queries import Row
from crm_desktop.models.store import Identity, Store, new_uuid7
from crm_desktop.sync.runner import Runner
from crm_server.load import load
from crm_server.service import Principal, Service
from crm_server.store import ServerStore, sqlite_url
from tests.simulator.device import InLine, send_in_line
from tests.simulator.link import Link, Weather
from tests.support.records import new_id, value_for, values_for

KEY = bytes(range(32))
NOW = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
ORGANISATION = "conformance"
RECORDS_EACH = 2
TEAM, TERRITORY, LEA = (RecordId(f"01900000000070008000{n:012x}") for n in (1, 2, 3))
"""Lea leads the one team and the one territory: she sees and may write whatever anybody may."""

Values = dict[str, Value]

_PARKED: list[Value] = [
    {"value": "Li", "author": TEAM, "device": TERRITORY, "at": "2026-11-01T08:00:00Z"}
]
_SHAPED: Mapping[str, Values] = {
    "device": {"user": LEA},
    "conflict": {"field": "name", "why": "edit", "parked": _PARKED},
    "saved_view": {"created_by": LEA},
}
"""What only the server writes has more of a shape than its field's kind says."""


@dataclass
class Company:
    """The server, what was loaded into it, and an empty device's file."""

    folder: Path
    service: Service
    template: Path
    rng: Random
    known: dict[str, list[RecordId]] = field(default_factory=dict)
    loaded: dict[tuple[str, RecordId], Values] = field(default_factory=dict)
    devices: int = 0

    def take(self, kind: str, record_id: RecordId, values: Values) -> None:
        """Load a record into the server as IT does."""
        load(self.service, [(kind, record_id, values)], LEA)
        self.known.setdefault(kind, []).append(record_id)
        self.loaded[kind, record_id] = values

    def fresh(self, entity: Entity) -> Values:
        """Valid values for all fields that a person may type into, keys unlike any other's."""
        return self._unique(entity, values_for(entity, self.rng, self.known))

    def fresh_whole(self, entity: Entity) -> Values:
        """Valid values for all fields, also those that only the office decides."""
        made = {x.name: value_for(x, self.rng, self.known) for x in entity.fields}
        made.update(_SHAPED.get(entity.kind, {}))
        return self._unique(
            entity, {name: value for name, value in made.items() if value is not None}
        )

    def _unique(self, entity: Entity, values: Values) -> Values:
        for one in entity.fields:
            if one.unique is not None and one.name in values:
                values[one.name] = f"{values[one.name]} {self.rng.getrandbits(64):x}"
        return values

    def device(self) -> Device:
        """A new laptop of Lea's, in step with the server as it was in the beginning."""
        self.devices += 1
        path = self.folder / f"device-{self.devices}.db"
        shutil.copyfile(self.template, path)
        made = Device(self, path, DeviceId(new_uuid7()))
        made.store.set_identity(identity(made.id))
        self.service.register_device(LEA, made.id)
        return made

    # What a link reaches (simulator.link.Answering)

    def push(self, device: str, body: bytes) -> bytes:
        return encode(self.service.push(principal(device), decode(body, PushRequest)))

    def pull(self, device: str, body: bytes) -> Iterator[bytes]:
        return self.service.pull(principal(device), decode(body, PullRequest))


class Device:
    """One laptop: a store in a file, and the engine that ships."""

    def __init__(self, company: Company, path: Path, device_id: DeviceId) -> None:
        self.id = device_id
        self.path = path
        self.store = Store.open(path, KEY, clock=lambda: NOW)
        self._company = company

    def synchronise(self) -> None:
        """One synchronisation, after which both sides agree."""
        link = Link(self.id, self._company, Weather(Random(0)))
        run = Runner(Outbox(self.store), link, open_stream=InLine, send=send_in_line).run()
        assert run.failure is None
        assert run.report.verified
        assert not run.report.rejected
        assert not run.report.conflicts

    def write(self, *changes: Change) -> None:
        journal.commit(self.store, changes, label="conformance")

    def insert(self, entity: Entity, values: Values) -> RecordId:
        record_id = self.store.new_id()
        self.write(Change(entity.kind, record_id, Op.INSERT, values))
        return record_id

    def row(self, entity: Entity, record_id: RecordId) -> Row | None:
        with self.store.reader() as c:
            return queries.record(c, entity.kind, record_id)

    def listed(self, entity: Entity) -> dict[RecordId, Row]:
        """All records as the list shows them."""
        with self.store.reader() as c:
            return {row.id: row for row in queries.page(c, entity.kind, limit=500).rows}

    def reopen(self) -> None:
        """Close the file and open it again."""
        self.store.close()
        self.store = Store.open(self.path, KEY, clock=lambda: NOW)


def make_company(folder: Path) -> Company:
    """The company, its template of a device synchronised once."""
    store = ServerStore(sqlite_url(folder / "server.db"))
    store.create(
        organisation=ORGANISATION, slug=ORGANISATION, epoch="epoch-0", at="2026-11-01T08:00:00Z"
    )
    service = Service(store, clock=lambda: NOW, new_id=new_uuid7)
    company = Company(folder, service, folder / "template.db", Random(7))
    company.take("team", TEAM, {"name": "Team", "lead": LEA})
    company.take("territory", TERRITORY, {"name": "Territory"})
    lea: Values = {
        "login": "lea", "name": "Lea", "role": "lead", "team": TEAM, "territory": TERRITORY,
        "active": True,
    }  # fmt: skip
    company.take("user", LEA, lea)
    for switch in SWITCHES:  # every field may be filled in here
        on: Values = {"role": EVERYBODY, "entity": POLICY, "action": switch, "level": ON}
        company.take("role_permission", new_id(company.rng), on)
    for entity in CATALOG.values():
        for _ in range(RECORDS_EACH):
            company.take(entity.kind, new_id(company.rng), _settled(entity, company))
    Store.create(company.template, KEY, identity(DeviceId("")), clock=lambda: NOW).close()
    first = company.device()
    first.synchronise()
    first.store.close()
    shutil.copyfile(first.path, company.template)
    return company


def _settled(entity: Entity, company: Company) -> Values:
    """Loaded values that leave the directory as it is: colleagues share Lea's team and country."""
    values = company.fresh_whole(entity)
    home: Values = {"team": TEAM, "territory": TERRITORY}
    if entity.kind in ("user", "account"):
        values.update(home)
    if entity.kind == "team":
        values["lead"] = LEA
    return values


def identity(device: DeviceId) -> Identity:
    return Identity(LEA, "lea", device, ORGANISATION, "http://conformance")


def principal(device: str) -> Principal:
    return Principal(LEA, device, "lead", ORGANISATION)


def a_step_on(entity: Entity, values: Mapping[str, Value]) -> Values:
    """The state that a record with these values may move to, by its field's name; {}: none."""
    state = entity.state_field
    if state is None:
        return {}
    machine = MACHINES[state.machine]
    for target in machine.targets(values.get(state.name)):
        arrow = machine.arrow(values.get(state.name), target)
        if arrow is not None and not missing_for(arrow, values):
            return {state.name: target}
    return {}


def typed(entity: Entity, values: Mapping[str, Value]) -> Values:
    """What stands in the fields that a person may type into, the unset ones too."""
    return {x.name: values.get(x.name, default_of(x)) for x in entity.fields if x.authority is None}


def whole(entity: Entity, values: Mapping[str, Value]) -> Values:
    """What stands in all fields, the unset ones too."""
    return {x.name: values.get(x.name, default_of(x)) for x in entity.fields}
