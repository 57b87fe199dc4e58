"""Three-way merge: pure and total, the same function on the server and on every client.

The server calls `merge` on receipt and writes what it says; a client calls it to show in advance
what will happen. Nothing here reads a clock, a device or a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import cast

import msgspec

from crm_core.changes import Change, Op, members_of, with_members, without_members
from crm_core.entity import Entity
from crm_core.errors import InvalidValue
from crm_core.fields import Field, Kind, Policy, Value
from crm_core.machines import MACHINES, Machine, missing_for, missing_to_start, start_of
from crm_core.merging import MERGED_INTO, taker_of
from crm_core.recurring import is_brought
from crm_core.text_merge import merge_text
from crm_core.values import TAGS_MAX, check

DELETED = "deleted"
"""The field name under which a conflict between deleting and editing is kept."""


class Result(StrEnum):
    """What became of a field, a change or a changeset; listed from best to worst."""

    DUPLICATE = "duplicate"
    APPLIED = "applied"
    MERGED = "merged"
    CONFLICT = "conflict"
    BLOCKED = "blocked"
    REJECTED = "rejected"


_APPLIED = Result.APPLIED
_INSERT, _SET, _ADD, _REMOVE = Op.INSERT, Op.SET, Op.ADD, Op.REMOVE
"""Asked of every field: reaching into an enumeration costs more than asking."""

_SETS = (Kind.TAGS, Kind.LINKS)
_WORST = {result: rank for rank, result in enumerate(Result)}


def worst(results: list[Result]) -> Result:
    """The worst of several results; of none: applied."""
    return max(results, key=_WORST.__getitem__, default=Result.APPLIED)


class Why(StrEnum):
    """Why a conflict exists."""

    EDIT = "edit"
    DELETE = "delete"
    UNIQUE = "unique"
    STATE = "state"
    HANDOVER = "handover"


class Version(msgspec.Struct, frozen=True):
    """One copy of a record as a side holds it.

    `fv` gives for each touched field the seq of its last change; untouched ones share `*`.
    """

    values: Mapping[str, Value]
    fv: Mapping[str, int] = {}
    seq: int = 0
    deleted: bool = False

    def seq_of(self, name: str) -> int:
        """The seq at which a field last changed."""
        return self.fv.get(name, self.fv.get("*", 0))


class Seen(msgspec.Struct, frozen=True):
    """What the author of a change knew.

    `base_seq`: the version he saw. `trusted` is False for a base in history that the server lost
    (a restored backup): then only equal values count. `row_untouched`: nobody but himself changed
    the row since; `children_known`: no child of the row is unknown to him. `unreceived`: fields
    that he may not have received, whatever version he saw: only equal values count of them too.
    """

    base_seq: int
    trusted: bool = True
    row_untouched: bool = True
    children_known: bool = True
    unreceived: frozenset[str] = frozenset()


class FieldResult(msgspec.Struct, frozen=True):
    """What became of one field (or group) of a change.

    For a conflict `base` and `new` are the author's sides; for a rejection `code` says why and
    `params` names the thing.
    """

    name: str
    result: Result
    code: str = ""
    why: Why = Why.EDIT
    base: Value = None
    new: Value = None
    params: Mapping[str, str] = {}


class Merged(msgspec.Struct, frozen=True):
    """What to write, and what became of each field. `deleted` None: the row stays as it is."""

    values: Mapping[str, Value] = {}
    deleted: bool | None = None
    results: tuple[FieldResult, ...] = ()


def merge(entity: Entity, version: Version | None, change: Change, seen: Seen) -> Merged:
    """Merge one change into one version of its record (None: no such row here)."""
    if change.op is _INSERT:
        return _merge_insert(entity, version, change, seen)
    if version is None:
        missing = FieldResult("", Result.REJECTED, "record.not_found")
        return Merged(results=(missing,))
    if change.op is _SET and not version.deleted:
        return _merge_fields(entity, version, change, seen)
    if change.op is Op.DELETE:
        return _merge_delete(version, seen)
    if change.op is Op.RESTORE:
        return _merge_restore(entity, version, change, seen)
    if change.op is Op.MERGE:
        return _merge_away(version, change)
    if version.deleted:
        return _edit_of_deleted(change)
    return _merge_fields(entity, version, change, seen)


def _merge_insert(entity: Entity, version: Version | None, change: Change, seen: Seen) -> Merged:
    if version is None:
        made = _merge_fields(entity, Version({}), change, Seen(0))
        return Merged(made.values, False, made.results)
    if is_brought(change.id, change.new):
        return Merged(results=tuple(FieldResult(x, _APPLIED) for x in change.new))
    if version.deleted:
        return _edit_of_deleted(change)
    # The row exists already (a restored server, a second arrival): field by field from nothing.
    return _merge_fields(entity, version, change, Seen(0, trusted=seen.trusted))


def _merge_delete(version: Version, seen: Seen) -> Merged:
    if version.deleted:
        return Merged(results=(FieldResult(DELETED, Result.APPLIED, new=True),))
    if seen.row_untouched and seen.children_known and seen.trusted:
        return Merged(deleted=True, results=(FieldResult(DELETED, Result.APPLIED, new=True),))
    parked = FieldResult(DELETED, Result.CONFLICT, "", Why.DELETE, False, True)
    return Merged(results=(parked,))


def _merge_restore(entity: Entity, version: Version, change: Change, seen: Seen) -> Merged:
    alive = Version(version.values, version.fv, version.seq)
    inner = _merge_fields(entity, alive, change, seen)
    values = dict(inner.values)
    if taker_of(version.values):
        values[MERGED_INTO] = None
    back = FieldResult(DELETED, Result.APPLIED, new=False)
    return Merged(values, False, (back, *inner.results))


def _merge_away(version: Version, change: Change) -> Merged:
    """The record gives its place to another, once; what leads to it the server moves."""
    taker = taker_of(change.new)
    if taker is None or taker == change.id:
        return Merged(results=(FieldResult(MERGED_INTO, Result.REJECTED, "merge.gone"),))
    done = FieldResult(MERGED_INTO, Result.APPLIED, new=taker)
    if not version.deleted:
        return Merged({MERGED_INTO: taker}, True, (done,))
    if taker_of(version.values) == taker:
        return Merged(results=(done,))
    return Merged(results=(FieldResult(MERGED_INTO, Result.REJECTED, "merge.gone"),))


def _edit_of_deleted(change: Change) -> Merged:
    """The fields as their author wants them are parked, so that `restore` can bring them in."""
    new = {name: _wanted(change, name) for name in change.new}
    parked = FieldResult(DELETED, Result.CONFLICT, "", Why.DELETE, dict(change.old), new)
    return Merged(results=(parked,))


def _wanted(change: Change, name: str) -> Value:
    """The whole value that the author of a change sees afterwards."""
    if change.op is Op.ADD:
        return with_members(change.old.get(name), change.new[name])
    if change.op is Op.REMOVE:
        return without_members(change.old.get(name), change.new[name])
    return change.new[name]


def _merge_fields(entity: Entity, version: Version, change: Change, seen: Seen) -> Merged:
    values: dict[str, Value] = {}
    results: list[FieldResult] = []
    done: set[str] = set()
    for name in change.new:
        if name in done:
            continue
        field_, members = entity.by_name.get(name), (name,)
        if field_ is not None and field_.group:
            members = entity.groups[field_.group]
            done.update(members)
        part, result = _merge_part(field_, version, change, seen, members)
        values.update(part)
        results.append(result)
    return Merged(values, None, tuple(results))


def _merge_part(
    field_: Field | None, version: Version, change: Change, seen: Seen, members: tuple[str, ...]
) -> tuple[dict[str, Value], FieldResult]:
    """One field, or the members of one group: judged whole, also where a change names only some."""
    named = members
    if len(members) > 1:
        named = tuple(name for name in members if name in change.new)
    name = named[0]
    if change.op is _ADD or change.op is _REMOVE or _is_set(field_):
        return _merge_members(field_, version, change, name)
    trusted = seen.trusted and seen.unreceived.isdisjoint(members)
    if len(members) == 1:
        untouched = trusted and version.seq_of(name) <= seen.base_seq
    else:
        untouched = trusted and all(version.seq_of(x) <= seen.base_seq for x in members)
    if field_ is not None and field_.machine:
        return _merge_state(MACHINES[field_.machine], version, change, name, untouched)
    judged = field_.judged_as if field_ is not None else name
    if len(members) == 1 and (untouched or same(change.old.get(name), version.values.get(name))):
        new_value = change.new[name]
        as_it_is = same(new_value, version.values.get(name))
        return {} if as_it_is else {name: new_value}, FieldResult(judged, _APPLIED)
    current = {member: version.values.get(member) for member in members}
    base = {member: change.old.get(member) for member in members}
    new = {member: change.new[member] for member in named}
    as_it_is = same(new, {member: current[member] for member in named})
    if as_it_is or untouched or same(current, base):
        return {} if as_it_is else new, FieldResult(judged, _APPLIED)
    policy = field_.policy if field_ is not None else Policy.CONFLICT
    if policy in (Policy.ORDER, Policy.LWW):
        return new, FieldResult(judged, Result.MERGED)
    if len(members) > 1:
        seen_before = {member: base[member] for member in named}
        return {}, FieldResult(judged, Result.CONFLICT, "", Why.EDIT, seen_before, {**new})
    merged = _merge_values(policy, base[name], new[name], current[name])
    if merged is not None and _why_unfit(field_, merged) is None:
        as_it_is = same(merged, current[name])
        return {} if as_it_is else {name: merged}, FieldResult(judged, Result.MERGED)
    return {}, FieldResult(judged, Result.CONFLICT, "", Why.EDIT, base[name], new[name])


def same(one: object, other: object) -> bool:
    """Whether two values are equal as JSON: unlike in Python, true is not 1."""
    if isinstance(one, str):
        return one == other
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        ours, theirs = cast("list[object]", one), cast("list[object]", other)
        pairs = zip(ours, theirs, strict=False)
        return len(ours) == len(theirs) and all(same(left, right) for left, right in pairs)
    if isinstance(one, dict) and isinstance(other, dict):
        left, right = cast("dict[str, object]", one), cast("dict[str, object]", other)
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return one == other


def _is_set(field_: Field | None) -> bool:
    return field_ is not None and field_.kind in _SETS


def _merge_members(
    field_: Field | None, version: Version, change: Change, name: str
) -> tuple[dict[str, Value], FieldResult]:
    """Sets merge: members added and removed by both sides stand."""
    if field_ is not None and not _is_set(field_):
        said = {"field": field_.label, "detail": change.op.value}
        return {}, FieldResult(name, Result.REJECTED, "field.invalid", params=said)
    current, named = version.values.get(name), change.new[name]
    if change.op is Op.ADD:
        after = with_members(current, named)
    elif change.op is Op.REMOVE:
        after = without_members(current, named)
    else:
        old = change.old.get(name)
        kept = without_members(current, without_members(old, named))
        after = with_members(kept, without_members(named, old))
    if after == (current or []):
        return {}, FieldResult(name, Result.APPLIED)
    too_many = len(after) > max(TAGS_MAX, len(members_of(current)))
    unfit = _why_unfit(field_, [*after]) if too_many else None
    if unfit is not None:
        said = {"field": name, "detail": str(unfit)}
        return {}, FieldResult(name, Result.REJECTED, "field.invalid", params=said)
    moved = members_of(current) != members_of(change.old.get(name))
    return {name: after}, FieldResult(name, Result.MERGED if moved else Result.APPLIED)


def _why_unfit(field_: Field | None, value: Value) -> InvalidValue | None:
    """What is wrong with a value made of two that were right: together they may be too much."""
    try:
        if field_ is not None:
            check(field_, value)
    except InvalidValue as problem:
        return problem
    return None


def _merge_values(policy: Policy, base: Value, new: Value, current: Value) -> Value:
    """Both sides' changes in one value, or None where a person has to decide: also where one has
    decided for what he saw, which adds nothing to what stands by now."""
    if same(base, new):
        return None
    if policy is Policy.NOTE and isinstance(new, str) and isinstance(current, str):
        return merge_text(base if isinstance(base, str) else "", new, current)
    if isinstance(new, dict) and isinstance(current, dict):
        return _merge_keys(base if isinstance(base, dict) else {}, new, current)
    return None


def _merge_keys(base: dict[str, Value], new: dict[str, Value], current: dict[str, Value]) -> Value:
    merged = dict(current)
    for key in sorted(base.keys() | new.keys()):
        mine, before, theirs = new.get(key), base.get(key), current.get(key)
        if same(mine, before) or same(mine, theirs):
            continue
        if not same(theirs, before):
            return None
        if key in new:
            merged[key] = new[key]
        else:
            merged.pop(key, None)
    return merged


def _merge_state(
    machine: Machine, version: Version, change: Change, name: str, untouched: bool
) -> tuple[dict[str, Value], FieldResult]:
    """A transition is judged by what its author saw; facts around it apply in any case.

    Where nobody touched the state since, what he saw is what stands, whatever he says of it.
    """
    target, current = change.new[name], start_of(machine, version.values.get(name))
    facts = {**version.values, **change.new}
    if same(target, current):
        written = {} if version.values.get(name) is not None else {name: target}
        return written, FieldResult(name, Result.APPLIED)
    if change.op is Op.INSERT:
        source = start_of(machine, None)
        missing = missing_to_start(machine, target, facts)
    else:
        source = current if untouched else start_of(machine, change.old.get(name))
        arrow = machine.arrow(source, target)
        missing = missing_for(arrow, facts) if arrow is not None else None
    if missing is None:
        steps = {"source": str(source), "target": str(target)}
        return {}, FieldResult(name, Result.REJECTED, "state.no_arrow", params=steps)
    if missing:
        said = {"fields": ", ".join(missing), "target": str(target)}
        return {}, FieldResult(name, Result.REJECTED, "state.missing", params=said)
    if untouched or same(source, current):
        return {name: target}, FieldResult(name, Result.APPLIED)
    return {}, FieldResult(name, Result.CONFLICT, "", Why.STATE, source, target)
