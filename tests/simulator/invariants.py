"""What must hold at every step, and at rest (the numbers are those of sync.md §3)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, members_of
from crm_core.fields import Kind, Policy
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import DELETED
from crm_desktop.models.sql import LIVE, blob
from crm_desktop.sync.status import State, standing
from tests.simulator import merges, notes
from tests.simulator.device import Device
from tests.simulator.disputes import Disputes, is_about_above
from tests.simulator.ledger import Key, Ledger, Place, Said
from tests.simulator.oracle import Oracle
from tests.simulator.violation import Violation

ACKED = ("acked", "confirmed")
PARKED = ("rejected", "blocked", "held", "orphaned")
JUDGED = (Policy.CONFLICT, Policy.GROUP)


Verdicts = dict[tuple[int, str], dict[str, Any]]
"""What the server said of each field of a changeset, by (index of the change, field)."""


@dataclass
class Entry:
    """One field of one history row of the server."""

    seq: int
    cs_id: ChangeSetId
    old: Any
    new: Any


@dataclass
class Watch:
    """Looks at everything after each step; knows what it has looked at already. `deletions`: the
    new ones, with the seq of each, for whoever knows what hung below."""

    ledger: Ledger
    disputes: Disputes
    epoch: str = ""
    seq: int = 0
    entries: dict[Place, list[Entry]] = field(default_factory=dict)
    verdicts: dict[ChangeSetId, str] = field(default_factory=dict)
    kept: set[tuple[str, ChangeSetId, str]] = field(default_factory=set)
    deletions: list[tuple[Key, int, Said]] = field(default_factory=list)
    _merged: list[tuple[Place, Said]] = field(default_factory=list)

    # The server's history

    def look_at_server(self, connection: sqlite3.Connection) -> None:
        """Invariants 2, 3 and 8 on what the server wrote since the last look."""
        epoch, restored = connection.execute("SELECT epoch, restored FROM clock").fetchone()
        if epoch != self.epoch:
            self._begin_anew(epoch, json.loads(restored))
        for seq, record_id, kind, cs_id, patch in connection.execute(
            "SELECT seq, id, kind, cs_id, patch FROM history WHERE seq > ? ORDER BY seq",
            (self.seq,),
        ):
            self.seq = seq
            told = json.loads(patch)
            if kind == "conflict":
                self.disputes.take(seq, RecordId(record_id), ChangeSetId(cs_id), told)
            for name, (old, new) in told.items():
                entry = Entry(seq, ChangeSetId(cs_id), old, new)
                place = (kind, RecordId(record_id), name)
                self._judge(place, entry)
                self.entries.setdefault(place, []).append(entry)
        while self._merged:
            self._look_at_merge(*self._merged.pop(), connection)

    def _look_at_merge(self, place: Place, said: Said, connection: sqlite3.Connection) -> None:
        """Invariant 2: what its merger had not seen of a record stands with the other."""
        unseen: dict[Place, Entry] = {}
        for other, entries in self.entries.items():
            if not entries or other[:2] != place[:2] or other[2] == DELETED:
                continue
            author = self.ledger.said.get(entries[-1].cs_id)
            is_new = entries[-1].seq > said.seen.get((*place[:2], ""), 0)
            if author is not None and author.device != said.device and is_new:
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
        self.verdicts.clear()
        self.kept = {one for one in self.kept if one[2] not in ACKED}

    def _judge(self, place: Place, entry: Entry) -> None:
        kind, _, name = place
        earlier = self.entries.get(place, [])
        said = self.ledger.said.get(entry.cs_id)
        if said is None or kind == "conflict":
            return
        if any(one.cs_id == entry.cs_id and one.new == entry.new for one in earlier):
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
            for line in notes.lost(said, place, before.new, entry.new, earlier):
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
        author = self.ledger.said.get(before.cs_id)
        if author is not None and author.device == said.device and author.order < said.order:
            return True
        return any(
            change.old.get(place[2], _NOTHING) == before.new
            for change in said.changeset.changes
            if (change.kind, change.id) == place[:2]
        )

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
            for before in entries:
                author = self.ledger.said.get(before.cs_id)
                mine = author is not None and author.device == said.device
                if before.seq > said.seen.get((kind, record_id, ""), 0) and author and not mine:
                    raise Violation(
                        2, f"{show(place)} deleted over an unseen {name}={before.new!r}"
                    )

    # What people said

    def look_at_edits(self, device: Device, connection: sqlite3.Connection) -> None:
        """Invariants 1 and 3 for the changesets of one device."""
        states = device.states()
        epoch = device.state.epoch
        for cs_id, said in self.ledger.said.items():
            if said.device != device.name:
                continue
            state = states.get(cs_id)
            if state is None and cs_id in self.ledger.replaced:
                continue
            if state is None:
                raise Violation(1, f"changeset {cs_id} of {device.name} is gone")
            if (device.name, cs_id, state) in self.kept:
                continue
            if state in ACKED and epoch == self.epoch:
                self._look_at_acked(device, said, state, connection)
            if state == "rejected" and epoch == self.epoch:
                _look_at_rejected(device, cs_id, connection)
            self.kept.add((device.name, cs_id, state))

    def look_at_left_work(self, device: Device, parked: Sequence[bytes]) -> None:
        """Invariant 1: what a withdrawn device had not sent lies with the server."""
        there = {one["id"] for body in parked for one in json.loads(body)}
        for cs_id, state in device.states().items():
            if state not in (*ACKED, "discarded") and cs_id not in there:
                raise Violation(1, f"{cs_id} ({state}) is lost with {device.name}")

    def _look_at_acked(
        self, device: Device, said: Said, state: str, connection: sqlite3.Connection
    ) -> None:
        cs_id = said.changeset.id
        row = connection.execute("SELECT result FROM applied WHERE cs_id = ?", (cs_id,)).fetchone()
        if row is None:
            if state == "confirmed" or not device.state.pull_open:
                raise Violation(1, f"{cs_id} is {state} on {device.name}, unknown to the server")
            return
        parts = json.loads(row[0]).get("changes", [])
        verdicts: Verdicts = {(x["index"], x["field"]): x for x in parts}
        if any(x.get("code") == "changeset.forged" for x in parts):
            raise Violation(1, f"{cs_id} of {device.name} was called forged")
        for index, change in enumerate(said.changeset.changes):
            for name in change.new:
                self._look_for_value(said, index, change, name, verdicts, connection)

    def _look_for_value(
        self,
        said: Said,
        index: int,
        change: Change,
        name: str,
        verdicts: Verdicts,
        connection: sqlite3.Connection,
    ) -> None:
        known = CATALOG[change.kind].by_name.get(name)
        if known is None or change.kind == "conflict" or known.authority is not None:
            return
        judged = known.judged_as
        found = (verdicts.get((index, one)) for one in (judged, DELETED, ""))
        part = next((x for x in found if x is not None), None)
        part = part or _of_the_conflict(said, verdicts) or {"result": "applied"}
        into = RecordId(part.get("params", {}).get("into", change.id))
        verdict, place = part["result"], (change.kind, into, name)
        if verdict == "conflict" and is_about_above(change, part):
            verdict = "applied"
        if verdict in ("applied", "merged"):
            if not self._stood(said, change, place, known.kind, known.policy):
                raise Violation(
                    1, f"{show(place)}={change.new[name]!r} was {verdict}, then nowhere"
                )
        elif verdict == "conflict" and not self.disputes.held(
            part["conflict_id"], said, change, name
        ):
            raise Violation(1, f"{show(place)}={change.new[name]!r} stands in no conflict")

    def _stood(self, said: Said, change: Change, place: Place, kind: Kind, policy: Policy) -> bool:
        """Whether the value was current at some time: written by this changeset, or there."""
        entries = self.entries.get(place, [])
        value = change.new[place[2]]
        if policy is Policy.NOTE:
            return not entries or any(notes.holds(said, place, entry.new) for entry in entries)
        held = [entry.new for entry in entries] + [entries[0].old if entries else None]
        if kind in (Kind.TAGS, Kind.LINKS):
            return not entries or any(
                (members_of(value) <= members_of(x)) == (change.op is not Op.REMOVE) for x in held
            )
        return not entries or value in held or merges.renamed(self.entries, place, value) in held

    # What a device shows

    def look_at_rows(self, device: Device) -> None:
        """Invariant 7: whoever typed something sees it until the server has judged it."""
        states = device.states()
        if not any(state in ("queued", "sent") for state in states.values()):
            return
        latest: dict[Place, tuple[Said, Change]] = {}
        for said in self.ledger.said.values():
            if said.device == device.name:
                for change in said.changeset.changes:
                    _overtake(latest, change)
                    for name in change.new:
                        latest[(change.kind, change.id, name)] = (said, change)
        for place, (said, change) in latest.items():
            if said.changeset.id in self.ledger.resent:
                continue  # an older step sent again lies below what was typed since
            if states.get(said.changeset.id) in ("queued", "sent"):
                self._look_at_shown(device, place, change)

    def _look_at_shown(self, device: Device, place: Place, change: Change) -> None:
        kind, record_id, name = place
        known = CATALOG[kind].by_name.get(name)
        judged = known is not None and known.policy in JUDGED and known.kind is not Kind.JSON
        if known is None or not judged or known.authority is not None:
            return
        rows = device.rows(
            f'SELECT deleted, "{name}" FROM "{kind}" WHERE id = ?', (blob(record_id),)
        )
        if not rows:
            raise Violation(7, f"{show(place)} is not on {device.name}, where it was typed")
        value = rows[0][1].hex() if isinstance(rows[0][1], bytes) else rows[0][1]
        if rows[0][0] == LIVE and isinstance(change.new[name], str) and value != change.new[name]:
            raise Violation(
                7, f"{device.name} shows {show(place)}={value!r}, typed {change.new[name]!r}"
            )

    def look_at_pulled(self, device: Device, oracle: Oracle) -> None:
        """Invariants 4, 5 and 9: right behind a pull, device and server agree on what there is."""
        there, here = oracle.visible(device.person), device.live()
        for key, seq in there.items():
            if here.get(key, 0) < seq:
                found = device.rows(
                    f'SELECT seq, deleted FROM "{key[0]}" WHERE id = ?', (blob(key[1]),)
                )
                if found and found[0][0] == seq and found[0][1]:
                    continue  # deleted here, which the server does not know yet
                raise Violation(5, f"{device.name} lacks {key} at seq {seq}, has {found}")
        for key, seq in here.items():
            if key not in there and not self._is_unsent(device, key):
                raise Violation(9, f"{device.name} still shows {key} (seq {seq})")

    def _is_unsent(self, device: Device, key: tuple[str, RecordId]) -> bool:
        states = device.states()
        return any(
            states.get(said.changeset.id) not in ("confirmed", "discarded", "orphaned")
            for said in self.ledger.said.values()
            if said.device == device.name
            for change in said.changeset.changes
            if (change.kind, change.id) == key
        )

    def look_at_status(self, device: Device, truth: Callable[[], Oracle], server_seq: int) -> None:
        """Invariant 12: "up to date" is said only where it is true."""
        state = device.state
        told = standing(state, device.parked, signed_in=True).state
        if told is not State.UP_TO_DATE:
            return
        open_ = {x for x in device.states().values() if x not in ("confirmed", "discarded")}
        if open_:
            raise Violation(12, f"{device.name} says up to date with {sorted(open_)} changesets")
        oracle = truth()
        for key, record in oracle.records.items():
            if key[0] == "conflict" and record.values["state"] == "open" and not record.deleted:
                mine = {x["author"] for x in record.values["parked"]} & {device.person.id}
                if mine and record.seq <= state.cursor and key in oracle.visible(device.person):
                    raise Violation(12, f"{device.name} says up to date; {key} waits for its user")
        if state.cursor == server_seq and device.live() != oracle.visible(device.person):
            raise Violation(12, f"{device.name} says up to date with other rows than the server")

    # At rest

    def look_at_rest(self, device: Device, oracle: Oracle) -> None:
        """Invariants 4 and 11 when nobody disturbs any more."""
        waiting = [x for x in device.states().values() if x in ("queued", "sent", "acked")]
        if waiting:
            raise Violation(11, f"{device.name} still has {waiting}")
        self.look_at_pulled(device, oracle)
        for problem in self._different_values(device, oracle):
            raise Violation(4, problem)

    def _different_values(self, device: Device, oracle: Oracle) -> Iterator[str]:
        from crm_desktop.models.journal.rows import fetch

        shadowed = {
            (kind, RecordId(key.hex())) for kind, key in device.rows("SELECT kind, id FROM shadow")
        }
        for key in oracle.visible(device.person):
            if key in shadowed:
                continue
            row = fetch(device.store.write, *key)
            there = oracle.records[key].values
            for name in CATALOG[key[0]].by_name:
                mine = row.values.get(name) if row is not None else None
                if (mine or None) != (there.get(name) or None):
                    place, theirs = show((*key, name)), there.get(name)
                    yield f"{device.name}: {place} is {mine!r}, not {theirs!r}"


def _overtake(latest: dict[Place, tuple[Said, Change]], change: Change) -> None:
    """What was typed before and is shown no more, or elsewhere, because of a later change."""
    if change.op not in (Op.DELETE, Op.MERGE, Op.RESTORE):
        return
    for place, (_, typed) in list(latest.items()):
        gone = change.op is Op.DELETE and place[:2] == (change.kind, change.id)
        if gone or merges.shown_elsewhere(place, typed, change):
            del latest[place]


def _look_at_rejected(device: Device, cs_id: ChangeSetId, connection: sqlite3.Connection) -> None:
    """Invariant 3: only the server rejects; nothing else costs a changeset its effect, but that its
    author gave up the record below which it stands."""
    judged = connection.execute(
        "SELECT 1 FROM applied WHERE cs_id = ? UNION ALL SELECT 1 FROM parked WHERE id = ?",
        (cs_id, cs_id),
    ).fetchone()
    given_up = device.rows(
        "SELECT 1 FROM changeset s JOIN op o ON o.cs = s.n JOIN op made ON made.op = 'insert'"
        " AND (made.id = o.id OR instr(o.new, lower(hex(made.id))))"
        " JOIN changeset d ON d.n = made.cs AND d.state = 'discarded' WHERE s.id = ?",
        (blob(RecordId(cs_id)),),
    )
    if judged is None and not given_up:
        raise Violation(3, f"{cs_id} is rejected on {device.name}; the server never judged it")


def _of_the_conflict(said: Said, verdicts: Verdicts) -> dict[str, Any] | None:
    """A second, different resolution: the decision as a whole stands in the reopened conflict."""
    closings = {n for n, change in enumerate(said.changeset.changes) if change.kind == "conflict"}
    parts = (part for (index, _), part in verdicts.items() if index in closings)
    return next((part for part in parts if part["result"] == "conflict"), None)


class _Nothing:
    """No value at all, not even none."""


_NOTHING = _Nothing()


def _seen(said: Said, place: Place) -> int:
    return said.seen.get(place, said.seen.get((*place[:2], ""), 0))


def show(place: tuple[str, ...]) -> str:
    """A place in few letters."""
    return f"{place[0]}/{place[1][-4:]}.{place[2]}"
