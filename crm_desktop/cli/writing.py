"""add, set, delete, restore, undo: one intention each, through the one door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crm_core.catalog import CATALOG, field_of
from crm_core.changes import (
    CHANGES_MAX,
    Change,
    Op,
    difference,
    members_of,
    with_members,
    without_members,
)  # fmt: skip
from crm_core.entity import Entity
from crm_core.errors import InvalidValue, NotFound, UserProblem
from crm_core.fields import Field, Kind, Value
from crm_core.i18n import tr_noop
from crm_core.values import check_record
from crm_desktop.cli.desk import Desk, Json
from crm_desktop.cli.outcome import Exit, Usage
from crm_desktop.cli.reading import read_value
from crm_desktop.i18n import tr
from crm_desktop.models import journal, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.replica import Summary


def add(desk: Desk) -> Exit:
    """A new record, checked as the form checks it."""
    entity = desk.entity
    with desk.profile() as opened:
        with opened.store.reader() as c:
            values = _typed(c, entity, desk.arguments.fields, {})
        given: dict[str, Value] = {
            name: value for name, value in values.items() if value not in (None, [])
        }
        _check_whole(entity, given)
        change = Change(entity.kind, opened.store.new_id(), Op.INSERT, given)
        label = tr("New {kind}: {name}", kind=entity.label, name=entity.name_of(given))
        done = journal.commit(opened.store, [change], label=label)
    return _say(desk, change, done, tr("Added: {id}", id=change.id))


def set_(desk: Desk) -> Exit:
    """Change the fields named, and only those."""
    entity = desk.entity
    with desk.profile() as opened:
        with opened.store.reader() as c:
            row = _alive(desk.record(c))
            values = _typed(c, entity, desk.arguments.fields, row.values)
        changes = difference(entity, row.id, row.values, values, row.seq)
        label = tr("Edit of {name}", name=entity.name_of(row.values))
        done = journal.commit(opened.store, changes, label=label) if changes else Summary()
    words = tr("Changed: {id}", id=row.id) if changes else tr("Nothing to change.")
    return _say(desk, Change(entity.kind, row.id, Op.SET), done, words)


def delete(desk: Desk) -> Exit:
    """Delete a record together with the parts that are nothing without it, in one step."""
    entity = desk.entity
    with desk.profile() as opened:
        with opened.store.reader() as c:
            row = _alive(desk.record(c))
            parts = _parts(c, entity, row)
        change = Change(entity.kind, row.id, Op.DELETE, base_seq=row.seq)
        label = tr("Deleting {name}", name=entity.name_of(row.values))
        done = journal.commit(opened.store, [*parts, change], label=label, atomic=True)
    return _say(desk, change, done, tr("Deleted: {id}", id=row.id))


def _parts(c: Connection, entity: Entity, row: Row) -> list[Change]:
    """The deletes of a record's own parts (addresses, roles of contacts), deepest first."""
    found: list[Change] = []
    for part in CATALOG.values():
        if part.part_of != entity.kind or part.read_only or part.insert_only:
            continue
        for field in part.root_links:
            for child in queries.below(
                c, entity.kind, row.id, part.kind, field.name, limit=CHANGES_MAX + 1
            ):
                found += _parts(c, part, child)
                found.append(Change(part.kind, child.id, Op.DELETE, base_seq=child.seq))
    return found


def restore(desk: Desk) -> Exit:
    """Bring a deleted record back as it was."""
    entity = desk.entity
    with desk.profile() as opened:
        with opened.store.reader() as c:
            row = desk.record(c)
        if not row.deleted:
            raise UserProblem(tr_noop("This record is not deleted."))
        change = Change(entity.kind, row.id, Op.RESTORE, base_seq=row.seq)
        label = tr("Restoring {name}", name=entity.name_of(row.values))
        done = journal.commit(opened.store, [change], label=label)
    return _say(desk, change, done, tr("Restored: {id}", id=row.id))


def undo(desk: Desk) -> Exit:
    """Take back the last step; what others changed since is kept and named."""
    with desk.profile() as opened:
        undone = journal.undo(opened.store)
        if undone is None:
            raise UserProblem(tr_noop("There is nothing to undo."))
        kind, record_id = min(undone.summary.changed, default=("", ""))
        kept: list[Json] = [
            {"kind": kind_, "id": id_, "field": field} for kind_, id_, field in undone.kept
        ]
        changesets = undone.summary.changesets
        desk.answer(
            {
                "id": record_id,
                "kind": kind,
                "changeset": changesets[-1] if changesets else "",
                "label": undone.label,
                "kept": kept,
            },
            [
                tr("Taken back: {label}", label=undone.label),
                *(tr("Kept, because it was changed since: {n}", n=len(kept)) for _ in kept[:1]),
            ],
        )
    return Exit.DONE


def _say(desk: Desk, change: Change, done: Summary, words: str) -> Exit:
    changeset = done.changesets[-1] if done.changesets else ""
    desk.answer({"id": change.id, "kind": change.kind, "changeset": changeset}, [words])
    return Exit.DONE


def _alive(row: Row) -> Row:
    if row.deleted:
        raise NotFound(
            tr_noop("This record is deleted; 'restore' brings it back. ({id})"), id=row.id
        )
    return row


def _typed(
    c: Connection, entity: Entity, words: Sequence[str], current: Mapping[str, Value]
) -> dict[str, Value]:
    """FIELD=VALUE, FIELD+=MEMBER and FIELD-=MEMBER as values; raises Usage and InvalidValue."""
    values: dict[str, Value] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise Usage(tr_noop("'{text}' is not of the form FIELD=VALUE."), text=word[:60])
        sign = name[-1:] if name[-1:] in ("+", "-") else ""
        field = field_of(entity, name.removesuffix(sign).strip())
        value = read_value(c, field, text)
        if sign:
            _check_is_set(field)
            seen = values.get(field.name, current.get(field.name))
            combine = with_members if sign == "+" else without_members
            value = combine(seen, [*sorted(members_of(value))])
        values[field.name] = value
    return values


def _check_is_set(field: Field) -> None:
    if field.kind not in (Kind.TAGS, Kind.LINKS):
        raise InvalidValue(
            field.name, tr_noop("'{field}' is no set; give it with FIELD=VALUE."), field=field.label
        )


def _check_whole(entity: Entity, values: Mapping[str, Value]) -> None:
    wrong = check_record(entity, values)
    if wrong:
        raise wrong[0]
