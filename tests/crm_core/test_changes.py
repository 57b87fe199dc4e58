"""ChangeSets: made from a form, applied here at once, taken back, cut to fit a push."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.catalog import CATALOG
from crm_core.changes import (
    CHANGES_MAX,
    CHANGESET_BYTES_MAX,
    CHANGESET_HARD_BYTES_MAX,
    Change,
    Op,
    apply_locally,
    check_size,
    difference,
    encoded_size,
    in_bounded_steps,
    inverse,
    members_of,
)
from crm_core.entity import Entity, default_of
from crm_core.errors import UserProblem
from crm_core.fields import Value
from tests.crm_core.strategies import RECORD, sound_values, writable

ACCOUNT = CATALOG["account"]
seeds = st.integers(0, 500)


def applied(values: dict[str, Value], *changes: Change) -> dict[str, Value]:
    for change in changes:
        values = apply_locally(values, change)
    return values


def alike(entity: Entity, one: dict[str, Value], other: dict[str, Value]) -> bool:
    """Equal, where a value never set counts as none."""
    return all(
        (one.get(field.name) or default_of(field)) == (other.get(field.name) or default_of(field))
        for field in entity.fields
    )


@given(writable, seeds, seeds)
def test_the_difference_of_two_copies_leads_from_one_to_the_other(
    entity: Entity, before: int, after: int
) -> None:
    old, new = sound_values(entity, before), sound_values(entity, after)
    made = difference(entity, RECORD, old, new, seq=7)
    assert alike(entity, applied(old, *made), {**old, **new})
    assert all(change.base_seq == 7 for change in made)


@given(writable, seeds)
def test_equal_copies_have_no_difference(entity: Entity, seed: int) -> None:
    values = sound_values(entity, seed)
    assert difference(entity, RECORD, values, values, seq=1) == ()


@given(writable, seeds, seeds)
def test_undo_brings_everything_back_where_nobody_came_between(
    entity: Entity, before: int, after: int
) -> None:
    old = sound_values(entity, before)
    new = {x: v for x, v in sound_values(entity, after).items() if not entity.by_name[x].machine}
    made = difference(entity, RECORD, old, new, seq=1)
    now = applied(old, *made)
    for change in reversed(made):
        undo = inverse(change, now, deleted=False, seq=2)
        assert undo.kept == ()
        now = applied(now, *undo.changes)
    assert alike(entity, now, old)


def test_an_address_travels_whole_when_one_line_of_it_changed() -> None:
    old: dict[str, Value] = {"city": "Reims", "street": "A", "country": "France"}
    (change,) = difference(CATALOG["address"], RECORD, old, {"street": "B"}, seq=1)
    assert change.new["city"] == change.old["city"] == "Reims"
    assert set(change.new) == set(CATALOG["address"].groups["address"])


def test_sets_become_members_added_and_removed() -> None:
    made = difference(ACCOUNT, RECORD, {"tags": ["a", "b"]}, {"tags": ["b", "c"]}, seq=1)
    assert [(change.op, change.new) for change in made] == [
        (Op.ADD, {"tags": ["c"]}),
        (Op.REMOVE, {"tags": ["a"]}),
    ]
    (gone,) = difference(ACCOUNT, RECORD, {"tags": ["a"]}, {"tags": None}, seq=1)
    assert (gone.op, gone.new) == (Op.REMOVE, {"tags": ["a"]})


def test_undo_leaves_alone_what_somebody_changed_since() -> None:
    mine = Change("account", RECORD, Op.SET, {"phone": "2", "email": "x"}, {"phone": "1"}, 1)
    undo = inverse(mine, {"phone": "9", "email": "x"}, deleted=False, seq=5)
    (back,) = undo.changes
    assert (back.new, back.old, back.base_seq) == ({"email": None}, {"email": "x"}, 5)
    assert undo.kept == (("account", RECORD, "phone"),)


def test_undo_of_a_group_is_whole_or_not_at_all() -> None:
    mine = Change("address", RECORD, Op.SET, {"city": "B", "street": "2"}, {"city": "A"}, 1)
    undo = inverse(mine, {"city": "B", "street": "9"}, deleted=False, seq=5)
    assert undo.changes == ()
    assert {name for _, _, name in undo.kept} == {"city", "street"}


def test_a_state_without_a_way_back_is_kept() -> None:
    done = Change("visit", RECORD, Op.SET, {"state": "completed"}, {"state": "in_progress"}, 1)
    assert inverse(done, {"state": "completed"}, deleted=False, seq=2).changes == ()
    opened = Change("plan_action", RECORD, Op.SET, {"status": "in_progress"}, {}, 1)
    (back,) = inverse(opened, {"status": "in_progress"}, deleted=False, seq=2).changes
    assert back.new == {"status": None}


@pytest.mark.parametrize("op", [Op.ADD, Op.REMOVE])
def test_undo_of_members_touches_no_others(op: Op) -> None:
    """Only what the change really added (or removed) goes: `a` stood there before."""
    change = Change("account", RECORD, op, {"tags": ["a", "b"]}, {"tags": ["a"]}, 1)
    (back,) = inverse(change, {"tags": ["a", "b", "z"]}, deleted=False, seq=2).changes
    assert (back.op, back.new) == (
        (Op.REMOVE, {"tags": ["b"]}) if op is Op.ADD else (Op.ADD, {"tags": ["a"]})
    )


def test_undo_of_members_that_were_there_already_does_nothing() -> None:
    change = Change("account", RECORD, Op.ADD, {"tags": ["a"]}, {"tags": ["a"]}, 1)
    assert inverse(change, {"tags": ["a"]}, deleted=False, seq=2).changes == ()


def test_undo_of_a_new_record_deletes_it_unless_somebody_worked_on_it() -> None:
    made = Change("account", RECORD, Op.INSERT, {"name": "A", "team": "t", "tags": []})
    (back,) = inverse(made, {"name": "A", "team": "other"}, deleted=False, seq=3).changes
    assert (back.op, back.base_seq) == (Op.DELETE, 3)
    undo = inverse(made, {"name": "Alfreds"}, deleted=False, seq=3)
    assert (undo.changes, undo.kept) == ((), (("account", RECORD, "name"),))
    assert inverse(made, {"name": "A"}, deleted=True, seq=3).changes == ()


def test_undo_of_a_delete_restores_and_the_other_way_round() -> None:
    gone = Change("account", RECORD, Op.DELETE)
    (back,) = inverse(gone, {"name": "A"}, deleted=True, seq=4).changes
    assert back.op is Op.RESTORE
    assert inverse(gone, {"name": "A"}, deleted=False, seq=4).changes == ()
    (again,) = inverse(back, {"name": "A"}, deleted=False, seq=5).changes
    assert again.op is Op.DELETE


def test_what_is_not_here_cannot_be_taken_back_and_says_so() -> None:
    change = Change("account", RECORD, Op.SET, {"phone": "1"})
    assert inverse(change, None, deleted=False, seq=1).kept == (("account", RECORD, "phone"),)


@pytest.mark.parametrize("op", [Op.SET, Op.ADD, Op.REMOVE])
def test_what_was_written_into_a_record_that_is_gone_stays_and_is_told(op: Op) -> None:
    change = Change("account", RECORD, op, {"tags": ["a"]}, {"tags": ["a", "b"]}, 1)
    undo = inverse(change, {"tags": ["a"]}, deleted=True, seq=2)
    assert (undo.changes, undo.kept) == ((), (("account", RECORD, "tags"),))


def test_undo_knows_no_kind_of_a_newer_version_and_still_works() -> None:
    change = Change("starship", RECORD, Op.SET, {"warp": 9}, {"warp": 8}, 1)
    (back,) = inverse(change, {"warp": 9}, deleted=False, seq=2).changes
    assert back.new == {"warp": 8}


def test_a_delete_leaves_the_values_as_they_are() -> None:
    assert apply_locally({"name": "A"}, Change("account", RECORD, Op.DELETE)) == {"name": "A"}
    assert members_of("no list") == set()


@given(st.lists(st.integers(1, 60_000), min_size=1, max_size=12))
def test_a_large_intention_is_cut_into_steps_that_fit_and_lose_nothing(sizes: list[int]) -> None:
    changes = [
        Change("account", RECORD, Op.SET, {"description": "x" * size}, {}, number)
        for number, size in enumerate(sizes)
    ]
    steps = [*in_bounded_steps(changes)]
    assert [change for step in steps for change in step] == changes
    for step in steps:
        check_size(step)
        assert len(step) == 1 or encoded_size(step) <= CHANGESET_BYTES_MAX


def test_no_step_holds_more_changes_than_a_changeset_may() -> None:
    one = Change("account", RECORD, Op.DELETE)
    steps = [*in_bounded_steps([one] * (2 * CHANGES_MAX + 1))]
    assert [len(step) for step in steps] == [CHANGES_MAX, CHANGES_MAX, 1]
    assert [*in_bounded_steps([])] == []


def test_a_step_that_would_not_fit_a_push_is_refused_in_words() -> None:
    one = Change("account", RECORD, Op.DELETE)
    with pytest.raises(UserProblem, match="at most 200 records"):
        check_size([one] * (CHANGES_MAX + 1))
    long = Change("account", RECORD, Op.SET, {"name": "x" * CHANGESET_HARD_BYTES_MAX})
    with pytest.raises(UserProblem, match="KiB"):
        check_size([long])
