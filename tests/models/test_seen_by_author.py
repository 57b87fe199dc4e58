"""A step says how far its author had received the feed, however late it arrives."""

from __future__ import annotations

import pytest

from crm_core.ids import RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, Hello, Mark
from crm_desktop.models import journal
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import answer, delete, first_pull, page, pull, put, row, take, verdict

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
