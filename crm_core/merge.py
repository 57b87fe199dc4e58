"""Three-way merge: pure and total, the same function on the server and on every client.

The server calls `merge` on receipt and writes what it says; a client calls it to show in advance
what will happen. Nothing here reads a clock, a device or a database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from crm_core.changes import Change, Op, with_members, without_members
from crm_core.entity import Entity
from crm_core.fields import Kind, Policy, Value
from crm_core.machines import MACHINES, missing_for
from crm_core.text_merge import merge_text

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


@dataclass(frozen=True, slots=True)
class Version:
    """One copy of a record as a side holds it.

    `fv` gives for each touched field the seq of its last change; untouched ones share `*`.
    """

    values: Mapping[str, Value]
    fv: Mapping[str, int] = field(default_factory=dict[str, int])
    seq: int = 0
    deleted: bool = False

    def seq_of(self, name: str) -> int:
        """The seq at which a field last changed."""
        return self.fv.get(name, self.fv.get("*", 0))


@dataclass(frozen=True, slots=True)
class Seen:
    """What the author of a change knew.

    `base_seq`: the version he saw. `trusted` is False for a base in history that the server lost
    (a restored backup): then only equal values count. `row_untouched`: nobody but himself changed
    the row since; `children_known`: no child of the row is unknown to him.
    """

    base_seq: int
    trusted: bool = True
    row_untouched: bool = True
    children_known: bool = True


@dataclass(frozen=True, slots=True)
class FieldResult:
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
    params: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Merged:
    """What to write, and what became of each field. `deleted` None: the row stays as it is."""

    values: Mapping[str, Value] = field(default_factory=dict[str, Value])
    deleted: bool | None = None
    results: tuple[FieldResult, ...] = ()


def merge(entity: Entity, version: Version | None, change: Change, seen: Seen) -> Merged:
    """Merge one change into one version of its record (None: no such row here)."""
    if change.op is Op.INSERT:
        return _merge_insert(entity, version, change, seen)
    if version is None:
        missing = FieldResult("", Result.REJECTED, "record.not_found")
        return Merged(results=(missing,))
    if change.op is Op.DELETE:
        return _merge_delete(version, seen)
    if change.op is Op.RESTORE:
        return _merge_restore(entity, version, change, seen)
    if version.deleted:
        return _edit_of_deleted(change)
    return _merge_fields(entity, version, change, seen)


def _merge_insert(entity: Entity, version: Version | None, change: Change, seen: Seen) -> Merged:
    if version is None:
        results = tuple(FieldResult(name, Result.APPLIED) for name in change.new)
        return Merged(dict(change.new), False, results)
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
    back = FieldResult(DELETED, Result.APPLIED, new=False)
    return Merged(inner.values, False, (back, *inner.results))


def _edit_of_deleted(change: Change) -> Merged:
    parked = FieldResult(
        DELETED, Result.CONFLICT, "", Why.DELETE, dict(change.old), dict(change.new)
    )
    return Merged(results=(parked,))


def _merge_fields(entity: Entity, version: Version, change: Change, seen: Seen) -> Merged:
    values: dict[str, Value] = {}
    results: list[FieldResult] = []
    done: set[str] = set()
    for name in change.new:
        members = _judged_together(entity, name, change)
        if members[0] in done:
            continue
        done.update(members)
        part, result = _merge_part(entity, version, change, seen, members)
        values.update(part)
        results.append(result)
    return Merged(values, None, tuple(results))


def _judged_together(entity: Entity, name: str, change: Change) -> tuple[str, ...]:
    field_ = entity.by_name.get(name)
    if field_ is None or not field_.group:
        return (name,)
    return tuple(member for member in entity.groups[field_.group] if member in change.new)


def _merge_part(
    entity: Entity, version: Version, change: Change, seen: Seen, members: tuple[str, ...]
) -> tuple[dict[str, Value], FieldResult]:
    name = members[0]
    field_ = entity.by_name.get(name)
    judged = field_.judged_as if field_ is not None else name
    if field_ is not None and field_.kind in (Kind.TAGS, Kind.LINKS):
        return _merge_members(version, change, name)
    current = {member: version.values.get(member) for member in members}
    base = {member: change.old.get(member) for member in members}
    new = {member: change.new[member] for member in members}
    untouched = seen.trusted and max(map(version.seq_of, members)) <= seen.base_seq
    if field_ is not None and field_.machine:
        return _merge_state(field_.machine, version, change, name, base == current or untouched)
    if new == current:
        return {}, FieldResult(judged, Result.APPLIED)
    if untouched or current == base:
        return new, FieldResult(judged, Result.APPLIED)
    policy = field_.policy if field_ is not None else Policy.CONFLICT
    if policy in (Policy.ORDER, Policy.LWW):
        return new, FieldResult(judged, Result.MERGED)
    merged = _merge_values(policy, base[name], new[name], current[name])
    if merged is not None:
        return {name: merged}, FieldResult(judged, Result.MERGED)
    whole = judged != name
    return {}, FieldResult(
        judged, Result.CONFLICT, "", Why.EDIT, base if whole else base[name],
        new if whole else new[name],
    )  # fmt: skip


def _merge_members(
    version: Version, change: Change, name: str
) -> tuple[dict[str, Value], FieldResult]:
    """Sets merge: members added and removed by both sides stand."""
    current = version.values.get(name)
    named = change.new[name]
    if change.op is Op.ADD:
        after = with_members(current, named)
    elif change.op is Op.REMOVE:
        after = without_members(current, named)
    else:
        old = change.old.get(name)
        kept = without_members(current, without_members(old, named))
        after = with_members(kept, without_members(named, old))
    moved = version.values.get(name) != change.old.get(name)
    result = FieldResult(name, Result.MERGED if moved else Result.APPLIED)
    return ({} if after == current else {name: after}), result


def _merge_values(policy: Policy, base: Value, new: Value, current: Value) -> Value:
    """Both sides' changes in one value, or None where a person has to decide."""
    if policy is Policy.NOTE and isinstance(new, str) and isinstance(current, str):
        return merge_text(base if isinstance(base, str) else "", new, current)
    if isinstance(new, dict) and isinstance(current, dict):
        return _merge_keys(base if isinstance(base, dict) else {}, new, current)
    return None


