"""Work whose record left is offered to whoever has it now, and nothing of it goes on the way."""

from __future__ import annotations

import datetime as dt

import pytest

from crm_core.changes import Change, ChangeSet, Op
from crm_core.errors import UserProblem
from crm_core.fields import Value
from crm_core.ids import ChangeSetId
from crm_core.wire import ChangeResult, ChangeSetResult, Left, Outcomes
from crm_desktop.models import inbox, journal
from crm_desktop.models.handing import newly_handed
from crm_desktop.models.journal import offering, settling
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import answer, hello, page, pull, put, row, states, take, value, verdict
from tests.models.test_pull import A, B, below_two_accounts

WAITS = (0, "phone", "merged", "offer.waits")


@pytest.fixture
def orphan(store: Store) -> ChangeSetId:
    """A phone typed before the account left."""
    below_two_accounts(store)
    put(store, "account", A, phone="5")
    pull(store, 30, Left((A,)))
    return waiting(store)


def waiting(store: Store) -> ChangeSetId:
    with store.reader() as c:
        row, *_ = inbox.stuck(c)
    return row.cs_id


def offered(store: Store, orphan: ChangeSetId) -> ChangeSet:
    offering.offer(store, orphan)
    (sent,) = Outbox(store).take_outbox(200, 10**6)
    return sent


def outcome(sent: ChangeSet, code: str) -> Outcomes:
    part = ChangeResult(0, "phone", "merged", code)
    return Outcomes((ChangeSetResult(sent.id, "merged", 31, (part,)),))


def test_an_offer_says_what_was_wanted_and_what_its_author_had_seen(
    store: Store, orphan: ChangeSetId
) -> None:
    sent = offered(store, orphan)
    (change,) = sent.changes
    assert (change.kind, change.id, change.op) == ("account", A, Op.OFFER)
    assert (change.new["phone"], change.old["phone"]) == ("5", None)
    assert (sent.atomic, change.after) == (True, (orphan,))
    assert states(store) == ["offered", "sent"]


def test_offered_work_stays_here_until_it_is_decided(store: Store, orphan: ChangeSetId) -> None:
    sent = offered(store, orphan)
    answer(store, verdict(sent.id, "merged", 31, WAITS))
    pull(store, 31)
    assert states(store) == ["offered", "confirmed"]
    assert "5" in str(value(store, "SELECT mine FROM orphan"))
    assert Outbox(store).state().offers == (sent.id,)
    assert Outbox(store).parked().needs_you == 0


def test_what_was_decided_is_settled_and_says_so(store: Store, orphan: ChangeSetId) -> None:
    sent = offered(store, orphan)
    answer(store, verdict(sent.id, "merged", 31, WAITS))
    assert pull(store, 31, outcome(sent, "offer.taken")).summary.outbox_changed
    assert states(store) == ["handed", "confirmed"]
    with store.reader() as c:
        assert inbox.stuck(c) == ()
    assert "offer.taken" in str(value(store, "SELECT verdict FROM changeset WHERE n = 2"))
    assert (Outbox(store).state().offers, Outbox(store).state().handed) == ((), (sent.id,))


def test_what_was_decided_waits_again_where_the_decision_was_taken_back(
    store: Store, orphan: ChangeSetId
) -> None:
    sent = offered(store, orphan)
    answer(store, verdict(sent.id, "merged", 31, WAITS))
    assert newly_handed(store) == ()
    pull(store, 31, outcome(sent, "offer.declined"))
    assert [one.codes for one in newly_handed(store)] == [("offer.declined",)]
    assert pull(store, 32, outcome(sent, "offer.waits")).summary.outbox_changed
    assert states(store) == ["offered", "confirmed"]
    with store.reader() as c:
        assert [(row.title, row.mine) for row in inbox.stuck(c)] == [("A", {"phone": "5"})]
    assert (Outbox(store).state().offers, Outbox(store).state().handed) == ((sent.id,), ())
    assert newly_handed(store) == ()
    pull(store, 33, outcome(sent, "offer.taken"))
    assert [one.codes for one in newly_handed(store)] == [("offer.taken",)]


