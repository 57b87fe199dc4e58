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
from tests.simulator.ledger import Ledger, Place, Said
from tests.simulator.violation import Violation

Patch = Mapping[str, Sequence[Any]]
Parked = Mapping[str, Any]


@dataclass
class Disputes:
    """All that was ever written into each conflict record, oldest first: (seq, patch)."""

    ledger: Ledger
    written: dict[RecordId, list[tuple[int, Patch]]] = field(default_factory=dict)

    def take(self, seq: int, record_id: RecordId, cs_id: ChangeSetId, patch: Patch) -> None:
        """Invariant 1: nothing that was parked goes but by its author or a decision."""
        self._judge(record_id, self.ledger.said.get(cs_id), patch)
        self.written.setdefault(record_id, []).append((seq, patch))

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
            about = [patch["record"][1] for _, patch in written if "record" in patch]
            answers = [seq for seq, patch in written if "state" in patch]
            if about[-1:] == [record] and self._field(conflict) == DELETED and answers[-1] > behind:
                yield from self._parked(conflict)

    def _judge(self, record_id: RecordId, said: Said | None, patch: Patch) -> None:
        before, after = _before(patch), _after(patch)
        state = patch.get("state", (None, None))
        if patch.get(DELETED, (None, None))[1]:
            raise Violation(1, f"the conflict {record_id[-4:]} was deleted")
        if "parked" in patch and state[0] != "resolved":
            authors = {entry["author"] for entry in after}
            for entry in before:
                if entry not in after and entry["author"] not in authors:
                    raise Violation(1, f"{entry['value']!r} went from conflict {record_id[-4:]}")
        if state[1] == "resolved" and said is not None:
            self._judge_settling(record_id, said)

    def _judge_settling(self, record_id: RecordId, said: Said) -> None:
        if any((x.kind, x.id) == ("conflict", record_id) for x in said.changeset.changes):
            return
        if all(change.op is not Op.MERGE for change in said.changeset.changes):
            raise Violation(1, f"conflict {record_id[-4:]} was settled by nobody")
        if self._field(record_id) == DELETED:
            return  # the merge answers it
        elsewhere = [
            entry for other in self.written if other != record_id for entry in self._parked(other)
        ]
        for entry in self._parked(record_id):
            if entry not in elsewhere:
                raise Violation(1, f"{entry['value']!r} went with the merge of its record")

    def _parked(self, record_id: RecordId) -> Sequence[Parked]:
        """What lies in a conflict now."""
        told = [_after(x) for _, x in self.written.get(record_id, ()) if "parked" in x]
        return told[-1] if told else ()

    def _field(self, record_id: RecordId) -> str:
        told = [x["field"][1] for _, x in self.written.get(record_id, ()) if "field" in x]
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
