"""Merging duplicates and its way back: what led to one record is made to lead to another.

The relinking is ordinary history of the merge's changeset, written next to each other behind the
loser's own entry. That is the list from which a merge is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.entity import Entity
from crm_core.fields import Field, Value
from crm_core.ids import RecordId
from crm_core.merge import DELETED, Result, Seen, Why, merge, same
from crm_core.merging import MERGEABLE, MERGED_INTO, UNMERGE_DAYS, led_to, taker_of
from crm_core.scope import any_link, parse_target
from crm_core.wire import ChangeResult, ChangeSetResult
from crm_server.conflicts import CONFLICT, Conflicts, author_of, entries_of
from crm_server.history import Written, written
from crm_server.moments import hours_between
from crm_server.rows import LINKS, By, Key, Row
from crm_server.work import Work

_decode_result = msgspec.json.Decoder(ChangeSetResult).decode

MOVED = "merge.moved"
"""Said of what is taken for one record, and stands with the one in its place."""

NAMED_MAX = 20
"""Records that an answer names; of more it says how many."""

_READ_AT_ONCE = 500


_LINKS_TO_MERGEABLE: Mapping[str, frozenset[str]] = {
    kind: frozenset(
        field.name
        for field in entity.root_links
        if field.link is not None and field.link.target in ("", *MERGEABLE)
    )
    for kind, entity in CATALOG.items()
}
"""The links upwards by which loaded records hang on a customer or person."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """What others wrote into a record that gave its place away: for each field the value that its
    merger saw, and who wrote the present one. `late`: what they had entered when it was deleted,
    over what they saw; that waited beside the question whether it is."""

    loser: Row
    winner: RecordId
    edits: Mapping[str, tuple[Value, By]]
    late: Sequence[tuple[Mapping[str, Value], Mapping[str, Value], By]] = ()


class Merging:
    """Merges and un-merges records within one writing transaction."""

    def __init__(self, work: Work, conflicts: Conflicts) -> None:
        self._work = work
        self._conflicts = conflicts
        self._brought: set[tuple[str, RecordId, str]] = set()

    # -- the name of a record that gave its place away --------------------------------------

    def standing(self, kind: str, record_id: RecordId) -> RecordId:
        """The record that stands in a record's place: mostly itself."""
        met = {record_id}
        while True:
            row = self._work.row(kind, record_id)
            taker = taker_of(row.values) if row is not None and row.deleted else None
            if taker is None or taker in met:
                return record_id
            met.add(taker)
            record_id = taker

    def readdressed(self, entity: Entity, change: Change) -> tuple[Change, str]:
        """A change that names merged records with those in their place, and the field it is told
        for ("" where it names none). What its author saw is renamed along with what he wants."""
        references = LINKS[entity.kind].references
        if references.isdisjoint(change.new):
            return change, ""
        links = references.intersection(change.new)
        new, old, told = dict(change.new), dict(change.old), ""
        for name in sorted(links - {MERGED_INTO}):
            field = entity.by_name[name]
            new[name] = self._readdressed(field, change.id, change.new[name])
            if name in old:
                old[name] = self._readdressed(field, change.id, change.old[name])
            if not same(new[name], change.new[name]):
                told = name
        if new == change.new and old == change.old:
            return change, ""
        return replace(change, new=new, old=old), told

    def led(
        self, entity: Entity, record_id: RecordId, values: Mapping[str, Value]
    ) -> Mapping[str, Value]:
        """The values of a record that IT loads, its links as they lead today. Only what the work
        has read already is asked."""
        found: dict[str, Value] = {}
        for name in _LINKS_TO_MERGEABLE[entity.kind].intersection(values):
            link = entity.by_name[name].link
            one = parse_target(link.target if link else "", values[name])
            row = self._work.rows.get(one) if one is not None else None
            if row is not None and row.deleted:
                found[name] = self._readdressed(entity.by_name[name], record_id, values[name])
        return {**values, **found} if found else values

    def _readdressed(self, field: Field, own: RecordId, value: Value) -> Value:
        for member in value if isinstance(value, list) else [value]:
            target = parse_target(field.link.target if field.link else "", member)
            if target is None or target[0] not in CATALOG:
                continue
            taker = self.standing(*target)
            if taker != target[1]:
                value = led_to(field, value, *target, taker, own)
        return value

    # -- merging ----------------------------------------------------------------------------

    def merge(
        self, loser: Row, winner: Row, change: Change, by: By, unreceived: frozenset[str]
    ) -> Unseen:
        """Give a record's place to another: its own entry first, then all that led to it. What
        others had written into it behind its merger's back, or into fields that he did not receive,
        is left to `carry_all`."""
        unseen = {**self._unseen(loser, change, by), **self._withheld(loser, unreceived)}
        entity = CATALOG[loser.kind]
        into: dict[str, Value] = {MERGED_INTO: winner.id, **by.updated}
        self._work.put(entity, loser.id, into, by, deleted=True)
        late = [*self._entered_when_deleted(loser)]
        led = sorted(self._work.children(loser.id))
        self._work.prefetch((kind, record_id) for kind, record_id, _ in led)
        self._work.prefetch_children(record_id for _, record_id, _ in led)
        for kind, record_id, name in led:
            if kind == CONFLICT:
                self._lead_conflict(record_id, loser, winner.id, by)
            else:
                self._lead((kind, record_id), name, loser, winner.id, by)
        return Unseen(loser, winner.id, unseen, late)

    def _entered_when_deleted(
        self, loser: Row
    ) -> Iterator[tuple[Mapping[str, Value], Mapping[str, Value], By]]:
        """The edits that wait for an answer whether a record is deleted: merging it is none."""
        question = self._conflicts.open_at(loser.id, DELETED)
        base = question.values.get("base") if question is not None else None
        for entry in entries_of(question.values.get("parked")) if question is not None else ():
            said = entry.get("value")
            if isinstance(said, dict):
                yield said, base if isinstance(base, dict) else {}, author_of(entry)

    def _lead(self, key: Key, name: str, loser: Row, winner: RecordId, by: By) -> None:
        row = self._work.row(*key)
        if row is None:
            return
        field, value = CATALOG[key[0]].by_name[name], row.values.get(name)
        led = led_to(field, value, loser.kind, loser.id, winner, row.id)
        if not same(led, value):
            self._work.put(CATALOG[key[0]], row.id, {name: led}, by, deleted=row.deleted)

    def _lead_conflict(self, record_id: RecordId, loser: Row, winner: RecordId, by: By) -> None:
        """An open question about the loser is one about the winner now, but for its deletion:
        that is answered."""
        row = self._work.row(CONFLICT, record_id)
        if row is None or row.values.get("state") != "open":
            return
        if row.values.get("field") == DELETED:
            self._conflicts.resolve(row, True, by)
        else:
            self._conflicts.move(row, any_link(loser.kind, winner), by)

    def _unseen(self, loser: Row, change: Change, by: By) -> dict[str, tuple[Value, By]]:
        """What others wrote into the loser behind its merger's back: for each field the value
        that he saw, and who wrote the present one. What was erased there was not written."""
        mine = {*change.after, by.cs_id}
        found: dict[str, tuple[Value, By]] = {}
        entity = CATALOG[loser.kind]
        brought = self.brought_into(loser, mine)
        seen = max(change.base_seq, loser.seq_of("*"))  # the first version he saw in any case
        for one in self._work.written_behind(loser, seen):
            own = one.cs_id in mine and one.actor == by.actor
            for name, (before, _) in one.said.items():
                field = entity.by_name.get(name)
                if own and (field is None or (one.cs_id, field.judged_as) not in brought):
                    continue
                if field is None or field.authority is None:
                    saw = found[name][0] if name in found else before
                    found[name] = (saw, one.by)
        erased = self._work.erased.get((loser.kind, loser.id), {})
        gone = {DELETED, MERGED_INTO, *(name for name in erased if not loser.values.get(name))}
        return {name: one for name, one in found.items() if name not in gone}

    def _withheld(self, loser: Row, unreceived: frozenset[str]) -> dict[str, tuple[Value, By]]:
        """What the loser holds in fields of which its merger saw none."""
        held = [name for name in sorted(unreceived) if loser.values.get(name)]
        loaded = By(loser.actor, loser.device, loser.cs_id)
        found: dict[str, tuple[Value, By]] = dict.fromkeys(held, (None, loaded))
        for one in self._work.written_behind(loser, 0) if held else ():
            found.update((name, (None, one.by)) for name in one.said if name in found)
        return found

    def brought_into(self, row: Row, changesets: Iterable[str]) -> set[tuple[str, str]]:
        """(changeset, field) of what these brought into a record from others that gave their place
        to it, which their author never saw there."""
        found = {(cs_id, name) for cs_id, one, name in self._brought if one == row.id}
        for cs_id, result in self._work.tx.rows(
            "SELECT cs_id,result FROM applied WHERE cs_id = ANY(?)", ([*changesets],)
        ):
            found.update(
                (cs_id, part.field)
                for part in _decode_result(result).changes
                if part.code == MOVED and part.params.get("into") == row.id
            )
        return found

    # -- carrying work over -----------------------------------------------------------------

    def carry_all(self, unseen: Unseen, by: By, index: int) -> list[ChangeResult]:
        """Bring edits of the loser into the winner: for each field its base and its author.

        They apply where the winner holds their base, merge where their policy can, and stand in
        a conflict of the winner otherwise. Called behind all that the merger wrote himself: what
        he took from the loser is what they build on.
        """
        loser, edits = unseen.loser, unseen.edits
        entity, winner = CATALOG[loser.kind], self.standing(loser.kind, unseen.winner)
        details: list[ChangeResult] = []
        for names in _judged_together(entity, edits):
            new = {name: loser.values.get(name) for name in names}
            old = {name: edits[name][0] if name in edits else new[name] for name in names}
            author = next(edits[name][1] for name in names if name in edits)
            change = Change(entity.kind, winner, Op.SET, new, old)
            details.append(self._carry(change, author, by, index))
        for said, known, author in unseen.late:
            for names in _judged_together(entity, said):
                new = {name: said[name] for name in names if name in said}
                old = {name: known.get(name) for name in new}
                change = Change(entity.kind, winner, Op.SET, new, old)
                details.append(self._carry(change, author, by, index))
        return details

    def _carry(self, change: Change, author: By, by: By, index: int) -> ChangeResult:
        entity, winner, new, old = CATALOG[change.kind], change.id, change.new, change.old
        row = self._work.row(entity.kind, winner)
        assert row is not None
        merged = merge(entity, row, change, Seen(0, trusted=False))
        record = (entity.kind, winner)
        taken = [x for x in merged.values if self._work.taken_by(record, x, new[x])]
        if merged.values and not taken:
            self._work.put(entity, winner, {**merged.values, **by.updated}, by)
        (part,) = merged.results
        params = {"into": str(winner)}
        if part.result in (Result.APPLIED, Result.MERGED) and not taken:
            self._brought.add((by.cs_id, winner, part.name))
            return ChangeResult(index, part.name, Result.MERGED, MOVED, "", params)
        # What cannot apply here was taken once already: a person decides, nobody is refused.
        why = Why.UNIQUE if taken else part.why
        base = row.values.get(taken[0]) if taken else part.base
        value = new if len(new) > 1 else next(iter(new.values()))
        if part.result is Result.REJECTED:
            base = next(iter(old.values()))
        parked = self._conflicts.park(record, part.name, why, base, value, author, is_brought=True)
        return ChangeResult(index, part.name, Result.CONFLICT, MOVED, parked, params)

    # -- the way back -----------------------------------------------------------------------

    def lead_back(self, row: Row, index: int, by: By) -> list[ChangeResult]:
        """Behind a merged record that came back to life: what followed its winner and was left
        alone since follows it back; the rest is named, but for questions: whatever was said of one
        since was said to the winner."""
        merged = self._merge_of(row)
        if merged is None or hours_between(merged.received_at, self._work.now) > UNMERGE_DAYS * 24:
            return []
        kept: list[str] = []
        led = [*self._led(merged)]
        self._work.prefetch(key for key, _, _, _ in led)
        self._work.prefetch_children(record_id for (_, record_id), _, _, _ in led)
        for key, name, seq, before in led:
            child = self._work.row(*key)
            if key[0] == CONFLICT:
                if child is not None and child.seq == seq and child.values.get("state") == "open":
                    self._conflicts.move(child, str(before), by)
            elif child is not None and child.fv.get(name, child.fv.get("*", 0)) == seq:
                self._work.put(CATALOG[key[0]], key[1], {name: before}, by, deleted=child.deleted)
            elif child is not None and not child.deleted:
                kept.append(any_link(*key))
        if not kept:
            return []
        params = {"many": str(len(kept)), "records": " ".join(kept[:NAMED_MAX])}
        return [ChangeResult(index, DELETED, Result.MERGED, "merge.kept", "", params)]

    def _merge_of(self, row: Row) -> Written | None:
        """The entry with which a record last gave its place away."""
        for one in reversed(self._work.written_behind(row, 0)):
            if one.said.get(DELETED, (None, None))[1] is True:
                return one if MERGED_INTO in one.said else None
        return None

    def _led(self, merged: Written) -> Iterator[tuple[Key, str, int, Value]]:
        """(record, field, seq, value before) of each link that the merge moved."""
        for one in self._behind(merged.seq, merged.cs_id):
            if one.kind not in CATALOG:
                continue
            for name, (before, after) in one.said.items():
                field = CATALOG[one.kind].by_name.get(name)
                if field is None or field.link is None:
                    continue
                if _names(before, merged.id) and not _names(after, merged.id):
                    yield (one.kind, one.id), name, one.seq, before

    def _behind(self, seq: int, cs_id: str) -> Iterator[Written]:
        """The entries of a changeset directly behind one of its own: they stand side by side."""
        while True:
            found = written(self._work.tx, "WHERE seq > ? ORDER BY seq LIMIT ?",
                            (seq, _READ_AT_ONCE))  # fmt: skip
            for one in found:
                if one.cs_id != cs_id:
                    return
                yield one
                seq = one.seq
            if len(found) < _READ_AT_ONCE:
                break
        yield from (x for x in self._work.history if x.seq > seq and x.cs_id == cs_id)


def _names(value: Value, record_id: RecordId) -> bool:
    members = value if isinstance(value, list) else [value]
    return any(isinstance(x, str) and x.rpartition("/")[2] == record_id for x in members)


def _judged_together(entity: Entity, names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    done: set[str] = set()
    for name in names:
        if name in done:
            continue
        field = entity.by_name.get(name)
        members = entity.groups[field.group] if field is not None and field.group else (name,)
        done.update(members)
        yield members
