"""A step says how far its author had received the feed, however late it arrives."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, Deleted, Hello, Mark, WireTombstone
from crm_desktop.models import journal
from crm_desktop.models.merging import merge_records
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import (
    add,
    answer,
    delete,
    first_pull,
    page,
    pull,
    put,
    row,
    take,
    verdict,
)

A, B = RecordId(f"{7:032x}"), RecordId(f"{8:032x}")


def seen_by_authors(store: Store) -> list[int | None]:
    return [one.seen for one in Outbox(store).take_outbox(10, 10**6)]


def test_a_step_says_what_its_author_had_received_when_he_made_it(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A")))
    delete(store, "account", A)
    pull(store, 120)
    assert seen_by_authors(store) == [100]


def test_while_parts_of_a_pull_are_still_to_come_a_deletion_has_received_nothing(
    store: Store,
) -> None:
    first_pull(store, ("account", row(A, 10, name="A")))
    Outbox(store).apply([page("account", row(B, 110, name="B"))], Mark(120, B))
    delete(store, "account", B)
    assert seen_by_authors(store) == [0]


def test_what_was_heard_before_a_pull_that_came_in_part_stays_heard(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A")))
    Outbox(store).apply([page("account", row(B, 110, name="B"))], Mark(120, B))
    put(store, "account", A, phone="2")
    assert seen_by_authors(store) == [100]


@pytest.mark.parametrize("deletes", [True, False])
def test_a_decision_while_a_pull_has_come_in_part_says_what_its_author_had_received(
    store: Store, *, deletes: bool
) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    if deletes:
        delete(store, "account", A)
    else:
        put(store, "account", A, phone="2")
    [cs] = take(store)
    answer(store, verdict(cs, "rejected", 0, (0, "", "rejected", "right.missing")))
    pull(store, 120)
    Outbox(store).apply([page("account", row(B, 130, name="B"))], Mark(140, B))
    journal.resend(store, cs)
    assert seen_by_authors(store) == [0 if deletes else 120]


def test_who_sends_again_has_seen_what_came_meanwhile(store: Store) -> None:
    first_pull(store, ("account", row(A, 10, name="A")))
    delete(store, "account", A)
    [cs] = take(store)
    answer(store, verdict(cs, "rejected", 0, (0, "", "rejected", "right.missing")))
    pull(store, 120)
    journal.resend(store, cs)
    assert seen_by_authors(store) == [120]


@pytest.mark.parametrize("result", ["rejected", "applied"])
def test_what_is_sent_again_by_itself_says_what_its_author_had_received(
    store: Store, result: str
) -> None:
    first_pull(store, ("account", row(A, 10, name="A", phone="1")))
    put(store, "account", A, phone="2")
    [cs] = take(store)
    refused = (0, "phone", "rejected", "field.unknown")
    answer(store, ChangeSetResult(cs, result, 105, (ChangeResult(*refused),)))
    pull(store, 120)
    Outbox(store).begin_pull(Hello("e1", 99, 1, 1, "", 130))
    assert seen_by_authors(store) == [100]


def base_of_the_last(store: Store) -> int:
    """The version of a record that the last step says its author saw."""
    return Outbox(store).take_outbox(10, 10**6)[-1].changes[0].base_seq


def merge(store: Store, kind: str, record_id: RecordId) -> None:
    merge_records(store, kind, record_id, B)


@pytest.mark.parametrize("end", [delete, merge])
@pytest.mark.parametrize(
    ("there", "seen"),
    [({"phone": "9"}, 10), ({"phone": "1", "industry": "food"}, 110), ({"phone": "2"}, 110)],
    ids=["below his own value", "beside it", "the same"],
)
def test_who_ends_a_record_has_not_seen_what_his_own_value_covers(
    store: Store, end: Callable[[Store, str, RecordId], None], there: dict[str, str], seen: int
) -> None:
    both = (row(A, 10, name="A", phone="1"), row(B, 11, name="B"))
    first_pull(store, *(("account", one) for one in both))
    put(store, "account", A, phone="2")
    put(store, "account", A, phone="3")
    pull(store, 120, page("account", row(A, 110, name="A", **there)))
    end(store, "account", A)
    assert base_of_the_last(store) == seen


@pytest.mark.parametrize("end", [delete, merge])
def test_who_ends_a_record_has_seen_what_was_added_to_a_set_beside_his_own(
    store: Store, end: Callable[[Store, str, RecordId], None]
) -> None:
    both = (row(A, 10, name="A", tags=["a"]), row(B, 11, name="B"))
    first_pull(store, *(("account", one) for one in both))
    journal.commit(store, [Change("account", A, Op.ADD, {"tags": ["b"]})], label="Change")
    pull(store, 120, page("account", row(A, 110, name="A", tags=["a", "c"])))
    end(store, "account", A)
    assert base_of_the_last(store) == 110


def test_who_merges_what_he_brought_back_has_not_seen_the_version_of_its_tombstone(
    store: Store,
) -> None:
    both = (row(A, 10, name="A", phone="1"), row(B, 11, name="B"))
    first_pull(store, *(("account", one) for one in both))
    pull(store, 120, Deleted("account", (WireTombstone(A, 110),)))
    journal.commit(store, [Change("account", A, Op.RESTORE)], label="Restore")
    merge(store, "account", A)
    assert base_of_the_last(store) == 0


def test_who_made_a_record_has_not_seen_what_lies_below_his_insert(
    store: Store,
) -> None:
    """The answer to his push was lost, and the pull behind it was not."""
    first_pull(store, ("account", row(B, 11, name="B")))
    made = add(store, "account", A, name="A", phone="1")
    pull(store, 120, page("account", row(made, 110, name="A", phone="9")))
    put(store, "account", made, phone="2")
    assert base_of_the_last(store) == 0
    delete(store, "account", made)
    assert base_of_the_last(store) == 0
