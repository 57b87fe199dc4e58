"""Hints go to the devices that can see a root which was touched, and to nobody else."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_server.hints import (
    AT_ONCE,
    EVERY_S,
    LOOK_BACK_MAX,
    PER_DEVICE,
    PER_USER,
    STEP_S,
    Board,
    Listener,
    touched,
)
from crm_server.store import Answer, Params
from tests.server.world import Acme, Device, World


class Listening:
    """A board with some devices at it, and who of them was concerned by what was written since."""

    def __init__(self, world: World, *devices: Device) -> None:
        self.world = world
        self.board = Board()
        self.names = {device.device: device for device in devices}
        for device in devices:
            assert self.join(device)

    def join(self, device: Device, since: int | None = None) -> Listener | None:
        """Come with everything up to `since` (None: up to now)."""
        with self.world.store.read() as tx:
            now = tx.clock().seq
            listener = Listener(device.user, device.device, "", now if since is None else since)
            return listener if self.board.join(tx, listener) else None

    def told(self) -> list[Device]:
        with self.world.store.read() as tx:
            found = self.board.look(tx)
            assert found.hi == tx.clock().seq or not found.concerned
        return [self.names[x.device] for x in found.concerned]


@pytest.fixture
def listening(acme: Acme) -> Listening:
    made = Listening(acme.world, *acme.everybody)
    assert made.told() == []
    return made


def test_a_change_is_told_to_those_who_see_its_account_alone(
    acme: Acme, listening: Listening
) -> None:
    account = acme.nancy.account()
    seers = [x for x in acme.everybody if x.pull() and x.sees("account", account)]
    assert acme.li not in seers
    assert listening.told() == seers
    acme.nancy.push(acme.nancy.set("account", account, phone="030"))
    assert listening.told() == seers
    assert listening.told() == []


def test_what_hangs_below_an_account_is_told_like_the_account(
    acme: Acme, listening: Listening
) -> None:
    account = acme.nancy.account()
    before = listening.told()
    note = acme.nancy.insert("interaction", account=account, medium="phone", subject="Call")
    assert acme.nancy.push(note).result == "applied"
    assert listening.told() == before


def test_a_look_costs_as_much_as_was_written_and_not_as_much_as_there_is(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    if acme.world.store.postgres:
        pytest.skip("PostgreSQL takes the tables in the order that its statistics say")
    with acme.world.store.read() as tx:
        ask, read = tx.ask, set[str]()

        def explained(sql: str, params: Params = ()) -> Answer:
            steps = [step[3] for step in tx.rows(f"EXPLAIN QUERY PLAN {sql}", params)]
            read.update(step.split()[1] for step in steps if step.startswith("SCAN"))
            return ask(sql, params)

        monkeypatch.setattr(tx, "ask", explained)
        touched(tx, 0, ["all"])
    assert read == {"json_each", "found"}, "the keys, and what was found to be touched"


def test_a_deletion_is_told(acme: Acme, listening: Listening) -> None:
    account = acme.nancy.account()
    before = listening.told()
    acme.nancy.push(acme.nancy.delete("account", account))
    assert listening.told() == before


def test_who_gets_an_account_is_told_and_so_is_who_loses_it(
    acme: Acme, listening: Listening
) -> None:
    account = acme.nancy.account()
    listening.told()
    acme.world.change("account", account, owner=acme.li.user)
    told = listening.told()
    assert acme.li in told
    assert acme.nancy in told, "it has to leave her device"


def test_what_moves_from_one_account_to_another_is_told_to_those_who_saw_it(
    acme: Acme, listening: Listening
) -> None:
    mine, theirs = acme.nancy.account("Mine"), acme.li.account("Theirs")
    visit = acme.nancy.insert("visit", account=mine, start_at="2026-11-24T09:00:00Z")
    acme.nancy.push(visit)
    listening.told()
    acme.world.change("visit", visit.id, account=theirs)
    assert {acme.nancy.device, acme.li.device} <= {x.device for x in listening.told()}


def test_what_everybody_sees_is_told_to_everybody(acme: Acme, listening: Listening) -> None:
    acme.world.change("product", acme.world.new_id(), name="Chai")
    assert listening.told() == [*acme.everybody]


def test_whose_keys_change_is_told_and_counts_by_the_new_ones(
    acme: Acme, listening: Listening
) -> None:
    account = acme.nancy.account()
    listening.told()
    acme.world.change("user", acme.li.user, role="lead", territory=acme.east)
    assert acme.li in listening.told()
    acme.world.change("account", account, territory=acme.east, phone="030")
    assert acme.li in listening.told(), "he leads that territory now"


def test_who_comes_back_hears_whether_something_was_missed(
    acme: Acme, listening: Listening
) -> None:
    before = acme.world.service.store
    with before.read() as tx:
        since = tx.clock().seq
    acme.nancy.account()
    missed, saw_nothing = listening.join(acme.nancy, since), listening.join(acme.li, since)
    assert missed is not None
    assert saw_nothing is not None
    assert (missed.hi > since, saw_nothing.hi) == (True, 0)
    assert [x.hi for x in (listening.join(acme.it),) if x is not None] == [0]


@pytest.mark.parametrize("behind", [LOOK_BACK_MAX + 1, -1], ids=["long ago", "from a lost history"])
def test_who_comes_from_far_away_is_told_without_a_look(
    acme: Acme, listening: Listening, behind: int
) -> None:
    with acme.world.store.read() as tx:
        now = tx.clock().seq
    came = listening.join(acme.li, now - behind)
    assert came is not None
    assert came.hi == now


def test_after_a_restore_everybody_has_to_look(acme: Acme, listening: Listening) -> None:
    with acme.world.store.note() as tx:
        tx.run("UPDATE clock SET epoch = ?", ("f" * 32,))
    assert listening.told() == [*acme.everybody]
    assert listening.told() == []


def test_nothing_is_missed_by_who_came_while_another_looked(acme: Acme) -> None:
    """The place up to which each has been looked at is its own."""
    listening = Listening(acme.world, acme.li)
    with acme.world.store.read() as tx:
        since = tx.clock().seq
    account = acme.nancy.account()
    listening.told()
    listening.names[acme.nancy.device] = acme.nancy
    came = listening.join(acme.nancy)
    assert came is not None
    came.seen = since
    assert listening.told() == [acme.nancy], "and not li, who was told before"
    assert account


def test_a_further_listener_of_a_device_takes_the_oldest_ones_place(acme: Acme) -> None:
    listening = Listening(acme.world, acme.nancy)
    came = [listening.join(acme.nancy) for _ in range(PER_DEVICE)]
    oldest, *others = listening.board
    assert oldest.is_over
    assert [x for x in others if not x.is_over] == came


def test_a_user_has_so_many_listeners_and_no_more(acme: Acme) -> None:
    listening = Listening(acme.world)
    devices = [acme.world.device("nancy") for _ in range(PER_USER + 1)]
    assert [listening.join(x) is not None for x in devices] == [True] * PER_USER + [False]
    assert listening.join(acme.li) is not None
    listening.board.leave(next(iter(listening.board)))
    assert listening.join(devices[-1]) is not None


def listener() -> Listener:
    return Listener(RecordId("u" * 32), "d", "", 0)


def test_the_first_hint_goes_out_at_once_and_then_one_a_second() -> None:
    one = listener()
    one.note(5, 10.0)
    assert one.take(10.0) == 5
    one.note(6, 10.1)
    one.note(7, 10.2)
    assert one.take(10.3) == 0
    assert one.due_s == 10.0 + EVERY_S
    assert one.take(one.due_s) == 7, "the newest, once"
    assert one.take(99.0) == 0


def test_an_older_hint_does_not_take_a_newer_ones_place() -> None:
    one = listener()
    one.note(9, 10.0)
    one.note(8, 10.0)
    assert one.take(10.0) == 9


def test_what_everybody_sees_is_told_a_few_at_a_time() -> None:
    many = [listener() for _ in range(3 * AT_ONCE)]
    for place, one in enumerate(many):
        one.note(1, 10.0, place)
    assert counted(many, 10.0) == AT_ONCE
    assert counted(many, 10.0 + STEP_S) == AT_ONCE
    assert counted(many, 10.0 + 2 * STEP_S) == AT_ONCE


def counted(listeners: Collection[Listener], now_s: float) -> int:
    return sum(bool(one.take(now_s)) for one in listeners)


def test_a_changeset_that_changes_nothing_tells_nobody(acme: Acme, listening: Listening) -> None:
    account = acme.nancy.account()
    listening.told()
    same = Change("account", account, Op.SET, {"name": "Alfreds"}, {"name": "Alfreds"}, 1)
    acme.nancy.push(same)
    assert listening.told() == []
