"""What a change must be before it is written: every refusal names the thing and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crm_core.catalog import entity_of, field_of
from crm_core.changes import Change, Op, apply_locally
from crm_core.entity import Entity
from crm_core.errors import InvalidValue, NotFound, UserProblem
from crm_core.fields import Field, Kind, Value
from crm_core.i18n import Message, tr_noop
from crm_core.ids import RecordId, is_id
from crm_core.machines import MACHINES, missing_for, missing_to_start
from crm_core.merging import MERGEABLE, taker_of
from crm_core.problems import PROBLEMS
from crm_core.scope import parse_target
from crm_core.supervising import REPLY, lacks_reply
from crm_core.switches import EVERYBODY, ON, POLICY, SWITCHED, is_refused
from crm_core.values import check, check_record
from crm_desktop.models.connection import Connection
from crm_desktop.models.identity import identity_in
from crm_desktop.models.journal import rows
from crm_desktop.models.masks import withheld
from crm_desktop.models.sql import DELETED, HIDDEN, blob, layout

RESOLVABLE = frozenset(("state", "resolution"))
"""The fields of a conflict that its resolver writes."""


@dataclass(slots=True)
class Draft:
    """A record as it will be once the changes before the next one are written."""

    values: dict[str, Value]
    seq: int = 0
    exists: bool = False
    deleted: bool = False


@dataclass(slots=True)
class Drafts:
    """The records that one changeset touches."""

    c: Connection
    found: dict[tuple[str, RecordId], Draft] = field(
        default_factory=dict[tuple[str, RecordId], Draft]
    )
    merges: bool = False

    def switched_on(self) -> frozenset[str]:
        """What this organisation has switched on."""
        found = self.c.rows(
            "SELECT action FROM role_permission WHERE role = ? AND entity = ? AND level = ?"
            " AND deleted = 0",
            (EVERYBODY, POLICY, ON),
        )
        return frozenset(name for (name,) in found)

    def of(self, kind: str, record_id: RecordId) -> Draft:
        """The record as it is so far."""
        made = self.found.get((kind, record_id))
        if made is None:
            row = rows.fetch(self.c, kind, record_id)
            if row is None or row.deleted == HIDDEN:
                made = Draft({})
            else:
                made = Draft(row.values, row.seq, exists=True, deleted=row.deleted == DELETED)
            self.found[kind, record_id] = made
        return made

    def has(self, kind: str, record_id: RecordId) -> bool:
        """Whether a record exists here, not deleted."""
        made = self.found.get((kind, record_id))
        if made is not None:
            return made.exists and not made.deleted
        table = layout(kind).table
        sql = f"SELECT 1 FROM {table} WHERE id = ? AND deleted = 0"
        if self.c.one(sql, (blob(record_id),)) is not None:
            return True
        # Before the first pull there is nobody here, but whoever works here exists.
        return kind == "user" and record_id == identity_in(self.c).user


def advance(drafts: Drafts, change: Change, *, resolving: bool) -> None:
    """Check a change, then count it as made. Raises UserProblem."""
    check_change(drafts, change, resolving=resolving)
    draft = drafts.of(change.kind, change.id)
    draft.values = apply_locally(draft.values, change)
    draft.exists = True
    draft.deleted = change.op in (Op.DELETE, Op.MERGE)


def check_change(drafts: Drafts, change: Change, *, resolving: bool) -> None:
    """Raise UserProblem unless the change may be made to the record as it is."""
    entity = entity_of(change.kind)
    if not is_id(change.id):
        raise InvalidValue("id", tr_noop("'{text}' is not a record id."), text=change.id[:60])
    _check_kind(entity, change, resolving=resolving)
    draft = drafts.of(change.kind, change.id)
    _check_existence(entity, change, draft)
    if change.op is Op.MERGE:
        drafts.merges = True
        return _check_merge(drafts, entity, change)
    if hidden := withheld(drafts.c, change.kind) & change.new.keys():
        name = min(hidden)
        raise InvalidValue(name, PROBLEMS["field.masked"], field=field_of(entity, name).label)
    if change.kind in SWITCHED and not drafts.merges:
        _check_switches(drafts, entity, change, draft)
    for name, value in change.new.items():
        field_ = field_of(entity, name)
        if field_.authority is not None:
            raise InvalidValue(name, PROBLEMS["field.authority"], field=field_.label)
        if change.op in (Op.ADD, Op.REMOVE) and field_.kind not in (Kind.TAGS, Kind.LINKS):
            raise InvalidValue(
                name, tr_noop("'{field}' is no set: nothing can be added to it."),
                field=field_.label,
            )  # fmt: skip
        check(field_, value)
        if change.op is not Op.REMOVE:
            _check_references(drafts, field_, value, draft)
    _check_required(entity, change, draft)
    _check_machine(entity, change, draft)
    if lacks_reply(entity.kind, draft.values, change.new):
        raise InvalidValue(REPLY, PROBLEMS["supervision.reply"])
    return None


def _check_switches(drafts: Drafts, entity: Entity, change: Change, draft: Draft) -> None:
    for name in SWITCHED[change.kind].keys() & change.new.keys():
        value, current = change.new[name], draft.values.get(name)
        if is_refused(change.kind, name, value, current, drafts.switched_on()):
            label = field_of(entity, name).label
            raise InvalidValue(name, PROBLEMS["field.switched_off"], field=label)


def _check_merge(drafts: Drafts, entity: Entity, change: Change) -> None:
    winner = taker_of(change.new)
    if entity.kind not in MERGEABLE:
        raise UserProblem(tr_noop("'{kind}' records cannot be merged."), kind=Message(entity.label))
    if winner is None or winner == change.id or not drafts.has(entity.kind, winner):
        raise NotFound(
            tr_noop("There is no '{kind}' with the id {id} here."),
            kind=Message(entity.label), id=str(winner)[:60],
        )  # fmt: skip


def _check_kind(entity: Entity, change: Change, *, resolving: bool) -> None:
    if entity.read_only:
        is_resolution = entity.kind == "conflict" and change.op is Op.SET
        if resolving and is_resolution and RESOLVABLE.issuperset(change.new):
            return
        raise UserProblem(PROBLEMS["record.read_only"], kind=Message(entity.label))
    if entity.insert_only and change.op is not Op.INSERT:
        raise UserProblem(PROBLEMS["record.log"])


def _check_existence(entity: Entity, change: Change, draft: Draft) -> None:
    if change.op is Op.INSERT:
        if draft.exists:
            raise UserProblem(
                tr_noop("There is already a record '{kind}' with the id {id}."),
                kind=Message(entity.label), id=change.id,
            )  # fmt: skip
        return
    if not draft.exists:
        raise NotFound(
            tr_noop("There is no '{kind}' with the id {id} here."),
            kind=Message(entity.label), id=change.id,
        )  # fmt: skip
    if draft.deleted and change.op is not Op.RESTORE:
        raise UserProblem(
            tr_noop("'{title}' is deleted; restore it first."), title=entity.name_of(draft.values)
        )
    if not draft.deleted and change.op is Op.RESTORE:
        raise UserProblem(tr_noop("'{title}' is not deleted."), title=entity.name_of(draft.values))


def _check_references(drafts: Drafts, field_: Field, value: Value, draft: Draft) -> None:
    if field_.link is None or value is None or value == draft.values.get(field_.name):
        return
    for member in value if isinstance(value, list) else [value]:
        target = parse_target(field_.link.target, member)
        if target is None:
            continue
        entity_of(target[0])
        if not drafts.has(*target):
            raise InvalidValue(
                field_.name, PROBLEMS["reference.not_found"], field=Message(field_.label)
            )


def _check_required(entity: Entity, change: Change, draft: Draft) -> None:
    if change.op is Op.INSERT:
        problems = check_record(entity, change.new)
        if problems:
            raise problems[0]
        return
    for name, value in change.new.items():
        field_ = entity.by_name[name]
        if field_.required and change.op is not Op.ADD and value in (None, "", []):
            raise InvalidValue(
                name, tr_noop("'{field}' must be filled in."), field=Message(field_.label)
            )


def _check_machine(entity: Entity, change: Change, draft: Draft) -> None:
    state = entity.state_field
    if state is None or state.name not in change.new:
        return
    machine = MACHINES[state.machine]
    target = change.new[state.name]
    source = change.old.get(state.name, draft.values.get(state.name))
    values = {**draft.values, **change.new}
    if change.op is Op.INSERT:
        missing = missing_to_start(machine, target, values)
    elif target in (source, None):
        return
    else:
        arrow = machine.arrow(source, target)
        missing = missing_for(arrow, values) if arrow is not None else None
    labels = {choice.code: choice.label for choice in state.choices}
    if missing is None:
        raise InvalidValue(
            state.name, PROBLEMS["state.no_arrow"],
            source=_word(labels, source or machine.initial), target=_word(labels, target),
        )  # fmt: skip
    if missing:
        raise InvalidValue(
            missing[0], PROBLEMS["state.missing"], target=_word(labels, target),
            fields=", ".join(_labels(entity, missing)),
        )  # fmt: skip


def _word(labels: Mapping[str, str], code: Value) -> Message:
    return Message(labels.get(str(code), str(code)))


def _labels(entity: Entity, names: Iterable[str]) -> list[str]:
    return [entity.by_name[name].label for name in names]