def _merge_keys(base: dict[str, Value], new: dict[str, Value], current: dict[str, Value]) -> Value:
    merged = dict(current)
    for key in base.keys() | new.keys():
        if new.get(key) == base.get(key) or new.get(key) == current.get(key):
            continue
        if current.get(key) != base.get(key):
            return None
        if key in new:
            merged[key] = new[key]
        else:
            merged.pop(key, None)
    return merged


def _merge_state(
    machine_name: str, version: Version, change: Change, name: str, saw_current: bool
) -> tuple[dict[str, Value], FieldResult]:
    """A transition is judged by what its author saw; facts around it apply in any case."""
    machine = MACHINES[machine_name]
    source, target, current = change.old.get(name), change.new[name], version.values.get(name)
    if target == current:
        return {}, FieldResult(name, Result.APPLIED)
    start = None if change.op is Op.INSERT else source
    arrow = machine.arrow(start, target)
    if arrow is None:
        steps = {"source": str(start or machine.initial), "target": str(target)}
        return {}, FieldResult(name, Result.REJECTED, "state.no_arrow", params=steps)
    missing = missing_for(arrow, {**version.values, **change.new})
    if missing:
        named = {"fields": ", ".join(missing), "target": str(target)}
        return {}, FieldResult(name, Result.REJECTED, "state.missing", params=named)
    if saw_current:
        return {name: target}, FieldResult(name, Result.APPLIED)
    return {}, FieldResult(name, Result.CONFLICT, "", Why.STATE, source, target)
