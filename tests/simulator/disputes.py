"""The conflict records of the server: what was parked in one stays until somebody decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, members_of
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import DELETED
from tests.simulator import notes
from tests.simulator.ledger import Key, Ledger, Place, Said
from tests.simulator.violation import Violation

Patch = Mapping[str, Sequence[Any]]
Parked = Mapping[str, Any]


@dataclass
class Disputes:
    """All that was ever written into each conflict record, oldest first: (seq, patch). `settled`:
    what a decision left to be asked anew, and `answered` what a merge left to be carried over, of
    the last look: each stands somewhere when all is written."""

    ledger: Ledger
    written: dict[RecordId, list[tuple[int, Patch]]] = field(default_factory=dict)
    settled: list[tuple[int, RecordId, Parked]] = field(default_factory=list)
    answered: list[tuple[RecordId, Parked, ChangeSetId]] = field(default_factory=list)

    def take(self, seq: int, record_id: RecordId, cs_id: ChangeSetId, patch: Patch) -> None:
        """Invariant 1: nothing that was parked goes but by its author or a decision."""
        self._judge(record_id, self.ledger.said.get(cs_id), patch)
        self.written.setdefault(record_id, []).append((seq, patch))
        if patch.get("state", (None, None))[1] == "resolved":
            self._note_what_was_unseen(seq, record_id, self.ledger.said.get(cs_id))

    def forget_behind(self, seq: int) -> None:
        """The server lost what it wrote behind a version."""
        for record_id, known in self.written.items():
            self.written[record_id] = [one for one in known if one[0] <= seq]

    def held(self, conflict_id: str, said: Said, change: Change, name: str) -> bool:
        """Whether a value that its author typed was once parked there, as his and by this step."""
        return any(
            (entry["cs_id"], entry["author"]) == (said.changeset.id, said.user)
            and is_value(entry["value"], change, name)
            for _, patch in self.written.get(RecordId(conflict_id), ())
            for entry in _after(patch)
        )

    def waited(self, place: Place, behind: int) -> Iterator[tuple[Any, Any]]:
        """(what its author saw, what he wanted) of each value that waited for a place beside the
        question whether its record is deleted, answered behind a seq."""
        kind, record_id, name = place
        for parked in self._answered(f"{kind}/{record_id}", behind):
            value = parked["value"]
            if not isinstance(value, dict) or name not in value:
                continue
            for cs_id in self.ledger.at.get(place, ()):
                said = self.ledger.said[cs_id]
                if said.user == parked["author"]:
                    yield from ((old, value[name]) for old, _ in notes.typed_at(said, place))

    def _answered(self, record: str, behind: int) -> Iterator[Parked]:
        for conflict, written in self.written.items():
            answers = [seq for seq, patch in written if "state" in patch]
            about = [self._now(conflict, name) for name in ("record", "field")]
            if about == [record, DELETED] and answers[-1] > behind:
                yield from self._parked(conflict)

    def _judge(self, record_id: RecordId, said: Said | None, patch: Patch) -> None:
        before, after = _before(patch), _after(patch)
        state = patch.get("state", (None, None))
        if patch.get(DELETED, (None, None))[1]:
            raise Violation(1, f"the conflict {record_id[-4:]} was deleted")
        for entry in before if "parked" in patch else ():
            if entry in after or entry.get("stood") or state[0] == "resolved":
                continue
            fresh = (x for x in after if x not in before and x["author"] == entry["author"])
            if not any(self._takes_place_of(entry, x, record_id) for x in fresh):
                raise Violation(1, f"{entry['value']!r} went from conflict {record_id[-4:]}")
        if state[0] == "resolved" and state[1] == "open":
            self._judge_reopening(record_id, said, patch)
        if state[1] == "resolved" and said is not None:
            self._judge_settling(record_id, said)

    def _takes_place_of(self, entry: Parked, later: Parked, record_id: RecordId) -> bool:
        """Whether what its author said later, on whichever device, takes the place of what he had
        said, which is his by sync.md §2.4: of edits of a deleted record all fields stay. What goes
        out late was said before what the same device sent meanwhile. What was said of a record that
        gave its place away since takes that only of what it was built on. What a withdrawn device
        left has no step in the ledger: there his name counts."""
        name = self._now(record_id, "field")
        if (
            name == DELETED
            and isinstance(entry["value"], dict)
            and isinstance(later["value"], dict)
        ):
            return entry["value"].keys() <= later["value"].keys()
        step = self.ledger.said.get(later["cs_id"])
        first = self.ledger.said.get(entry["cs_id"])
        if step is None or first is None:
            return True
        if step.device == first.device and step.order < first.order:
            return False
        about = self.about(record_id)
        named = {(x.kind, x.id) for x in step.changeset.changes}
        if name == DELETED or not named.isdisjoint((about, ("conflict", record_id))):
            return True
        olds = [x.old for x in step.changeset.changes if x.kind == about[0]]
        members = CATALOG[about[0]].groups.get(name)
        return entry["value"] in [
            {x: old.get(x) for x in members} if members else old.get(name) for old in olds
        ]

    def _judge_reopening(self, record_id: RecordId, said: Said | None, patch: Patch) -> None:
        """A decision that is taken back leaves the question as it was; with a second one both stand
        in it, unless one person decided twice."""
        before, after = _before(patch), _after(patch)
        if said is None:
            return
        own = [x for x in said.changeset.changes if (x.kind, x.id) == ("conflict", record_id)]
        if any(change.new.get("state") == "open" for change in own):
            kept = after if "parked" in patch else self._parked(record_id)
            for entry in before:
                if not entry.get("stood") and entry not in kept:
                    raise Violation(1, f"{entry['value']!r} was not asked again")
            return
        decider = patch.get("resolved_by", (None, None))[0]
        first = patch.get("resolution", (None, None))[0]
        if "parked" in patch and decider != said.user and first not in [x["value"] for x in after]:
            raise Violation(1, f"the decision {first!r} went from conflict {record_id[-4:]}")

    def _judge_settling(self, record_id: RecordId, said: Said) -> None:
        if any((x.kind, x.id) == ("conflict", record_id) for x in said.changeset.changes):
            return
        merged = {(x.kind, x.id) for x in said.changeset.changes if x.op is Op.MERGE}
        if not merged:
            raise Violation(1, f"conflict {record_id[-4:]} was settled by nobody")
        name = self._now(record_id, "field")
        if name == DELETED:  # the merge answers whether its record goes, and nothing else
            if self.about(record_id) not in merged:
                raise Violation(1, f"conflict {record_id[-4:]} was settled by a merge of others")
            for entry in self._parked(record_id):
                self.answered.append((record_id, entry, said.changeset.id))
            return
        kind = self.about(record_id)[0]
        elsewhere = [
            entry
            for other in self.written.keys() - {record_id}
            if (self._now(other, "field"), self._now(other, "state")) == (name, "open")
            and self.about(other)[0] == kind
            for entry in self._parked(other)
        ]
        for entry in self._parked(record_id):
            if entry not in elsewhere:
                raise Violation(1, f"{entry['value']!r} went with the merge of its record")

    def _note_what_was_unseen(self, seq: int, record_id: RecordId, said: Said | None) -> None:
        """What others, or he on another device, said to a question behind the back of whoever
        decided it, unless that is what he decided for."""
        at = ("conflict", record_id, "state")
        if said is None or at not in said.seen:
            return
        decided = self._now(record_id, "resolution")
        seen = [
            _after(x) for n, x in self.written[record_id] if n <= said.seen[at] and "parked" in x
        ]
        for entry in self._parked(record_id):
            author = self.ledger.said.get(entry["cs_id"])
            own = author is not None and author.device == said.device
            known = any(entry in x for x in seen) or entry.get("stood")
            if not own and not known and entry["value"] != decided:
                self.settled.append((seq, record_id, entry))

    def look_back(self) -> None:
        """Invariant 1: what was to be asked anew was, about the same field."""
        while self.settled:
            seq, record_id, entry = self.settled.pop()
            name = self._now(record_id, "field")
            asked = [
                one
                for other, known in self.written.items()
                if self._now(other, "field") == name
                for n, patch in known
                if n >= seq and (other != record_id or n > seq)
                for one in _after(patch)
            ]
            if not any(
                entry["value"] == x["value"] and entry["author"] == x["author"] for x in asked
            ):
                raise Violation(1, f"{entry['value']!r} went with a decision that had not seen it")

    def about(self, record_id: RecordId) -> Key:
        """The record that a question is about now."""
        kind, _, above = str(self._now(record_id, "record")).partition("/")
        return kind, RecordId(above)

    def _parked(self, record_id: RecordId) -> Sequence[Parked]:
        """What lies in a conflict now."""
        told = [_after(x) for _, x in self.written.get(record_id, ()) if "parked" in x]
        return told[-1] if told else ()

    def _now(self, record_id: RecordId, name: str) -> Any:
        """What a conflict record holds in a field now."""
        told = [x[name][1] for _, x in self.written.get(record_id, ()) if name in x]
        return told[-1] if told else ""


def _before(patch: Patch) -> Sequence[Parked]:
    return patch.get("parked", (None, None))[0] or ()


def _after(patch: Patch) -> Sequence[Parked]:
    return patch.get("parked", (None, None))[1] or ()


def is_value(parked: Any, change: Change, name: str) -> bool:
    """Whether a parked value is what a change wants a field to be: as it is, or in a group."""
    if change.op is Op.DELETE:
        return parked is True
    wanted = change.new[name]
    for value in (parked, parked.get(name) if isinstance(parked, dict) else parked):
        if change.op in (Op.ADD, Op.REMOVE) and not isinstance(value, dict):
            there = members_of(value) & members_of(wanted)
            if there == (members_of(wanted) if change.op is Op.ADD else there - there):
                return True
        elif value == wanted:
            return True
    return False


def is_about_above(change: Change, part: Mapping[str, Any]) -> bool:
    """Whether a conflict is about the deletion of the record below which a new one stands."""
    links = (link.name for link in CATALOG[change.kind].root_links)
    return change.op is Op.INSERT and part["result"] == "conflict" and part["field"] in links
