"""Who may write what: each change is judged before it is merged, field by field.

An invisible record is answered exactly like an absent one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from crm_core.brought import Brought
from crm_core.catalog import CATALOG
from crm_core.changes import Change, ChangeSet, Op
from crm_core.entity import Entity, required
from crm_core.erasing import personal_fields
from crm_core.errors import InvalidValue
from crm_core.fields import Authority, Field, Kind, Value
from crm_core.ids import RecordId
from crm_core.machines import MACHINES
from crm_core.masks import MASKABLE, mask_keys, masks_in
from crm_core.merge import FieldResult, Result, same
from crm_core.roles import (
    SUPERVISING,
    Action,
    Level,
    Matrix,
    followed,
    hands_over,
    reach,
    still_deletes,
)
from crm_core.scope import Holder, is_reached
from crm_core.supervising import SUPERVISED, closes, lacks_reply
from crm_core.switches import SWITCHED, is_refused
from crm_core.values import check
from crm_server.moments import hours_between
from crm_server.rows import Key, Row, targets
from crm_server.sight import Generations
from crm_server.work import Work

_INSERT, _SETS_CHANGE = Op.INSERT, (Op.ADD, Op.REMOVE)
_COMPUTED, _GRANTED = Authority.COMPUTED, Authority.GRANTED
"""Asked of every field: reaching into an enumeration costs more than asking."""

EMPTY: tuple[Value, ...] = (None, "", [])


@dataclass(frozen=True)
class Author:
    """Who pushes: his rights, what he sees, and how far his device was brought up."""

    user: RecordId
    device: str
    role: str
    matrix: Matrix
    holder: Holder
    keys: frozenset[str]
    graced: Mapping[int, frozenset[str]] = field(default_factory=dict[int, frozenset[str]])
    delivered: int = 0
    pulled: int = 0
    former: Mapping[int, Matrix] = field(default_factory=dict[int, Matrix])
    generations: Generations = field(default_factory=lambda: Generations((), RecordId("")))
    _decided: dict[tuple[Action, str, frozenset[str], int, bool], bool] = field(
        default_factory=dict[tuple[Action, str, frozenset[str], int, bool], bool]
    )

    def reach(self, kind: str, action: Action, scope_gen: int) -> Level:
        """How far an action of his reaches, or reached when he wrote: a role that was taken from
        him days ago still carries what he wrote in it."""
        today = reach(self.matrix, kind, action)
        former = self.former.get(scope_gen)
        return today if former is None else max(today, reach(former, kind, action))

    def sees(self, keys: frozenset[str], scope_gen: int) -> bool:
        """Whether one of a record's keys is his, or was when he wrote (scope moves take days)."""
        if not self.keys.isdisjoint(keys):
            return True
        graced = self.graced.get(scope_gen)
        return graced is not None and not graced.isdisjoint(keys)

    def receives(self, kind: str, names: Iterable[str], scope_gen: int) -> bool:
        """Whether no such field is withheld from him, or none was when he wrote."""
        withheld = mask_keys(kind, names) & self.keys
        graced = self.graced.get(scope_gen)
        return not withheld or (graced is not None and withheld.isdisjoint(graced))

    def unreceived(self, kind: str, horizon: int) -> frozenset[str]:
        """The fields of a kind that were withheld from him at a place of the feed or since: his
        device may show none where he saw the version of a record that has one."""
        return masks_in(self.generations.since(horizon)).get(kind, frozenset())

    def may(
        self, action: Action, kind: str, keys: frozenset[str], scope_gen: int, *, own: bool = False
    ) -> bool:
        """Whether his right reaches records with these keys. `own`: he made the record."""
        asked = (action, kind, keys, scope_gen, own)
        known = self._decided.get(asked)
        if known is None:
            known = self._decide(action, kind, keys, scope_gen, own=own)
            self._decided[asked] = known
        return known

    def _decide(
        self, action: Action, kind: str, keys: frozenset[str], scope_gen: int, *, own: bool
    ) -> bool:
        near_then = _nearness_then(self.graced.get(scope_gen), keys)
        reached = self.reach(kind, action, scope_gen)
        return is_reached(reached, self.holder, keys, own=own, near_then=near_then)


_LEVEL_OF_KEY = {"user": Level.OWN, "team": Level.TEAM, "territory": Level.TERRITORY}


def _nearness_then(graced: frozenset[str] | None, keys: frozenset[str]) -> Level:
    """How near a record was under keys that its author has lost since."""
    if graced is None:
        return Level.ALL
    shared = (key.partition(":")[0] for key in graced & keys)
    return min((_LEVEL_OF_KEY.get(word, Level.ALL) for word in shared), default=Level.ALL)


class Judged(msgspec.Struct):
    """What may be merged of a change, and what was refused or has to be parked."""

    change: Change
    refused: list[FieldResult] = []
    taken: list[tuple[Field, Value, RecordId]] = []


