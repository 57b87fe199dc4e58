"""Two pushes under way: the second is taken after the first or not at all, and what comes of all is
what comes of pushes sent one at a time."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from msgspec.structs import replace

from crm_core.changes import Change, ChangeSet, Op
from crm_core.errors import Refused
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, DeviceId, RecordId
from crm_core.wire import PullItem, PullRequest, PushRequest, PushResponse, decode, encode
from crm_desktop.models import journal
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Identity, Store
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect
from crm_desktop.sync.failures import TokenExpired
from crm_desktop.sync.ports import Server
from crm_desktop.sync.runner import Runner
from crm_desktop.sync.session import decode_item
from crm_server import syncing
from crm_server.pushing import AHEAD, Pushed
from crm_server.service import Service
from tests.models.support import KEY, Ids
from tests.server.world import Acme, Device
from tests.simulator.device import InLine
from tests.simulator.post import UnderWay
from tests.simulator.server_side import as_heard


def behind(device: Device, before: str, *changesets: ChangeSet) -> PushResponse:
    request = PushRequest(device.epoch, 1, changesets, behind=before)
    return device.world.service.push(device.who, request)


def edit(device: Device, account: RecordId, phone: str, was: str = "0") -> ChangeSet:
    """An edit on top of one that waits itself."""
    seen = device.rows[("account", account)].seq
    return device.changeset(
        Change("account", account, Op.SET, {"phone": phone}, {"phone": was}, seen)
    )


def stored(acme: Acme, kind: str, record_id: RecordId) -> dict[str, Value]:
    with acme.world.store.read() as tx:
        found = tx.row("SELECT body FROM record WHERE kind=? AND id=?", (kind, record_id))
    assert found is not None
    return decoded(found[0])


def decoded(body: Any) -> dict[str, Value]:
    """PostgreSQL's driver has read it already."""
    return body if isinstance(body, dict) else json.loads(body)


def test_a_push_behind_one_that_was_not_taken_is_refused_and_changes_nothing(acme: Acme) -> None:
    account = acme.nancy.account("Alfreds", phone="0")
    first, second = edit(acme.nancy, account, "1"), edit(acme.nancy, account, "2", was="1")
    with acme.world.store.read() as tx:
        before = tx.clock()
    with pytest.raises(Refused) as refused:
        behind(acme.nancy, first.id, second)
    assert refused.value.code == AHEAD
    with acme.world.store.read() as tx:
        assert tx.clock() == before
    assert stored(acme, "account", account)["phone"] == "0"
    assert acme.nancy.send(first).ordered
    assert behind(acme.nancy, first.id, second).results[0].result == "applied"
    assert stored(acme, "account", account)["phone"] == "2"


def test_what_a_push_comes_behind_is_of_the_same_device(acme: Acme) -> None:
    account = acme.nancy.account("Alfreds", phone="0")
    acme.buchanan.pull()
    of_another = edit(acme.buchanan, account, "1")
    assert acme.buchanan.send(of_another).results[0].result == "applied"
    for before in (of_another.id, "nonsense", "0" * 32):
        with pytest.raises(Refused) as refused:
            behind(acme.nancy, before, edit(acme.nancy, account, "2"))
        assert refused.value.code == AHEAD
    mine = edit(acme.nancy, account, "3")
    with pytest.raises(Refused) as refused:
        behind(acme.nancy, mine.id, mine)
    assert refused.value.code == AHEAD
    assert stored(acme, "account", account)["phone"] == "1"


# The event loop


class Office:
    """A service whose pushes wait until they are let go."""

    slug = "acme"

    def __init__(self, service: Service) -> None:
        self.service = self
        self.auth = self
        self.let_go = Event()
        self.begun: list[ChangeSetId] = []
        self._service = service

    def holders(self, hashes: Sequence[str]) -> list[Any]:
        raise AssertionError(hashes)

    def pull_together(self, pulls: Sequence[Any]) -> list[Any]:
        raise AssertionError(pulls)

    def push_together(
        self, pushes: Sequence[Pushed], taken: Callable[[], None] | None = None
    ) -> list[PushResponse | Exception]:
        self.begun += [push.request.changesets[0].id for push in pushes]
        assert self.let_go.wait(20)
        return self._service.push_together(pushes, taken)


@pytest.mark.parametrize("many", [1, 12])
def test_in_one_process_the_second_waits_for_the_first_outside_of_any_thread(
    acme: Acme, many: int
) -> None:
    account = acme.nancy.account("Alfreds", phone="0")
    firsts = [edit(acme.nancy, account, f"{n + 1}", was=f"{n}") for n in range(many)]
    last = edit(acme.nancy, account, "99", was=f"{many}")
    office: Any = Office(acme.world.service)

    async def both() -> list[PushResponse]:
        way = syncing.Syncing()
        epoch = acme.nancy.epoch
        one = PushRequest(epoch, 1, tuple(firsts))
        other = PushRequest(epoch, 1, (last,), behind=firsts[-1].id)
        asked = [
            asyncio.create_task(way.push(office, Pushed(acme.nancy.who, request)))
            for request in (one, other)
        ]
        await asyncio.sleep(0.2)
        assert office.begun == [firsts[0].id]
        office.let_go.set()
        return await asyncio.gather(*asked)

    told = asyncio.run(both())
    assert [answer.results[-1].result for answer in told] == ["applied", "applied"]
    assert stored(acme, "account", account)["phone"] == "99"


