"""What becomes of own work when the server has spoken: nothing is lost, nothing waits in vain."""

from __future__ import annotations

import pytest

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.errors import UserProblem
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.merge import Seen, Version, merge
from crm_core.wire import Deleted, End, PushResponse, WireTombstone
from crm_desktop.models import inbox, journal
from crm_desktop.models.outbox import OLDEST, Outbox
from crm_desktop.models.replica import Wanted
from crm_desktop.models.store import Store
from tests.models.support import (
    ME,
    add,
    answer,
    clock_of,
    digest_of,
    first_pull,
    is_seen,
    page,
    pull,
    put,
    row,
    seen,
    states,
    take,
    value,
    verdict,
)

A = RecordId(f"{7:032x}")


def test_work_without_an_answer_is_offered_again_with_the_same_ids(store: Store) -> None:
    add(store, "account", name="Alfreds")
    assert take(store) == take(store)
    assert states(store) == ["sent"]


def test_the_outbox_gives_at_least_one_however_large(store: Store) -> None:
    add(store, "account", name="A", description="x" * 50_000)
    add(store, "account", name="B")
    assert len(Outbox(store).take_outbox(200, 10)) == 1


def test_what_goes_out_next_is_taken_as_the_verdicts_left_it(store: Store) -> None:
    first = add(store, "account", name="A")
    [cs] = take(store)
    put(store, "account", first, name="B")
    add(store, "account", name="C")
    refused = PushResponse(
        "e1", 5, (verdict(cs, "rejected", 0, (0, "", "rejected", "right.missing")),)
    )
    settled = Outbox(store).settle(refused, Wanted(200, 1 << 20, cs))
    assert settled.rejected == 1
    assert [one.changes[0].new["name"] for one in settled.taken] == ["C"]
    assert states(store) == ["rejected", "blocked", "sent"]


