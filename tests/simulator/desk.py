"""What lies on a laptop: every typed value as it was typed, given up by its author alone, and
nothing that waits for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from msgspec import json

from crm_core.ids import ChangeSetId
from tests.simulator.device import Device
from tests.simulator.ledger import Ledger
from tests.simulator.violation import Violation

PARKED = ("rejected", "held", "blocked")
SETTLED = ("acked", "confirmed")
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass
class Desk:
    """Looks at the journal of each laptop. `typed`: each change as it was first seen;
    `refused`: the changesets of a laptop with a refused part, and the history they were in."""

    ledger: Ledger
    typed: dict[tuple[ChangeSetId, int], str] = field(default_factory=dict)
    refused: dict[str, tuple[str, set[ChangeSetId]]] = field(default_factory=dict)
    known: dict[str, object] = field(default_factory=dict)
    _compared: dict[str, set[Any]] = field(default_factory=dict[str, set[Any]])

    def look(self, device: Device) -> None:
        """Invariants 1 and 11 on what is not confirmed yet, where anything was written since."""
        if self.known.get(device.name) == device.written:
            return
        self.known[device.name] = device.written
        states = device.states()
        self._look_at_given_up(device, states)
        self._look_at_changes(device, states)
        if "blocked" in states.values():
            for n in waiting_for_nothing(device):
                raise Violation(11, f"step {n} of {device.name} waits for nothing")

    def _look_at_given_up(self, device: Device, states: dict[ChangeSetId, str]) -> None:
        undone = self.ledger.undone
        kept = {name for (name,) in device.rows("SELECT name FROM meta WHERE name LIKE 'past:%'")}
        for cs_id, state in states.items():
            if state != "discarded" or cs_id in device.decided or f"past:{cs_id}" in kept:
                continue  # what is kept for the history stands where it was decided
            if cs_id not in undone and cs_id not in undone.values():
                raise Violation(1, f"{cs_id} of {device.name} was given up by nobody")

    def _look_at_changes(self, device: Device, states: dict[ChangeSetId, str]) -> None:
        found = device.rows(
            "SELECT s.id, o.i, o.new, o.refused IS NOT NULL FROM op o JOIN changeset s"
            " ON s.n = o.cs"
        )
        compared = self._compared.get(device.name, set())
        for key, i, new, _ in (row for row in found if row not in compared):
            cs_id = ChangeSetId(key.hex())
            is_as_typed = self.typed.setdefault((cs_id, i), new) == new
            if not is_as_typed and not self._is_left_of(device, cs_id, new):
                raise Violation(1, f"{cs_id} of {device.name} says {new}, not what was typed")
        self._compared[device.name] = {*found}
        lying = {ChangeSetId(key.hex()) for key, _, _, lies in found if lies}
        refused = {cs_id for cs_id in lying if states[cs_id] in SETTLED}
        epoch, before = self.refused.get(device.name, ("", set[ChangeSetId]()))
        now = device.state.epoch
        for cs_id in before - refused - _set_apart(device) if epoch == now else ():
            if states.get(cs_id) in SETTLED and not self._was_decided(device, cs_id):
                raise Violation(1, f"what was refused of {cs_id} on {device.name} is gone")
        self.refused[device.name] = now, refused

    def _is_left_of(self, device: Device, cs_id: ChangeSetId, new: str) -> bool:
        """Whether a step goes out to a restored server without a part of which its author has
        decided, which he took back, or which lies with what left his sight."""
        said = json.decode(new).items()
        typed = (json.decode(x) for (one, _), x in self.typed.items() if one == cs_id)
        is_less = self._was_decided(device, cs_id) or cs_id in _set_apart(device)
        return is_less and any(said <= x.items() for x in typed)

    def _was_decided(self, device: Device, cs_id: ChangeSetId) -> bool:
        undone = self.ledger.undone
        return cs_id in device.decided or cs_id in undone or cs_id in undone.values()


def _set_apart(device: Device) -> set[str]:
    """The changesets whose refused part is a step of its own, since its record left sight."""
    found = device.rows(
        "SELECT verdict ->> 'cs_id' FROM changeset s WHERE state = 'orphaned'"
        " AND EXISTS (SELECT 1 FROM op WHERE cs = s.n AND refused IS NOT NULL)"
    )
    return {cs_id for (cs_id,) in found}


def waiting_for_nothing(device: Device) -> Iterator[int]:
    """The numbers of blocked changesets that build on no earlier one that is parked."""
    inserted: list[tuple[int, str]] = []
    fields: list[tuple[int, tuple[str, str, str]]] = []
    blocked: dict[int, list[tuple[str, str, Any]]] = {}
    for n, state, kind, key, op, new, refused in device.rows(
        "SELECT s.n, s.state, o.kind, o.id, o.op, o.new, o.refused FROM op o JOIN changeset s"
        " ON s.n = o.cs WHERE s.state IN ('rejected', 'held', 'blocked') OR o.refused IS NOT NULL"
        " AND s.state IN ('acked', 'confirmed') ORDER BY s.n"
    ):
        if state == "blocked":
            blocked.setdefault(n, []).append((kind, key.hex(), new))
        if op == "insert":
            inserted.append((n, key.hex()))
        names = _names(new) if state in PARKED or '"":' in (refused or "") else _names(refused)
        fields.extend((n, (kind, key.hex(), name)) for name in names)
    for n, changes in blocked.items():
        above = {record_id for before, record_id in inserted if before < n}
        touched = {place for before, place in fields if before < n}
        named = {x for kind, key, new in changes for x in (key, *_ID.findall(new))}
        places = {(kind, key, name) for kind, key, new in changes for name in _names(new)}
        if not (above & named or touched & places):
            yield n


def _names(text: str | None) -> list[str]:
    import json

    return [*json.loads(text)] if text else []
