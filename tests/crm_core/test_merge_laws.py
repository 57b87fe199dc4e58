"""Laws of the merge that hold for every kind, value and order of arrival."""

from hypothesis import given
from hypothesis import strategies as st

from crm_core.catalog import CATALOG, entity_of
from crm_core.changes import Change, Op, apply_locally, members_of
from crm_core.entity import Entity
from crm_core.fields import Authority, Field, Kind, Policy, Value
from crm_core.ids import RecordId
from crm_core.machines import MACHINES, Machine
from crm_core.merge import DELETED, Merged, Result, Seen, Version, Why, merge, same
from tests.crm_core.strategies import (
    RECORD,
    any_values,
    changes,
    json_values,
    kinds,
    seen_by_authors,
    small_sets,
    sound_values,
    versions,
    writable,
)

ACCOUNT = CATALOG["account"]
PLAIN = [
    field.name
    for field in ACCOUNT.fields
    if field.policy is Policy.CONFLICT and not field.machine and field.kind is not Kind.JSON
]
EDITED = Seen(1)
"""What an author knew who saw version 1; the tests put the row's fields at 1 or 2."""


def after(version: Version, merged: Merged, seq: int) -> Version:
    """The version that a server holds once it wrote what the merge says."""
    values = {**version.values, **merged.values}
    fv = {**version.fv, **dict.fromkeys(merged.values, seq)}
    deleted = version.deleted if merged.deleted is None else merged.deleted
    return Version(values, fv, seq, deleted)


def set_change(new: dict[str, Value], old: dict[str, Value], kind: str = "account") -> Change:
    return Change(kind, RECORD, Op.SET, new, old, 1)


@given(st.data())
def test_merge_takes_any_json_and_unknown_fields_and_answers_the_same_twice(
    data: st.DataObject,
) -> None:
    entity = data.draw(kinds)
    version = data.draw(st.none() | versions(entity))
    change = data.draw(changes(entity))
    seen = data.draw(seen_by_authors)
    first, second = merge(entity, version, change, seen), merge(entity, version, change, seen)
    assert first == second
    assert isinstance(first, Merged)


@given(st.data())
def test_every_changed_field_is_written_or_accounted_for(data: st.DataObject) -> None:
    """No edit vanishes: what is not in the row afterwards is in a conflict or a rejection."""
    entity = data.draw(kinds)
    version = data.draw(versions(entity))
    change = Change(entity.kind, RECORD, Op.SET, data.draw(any_values(entity)), {}, 1)
    merged = merge(entity, version, change, data.draw(seen_by_authors))
    row = {**version.values, **merged.values}
    told = {result.name: result.result for result in merged.results}
    for name, wanted in change.new.items():
        field = entity.by_name.get(name)
        result = told.get(DELETED) or told[field.judged_as if field is not None else name]
        if result is Result.APPLIED:
            assert same(row.get(name), wanted) or members_of(row.get(name)) >= members_of(wanted)
        else:
            assert result in (Result.MERGED, Result.CONFLICT, Result.REJECTED)


@given(st.data())
def test_merging_the_same_change_again_changes_nothing(data: st.DataObject) -> None:
    entity = data.draw(kinds)
    change = data.draw(changes(entity))
    seen = data.draw(seen_by_authors)
    version = data.draw(st.none() | versions(entity))
    first = merge(entity, version, change, seen)
    once = after(version or Version({}), first, 10)
    again = merge(entity, once, change, seen)
    applied = {r.name for r in first.results if r.result is Result.APPLIED}
    rewritten = {
        name for name in again.values if not same(again.values[name], once.values.get(name))
    }
    judged = {entity.by_name[n].judged_as if n in entity.by_name else n for n in rewritten}
    assert not judged & applied


@given(st.data())
def test_changes_of_different_fields_commute(data: st.DataObject) -> None:
    entity = data.draw(writable)
    version = Version(sound_values(entity, data.draw(st.integers(0, 99))), {"*": 1}, 1)
    wanted = sound_values(entity, data.draw(st.integers(100, 199)))
    cut = data.draw(st.integers(0, len(wanted)))
    names = data.draw(st.permutations([*wanted]))
    judged = {entity.by_name[name].judged_as for name in names[:cut]}
    mine = [name for name in names if entity.by_name[name].judged_as in judged]
    theirs = [name for name in names if name not in mine]
    sides = [
        Change(entity.kind, RECORD, Op.SET, {name: wanted[name] for name in part},
               {name: version.values.get(name) for name in part}, 1)
        for part in (mine, theirs)
    ]  # fmt: skip
    assert both(entity, version, sides) == both(entity, version, sides[::-1])


