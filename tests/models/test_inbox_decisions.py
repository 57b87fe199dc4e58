"""What a person decides in the inbox: several at once, put right before it is sent, kept aside."""

from __future__ import annotations

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import UserProblem
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import Deleted, Left, WireTombstone
from crm_desktop.models import inbox, inbox_facts, journal
from crm_desktop.models.journal import queueing, settling
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import (
    LI,
    ME,
    add,
    answer,
    clock_of,
    first_pull,
    hello,
    is_seen,
    pull,
    put,
    row,
    seen,
    states,
    take,
    value,
    verdict,
)

A, B = RecordId(f"{7:032x}"), RecordId(f"{8:032x}")
ONE, TWO = RecordId(f"{21:032x}"), RecordId(f"{22:032x}")


def parked(field: str, mine: str) -> dict[str, Value]:
    """The values of an open conflict on account A."""
    entry: dict[str, Value] = {
        "value": mine,
        "author": ME,
        "device": "t14",
        "authored_at": "2026-11-19T08:00:00Z",
    }
    return {
        "record": f"account/{A}", "field": field, "why": "edit", "base": "1",
        "parked": [{**entry, "cs_id": "f" * 32}], "state": "open",
        "created_at": "2026-11-20T08:00:00Z", "updated_at": "2026-11-20T08:00:00Z",
    }  # fmt: skip


def with_two_conflicts(store: Store) -> None:
    first_pull(
        store,
        ("account", row(A, 10, name="A", phone="5", website="https://five")),
        ("conflict", row(ONE, 11, **parked("phone", "2"))),
        ("conflict", row(TWO, 12, **parked("website", "https://two"))),
    )


def test_several_decisions_are_one_step_to_undo(store: Store) -> None:
    with_two_conflicts(store)
    inbox.resolve_all(store, [(ONE, "2"), (TWO, "https://two")], label="Decide A")
    assert seen(store, "account", A).values["phone"] == "2"
    assert len(take(store)) == 2
    journal.undo(store)
    values = seen(store, "account", A).values
    assert (values["phone"], values["website"]) == ("5", "https://five")


def test_a_decision_taken_back_is_a_question_again_with_all_of_its_values(store: Store) -> None:
    with_two_conflicts(store)
    with store.reader() as c:
        before = inbox.conflicts(c)
        shown = [inbox.shown_here(c, one) for one in before]
    inbox.resolve_all(store, [(one.id, one.parked[0].value) for one in before])
    with store.reader() as c:
        assert inbox.conflicts(c) == ()
    journal.undo(store)
    with store.reader() as c:
        after = inbox.conflicts(c)
        assert [one.parked for one in after] == [one.parked for one in before]
        assert [inbox.shown_here(c, one) for one in after] == shown


def test_a_decision_over_which_the_field_moved_on_stays_decided(store: Store) -> None:
    with_two_conflicts(store)
    with store.reader() as c:
        one = next(one for one in inbox.conflicts(c) if one.field == "phone")
    (cs_id,) = inbox.resolve(store, one.id, "030-8").changesets
    put(store, "account", A, phone="030-9")
    undone = queueing.take_back(store, cs_id)
    assert undone.kept == (("account", A, "phone"),)
    with store.reader() as c:
        assert one.id not in {open_one.id for open_one in inbox.conflicts(c)}
    assert seen(store, "account", A).values["phone"] == "030-9"


def test_a_decision_about_a_record_that_is_gone_stays_decided(store: Store) -> None:
    with_two_conflicts(store)
    (cs_id,) = inbox.resolve(store, ONE, "030-8").changesets
    take(store)
    pull(store, 120, Deleted("account", (WireTombstone(A, 110),)))
    undone = queueing.take_back(store, cs_id)
    assert undone.kept == (("account", A, "phone"),)
    assert seen(store, "conflict", ONE).values["state"] == "resolved"


def test_where_one_decision_fails_none_is_made(store: Store) -> None:
    with_two_conflicts(store)
    inbox.resolve(store, TWO, "https://x")
    before = states(store)
    with pytest.raises(UserProblem):
        inbox.resolve_all(store, [(ONE, "2"), (TWO, "https://y")])
    assert states(store) == before
    assert seen(store, "account", A).values["phone"] == "5"


def test_a_conflict_says_when_it_arrived_and_by_which_step(store: Store) -> None:
    with_two_conflicts(store)
    with store.reader() as c:
        found = {one.field: one for one in inbox.conflicts(c)}
    assert found["phone"].arrived_at == "2026-11-20T08:00:00Z"
    assert found["phone"].parked[0].cs_id == "f" * 32


