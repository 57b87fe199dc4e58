"""Erasing what is personal, at a person's request: what goes, and how whatever was kept is freed of
it. Pure; both sides use it (security.md §7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from crm_core.brought import (
    PLANTED_MIN,
    Places,
    above,
    brought_by,
    changes_of,
    is_merging,
    is_object,
    merges,
    object_in,
    record_of,
)
from crm_core.catalog import CATALOG
from crm_core.changes import ChangeSet
from crm_core.errors import UNREADABLE
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.merging import MERGED_INTO
from crm_core.roles import Action, Level, Matrix, reach
from crm_core.scope import Holder, is_reached
from crm_core.switches import ERASING

ERASED = "field.erased"
"""Said of what was entered by somebody who had not heard of the erasure: it is not kept."""

MERGE_ERASED = "merge.erased"
"""Said of a merge with somebody who was erased behind its author's back: it is refused."""

ATTACHMENT, CONFLICT = "attachment", "conflict"
FILE_FIELDS = ("name", "sha256", "comment", "mime", "size")
"""What goes of a file that belongs to the person, beside its content."""

DECISION = frozenset(("resolution",))
"""What goes of a step that decides a question about the person."""

Names = Mapping[tuple[str, RecordId], frozenset[str]]
"""For each erased record (kind, id) the fields that went."""

_ERASABLE = frozenset(
    kind for kind, entity in CATALOG.items() if any(x.personal for x in entity.fields)
) | {ATTACHMENT}


def personal_fields(kind: str) -> tuple[str, ...]:
    """The fields of a kind that say who somebody is; none where nothing can be erased."""
    entity = CATALOG.get(kind)
    return tuple(x.name for x in entity.fields if x.personal) if entity is not None else ()


def may_erase(
    kind: str, matrix: Matrix, holder: Holder, keys: frozenset[str], on: frozenset[str]
) -> bool:
    """Whether somebody may have a person erased: IT anybody; with these switches on, who leads may
    do so where he may delete. `keys`: those of the person's record."""
    if holder.is_it:
        return True
    level = reach(matrix, kind, Action.DELETE)
    leads = ERASING in on and level >= Level.TERRITORY
    return leads and is_reached(level, holder, keys, own=False)


def is_erasable(kind: str) -> bool:
    """Whether anything of records of a kind may have been erased."""
    return kind in _ERASABLE


def is_about(kind: str, field: str, names: frozenset[str]) -> bool:
    """Whether a name under which a value is judged (a field, or a group) stands for erased ones."""
    entity = CATALOG.get(kind)
    members = entity.groups.get(field, (field,)) if entity is not None else (field,)
    return not names.isdisjoint(members)


def without(value: Any, names: frozenset[str]) -> Any:
    """A value of JSON without what stands under these names, at whatever depth."""
    if isinstance(value, Mapping):
        said = cast("Mapping[str, Any]", value)
        return {name: without(x, names) for name, x in said.items() if name not in names}
    if isinstance(value, list | tuple):
        members = cast("list[Any]", value)
        return type(members)([without(x, names) for x in members])
    return value


def blank_conflict(
    values: Mapping[str, Value], kind: str, names: frozenset[str]
) -> dict[str, Value]:
    """What is to be written into a conflict about an erased record: a question about what went is
    none any more; of another one the erased fields go."""
    if is_about(kind, str(values.get("field")), names):
        return {"base": None, "parked": None, "resolution": None, "state": "resolved"}
    kept = {name: values.get(name) for name in ("base", "parked", "resolution")}
    return {name: x for name, x in without(kept, names).items() if x != values.get(name)}


def blank_step(step: Any, names: Names, values: Iterable[str] = ()) -> Any:
    """A changeset as JSON without what it says of erased records. A merge in which one of them took
    part loses these fields of the other record too: its values may have come from there. The label
    of a single step about one of them goes, and that of a batch which repeats a value."""
    changes = changes_of(step)
    if changes is None:
        return step
    more = _with_merged(changes, names)
    made = {**step, "changes": [_blank_change(x, more) for x in changes]}
    label = str(step.get("label", ""))
    went = {*values, *_values_in(changes, more)}
    is_single = not step.get("batch") and any(record_of(x) in more for x in changes)
    if is_single or any(len(value) >= PLANTED_MIN and value in label for value in went):
        made["label"] = ""
    return made


def _blank_each(
    steps: Iterable[Any], names: Names, values: Iterable[str], brought: Places
) -> Iterator[Any]:
    """Steps without what merges would have brought, along further merges too."""
    along = _with_places(names, brought)
    for step in steps:
        if is_merging(step):
            yield blank_step(step, along, values)
        else:
            yield blank_step(above(step, brought), names, values)