def both(entity: Entity, version: Version, sides: list[Change]) -> dict[str, Value]:
    for seq, change in enumerate(sides, start=2):
        merged = merge(entity, version, change, EDITED)
        assert {result.result for result in merged.results} <= {Result.APPLIED}
        version = after(version, merged, seq)
    return {**version.values}


@given(writable, st.integers(0, 99), st.integers(0, 99))
def test_the_author_of_an_undisturbed_edit_sees_at_once_what_the_server_writes(
    entity: Entity, before: int, wanted: int
) -> None:
    """Client and server agree: apply_locally is merge without other people."""
    old = sound_values(entity, before)
    new = sound_values(entity, wanted)
    change = Change(entity.kind, RECORD, Op.SET, new, {name: old.get(name) for name in new}, 1)
    merged = merge(entity, Version(old, {"*": 1}, 1), change, EDITED)
    assert {**old, **merged.values} == apply_locally(old, change)


@given(writable, st.integers(0, 99))
def test_an_insert_arrives_as_it_was_made(entity: Entity, seed: int) -> None:
    values = sound_values(entity, seed)
    merged = merge(entity, None, Change(entity.kind, RECORD, Op.INSERT, values), Seen(0))
    assert merged.values == values
    assert merged.deleted is False
    assert {result.result for result in merged.results} == {Result.APPLIED}


@given(writable, st.integers(0, 99))
def test_an_insert_that_arrives_twice_changes_nothing(entity: Entity, seed: int) -> None:
    values = sound_values(entity, seed)
    row = Version(values, {"*": 7}, 7)
    merged = merge(entity, row, Change(entity.kind, RECORD, Op.INSERT, values), Seen(0))
    assert merged.values == {}
    assert {result.result for result in merged.results} == {Result.APPLIED}


@given(st.sampled_from(PLAIN), json_values, json_values, json_values)
def test_two_decisions_about_one_field_are_never_settled_silently(
    name: str, base: Value, mine: Value, theirs: Value
) -> None:
    row = Version({name: theirs}, {"*": 1, name: 2}, 2)
    merged = merge(ACCOUNT, row, set_change({name: mine}, {name: base}), EDITED)
    (result,) = merged.results
    if same(mine, theirs):
        assert result.result is Result.APPLIED
    elif same(base, theirs):
        assert merged.values == {name: mine}
    elif result.result is Result.CONFLICT:
        assert merged.values == {}
        assert (result.base, result.new) == (base, mine)
    else:
        assert isinstance(mine, dict)
        assert result.result is Result.MERGED


@given(json_values, json_values, json_values)
def test_in_lost_history_only_equal_values_count(base: Value, mine: Value, theirs: Value) -> None:
    """A base of before a restored backup proves nothing about what stands now."""
    row = Version({"industry": theirs}, {"*": 1}, 1)
    change = set_change({"industry": mine}, {"industry": base})
    merged = merge(ACCOUNT, row, change, Seen(9, trusted=False))
    if not (same(base, theirs) or same(mine, theirs) or isinstance(mine, dict)):
        assert merged.results[0].result is Result.CONFLICT


@given(small_sets, small_sets, small_sets)
def test_members_added_and_removed_by_both_sides_stand(
    base: list[str], mine: list[str], theirs: list[str]
) -> None:
    """A set inside a SET merges like an ADD and a REMOVE."""
    row = Version({"tags": [*theirs]}, {"tags": 2}, 2)
    merged = merge(ACCOUNT, row, set_change({"tags": [*mine]}, {"tags": [*base]}), EDITED)
    expected = (set(theirs) - (set(base) - set(mine))) | (set(mine) - set(base))
    assert members_of(merged.values.get("tags", [*theirs])) == expected
    assert merged.results[0].result in (Result.APPLIED, Result.MERGED)


