"""Changes of an older catalog in the words of today's: one pure step from each schema to the next.

Most steps of the catalog only add, and need nothing here: what an old client does not know, it
does not name. A rename adds the new field and keeps the old one as its copy (`copy_of`); what an
old client writes into the old field is turned into a change of the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

from crm_core.catalog import SCHEMA
from crm_core.changes import Change, ChangeSet
from crm_core.fields import Value

Step: TypeAlias = Callable[[Change], Change]
"""One change in the words of the next schema: it keeps the number and order of its fields. Raises
ValueError where the change means nothing there."""

STEPS: Mapping[int, tuple[Step, ...]] = {}
"""The steps that lead from a schema to the next; frozen once released."""


class Converted(msgspec.Struct, frozen=True):
    """A changeset in today's words. `said` gives, for each change, the words of its author for the
    fields that are called otherwise today."""

    changeset: ChangeSet
    said: tuple[Mapping[str, str], ...] = ()

    def as_said(self, index: int, name: str) -> str:
        """What the author of a change calls a field of today."""
        return self.said[index].get(name, name) if index < len(self.said) else name


def converted(changeset: ChangeSet) -> Converted:
    """A changeset as today's catalog would have it; the same one where nothing was renamed.

    Raises ValueError where a step cannot make sense of a change.
    """
    if not STEPS:
        return Converted(changeset)
    steps = [
        step for old in sorted(STEPS) if changeset.schema <= old < SCHEMA for step in STEPS[old]
    ]
    if not steps:
        return Converted(changeset)
    changes = tuple(_through(steps, change) for change in changeset.changes)
    said = tuple(map(_names_before, changeset.changes, changes))
    return Converted(msgspec.structs.replace(changeset, changes=changes), said)


def _through(steps: list[Step], change: Change) -> Change:
    for step in steps:
        change = step(change)
    return change


def _names_before(before: Change, after: Change) -> dict[str, str]:
    pairs = zip(before.new, after.new, strict=True)
    return {name: said for said, name in pairs if name != said}


def renamed(kind: str, old: str, new: str) -> Step:
    """The step for a field that is called otherwise from the next schema on."""

    def step(change: Change) -> Change:
        if change.kind != kind or old not in change.new:
            return change
        if new in change.new:
            raise ValueError(old)
        return msgspec.structs.replace(
            change, new=_with_name(change.new, old, new), old=_with_name(change.old, old, new)
        )

    return step


def _with_name(values: Mapping[str, Value], old: str, new: str) -> dict[str, Value]:
    return {new if name == old else name: value for name, value in values.items()}
