"""What the inbox shows, read in one go: conflicts by record, stuck work, quarantine, queue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.fields import Field, Value
from crm_desktop.i18n import tr
from crm_desktop.models import inbox
from crm_desktop.models.connection import Connection
from crm_desktop.models.inbox import ConflictRow, QuarantineRow, QueueRow, StuckRow
from crm_desktop.views.kit.choice import DELETED, Decision, sides_of
from crm_desktop.views.kit.source import titles_of
from crm_desktop.views.kit.words import Titles, link_keys, values_in_words

_NEED_ONE = ("rejected", "orphaned")


@dataclass(frozen=True)
class Dispute:
    """The open conflicts of one record."""

    kind: str
    record: str
    title: str
    decisions: tuple[Decision, ...]


@dataclass(frozen=True)
class Stuck:
    """Own work that the server did not take, with its values in words."""

    row: StuckRow
    mine: str


@dataclass(frozen=True)
class Contents:
    """Everything that waits, and the queue."""

    disputes: tuple[Dispute, ...]
    stuck: tuple[Stuck, ...]
    quarantined: tuple[QuarantineRow, ...]
    queue: tuple[QueueRow, ...]
    waiting: int
    """How many decisions wait for this user: conflicts that hold a value of his, and own work
    that was refused or whose record is out of sight."""


def read_contents(connection: Connection, me: str) -> Contents:
    """The inbox of a user."""
    conflicts = inbox.conflicts(connection)
    titles: Titles = titles_of(connection, tuple(sorted(set(_keys(conflicts)))))
    stuck = tuple(_stuck(connection))
    own = sum(any(parked.author == me for parked in row.parked) for row in conflicts)
    refused = {entry.row.cs_id for entry in stuck if entry.row.state in _NEED_ONE}
    return Contents(
        tuple(_disputes(conflicts, me, titles)),
        stuck,
        tuple(inbox.quarantined(connection)),
        tuple(inbox.queue(connection)),
        own + len(refused),
    )


def _stuck(connection: Connection) -> Iterator[Stuck]:
    rows = inbox.stuck(connection)
    keys = {key for row in rows for key in _keys_in(CATALOG.get(row.kind), None, dict(row.mine))}
    titles = titles_of(connection, tuple(sorted(keys)))
    for row in rows:
        yield Stuck(row, values_in_words(row.kind, row.mine, titles))


def _disputes(conflicts: Iterable[ConflictRow], me: str, titles: Titles) -> Iterator[Dispute]:
    by_record: dict[tuple[str, str], list[ConflictRow]] = {}
    for conflict in conflicts:
        by_record.setdefault((conflict.kind, conflict.record), []).append(conflict)
    for (kind, record), rows in by_record.items():
        decisions = tuple(_decision(row, me, titles) for row in rows)
        yield Dispute(kind, record, rows[0].title, decisions)


def _decision(row: ConflictRow, me: str, titles: Titles) -> Decision:
    mine, theirs = sides_of(row, me, titles)
    field = _field(row)
    return Decision(row, field, _label(row, field), tuple(mine), tuple(theirs), titles)


def _label(row: ConflictRow, field: Field | None) -> str:
    if row.field == DELETED:
        return tr("Keep or delete")
    entity = CATALOG.get(row.kind)
    if field is not None:
        return tr(field.label)
    members = entity.groups.get(row.field, ()) if entity is not None else ()
    if entity is not None and members:
        return " · ".join(tr(entity.by_name[name].label) for name in members)
    return row.field


def _field(row: ConflictRow) -> Field | None:
    entity = CATALOG.get(row.kind)
    return None if entity is None else entity.by_name.get(row.field)


def _keys(conflicts: Iterable[ConflictRow]) -> Iterator[str]:
    for row in conflicts:
        yield f"user/{row.current_by}"
        for parked in row.parked:
            yield f"user/{parked.author}"
        entity, field = CATALOG.get(row.kind), _field(row)
        values = (row.base, row.current, *(parked.value for parked in row.parked))
        for value in values:
            yield from _keys_in(entity, field, value)


def _keys_in(entity: Entity | None, field: Field | None, value: Value) -> Iterator[str]:
    if field is not None:
        yield from link_keys(field, value)
    elif entity is not None and isinstance(value, dict):
        for name, part in value.items():
            if name in entity.by_name:
                yield from link_keys(entity.by_name[name], part)