def test_what_is_kept_of_decided_work_is_forgotten_with_it(
    store: Store, orphan: ChangeSetId, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = offered(store, orphan)
    answer(store, verdict(sent.id, "merged", 31, WAITS))
    pull(store, 31, outcome(sent, "offer.taken"))
    monkeypatch.setattr(settling, "KEPT_WHATEVER_THEIR_AGE", 0)
    with store.writing() as c:
        settling.forget_confirmed(c, dt.datetime(2100, 1, 1, tzinfo=dt.UTC), 60)
    assert states(store) == ["confirmed"]
    assert value(store, "SELECT count(*) FROM orphan") == 0


def test_a_decided_offer_that_a_restored_server_lost_waits_again_and_can_be_refused(
    store: Store, orphan: ChangeSetId
) -> None:
    sent = offered(store, orphan)
    answer(store, verdict(sent.id, "merged", 31, WAITS))
    pull(store, 31, outcome(sent, "offer.taken"))
    hello(store, "e2", seq=20, restored=20)
    assert states(store) == ["offered", "queued"]
    (again,) = Outbox(store).take_outbox(200, 10**6)
    answer(store, verdict(again.id, "rejected", 0, (0, "", "rejected", "offer.refused")))
    assert states(store) == ["orphaned", "discarded"]


def test_a_refused_offer_makes_the_work_wait_for_its_author_again(
    store: Store, orphan: ChangeSetId
) -> None:
    sent = offered(store, orphan)
    answer(store, verdict(sent.id, "rejected", 0, (0, "", "rejected", "offer.refused")))
    assert states(store) == ["orphaned", "discarded"]
    with store.reader() as c:
        (row,) = inbox.stuck(c)
    assert (row.cs_id, row.code, row.mine) == (orphan, "offer.refused", {"phone": "5"})
    assert Outbox(store).parked().orphaned == 1


def test_an_offer_to_an_older_server_waits_for_its_update(
    store: Store, orphan: ChangeSetId
) -> None:
    sent = offered(store, orphan)
    answer(store, verdict(sent.id, "rejected", 0, (0, "", "rejected", "op.unknown")))
    assert states(store) == ["offered", "rejected"]
    Outbox(store).count_anew()
    assert states(store) == ["offered", "queued"]


@pytest.mark.parametrize("given_up", [journal.discard, journal.keep_as_draft])
def test_who_gives_a_waiting_offer_up_has_his_work_back(
    store: Store, orphan: ChangeSetId, given_up: object
) -> None:
    sent = offered(store, orphan)
    answer(store, verdict(sent.id, "rejected", 0, (0, "", "rejected", "op.unknown")))
    assert callable(given_up)
    given_up(store, sent.id)
    assert states(store) == ["orphaned", "discarded"]


def test_a_waiting_offer_that_was_given_up_and_is_not_is_made_once(
    store: Store, orphan: ChangeSetId
) -> None:
    sent = offered(store, orphan)
    answer(store, verdict(sent.id, "rejected", 0, (0, "", "rejected", "op.unknown")))
    _, back = inbox.discard_for_now(store, sent.id)
    inbox.take_discard_back(store, back)
    assert states(store) == ["offered", "rejected"]
    with pytest.raises(UserProblem):
        offering.offer(store, orphan)
    _, back = inbox.discard_for_now(store, sent.id)
    offering.offer(store, orphan)
    with pytest.raises(UserProblem):
        inbox.take_discard_back(store, back)
    assert states(store) == ["offered", "discarded", "queued"]


def test_undo_takes_an_unsent_offer_back_and_no_other(store: Store, orphan: ChangeSetId) -> None:
    offering.offer(store, orphan)
    assert journal.undoable(store) == "Offer: A"
    journal.undo(store)
    assert states(store) == ["orphaned", "discarded"]
    offered(store, orphan)
    assert journal.undoable(store) != "Offer: A"


def test_an_offer_shows_nothing_on_a_record_that_comes_back(
    store: Store, orphan: ChangeSetId
) -> None:
    offered(store, orphan)
    below_two_accounts(store)
    row = journal_row(store)
    assert row == (None, 0)


def journal_row(store: Store) -> tuple[object, object]:
    sql = "SELECT phone, (SELECT count(*) FROM shadow) FROM account WHERE id = ?"
    with store.reader() as c:
        found = c.one(sql, (bytes.fromhex(A),))
    assert found is not None
    return found[0], found[1]


def test_added_and_removed_members_are_offered_as_the_whole_set(store: Store) -> None:
    below_two_accounts(store)
    put(store, "account", A, tags=["old"])
    (first,) = take(store)
    answer(store, verdict(first, "applied", 29))
    changes = [
        Change("account", A, Op.ADD, {"tags": ["new"]}),
        Change("account", A, Op.REMOVE, {"tags": ["old"]}),
    ]
    journal.commit(store, changes, label="Tags")
    pull(store, 30, Left((A,)))
    (change,) = offered(store, waiting(store)).changes
    assert (change.new, change.old) == ({"tags": ["new"]}, {"tags": ["old"]})


def test_a_new_record_is_not_offered_and_stays_where_it_is(store: Store) -> None:
    below_two_accounts(store)
    new = Change("task", B, Op.INSERT, {"account": A, "title": "Call"})
    journal.commit(store, [new], label="Task")
    pull(store, 30, Left((A,)))
    cs_id = waiting(store)
    with store.reader() as c:
        assert not offering.can_offer(c, cs_id)
    with pytest.raises(UserProblem):
        offering.offer(store, cs_id)
    assert states(store) == ["orphaned"]


@pytest.mark.parametrize("decided", [{"phone": "5"}, {}])
def test_a_decision_is_offered_as_what_was_decided_for(
    store: Store, decided: dict[str, Value]
) -> None:
    below_two_accounts(store)
    close: dict[str, Value] = {"state": "resolved", "resolution": "5"}
    changes = [Change("conflict", B, Op.SET, close, {"state": "open", "resolution": None})]
    if decided:
        changes.insert(0, Change("account", A, Op.SET, decided, {"phone": None}))
    question = row(B, 14, (A,), record=f"account/{A}", field="phone", state="open")
    pull(store, 14, page("conflict", question))
    journal.commit(store, changes, label="Decision", atomic=True)
    pull(store, 30, Left((A,)))
    cs_id = waiting(store)
    with store.reader() as c:
        assert offering.can_offer(c, cs_id) == bool(decided)
    if decided:
        offer = offered(store, cs_id).changes
        assert [(x.kind, x.new, x.old) for x in offer] == [("account", decided, {"phone": None})]


def test_an_outcome_of_what_was_never_offered_changes_nothing(
    store: Store, orphan: ChangeSetId
) -> None:
    put(store, "account", B, phone="7")
    (sent,) = Outbox(store).take_outbox(200, 10**6)
    answer(store, verdict(sent.id, "applied", 31))
    pull(store, 31, outcome(sent, "offer.taken"))
    assert states(store) == ["orphaned", "confirmed"]
