"""Scope hangs on roots (sync.md §2.6): which root a record belongs to and who sees a root.

A root is an account, a record that belongs to none, the pseudo-root `ALL_ROOT`, or a user (below
whom the records hang that name him). Visible = at least one root of the record carries a key that
the user holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from crm_core.entity import Entity
from crm_core.fields import Value
from crm_core.ids import ALL_ROOT, RecordId
from crm_core.roles import Level

KEY_ALL = "all"
KEY_ORGANISATION = "org"
KEY_IT = "it"

RootsOf = Callable[[str, RecordId], Iterable[RecordId]]
"""The roots that a record of (kind, id) has now; of an unknown record: none."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A user as far as scope needs to know him. `territories`: those he leads (not their parts)."""

    user: RecordId
    team: RecordId | None
    territories: tuple[RecordId, ...]
    leads: tuple[RecordId, ...]
    level: Level
    is_it: bool = False


def parse_target(field_target: str, value: Value) -> tuple[str, RecordId] | None:
    """The (kind, id) that a link's value names; an any-kind link holds "kind/id"."""
    if not isinstance(value, str) or not value:
        return None
    if field_target:
        return field_target, RecordId(value)
    kind, slash, record_id = value.partition("/")
    return (kind, RecordId(record_id)) if slash else None


def any_link(kind: str, record_id: RecordId) -> str:
    """The value of a link to a record of any kind."""
    return f"{kind}/{record_id}"


def named_users(entity: Entity, values: Mapping[str, Value]) -> set[RecordId]:
    """The users whom a record names in a field that grants sight of it."""
    found: set[RecordId] = set()
    for field in entity.references:
        if field.link is None or not field.link.grants:
            continue
        value = values.get(field.name)
        members = value if isinstance(value, list) else [value]
        found.update(RecordId(member) for member in members if isinstance(member, str) and member)
    return found


def roots_of(
    entity: Entity, record_id: RecordId, values: Mapping[str, Value], above: RootsOf
) -> frozenset[RecordId]:
    """The roots of a record, from its own values and the roots of what its links lead up to.

    A contact's roots are those of all its roles: the caller passes them through `above` with the
    pseudo-kind "roles_of_contact".
    """
    if entity.scope_all:
        return frozenset((ALL_ROOT,))
    if entity.shared_by:
        return frozenset((_root_of_own(entity, record_id, values),))
    roots: set[RecordId] = set()
    for field in entity.root_links:
        target = parse_target(field.link.target if field.link else "", values.get(field.name))
        if target is not None:
            roots.update(above(*target))
    if entity.kind == "contact":
        roots.update(above("roles_of_contact", record_id))
    if not roots:
        roots.add(record_id)
    return frozenset(roots | named_users(entity, values))


def _root_of_own(entity: Entity, record_id: RecordId, values: Mapping[str, Value]) -> RecordId:
    """What is its author's alone hangs on him; not even those who lead him see it."""
    if values.get(entity.shared_by):
        return ALL_ROOT
    author = values.get("created_by")
    return RecordId(author) if isinstance(author, str) and author else record_id


def keys_of_account(
    owner: RecordId | None,
    team: RecordId | None,
    territories: Iterable[RecordId],
    members: Iterable[RecordId],
) -> frozenset[str]:
    """The keys of an account: owner, his team, territory with its ancestors, account team."""
    keys = {KEY_ORGANISATION}
    keys.update(f"user:{user}" for user in (owner, *members) if user)
    keys.update(f"territory:{territory}" for territory in territories)
    if team:
        keys.add(f"team:{team}")
    return frozenset(keys)


def keys_held(holder: Holder) -> frozenset[str]:
    """The keys with which a user sees roots, by how far his right to read reaches."""
    keys = {KEY_ALL}
    if holder.is_it:
        keys.add(KEY_IT)
    if holder.level >= Level.OWN:
        keys.add(f"user:{holder.user}")
    if holder.level >= Level.TEAM and holder.team:
        keys.add(f"team:{holder.team}")
    if holder.level >= Level.TERRITORY:
        keys.update(f"territory:{territory}" for territory in holder.territories)
        keys.update(f"team:{team}" for team in holder.leads)
    if holder.level >= Level.ALL:
        keys.add(KEY_ORGANISATION)
    return frozenset(keys)


def led_by(holder: Holder) -> frozenset[str]:
    """The territory and team keys that a user leads."""
    territories = (f"territory:{x}" for x in holder.territories)
    return frozenset((*territories, *(f"team:{x}" for x in holder.leads)))


def is_reached(
    reached: Level, holder: Holder, keys: frozenset[str], *, own: bool, near_then: Level = Level.ALL
) -> bool:
    """Whether a right that reaches so far covers a record with these keys: the one rule by which
    the server judges and the client knows beforehand.

    `own`: he made the record. `near_then`: how near it was under keys that he has lost since.
    """
    if reached in (Level.NONE, Level.ALL):
        return reached is Level.ALL
    if KEY_ALL in keys:  # what everybody sees belongs to its maker; leads keep it in order
        return reached >= (Level.OWN if own else Level.TERRITORY)
    return reached >= min(nearness(holder, keys, led_by(holder)), near_then)


def nearness(holder: Holder, root_keys: Iterable[str], ancestors_led: Iterable[str]) -> Level:
    """The least level whose right reaches a root with these keys; ALL where nothing is nearer.

    `ancestors_led`: the territory and team keys that the holder leads.
    """
    keys = set(root_keys)
    if f"user:{holder.user}" in keys:
        return Level.OWN
    if holder.team and f"team:{holder.team}" in keys:
        return Level.TEAM
    if keys.intersection(ancestors_led):
        return Level.TERRITORY
    return Level.ALL
