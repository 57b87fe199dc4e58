"""Merging duplicates on a laptop: shown at once, sent as one step, taken back by Undo."""

from __future__ import annotations

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import NotFound, UserProblem
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, Deleted, Enter, Left, WireTombstone
from crm_desktop.models import inbox, journal
from crm_desktop.models.journal import leaving
from crm_desktop.models.merging import (
    Taker,
    choices,
    may_merge,
    merge_records,
    moved,
    newly_moved,
    taker,
    unmerge,
)
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store, new_uuid7
from tests.models.support import (
    add,
    answer,
    clock_of,
    delete,
    first_pull,
    is_seen,
    page,
    pull,
    put,
    row,
    seen,
    states,
    take,
    verdict,
)

LOSER, WINNER, TASK, NOTE = (RecordId(f"{n:032x}") for n in (1, 2, 3, 4))


@pytest.fixture
def pair(store: Store) -> Store:
    """The same company twice, with a task and an attachment below one of them."""
    first_pull(
        store,
        ("account", row(LOSER, 5, name="Alfred", phone="111", tags=["a"], industry="food")),
        ("account", row(WINNER, 6, name="Alfreds", tags=["b"])),
        ("task", row(TASK, 7, (LOSER,), account=LOSER, title="Call")),
        ("attachment", row(NOTE, 8, (LOSER,), parent=f"account/{LOSER}", name="plan.pdf")),
    )
    return store


def led(store: Store) -> tuple[Value, Value]:
    return (
        seen(store, "task", TASK).values["account"],
        seen(store, "attachment", NOTE).values["parent"],
    )


def test_a_merge_is_shown_at_once_with_all_that_leads_to_the_loser(pair: Store) -> None:
    merge_records(pair, "account", LOSER, WINNER, {"industry": None})
    assert not is_seen(pair, "account", LOSER)
    values = seen(pair, "account", WINNER).values
    assert (values["name"], values["phone"], values["tags"]) == ("Alfreds", "111", ["a", "b"])
    assert values["industry"] is None
    assert led(pair) == (WINNER, f"account/{WINNER}")
    assert seen(pair, "task", TASK).pending


def test_nothing_goes_out_above_a_merge_that_waits_for_its_answer(pair: Store) -> None:
    outbox = Outbox(pair)
    put(pair, "account", WINNER, industry="steel")
    merge_records(pair, "account", LOSER, WINNER)
    put(pair, "account", WINNER, phone="112")
    (first,) = outbox.take_outbox(1, 10**6)
    (merge,) = outbox.take_outbox(1, 10**6, first.id)
    assert outbox.take_outbox(10, 10**6, merge.id) == ()
    refused = ((0, "", "rejected", "right.missing"), (1, "", "rejected", "atomic.part"))
    answer(pair, verdict(first.id, "applied", 20), verdict(merge.id, "rejected", 0, *refused))
    assert take(pair) == [], "it builds on what was refused"
    assert states(pair) == ["acked", "rejected", "blocked"]


def test_a_later_value_waits_behind_the_one_that_waits_above_a_refused_merge(pair: Store) -> None:
    merge_records(pair, "account", LOSER, WINNER)
    put(pair, "account", WINNER, phone="112", short_name="A")
    (merge,) = Outbox(pair).take_outbox(1, 10**6)
    refused = ((0, "", "rejected", "right.missing"), (1, "", "rejected", "atomic.part"))
    answer(pair, verdict(merge.id, "rejected", 0, *refused))
    put(pair, "account", WINNER, short_name="B")
    put(pair, "account", WINNER, size_band="1-9")
    assert states(pair) == ["rejected", "blocked", "blocked", "queued"]
    journal.discard(pair, merge.id)
    assert states(pair) == ["discarded", "queued", "queued", "queued"]


def test_what_follows_is_not_sent(pair: Store) -> None:
    merge_records(pair, "account", LOSER, WINNER)
    (sent,) = Outbox(pair).take_outbox(10, 10**6)
    assert sent.atomic
    away, *taken = sent.changes
    assert (away.op, away.id, away.new) == (Op.MERGE, LOSER, {"merged_into": WINNER})
    assert away.base_seq == 5
    assert {(x.kind, x.id) for x in taken} == {("account", WINNER)}


def test_undo_before_it_was_sent_shows_everything_as_before(pair: Store) -> None:
    merge_records(pair, "account", LOSER, WINNER)
    journal.undo(pair)
    assert led(pair) == (LOSER, f"account/{LOSER}")
    assert seen(pair, "account", LOSER).values["merged_into"] is None
    values = seen(pair, "account", WINNER).values
    assert (values["phone"], values["tags"]) == (None, ["b"])


