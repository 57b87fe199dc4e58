"""A damaged file mends itself: only the roots that differ travel, and own work stays above them."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.digest import Digest, content_hash, of_version
from crm_core.errors import Unavailable
from crm_core.ids import ALL_ROOT, RecordId
from crm_core.wire import Deleted, Page, PullRequest, PushRequest, PushResponse
from crm_desktop.models import journal
from crm_desktop.models.journal import comparing, renewing
from crm_desktop.models.sql import blob, layout
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect
from crm_desktop.sync.runner import Run
from crm_desktop.sync.session import decode_item
from crm_desktop.sync.status import State, standing
from tests.simulator.chance import VirtualTime
from tests.simulator.company import ACCOUNTS, ANN, fixed_id
from tests.simulator.device import Device, _SimulatedRunner
from tests.simulator.link import GONE, Link, Weather
from tests.simulator.oracle import Oracle
from tests.simulator.server_side import ServerSide
from tests.simulator.world import workshop
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

    def push(self, request: PushRequest) -> PushResponse:
        if self.cut:
            raise Unavailable(GONE)
        return super().push(request)

    def _items(self, lines: Iterator[bytes], cut_at: int | None) -> Iterator[Any]:
        for number, line in enumerate(lines):
            if self.cut_repair_at and self.requests[-1].anew and number >= self.cut_repair_at:
                raise Unavailable(GONE)
            item = decode_item(line)
            if isinstance(item, Page | Deleted):
                self.travelled |= {(item.kind, row.id) for row in item.rows}
            yield item

    def pull(self, request: PullRequest) -> Any:
        self.requests.append(request)
        if self.is_old_server:
            request = msgspec.structs.replace(request, check=None, anew=())
        return super().pull(request)


class Place:
    """A server with one record of every kind below one account, and a laptop that holds it all."""

    def __init__(self, folder: Path) -> None:
        self.time = VirtualTime()
        self.server = ServerSide(folder, self.time, random.Random(1))
        self.device = Device("ann-1", ANN, folder, self.time, random.Random(2))
        self.line = Counting("ann-1", self.server)
        self.said: list[State] = []
        self.fetched_anew = 0
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
        runner = _SimulatedRunner(self.device, self.line, self._between)
        return runner.run(thorough=thorough)

    def _between(self, device: Device, effect: Effect[Any]) -> None:
        if isinstance(effect, do.FetchAnew):
            assert self.line.is_old_server, "everything is fetched again"
            self.fetched_anew += 1
        self.said.append(standing(device.state, device.parked, signed_in=True).state)

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


@pytest.fixture
def place() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="mending-", dir=workshop()))
    made = Place(folder)
    yield made
    made.device.close()
    made.server.close()
    shutil.rmtree(folder, ignore_errors=True)


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
        f'INSERT INTO "{kind}" (id, {columns}) SELECT ?, {columns} FROM "{kind}" WHERE id = ?',
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


def edit_some(place: Place, keys: list[Key]) -> list[Key]:
    """Own edits of what a person may write; that they are allowed is not the question here."""
    edited: list[Key] = []
    for kind, record_id in keys:
        name = {"account": "name", "task": "title", "visit": "objectives", "contact": "full_name",
                "complaint": "title", "interaction": "subject"}.get(kind)  # fmt: skip
        if name is not None and name in CATALOG[kind].by_name:
            change = Change(kind, record_id, Op.SET, {name: "mine"})
            journal.commit(place.device.store, [change], label="Change")
            edited.append((kind, record_id))
    return edited


@pytest.mark.parametrize("root", [HERE, ALL_ROOT, ANN.id], ids=["account", "all", "grants"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_one_sync_mends_every_table_of_a_root_and_fetches_only_that_root(
    place: Place, damage: Any, root: RecordId
) -> None:
    damaged = one_of_each_table(place, root)
    assert len(damaged) >= 4
    mine = edit_some(place, damaged) if root == HERE else []
    assert bool(mine) == (root == HERE)
    for kind, record_id in damaged:
        damage(place, kind, blob(record_id))
    place.time.pass_by(25 * 3600)
    place.line.cut = True
    run = place.synchronise(thorough=damage in (damage_content, elsewhere, nowhere))
    truth = place.truth
    roots = {one for key in damaged for one in truth.roots(*key)}
    if damage is elsewhere:
        roots.add(ACCOUNTS[1])
    assert place.line.travelled <= set().union(*(place.below(one) for one in roots))
    assert place.line.travelled
    assert len(place.line.requests) == 4
    assert place.content() == place.content_there()
    assert run.report.verified
    assert place.device.parked.pending == len(mine)
    assert place.device.parked.orphaned == 0
    shown = {key: value_of(place, key) for key in mine}
    assert shown == dict.fromkeys(mine, "mine")
    # What was mended stays so, and the work goes out.
    place.line.cut = False
    again = place.synchronise()
    assert again.report.pushed == len(mine)
    assert again.report.verified
    assert place.content() == place.content_there()


def value_of(place: Place, key: Key) -> str:
    from crm_desktop.models.journal.rows import fetch

    row = fetch(place.device.store.write, *key)
    assert row is not None
    return next(str(value) for value in row.values.values() if value == "mine")


@pytest.mark.parametrize("damage", [drop, add])
def test_what_lies_below_a_large_root_is_named_in_portions(
    place: Place, damage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_server.pull.PULL_PAGE_ROWS", 3)
    monkeypatch.setattr("crm_desktop.sync.engine.ROWS_AT_ONCE", 4)
    for kind, record_id in one_of_each_table(place, HERE):
        damage(place, kind, blob(record_id))
    place.time.pass_by(25 * 3600)
    assert place.synchronise().report.verified
    assert place.content() == place.content_there()
    assert not place.device.rows("SELECT 1 FROM visited")


def test_nothing_new_stays_one_request_without_a_check(place: Place) -> None:
    place.synchronise()
    run = place.synchronise()
    assert [request.check for request in place.line.requests] == [None]
    assert run.report.verified
    assert not place.line.travelled


@pytest.mark.parametrize("damage", [drop, add, newer, older])
def test_nobody_says_up_to_date_before_what_was_found_is_mended(place: Place, damage: Any) -> None:
    assert (
        standing(place.device.state, place.device.parked, signed_in=True).state is State.UP_TO_DATE
    )
    for kind, record_id in one_of_each_table(place, HERE):
        damage(place, kind, blob(record_id))
    place.time.pass_by(25 * 3600)
    place.synchronise()
    *meanwhile, _ = place.said
    last_pull = len(meanwhile) - 2  # behind it only the parked are read
    assert State.UP_TO_DATE not in meanwhile[: last_pull - 1]
    assert place.said[-1] is State.UP_TO_DATE
    assert place.content() == place.content_there()


def test_damaged_content_is_found_when_the_turn_of_its_root_comes(place: Place) -> None:
    place.synchronise()
    damage_content(place, "account", blob(HERE))
    days = 0
    while place.content() != place.content_there():
        place.time.pass_by(25 * 3600)
        place.synchronise()
        days += 1
        assert days < 40
        checked = len(place.line.requests) == 1
        assert checked or place.line.travelled <= place.below(HERE)
    assert place.line.requests[-1].anew == (HERE,)
    assert len(place.line.requests) == 2
    assert (
        standing(place.device.state, place.device.parked, signed_in=True).state is State.UP_TO_DATE
    )


def test_a_wrong_running_digest_is_counted_again_and_nothing_travels(place: Place) -> None:
    place.run("UPDATE sync_state SET count = count + 1, total = total + 5")
    run = place.synchronise()
    assert (len(place.line.requests), place.line.travelled) == (2, set())
    assert run.report.verified


def test_a_wrong_digest_in_the_servers_memory_gives_way_to_the_truth(place: Place) -> None:
    known = place.server.service._digests._known
    for keys, one in known.items():
        known[keys] = replace(one, digest=Digest(3, 7))
    run = place.synchronise()
    assert (len(place.line.requests), place.line.travelled) == (2, set())
    assert run.report.verified
    place.synchronise()
    assert len(place.line.requests) == 1


def test_two_equally_wrong_digests_are_found_within_a_day(place: Place) -> None:
    """The server forgot a record in its carried digest, and this device never received it."""
    kind, record_id = sorted(place.below(HERE))[0]
    drop(place, kind, blob(record_id))
    wrong = Digest(*place.device.rows("SELECT count, total FROM sync_state")[0])
    seq = place.truth.records[(kind, record_id)].seq
    wrong = wrong - of_version(kind, record_id, seq)
    place.run("UPDATE sync_state SET count = ?, total = ?", wrong.count, wrong.total)
    known = place.server.service._digests._known
    for keys, one in known.items():
        known[keys] = replace(one, digest=wrong)
    place.time.pass_by(25 * 3600)
    assert place.synchronise().report.verified
    assert place.content() == place.content_there()


def test_a_server_that_cannot_compare_sends_everything(place: Place) -> None:
    drop(place, "account", blob(HERE))
    place.time.pass_by(25 * 3600)
    place.line.is_old_server = True
    run = place.synchronise()
    assert run.report.verified
    assert place.content() == place.content_there()
    assert place.fetched_anew == 2  # before and behind the effect


@pytest.mark.parametrize("line", range(1, 12))
def test_a_repair_cut_off_anywhere_loses_nothing_and_goes_on(place: Place, line: int) -> None:
    damaged = one_of_each_table(place, HERE)
    mine = edit_some(place, damaged)
    for n, (kind, record_id) in enumerate(damaged):
        (drop, newer, elsewhere)[n % 3](place, kind, blob(record_id))
    place.time.pass_by(25 * 3600)
    place.line.cut = True
    place.line.cut_repair_at = line
    place.synchronise(thorough=True)
    place.line.cut_repair_at = 0
    place.synchronise(thorough=True)
    assert place.content() == place.content_there()
    assert {key: value_of(place, key) for key in mine} == dict.fromkeys(mine, "mine")
    assert (place.device.parked.pending, place.device.parked.orphaned) == (len(mine), 0)
    place.line.cut = False
    assert place.synchronise().report.pushed == len(mine)


def test_what_was_repaired_is_counted_and_logged_without_a_word_of_a_customer(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    drop(place, "account", blob(HERE))
    place.time.pass_by(25 * 3600)
    place.synchronise()
    found = renewing.repairs(place.device.store.write)
    assert (found["times"], found["roots"], found["everything"]) == (1, 1, 0)
    assert found["last_at"] == place.device.store.now()
    assert "1 roots fetched again" in caplog.text
    assert HERE not in caplog.text
    assert "Account 0" not in caplog.text