def test_acked_work_shows_the_servers_value_and_is_confirmed_by_the_feed(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    [cs] = take(store)
    theirs = row(account, 11, name="Alfreds", number="A-2026-1")
    answer(store, verdict(cs, "applied", 11), rows={"account": theirs}, seq=11)
    assert states(store) == ["acked"]
    assert seen(store, "account", account).values["number"] == "A-2026-1"
    assert not seen(store, "account", account).pending
    pull(store, 10)
    assert states(store) == ["acked"]
    pull(store, 11)
    assert states(store) == ["confirmed"]


def test_rows_ahead_of_the_cursor_leave_the_pull_open(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    [cs] = take(store)
    answer(store, verdict(cs, "applied", 11))
    assert not Outbox(store).state().pull_open
    answer(store, verdict(cs, "duplicate", 11), rows={"account": row(account, 11)}, seq=11)
    assert Outbox(store).state().pull_open
    pull(store, 11)
    assert not Outbox(store).state().pull_open


def test_a_verdict_that_comes_behind_its_row_shows_the_row(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    first_pull(store, ("account", row(A, 12, name="A", phone="3")), hi=12)
    assert seen(store, "account", A).values["phone"] == "2"
    answer(store, verdict(cs, "applied", 11))
    assert seen(store, "account", A).values["phone"] == "3"
    assert value(store, "SELECT count(*) FROM shadow") == 0


def test_what_was_taken_as_it_is_shown_is_told_once(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    settled = answer(store, verdict(cs, "applied", 101), seq=101)
    assert ("account", A) in settled.summary.changed
    assert seen(store, "account", A).values["phone"] == "2"


def test_an_acked_value_stays_in_sight_until_its_row_arrives(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    answer(store, verdict(cs, "applied", 11))
    assert seen(store, "account", A).values["phone"] == "2"
    first_pull(store, ("account", row(A, 12, name="A", phone="3")))
    assert seen(store, "account", A).values["phone"] == "3"


def test_a_repeated_answer_changes_nothing(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    mine = {"account": row(A, 11, name="A", phone="2")}
    answer(store, verdict(cs, "applied", 11), rows=mine)
    again = answer(store, verdict(cs, "rejected", 0, (0, "", "rejected", "x")), rows=mine)
    assert (again.acked, again.rejected) == (0, 0)
    assert states(store) == ["acked"]


def test_own_later_work_stays_on_top_of_an_answer(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1", industry="x")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    put(store, "account", A, phone="3")
    theirs = row(A, 11, name="A", phone="2", industry="y")
    answer(store, verdict(cs, "applied", 11), rows={"account": theirs})
    shown = seen(store, "account", A)
    assert (shown.values["phone"], shown.values["industry"], shown.pending) == ("3", "y", True)


def test_a_conflict_shows_the_servers_value_and_the_badge(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    put(store, "account", A, phone="2", name="B")
    [cs] = take(store)
    conflict = row(
        RecordId(f"{70:032x}"), 12, (A,), record=f"account/{A}", field="phone", why="edit",
        base="1", parked=[{"value": "2", "author": ME, "device": "d", "authored_at": ""}],
        state="open",
    )  # fmt: skip
    done = answer(
        store, verdict(cs, "conflict", 13, (0, "phone", "conflict", "")),
        rows={"conflict": conflict, "account": row(A, 13, name="B", phone="9")},
    )  # fmt: skip
    shown = seen(store, "account", A)
    assert (shown.values["phone"], shown.values["name"], shown.conflict) == ("9", "B", True)
    assert (done.conflicts, done.summary.conflicts_changed) == (1, True)
    assert Outbox(store).parked().conflict == 1


def test_a_conflict_of_another_shape_disturbs_nobody(store: Store) -> None:
    odd: list[Value] = [None, "text", 5, {"author": ME}, ["x", None, {"value": 1}]]
    rows = [
        ("conflict", row(RecordId(f"{n + 70:032x}"), n + 12, record=f"account/{A}", parked=one))
        for n, one in enumerate(odd)
    ]
    first_pull(store, ("account", row(A, 10, name="A")), *rows)
    assert Outbox(store).parked().conflict == 0
    with store.reader() as c:
        assert len(inbox.conflicts(c)) == len(odd)


def test_a_refused_field_parks_alone_and_keeps_its_value_in_sight(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", uscc="1", phone="1")))
    put(store, "account", A, uscc="2", phone="2")
    [cs] = take(store)
    answer(
        store, verdict(cs, "rejected", 11, (0, "uscc", "rejected", "field.taken")),
        rows={"account": row(A, 11, name="A", uscc="1", phone="2")},
    )  # fmt: skip
    pull(store, 50)
    shown = seen(store, "account", A)
    assert (shown.values["uscc"], shown.refused) == ("2", True)
    assert Outbox(store).parked().rejected == 1
    with store.reader() as c:
        [stuck] = inbox.stuck(c)
    assert (stuck.field, stuck.code, stuck.mine, stuck.base) == (
        "uscc", "field.taken", {"uscc": "2"}, {"uscc": "1"},
    )  # fmt: skip


def test_discarding_shows_what_the_server_has(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    answer(store, verdict(cs, "rejected", 0, (0, "", "rejected", "right.missing")))
    assert seen(store, "account", A).values["phone"] == "2"
    journal.discard(store, cs)
    shown = seen(store, "account", A)
    assert (shown.values["phone"], shown.pending, shown.refused) == ("1", False, False)
    assert Outbox(store).parked().needs_you == 0


def test_what_is_sent_again_has_a_new_id(store: Store) -> None:
    """For the server answers an id it knows with the verdict it remembers."""
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    answer(store, verdict(cs, "rejected", 0, (0, "", "rejected", "right.missing")))
    journal.resend(store, cs)
    [again] = take(store)
    assert again != cs
    assert seen(store, "account", A).values["phone"] == "2"


def test_a_refused_field_is_sent_again_alone_as_its_author_saw_it(store: Store) -> None:
    """His value is shown above what a colleague has written meanwhile."""
    first_pull(store, ("account", row(A, 10, name="A", uscc="1", phone="1")))
    put(store, "account", A, uscc="2", phone="2")
    [cs] = take(store)
    answer(
        store, verdict(cs, "rejected", 11, (0, "uscc", "rejected", "field.taken")),
        rows={"account": row(A, 11, name="A", uscc="1", phone="2")},
    )  # fmt: skip
    pull(store, 120, page("account", row(A, 112, name="A", uscc="9", phone="2")))
    assert seen(store, "account", A).values["uscc"] == "2"
    journal.resend(store, cs)
    [again] = Outbox(store).take_outbox(10, 10**6)
    [change] = again.changes
    assert (change.new, change.old, change.base_seq) == ({"uscc": "2"}, {"uscc": "1"}, 10)
    assert states(store) == ["confirmed", "discarded", "sent"]


def test_refused_members_of_a_set_are_sent_again_as_members(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", tags=["a", "b"])))
    both = [
        Change("account", A, Op.ADD, {"tags": ["c"]}),
        Change("account", A, Op.SET, {"phone": "1"}),
    ]
    journal.commit(store, both, label="Change")
    [cs] = take(store)
    answer(
        store, verdict(cs, "rejected", 11, (0, "tags", "rejected", "field.invalid")),
        rows={"account": row(A, 11, name="A", phone="1", tags=["a", "b"])},
    )  # fmt: skip
    journal.resend(store, cs)
    [again] = Outbox(store).take_outbox(10, 10**6)
    assert [(x.op, x.new) for x in again.changes] == [(Op.ADD, {"tags": ["c"]})]
    assert seen(store, "account", A).values["tags"] == ["a", "b", "c"]


def test_kept_as_a_draft_the_values_come_off_the_record(store: Store) -> None:
    account = add(store, "account", name="Alfreds", phone="1")
    [cs] = take(store)
    answer(store, verdict(cs, "rejected", 0, (0, "", "rejected", "right.missing")))
    _, values = journal.keep_as_draft(store, cs)
    assert values["name"] == "Alfreds"
    assert not is_seen(store, "account", account)
    assert value(store, "SELECT count(*) FROM account") == 0


def test_nothing_of_a_healthy_step_can_be_discarded(store: Store) -> None:
    add(store, "account", name="Alfreds")
    [cs] = take(store)
    with pytest.raises(UserProblem, match="Nothing of this step was refused"):
        journal.discard(store, cs)


# Blocked: only what builds on a refusal


def test_rows_below_a_refused_insert_wait_and_nothing_else_does(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    other = add(store, "account", name="Berglunds")
    add(store, "task", title="Call", account=account)
    put(store, "account", account, phone="1")
    add(store, "task", title="Write", account=other)
    first = take(store)[0]
    answer(store, verdict(first, "rejected", 0, (0, "", "rejected", "right.missing")))
    assert states(store) == ["rejected", "sent", "blocked", "blocked", "sent"]
    assert len(take(store)) == 2
    add(store, "task", title="Again", account=account)
    assert states(store)[-1] == "blocked"


def test_a_later_edit_of_a_refused_field_waits_for_it(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", uscc="1", phone="1")))
    put(store, "account", A, uscc="2")
    put(store, "account", A, uscc="3")
    put(store, "account", A, phone="2")
    first = take(store)[0]
    answer(store, verdict(first, "rejected", 0, (0, "uscc", "rejected", "field.taken")))
    assert states(store) == ["rejected", "blocked", "sent"]


def test_sending_the_reason_again_frees_what_waited(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    task = add(store, "task", title="Call", account=account)
    add(store, "attachment", name="a.pdf", parent=f"task/{task}")
    first = take(store)[0]
    answer(store, verdict(first, "rejected", 0, (0, "", "rejected", "right.missing")))
    assert states(store) == ["rejected", "blocked", "blocked"]
    journal.resend(store, first)
    assert states(store) == ["queued", "queued", "queued", "discarded"]


def test_discarding_a_record_does_not_discard_what_hangs_below(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    add(store, "task", title="Call", account=account)
    first = take(store)[0]
    answer(store, verdict(first, "rejected", 0, (0, "", "rejected", "right.missing")))
    journal.discard(store, first)
    assert states(store) == ["discarded", "rejected"]


def test_blocked_by_the_server_alone_is_not_offered_for_ever(store: Store) -> None:
    add(store, "account", name="Alfreds")
    [cs] = take(store)
    answer(store, verdict(cs, "blocked"))
    assert states(store) == ["rejected"]


def test_held_work_stays_here_and_in_sight(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    with store.reader() as c:
        [queued] = inbox.queue(c)
    journal.hold(store, queued.cs_id)
    assert take(store) == []
    assert is_seen(store, "account", account)
    journal.resend(store, queued.cs_id)
    assert len(take(store)) == 1


# The journal's age


def test_the_newest_of_the_journal_outlives_a_clock_that_jumps(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    answer(store, verdict(cs, "applied", 11), rows={"account": row(A, 11, name="A", phone="2")})
    pull(store, 20)
    clock_of(store).move(days=3650)
    pull(store, 21)
    assert states(store) == ["confirmed"]


def test_verified_is_said_only_when_both_sides_hold_the_same(store: Store) -> None:
    mine = row(A, 10, name="A")
    first_pull(store, ("account", mine))
    assert not pull(store, 20).verified
    assert Outbox(store).state().verified_at == ""
    assert pull(store, 20, held=digest_of(("account", mine))).verified
    assert Outbox(store).state().verified_cursor == 20


def test_own_work_does_not_disturb_the_digest(store: Store) -> None:
    mine = row(A, 10, name="A")
    first_pull(store, ("account", mine))
    put(store, "account", A, phone="2")
    add(store, "account", name="New")
    held = digest_of(("account", mine))
    assert Outbox(store).finish((), End(20, held.count, held.total)).verified


def test_resolving_is_one_atomic_step_of_field_and_conflict(store: Store) -> None:
    conflict = RecordId(f"{70:032x}")
    first_pull(
        store, ("account", row(A, 10, name="A", phone="9")),
        ("conflict", row(conflict, 12, (A,), record=f"account/{A}", field="phone", state="open")),
    )  # fmt: skip
    journal.resolve(store, conflict, "9")
    [sent] = Outbox(store).take_outbox(10, 10**6)
    assert sent.atomic
    assert sent.changes == (
        Change("account", A, Op.SET, {"phone": "9"}, {"phone": "9"}, 10),
        Change("conflict", conflict, Op.SET, {"state": "resolved", "resolution": "9"},
               {"state": "open", "resolution": None}, 12),
    )  # fmt: skip
    assert not seen(store, "account", A).conflict
    with pytest.raises(UserProblem, match="already resolved"):
        journal.resolve(store, conflict, "8")


def test_a_conflict_about_a_deletion_restores_with_the_parked_changes(store: Store) -> None:
    conflict = RecordId(f"{70:032x}")
    first_pull(
        store, ("account", row(A, 10, name="A", phone="9")),
        ("conflict", row(conflict, 12, (A,), record=f"account/{A}", field="deleted",
                         why="delete", state="open")),
    )  # fmt: skip
    journal.commit(store, [Change("account", A, Op.DELETE)], label="Delete")
    journal.resolve(store, conflict, {"phone": "5"})
    assert seen(store, "account", A).values["phone"] == "5"
    assert is_seen(store, "account", A)


def test_who_brings_a_record_back_names_the_values_that_he_saw_and_no_version(store: Store) -> None:
    """A tombstone has a newer version than the values that lie here."""
    conflict = RecordId(f"{70:032x}")
    first_pull(
        store, ("account", row(A, 10, name="A", phone="9")),
        ("conflict", row(conflict, 12, (A,), record=f"account/{A}", field="deleted",
                         why="delete", state="open")),
    )  # fmt: skip
    pull(store, 40, Deleted("account", (WireTombstone(A, 30),)))
    journal.resolve(store, conflict, {"phone": "5"})
    (step,) = Outbox(store).take_outbox(200, 10**6)
    back = step.changes[0]
    assert (back.op, back.base_seq, back.old) == (Op.RESTORE, 0, {"phone": "9"})


@pytest.mark.parametrize(
    ("typed", "decided"), [((Op.ADD, ["new"]), ["new", "old"]), ((Op.REMOVE, ["old"]), [])]
)
def test_who_brings_a_record_back_with_his_own_unheard_members_says_them_once_more(
    store: Store, typed: tuple[Op, list[Value]], decided: list[Value]
) -> None:
    """What he typed lies in the question that he decides, though its verdict was lost here."""
    conflict = RecordId(f"{70:032x}")
    first_pull(
        store, ("account", row(A, 10, name="A", tags=["old"])),
        ("conflict", row(conflict, 12, (A,), record=f"account/{A}", field="deleted",
                         why="delete", state="open")),
    )  # fmt: skip
    op, members = typed
    journal.commit(store, [Change("account", A, op, {"tags": members})], label="Tags")
    pull(store, 40, Deleted("account", (WireTombstone(A, 30),)))
    journal.resolve(store, conflict, {"tags": decided})
    back = Outbox(store).take_outbox(200, 10**6)[-1].changes[0]
    server = Version({"name": "A", "tags": ["old"]}, {}, 30, deleted=True)
    assert back.op is Op.RESTORE
    assert merge(CATALOG["account"], server, back, Seen(0)).values["tags"] == decided


@pytest.mark.parametrize("in_one_step", [True, False])
def test_who_edits_a_record_that_he_brought_back_names_no_version_until_it_came(
    store: Store, *, in_one_step: bool
) -> None:
    """What somebody wrote behind the values that lie here, before the deletion, he never saw."""
    first_pull(store, ("account", row(A, 10, name="A", phone="9")))
    pull(store, 40, Deleted("account", (WireTombstone(A, 30),)))
    back = Change("account", A, Op.RESTORE, base_seq=30)
    edit = Change("account", A, Op.SET, {"phone": "5"}, {"phone": "9"}, 30)
    for changes in ([back, edit],) if in_one_step else ([back], [edit]):
        journal.commit(store, changes, label="Change")
    waiting = Outbox(store).take_outbox(200, 10**6)
    assert [(one.op, one.base_seq) for step in waiting for one in step.changes] == [
        (Op.RESTORE, 0), (Op.SET, 0),
    ]  # fmt: skip
    pull(store, 50, page("account", row(A, 45, name="A", phone="7")))
    put(store, "account", A, name="B")
    assert Outbox(store).take_outbox(200, 10**6)[-1].changes[0].base_seq == 45


def test_who_deletes_again_what_he_brought_back_names_the_deletion_that_he_saw(
    store: Store,
) -> None:
    """It leads back to what the server has: who wrote something before that loses no more by it."""
    first_pull(store, ("account", row(A, 10, name="A", phone="9")))
    pull(store, 40, Deleted("account", (WireTombstone(A, 30),)))
    for op in (Op.RESTORE, Op.DELETE):
        journal.commit(store, [Change("account", A, op)], label="Change")
    back, again = Outbox(store).take_outbox(200, 10**6)
    assert (again.changes[0].base_seq, again.changes[0].after) == (30, (back.id,))


def test_a_long_journal_is_not_read_to_find_what_waits(store: Store) -> None:
    with store.reader() as c:
        steps = [x for sql in OLDEST for x in c.rows(f"EXPLAIN QUERY PLAN {sql}", (0, 200))]
    searched = [step[-1] for step in steps if "changeset" in step[-1]]
    assert len(searched) == 2
    assert all("INDEX changeset_open" in step for step in searched), searched


def test_what_waited_for_a_step_goes_out_where_that_was_taken_all_the_same(store: Store) -> None:
    """Its answer was lost, and an earlier step was refused before it came again."""
    first_pull(store, ("account", row(A, 10, name="A", phone="0", industry="x")))
    put(store, "account", A, phone="1")
    put(store, "account", A, phone="2", industry="y")
    put(store, "account", A, industry="z")
    first, second, third = take(store)
    answer(store, verdict(first, "rejected", 0, (0, "phone", "rejected", "right.missing")))
    assert states(store) == ["rejected", "blocked", "blocked"]
    answer(store, verdict(second, "applied", 11))
    assert take(store) == [third]
