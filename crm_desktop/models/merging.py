"""Duplicates become one: what the window needs to merge two records, and to take that back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crm_core.catalog import entity_of
from crm_core.changes import Change, Op, difference, members_of
from crm_core.entity import Entity
from crm_core.fields import Field, Kind, Value
from crm_core.ids import RecordId
from crm_core.merge import same
from crm_core.merging import MERGEABLE, MERGED_INTO, taker_of
from crm_desktop.i18n import tr
from crm_desktop.models import journal
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal.rows import Stored, fetch, fetch_live
from crm_desktop.models.merge_facts import EMPTY
from crm_desktop.models.replica import Summary
from crm_desktop.models.rights import rights_here
from crm_desktop.models.sql import DELETED, HIDDEN, id_of
from crm_desktop.models.store import Store
from crm_desktop.models.told import note_told, told
from crm_desktop.models.verdicts import parts_of


@dataclass(frozen=True, slots=True)
class Choice:
    """A field in which two duplicates differ, and the value that would stay by default."""

    field: str
    loser: Value
    winner: Value
    proposed: Value


@dataclass(frozen=True, slots=True)
class Taker:
    """The record in the place of one that was merged away; `title` "" where it is out of sight."""

    record: RecordId
    title: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Work on a record that a colleague merged with another, where it stands now; `title` names
    that one, "" where it is out of sight, and `former` the one that is gone."""

    at: str
    kind: str
    record: RecordId
    into: RecordId
    title: str
    former: str = ""


META_TOLD = "merging.told"
"""The ids of the changesets of which a person was told where their work stands now, as JSON."""

MOVED = "merge.moved"
"""The code with which the server says so."""


def may_merge(c: Connection, kind: str, loser: RecordId, winner: RecordId) -> bool:
    """Whether the user may delete the one and change the other, as far as this device knows."""
    rights = rights_here(c)
    return (
        kind in MERGEABLE and loser != winner
        and rights.of(kind, loser).delete and rights.of(kind, winner).edit
    )  # fmt: skip


def choices(c: Connection, kind: str, loser: RecordId, winner: RecordId) -> tuple[Choice, ...]:
    """The fields in which two records differ; raises NotFound. The winner's value is proposed
    where it has one, of a set the members of both."""
    entity = entity_of(kind)
    gone, stays = fetch_live(c, kind, loser), fetch_live(c, kind, winner)
    return tuple(
        Choice(field.name, mine, its, proposed)
        for field in _decided_by_people(entity)
        for mine, its in [(gone.values.get(field.name), stays.values.get(field.name))]
        for proposed in [_proposed(entity, field, gone, stays)]
        if not same(mine or None, its or None)
    )


def merge_records(
    store: Store, kind: str, loser: RecordId, winner: RecordId,
    fields: Mapping[str, Value] | None = None,
) -> Summary:  # fmt: skip
    """Merge a duplicate into another record as one step, which Undo takes back.

    `fields`: the values that stay, by field; what is not named stays as proposed by `choices`.
    Raises UserProblem.
    """
    entity = entity_of(kind)
    with store.reader() as c:
        proposed = {one.field: one.proposed for one in choices(c, kind, loser, winner)}
        row = fetch_live(c, kind, winner)
        title = entity.name_of(fetch_live(c, kind, loser).values)
    stays = {**proposed, **(fields or {})}
    away = Change(kind, loser, Op.MERGE, {MERGED_INTO: winner})
    taken = difference(entity, winner, row.values, stays, 0)
    label = tr("Merge {title} into {other}", title=title, other=entity.name_of(row.values))
    return journal.commit(store, [away, *taken], label=label, atomic=True)


def unmerge(store: Store, kind: str, loser: RecordId) -> Summary:
    """Bring a merged record back; what led to it follows within 30 days, where nobody changed it
    since. Raises UserProblem."""
    entity = entity_of(kind)
    with store.reader() as c:
        row = fetch(c, kind, loser)
        title = entity.name_of(row.values) if row is not None else ""
    back = Change(kind, loser, Op.RESTORE)
    return journal.commit(store, [back], label=tr("Restore: {title}", title=title))


def taker(c: Connection, kind: str, record_id: RecordId) -> Taker | None:
    """The record that stands in the place of one that was merged away; None for any other."""
    met: set[RecordId] = set()
    row = fetch(c, kind, record_id)
    into = None
    while row is not None and row.deleted == DELETED and row.id not in met:
        met.add(row.id)
        next_one = taker_of(row.values)
        if next_one is None:
            break
        into, row = next_one, fetch(c, kind, next_one)
    return None if into is None else Taker(into, _title_of(kind, row))


def newly_moved(store: Store) -> tuple[Moved, ...]:
    """Own work that stands at another record since a merge, each told once for good."""
    before = told(store, META_TOLD) or ()
    with store.reader() as c:
        steps = _moved_steps(c, "")
        news = [step for step in steps if step[0] not in before]
        found = [one for _, n, at, verdict in news for one in _moved_of(c, n, at, verdict)]
    if news:
        note_told(store, META_TOLD, (step[0] for step in steps))
    return tuple(found)


def moved(c: Connection, since: str = "") -> tuple[Moved, ...]:
    """Own work that the server found meant for a record merged meanwhile, the newest first: what
    was typed at `since` (an instant; "" ever) or later."""
    steps = _moved_steps(c, since)
    return tuple(one for _, n, at, verdict in steps for one in _moved_of(c, n, at, verdict))


def _moved_steps(c: Connection, since: str) -> list[tuple[str, int, str, str]]:
    """(id, number, instant, verdict) of the changesets of which something moved."""
    rows = c.rows(
        "SELECT id, n, at, verdict FROM changeset WHERE state IN ('acked', 'confirmed')"
        " AND at >= ? AND instr(coalesce(verdict, ''), ?) ORDER BY n DESC",
        (since, MOVED),
    )
    return [(key.hex(), n, at, verdict) for key, n, at, verdict in rows]


def _moved_of(c: Connection, n: int, at: str, verdict: str) -> Iterator[Moved]:
    kinds = {
        i: (kind, id_of(key))
        for i, kind, key in c.rows("SELECT i, kind, id FROM op WHERE cs = ? ORDER BY i", (n,))
    }
    told: dict[tuple[str, RecordId, str], None] = {}
    for part in parts_of(verdict):
        if part.code == MOVED and part.params.get("into") and part.index in kinds:
            told[*kinds[part.index], part.params["into"]] = None
    for kind, record_id, into in told:
        title = _title_of(kind, fetch(c, kind, RecordId(into)))
        former = _title_of(kind, fetch(c, kind, record_id))
        yield Moved(at, kind, record_id, RecordId(into), title, former)


def _title_of(kind: str, row: Stored | None) -> str:
    return entity_of(kind).name_of(row.values) if row is not None and row.deleted != HIDDEN else ""


def _decided_by_people(entity: Entity) -> Iterator[Field]:
    return (field for field in entity.editable if not field.machine)


def _proposed(entity: Entity, field: Field, loser: Stored, winner: Stored) -> Value:
    mine, its = loser.values.get(field.name), winner.values.get(field.name)
    if field.kind in (Kind.TAGS, Kind.LINKS):
        return [*sorted(members_of(mine) | members_of(its))]
    members = entity.groups.get(field.group, (field.name,))
    is_empty = all(winner.values.get(name) in EMPTY for name in members)
    return mine if is_empty else its
