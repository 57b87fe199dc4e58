"""A record that is held back stays on this device until its user lets it go, and nothing else."""

from __future__ import annotations

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import UserProblem
from crm_core.ids import RecordId
from crm_desktop.models import inbox, journal
from crm_desktop.models.journal import queueing
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.queue import Cause, QueueRow, read_queue
from crm_desktop.models.store import Store
from crm_desktop.sync.status import State, held_words, standing
from tests.models.support import (
    KEY,
    add,
    answer,
    clock_of,
    first_pull,
    pull,
    put,
    seen,
    states,
    verdict,
)


@pytest.fixture
def account(store: Store) -> RecordId:
    return add(store, "account", name="Alfreds")


def out(store: Store) -> list[str]:
    """What goes out now: the records, in their order."""
    return [change.id for one in Outbox(store).take_outbox(200, 10**6) for change in one.changes]


def rows(store: Store) -> tuple[QueueRow, ...]:
    with store.reader() as c:
        return read_queue(c).rows


def test_what_is_held_stays_here_and_goes_when_released(store: Store, account: RecordId) -> None:
    other = add(store, "account", name="Berglunds")
    queueing.hold_back(store, "account", account)
    assert out(store) == [other]
    queueing.release(store, "account", account)
    assert account in out(store)


def test_what_goes_out_late_says_that_it_was_made_before(store: Store, account: RecordId) -> None:
    queueing.hold_back(store, "account", account)
    other = add(store, "account", name="Berglunds")
    (early,) = Outbox(store).take_outbox(200, 10**6)
    answer(store, verdict(early.id, "applied", 30))
    queueing.release(store, "account", account)
    (late,) = Outbox(store).take_outbox(200, 10**6)
    assert (early.changes[0].id, late.changes[0].id) == (other, account)
    assert 0 < late.order < early.order


def test_later_changes_of_a_held_record_stay_too_and_those_of_others_go(
    store: Store, account: RecordId
) -> None:
    queueing.hold_back(store, "account", account)
    put(store, "account", account, phone="030-1")
    contact = add(store, "contact", full_name="Maria")
    assert out(store) == [contact]


def test_what_builds_on_a_held_record_waits_and_names_it(store: Store, account: RecordId) -> None:
    queueing.hold_back(store, "account", account)
    task = add(store, "task", title="Call", account=account)
    below = next(one for one in rows(store) if one.record == task)
    assert (below.state, below.upon, below.is_held) == ("waiting", "Alfreds", False)
    assert below.wait is not None
    assert below.wait.cause is Cause.HELD
    assert out(store) == []


def test_a_later_value_does_not_arrive_before_the_one_that_is_kept(
    store: Store, account: RecordId
) -> None:
    other = add(store, "account", name="Berglunds")
    both = [Change("account", one, Op.SET, {"phone": "1"}) for one in (account, other)]
    assert sorted(out(store)) == sorted([account, other])
    journal.commit(store, both, label="Both")
    queueing.hold_back(store, "account", account)
    put(store, "account", other, phone="2")
    assert [one.state for one in rows(store) if one.record == other] == ["sent", "waiting"]
    put(store, "account", other, website="https://lund.example")
    assert out(store) == [other, other]


def test_a_hold_survives_closing_the_store(store: Store, account: RecordId) -> None:
    queueing.hold_back(store, "account", account)
    store.close()
    again = Store.open(store.path, KEY, clock=clock_of(store))
    try:
        assert out(again) == []
        assert [one.is_held for one in rows(again)] == [True]
    finally:
        again.close()


def test_a_held_change_is_never_up_to_date_and_does_not_press_for_a_run(
    store: Store, account: RecordId
) -> None:
    first_pull(store)
    queueing.hold_back(store, "account", account)
    outbox = Outbox(store)
    parked = outbox.parked()
    assert (parked.pending, parked.held, parked.going) == (1, 1, 0)
    said = standing(outbox.state(), parked, signed_in=True)
    assert said.state is State.WAITING
    assert held_words(1) in said.words


def test_what_was_under_way_when_it_was_held_is_settled_by_its_answer(
    store: Store, account: RecordId
) -> None:
    assert out(store) == [account]
    queueing.hold_back(store, "account", account)
    (step,) = rows(store)
    assert step.state == "waiting"
    answer(store, verdict(step.cs_id, "applied", 7))
    assert states(store) == ["acked"]


def test_a_step_is_taken_back_before_it_was_sent(store: Store, account: RecordId) -> None:
    put(store, "account", account, phone="030-1")
    put(store, "account", account, website="https://b.example")
    phone = next(one for one in rows(store) if one.fields == ("phone",))
    queueing.take_back(store, phone.cs_id)
    values = seen(store, "account", account).values
    assert (values.get("phone"), values.get("website")) == (None, "https://b.example")
    with pytest.raises(UserProblem):
        queueing.take_back(store, phone.cs_id)


def test_a_record_held_for_later_is_listed_without_a_step(store: Store) -> None:
    account = add(store, "account", name="Old")
    (cs_id,) = [one.cs_id for one in rows(store)]
    answer(store, verdict(cs_id, "applied", 7))
    pull(store, 7)
    queueing.hold_back(store, "account", account)
    with store.reader() as c:
        (idle,) = read_queue(c).held
    assert (idle.kind, idle.record) == ("account", account)
    queueing.release(store, "account", account)
    assert _idle(store) == 0


def test_what_waits_for_a_refused_record_stands_in_the_queue_with_its_name(
    store: Store, account: RecordId
) -> None:
    task = add(store, "task", title="Call", account=account)
    first = rows(store)[0]
    with store.reader() as c:
        assert inbox.queue(c)[0] == first
    answer(store, verdict(first.cs_id, "rejected", 0, (0, "", "rejected", "right.missing")))
    (below,) = rows(store)
    assert (below.record, below.state, below.upon) == (task, "blocked", "Alfreds")


def _idle(store: Store) -> int:
    with store.reader() as c:
        return len(read_queue(c).held)
