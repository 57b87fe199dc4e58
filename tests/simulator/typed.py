"""What people typed: it stays, it was judged by the server alone, and whoever typed it sees it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import json

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, members_of
from crm_core.fields import Field, Kind, Policy
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import DELETED
from crm_desktop.models.sql import HIDDEN, LIVE, blob
from tests.simulator import merges, notes
from tests.simulator.device import Device
from tests.simulator.disputes import Disputes, is_about_above
from tests.simulator.history import JUDGED, History
from tests.simulator.ledger import Key, Ledger, Place, Said, show
from tests.simulator.violation import Violation

ACKED = ("acked", "confirmed")
UNJUDGED = ("queued", "sent")

Verdicts = dict[tuple[int, str], dict[str, Any]]
"""What the server said of each field of a changeset, by (index of the change, field)."""


@dataclass
class Latest:
    """What was typed last at each place of a laptop, as far as it was looked at (`count` steps)."""

    count: int = 0
    at: dict[Place, tuple[Said, Change]] = field(default_factory=dict)

    def take(self, all_said: Sequence[Said]) -> None:
        """Add what was typed since."""
        for said in all_said[self.count :]:
            for change in said.changeset.changes:
                _overtake(self.at, change)
                for name in change.new:
                    self.at[(change.kind, change.id, name)] = (said, change)
        self.count = len(all_said)


@dataclass
class Typed:
    """Looks at what the people at each laptop typed; knows in which state it has found a changeset
    `kept` already, by laptop; what was once looked at as `_refused` was, whatever is lost later;
    what has `_left` a laptop: erased after its grace, or not named by a server that went back."""

    ledger: Ledger
    history: History
    disputes: Disputes
    kept: dict[str, dict[ChangeSetId, str]] = field(default_factory=dict)
    _refused: set[ChangeSetId] = field(default_factory=set)
    _turns: int = 0
    _latest: dict[str, Latest] = field(default_factory=dict)
    _seen: dict[str, tuple[str, Mapping[ChangeSetId, str]]] = field(default_factory=dict)
    _left: dict[str, set[Key]] = field(default_factory=dict)

    def look_at_edits(self, device: Device, connection: sqlite3.Connection) -> None:
        """Invariants 1 and 3 for the changesets of one device."""
        self._begin_anew_perhaps()
        states = device.states()
        epoch = device.state.epoch
        all_said = self.ledger.of(device.name)
        for cs_id in all_said.keys() - states.keys() - self.ledger.replaced:
            raise Violation(1, f"changeset {cs_id} of {device.name} is gone")
        kept = self.kept.setdefault(device.name, {})
        for cs_id, said in all_said.items():
            state = states.get(cs_id)
            if state is None or kept.get(cs_id) == state:
                continue
            if state in ACKED and epoch == self.history.epoch:
                self._look_at_acked(device, said, state, connection)
            if state == "rejected" and epoch == self.history.epoch and cs_id not in self._refused:
                _look_at_rejected(device, cs_id, connection)
            if state == "rejected":
                self._refused.add(cs_id)
            kept[cs_id] = state

    def _begin_anew_perhaps(self) -> None:
        """Where the server went back, what it had taken is looked for anew."""
        if self._turns != self.history.turns:
            self._turns = self.history.turns
            for name, kept in self.kept.items():
                self.kept[name] = {x: state for x, state in kept.items() if state not in ACKED}

    def look_at_left_work(self, device: Device, parked: Sequence[bytes]) -> None:
        """Invariant 1: what a withdrawn device had not sent lies with the server."""
        there = {one["id"] for body in parked for one in json.decode(body)}
        for cs_id, state in device.states().items():
            if state not in (*ACKED, "discarded") and cs_id not in there:
                raise Violation(1, f"{cs_id} ({state}) is lost with {device.name}")

    def _look_at_acked(
        self, device: Device, said: Said, state: str, connection: sqlite3.Connection
    ) -> None:
        cs_id = said.changeset.id
        row = connection.execute(
            "SELECT result, seq FROM applied WHERE cs_id = ?", (cs_id,)
        ).fetchone()
        if row is None:
            if self._said_nothing_new(device, cs_id, connection):
                return
            if state == "confirmed" or not device.state.pull_open:
                raise Violation(1, f"{cs_id} is {state} on {device.name}, unknown to the server")
            return
        parts = json.decode(row[0]).get("changes", [])
        verdicts: Verdicts = {(x["index"], x["field"]): x for x in parts}
        if any(x.get("code") == "changeset.forged" for x in parts):
            raise Violation(1, f"{cs_id} of {device.name} was called forged")
        for index, change in enumerate(said.changeset.changes):
            for name in change.new:
                self._look_for_value(said, index, change, name, verdicts, row[1])

    def _said_nothing_new(
        self, device: Device, cs_id: ChangeSetId, connection: sqlite3.Connection
    ) -> bool:
        """Whether a step wrote nothing, since what it says stood there already by the place to
        which the server went back: then it stands there again."""
        if not self.history.turns or cs_id in self.history.wrote:
            return False
        return not _was_judged_in_lost_history(device, cs_id, connection)

    def _look_for_value(
        self,
        said: Said,
        index: int,
        change: Change,
        name: str,
        verdicts: Verdicts,
        seq: int,
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
            places = {place, self._decided_at(said, place)}
            if not any(self._stood(said, change, x, known, seq) for x in places):
                raise Violation(
                    1, f"{show(place)}={change.new[name]!r} was {verdict}, then nowhere"
                )
        elif verdict == "conflict" and not self.disputes.held(
            part["conflict_id"], said, change, name
        ):
            raise Violation(1, f"{show(place)}={change.new[name]!r} stands in no conflict")

    def _decided_at(self, said: Said, place: Place) -> Place:
        """Where what a changeset decides stands: the same decision as one before it, about a record
        that gave its place away meanwhile, writes nothing."""
        kind, record_id, name = place
        if not any(x.kind == "conflict" for x in said.changeset.changes):
            return place
        return kind, merges.standing(self.history.entries, kind, record_id), name

    def _stood(self, said: Said, change: Change, place: Place, known: Field, seq: int) -> bool:
        """Whether the value was current at some time: written by this changeset, or there. A note
        that stood before the first writing counts where the verdict (`seq`) came before that, or
        where its author left it as he saw it."""
        entries = self.history.entries.get(place, [])
        if not entries:
            return True
        value = change.new[place[2]]
        held = [entry.new for entry in entries]
        is_untouched = entries[0].seq > seq or change.old.get(place[2]) == value
        if known.policy is not Policy.NOTE or is_untouched:
            held.append(entries[0].old)
        if known.policy is Policy.NOTE:
            return any(notes.holds(said, place, x) for x in held)
        if known.kind in (Kind.TAGS, Kind.LINKS):
            own = members_of(value)
            if change.op not in (Op.ADD, Op.REMOVE):  # what he only left there is not his word
                own -= members_of(change.old.get(place[2]))
            return any((own <= members_of(x)) == (change.op is not Op.REMOVE) for x in held)
        return any(one in held for one in merges.ever_called(self.history.entries, place, value))

    def look_at_rows(self, device: Device) -> None:
        """Invariant 7: whoever typed something sees it until the server has judged it."""
        states = device.states()
        epoch, before = self._seen.get(device.name, (device.state.epoch, {}))
        self._seen[device.name] = (device.state.epoch, states)
        if not any(state in UNJUDGED for state in states.values()):
            return
        latest = self._latest.setdefault(device.name, Latest())
        latest.take(tuple(self.ledger.of(device.name).values()))
        if epoch != device.state.epoch:
            self._note_what_had_left(device, before, latest)
        for place, (said, change) in latest.at.items():
            if said.changeset.id in self.ledger.resent:
                continue  # an older step sent again lies below what was typed since
            if states.get(said.changeset.id) in UNJUDGED:
                self._look_at_shown(device, place, change)

    def _note_what_had_left(
        self, device: Device, before: Mapping[ChangeSetId, str], latest: Latest
    ) -> None:
        """Records of others that were out of sight when the server went back behind the verdict on
        what was typed there: nobody can show them until it has named them again."""
        states = device.states()
        made = {
            (change.kind, change.id)
            for cs_id, said in self.ledger.of(device.name).items()
            for change in said.changeset.changes
            if change.op is Op.INSERT and states.get(cs_id) in UNJUDGED
        }
        for (kind, record_id, _), (said, _) in latest.at.items():
            cs_id = said.changeset.id
            is_offered_again = before.get(cs_id) in ACKED and states.get(cs_id) in UNJUDGED
            key = (kind, record_id)
            if is_offered_again and key not in made and not _is_live(device, key):
                self._left.setdefault(device.name, set()).add(key)

    def _look_at_shown(self, device: Device, place: Place, change: Change) -> None:
        kind, record_id, name = place
        known = CATALOG[kind].by_name.get(name)
        judged = known is not None and known.policy in JUDGED and known.kind is not Kind.JSON
        if known is None or not judged or known.authority is not None:
            return
        rows = device.rows(
            f'SELECT deleted, "{name}" FROM "{kind}" WHERE id = ?', (blob(record_id),)
        )
        left = self._left.setdefault(device.name, set())
        if not rows and (kind, record_id) in left:
            return
        if not rows:
            raise Violation(7, f"{show(place)} is not on {device.name}, where it was typed")
        value = rows[0][1].hex() if isinstance(rows[0][1], bytes) else rows[0][1]
        typed = change.new[name]
        if rows[0][0] == HIDDEN:
            left.add((kind, record_id))
        if rows[0][0] != LIVE:
            return
        left.discard((kind, record_id))
        if not isinstance(typed, str) or value == typed:
            return
        if not self._has_followed(device, change, place, value):
            raise Violation(7, f"{device.name} shows {show(place)}={value!r}, typed {typed!r}")

    def _has_followed(self, device: Device, change: Change, place: Place, value: Any) -> bool:
        """Whether a link stands where a later merge of the same person led it, from where a
        colleague's merge had led what was typed."""
        steps = [x.changeset.changes for x in self.ledger.of(device.name).values()]
        typed_at = next(n for n, changes in enumerate(steps) if change in changes)
        later = (x for changes in steps[typed_at + 1 :] for x in changes if x.op is Op.MERGE)
        return any(merges.leads_to(place, value, x) for x in later)


