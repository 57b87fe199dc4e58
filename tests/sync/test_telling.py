"""What a server is told behind a synchronisation: once for each change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import CrmError, Unavailable
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, PushResponse, StillRefused
from crm_desktop.models import journal
from crm_desktop.models.inbox import discard, keep_as_draft
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.sync.telling import tell_refusals
from tests.views.company import make_store

ACCOUNT = RecordId("a" * 32)


class Office:
    """A server that is told, or not there."""

    def __init__(self) -> None:
        self.told: list[StillRefused] = []
        self.problem: CrmError | None = None

    def tell_still_refused(self, told: StillRefused) -> None:
        if self.problem is not None:
            raise self.problem
        self.told.append(told)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = make_store(tmp_path, [("account", ACCOUNT, {"name": "Alfreds"})])
    yield made
    made.close()


@pytest.fixture
def office() -> Office:
    return Office()


def refused(store: Store, field: str = "phone") -> ChangeSetId:
    """A step of which the server takes nothing."""
    journal.commit(store, [Change("account", ACCOUNT, Op.SET, {field: "1"})], label="Change")
    (sent,) = Outbox(store).take_outbox(10, 10**6)
    said = ChangeResult(0, field, "rejected", "right.missing", "", {"action": "edit"})
    Outbox(store).settle(PushResponse("", 1, (ChangeSetResult(sent.id, "rejected", 0, (said,)),)))
    return sent.id


def test_nothing_is_said_where_nothing_was_ever_refused(store: Store, office: Office) -> None:
    journal.commit(store, [Change("account", ACCOUNT, Op.SET, {"phone": "1"})], label="Change")
    tell_refusals(store, office)
    assert office.told == []


def test_each_change_is_told_once(store: Store, office: Office) -> None:
    one = refused(store)
    for _ in range(2):
        tell_refusals(store, office)
    other = refused(store, "industry")
    tell_refusals(store, office)
    discard(store, one)
    for _ in range(2):
        tell_refusals(store, office)
    keep_as_draft(store, other)
    tell_refusals(store, office)
    assert [set(x.steps) for x in office.told] == [{one}, {one, other}, {other}, set()]


def test_what_was_discarded_before_anybody_was_told_is_told(store: Store, office: Office) -> None:
    discard(store, refused(store))
    tell_refusals(store, office)
    assert office.told == [StillRefused()]


def test_what_failed_is_told_the_next_time(store: Store, office: Office) -> None:
    one = refused(store)
    office.problem = Unavailable("No server listens.")
    tell_refusals(store, office)
    office.problem = None
    tell_refusals(store, office)
    assert office.told == [StillRefused((RecordId(one),))]