def test_a_push_behind_itself_or_behind_one_that_failed_waits_for_nobody(acme: Acme) -> None:
    account = acme.nancy.account("Alfreds", phone="0")
    first, second = edit(acme.nancy, account, "1"), edit(acme.nancy, account, "2")
    office: Any = Office(acme.world.service)
    office.let_go.set()

    async def ask() -> list[Any]:
        way = syncing.Syncing()
        requests = [
            PushRequest(acme.nancy.epoch, 1, (first,), behind=first.id),
            PushRequest("0" * 32, 1, (first,)),
            PushRequest(acme.nancy.epoch, 1, (second,), behind=first.id),
        ]
        asked = (way.push(office, Pushed(acme.nancy.who, one)) for one in requests)
        return await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), 20)

    told = asyncio.run(ask())
    assert [one.code for one in told] == [AHEAD, "request.epoch", AHEAD]
    assert stored(acme, "account", account)["phone"] == "0"


# The whole way


class Way:
    """A device's way to the service. `keeps_order`: whether the server says that it does."""

    def __init__(
        self, device: Device, dice: random.Random, *, keeps_order: bool, calm: bool = False
    ) -> None:
        self._device = device
        self._expires, self._overtakes = (0.02, 0.03) if calm else (0.1, 0.3)
        self._dice = dice
        self._keeps_order = keeps_order
        self._slow: list[UnderWay] = []
        self._is_renewed = False
        self.two_under_way = self.ahead = self.sooner = 0

    def expect_answer(self) -> None:
        """The way is short."""

    def refresh(self) -> None:
        self._is_renewed = True

    def park(self, body: bytes) -> None:
        raise AssertionError(body)

    def send(self, _server: Server, request: PushRequest) -> Future[PushResponse]:
        """Now and then a push is slow, and the next may overtake it."""
        self.two_under_way += bool(request.behind)
        sent = UnderWay(self.push, request)
        if self._keeps_order and self._dice.random() < 0.4:
            self._slow.append(sent)
            return sent
        if self._dice.random() >= self._overtakes:
            for one in self._slow:
                one.arrive()
        self._slow.clear()
        sent.arrive()
        return sent

    def push(self, request: PushRequest) -> PushResponse:
        service = self._device.world.service
        if self._keeps_order and not self._is_renewed and self._dice.random() < self._expires:
            raise TokenExpired("expired")
        self._is_renewed = False
        try:
            body = encode(service.push(self._device.who, decode(encode(request), PushRequest)))
        except Refused as refused:
            self.ahead += refused.code == AHEAD
            raise as_heard(refused) from refused
        answer = decode(body, PushResponse)
        return replace(answer, ordered=answer.ordered and self._keeps_order)

    @contextmanager
    def pull(self, request: PullRequest) -> Iterator[Iterable[PullItem]]:
        lines = b"".join(self._device.world.service.pull(self._device.who, request))
        yield [decode_item(line) for line in lines.splitlines()]


SELDOM = ("set",) * 20


def typed(
    dice: random.Random, accounts: Sequence[RecordId], new_id: Ids, often: tuple[str, ...]
) -> list[list[Change]]:
    """Steps at some accounts, of which the last leaves this user's sight meanwhile: edits, some of
    them crossed by a colleague, values that are refused and what builds on them, tasks, refused
    ones too, and edits of those. `often`: what there is more of."""
    found: list[list[Change]] = []
    tasks: list[RecordId] = []
    for n in range(dice.randint(20, 45)):
        account = dice.choice(accounts[:-1])
        others = ("set", "set", "parent", "good parent", "task", "bad task", "of a task")
        what = dice.choice((*often, *others))
        if what == "set":
            field = dice.choice(("phone", "industry"))
            found.append([Change("account", account, Op.SET, {field: f"{n}"})])
        elif what.endswith("parent"):
            value = accounts[-1] if what == "parent" else dice.choice(accounts[:-1])
            found.append([Change("account", account, Op.SET, {"parent": value, "phone": f"{n}"})])
        elif what.endswith("task"):
            tasks.append(new_id())
            below = account if what == "task" else accounts[-1]
            values: dict[str, Value] = {"title": f"Task {n}", "account": below}
            found.append([Change("task", tasks[-1], Op.INSERT, values)])
        elif tasks:
            found.append([Change("task", dice.choice(tasks), Op.SET, {"title": f"Title {n}"})])
    return found


