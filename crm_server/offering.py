"""Hand-over of work whose record left its author's sight: what he wanted lies beside the field for
whoever may change it now, and he hears what became of it.

He is told nothing else. A record that he never saw is answered like one that there never was, and
the answer to an offer is the same whatever the record holds, or whether it was deleted since.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from crm_core.changes import Change
from crm_core.entity import Entity
from crm_core.errors import InvalidValue
from crm_core.fields import Policy, Value
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import DELETED, Result, Why, same
from crm_core.merging import taker_of
from crm_core.roles import Action, Level, followed
from crm_core.values import check
from crm_core.wire import ChangeResult, ChangeSetResult
from crm_server.conflicts import CONFLICT, Conflicts, entries_of, is_joined, record_of
from crm_server.judge import Author, Judge
from crm_server.merging import Merging
from crm_server.rows import RECORD, By, Key, Row, row_of
from crm_server.store import Tx
from crm_server.work import Work

WAITS, TAKEN, DECLINED = "offer.waits", "offer.taken", "offer.declined"
REPLACED, CLOSED, REFUSED = "offer.replaced", "offer.closed", "offer.refused"

_NEVER_ASKED = (Policy.ORDER, Policy.LWW)
"""What is no question to a person is none when it is offered."""

_RESULT = msgspec.json.Decoder(ChangeSetResult)


class Offering:
    """Takes what is offered within one writing transaction."""

    def __init__(self, work: Work, judge: Judge, conflicts: Conflicts, merging: Merging) -> None:
        self._work = work
        self._judge = judge
        self._conflicts = conflicts
        self._merging = merging

    def take(
        self, author: Author, entity: Entity, change: Change, by: By, index: int
    ) -> list[ChangeResult] | str:
        """What became of each field; a code where the offer is refused as a whole."""
        row = self._work.row(change.kind, change.id)
        if row is None or not (self._judge.sees_row(row) or self._saw(author, row)):
            return REFUSED
        kind, is_deletion = followed(row.kind, row.values), DELETED in change.new
        needed = Action.DELETE if is_deletion else Action.EDIT
        if author.reach(kind, needed, self._judge.scope_gen) is Level.NONE:
            return "right.missing"
        if change.new != {DELETED: True} if is_deletion else _refused(entity, change):
            return REFUSED
        place = self._merging.standing(row.kind, row.id)
        stands = self._work.row(row.kind, place) or row
        if is_deletion:
            return [self._ask_deletion(stands, by, index)]
        if stands.deleted:
            record = (row.kind, place)
            base: Value = {**change.old}
            parked = self._conflicts.park(record, DELETED, Why.DELETE, base, {**change.new}, by)
            return [_waits(index, name, parked) for name in sorted(change.new)]
        return list(self._park_all(entity, place, change, by, index))

    def _ask_deletion(self, row: Row, by: By, index: int) -> ChangeResult:
        """Whether a record is to go is asked where it stands; of one that went nobody is asked."""
        if row.deleted:
            return _waits(index, DELETED, RecordId(""))
        record = (row.kind, row.id)
        parked = self._conflicts.park(record, DELETED, Why.HANDOVER, False, True, by)
        return _waits(index, DELETED, parked)

    def _park_all(
        self, entity: Entity, place: RecordId, change: Change, by: By, index: int
    ) -> Iterator[ChangeResult]:
        for name, members in _judged(entity, change.new):
            base, value = _side(change.old, members), _side(change.new, members)
            record = (entity.kind, place)
            parked = self._conflicts.park(
                record, name, Why.HANDOVER, base, value, by, is_moved=place != change.id
            )
            yield _waits(index, name, parked)

    def _saw(self, author: Author, row: Row) -> bool:
        """Whether at any moment a key of the author's was one of the record's."""
        stays = self._work.tx.rows(
            "SELECT rr.seq,rr.gone_seq,rs.key,rs.seq,rs.gone_seq FROM record_root rr"
            " JOIN root_scope rs ON rs.root = rr.root WHERE rr.id=? AND rr.kind=?",
            (row.id, row.kind),
        )
        return any(
            key in keys and max(since, began, start) < min(gone, ended, end)
            for since, gone, key, began, ended in stays
            for start, end, keys in author.generations.spans()
        )


def _refused(entity: Entity, change: Change) -> bool:
    """Whether any value is none that a person could enter in its field."""
    return not change.new or any(not _is_sound(entity, *item) for item in change.new.items())


def _is_sound(entity: Entity, name: str, value: Value) -> bool:
    spec = entity.by_name.get(name)
    if spec is None or spec.authority is not None:
        return False
    try:
        check(spec, value)
    except InvalidValue:
        return False
    return True


def _judged(entity: Entity, new: Mapping[str, Value]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names under which values are decided, each with its fields: a group's go together."""
    done: dict[str, tuple[str, ...]] = {}
    for name in sorted(new):
        if entity.by_name[name].policy in _NEVER_ASKED:
            continue
        judged = entity.by_name[name].judged_as
        done[judged] = entity.groups.get(judged, (name,))
    yield from done.items()


def _side(values: Mapping[str, Value], members: Sequence[str]) -> Value:
    if len(members) == 1:
        return values.get(members[0])
    return {name: values.get(name) for name in members}


def _waits(index: int, name: str, conflict: RecordId) -> ChangeResult:
    return ChangeResult(index, name, Result.MERGED, WAITS, conflict)


