"""What a pull brings: versions, deletions, sight that comes and goes, poison, another history."""

from __future__ import annotations

import msgspec
import pytest

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.digest import Digest
from crm_core.ids import RecordId
from crm_core.wire import Check, Deleted, Enter, Gone, Left, Mark, WireRow, WireTombstone
from crm_desktop.models import inbox, journal, search
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import leaving, turns
from crm_desktop.models.journal.rows import fetch
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.sql import blob, layout
from crm_desktop.models.store import Store
from tests.models.support import (
    LI,
    ME,
    add,
    answer,
    clock_of,
    delete,
    digest,
    digest_of,
    first_pull,
    hello,
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

A, B = RecordId(f"{7:032x}"), RecordId(f"{8:032x}")
T = RecordId(f"{20:032x}")


def test_a_late_older_version_changes_nothing(store: Store) -> None:
    first_pull(store, ("account", row(A, 20, name="new")))
    first_pull(store, ("account", row(A, 10, name="old")))
    assert seen(store, "account", A).values["name"] == "new"
    assert digest(store) == digest_of(("account", row(A, 20)))


def test_a_deletion_keeps_the_record_to_be_looked_at_and_leaves_the_digest(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A")), ("account", row(B, 11, name="B")))
    pull(store, 30, Deleted("account", (WireTombstone(A, 30), WireTombstone(T, 29))))
    assert seen(store, "account", A).deleted
    assert digest(store) == digest_of(("account", row(B, 11)))


def test_a_pull_cut_short_goes_on_from_its_mark(store: Store) -> None:
    hello(store)
    first = [Enter((A,)), page("account", row(A, 10, name="A"))]
    Outbox(store).apply(first, Mark(50, A))
    Outbox(store).apply([Enter((B,)), page("account", row(B, 11, name="B"))], None)
    state = Outbox(store).state()
    assert (state.cursor, state.resume, state.resume_hi, state.pull_open) == (0, A, 50, True)
    pull(store, 60)
    state = Outbox(store).state()
    assert (state.cursor, state.resume, state.pull_open) == (60, "", False)


@pytest.mark.parametrize(
    "poisoned",
    [
        WireRow(B, 12, {"name": {"not": "text"}}),
        WireRow(B, 12, {"name": "B", "owner": "no id"}),
        WireRow(B, 12, {"name": "B", "owner": ["list"]}),
        WireRow(B, 12, {"name": "B", "do_not_contact": 2**70}),
    ],
)
def test_a_poisoned_row_goes_to_quarantine_and_stops_nothing(
    store: Store, poisoned: WireRow
) -> None:
    good = [row(RecordId(f"{n:032x}"), n, name=f"N{n}") for n in range(30, 47)]
    done = pull(store, 50, page("account", *good[:9], poisoned, *good[9:]))
    assert (done.rows, done.quarantined) == (17, 1)
    assert value(store, "SELECT count(*) FROM account") == 17
    expected = digest_of(*(("account", one) for one in (*good, poisoned)))
    assert digest(store) == expected
    healed = row(B, 60, name="B")
    pull(store, 60, page("account", healed))
    assert Outbox(store).parked().quarantine == 0
    assert digest(store) == digest_of(*(("account", one) for one in (*good, healed)))


def test_a_poisoned_version_leaves_the_older_one_readable(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A")))
    put(store, "account", A, phone="1")
    pull(store, 50, page("account", WireRow(A, 12, {"name": {"x": 1}})))
    assert seen(store, "account", A).values["name"] == "A"
    assert digest(store) == digest_of(("account", row(A, 12)))
    with store.reader() as c:
        assert [one.id for one in inbox.quarantined(c)] == [A]


def test_quarantined_rows_are_tried_again_at_growing_intervals(store: Store) -> None:
    pull(store, 50, page("account", row(A, 12, name="A", owner="no id")))
    tries = "SELECT tries FROM quarantine"
    for hours, expected in ((0.5, 0), (1, 1), (1, 1), (1.5, 2)):
        clock_of(store).move(hours=hours)
        assert pull(store, 60).quarantined == 0
        assert value(store, tries) == expected
    assert digest(store) == digest_of(("account", row(A, 12)))
    store.write.run("UPDATE quarantine SET item = replace(item, 'no id', ?)", (ME,))
    clock_of(store).move(hours=5)
    pull(store, 70)
    assert seen(store, "account", A).values["owner"] == ME
    assert digest(store) == digest_of(("account", row(A, 12)))


def test_a_kind_of_a_newer_server_is_kept_whole_and_counted(store: Store) -> None:
    rocket = row(A, 10, thrust="9")
    pull(store, 20, page("rocket", rocket))
    assert digest(store) == digest_of(("rocket", rocket))
    pull(store, 30, Deleted("rocket", (WireTombstone(A, 25),)))
    assert digest(store) == Digest()


def test_a_version_is_counted_once_though_own_work_on_it_lies_in_conflict(store: Store) -> None:
    mine = row(A, 10, name="A")
    first_pull(store, ("account", mine))
    delete(store, "account", A)
    [cs] = take(store)
    answer(store, verdict(cs, "conflict", 12, (0, "deleted", "conflict", "")))
    assert is_seen(store, "account", A)
    pull(store, 11, page("account", mine))
    assert digest(store) == digest_of(("account", mine))


# Sight


def below_two_accounts(store: Store) -> RecordId:
    """A task below A; a contact of both accounts."""
    person = RecordId(f"{30:032x}")
    first_pull(
        store, ("account", row(A, 10, name="A")), ("account", row(B, 11, name="B")),
        ("task", row(T, 12, (A,), title="Call", account=A)),
        ("contact", row(person, 13, (A, B), full_name="Li")),
    )  # fmt: skip
    return person


def test_what_left_is_unreadable_at_once_and_not_deleted(store: Store) -> None:
    person = below_two_accounts(store)
    search.build(store)
    pull(store, 30, Left((A,)))
    assert not is_seen(store, "account", A)
    assert not is_seen(store, "task", T)
    assert is_seen(store, "contact", person)
    search.build(store)
    with store.reader() as c:
        assert search.search(c, "Call") == []
    assert value(store, "SELECT count(*) FROM task") == 1
    assert digest(store).count == 2


def test_a_version_below_own_work_keeps_its_other_roots_beside_others_of_its_page(
    store: Store,
) -> None:
    person = below_two_accounts(store)
    other = RecordId(f"{31:032x}")
    pull(store, 30, page("contact", row(other, 20, (A,), full_name="Wu")))
    put(store, "contact", person, phone="5")
    newer = row(person, 41, (A, B), full_name="Li Na")
    pull(store, 50, page("contact", newer, row(other, 42, (A,), full_name="Wu Fei")))
    pull(store, 60, Left((A,)))
    assert is_seen(store, "contact", person)
    assert not is_seen(store, "contact", other)


def test_a_deleted_record_that_was_brought_back_here_leaves_the_digest_as_it_is(
    store: Store,
) -> None:
    first_pull(store, ("account", row(A, 10, name="A")))
    task = add(store, "task", title="Call", account=A)
    delete(store, "task", task)
    take(store)
    pull(store, 30, Deleted("task", (WireTombstone(task, 30),)))
    journal.commit(store, [Change("task", task, Op.RESTORE)], label="Back")
    assert digest(store) == digest_of(("account", row(A, 10)))
    pull(store, 40, Left((A,)))
    assert digest(store) == Digest()


def test_what_left_is_erased_after_the_grace(store: Store) -> None:
    below_two_accounts(store)
    pull(store, 30, Left((A,)))
    clock_of(store).move(hours=leaving.GRACE_HOURS - 1)
    pull(store, 31)
    assert value(store, "SELECT count(*) FROM task") == 1
    clock_of(store).move(hours=2)
    pull(store, 32)
    assert value(store, "SELECT count(*) FROM task") == 0


def test_what_comes_back_below_own_work_is_not_erased_any_more(store: Store) -> None:
    """It had left; the server, restored from a backup, shows it again, and what the device had
    sent of it has to be sent anew."""
    first_pull(store, ("account", row(A, 10, name="Acme")), hi=20)
    put(store, "account", A, phone="1")
    answer(store, *(verdict(one, "applied", 25) for one in take(store)))
    pull(store, 30, page("account", row(A, 25, name="Acme", phone="1")))
    pull(store, 40, Left((A,)))
    hello(store, "e2", restored=22)
    pull(store, 2**32, Enter((A,)), page("account", row(A, 10, name="Acme")))
    assert states(store) == ["queued"]
    assert is_seen(store, "account", A)
    clock_of(store).move(hours=leaving.GRACE_HOURS + 1)
    pull(store, 2**32 + 1)
    assert is_seen(store, "account", A)
    assert digest(store) == digest_of(("account", row(A, 10)))


def test_erasing_very_much_waits_for_somebody_to_agree(store: Store) -> None:
    rows = [("account", row(RecordId(f"{n:032x}"), n, name="A")) for n in range(40, 140)]
    first_pull(store, *rows)
    pull(store, 200, Left(tuple(one.id for _, one in rows)))
    clock_of(store).move(days=10)
    pull(store, 201)
    assert value(store, "SELECT count(*) FROM account") == 100
    with store.writing() as c:
        assert leaving.erase_hidden(c, store.clock()) == -100
        assert leaving.erase_hidden(c, store.clock(), agreed=True) == 100


def test_what_comes_back_into_sight_is_there_again(store: Store) -> None:
    below_two_accounts(store)
    pull(store, 30, Left((A,)))
    again = row(A, 10, name="A")
    pull(store, 31, Enter((A,)), page("account", again), page("task", row(T, 12, (A,), title="C")))
    assert is_seen(store, "account", A)
    assert value(store, "SELECT count(*) FROM hidden") == 0
    assert digest(store).count == 4


def test_pending_work_on_what_left_is_orphaned_not_lost(store: Store) -> None:
    below_two_accounts(store)
    put(store, "account", A, phone="5")
    mine = add(store, "task", title="Mine", account=A)
    put(store, "account", B, phone="6")
    done = pull(store, 30, Left((A,)))
    assert done.orphaned == 2
    assert states(store) == ["orphaned", "orphaned", "queued"]
    assert not is_seen(store, "task", mine)
    with store.reader() as c:
        stuck = {one.kind: one for one in inbox.stuck(c)}
    assert stuck["account"].title == "A"
    assert stuck["account"].mine == {"phone": "5"}
    assert stuck["task"].mine["title"] == "Mine"
    clock_of(store).move(days=10)
    pull(store, 31)
    assert Outbox(store).parked().orphaned == 2


def test_work_refused_for_want_of_sight_becomes_an_orphan(store: Store) -> None:
    below_two_accounts(store)
    put(store, "account", A, phone="5")
    [cs] = take(store)
    answer(store, verdict(cs, "rejected", 0, (0, "", "rejected", "record.not_found")))
    assert states(store) == ["rejected"]
    pull(store, 30, Left((A,)))
    assert states(store) == ["orphaned"]
    journal.discard(store, cs)
    assert Outbox(store).parked().orphaned == 0


def test_a_single_record_can_move_out_of_sight(store: Store) -> None:
    below_two_accounts(store)
    pull(store, 30, Gone("task", (T,)))
    assert not is_seen(store, "task", T)
    assert is_seen(store, "account", A)


def test_work_on_what_stays_goes_out_though_a_part_of_it_left(store: Store) -> None:
    below_two_accounts(store)
    from crm_core.changes import Change, Op

    both = [Change("account", one, Op.SET, {"phone": "5"}) for one in (A, B)]
    journal.commit(store, both, label="Both")
    pull(store, 30, Left((A,)))
    [cs] = take(store)
    answer(
        store, verdict(cs, "rejected", 31, (0, "", "rejected", "record.not_found")),
        rows={"account": row(B, 31, name="B", phone="5")},
    )  # fmt: skip
    pull(store, 40)
    assert seen(store, "account", B).values["phone"] == "5"
    assert Outbox(store).parked().needs_you == 1


# Another history


def test_a_restored_server_is_offered_again_what_it_lost(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    answer(store, verdict(cs, "applied", 90), rows={"account": row(A, 90, name="A", phone="2")})
    pull(store, 95)
    hello(store, "e2", restored=50)
    assert Outbox(store).state().cursor == 0
    pull(store, 5000, Enter((A,)), page("account", row(A, 10, name="A", phone="1")))
    assert seen(store, "account", A).values["phone"] == "2"
    [again] = Outbox(store).take_outbox(10, 10**6)
    assert (again.id, again.changes[0].base_seq) == (cs, 10)
    assert digest(store) == digest_of(("account", row(A, 10)))


def test_own_records_that_the_server_lost_stay_and_are_offered_again(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    [cs] = take(store)
    answer(store, verdict(cs, "applied", 90), rows={"account": row(account, 90, name="Alfreds")})
    pull(store, 95)
    hello(store, "e2", restored=50)
    pull(store, 5000)
    assert seen(store, "account", account).values["name"] == "Alfreds"
    assert take(store) == [cs]
    assert digest(store) == Digest()
    assert Outbox(store).parked().salvage == 0


def test_what_others_wrote_and_the_server_lost_is_salvaged(store: Store) -> None:
    first_pull(
        store, ("account", row(A, 10, name="A")), ("account", row(B, 90, name="B", created_by=LI))
    )
    pull(store, 95, page("account", row(A, 91, name="A, renamed by Li")))
    hello(store, "e2", restored=50)
    pull(store, 5000, Enter((A,)), page("account", row(A, 10, name="A")))
    assert seen(store, "account", A).values["name"] == "A"
    assert not is_seen(store, "account", B)
    with store.reader() as c:
        found = {one.title: one.values["name"] for one in inbox.salvaged(c)}
    assert found == {"B": "B", "A, renamed by Li": "A, renamed by Li"}
    assert digest(store) == digest_of(("account", row(A, 10)))


def test_a_server_behind_its_own_past_counts_as_another_history(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A")), hi=100)
    hello(store, "e1", seq=50)
    assert Outbox(store).state().cursor == 0


def test_fetching_anew_repairs_a_digest_and_queues_nothing(store: Store) -> None:
    rows = [("account", row(A, 10, name="A")), ("account", row(B, 11, name="B"))]
    first_pull(store, *rows)
    store.write.run("UPDATE sync_state SET count = 77")
    Outbox(store).fetch_anew()
    left = digest_of(rows[0])
    assert pull(store, 200, Enter((A,)), page("account", rows[0][1]), held=left).verified
    assert not is_seen(store, "account", B)
    assert states(store) == []


def test_everything_pending_can_be_handed_over(store: Store) -> None:
    add(store, "account", name="Alfreds")
    assert b"Alfreds" in Outbox(store).unsent()


def test_every_kind_can_be_received(store: Store) -> None:
    for n, kind in enumerate(CATALOG):
        pull(store, 500, page(kind, row(RecordId(f"{n + 300:032x}"), n + 1, created_by=ME)))
    assert digest(store).count == len(CATALOG)


def test_rows_that_fill_other_fields_each_arrive_as_they_would_alone(store: Store) -> None:
    contents = (
        {"name": "A", "owner": LI, "tags": ["x"], "do_not_contact": True},
        {"phone": "030", "owner": None, "custom": {"route": "7"}, "of_tomorrow": [1]},
        {"owner": ME, "parent": A, "do_not_contact": False},
    )
    rows = [row(RecordId(f"{n:032x}"), n, **body) for n, body in enumerate(contents, 40)]
    rows.append(msgspec.structs.replace(row(T, 50, name="T"), roots=(B, A)))
    first_pull(store, *(("account", one) for one in rows))
    with store.reader() as c:
        for one in rows:
            found = fetch(c, "account", one.id)
            assert found is not None
            blank = layout("account").blank
            assert found.values == {**blank, "tags": [], **one.body}
            assert (found.seq, found.root) == (one.seq, blob(B) if one.id == T else None)
        assert c.rows("SELECT id, root FROM extra_root") == [(blob(T), blob(A))]


def test_a_record_that_comes_twice_in_one_page_is_there_once(store: Store) -> None:
    pull(store, 500, page("account", row(A, 10, name="old"), row(A, 20, name="new")))
    assert seen(store, "account", A).values["name"] == "new"
    assert digest(store) == digest_of(("account", row(A, 20)))


def test_what_was_just_fetched_is_looked_at_again_a_day_later(store: Store) -> None:
    one = row(A, 10, name="A")
    pull(store, 100, Enter((A,)), page("account", one), held=digest_of(("account", one)))
    state = Outbox(store).state()
    assert (state.count_due, state.check) == (False, ())
    clock_of(store).move(hours=25)
    state = Outbox(store).state()
    assert state.count_due
    assert len(state.check) == turns.ENDINGS_A_DAY


def kept(c: Connection) -> dict[str, str]:
    return dict(c.rows("SELECT name, value FROM meta"))


@pytest.mark.parametrize(("rows", "days"), [(20, 22), (200_000, 22), (500_000, 51)])
def test_every_root_has_had_its_turn_within_a_months_working_days(
    store: Store, rows: int, days: int
) -> None:
    pull(store, 100, Enter((A,)), page("account", row(A, 10, name="A")))
    with store.writing() as c:
        c.run("UPDATE sync_state SET count = ?", (rows,))
    seen_so_far: set[str] = set()
    for day in range(days):
        assert len(seen_so_far) < 16**turns.ENDING_DIGITS, f"all of them by day {day}"
        with store.writing() as c:
            _, endings = turns.due(c, kept(c), store.clock())
            seen_so_far.update(endings)
            turns.note_checked(c, Check(endings, content=True), store.now())
            assert turns.due(c, kept(c), store.clock())[1] == ()
        clock_of(store).move(hours=25)
    assert len(seen_so_far) == 16**turns.ENDING_DIGITS
