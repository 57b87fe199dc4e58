"""A step taken back before its verdict: where it is refused, its author has decided already."""

from __future__ import annotations

import pytest

from crm_core.changes import Change, Op
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import ChangeSetResult
from crm_desktop.models import inbox, journal
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import (
    add,
    answer,
    first_pull,
    is_seen,
    put,
    row,
    seen,
    states,
    take,
    verdict,
)

A = RecordId(f"{7:032x}")
REFUSED = (0, "", "rejected", "right.missing")


def refused(cs_id: ChangeSetId) -> ChangeSetResult:
    return verdict(cs_id, "rejected", 0, REFUSED)


def with_account(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", uscc="1", phone="0")))


def waiting(store: Store) -> int:
    with store.reader() as c:
        shown = len(inbox.stuck(c))
    assert Outbox(store).parked().needs_you == min(shown, 1)
    return shown


def test_a_refused_step_and_its_unsent_undo_cancel_out(store: Store) -> None:
    with_account(store)
    put(store, "account", A, phone="1")
    [cs] = take(store)
    journal.undo(store)
    settled = answer(store, refused(cs))
    assert states(store) == ["discarded", "discarded"]
    assert (waiting(store), settled.rejected, settled.blocked) == (0, 0, 0)
    assert take(store) == []
    assert seen(store, "account", A).values["phone"] == "0"
    assert not seen(store, "account", A).pending


def test_a_step_and_its_undo_refused_in_one_answer_cancel_out(store: Store) -> None:
    with_account(store)
    put(store, "account", A, phone="1")
    journal.undo(store)
    cs, back = take(store)
    settled = answer(store, refused(cs), refused(back))
    assert states(store) == ["discarded", "discarded"]
    assert (waiting(store), settled.rejected) == (0, 0)


def test_the_verdict_on_an_undo_that_was_on_its_way_comes_too_late_to_matter(store: Store) -> None:
    with_account(store)
    put(store, "account", A, phone="1")
    journal.undo(store)
    cs, back = take(store)
    answer(store, refused(cs))
    answer(store, refused(back))
    assert states(store) == ["discarded", "discarded"]
    assert waiting(store) == 0


def test_a_step_refused_in_part_needs_nobody_once_it_was_taken_back(store: Store) -> None:
    with_account(store)
    put(store, "account", A, phone="1", uscc="2")
    [cs] = take(store)
    journal.undo(store)
    part = (0, "uscc", "rejected", "field.taken")
    after = row(A, 11, name="A", uscc="1", phone="1")
    answer(store, verdict(cs, "rejected", 11, part), rows={"account": after})
    assert waiting(store) == 0
    assert seen(store, "account", A).values["phone"] == "0"
    [back] = take(store)
    after = row(A, 12, name="A", uscc="1", phone="0")
    answer(store, verdict(back, "rejected", 12, part), rows={"account": after})
    assert states(store) == ["acked", "acked"]
    assert waiting(store) == 0
    shown = seen(store, "account", A).values
    assert (shown["phone"], shown["uscc"]) == ("0", "1")


def test_a_refused_record_that_was_taken_back_is_gone(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    [cs] = take(store)
    journal.undo(store)
    answer(store, refused(cs))
    assert states(store) == ["discarded", "discarded"]
    assert waiting(store) == 0
    assert not is_seen(store, "account", account)


@pytest.mark.parametrize("field", ["", "phone"])
def test_what_is_refused_of_a_record_that_its_author_wants_again_waits_for_him(
    store: Store, field: str
) -> None:
    first_pull(store)
    account = add(store, "account", name="Alfreds", phone="1")
    [cs] = take(store)
    journal.undo(store)
    journal.commit(store, [Change("account", account, Op.RESTORE)], label="Back")
    answer(store, verdict(cs, "rejected", 11, (0, field, "rejected", "right.missing")))
    assert waiting(store) >= 1
    with store.reader() as c:
        assert cs in {one.cs_id for one in inbox.stuck(c)}


def test_what_was_typed_after_the_undo_does_not_wait_for_the_refused_step(store: Store) -> None:
    with_account(store)
    put(store, "account", A, phone="1")
    [cs] = take(store)
    journal.undo(store)
    put(store, "account", A, phone="2")
    answer(store, refused(cs))
    assert states(store) == ["discarded", "discarded", "queued"]
    assert seen(store, "account", A).values["phone"] == "2"
    [sent] = Outbox(store).take_outbox(10, 10**6)
    assert (sent.changes[0].old, sent.changes[0].new) == ({"phone": "0"}, {"phone": "2"})


def test_a_refused_undo_of_what_took_effect_waits_for_its_author(store: Store) -> None:
    with_account(store)
    put(store, "account", A, phone="1")
    [cs] = take(store)
    after = row(A, 11, name="A", uscc="1", phone="1")
    answer(store, verdict(cs, "applied", 11), rows={"account": after})
    journal.undo(store)
    [back] = take(store)
    answer(store, refused(back))
    assert states(store) == ["acked", "rejected"]
    assert waiting(store) == 1


def test_a_record_taken_but_for_one_field_is_there_and_its_refused_deletion_waits(
    store: Store,
) -> None:
    account = add(store, "account", name="Alfreds", uscc="1")
    [cs] = take(store)
    journal.undo(store)
    after = row(account, 11, name="Alfreds")
    part = (0, "uscc", "rejected", "field.taken")
    answer(store, verdict(cs, "rejected", 11, part), rows={"account": after})
    assert waiting(store) == 0
    [back] = take(store)
    answer(store, refused(back))
    assert states(store) == ["acked", "rejected"]
    assert waiting(store) == 1


def test_a_refused_step_that_was_not_taken_back_still_waits(store: Store) -> None:
    with_account(store)
    put(store, "account", A, phone="1")
    other = add(store, "account", name="B")
    first, second = take(store)
    journal.undo(store)
    answer(store, refused(first), verdict(second, "applied", 11),
           rows={"account": row(other, 11, name="B")})  # fmt: skip
    assert states(store) == ["rejected", "acked", "queued"]
    assert waiting(store) == 1


def test_a_refused_step_that_could_not_be_taken_back_whole_still_waits(store: Store) -> None:
    visit = RecordId(f"{8:032x}")
    first_pull(
        store,
        ("account", row(A, 10, name="A")),
        ("visit", row(visit, 11, account=A, objectives="Call")),
    )
    put(store, "visit", visit, state="planned", objectives="Visit")
    [cs] = take(store)
    undone = journal.undo(store)
    assert undone is not None
    assert undone.kept == (("visit", visit, "state"),)
    answer(store, refused(cs))
    assert states(store) == ["rejected", "blocked"]
    assert seen(store, "visit", visit).values["state"] == "planned"


def test_work_below_a_discarded_record_that_was_taken_back_needs_nobody(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    [cs] = take(store)
    add(store, "task", title="Call", account=account)
    journal.undo(store)
    answer(store, refused(cs))
    assert states(store) == ["rejected", "blocked", "blocked"]
    journal.discard(store, cs)
    assert states(store) == ["discarded", "discarded", "discarded"]
    assert waiting(store) == 0
