"""The server's history: nothing overwritten unseen, written twice, or brought back by accident."""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import json

from crm_core.catalog import CATALOG
from crm_core.changes import Op
from crm_core.fields import Policy
from crm_core.ids import ChangeSetId, RecordId
from crm_core.machines import MACHINES, start_of
from crm_core.merge import DELETED
from crm_core.merging import MERGED_INTO
from tests.simulator import merges, notes
from tests.simulator.disputes import Disputes, Parked
from tests.simulator.ledger import Key, Ledger, Place, Said, show
from tests.simulator.violation import Violation

JUDGED = (Policy.CONFLICT, Policy.GROUP)


@dataclass
class Entry:
    """One field of one history row of the server."""

    seq: int
    cs_id: ChangeSetId
    old: Any
    new: Any


@dataclass
class History:
    """What the server wrote, by place, oldest first; `seq` came last. `deletions`: the new ones,
    with the seq of each, for whoever knows what hung below. `turns`: how often it went back;
    `wrote`: all that ever wrote anything, also what was lost with a later turn."""

    ledger: Ledger
    disputes: Disputes
    epoch: str = ""
    seq: int = 0
    turns: int = 0
    entries: dict[Place, list[Entry]] = field(default_factory=dict)
    deletions: list[tuple[Key, int, Said]] = field(default_factory=list)
    wrote: set[ChangeSetId] = field(default_factory=set[ChangeSetId])
    _merged: list[tuple[Place, Said]] = field(default_factory=list)

    def look(self, connection: sqlite3.Connection) -> None:
        """Invariants 2, 3 and 8 on what the server wrote since the last look."""
        epoch, restored = connection.execute("SELECT epoch, restored FROM clock").fetchone()
        if epoch != self.epoch:
            self._begin_anew(epoch, json.decode(restored))
        for seq, record_id, kind, cs_id, patch in connection.execute(
            "SELECT seq, id, kind, cs_id, patch FROM history WHERE seq > ? ORDER BY seq",
            (self.seq,),
        ):
            self.seq = seq
            self.wrote.add(ChangeSetId(cs_id))
            told = json.decode(patch)
            if kind == "conflict":
                self.disputes.take(seq, RecordId(record_id), ChangeSetId(cs_id), told)
            for name, (old, new) in told.items():
                entry = Entry(seq, ChangeSetId(cs_id), old, new)
                place = (kind, RecordId(record_id), name)
                self._judge(place, entry)
                self.entries.setdefault(place, []).append(entry)
        while self._merged:
            self._look_at_merge(*self._merged.pop(), connection)
        self.disputes.look_back()
        while self.disputes.answered:
            self._look_at_answered(*self.disputes.answered.pop(), connection)

    def _look_at_answered(
        self, conflict: RecordId, entry: Parked, cs_id: ChangeSetId, connection: sqlite3.Connection
    ) -> None:
        """Invariant 2: what was entered in a record while it was deleted stands with the other into
        which it was merged."""
        said = entry["value"]
        if not isinstance(said, dict):
            return
        kind, loser = self.disputes.about(conflict)
        led = self.entries[kind, loser, MERGED_INTO]
        into = next(RecordId(one.new) for one in led if one.cs_id == cs_id and one.new)
        late = {(kind, loser, x): Entry(self.seq, cs_id, None, said[x]) for x in said}
        winner = merges.standing(self.entries, kind, into)
        lost = merges.lost_by(self.entries, late, winner, connection)
        if lost:
            raise Violation(2, lost)

    def _look_at_merge(self, place: Place, said: Said, connection: sqlite3.Connection) -> None:
        """Invariant 2: what its merger had not seen of a record stands with the other."""
        unseen: dict[Place, Entry] = {}
        # Whoever merges a record has seen its first version, which a restored server numbers anew.
        born = [one.seq for one in self.entries.get((*place[:2], "created_at"), ())]
        seen = max((0, *born[-1:]))
        for other, entries in self.entries.items():
            if not entries or other[:2] != place[:2] or other[2] == DELETED:
                continue
            if entries[-1].seq > seen and entries[-1] in self._unseen(said, other, entries):
                unseen[other] = entries[-1]
        winner = merges.standing(self.entries, *place[:2])
        lost = merges.lost_by(self.entries, unseen, winner, connection)
        if lost:
            raise Violation(2, lost)

    def _begin_anew(self, epoch: str, restored: list[list[int]]) -> None:
        self.epoch = epoch
        if not restored:
            return
        last = restored[-1][0]
        self.seq = min(self.seq, last)
        self.disputes.forget_behind(last)
        for place, entries in self.entries.items():
            self.entries[place] = [entry for entry in entries if entry.seq <= last]
        self.turns += 1

    def _judge(self, place: Place, entry: Entry) -> None:
        kind, _, name = place
        earlier = self.entries.get(place, [])
        said = self.ledger.said.get(entry.cs_id)
        if said is None or kind == "conflict":
            return
        # A member that a merger took out of a set may come back with the record that goes.
        merges_sets = isinstance(entry.new, list) and any(
            x.op is Op.MERGE for x in said.changeset.changes
        )
        again = any(one.cs_id == entry.cs_id and one.new == entry.new for one in earlier)
        if again and not merges_sets:
            raise Violation(3, f"{show(place)} was written twice by {entry.cs_id}")
        if name == DELETED:
            self._judge_deleting(place, entry, said)
            return
        known = CATALOG[kind].by_name.get(name)
        if known is None or not earlier:
            return
        before = earlier[-1]
        if known.policy is Policy.NOTE and not merges.explains(
            self.entries, said, place, before, entry
        ):
            earlier = self.ledger.typed_before(said, place)
            also = merges.merged_into(self.entries, said, place)
            for line in notes.lost(said, place, before.new, entry.new, earlier, also):
                if merges.took_away(self.entries, said, place, line):
                    continue
                if any(notes.takes_away(line, *typed) for typed in self._waited(said, place)):
                    continue
                raise Violation(2, f"{show(place)}: {line!r}, unseen by {said.device}, went")
        if known.policy not in JUDGED:
            return
        if not self._had_seen(said, place, before, entry):
            raise Violation(
                2, f"{show(place)}: {before.new!r} (seq {before.seq}) was overwritten by "
                f"{entry.new!r} of {said.device}, who had seen version {_seen(said, place)}",
            )  # fmt: skip

    def _had_seen(self, said: Said, place: Place, before: Entry, entry: Entry) -> bool:
        if before.seq <= _seen(said, place) or before.new == entry.new:
            return True
        if merges.explains(self.entries, said, place, before, entry):
            return True
        if merges.gave_way(said, place, entry):
            return True
        if (before.new, entry.new) in self._waited(said, place):
            return True
        author = self.ledger.said.get(before.cs_id)
        if author is not None and author.device == said.device and author.order < said.order:
            return True
        name = place[2]
        machine = CATALOG[place[0]].by_name[name].machine
        saw = [x.old[name] for x in said.at(place) if name in x.old]
        return before.new in (start_of(MACHINES[machine], x) if machine else x for x in saw)

    def _waited(self, said: Said, place: Place) -> Iterator[tuple[Any, Any]]:
        """(what its author saw, what he wanted) of each value that waited beside the question
        whether a record is deleted, which the merge of that record into this one answered."""
        kind, _, name = place
        for change in said.changeset.changes:
            gave = self.entries.get((kind, change.id, MERGED_INTO), ())
            if change.op is Op.MERGE and gave and gave[-1].cs_id == said.changeset.id:
                yield from self.disputes.waited((kind, change.id, name), gave[-1].seq)

    def _judge_deleting(self, place: Place, entry: Entry, said: Said) -> None:
        ops = {x.op for x in said.changeset.changes if (x.kind, x.id) == place[:2]}
        if entry.old and not entry.new and Op.RESTORE not in ops:
            raise Violation(8, f"{show(place)} came back to life by {ops}")
        if not entry.new:
            return
        if Op.MERGE in ops:
            self._merged.append((place, said))
            return
        self.deletions.append((place[:2], entry.seq, said))
        for (kind, record_id, name), entries in self.entries.items():
            if (kind, record_id) != place[:2]:
                continue
            for before in self._unseen(said, (kind, record_id, name), entries):
                raise Violation(2, f"{show(place)} deleted over an unseen {name}={before.new!r}")

    def _unseen(self, said: Said, place: Place, entries: Sequence[Entry]) -> Iterator[Entry]:
        """What others wrote there that whoever ends the record had not before his eyes: what came
        behind his version of it, and what lay below his own value, unless that stood for a value
        which he had typed there, or typed over."""
        whole = said.seen.get((*place[:2], ""), 0)
        seen = said.seen.get(place, whole)
        below = [one for one in entries if seen < one.seq <= whole]
        if below and self._had_typed(said, place, below[-1].new):
            seen = whole
        return (x for x in entries if x.seq > seen and not self._is_own(said, place, x))

    def _had_typed(self, said: Said, place: Place, value: Any) -> bool:
        return any(
            (value or None) == (values[place[2]] or None)
            for one in self.ledger.typed_before(said, place)
            for change in one.at(place)
            for values in (change.new, change.old)
            if place[2] in values
        )

    def _is_own(self, said: Said, place: Place, entry: Entry) -> bool:
        """Whether it was written from the same device, or by IT; what a merge brought in that its
        author had not seen is another's."""
        author = self.ledger.said.get(entry.cs_id)
        if author is None:
            return True
        return author.device == said.device and not self._was_brought(author, place, entry)

    def _was_brought(self, author: Said, place: Place, entry: Entry) -> bool:
        kind, record_id, name = place
        known = CATALOG[kind].by_name.get(name)

        def before(*there: Any) -> list[Entry]:
            return [one for one in self.entries.get(there, ()) if one.seq < entry.seq]

        standing = functools.partial(merges.standing, self.entries, kind)
        merged = [
            x.id
            for x in author.changeset.changes
            if x.op is Op.MERGE and x.kind == kind and standing(x.id) == standing(record_id)
        ]
        if known is None or known.policy not in JUDGED or record_id in merged:
            return False
        if any(change.new[name] == entry.new for change in author.at(place)):
            return False
        return any(
            theirs.new == entry.new
            for one in merged
            for theirs in self._unseen(author, (kind, one, name), before(kind, one, name))
        )


def _seen(said: Said, place: Place) -> int:
    return said.seen.get(place, said.seen.get((*place[:2], ""), 0))
