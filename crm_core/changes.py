"""ChangeSets: one user intention each, the only form in which anything is ever written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from operator import attrgetter

import msgspec

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.errors import UserProblem
from crm_core.fields import Field, Kind, Value
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId, DeviceId, RecordId, Seq, is_id, is_kind
from crm_core.machines import MACHINES, start_of
from crm_core.merging import MERGED_INTO

CHANGES_MAX = 200
"""Changes in one changeset, so that any changeset fits a push."""

CHANGESET_BYTES_MAX = 256 * 1024
"""Encoded size of one changeset without its notes' surplus; checked where it is made."""

TEXT_BYTES_MAX = 64 * 1024
NOTE_BYTES_MAX = 256 * 1024
CHANGESET_HARD_BYTES_MAX = 768 * 1024
"""A changeset whose one note is at its limit carries old and new text; it still fits a push."""


class Op(StrEnum):
    """What a change does to its record."""

    __hash__ = str.__hash__  # the enumeration's own is Python's, called for every look-up

    INSERT = "insert"
    SET = "set"
    ADD = "add"
    REMOVE = "remove"
    DELETE = "delete"
    RESTORE = "restore"
    MERGE = "merge"
    OFFER = "offer"


EDITS = (Op.SET, Op.ADD, Op.REMOVE)
"""What writes fields of a record that is there."""


LATER_OPS = frozenset((Op.MERGE, Op.OFFER))
"""What came after the first release: a server that was not updated since cannot even read it."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """One operation on one record.

    `new` holds the values by field: the whole record of an insert, the fields of a set or a
    restore, the members of an add or remove, the record that takes the place of a merged one, the
    values that are offered to whoever may change a record out of its author's sight.
    `old` holds the values that the author saw in just these fields. `base_seq` is the server's
    version that he saw (0: none). `after` lists the author's own unconfirmed changesets on which a
    delete or a merge builds, or that an offer speaks for.
    """

    kind: str
    id: RecordId
    op: Op
    new: dict[str, Value] = {}
    old: dict[str, Value] = {}
    base_seq: Seq = 0
    after: tuple[ChangeSetId, ...] = ()


kind_of, op_of = attrgetter("kind"), attrgetter("op")
"""Of a change: what all of every changeset are asked, without a step of Python's for each."""


class ChangeSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """One user intention. `n` numbers it within its batch; `label` is its name in the Undo menu;
    `seen` is the feed's seq up to which its author had heard of erasures and, where it deletes, all
    in sight was before his eyes; `order` rises with every intention of a device, whatever its clock
    says and however late one is sent. Older clients say neither (None, 0)."""

    id: ChangeSetId
    changes: tuple[Change, ...]
    batch: str = ""
    n: Seq = 0
    author: RecordId = RecordId("")
    device: DeviceId = DeviceId("")
    at: str = ""
    schema: Seq = 1
    scope_gen: Seq = 0
    atomic: bool = False
    label: str = ""
    seen: Seq | None = None
    order: Seq = 0


class Undo(msgspec.Struct, frozen=True):
    """What an undo does: the changes to commit, and what stays because others changed it since."""

    changes: tuple[Change, ...]
    kept: tuple[tuple[str, RecordId, str], ...] = ()


def is_sound(changeset: ChangeSet) -> bool:
    """Whether its ids and kinds are such; of one that is not, nothing may reach a store."""
    for change in changeset.changes:
        if not is_id(change.id) or not (change.kind in CATALOG or is_kind(change.kind)):
            return False
    return is_id(changeset.id)


def encoded_size(changes: Iterable[Change]) -> int:
    """Bytes of the changes on the wire, before compression."""
    return len(msgspec.json.encode(tuple(changes)))


def check_size(changes: Sequence[Change]) -> None:
    """Raise UserProblem where a changeset would not fit; a batch is the way out."""
    if len(changes) > CHANGES_MAX:
        raise UserProblem(
            tr_noop("One step may change at most {most} records; this one changes {many}."),
            most=CHANGES_MAX,
            many=len(changes),
        )
    size = encoded_size(changes)
    if size > CHANGESET_HARD_BYTES_MAX:
        raise UserProblem(
            tr_noop("One step may hold at most {most} KiB; this one holds {many} KiB."),
            most=CHANGESET_HARD_BYTES_MAX // 1024,
            many=size // 1024,
        )


def in_bounded_steps(changes: Iterable[Change]) -> Iterable[tuple[Change, ...]]:
    """Cut a large intention into the changesets of a batch, keeping the order."""
    step: list[Change] = []
    size = 0
    for change in changes:
        weight = encoded_size((change,))
        if step and (len(step) >= CHANGES_MAX or size + weight > CHANGESET_BYTES_MAX):
            yield tuple(step)
            step, size = [], 0
        step.append(change)
        size += weight
    if step:
        yield tuple(step)


def apply_locally(values: Mapping[str, Value], change: Change) -> dict[str, Value]:
    """The record's values after a change, conflicts aside: what its author sees at once."""
    after = dict(values)
    if change.op in (Op.INSERT, Op.SET, Op.RESTORE, Op.MERGE):
        after.update(change.new)
        if change.op is Op.RESTORE and after.get(MERGED_INTO):
            after[MERGED_INTO] = None
    elif change.op is Op.ADD:
        for name, members in change.new.items():
            after[name] = with_members(after.get(name), members)
    elif change.op is Op.REMOVE:
        for name, members in change.new.items():
            after[name] = without_members(after.get(name), members)
    return after