def _brought_from(steps: Iterable[Any], names: Names) -> Places:
    """What merges would have brought from erased records into others, and from those further."""
    brought: Places = {}
    for step in filter(is_merging, steps):
        changes = changes_of(step) or []
        more = _with_merged(changes, _with_places(names, brought))
        found = [*brought_by(changes, brought)]
        brought.update((place, x) for place, x in found if place[2] in more.get(place[:2], ()))
    return brought


def _with_places(names: Names, places: Iterable[tuple[str, RecordId, str]]) -> Names:
    found = {**names}
    for kind, record_id, name in places:
        found[(kind, record_id)] = found.get((kind, record_id), frozenset()) | {name}
    return found


def _values_in(changes: Iterable[dict[str, Any]], names: Names) -> Iterator[str]:
    """The texts that go of some changes."""
    for change in changes:
        gone = names.get(record_of(change), frozenset())
        for said in (change.get("new"), change.get("old")):
            values = cast("dict[str, Any]", said if is_object(said) else {})
            yield from (x for name, x in values.items() if name in gone and isinstance(x, str))


def _with_merged(changes: Iterable[dict[str, Any]], names: Names) -> Names:
    found = dict(names)
    for change in changes:
        new = object_in(change.get("new"))
        if change.get("kind") == ATTACHMENT and _leads_to(new.get("parent"), names):
            found[record_of(change)] = frozenset(FILE_FIELDS)
        if not merges(change):
            continue
        kind = str(change.get("kind"))
        ends = [(kind, RecordId(str(x))) for x in (change.get("id"), new.get(MERGED_INTO))]
        gone = frozenset[str]().union(*(names.get(end, frozenset()) for end in ends))
        found.update((end, gone) for end in ends if gone)
    return found


def _leads_to(link: object, names: Names) -> bool:
    kind, _, record_id = str(link).partition("/")
    return bool(names.get((kind, RecordId(record_id))))


def _blank_change(change: dict[str, Any], names: Names) -> dict[str, Any]:
    gone = names.get(record_of(change))
    if not gone:
        return change
    return {**change, **{x: without(change[x], gone) for x in ("new", "old") if x in change}}


def blanked_body(body: bytes, names: Names, values: Iterable[str] = ()) -> bytes:
    """What a device left, without what it says of erased records; nothing where nobody can read
    it."""
    is_read = _steps_in(body) is not None
    return next(blanked_bodies([body], names, values)) if is_read else b"[]"


def blanked_bodies(
    bodies: Iterable[bytes], names: Names, values: Iterable[str] = ()
) -> Iterator[bytes]:
    """The same of all that one author left, or was refused; what a merge in one would have brought
    goes from the others too. Of what nobody can read, only what names an erased record goes."""
    said, went = [(body, _steps_in(body)) for body in bodies], [*values]
    brought = _brought_from((step for _, steps in said for step in _listed(steps)), names)
    for body, steps in said:
        if steps is None:
            yield b"[]" if any(x.encode() in body for _, x in names) else body
            continue
        made = [*_blank_each(_listed(steps), names, went, brought)]
        is_same = made == _listed(steps)
        yield body if is_same else msgspec.json.encode(made if isinstance(steps, list) else made[0])


def _steps_in(body: bytes) -> Any:
    """What a body holds; None where nobody can read it."""
    try:
        return msgspec.json.decode(body)
    except UNREADABLE:
        return None


def _listed(steps: Any) -> list[Any]:
    return cast("list[Any]", steps) if isinstance(steps, list) else [steps]


def labels_of(body: bytes) -> frozenset[str]:
    """The labels of what a device left."""
    many = _listed(_steps_in(body))
    return frozenset(str(one.get("label", "")) for one in many if is_object(one))


def freed(
    changeset: ChangeSet, erased: Mapping[tuple[str, RecordId], Mapping[str, int]], horizon: int
) -> tuple[ChangeSet, dict[int, tuple[str, ...]]]:
    """A changeset without what its author wrote into fields that were erased behind the version
    that he saw, and behind the `horizon` up to which his device had heard of everything; and the
    names of those fields by the index of their change."""
    dropped: dict[int, tuple[str, ...]] = {}
    changes = [*changeset.changes]
    for index, change in enumerate(changes):
        gone = erased.get((change.kind, change.id), {})
        names = tuple(
            sorted(x for x in change.new if gone.get(x, 0) > max(change.base_seq, horizon))
        )
        if names:
            dropped[index] = names
            new = {x: value for x, value in change.new.items() if x not in names}
            old = {x: value for x, value in change.old.items() if x not in names}
            changes[index] = replace(change, new=new, old=old)
    return replace(changeset, changes=tuple(changes)), dropped