class Judge:
    """Judges changes of one author against the state of one transaction."""

    def __init__(
        self, work: Work, author: Author, refused: dict[tuple[str, str, str], str]
    ) -> None:
        self._work = work
        self._author = author
        self.refused = refused
        self.brought: list[tuple[str, str, Brought]] = []
        self.scope_gen = 0
        self.is_merging = False

    def sees(self, kind: str, record_id: RecordId) -> bool:
        """Whether the author sees a record (a deleted one too)."""
        row = self._work.row(kind, record_id)
        return row is not None and self.sees_row(row)

    def sees_row(self, row: Row) -> bool:
        """Whether the author sees a record that there is."""
        return self._author.sees(self._work.keys_at(row.kind, row.id), self.scope_gen)

    def may(self, action: Action, row: Row) -> bool:
        """Whether the author's right reaches this record."""
        kind = followed(row.kind, row.values)
        own = row.values.get("created_by") == self._author.user
        keys = self._work.keys_at(row.kind, row.id)
        return self._author.may(action, kind, keys, self.scope_gen, own=own)

    def may_decide(self, row: Row, field: str) -> bool:
        """Whether the author may settle what was asked about a field, or a group, of a record."""
        entity = CATALOG[row.kind]
        names = entity.groups.get(field, (field,))
        received = self._author.receives(row.kind, names, self.scope_gen)
        return received and self.may(Action.EDIT, row)

    def may_create(self, entity: Entity, record_id: RecordId, values: Mapping[str, Value]) -> bool:
        """Whether the author may make a record of this kind with these roots."""
        keys = self._work.keys_if(entity, record_id, values)
        return self._author.may(Action.CREATE, entity.kind, keys, self.scope_gen, own=True)

    def may_delete(self, row: Row, at: str) -> bool:
        """A rep deletes only what is younger than a day, by the time of the event, but his own
        settings whenever he likes."""
        if not self.may(Action.DELETE, row):
            return False
        own = row.values.get("created_by") == self._author.user
        age = hours_between(row.values.get("created_at"), at)
        return still_deletes(self._author.role, row.kind, own=own, age_hours=age)

    def fields(self, entity: Entity, row: Row | None, change: Change) -> Judged:
        """Judge each field of a change; what is computed here is left out in silence."""
        judged = Judged(change)
        kept: dict[str, Value] = {}
        record = (change.kind, change.id)
        for name, value in change.new.items():
            spec = entity.by_name.get(name)
            if spec is not None and spec.authority is _COMPUTED:
                continue
            problem = self._problem(entity, row, change, name, spec)
            if problem is not None:
                judged.refused.append(problem)
            elif spec and spec.unique and (holder := self._work.taken_by(record, name, value)):
                judged.taken.append((spec, value, holder))
            else:
                kept[name] = value
        if len(kept) != len(change.new):
            judged.change = Change(
                change.kind, change.id, change.op, kept, change.old, change.base_seq, change.after
            )
        return judged

    def _problem(
        self, entity: Entity, row: Row | None, change: Change, name: str, spec: Field | None
    ) -> FieldResult | None:
        value = change.new[name]
        if spec is None:
            return _refuse(name, "field.unknown")
        if change.kind in MASKABLE and not self._author.receives(
            change.kind, (name,), self.scope_gen
        ):
            return _refuse(name, "field.masked")
        if name in SWITCHED.get(change.kind, ()) and self._is_switched_off(row, change, name):
            return _refuse(name, "field.switched_off")
        if spec.authority is _GRANTED:
            current = row.values.get(name) if row is not None else None
            return None if value == current else _refuse(name, "field.authority")
        if (self.refused or self.brought) and self._builds_on_refused(row, change, name):
            return FieldResult(name, Result.BLOCKED, "record.above_refused")
        problem = _bad_value(spec, value, change.op)
        if problem is None and change.kind in SUPERVISED:
            problem = self._unsupervised(row, change, name)
        if problem is None and spec.link is not None:
            return self._bad_reference(entity, row, change, spec)
        if problem is None and spec.machine:
            return self._forbidden_step(spec, row, change)
        return problem

    def _builds_on_refused(self, row: Row | None, change: Change, name: str) -> bool:
        """Whether its author saw there what was refused to him, and what nobody entered since."""
        built_on, old = self.refused.get((change.kind, change.id, name)), change.old.get(name)
        stands = row is not None and same(row.values.get(name), old)
        was_refused = built_on is not None and built_on == repr(old) and not stands
        return was_refused or name in self.repeated(change)

    def keep_from(self, changeset: ChangeSet) -> None:
        """Let nothing personal pass that a refused merge would have brought: what was typed above
        it repeats that, and nobody would find it in the other record when it is erased."""
        merged = {x.kind for x in changeset.changes if x.op is Op.MERGE}
        self.brought.extend(
            (change.kind, name, Brought(value, change.old.get(name)))
            for change in changeset.changes
            if change.kind in merged and change.op is not Op.MERGE
            for name, value in change.new.items()
            if name in personal_fields(change.kind) and isinstance(value, str)
        )

    def repeated(self, change: Change) -> frozenset[str]:
        """The fields in which a change repeats such a thing, or builds on it."""
        return frozenset(
            name
            for kind, name, one in self.brought
            if kind == change.kind and name in change.new
            if one.is_in(change.new[name]) or one.is_in(change.old.get(name))
        )

    def _is_switched_off(self, row: Row | None, change: Change, name: str) -> bool:
        """Whether nobody may enter this. A merge brings along what was entered once."""
        current = row.values.get(name) if row is not None else None
        on = self._work.directory.switched_on
        value = change.new[name]
        return not self.is_merging and is_refused(change.kind, name, value, current, on)

    def _bad_reference(
        self, entity: Entity, row: Row | None, change: Change, spec: Field
    ) -> FieldResult | None:
        name, value = spec.name, change.new[spec.name]
        if change.op is not Op.REMOVE:
            known = targets(entity, name, row.values.get(name)) if row is not None else set[Key]()
            for target in targets(entity, name, value) - known:
                problem = self._unseen(name, target)
                if problem is not None:
                    return problem
        return self._forbidden_handover(spec, row, change)

    def _unseen(self, name: str, target: Key) -> FieldResult | None:
        if (*target, "") in self.refused:
            return FieldResult(name, Result.BLOCKED, "record.above_refused")
        if not self.sees(*target):
            return _refuse(name, "reference.not_found")
        return None

    def _forbidden_handover(
        self, spec: Field, row: Row | None, change: Change
    ) -> FieldResult | None:
        name = spec.name
        value = change.new[name]
        current = row.values.get(name) if row is not None else None
        if not hands_over(change.kind, name, current) or value == current:
            return None
        if change.op is Op.INSERT and self._is_default(name, value):
            return None
        if self._reaches(Action.REASSIGN, row, change):
            return None
        return _refuse(name, "right.missing", action="reassign")

    def _unsupervised(self, row: Row | None, change: Change, name: str) -> FieldResult | None:
        """A supervision that the author may not set or lift, or that asks for a reply first."""
        current: Mapping[str, Value] = row.values if row is not None else {}
        is_set = name in SUPERVISING[change.kind] and change.new[name] != current.get(name)
        if is_set and not self._reaches(Action.APPROVE, row, change):
            return _refuse(name, "right.missing", action="approve")
        if closes(change.kind, name) and lacks_reply(change.kind, current, change.new):
            return _refuse(name, "supervision.reply")
        return None

    def _is_default(self, name: str, value: Value) -> bool:
        """An account's first owner is its author."""
        user = self._author.user
        return value in (None, user if name == "owner" else self._work.directory.territory_of(user))

    def _forbidden_step(self, spec: Field, row: Row | None, change: Change) -> FieldResult | None:
        """A step that another person has to approve, however the change describes its start.

        Where a new record may begin and which arrows exist, the merge judges.
        """
        if row is None:
            return None
        machine, target = MACHINES[spec.machine], change.new[spec.name]
        starts = (change.old.get(spec.name), row.values.get(spec.name))
        arrows = [machine.arrow(start, target) for start in starts]
        if not any(arrow is not None and arrow.action == "approve" for arrow in arrows):
            return None
        if self._reaches(Action.APPROVE, row, change):
            return None
        return _refuse(spec.name, "right.missing", action="approve")

    def _reaches(self, action: Action, row: Row | None, change: Change) -> bool:
        """Whether a right of the author's reaches the record of a change, or one that he makes."""
        keys = self._work.keys_at(row.kind, row.id) if row is not None else self._author.keys
        return self._author.may(action, change.kind, keys, self.scope_gen)


def missing_required(entity: Entity, values: Mapping[str, Value]) -> tuple[str, ...]:
    """The required fields that a record lacks."""
    return tuple(x.name for x in required(entity) if values.get(x.name) in EMPTY)


def _bad_value(spec: Field, value: Value, op: Op) -> FieldResult | None:
    if spec.required and value in EMPTY and op is not _INSERT:
        return _refuse(spec.name, "field.required")
    if op in _SETS_CHANGE and spec.kind not in (Kind.TAGS, Kind.LINKS):
        return _refuse(spec.name, "field.invalid", detail=str(op))
    try:
        check(spec, value)
    except InvalidValue as problem:
        return _refuse(spec.name, "field.invalid", detail=str(problem)[:200])
    return None


def _refuse(name: str, code: str, **params: str) -> FieldResult:
    return FieldResult(name, Result.REJECTED, code, params={"field": name, **params})
