"""The laws of the merge for every field and every pair of fields of every kind.

Laws over arbitrary values and versions are in tests/crm_core/test_merge_laws.py; here no field of
the catalog is left to chance.
"""

from itertools import combinations
from random import Random

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, apply_locally, difference, members_of
from crm_core.entity import Entity
from crm_core.fields import Kind, Policy, Value
from crm_core.ids import RecordId
from crm_core.merge import Result, Seen, Version, merge
from tests.conformance.company import Values, a_step_on
from tests.conformance.kinds import every_editable_kind
from tests.support.records import new_id, values_for

RECORD = RecordId("0" * 31 + "1")
SEEN = Seen(1)


@every_editable_kind
def test_an_undisturbed_edit_of_any_field_is_what_its_author_sees_at_once(entity: Entity) -> None:
    before, wanted = sides(entity)
    for part in parts(entity, wanted):
        changes = edits(entity, before, part)
        row, results = merged(entity, Version(before, {"*": 1}, 1), changes)
        expected = before
        for change in changes:
            expected = apply_locally(expected, change)
        assert row == expected == {**before, **part}
        assert results <= UNDISTURBED


@every_editable_kind
def test_edits_of_two_different_fields_commute(entity: Entity) -> None:
    before, wanted = sides(entity)
    version = Version(before, {"*": 1}, 1)
    for mine, theirs in combinations(parts(entity, wanted), 2):
        one, other = edits(entity, before, mine), edits(entity, before, theirs)
        first, _ = merged(entity, version, [*one, *other])
        second, results = merged(entity, version, [*other, *one])
        assert first == second == {**before, **mine, **theirs}
        assert results <= UNDISTURBED


@every_editable_kind
def test_of_two_edits_of_one_field_none_is_lost_in_silence(entity: Entity) -> None:
    """A conflict, both in one value, or the policy to take the last."""
    before, wanted = sides(entity)
    other = made(entity, 3)
    for part in parts(entity, wanted):
        field = entity.by_name[next(iter(part))]
        theirs = {name: other.get(name) for name in part}
        mine, first = edits(entity, before, part), edits(entity, before, theirs)
        if field.machine or not mine or not first or theirs == part:
            continue
        row, results = merged(entity, Version(before, {"*": 1}, 1), [*first, *mine])
        if field.policy is Policy.SET:
            assert row[field.name] == both_sets(before, theirs, part, field.name)
        elif Result.CONFLICT in results:
            assert {name: row.get(name) for name in part} == theirs
        else:
            assert Result.MERGED in results, field.name
            assert field.policy in MERGING or field.kind is Kind.JSON


MERGING = {Policy.NOTE, Policy.ORDER, Policy.LWW}

UNDISTURBED = {Result.APPLIED, Result.MERGED}
"""A set is changed in two steps, adding and removing: the second meets the first."""


def both_sets(before: Values, theirs: Values, mine: Values, name: str) -> list[str]:
    """The members that nobody took out and somebody had or added."""
    old, one, other = (members_of(side[name]) for side in (before, theirs, mine))
    return sorted((old | one | other) - (old - one) - (old - other))


def sides(entity: Entity) -> tuple[Values, Values]:
    """A record, and what it may be changed to: its state one step on."""
    before = made(entity, 1)
    wanted = made(entity, 2)
    wanted.update(a_step_on(entity, before))
    return before, wanted


def made(entity: Entity, seed: int) -> Values:
    rng = Random(f"{entity.kind} {seed}")
    return values_for(entity, rng, {kind: [new_id(rng) for _ in range(3)] for kind in CATALOG})


def parts(entity: Entity, wanted: Values) -> list[Values]:
    """What is edited at a time: one field, or the fields that are judged together."""
    together: dict[str, Values] = {}
    for name, value in wanted.items():
        together.setdefault(entity.by_name[name].judged_as, {})[name] = value
    return [*together.values()]


def edits(entity: Entity, before: Values, part: Values) -> tuple[Change, ...]:
    return difference(entity, RECORD, before, part, 1)


def merged(
    entity: Entity, version: Version, changes: list[Change] | tuple[Change, ...]
) -> tuple[dict[str, Value], set[Result]]:
    """The row after the changes arrived one by one, and what became of the last one."""
    results: set[Result] = set()
    for seq, change in enumerate(changes, start=2):
        assert change.op in (Op.SET, Op.ADD, Op.REMOVE)
        done = merge(entity, version, change, SEEN)
        version = Version(
            {**version.values, **done.values},
            {**version.fv, **dict.fromkeys(done.values, seq)},
            seq,
        )
        results = {result.result for result in done.results}
    return {**version.values}, results