@given(small_sets, small_sets, st.sampled_from((Op.ADD, Op.REMOVE)), st.booleans())
def test_sets_never_conflict_and_stay_sorted(
    current: list[str], named: list[str], op: Op, trusted: bool
) -> None:
    change = Change("account", RECORD, op, {"tags": [*named]}, {"tags": []}, 1)
    row = Version({"tags": [*current]}, {"tags": 5}, 5)
    merged = merge(ACCOUNT, row, change, Seen(1, trusted=trusted))
    members = merged.values.get("tags", [*current])
    expected = {*current} | {*named} if op is Op.ADD else {*current} - {*named}
    assert members == sorted(expected)


@given(st.data())
def test_a_group_is_written_whole_or_not_at_all(data: st.DataObject) -> None:
    """Half of one person's address with half of another's would be a place where nobody lives."""
    entity = CATALOG["address"]
    group = entity.groups["address"]
    parts = st.fixed_dictionaries({name: st.sampled_from("abc") for name in group})
    base, mine, theirs = data.draw(parts), data.draw(parts), data.draw(parts)
    row = Version({**theirs}, {"*": 2}, 2)
    change = set_change({**mine}, {**base}, "address")
    merged = merge(entity, row, change, EDITED)
    assert {**theirs, **merged.values} in (mine, theirs)
    assert len(merged.results) == 1


@given(st.sampled_from([*MACHINES]), st.data())
def test_a_state_only_ever_moves_along_an_arrow(name: str, data: st.DataObject) -> None:
    machine = MACHINES[name]
    entity, field = next(
        (e, f) for e in CATALOG.values() for f in e.fields if f.machine == name
    )  # fmt: skip
    states = st.none() | st.sampled_from([machine.initial, *(x.target for x in machine.arrows)])
    current, claimed, target = data.draw(states), data.draw(states), data.draw(states)
    facts = sound_values(entity, 1) | {field.name: current}
    row = Version(facts, {"*": data.draw(st.integers(1, 2))}, 2)
    change = set_change({field.name: target}, {field.name: claimed}, entity.kind)
    merged = merge(entity, row, change, EDITED)
    if merged.values and current is not None:
        assert machine.arrow(current, target) is not None


@given(st.sampled_from(Authority))
def test_a_field_of_the_servers_has_the_servers_policy(authority: Authority) -> None:
    found = [f for e in CATALOG.values() for f in e.fields if f.authority is authority]
    assert found
    assert {field.policy for field in found} == {Policy.SERVER}


def test_equality_is_that_of_json_not_of_python() -> None:
    assert entity_of("account") is ACCOUNT
    for one, other in ((True, 1), ([False], [0]), ({"a": True}, {"a": 1}), ([1], [1, 2])):
        assert not same(one, other)  # pyright: ignore[reportArgumentType]
    assert same({"a": [1, None, {"b": "c"}]}, {"a": [1, None, {"b": "c"}]})
    assert not same({"a": None}, {})


LAST_WINS = [
    (entity, field)
    for entity in CATALOG.values()
    for field in entity.fields
    if field.policy in (Policy.ORDER, Policy.LWW)
]


@given(st.sampled_from(LAST_WINS), json_values, json_values, json_values, seen_by_authors)
def test_positions_and_preferences_take_the_last_arrival_and_never_ask(
    place: tuple[Entity, Field], base: Value, mine: Value, theirs: Value, seen: Seen
) -> None:
    entity, field = place
    row = Version({field.name: theirs}, {"*": 2}, 2)
    change = set_change({field.name: mine}, {field.name: base}, entity.kind)
    merged = merge(entity, row, change, seen)
    assert same({field.name: theirs, **merged.values}[field.name], mine)
    (result,) = merged.results
    told = (seen.base_seq >= 2 and seen.trusted) or same(mine, theirs) or same(base, theirs)
    assert result.result is (Result.APPLIED if told else Result.MERGED)


STATES = [
    (entity, field, MACHINES[field.machine])
    for entity in CATALOG.values()
    for field in entity.fields
    if field.machine
]