def test_a_refused_merge_that_is_discarded_leaves_no_trace(pair: Store) -> None:
    merge_records(pair, "account", LOSER, WINNER)
    (cs_id,) = take(pair)
    answer(pair, verdict(cs_id, "rejected", 0, (0, "", "rejected", "merge.gone")))
    assert states(pair) == ["rejected"]
    with pair.reader() as c:
        assert {x.record for x in inbox.stuck(c)} == {LOSER, WINNER}
    journal.discard(pair, cs_id)
    assert led(pair) == (LOSER, f"account/{LOSER}")
    assert is_seen(pair, "account", LOSER)


def test_what_the_server_says_replaces_what_was_shown(pair: Store) -> None:
    merge_records(pair, "account", LOSER, WINNER)
    (cs_id,) = take(pair)
    answer(pair, verdict(cs_id, "applied", 12))
    gone = Deleted("account", (WireTombstone(LOSER, 10),))
    task = row(TASK, 11, (WINNER,), account=WINNER, title="Call")
    note = row(NOTE, 12, (WINNER,), parent=f"account/{WINNER}", name="plan.pdf")
    pull(pair, 12, gone, page("task", task), page("attachment", note))
    assert led(pair) == (WINNER, f"account/{WINNER}")
    assert not seen(pair, "task", TASK).pending
    assert not is_seen(pair, "account", LOSER)


def test_taking_a_merge_back_is_refused_as_a_whole_whatever_followed_it_here(pair: Store) -> None:
    merge_records(pair, "account", LOSER, WINNER)
    (merged,) = take(pair)
    answer(pair, verdict(merged, "applied", 12))
    unmerge(pair, "account", LOSER)
    (back,) = take(pair)
    answer(pair, verdict(back, "rejected", 13, (0, "", "rejected", "record.not_found")))
    assert states(pair)[-1] == "rejected"
    journal.discard(pair, back)
    assert not is_seen(pair, "account", LOSER)


def test_work_below_the_loser_that_is_not_sent_yet_follows_too(pair: Store) -> None:
    task = add(pair, "task", account=LOSER, title="New")
    merge_records(pair, "account", LOSER, WINNER)
    assert seen(pair, "task", task).values["account"] == WINNER
    unmerge(pair, "account", LOSER)
    assert seen(pair, "task", task).values["account"] == LOSER


def test_what_moved_on_since_stays_where_it_is_when_a_merge_is_taken_back(pair: Store) -> None:
    third = add(pair, "account", name="Third")
    merge_records(pair, "account", LOSER, WINNER)
    journal.commit(pair, [Change("task", TASK, Op.SET, {"account": third})], label="Move")
    unmerge(pair, "account", LOSER)
    assert led(pair) == (third, f"account/{LOSER}")


def test_the_winners_values_are_proposed_and_the_losers_where_it_has_none(pair: Store) -> None:
    with pair.reader() as c:
        found = {one.field: one.proposed for one in choices(c, "account", LOSER, WINNER)}
        assert may_merge(c, "account", LOSER, WINNER)
        assert not may_merge(c, "task", TASK, TASK)
    assert found == {"name": "Alfreds", "phone": "111", "tags": ["a", "b"], "industry": "food"}


def test_nobody_merges_what_is_not_there_or_cannot_be_merged(pair: Store) -> None:
    with pytest.raises(NotFound):
        merge_records(pair, "account", LOSER, TASK)
    for kind, record, into in (("task", TASK, TASK), ("account", LOSER, LOSER)):
        away = Change(kind, record, Op.MERGE, {"merged_into": into})
        with pytest.raises(UserProblem):
            journal.commit(pair, [away], label="Merge")


def test_a_merge_whose_loser_leaves_sight_waits_for_its_author_and_shows_nothing_more(
    pair: Store,
) -> None:
    merge_records(pair, "account", LOSER, WINNER)
    pull(pair, 20, Left((LOSER,)))
    assert states(pair) == ["orphaned"]
    assert seen(pair, "account", WINNER).values["phone"] is None
    with pair.reader() as c:
        assert {x.record for x in inbox.stuck(c)} == {LOSER, WINNER}
        assert c.value("SELECT count(*) FROM shadow") == 0


@pytest.mark.parametrize(
    ("chosen", "ending"), [({}, "orphaned"), ({"owner": None}, "queued")], ids=["owner", "nothing"]
)
def test_what_was_entered_below_the_loser_stays_where_the_winner_leaves_sight(
    pair: Store, chosen: dict[str, Value], ending: str
) -> None:
    """Also where the merge takes nothing over into the winner, and thus is no work on it."""
    loser = add(pair, "account", name="Alfreds")
    task = add(pair, "task", account=loser, title="Own")
    merge_records(pair, "account", loser, WINNER, chosen)
    below_winner = add(pair, "task", account=WINNER, title="There")
    pull(pair, 20, Left((WINNER,)))
    clock_of(pair).move(hours=leaving.GRACE_HOURS + 1)
    pull(pair, 21)
    assert states(pair) == ["queued", "queued", ending, "orphaned"]
    shown_below = loser if ending == "orphaned" else WINNER
    assert seen(pair, "task", task).values["account"] == shown_below
    assert not is_seen(pair, "task", below_winner)


