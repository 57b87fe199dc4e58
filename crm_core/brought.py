"""What a merge that the server has not taken makes of another record's fields: it goes from what
was typed above it where the merge does not come to stand. Pure; both sides use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from crm_core.changes import Op
from crm_core.ids import RecordId
from crm_core.text_merge import units

PLANTED_MIN = 2
"""A value of fewer characters is no reason to take it for a person's wherever it stands."""


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


Places = dict[tuple[str, RecordId, str], Brought]
"""What merges make of fields, by kind, id and field."""


def without_merges(steps: Iterable[Any]) -> Iterator[Any]:
    """Steps in their order as JSON, without those that merge and without what these would have
    brought into what was typed above them."""
    brought: Places = {}
    for step in steps:
        if is_merging(step):
            brought.update([*brought_by(changes_of(step) or [], brought)])
        else:
            yield above(step, brought)


def _sides(change: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a change that sets fields says, and what it was typed over."""
    is_set = change.get("op") == Op.SET.value
    new, old = (change.get(x) if is_set else None for x in ("new", "old"))
    return object_in(new), object_in(old)


def brought_by(
    changes: Iterable[dict[str, Any]], below: Places
) -> Iterator[tuple[tuple[str, RecordId, str], Brought]]:
    """What a step that merges makes of fields, above what other merges made of them."""
    for change in changes:
        new, old = _sides(change)
        for name, value in new.items():
            place, had = (*record_of(change), name), old.get(name)
            yield place, Brought(value, below[place].out_of(had) if place in below else had)


def above(step: Any, brought: Places) -> Any:
    """A step without what was brought into its fields; a label that may repeat it goes."""
    changes = changes_of(step)
    if changes is None or not brought:
        return step
    freed = [_change_above(x, brought) for x in changes]
    label = str(step.get("label", ""))
    if freed == changes and not any(one.is_quoted_in(label) for one in brought.values()):
        return step
    return {**step, "changes": freed, "label": ""}


def _change_above(change: dict[str, Any], brought: Places) -> dict[str, Any]:
    new, old = _sides(change)
    for name in [*new]:
        one = brought.get((*record_of(change), name))
        if one is None:
            continue
        new[name], old[name] = one.out_of(new[name]), one.out_of(old.get(name))
        if new[name] == old[name]:
            del new[name], old[name]
    return {**change, "new": new, "old": old} if change.get("op") == Op.SET.value else change


def _pieces(value: Any) -> list[str]:
    return units(value) if isinstance(value, str) else []


# Steps and changes as JSON


def changes_of(step: Any) -> list[dict[str, Any]] | None:
    """The changes of a step as JSON; None where it is no step."""
    said = cast("dict[str, Any]", step).get("changes") if is_object(step) else None
    if not isinstance(said, list | tuple):
        return None
    return [x for x in cast("list[Any]", said) if is_object(x)]


def merges(change: Mapping[str, Any]) -> bool:
    """Whether a change gives a record's place to another."""
    return change.get("op") == Op.MERGE.value


def is_merging(step: Any) -> bool:
    """Whether a step merges records."""
    return any(map(merges, changes_of(step) or []))


def record_of(change: Mapping[str, Any]) -> tuple[str, RecordId]:
    """The record that a change is about."""
    return str(change.get("kind")), RecordId(str(change.get("id")))


def is_object(value: Any) -> bool:
    """Whether a value of JSON has names."""
    return isinstance(value, dict)


def object_in(value: Any) -> dict[str, Any]:
    """A copy of such a value; empty for another one."""
    return {**cast("dict[str, Any]", value)} if is_object(value) else {}