def _is_live(device: Device, key: Key) -> bool:
    kind, record_id = key
    rows = device.rows(f'SELECT deleted FROM "{kind}" WHERE id = ?', (blob(record_id),))
    return bool(rows) and rows[0][0] == LIVE


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
    if (
        judged is None
        and not given_up
        and not _was_judged_in_lost_history(device, cs_id, connection)
    ):
        raise Violation(3, f"{cs_id} is rejected on {device.name}; the server never judged it")


def _of_the_conflict(said: Said, verdicts: Verdicts) -> dict[str, Any] | None:
    """A second, different resolution: the decision as a whole stands in the reopened conflict."""
    closings = {n for n, change in enumerate(said.changeset.changes) if change.kind == "conflict"}
    parts = (part for (index, _), part in verdicts.items() if index in closings)
    return next((part for part in parts if part["result"] == "conflict"), None)


def _was_judged_in_lost_history(
    device: Device, cs_id: ChangeSetId, connection: sqlite3.Connection
) -> bool:
    """Whether its verdict came in history that the server lost before anybody looked."""
    ((seq,),) = device.rows("SELECT ack_seq FROM changeset WHERE id = ?", (blob(RecordId(cs_id)),))
    (restored,) = connection.execute("SELECT restored FROM clock").fetchone()
    return any(low < seq <= high for low, high in json.decode(restored))
