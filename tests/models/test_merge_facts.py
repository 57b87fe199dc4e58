"""What is seen before two records become one, and what can still be taken apart."""

from __future__ import annotations

import pytest

from crm_core.errors import NotFound
from crm_core.ids import RecordId
from crm_desktop.models import journal
from crm_desktop.models.merge_facts import Meeting, merged_into, read_meeting
from crm_desktop.models.merging import merge_records, unmerge
from crm_desktop.models.store import Store
from tests.models.support import START, add, delete, put


def meet(store: Store, kind: str, one: RecordId, other: RecordId) -> Meeting:
    with store.reader() as c:
        return read_meeting(c, kind, one, other)


@pytest.fixture
def two(store: Store) -> tuple[RecordId, RecordId]:
    one = add(store, "account", name="Acme", phone="1")
    return one, add(store, "account", name="ACME Ltd", industry="food")


def test_both_are_read_with_what_either_has_and_what_hangs_on_them(
    store: Store, two: tuple[RecordId, RecordId]
) -> None:
    add(store, "visit", account=two[1])
    gone = add(store, "visit", account=two[1])
    delete(store, "visit", gone)
    task = add(store, "task", title="Call", account=two[1], parent=f"account/{two[1]}")
    found = meet(store, "account", *two)
    assert {"name", "phone", "industry"} < {x.name for x in found.fields}
    assert {**found.values[0], "owner": 0} == {
        "name": "Acme", "phone": "1", "industry": None, "owner": 0,
    }  # fmt: skip
    assert dict(found.sides[1].hanging) == {"visit": 1, "task": 1}, "a task counts once"
    assert found.sides[0].hanging == ()
    assert found.stays == 1, "more hangs on it"
    put(store, "task", task, account=two[0])
    assert dict(meet(store, "account", *two).sides[0].hanging) == {"task": 1}


def test_of_two_with_nothing_on_them_the_older_one_stays(
    store: Store, two: tuple[RecordId, RecordId]
) -> None:
    assert meet(store, "account", *two).stays == 0
    assert meet(store, "account", *reversed(two)).stays == 1


def test_a_record_that_is_gone_meets_nobody(store: Store, two: tuple[RecordId, RecordId]) -> None:
    delete(store, "account", two[0])
    with pytest.raises(NotFound):
        meet(store, "account", *two)


@pytest.mark.parametrize(("kind", "title"), [("account", "name"), ("contact", "full_name")])
def test_whose_place_a_record_took_is_known_until_they_come_back(
    store: Store, kind: str, title: str
) -> None:
    loser, winner = (add(store, kind, **{title: name}) for name in ("One", "Other"))
    merge_records(store, kind, loser, winner)
    with store.reader() as c:
        (found,) = merged_into(c, kind, winner)
    assert (found.record, found.title) == (loser, "One")
    assert found.at == START.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found.until.startswith("2026-12-22")
    unmerge(store, kind, loser)
    with store.reader() as c:
        assert merged_into(c, kind, winner) == ()


def test_a_merge_taken_back_by_undo_is_none(store: Store, two: tuple[RecordId, RecordId]) -> None:
    put(store, "account", two[0], phone="2")
    merge_records(store, "account", *two)
    journal.undo(store)
    with store.reader() as c:
        assert merged_into(c, "account", two[1]) == ()
