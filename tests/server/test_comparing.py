"""Client and server sum up the same: versions and canonical bodies, on both stores."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import msgspec
import pytest

from crm_core.catalog import CATALOG
from crm_core.digest import Digest
from crm_core.errors import Refused
from crm_core.ids import RecordId
from crm_core.wire import (
    PULL_ITEM_DECODER,
    ROOTS_ANEW_MAX,
    Anew,
    Check,
    Deleted,
    End,
    Hello,
    Left,
    Mark,
    Page,
    PullItem,
    PullRequest,
    Sums,
)
from crm_desktop.models.journal import comparing
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.replica import Verdict
from crm_desktop.models.sql import blob
from crm_desktop.models.store import Store
from crm_server import comparing as there
from crm_server.people import mask
from crm_server.throttle import COMPARING_PER_MINUTE, spend_on_comparing
from tests.models.support import make_store
from tests.server.world import Acme, Device
from tests.support.records import values_for

RECORDS_OF_A_KIND = 6


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Store]:
    made = make_store(tmp_path / "laptop.db")
    yield made
    made.close()


def test_every_device_has_a_budget_for_comparing_that_is_full_again_after_a_minute(
    acme: Acme,
) -> None:
    store, now = acme.world.store, acme.world.time
    one_root, all_of_it = Check(("a" * 32,), content=True), Check(content=True)
    for _ in range(27):
        spend_on_comparing(store, "one", one_root, now)
    spend_on_comparing(store, "one", all_of_it, now + dt.timedelta(seconds=20))
    for late in (21, 59):
        with pytest.raises(Refused) as told:
            spend_on_comparing(store, "one", one_root, now + dt.timedelta(seconds=late))
        assert told.value.code == "request.throttled"
        assert told.value.message.params["seconds"] == 60 - late
    spend_on_comparing(store, "other", all_of_it, now)
    spend_on_comparing(store, "one", all_of_it, now + dt.timedelta(seconds=60))
    spend_on_comparing(store, "one", all_of_it, now - dt.timedelta(days=3650))


def test_comparing_a_part_costs_in_proportion(acme: Acme) -> None:
    store, now = acme.world.store, acme.world.time
    buckets = [f"{n:02x}" for n in range(256)]
    for n, (check, cost) in enumerate((
        (Check(content=True), 3), (Check(tuple(buckets), content=True), 3),
        (Check(tuple(buckets[:64]), content=True), 1), (Check(("a0",) * 200, content=True), 1),
        (Check(tuple(buckets[:128]), content=True), 2), (Check(tuple(buckets)), 1), (Check(), 1),
    )):  # fmt: skip
        device, fits = f"device {n}", COMPARING_PER_MINUTE // cost
        for _ in range(fits):
            spend_on_comparing(store, device, check, now)
        with pytest.raises(Refused):
            spend_on_comparing(store, device, check, now)


def asked(who: Device, request: PullRequest) -> list[PullItem]:
    lines = who.world.service.pull(who.who, request)
    return [PULL_ITEM_DECODER.decode(line) for line in lines]


def pull(laptop: Store, who: Device, check: Check, *anew: RecordId) -> Verdict:
    """What a client does with a pull."""
    outbox = Outbox(laptop)
    state = outbox.state()
    request = PullRequest(state.epoch, 1, state.scope_gen, state.cursor, check=check, anew=anew)
    items = asked(who, request)
    head, end = items[0], items.pop()
    if isinstance(head, Hello):
        outbox.begin_pull(head)
    assert isinstance(end, End)
    return outbox.finish([item for item in items if not isinstance(item, Mark | Hello)], end)


def fill(acme: Acme, seed: int) -> None:
    """Records of every kind with random values, below one account and below none."""
    dice, known = Random(seed), {"user": [acme.nancy.user], "account": [acme.nancy.account()]}
    for entity in CATALOG.values():
        if entity.read_only or entity.kind in ("account", "user", "team", "role_permission"):
            continue
        made = [acme.world.new_id() for _ in range(RECORDS_OF_A_KIND)]
        for record_id in made:
            values = values_for(entity, dice, known)
            some = {name: value for name, value in values.items() if dice.random() < 0.8}
            acme.world.change(
                entity.kind, record_id, **{**some, "from_a_newer_version": {"b": [1], "a": "é"}}
            )
        known[entity.kind] = made


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("content", [False, True])
def test_both_sides_sum_up_the_same(acme: Acme, laptop: Store, seed: int, content: bool) -> None:
    fill(acme, seed)
    verdict = pull(laptop, acme.nancy, Check(content=content))
    assert (verdict.verified, verdict.compared, verdict.differing) == (True, True, ())
    with laptop.reader() as c:
        buckets = comparing.sums(c, Check(content=content))
        roots = comparing.sums(c, Check(tuple(buckets), content=content))
    assert len(roots) == len(buckets) == 3  # the account, nancy, and what everybody sees
    again = pull(laptop, acme.nancy, Check(tuple(buckets), content=content))
    assert (again.compared, again.differing) == (True, ())


def test_what_is_withheld_is_in_no_sum(acme: Acme, laptop: Store) -> None:
    mask(acme.world.service, "rep", {"contact": frozenset(("mobile", "email", "birthday"))})
    fill(acme, 1)
    for _ in range(2):
        verdict = pull(laptop, acme.nancy, Check(content=True))
        assert (verdict.verified, verdict.compared, verdict.differing) == (True, True, ())
        mask(acme.world.service, "rep", {})


def test_a_days_share_of_the_roots_is_compared_in_one_request(acme: Acme, laptop: Store) -> None:
    fill(acme, 1)
    more = [acme.nancy.account(f"A{n}") for n in range(30)]
    pull(laptop, acme.nancy, Check())
    shares = [tuple(f"{n:03x}" for n in range(first, first + 200)) for first in range(0, 4096, 200)]
    found = [pull(laptop, acme.nancy, Check(share, content=True)) for share in shares]
    assert {(x.compared, x.verified, x.differing) for x in found} == {(True, True, ())}
    with laptop.writing() as c:
        c.run("UPDATE account SET name = 'Hurt' WHERE id = ?", (blob(more[7]),))
        c.run("UPDATE account SET name = 'Own', seq = 0 WHERE id = ?", (blob(more[8]),))
    found = [pull(laptop, acme.nancy, Check(share, content=True)) for share in shares]
    assert {one for x in found for one in x.differing} == {more[7], more[8]}


def test_a_root_out_of_sight_is_named_as_left_and_shows_nothing(acme: Acme) -> None:
    hers = acme.nancy.account("Hers")
    li = acme.li
    items = asked(li, msgspec.structs.replace(li.request(), anew=(hers,)))
    (anew,) = [item for item in items if isinstance(item, Anew)]
    assert (anew.roots, anew.held) == ((hers,), {})
    assert [item.roots for item in items if isinstance(item, Left)] == [(hers,)]
    assert not [item for item in items if isinstance(item, Page | Deleted)]


def test_all_below_a_root_is_sent_deleted_records_too(acme: Acme) -> None:
    nancy = acme.nancy
    account = nancy.account()
    visit, gone = (nancy.insert("visit", account=account) for _ in range(2))
    nancy.push(visit, gone)
    nancy.pull()
    nancy.push(nancy.delete("visit", gone.id))
    nancy.pull()
    items = asked(nancy, msgspec.structs.replace(nancy.request(), anew=(account,)))
    (anew,) = [item for item in items if isinstance(item, Anew)]
    assert anew.held["account"] == {account: nancy.rows[("account", account)].seq}
    assert set(anew.held["visit"]) == {visit.id, gone.id}
    assert [one.id for x in items if isinstance(x, Deleted) for one in x.rows] == [gone.id]
    sent = {(x.kind, one.id) for x in items if isinstance(x, Page) for one in x.rows}
    assert sent == {("account", account), ("visit", visit.id)}


def test_what_is_sent_anew_counts_as_given_out_before_the_first_byte(acme: Acme) -> None:
    nancy = acme.nancy
    account = nancy.account()
    li_device = acme.world.device("nancy")
    li_device.pull()
    with acme.world.store.note() as tx:
        tx.run("UPDATE device SET delivered = 0 WHERE id = ?", (li_device.device,))
    asked(li_device, msgspec.structs.replace(li_device.request(), anew=(account,)))
    assert li_device.push(li_device.set("account", account, phone="1")).result == "applied"


def test_a_request_for_too_much_is_refused(acme: Acme) -> None:
    request = acme.nancy.request()
    for much in (
        msgspec.structs.replace(request, anew=(RecordId("0" * 32),) * (ROOTS_ANEW_MAX + 1)),
        msgspec.structs.replace(request, check=Check(("00",) * (there.ENDINGS_MAX + 1))),
    ):
        with pytest.raises(Refused, match="too large"):
            asked(acme.nancy, much)


def test_who_asks_for_digests_is_told_the_counted_truth(acme: Acme) -> None:
    nancy = acme.nancy
    nancy.account()
    request = nancy.request()
    for keys, known in acme.world.service._digests._known.items():
        acme.world.service._digests._known[keys] = replace(known, digest=Digest(1, 1))
    wrong = asked(nancy, request)[-1]
    *_, sums, right = asked(nancy, msgspec.structs.replace(request, check=Check()))
    truth = nancy.digest()
    assert isinstance(wrong, End)
    assert isinstance(right, End)
    assert isinstance(sums, Sums)
    assert Digest(wrong.count, wrong.total) == Digest(1, 1)
    assert Digest(right.count, right.total) == truth
    # From then on the truth is carried along.
    last = asked(nancy, request)[-1]
    assert last == right
