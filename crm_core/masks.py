"""What of a record a role does not receive (security.md §1, adr/0063).

Every field withheld is one of the keys that a user holds, beside those by which he sees: whoever
knows his keys knows his masks, and another mask is another generation of keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from crm_core.catalog import CATALOG
from crm_core.erasing import CONFLICT, blank_conflict, is_about, personal_fields, without
from crm_core.fields import Value
from crm_core.scope import parse_target

MASK = "mask:"
"""The beginning of a key that shows nothing and withholds a field: "mask:contact.mobile"."""

Masks = Mapping[str, frozenset[str]]
"""The fields withheld, by kind."""

NOTHING: Masks = {}

_DECIDED = frozenset(("base", "parked", "resolution"))


def maskable(kind: str) -> frozenset[str]:
    """The fields of a kind that can be withheld: what is personal, but not the name by which
    people know a record."""
    entity = CATALOG.get(kind)
    title = entity.title if entity is not None else ()
    return frozenset(personal_fields(kind)).difference(title)


MASKABLE = frozenset(kind for kind in CATALOG if maskable(kind))
"""The kinds of which anything can be withheld."""


def mask_keys(kind: str, fields: Iterable[str]) -> frozenset[str]:
    """The keys that withhold these fields; nothing for what cannot be withheld."""
    return frozenset(f"{MASK}{kind}.{field}" for field in maskable(kind).intersection(fields))


def masks_in(keys: Iterable[str]) -> Masks:
    """The fields that whoever holds these keys does not receive."""
    return _masks_of(frozenset(key for key in keys if key.startswith(MASK)))


@lru_cache(maxsize=64)
def _masks_of(keys: frozenset[str]) -> Masks:
    found: dict[str, set[str]] = {}
    for key in keys:
        kind, _, field = key.removeprefix(MASK).partition(".")
        found.setdefault(kind, set()).add(field)
    return {kind: frozenset(fields) for kind, fields in found.items()}


def touched(masks: Masks) -> frozenset[str]:
    """The kinds whose records look different behind these masks: questions about them too."""
    return frozenset((*masks, CONFLICT)) if masks else frozenset()


def received(kind: str, values: Mapping[str, Value], masks: Masks) -> Mapping[str, Value]:
    """A record as it is received behind masks. A question about a withheld field is none there."""
    if kind != CONFLICT:
        gone = masks.get(kind)
        return {x: value for x, value in values.items() if x not in gone} if gone else values
    about, gone = _asked_about(values, masks)
    return {**values, **blank_conflict(values, about, gone)} if gone else values


def received_changes(
    kind: str, values: Mapping[str, Value], patch: Mapping[str, tuple[Value, Value]], masks: Masks
) -> Mapping[str, tuple[Value, Value]]:
    """What is received of a change of a record that says `values` today."""
    if kind != CONFLICT:
        gone = masks.get(kind)
        return {x: pair for x, pair in patch.items() if x not in gone} if gone else patch
    about, gone = _asked_about(values, masks)
    if not gone:
        return patch
    if is_about(about, str(values.get("field")), gone):
        return {x: pair for x, pair in patch.items() if x not in _DECIDED}
    return {x: without(pair, gone) for x, pair in patch.items()}


def _asked_about(values: Mapping[str, Any], masks: Masks) -> tuple[str, frozenset[str]]:
    """The kind of the record that a question is about, and what is withheld of it."""
    target = parse_target("", values.get("record"))
    about = target[0] if target is not None else ""
    return about, masks.get(about, frozenset())