def members_of(value: Value) -> set[str]:
    """The members of a set-like value; anything else counts as empty."""
    return {str(member) for member in value} if isinstance(value, list) else set()


def with_members(value: Value, added: Value) -> list[Value]:
    """The set with members added, sorted: the canonical form."""
    return [*sorted(members_of(value) | members_of(added))]


def without_members(value: Value, removed: Value) -> list[Value]:
    """The set with members taken out, sorted."""
    return [*sorted(members_of(value) - members_of(removed))]


def difference(
    entity: Entity,
    record_id: RecordId,
    old: Mapping[str, Value],
    new: Mapping[str, Value],
    seq: int,
) -> tuple[Change, ...]:
    """The changes that lead from the values seen to the values wanted, in the fields of `new`.

    Members of a group travel together; sets become add and remove; `seq` is the base version.
    """
    changed = {name for name, value in new.items() if old.get(name) != value}
    for members in entity.groups.values():
        if changed.intersection(members):
            changed.update(members)
    made: list[Change] = []
    plain: dict[str, Value] = {}
    for name in sorted(changed):
        field = entity.by_name.get(name)
        if field is not None and field.kind in (Kind.TAGS, Kind.LINKS):
            made.extend(_set_changes(entity, record_id, name, old.get(name), new.get(name), seq))
        else:
            plain[name] = new.get(name, old.get(name))
    if plain:
        seen = {name: old.get(name) for name in plain}
        made.insert(0, Change(entity.kind, record_id, Op.SET, plain, seen, seq))
    return tuple(made)


def _set_changes(
    entity: Entity, record_id: RecordId, name: str, old: Value, new: Value, seq: int
) -> Iterable[Change]:
    added = members_of(new) - members_of(old)
    removed = members_of(old) - members_of(new)
    for op, members in ((Op.ADD, added), (Op.REMOVE, removed)):
        if members:
            yield Change(entity.kind, record_id, op, {name: [*sorted(members)]}, {name: old}, seq)


def inverse(change: Change, current: Mapping[str, Value] | None, deleted: bool, seq: int) -> Undo:
    """The changes that take `change` back, field by field where its value still stands.

    `current` is the record as it is now (None: unknown here). What somebody changed since is left
    alone and listed in `kept`; so is what was written into a record that is deleted by now, and a
    state from which no step leads back.
    """
    stays = Undo((), tuple((change.kind, change.id, name) for name in change.new))
    if current is None:
        return stays
    if change.op in (Op.DELETE, Op.MERGE):
        back = (Change(change.kind, change.id, Op.RESTORE, base_seq=seq),) if deleted else ()
        return Undo(back)
    if change.op in (Op.INSERT, Op.RESTORE):
        return Undo(()) if deleted else _undo_creation(change, current, seq)
    if deleted:
        return stays
    if change.op is Op.SET:
        return _undo_set(change, current, seq)
    flipped = Op.REMOVE if change.op is Op.ADD else Op.ADD
    seen = {name: current.get(name) for name in change.new}
    effective = _effective_members(change)
    if not effective:
        return Undo(())
    return Undo((Change(change.kind, change.id, flipped, effective, seen, seq),))


def _undo_creation(change: Change, current: Mapping[str, Value], seq: int) -> Undo:
    """Deletes the record again, unless somebody worked on it since."""
    theirs = [
        name
        for name, value in change.new.items()
        if (current.get(name) or None) != (value or None) and not _is_the_servers(change.kind, name)
    ]
    if theirs:
        return Undo((), tuple((change.kind, change.id, name) for name in theirs))
    return Undo((Change(change.kind, change.id, Op.DELETE, base_seq=seq),))


def _is_the_servers(kind: str, name: str) -> bool:
    field = _field(kind, name)
    return field is not None and field.authority is not None


def _effective_members(change: Change) -> dict[str, Value]:
    """The members that the change really added or removed, so that undo touches no others."""
    found: dict[str, Value] = {}
    for name, members in change.new.items():
        had = members_of(change.old.get(name))
        named = members_of(members)
        effective = named - had if change.op is Op.ADD else named & had
        if effective:
            found[name] = [*sorted(effective)]
    return found


def _undo_set(change: Change, current: Mapping[str, Value], seq: int) -> Undo:
    judged = {name: _judged_as(change.kind, name) for name in change.new}
    lost = {
        judged[name]
        for name, value in change.new.items()
        if current.get(name) != value or not _leads_back(change, name)
    }
    mine = [name for name in change.new if judged[name] not in lost]
    kept = tuple((change.kind, change.id, name) for name in change.new if name not in mine)
    if not mine:
        return Undo((), kept)
    new = {name: change.old.get(name) for name in mine}
    old = {name: current.get(name) for name in mine}
    return Undo((Change(change.kind, change.id, Op.SET, new, old, seq),), kept)


def _judged_as(kind: str, name: str) -> str:
    field = _field(kind, name)
    return field.judged_as if field is not None else name


def _leads_back(change: Change, name: str) -> bool:
    field = _field(change.kind, name)
    if field is None or not field.machine:
        return True
    machine = MACHINES[field.machine]
    return machine.arrow(change.new[name], start_of(machine, change.old.get(name))) is not None


def _field(kind: str, name: str) -> Field | None:
    return CATALOG[kind].by_name.get(name) if kind in CATALOG else None
