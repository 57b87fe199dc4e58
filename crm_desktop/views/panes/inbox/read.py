"""What the inbox shows, read in one go: what waits, the queue, and what is behind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.erasing import CONFLICT
from crm_core.fields import Field, Value
from crm_core.ids import ChangeSetId
from crm_core.merge import Why
from crm_core.scope import parse_target
from crm_desktop.i18n import tr
from crm_desktop.models import attaching, inbox, inbox_facts
from crm_desktop.models.connection import Connection
from crm_desktop.models.file_states import FileState
from crm_desktop.models.inbox import ConflictRow, QuarantineRow, StuckRow
from crm_desktop.models.inbox_facts import Part, SettledRow
from crm_desktop.models.journal.rows import fetch
from crm_desktop.models.labels import title
from crm_desktop.models.queue import Queue, read_queue
from crm_desktop.views.kit.choice import DELETED, Decision, sides_of
from crm_desktop.views.kit.decided_words import field_words
from crm_desktop.views.kit.source import titles_of
from crm_desktop.views.kit.words import Titles, link_keys
from crm_desktop.views.panes.inbox.team import TeamRefusal
from crm_desktop.views.panes.inbox.twins import Twin, read_twins

HISTORY_MAX = 1000
"""Entries of the history that are read for the list: of each sort, the newest."""

HISTORY_ALL = 100_000
"""As many are read once somebody filters or exports them."""

_NEED_ONE = ("rejected", "held", "orphaned")


@dataclass(frozen=True)
class Dispute:
    """The open conflicts of one record. `is_for_me`: one of the values that wait is this user's, or
    they were offered to him; else another person is asked."""

    kind: str
    record: str
    title: str
    decisions: tuple[Decision, ...]
    gone: bool = False
    is_for_me: bool = True

    @property
    def is_offer(self) -> bool:
        """Whether all of it was typed by somebody whose sight the record left."""
        return all(x.conflict.why == Why.HANDOVER for x in self.decisions)


@dataclass(frozen=True)
class Stuck:
    """Own work that the server did not take, with the names of what its values lead to.
    `can_offer`: whoever has the record now may be asked to take it over."""

    row: StuckRow
    titles: Titles
    can_offer: bool = False


@dataclass(frozen=True)
class Apart:
    """A record that came and could not be taken; `title` is that of the version held before, ""
    without one."""

    row: QuarantineRow
    title: str


@dataclass(frozen=True)
class Decided:
    """A conflict that was decided, by whom."""

    decision: Decision
    title: str
    by: str
    is_mine: bool = False


@dataclass(frozen=True)
class Travelling:
    """A file on its way, and the name of the record on which it hangs. `sparing`: the network is
    metered, and what is to be sent waits for another one."""

    under_way: attaching.UnderWay
    title: str
    sparing: bool = False

    @property
    def refused(self) -> str:
        """The fingerprint of a file that waits with a reason, else ""."""
        file = self.under_way.file.file
        return file.sha256 if file.state is FileState.FAILED else ""


@dataclass(frozen=True)
class Contents:
    """Everything that waits, the queue and what is behind."""

    disputes: tuple[Dispute, ...]
    stuck: tuple[Stuck, ...]
    quarantined: tuple[Apart, ...]
    queue: Queue
    settled: tuple[SettledRow, ...]
    decided: tuple[Decided, ...]
    history_size: int
    files: tuple[Travelling, ...]
    waiting: int
    """How many decisions wait for this user: records in whose conflicts a value of his lies, and
    own work that was refused, kept as a draft, or whose record is out of sight."""
    twins: tuple[Twin, ...] = ()
    """What looks like one: a hint, for which nothing has to wait."""
    team: tuple[TeamRefusal, ...] = field(default=(), kw_only=True)
    """What was refused to those whom this user leads; asked of the server."""
    me: str = ""
    """The name of this user."""


@dataclass(frozen=True)
class PartInWords:
    """One change of a step with the names of what its values lead to."""

    part: Part
    titles: Titles


def read_contents(
    connection: Connection, me: str, *, sparing: bool = False, behind: int = HISTORY_MAX
) -> Contents:
    """The inbox of a user. `sparing`: files rest, since the network is metered; `behind`: so many
    entries of the history, of each sort."""
    conflicts = inbox.conflicts(connection)
    closed = inbox.decided(connection, behind)
    keys = {f"user/{me}", *_keys(conflicts), *_keys(closed)}
    titles: Titles = titles_of(connection, tuple(sorted(keys)))
    stuck = tuple(_stuck(connection))
    disputes = tuple(_disputes(conflicts, me, titles))
    refused = {entry.row.cs_id for entry in stuck if entry.row.state in _NEED_ONE}
    return Contents(
        disputes,
        stuck,
        tuple(_apart(connection)),
        read_queue(connection),
        inbox_facts.settled(connection, behind),
        tuple(_decided(row, me, titles) for row in closed),
        inbox_facts.history_size(connection),
        read_files(connection, sparing=sparing),
        sum(dispute.is_for_me for dispute in disputes) + len(refused),
        read_twins(connection, me),
        titles.get(f"user/{me}", ""),
    )


def read_files(connection: Connection, *, sparing: bool) -> tuple[Travelling, ...]:
    """The files that are on their way."""
    found = attaching.under_way(connection)
    titles = titles_of(connection, tuple(sorted({f"{x.kind}/{x.record}" for x in found})))
    return tuple(Travelling(x, titles.get(f"{x.kind}/{x.record}", ""), sparing) for x in found)


def read_parts(connection: Connection, cs_id: ChangeSetId) -> tuple[PartInWords, ...]:
    """What a step changes, with the names of all that it leads to."""
    found = [_in_words(connection, part) for part in inbox_facts.parts(connection, cs_id)]
    keys = {
        key
        for part in found
        for values in (part.new, part.old)
        for key in _keys_in(CATALOG.get(part.kind), None, dict(values))
    }
    titles = titles_of(connection, tuple(sorted(keys)))
    return tuple(PartInWords(part, titles) for part in found)


def _in_words(connection: Connection, part: Part) -> Part:
    """A question is known by its record and its field."""
    if part.kind != CONFLICT:
        return part
    row = fetch(connection, CONFLICT, part.record)
    target = parse_target("", row.values.get("record")) if row is not None else None
    if row is None or target is None:
        return part
    named = (title(connection, *target), field_words(target[0], str(row.values.get("field"))))
    return replace(part, title=" · ".join(x for x in named if x))


def _stuck(connection: Connection) -> Iterator[Stuck]:
    rows = inbox.stuck(connection)
    keys = {
        key
        for row in rows
        for values in (row.mine, row.base)
        for key in _keys_in(CATALOG.get(row.kind), None, dict(values))
    }
    titles = titles_of(connection, tuple(sorted(keys)))
    for row in rows:
        can_offer = row.state == "orphaned" and inbox.can_offer(connection, row.cs_id)
        yield Stuck(row, titles, can_offer)


def _apart(connection: Connection) -> Iterator[Apart]:
    rows = inbox.quarantined(connection)
    titles = titles_of(connection, tuple(sorted(f"{row.kind}/{row.id}" for row in rows)))
    for row in rows:
        yield Apart(row, titles.get(f"{row.kind}/{row.id}", ""))


def _disputes(conflicts: Iterable[ConflictRow], me: str, titles: Titles) -> Iterator[Dispute]:
    by_record: dict[tuple[str, str], list[ConflictRow]] = {}
    for conflict in conflicts:
        by_record.setdefault((conflict.kind, conflict.record), []).append(conflict)
    for (kind, record), rows in by_record.items():
        decisions = tuple(_decision(row, me, titles) for row in rows)
        is_for_me = any(inbox.asks(row, me) for row in rows)
        yield Dispute(kind, record, rows[0].title, decisions, rows[0].deleted, is_for_me)


def _decided(row: ConflictRow, me: str, titles: Titles) -> Decided:
    by = titles.get(f"user/{row.resolved_by or me}", "") or tr("somebody else")
    is_mine = row.resolved_by in (None, me)  # None: the server has not heard of it yet
    return Decided(_decision(row, me, titles), row.title, by, is_mine)


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
        yield f"user/{row.resolved_by}"
        for parked in row.parked:
            yield f"user/{parked.author}"
            yield f"device/{parked.device}"
        entity, field = CATALOG.get(row.kind), _field(row)
        values = (row.base, row.current, row.resolution, *(one.value for one in row.parked))
        for value in values:
            yield from _keys_in(entity, field, value)


def _keys_in(entity: Entity | None, field: Field | None, value: Value) -> Iterator[str]:
    if field is not None:
        yield from link_keys(field, value)
    elif entity is not None and isinstance(value, dict):
        for name, part in value.items():
            if name in entity.by_name:
                yield from link_keys(entity.by_name[name], part)