class Noting(Runner):
    """Counts the pushes that went out behind another before the last answer was written."""

    sooner = 0
    _last: object = None

    def perform(self, effect: Effect[Any]) -> Any:
        if isinstance(effect, do.SendPush) and isinstance(self._last, do.HearPush):
            self.sooner += bool(effect.request.behind)
        self._last = effect
        return super().perform(effect)


def played(
    acme: Acme, device: Device, path: Path, seed: int, *, keeps_order: bool, calm: bool = False
) -> Any:
    """The same story at accounts of its own: the verdicts, and what the server holds in the end,
    in words that name no id; and the way that was taken."""
    dice = random.Random(seed)
    new_id = Ids(seed * 2 + keeps_order)
    many = 80 if calm else 4
    made = [
        acme.nancy.insert("account", name=f"Account {n}", phone="0", industry="Trade")
        for n in range(many)
    ]
    assert acme.nancy.push(*made).result == "applied"
    acme.nancy.pull()
    accounts = [change.id for change in made]
    identity = Identity(device.user, "nancy", DeviceId(device.device), "acme", "http://x")
    way = Way(device, random.Random(seed), keeps_order=keeps_order, calm=calm)
    with closing(
        Store.create(path, KEY, identity, clock=lambda: acme.world.time, new_id=new_id)
    ) as store:
        outbox = Outbox(store)
        runner = Noting(outbox, way, open_stream=InLine, send=way.send)
        assert runner.run().failure is None
        steps = typed(dice, accounts, new_id, SELDOM if calm else ())
        for changes in steps:
            journal.commit(store, changes, label="Work")
        acme.buchanan.pull()
        for account in accounts[:2]:
            acme.buchanan.push(acme.buchanan.set("account", account, phone="12345"))
        gone: dict[str, Value] = {"owner": acme.fuller.user, "team": None, "territory": None}
        acme.world.change("account", accounts[-1], **gone)
        assert runner.run().failure is None
        way.sooner = runner.sooner
        with store.reader() as c:
            mine = c.rows("SELECT state, coalesce(verdict, '') FROM changeset ORDER BY n")
            parts = c.rows(
                "SELECT kind, op, coalesce(parked, ''), coalesce(refused, '') FROM op ORDER BY rid"
            )
    names = {record_id: f"account {n}" for n, record_id in enumerate(accounts)}
    named = dict.fromkeys(x.id for changes in steps for x in changes)
    names |= {x: f"record {n}" for n, x in enumerate(named) if x not in names}
    with acme.world.store.read() as tx:
        held = tx.rows("SELECT kind,id,body FROM record WHERE id = ANY(?)", ([*names],))
        past = tx.rows("SELECT id,patch FROM history WHERE id = ANY(?) ORDER BY seq", ([*names],))
    return {
        "verdicts": [(state, _without_ids(verdict)) for state, verdict in mine],
        "parts": [tuple(map(str, part)) for part in parts],
        "held": sorted((kind, names[x], _told(body, names)) for kind, x, body in held),
        "past": [(names[x], _told(patch, names)) for x, patch in past],
    }, way


def _without_ids(verdict: str) -> Any:
    said = json.loads(verdict) if verdict else {}
    parts = [
        (part["index"], part["field"], part["result"], part.get("code", ""))
        for part in said.get("changes", ())
    ]
    return sorted(parts)


NUMBERS = ("number", "provisional_number")


def _told(body: Any, names: dict[RecordId, str]) -> str:
    told = {name: value for name, value in decoded(body).items() if name not in NUMBERS}
    words = json.dumps(told, sort_keys=True)
    for record_id, name in names.items():
        words = words.replace(record_id, name)
    return words


@pytest.mark.parametrize("seed", range(8))
def test_the_same_outbox_comes_to_the_same_with_two_pushes_under_way(
    acme: Acme, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "crm_core.wire.PUSH_CHANGESETS_MAX", random.Random(seed).choice((1, 2, 3, 5))
    )
    other = acme.world.device("nancy")
    one_at_a_time, plain = played(acme, acme.nancy, tmp_path / "a.db", seed, keeps_order=False)
    two, way = played(acme, other, tmp_path / "b.db", seed, keeps_order=True)
    assert plain.two_under_way == 0
    assert way.two_under_way > 0
    for name, found in two.items():
        assert found == one_at_a_time[name], name
    said = {result for _, parts in two["verdicts"] for _, _, result, _ in parts}
    assert {"rejected", "conflict"} <= said


@pytest.mark.parametrize("seed", range(20, 24))
def test_it_does_where_most_goes_out_before_the_last_answer_was_written(
    acme: Acme, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_core.wire.PUSH_CHANGESETS_MAX", random.Random(seed).choice((1, 2, 3)))
    other = acme.world.device("nancy")
    first = played(acme, acme.nancy, tmp_path / "a.db", seed, keeps_order=False, calm=True)
    second = played(acme, other, tmp_path / "b.db", seed, keeps_order=True, calm=True)
    assert (first[1].sooner, second[1].sooner > 0) == (0, True)
    assert second[0] == first[0]