def test_decided_conflicts_tell_who_decided_what(store: Store) -> None:
    closed = {**parked("phone", "2"), "state": "resolved", "resolution": "2", "resolved_by": LI}
    first_pull(
        store, ("account", row(A, 10, name="A", phone="2")), ("conflict", row(ONE, 11, **closed))
    )
    with store.reader() as c:
        assert inbox.conflicts(c) == ()
        [one] = inbox.decided(c, 10)
    assert (one.resolution, one.resolved_by) == ("2", LI)


def test_the_other_side_of_a_conflict_is_what_the_server_has(store: Store) -> None:
    """And not what was typed over it since."""
    with_two_conflicts(store)
    put(store, "account", A, phone="9")
    with store.reader() as c:
        found = {one.field: one for one in inbox.conflicts(c)}
    assert found["phone"].current == "5"


def refused(store: Store) -> ChangeSetId:
    first_pull(store, ("account", row(A, 10, name="A", email="a@a.com", phone="1")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    answer(store, verdict(cs, "rejected", 0, (0, "", "rejected", "right.missing")))
    return cs


def test_refused_work_goes_out_again_as_it_was_put_right(store: Store) -> None:
    cs = refused(store)
    fixes = {("account", A): {"phone": "3", "email": "b@b.com"}}
    inbox.resend(store, cs, fixes)
    [again] = Outbox(store).take_outbox(10, 10**6)
    assert again.changes[0].new == {"phone": "3", "email": "b@b.com"}
    assert again.changes[0].old == {"phone": "1", "email": "a@a.com"}
    assert seen(store, "account", A).values["phone"] == "3"


def refused_in_part(store: Store) -> ChangeSetId:
    """A step of which one field was taken and the other applied."""
    first_pull(store, ("account", row(A, 10, name="A", uscc="1", phone="1")))
    put(store, "account", A, uscc="2", phone="2")
    [cs] = take(store)
    answer(
        store, verdict(cs, "rejected", 11, (0, "uscc", "rejected", "field.taken")),
        rows={"account": row(A, 11, name="A", uscc="1", phone="2")},
    )  # fmt: skip
    return cs


def test_a_refused_field_is_put_right_alone(store: Store) -> None:
    cs = refused_in_part(store)
    inbox.resend(store, cs, {("account", A): {"uscc": "9"}})
    [again] = Outbox(store).take_outbox(10, 10**6)
    assert (again.changes[0].new, again.changes[0].old) == ({"uscc": "9"}, {"uscc": "1"})


def test_work_set_aside_stays_in_sight_and_waits(store: Store) -> None:
    cs = refused(store)
    inbox.set_aside(store, cs)
    assert states(store) == ["held"]
    assert take(store) == []
    assert seen(store, "account", A).values["phone"] == "2"
    with store.reader() as c:
        assert [one.state for one in inbox.stuck(c)] == ["held"]
    inbox.resend(store, cs)
    assert len(take(store)) == 1


def test_the_refused_part_of_a_step_is_set_aside_alone(store: Store) -> None:
    cs = refused_in_part(store)
    inbox.set_aside(store, cs)
    assert states(store) == ["acked", "held"]
    assert seen(store, "account", A).values["uscc"] == "2"


def test_a_restored_server_is_not_sent_a_refused_field_that_was_given_up(store: Store) -> None:
    cs = refused_in_part(store)
    inbox.discard(store, cs)
    hello(store, "e2", restored=10)
    assert seen(store, "account", A).values["uscc"] == "1"
    [again] = Outbox(store).take_outbox(10, 10**6)
    assert (again.id, [one.new for one in again.changes]) == (cs, [{"phone": "2"}])


def test_what_was_given_up_before_its_step_is_sent_again_stays_in_its_history(store: Store) -> None:
    _, back = inbox.discard_for_now(store, refused_in_part(store))
    hello(store, "e2", restored=10)
    with pytest.raises(UserProblem):
        inbox.take_discard_back(store, back)
    sql = "SELECT o.new FROM op o JOIN changeset s ON s.n = o.cs WHERE s.state = 'discarded'"
    assert value(store, sql) == '{"uscc":"2"}'


def test_a_restored_server_is_not_sent_a_refused_change_that_was_given_up(store: Store) -> None:
    first_pull(store, *(("account", row(one, 10, name="A")) for one in (A, B)))
    changes = [Change("account", one, Op.SET, {"phone": "2"}, {"phone": None}) for one in (A, B)]
    journal.commit(store, changes, label="Two")
    [cs] = take(store)
    answer(
        store, verdict(cs, "rejected", 11, (0, "", "rejected", "right.missing")),
        rows={"account": row(B, 11, name="A", phone="2")},
    )  # fmt: skip
    inbox.discard(store, cs)
    hello(store, "e2", restored=10)
    [again] = Outbox(store).take_outbox(10, 10**6)
    assert [one.id for one in again.changes] == [B]
    answer(store, verdict(cs, "rejected", 12, (0, "phone", "rejected", "field.invalid")))
    assert value(store, "SELECT count(*) FROM op WHERE cs = 1 AND refused IS NOT NULL") == 1


def test_what_was_taken_of_a_step_whose_refused_part_left_is_sent_to_a_restored_server(
    store: Store,
) -> None:
    first_pull(store, *(("account", row(one, 10, name="A")) for one in (A, B)))
    changes = [Change("account", one, Op.SET, {"phone": "2"}, {"phone": None}) for one in (A, B)]
    journal.commit(store, changes, label="Two")
    [cs] = take(store)
    answer(
        store, verdict(cs, "rejected", 11, (0, "", "rejected", "right.missing")),
        rows={"account": row(B, 11, name="A", phone="2")},
    )  # fmt: skip
    pull(store, 12, Left((A,)))
    assert states(store) == ["confirmed", "orphaned"]
    hello(store, "e2", restored=10)
    [again] = Outbox(store).take_outbox(10, 10**6)
    assert (again.id, [one.id for one in again.changes]) == (cs, [B])
    assert states(store) == ["sent", "orphaned"]


def test_a_discarded_record_comes_back_with_what_hangs_below(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    add(store, "task", title="Call", account=account)
    first = take(store)[0]
    answer(store, verdict(first, "rejected", 0, (0, "", "rejected", "right.missing")))
    assert states(store) == ["rejected", "blocked"]
    with store.reader() as c:
        lost = inbox_facts.loss(c, first)
    assert (len(lost.parts), lost.above) == (1, 1)
    _, back = inbox.discard_for_now(store, first)
    assert states(store) == ["discarded", "rejected"]
    assert not is_seen(store, "account", account)
    inbox.take_discard_back(store, back)
    assert states(store) == ["rejected", "blocked"]
    assert is_seen(store, "account", account)


def test_a_refused_part_that_was_discarded_comes_back_with_its_reason(store: Store) -> None:
    cs = refused_in_part(store)
    with store.reader() as c:
        before = inbox.stuck(c)
        assert [one.new for one in inbox_facts.loss(c, cs).parts] == [{"uscc": "2"}]
    _, back = inbox.discard_for_now(store, cs)
    assert seen(store, "account", A).values["uscc"] == "1"
    inbox.take_discard_back(store, back)
    assert seen(store, "account", A).values["uscc"] == "2"
    with store.reader() as c:
        assert inbox.stuck(c) == before


def test_a_queued_step_tells_what_it_changes_in_which_record(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="Alfreds", phone="1")))
    put(store, "account", A, phone="2")
    with store.reader() as c:
        [waiting] = inbox.queue(c)
        [part] = inbox_facts.parts(c, waiting.cs_id)
    assert (part.title, part.new, part.old) == ("Alfreds", {"phone": "2"}, {"phone": "1"})


def test_history_holds_what_was_confirmed_and_what_was_discarded(store: Store) -> None:
    cs = refused(store)
    inbox.discard(store, cs)
    put(store, "account", A, phone="4")
    [sent] = take(store)
    answer(store, verdict(sent, "applied", 12), rows={"account": row(A, 12, name="A", phone="4")})
    pull(store, 12)
    with store.reader() as c:
        found = inbox_facts.settled(c, 10)
        assert inbox_facts.history_size(c) == 2
    assert [one.state for one in found] == ["confirmed", "discarded"]
    assert found[0].record == A


def test_own_steps_name_the_fields_that_they_changed(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    put(store, "account", A, phone="2", website="https://two")
    [cs] = take(store)
    with store.reader() as c:
        [step] = inbox_facts.own_steps(c, "account", A, [cs, "f" * 32, "?"])
    assert step.fields == ("phone", "website")
    assert value(store, "SELECT count(*) FROM changeset") == 1


def test_what_was_refused_stays_in_the_history_for_ever_and_what_was_confirmed_does_not(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "KEPT_WHATEVER_THEIR_AGE", 0)
    inbox.discard(store, refused(store))
    inbox.resend(store, refused_in_part(store), {("account", A): {"uscc": "3"}})
    pull(store, 100)
    clock_of(store).move(days=400)
    with store.writing() as c:
        settling.forget_confirmed(c, store.clock(), 60)
    with store.reader() as c:
        found = inbox_facts.settled(c, 10)
    assert [(one.code, one.was_resent, one.fields) for one in found] == [
        ("field.taken", True, ("uscc",)), ("right.missing", False, ("phone",))
    ]  # fmt: skip


def test_a_discarding_taken_back_leaves_nothing_in_the_history(store: Store) -> None:
    _, back = inbox.discard_for_now(store, refused_in_part(store))
    with store.reader() as c:
        assert len(inbox_facts.settled(c, 10)) == 1
    inbox.take_discard_back(store, back)
    with store.reader() as c:
        assert inbox_facts.settled(c, 10) == ()