@given(st.sampled_from(STATES), st.data())
def test_a_step_is_judged_by_what_its_author_saw_and_the_facts_below_it_apply(
    place: tuple[Entity, Field, Machine], data: st.DataObject
) -> None:
    entity, field, machine = place
    states = st.sampled_from([machine.initial, *(x.target for x in machine.arrows)])
    current, saw, target = data.draw(states), data.draw(states), data.draw(states)
    arrow = machine.arrow(saw, target)
    needs: dict[str, Value] = dict.fromkeys(arrow.needs if arrow else (), "given")
    row = Version({**needs, field.name: current}, {"*": 1, field.name: 2}, 2)
    new: dict[str, Value] = {field.name: target, "a_fact": "Stands."}
    merged = merge(entity, row, set_change(new, {field.name: saw}, entity.kind), EDITED)
    assert {**row.values, **merged.values}["a_fact"] == "Stands."
    (result,) = [x for x in merged.results if x.name == field.name]
    if target == current:
        assert (result.result, field.name in merged.values) == (Result.APPLIED, False)
    elif arrow is None:
        assert (result.result, result.code) == (Result.REJECTED, "state.no_arrow")
    elif saw == current:
        assert merged.values[field.name] == target
    else:
        assert field.name not in merged.values
        assert (result.result, result.why) == (Result.CONFLICT, Why.STATE)
        assert (result.base, result.new) == (saw, target)


@given(st.data())
def test_a_row_goes_only_where_its_deleter_knew_all_of_it(data: st.DataObject) -> None:
    entity = data.draw(kinds)
    version, seen = data.draw(versions(entity)), data.draw(seen_by_authors)
    merged = merge(entity, version, Change(entity.kind, RECORD, Op.DELETE), seen)
    knew = seen.trusted and seen.row_untouched and seen.children_known
    assert merged.values == {}
    assert merged.deleted is (True if knew and not version.deleted else None)
    (result,) = merged.results
    assert result.result is (Result.APPLIED if knew or version.deleted else Result.CONFLICT)
    assert (result.name, result.new) == (DELETED, True)


@given(st.data())
def test_an_edit_of_a_deleted_row_is_kept_whole_beside_it(data: st.DataObject) -> None:
    entity = data.draw(kinds)
    change, seen = data.draw(changes(entity)), data.draw(seen_by_authors)
    row = Version(data.draw(any_values(entity)), {"*": 1}, 1, deleted=True)
    if change.op in (Op.DELETE, Op.RESTORE, Op.MERGE):
        return
    merged = merge(entity, row, change, seen)
    assert (merged.values, merged.deleted) == ({}, None)
    (result,) = merged.results
    assert (result.name, result.result, result.why) == (DELETED, Result.CONFLICT, Why.DELETE)
    assert isinstance(result.new, dict)
    assert result.new.keys() == change.new.keys()
    assert result.base == change.old


@given(st.data())
def test_restoring_brings_a_row_back_with_its_values_and_without_a_taker(
    data: st.DataObject,
) -> None:
    entity = data.draw(writable)
    values = sound_values(entity, data.draw(st.integers(0, 99))) | {"merged_into": data.draw(
        st.none() | st.just(str(RECORD)))}  # fmt: skip
    row = Version(values, {"*": 3}, 3, deleted=data.draw(st.booleans()))
    merged = merge(entity, row, Change(entity.kind, RECORD, Op.RESTORE), Seen(3))
    assert merged.deleted is False
    after_it = {**values, **merged.values}
    assert after_it.pop("merged_into") is None
    assert after_it == {x: y for x, y in values.items() if x != "merged_into"}


@given(st.data())
def test_a_record_gives_its_place_away_once(data: st.DataObject) -> None:
    """The same merge again is nothing new, another one is refused; apply_locally agrees."""
    entity = data.draw(writable)
    takers = st.sampled_from([RECORD, RecordId("1" * 32), RecordId("2" * 32), None, 7])
    first, second = data.draw(takers), data.draw(takers)
    row = Version(sound_values(entity, 1), {"*": 3}, 3)
    away = [Change(entity.kind, RECORD, Op.MERGE, {"merged_into": one}) for one in (first, second)]
    once = merge(entity, row, away[0], EDITED)
    is_merge = isinstance(first, str) and first != RECORD
    assert once.deleted is (True if is_merge else None)
    if not is_merge:
        assert (once.values, once.results[0].result) == ({}, Result.REJECTED)
        return
    assert {**row.values, **once.values} == apply_locally(row.values, away[0])
    again = merge(entity, after(row, once, 4), away[1], EDITED)
    assert (again.values, again.deleted) == ({}, None)
    assert again.results[0].result is (Result.APPLIED if second == first else Result.REJECTED)
    gone = Version(row.values, {"*": 3}, 3, deleted=True)
    assert merge(entity, gone, away[0], EDITED).results[0].result is Result.REJECTED
