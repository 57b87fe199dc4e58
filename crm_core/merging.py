"""Merging duplicates: one record gives its place to another, and what led to it follows.

A merge is the change `Change(kind, loser, Op.MERGE, {"merged_into": winner})` of an atomic
changeset; the values that the winner takes over are ordinary changes beside it. The loser is
deleted and remembers who took its place; `restore` is its way back.
"""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.fields import Field, Value
from crm_core.ids import RecordId, is_id

MERGED_INTO = "merged_into"
"""The field in which a merged record names the one that took its place."""

MERGEABLE = frozenset(("account", "contact"))
"""The kinds of which one in the world may have been entered twice."""

UNMERGE_DAYS = 30
"""So long the way back takes along what followed."""


def taker_of(values: Mapping[str, Value]) -> RecordId | None:
    """The record that took this one's place."""
    taker = values.get(MERGED_INTO)
    return RecordId(taker) if isinstance(taker, str) and is_id(taker) else None


def led_to(
    field: Field, value: Value, kind: str, loser: RecordId, winner: RecordId, own: RecordId
) -> Value:
    """A link's value with the winner in the loser's place; no record `own` leads to itself."""
    if field.link is None or field.link.target not in ("", kind):
        return value
    prefix = "" if field.link.target else f"{kind}/"
    before, after = f"{prefix}{loser}", f"{prefix}{winner}"
    if isinstance(value, list):
        if before not in value:
            return value
        others = {str(member) for member in value if member != before}
        return [*sorted(others | {after})]
    if value != before:
        return value
    return None if winner == own else after
