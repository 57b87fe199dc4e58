"""Possible duplicates here: found among all, found again for what changes, and never nagging."""

from __future__ import annotations

import pytest

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_core.likeness import Why
from crm_desktop.cli.signing import parked_counts
from crm_desktop.models import duplicates, journal
from crm_desktop.models.duplicates import Pair
from crm_desktop.models.merging import merge_records
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import add

HONGDA, TWIN = "上海宏达贸易有限公司", "上海宏达贸易"


def compare(store: Store) -> None:
    for _ in duplicates.compare_all(store):
        pass


def pairs(store: Store) -> tuple[Pair, ...]:
    with store.reader() as c:
        return duplicates.pairs(c)


@pytest.fixture
def twins(store: Store) -> tuple[RecordId, ...]:
    return tuple(sorted(add(store, "account", name=name) for name in (HONGDA, TWIN)))


def test_all_records_of_a_kind_are_compared_with_one_another(
    store: Store, twins: tuple[RecordId, ...]
) -> None:
    add(store, "account", name="北京远景科技")
    compare(store)
    (pair,) = pairs(store)
    assert (pair.kind, pair.ids, pair.why) == ("account", twins, (Why.NAME,))


def test_namesakes_are_one_person_only_at_one_account(store: Store) -> None:
    accounts = [add(store, "account", name=name) for name in ("Acme", "Bolt")]
    people = [add(store, "contact", full_name="李明") for _ in range(3)]
    for person, account in zip(people, (0, 0, 1), strict=True):
        add(store, "account_contact", account=accounts[account], contact=person)
    compare(store)
    (pair,) = pairs(store)
    assert set(pair.ids) == set(people[:2])
    assert pair.why == (Why.NAME, Why.PLACE)


def test_what_sounds_alike_is_found_by_its_pinyin(store: Store) -> None:
    for name in ("宏达贸易有限公司", "鸿达贸易"):
        add(store, "account", name=name, phone="0571-88881234")
    compare(store)
    assert pairs(store)[0].why == (Why.SOUND, Why.PHONE)


def test_a_switchboard_of_many_is_compared_with_neighbours_alone(store: Store) -> None:
    many = duplicates.BLOCK_MAX + 1
    for n in range(many):
        add(store, "account", name=f"{n:03}{n:03}", phone="0571-88881234")
    made = list(duplicates._pairs_in(range(many)))
    assert len(made) == many - 1
    assert len(list(duplicates._pairs_in(range(many - 1)))) == (many - 1) * (many - 2) // 2


def test_that_two_are_not_the_same_is_kept_whatever_is_compared_again(
    store: Store, twins: tuple[RecordId, ...]
) -> None:
    compare(store)
    (pair,) = pairs(store)
    duplicates.say_apart(store, pair)
    assert pairs(store) == ()
    compare(store)
    duplicates.recheck(store, [("account", twins[0])])
    assert pairs(store) == ()
    duplicates.take_back_apart(store, pair)
    assert pairs(store) == (pair,)


def test_a_record_that_changes_is_compared_again_by_itself(
    store: Store, twins: tuple[RecordId, ...]
) -> None:
    compare(store)
    change = Change("account", twins[1], Op.SET, {"name": "北京远景科技"})
    journal.commit(store, [change], label="Change")
    assert duplicates.recheck(store, [("account", twins[1])])
    assert pairs(store) == ()
    third = add(store, "account", name="远景科技", phone="010-66668888")
    journal.commit(
        store, [Change("account", twins[1], Op.SET, {"phone": "+86 10 6666 8888"})], label="Change"
    )
    assert duplicates.recheck(store, [("account", twins[1])])
    assert set(pairs(store)[0].ids) == {third, twins[1]}
    assert not duplicates.recheck(store, [("account", twins[1])]), "nothing new"


def test_a_role_at_an_account_makes_namesakes_one_person(store: Store) -> None:
    account = add(store, "account", name="Acme")
    people = [add(store, "contact", full_name="Anna Berg") for _ in range(2)]
    roles = [add(store, "account_contact", account=account, contact=x) for x in people]
    assert duplicates.recheck(store, [("account_contact", roles[1])])
    assert set(pairs(store)[0].ids) == set(people)


def test_a_slip_is_found_for_a_record_alone(store: Store) -> None:
    one = add(store, "account", name="Alfreds Futterkiste GmbH")
    other = add(store, "account", name="Alfreds Futerkiste")
    duplicates.recheck(store, [("account", other)])
    assert set(pairs(store)[0].ids) == {one, other}


def test_merged_and_deleted_records_are_no_pair_any_more(
    store: Store, twins: tuple[RecordId, ...]
) -> None:
    compare(store)
    merge_records(store, "account", twins[0], twins[1])
    assert pairs(store) == ()
    journal.undo(store)
    assert len(pairs(store)) == 1


def test_what_is_typed_into_a_new_form_is_compared_with_what_is_here(
    store: Store, twins: tuple[RecordId, ...]
) -> None:
    with store.reader() as c:
        found = duplicates.alike(c, "account", {"name": "上海宏达贸易（集团）"})
        assert [x.record for x in found] == [*twins]
        assert {x.title for x in found} == {HONGDA, TWIN}
        assert duplicates.alike(c, "account", {"name": HONGDA}, own=twins[0])[0].record == twins[1]
        assert duplicates.alike(c, "account", {"phone": "1"}) == ()
        assert duplicates.alike(c, "account", {"name": "  "}) == ()


def test_a_credit_code_finds_its_company_under_any_name(store: Store) -> None:
    code = "91310000MA1FL0X123"
    one = add(store, "account", name="Acme", uscc=code)
    with store.reader() as c:
        (found,) = duplicates.alike(c, "account", {"name": "Bolt", "uscc": code})
    assert (found.record, found.why) == (one, (Why.CODE,))


def test_all_are_compared_until_that_was_done_to_the_end(
    store: Store, twins: tuple[RecordId, ...]
) -> None:
    assert duplicates.is_due(store)
    next(iter(duplicates.compare_all(store)), None)
    assert duplicates.is_due(store)
    compare(store)
    assert not duplicates.is_due(store)
    duplicates.note_due(store, due=True)
    assert duplicates.is_due(store)


def test_the_status_says_how_many_pairs_there_are_and_lets_nothing_wait_for_them(
    store: Store, twins: tuple[RecordId, ...]
) -> None:
    compare(store)
    parked = Outbox(store).parked()
    assert parked_counts(parked, store)["duplicate"] == 1
    assert not parked.needs_you
