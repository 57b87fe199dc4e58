"""The ledger: what people said, written down beside the product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from crm_core.changes import Change, ChangeSet, Op
from crm_core.ids import ChangeSetId, RecordId

Place = tuple[str, RecordId, str]
"""(kind, id, field)."""
Key = tuple[str, RecordId]


@dataclass(frozen=True)
class Said:
    """One changeset as its author made it. `seen`: for each place the server's version that he had
    really before his eyes there, whatever the changeset claims; `below`: the records that he had
    before his eyes below those that he deletes."""

    changeset: ChangeSet
    device: str
    user: RecordId
    order: int
    seen: Mapping[Place, int]
    below: frozenset[Key] = frozenset()

    def at(self, place: Place) -> Iterator[Change]:
        """The changes that name a place."""
        for change in self.changeset.changes:
            if (change.kind, change.id) == place[:2] and place[2] in change.new:
                yield change

    def adds_or_removes(self, place: Place) -> bool:
        """Whether members were put into a set there or taken out, beside all that it shows."""
        return any(change.op in (Op.ADD, Op.REMOVE) for change in self.at(place))


@dataclass
class Ledger:
    """Everything that was said, by changeset; and for each place who wrote there in which order.

    `replaced` changesets were refused and sent again under another id, as a `resent` one; `undone`
    are those that a person took back, by the step that does it.
    """

    said: dict[ChangeSetId, Said] = field(default_factory=dict)
    at: dict[Place, list[ChangeSetId]] = field(default_factory=dict)
    replaced: set[ChangeSetId] = field(default_factory=set)
    resent: set[ChangeSetId] = field(default_factory=set)
    undone: dict[ChangeSetId, ChangeSetId] = field(default_factory=dict)
    _of: dict[str, dict[ChangeSetId, Said]] = field(default_factory=dict)

    def of(self, device: str) -> Mapping[ChangeSetId, Said]:
        """What was said on one device, in the order in which it was first seen."""
        return self._of.get(device, {})

    def write(self, one: Said) -> None:
        self.said[one.changeset.id] = one
        self._of.setdefault(one.device, {})[one.changeset.id] = one
        for change in one.changeset.changes:
            for name in places_of(change.op, change.new):
                self.at.setdefault((change.kind, change.id, name), []).append(one.changeset.id)

    def typed_before(self, one: Said, place: Place) -> Iterator[Said]:
        """What was typed there on the same device before, the last first."""
        for cs_id in reversed(self.at.get(place, ())):
            said = self.said[cs_id]
            if said.device == one.device and said.order < one.order:
                yield said


def show(place: tuple[str, ...]) -> str:
    """A place in few letters."""
    return f"{place[0]}/{place[1][-4:]}.{place[2]}"


def places_of(op: str, new: Mapping[str, object]) -> tuple[str, ...]:
    """The fields that a change touches; "" stands for the row as a whole."""
    return (*new, "") if op in ("insert", "delete", "restore", "merge") else tuple(new)
