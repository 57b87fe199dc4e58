"""What a device answers beforehand is what the server says afterwards, of every record and role."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import DeviceId, RecordId
from crm_core.roles import Action
from crm_core.wire import End, Hello, Mark
from crm_desktop.models import journal
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.rights import Rights
from crm_desktop.models.store import Identity, Store
from crm_server.judge import Judge
from crm_server.load import LoadRow, load
from crm_server.pushing import author_of
from crm_server.standing import Standing
from crm_server.store import ServerStore, sqlite_url
from tests.models.support import KEY
from tests.server.world import Acme, Device, World, make_acme
from tests.support.records import Known, values_for

KINDS = (
    "account", "account_team", "contact", "account_contact", "address", "complaint", "plan",
    "plan_objective", "plan_action", "task", "visit", "interaction", "saved_view", "tag",
    "attachment", "complaint_event",
)  # fmt: skip
SEEDS = (1, 2, 3)


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[Acme]:
    made = made_in(tmp_path)
    yield made
    made.world.store.close()


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[int], Acme]]:
    """By its seed a company whose records nobody changes, made when it is first asked for."""
    with contextlib.ExitStack() as afterwards:

        @functools.cache
        def with_seed(seed: int) -> Acme:
            made = made_in(tmp_path_factory.mktemp(f"stocked-{seed}"))
            afterwards.callback(made.world.store.close)
            stock(made, Random(seed))
            return made

        yield with_seed


def made_in(folder: Path) -> Acme:
    store = ServerStore(sqlite_url(folder / "acme.sqlite"))
    store.create(organisation="Acme", slug="acme", epoch="e" * 32, at="2026-11-20T08:00:00Z")
    return make_acme(World(store))


def stock(acme: Acme, rng: Random) -> None:
    """Records of all kinds, made by anybody and hanging on anything, some of them long ago."""
    people = [device.user for device in acme.everybody]
    known: dict[str, list[RecordId]] = {
        "user": people, "team": [acme.team], "territory": [acme.east],
    }  # fmt: skip
    for n in range(6 * len(KINDS)):
        kind, made = KINDS[n % len(KINDS)], acme.world.new_id()
        values = made_up(kind, rng, known)
        row: LoadRow = (kind, made, values)
        load(acme.world.service, [row], rng.choice(people))
        known.setdefault(kind, []).append(made)
        acme.world.passes(hours=1)


def made_up(kind: str, rng: Random, known: Known) -> dict[str, Value]:
    values = values_for(CATALOG[kind], rng, known)
    for field in CATALOG[kind].references:
        if field.name in values and not field.required and rng.random() < 0.3:
            del values[field.name]
    return values


@pytest.fixture(params=("nancy", "li", "kam", "fuller", "buchanan", "service", "it"))
def person(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def device_store(device: Device, folder: Path) -> Store:
    """What a device holds after its first pull, in a real store."""
    identity = Identity(device.user, "x", DeviceId(device.device), "acme", "http://127.0.0.1:9")
    made = Store.create(folder / "device.db", KEY, identity, clock=lambda: device.world.time)
    device.pull()
    outbox, fresh = Outbox(made), Device(device.world, device.user, device.device)
    items = fresh.fetch()
    hello = next(x for x in items if isinstance(x, Hello))
    end = next(x for x in items if isinstance(x, End))
    outbox.begin_pull(hello)
    outbox.finish([x for x in items if not isinstance(x, (Hello, Mark, End))], end)
    return made


class Door:
    """The server's judgement of single records, nothing being written."""

    def __init__(self, device: Device) -> None:
        self._tx = device.world.store.read()
        tx = self._tx.__enter__()
        service = device.world.service
        clock = tx.clock()
        self._work = service.work(tx, clock)
        standing = Standing(tx, (device.who,))
        self._judge = Judge(self._work, author_of(self._work, device.who, standing), {})
        self._judge.scope_gen = device.gen

    def close(self) -> None:
        self._tx.__exit__(None, None, None)

    def edits(self, kind: str, record_id: RecordId) -> bool:
        row = self._work.row(kind, record_id)
        assert row is not None
        return self._judge.may(Action.EDIT, row)

    def deletes(self, kind: str, record_id: RecordId, at: str) -> bool:
        row = self._work.row(kind, record_id)
        assert row is not None
        return self._judge.may_delete(row, at)

    def creates(self, kind: str, values: dict[str, Value], by: RecordId) -> bool:
        made = {**values, "created_by": by}
        return self._judge.may_create(CATALOG[kind], RecordId("f" * 32), made)

    def refuses(self, change: Change) -> set[str]:
        row = self._work.row(change.kind, change.id)
        judged = self._judge.fields(CATALOG[change.kind], row, change)
        return {x.name for x in judged.refused if x.code == "right.missing"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_answer_for_a_record_is_the_servers(
    stocked: Callable[[int], Acme], person: str, seed: int, tmp_path: Path
) -> None:
    acme = stocked(seed)
    device: Device = getattr(acme, person)
    store, door = device_store(device, tmp_path), Door(device)
    now = acme.world.time
    with store.reader() as c:
        rights = Rights(c, device.user, now=now)
        for kind in KINDS:
            ids = [record_id for found, record_id in device.rows if found == kind]
            answers = rights.of_all(kind, ids)
            for x in ids:
                asked = (kind, device.rows[kind, x].body)
                assert answers[x].edit == door.edits(kind, x), asked
                assert answers[x].delete == door.deletes(kind, x, now.isoformat()), asked
    door.close()
    store.close()


def handed(device: Device, kind: str, record_id: RecordId, to: RecordId) -> list[Change]:
    body = device.body(kind, record_id)
    fields = [x for x in CATALOG[kind].references if x.link and x.link.target == "user"]
    return [
        Change(kind, record_id, Op.SET, {x.name: to}, {x.name: body.get(x.name)})
        for x in fields
        if x.authority is None and body.get(x.name) != to
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_answer_for_a_handover_is_the_servers(
    stocked: Callable[[int], Acme], person: str, seed: int, tmp_path: Path
) -> None:
    acme = stocked(seed)
    device: Device = getattr(acme, person)
    store, door = device_store(device, tmp_path), Door(device)
    with store.reader() as c:
        rights = Rights(c, device.user)
        for kind, record_id in device.rows:
            if kind in ("account", "complaint", "visit", "plan"):
                for change in handed(device, kind, record_id, acme.kam.user):
                    kept = rights.of(kind, record_id).kept
                    assert door.refuses(change) == kept & set(change.new), (kind, change)
    door.close()
    store.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_answer_for_a_new_record_is_the_servers(
    stocked: Callable[[int], Acme], person: str, seed: int, tmp_path: Path
) -> None:
    acme = stocked(seed)
    device: Device = getattr(acme, person)
    store, door = device_store(device, tmp_path), Door(device)
    rng, known = Random(seed), dict[str, list[RecordId]]()
    for kind, record_id in device.rows:
        known.setdefault(kind, []).append(record_id)
    with store.reader() as c:
        rights = Rights(c, device.user)
        for kind in (*KINDS[1:], *KINDS[1:]):
            values = made_up(kind, rng, known)
            assert rights.may_create(kind, values) == door.creates(kind, values, device.user), kind
    door.close()
    store.close()


def test_whoever_may_is_named(acme: Acme, tmp_path: Path) -> None:
    account = acme.nancy.account("Alfreds")
    store = device_store(acme.kam, tmp_path)
    with store.reader() as c:
        found = Rights(c, acme.kam.user).of("account", account)
    assert not found.edit
    assert found.editors.names == ("nancy", "buchanan", "fuller")
    store.close()


def edits(device: Device, kind: str, record_id: RecordId, folder: Path) -> bool:
    """What the device says, which is what the server says."""
    store, door = device_store(device, folder), Door(device)
    with store.reader() as c:
        answer = Rights(c, device.user).of(kind, record_id).edit
    assert answer == door.edits(kind, record_id)
    door.close()
    store.close()
    return answer


def test_who_handles_a_colleagues_complaint_may_change_it(acme: Acme, tmp_path: Path) -> None:
    account = RecordId(f"{1:032x}")  # so that its handler is the second of the complaint's roots
    load(acme.world.service, [("account", account, {"owner": acme.nancy.user})], acme.nancy.user)
    for handler, may in ((acme.kam.user, True), (acme.li.user, False)):
        complaint = acme.world.new_id()
        values: dict[str, Value] = {"account": account, "handler": handler, "subject": "Late"}
        load(acme.world.service, [("complaint", complaint, values)], acme.nancy.user)
        folder = tmp_path / str(may)
        folder.mkdir()
        assert edits(acme.kam, "complaint", complaint, folder) == may


def test_what_hangs_on_a_record_without_an_account_follows_its_author(
    acme: Acme, tmp_path: Path
) -> None:
    task, paper = acme.world.new_id(), acme.world.new_id()
    load(acme.world.service, [("task", task, {"title": "Call"})], acme.li.user)
    on_it: dict[str, Value] = {"parent": f"task/{task}", "name": "a.txt"}
    load(acme.world.service, [("attachment", paper, on_it)], acme.buchanan.user)
    for device, may in ((acme.li, True), (acme.kam, False), (acme.buchanan, True)):
        folder = tmp_path / device.user
        folder.mkdir()
        assert edits(device, "attachment", paper, folder) == may


def test_own_work_on_a_record_counts_before_it_is_sent(acme: Acme, tmp_path: Path) -> None:
    """An account given away is no longer one's own, whether or not the server knows it yet."""
    account = acme.buchanan.account("Alfreds", territory=acme.east)
    store = device_store(acme.buchanan, tmp_path)
    address = store.new_id()
    changes = [Change("address", address, Op.INSERT, {"account": account, "city": "Berlin"})]
    journal.commit(store, changes, label="New")
    with store.reader() as c:
        assert Rights(c, acme.buchanan.user).of("address", address).edit
    gone: dict[str, Value] = {"owner": acme.service.user}
    journal.commit(store, [Change("account", account, Op.SET, gone)], label="Hand over")
    with store.reader() as c:
        rights = Rights(c, acme.buchanan.user)
        assert not rights.of("account", account).edit
        assert not rights.of("address", address).edit
    store.close()


def test_nothing_is_withheld_while_the_role_is_not_known(tmp_path: Path) -> None:
    identity = Identity(RecordId("a" * 32), "x", DeviceId("d"), "acme", "http://127.0.0.1:9")
    store = Store.create(tmp_path / "new.db", KEY, identity)
    record_id = store.new_id()
    with store.reader() as c:
        rights = Rights(c, identity.user)
        assert rights.of("account", record_id).edit
        assert rights.may_create("address", {})
    store.close()