def as_told(result: ChangeSetResult) -> ChangeSetResult:
    """A verdict without the places where offers lie: these are out of their author's sight."""
    if not _has_waiting(result):
        return result
    parts = (
        replace(part, conflict_id="") if part.code == WAITS else part for part in result.changes
    )
    return replace(result, changes=tuple(parts))


# -- what became of it ----------------------------------------------------------------------


def outcomes(tx: Tx, user: RecordId, asked: Iterable[str]) -> tuple[ChangeSetResult, ...]:
    """The verdicts on those of a user's offers of which every part is decided."""
    return tuple(one for one in _judged_now(tx, user, asked) if not _has_waiting(one))


def waiting_again(tx: Tx, user: RecordId, handed: Iterable[str]) -> tuple[ChangeSetResult, ...]:
    """The verdicts on those of a user's decided offers of which a part lies in an open question:
    the decision was taken back, contradicted, or lost by a restored server."""
    return tuple(one for one in _judged_now(tx, user, handed) if _has_waiting(one))


def _has_waiting(offer: ChangeSetResult) -> bool:
    return any(part.code == WAITS for part in offer.changes)


def _judged_now(tx: Tx, user: RecordId, asked: Iterable[str]) -> Iterator[ChangeSetResult]:
    found = tx.rows(
        "SELECT result FROM applied WHERE cs_id = ANY(?) AND author = ? ORDER BY cs_id",
        ([*dict.fromkeys(asked)], user),
    )
    offers = [_RESULT.decode(result) for (result,) in found]
    named = [part.conflict_id for one in offers for part in one.changes if part.code == WAITS]
    conflicts = _conflicts(tx, named)
    for one in offers:
        yield _outcome(tx, user, one, conflicts)


def _conflicts(tx: Tx, ids: Sequence[str]) -> dict[str, Row]:
    if not ids:
        return {}
    found = tx.rows(
        f"{RECORD} WHERE kind = ? AND id = ANY(?) AND NOT deleted",
        (CONFLICT, [*dict.fromkeys(ids)]),
    )
    return {row.id: row for row in map(row_of, found)}


def _outcome(
    tx: Tx, user: RecordId, offer: ChangeSetResult, conflicts: Mapping[str, Row]
) -> ChangeSetResult:
    parts: list[ChangeResult] = []
    for part in offer.changes:
        if part.code == WAITS:
            question = conflicts.get(part.conflict_id)
            code = _code(tx, user, offer.cs_id, part.field, question)
            parts.append(replace(part, code=code, conflict_id=""))
        else:
            parts.append(part)
    return replace(offer, changes=tuple(parts))


def _code(tx: Tx, user: RecordId, cs_id: ChangeSetId, name: str, question: Row | None) -> str:
    if question is None:
        return CLOSED
    entry, said = _entry(question, cs_id), question.values
    if said.get("state") == "open":
        if entry is not None:
            return WAITS
        return REPLACED if _has_entry_of(question, user) else CLOSED
    moved = _moved(tx, question, cs_id)
    if moved is not None:
        return _code(tx, user, cs_id, name, moved)
    value = entry.get("value") if entry is not None else None
    if name == DELETED:
        return TAKEN if said.get("resolution") is True else DECLINED
    if said.get("field") == DELETED:
        wanted = value.get(name) if isinstance(value, dict) else None
        return TAKEN if _has(tx, question, name, wanted) else DECLINED
    return TAKEN if entry is not None and same(said.get("resolution"), value) else DECLINED


def _has(tx: Tx, question: Row, name: str, wanted: Value) -> bool:
    """Whether the record of a question about its deletion lives on with a value."""
    row = _record(tx, record_of(question))
    return row is not None and not row.deleted and same(row.values.get(name), wanted)


def _entry(question: Row, cs_id: ChangeSetId) -> dict[str, Value] | None:
    entries = entries_of(question.values.get("parked"))
    return next((x for x in entries if x.get("cs_id") == cs_id), None)


def _has_entry_of(question: Row, user: RecordId) -> bool:
    return any(x.get("author") == user for x in entries_of(question.values.get("parked")))


def _moved(tx: Tx, question: Row, cs_id: ChangeSetId) -> Row | None:
    """Where a question that is closed went on: in the one that it joined, about the record in its
    own one's place, where that was merged; or in the one that came up about the field since, where
    the decision was taken back."""
    own, *takers = _places(tx, *record_of(question))
    if is_joined(question):
        return next(_questions(tx, takers[:1], question), None)
    beside = (one for one in _questions(tx, [own, *takers], question) if _entry(one, cs_id))
    latest = next(beside, question)
    return None if latest.id == question.id else latest


def _places(tx: Tx, kind: str, record_id: RecordId) -> Iterator[RecordId]:
    """A record, the one that took its place, if any did, and so on."""
    taker: RecordId | None = record_id
    while taker is not None:
        yield taker
        row = _record(tx, (kind, taker))
        taker = taker_of(row.values) if row is not None and row.deleted else None


def _record(tx: Tx, key: Key) -> Row | None:
    found = tx.row(f"{RECORD} WHERE kind=? AND id=?", key)
    return row_of(found) if found is not None else None


def _questions(tx: Tx, records: Sequence[RecordId], like: Row) -> Iterator[Row]:
    """What was asked about the field of a question at these records, the latest first."""
    found = tx.rows(
        f"{RECORD} WHERE kind=? AND id IN"
        " (SELECT id FROM ref WHERE target = ANY(?) AND kind=? AND field=?) ORDER BY seq DESC",
        (CONFLICT, [*records], CONFLICT, "record"),
    )
    asked = map(row_of, found)
    return (one for one in asked if one.values.get("field") == like.values.get("field"))