@pytest.mark.parametrize("heard", ["rejected", "nothing", "applied"])
def test_who_deletes_has_not_seen_what_his_own_merge_shows_elsewhere(
    pair: Store, heard: str
) -> None:
    """A colleague merged the same record into the one that is deleted here: what followed hangs
    there for everybody else."""
    there = RecordId(f"{5:032x}")
    pull(pair, 20, Enter((there,)), page("account", row(there, 20, name="Alfreds Ltd")))
    merge_records(pair, "account", LOSER, WINNER)
    [merged] = take(pair)
    if heard != "nothing":
        answer(pair, verdict(merged, heard, 21, (0, "", heard, "record.merged")))
    led_to = WINNER if heard == "applied" else there
    pull(pair, 22, Deleted("account", (WireTombstone(LOSER, 22, led_to),)))
    pull(pair, 26, page("task", row(TASK, 26, (led_to,), account=led_to, title="Call")))
    assert seen(pair, "task", TASK).values["account"] == WINNER
    delete(pair, "account", there)
    sent = Outbox(pair).take_outbox(200, 10**6)[-1]
    assert sent.seen == (26 if heard == "applied" else 0)


def test_what_was_entered_below_the_loser_leaves_with_him_once_the_merge_is_undone(
    pair: Store,
) -> None:
    task = add(pair, "task", account=LOSER, title="Own")
    merge_records(pair, "account", LOSER, WINNER)
    journal.undo(pair)
    pull(pair, 20, Left((LOSER,)))
    assert states(pair)[0] == "orphaned"
    assert not is_seen(pair, "task", task)


@pytest.mark.parametrize("kind", ["account", "contact"])
@pytest.mark.parametrize("own", [False, True], ids=["unchanged", "changed here"])
def test_what_a_colleague_merged_away_leads_to_the_record_in_its_place(
    pair: Store, kind: str, own: bool
) -> None:
    first, second, third = (new_uuid7() for _ in range(3))
    title = "name" if kind == "account" else "full_name"
    pull(pair, 20, *(page(kind, row(x, 20, (), **{title: x[-4:]})) for x in (first, second, third)))
    if own:
        put(pair, kind, first, phone="1") if kind == "account" else put(
            pair, kind, first, wechat="1"
        )
    pull(pair, 22, Deleted(kind, (WireTombstone(first, 21, second),)))
    pull(pair, 24, Deleted(kind, (WireTombstone(second, 23, third),)))
    with pair.reader() as c:
        assert taker(c, kind, first) == Taker(third, third[-4:])
        assert taker(c, kind, second) == Taker(third, third[-4:])
        assert taker(c, kind, third) is None
    pull(pair, 26, page(kind, row(first, 25, (), **{title: "back"})))
    with pair.reader() as c:
        assert taker(c, kind, first) is None


def test_what_was_deleted_and_not_merged_leads_nowhere(pair: Store) -> None:
    pull(pair, 20, Deleted("account", (WireTombstone(LOSER, 20),)))
    with pair.reader() as c:
        assert taker(c, "account", LOSER) is None


def test_a_move_is_told_once(pair: Store) -> None:
    put(pair, "account", LOSER, phone="222")
    (cs_id,) = take(pair)
    said = ChangeResult(0, "phone", "merged", "merge.moved", "", {"into": WINNER})
    answer(pair, ChangeSetResult(cs_id, "merged", 9, (said,)))
    assert [(x.record, x.into, x.title, x.former) for x in newly_moved(pair)] == [
        (LOSER, WINNER, "Alfreds", "Alfred")
    ]
    assert newly_moved(pair) == ()


def test_whoever_worked_on_a_record_merged_meanwhile_is_told_where_his_work_stands(
    pair: Store,
) -> None:
    put(pair, "account", LOSER, phone="222")
    put(pair, "account", WINNER, phone="333")
    first, second = take(pair)
    said = ChangeResult(0, "phone", "merged", "merge.moved", "", {"into": WINNER})
    answer(pair, ChangeSetResult(first, "merged", 9, (said,)), verdict(second, "applied", 10))
    with pair.reader() as c:
        (told,) = moved(c)
        assert (told.record, told.into, told.title) == (LOSER, WINNER, "Alfreds")
        assert moved(c, "2027-01-01T00:00:00Z") == ()
