"""Erasing what is personal, at a person's request: what goes, and how whatever was kept is freed of
it. Pure; both sides use it (security.md §7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from crm_core.catalog import CATALOG
from crm_core.changes import ChangeSet, Op
from crm_core.errors import UNREADABLE
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.merging import MERGED_INTO
from crm_core.roles import Action, Level, Matrix, reach
from crm_core.scope import Holder, is_reached
from crm_core.switches import ERASING
from crm_core.text_merge import units

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

PLANTED_MIN = 2
"""A value of fewer characters is no reason to take it for a person's wherever it stands."""


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


def blank_steps(steps: Any, names: Names, values: Iterable[str] = ()) -> Any:
    """Changesets as JSON without what they say of erased records. A merge in which one of them took
    part loses these fields of the other record too: its values may have come from there. The label
    of a single step about one of them goes, and that of a batch which repeats a value."""
    if isinstance(steps, list):
        return [blank_steps(one, names, values) for one in cast("list[Any]", steps)]
    step = cast("dict[str, Any]", steps if isinstance(steps, dict) else {})
    said = step.get("changes")
    if not isinstance(said, list | tuple):
        return cast("Any", steps)
    changes = cast("list[dict[str, Any]]", [x for x in cast("list[Any]", said) if _is_object(x)])
    more = _with_merged(changes, names)
    made = {**step, "changes": [_blank_change(x, more) for x in changes]}
    label = str(step.get("label", ""))
    went = {*values, *_values_in(changes, more)}
    is_single = not step.get("batch") and any(_record_of(x) in more for x in changes)
    if is_single or any(len(value) >= PLANTED_MIN and value in label for value in went):
        made["label"] = ""
    return made


def _values_in(changes: Iterable[dict[str, Any]], names: Names) -> Iterator[str]:
    """The texts that go of some changes."""
    for change in changes:
        gone = names.get(_record_of(change), frozenset())
        for said in (change.get("new"), change.get("old")):
            values = cast("dict[str, Any]", said if _is_object(said) else {})
            yield from (x for name, x in values.items() if name in gone and isinstance(x, str))


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _with_merged(changes: Iterable[dict[str, Any]], names: Names) -> Names:
    found = dict(names)
    for change in changes:
        new = cast("dict[str, Any]", change.get("new") or {})
        if change.get("kind") == ATTACHMENT and _leads_to(new.get("parent"), names):
            found[_record_of(change)] = frozenset(FILE_FIELDS)
        if change.get("op") != Op.MERGE.value:
            continue
        kind = str(change.get("kind"))
        ends = [(kind, RecordId(str(x))) for x in (change.get("id"), new.get(MERGED_INTO))]
        gone = frozenset[str]().union(*(names.get(end, frozenset()) for end in ends))
        found.update((end, gone) for end in ends if gone)
    return found


def _record_of(change: Mapping[str, Any]) -> tuple[str, RecordId]:
    return str(change.get("kind")), RecordId(str(change.get("id")))


def _leads_to(link: object, names: Names) -> bool:
    kind, _, record_id = str(link).partition("/")
    return bool(names.get((kind, RecordId(record_id))))


def _blank_change(change: dict[str, Any], names: Names) -> dict[str, Any]:
    gone = names.get(_record_of(change))
    if not gone:
        return change
    return {**change, **{x: without(change[x], gone) for x in ("new", "old") if x in change}}


def blanked_body(body: bytes, names: Names, values: Iterable[str] = ()) -> bytes:
    """What a device left, without what it says of erased records; nothing where nobody can read
    it."""
    try:
        return msgspec.json.encode(blank_steps(msgspec.json.decode(body), names, [*values]))
    except UNREADABLE:
        return b"[]"


def labels_of(body: bytes) -> frozenset[str]:
    """The labels of what a device left."""
    try:
        steps = msgspec.json.decode(body)
    except UNREADABLE:
        return frozenset()
    many = cast("list[Any]", steps if isinstance(steps, list) else [steps])
    return frozenset(str(one.get("label", "")) for one in many if _is_object(one))


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


@dataclass(frozen=True, slots=True)
class Brought:
    """What a merge makes of a field, and what stands there without it."""

    said: Any
    instead: Any

    def is_in(self, value: Any) -> bool:
        """Whether a value of the field holds what the merge brought in."""
        return value == self.said or not self._its().isdisjoint(map(str.strip, _pieces(value)))

    def is_quoted_in(self, words: str) -> bool:
        """Whether words repeat it."""
        return any(one in words for one in self._its() if len(one) >= PLANTED_MIN)

    def out_of(self, value: Any) -> Any:
        """A later value of the field without what the merge brought in, and with what it took out;
        what was typed above it stays."""
        if value == self.said:
            return self.instead
        if not self.is_in(value):
            return value
        its, said = self._its(), {*map(str.strip, _pieces(self.said))}
        back = [one for one in _pieces(self.instead) if one.strip() not in said]
        if back and not back[-1].endswith("\n"):
            back[-1] += "\n"
        kept = (one for one in _pieces(value) if one.strip() not in its)
        return "".join([*back, *kept]) or None

    def _its(self) -> set[str]:
        """The sentences and lines that the merge brought in."""
        said, instead = ({*map(str.strip, _pieces(x))} for x in (self.said, self.instead))
        return said - instead - {""}


def _pieces(value: Any) -> list[str]:
    return units(value) if isinstance(value, str) else []
