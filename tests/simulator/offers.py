"""Seeds in which people hand work over: what was typed into records that left is offered to whoever
has them now, under the same weather; and who watches that none of it goes, and none of it tells."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from msgspec import json

from crm_core.changes import Change, Op
from crm_core.errors import Unavailable, UserProblem
from crm_core.ids import ChangeSetId
from crm_desktop.models.journal.offering import can_offer, offer
from tests.simulator import world
from tests.simulator.actions import Hands, reassign, settle
from tests.simulator.chance import NOTHING, Without
from tests.simulator.device import Device
from tests.simulator.disputes import is_value
from tests.simulator.ledger import Ledger, Said
from tests.simulator.violation import Violation
from tests.simulator.world import STEPS, World

TAKEN = ("acked", "confirmed")
ELSEWHERE = {"offered": "discarded", "handed": "discarded"}
"""To those who watch over all other work, what was offered is given up by its author."""


@dataclass
class OfferingLedger(Ledger):
    """Keeps what was offered apart: no such value is ever an edit of its author's."""

    offers: dict[ChangeSetId, Said] = field(default_factory=dict)

    def write(self, one: Said) -> None:
        if any(change.op is Op.OFFER for change in one.changeset.changes):
            self.offers[one.changeset.id] = one
        else:
            super().write(one)


class OfferingHands(Hands):
    """A person who hands over what left, and a lead who gives others more to hand over."""

    def do_something(self) -> None:
        try:
            if self.dice.random() < 0.6 and self._offers():
                return
            if self.dice.random() < 0.3:
                self.dice.choice((reassign, settle))(self)
                return
        except (UserProblem, Unavailable) as problem:
            self.tell(f"{self.device.name}: that is not possible: {problem}"[:120])
            return
        super().do_something()

    def _offers(self) -> bool:
        found = self.device.rows("SELECT id FROM changeset WHERE state = 'orphaned' ORDER BY n")
        left = [ChangeSetId(key.hex()) for (key,) in found]
        possible = [x for x in left if can_offer(self.device.store.write, x)]
        if not possible:
            return False
        cs_id = self.dice.choice(possible)
        self.tell(f"{self.device.name}: offers {cs_id[-4:]}")
        offer(self.device.store, cs_id)
        return True


class OfferingWorld(World):
    """A world in which work is handed over. `counted`: what became of it, in a word each."""

    def __init__(self, seed: int, steps: int = STEPS, without: Without = NOTHING) -> None:
        with (
            patch.object(world, "Ledger", OfferingLedger),
            patch.object(world, "Hands", OfferingHands),
        ):
            super().__init__(seed, steps, without)
        self.counted: dict[str, int] = {}
        for device in self._all:
            _show_as_given_up(device)

    def _look(self, device: Device) -> None:
        # The offer is its author's own act, and whatever it comes to goes back to that.
        told = offers_of(device)
        device.decided.update(told, *told.values())
        super()._look(device)
        ledger = self._ledger
        assert isinstance(ledger, OfferingLedger)
        self._look_at_offers(device, ledger)

    def _look_at_offers(self, device: Device, ledger: OfferingLedger) -> None:
        states = raw_states(device)
        spoken_for = offers_of(device)
        for cs_id, orphans in spoken_for.items():
            self._look_at_offer(device, ledger.offers[cs_id], states[cs_id])
            is_given_back = states[cs_id] == "discarded"  # it may go out again, under a new id
            for orphan in orphans:
                if orphan not in states and not is_given_back:
                    raise Violation(1, f"{orphan} of {device.name} is gone with its offer")
        for cs_id, state in states.items():
            speaks = [x for x, named in spoken_for.items() if cs_id in named]
            if state == "offered" and all(states[x] == "discarded" for x in speaks):
                raise Violation(1, f"nothing speaks for {cs_id} of {device.name} any more")

    def _look_at_offer(self, device: Device, said: Said, state: str) -> None:
        if device.state.epoch != self._history.epoch:
            return
        cs_id, server = said.changeset.id, self.server.look
        wrote = server.execute(
            "SELECT kind FROM history WHERE cs_id = ? AND kind <> 'conflict'", (cs_id,)
        ).fetchall()
        if wrote:
            raise Violation(2, f"the offer {cs_id} of {device.name} changed {wrote}")
        told = device.rows("SELECT verdict FROM changeset WHERE id = ?", (bytes.fromhex(cs_id),))
        if told[0][0] and "conflict_id" in told[0][0]:
            raise Violation(9, f"{device.name} is told where its offer {cs_id} lies")
        if state in TAKEN:
            for change in said.changeset.changes:
                for name in change.new:
                    if not _was_parked(server, said, change, name):
                        raise Violation(1, f"{name} of the offer {cs_id} lies nowhere")

    def _heal(self) -> None:
        super()._heal()
        for device in self._devices:
            self._look_at_settled(device)

    def _look_at_settled(self, device: Device) -> None:
        """Invariant 11: whoever offered something has heard of it where it is decided."""
        states = raw_states(device)
        for cs_id, orphans in offers_of(device).items():
            self.counted[states[cs_id]] = self.counted.get(states[cs_id], 0) + 1
            if states[cs_id] == "discarded":
                continue
            waits = any(_lies_open(self.server.look, cs_id))
            for orphan in orphans:
                self.counted[states[orphan]] = self.counted.get(states[orphan], 0) + 1
                if states[cs_id] in TAKEN and (states[orphan] == "offered") != waits:
                    what = f"{orphan} of {device.name} is {states[orphan]}"
                    raise Violation(11, f"{what}; that its offer waits is {waits}")


def raw_states(device: Device) -> Mapping[ChangeSetId, str]:
    """The states as they are, those of handed-over work too."""
    found = device.rows("SELECT id, state FROM changeset")
    return {ChangeSetId(key.hex()): state for key, state in found}


def offers_of(device: Device) -> dict[ChangeSetId, list[ChangeSetId]]:
    """The offers made on a device, each with the steps for which it speaks."""
    found: dict[ChangeSetId, list[ChangeSetId]] = {}
    for key, after in device.rows(
        "SELECT s.id, o.after FROM op o JOIN changeset s ON s.n = o.cs WHERE o.op = 'offer'"
    ):
        found.setdefault(ChangeSetId(key.hex()), []).extend(json.decode(after))
    return found


def _show_as_given_up(device: Device) -> None:
    plain = device.states

    def states() -> dict[ChangeSetId, str]:
        return {cs_id: ELSEWHERE.get(state, state) for cs_id, state in plain().items()}

    device.states = states  # pyright: ignore[reportAttributeAccessIssue]


def _was_parked(server: sqlite3.Connection, said: Said, change: Change, name: str) -> bool:
    found = server.execute(
        "SELECT patch FROM history WHERE kind = 'conflict' AND instr(patch, ?)",
        (said.changeset.id,),
    )
    entries = (x for (text,) in found for x in json.decode(text).get("parked", (None, None))[1])
    return any(
        (x["cs_id"], x["author"]) == (said.changeset.id, said.user)
        and is_value(x["value"], change, name)
        for x in entries
    )


def _lies_open(server: sqlite3.Connection, cs_id: ChangeSetId) -> Iterator[bool]:
    """For each open question in which an offer lies today."""
    for (text,) in server.execute(
        "SELECT body FROM record WHERE kind = 'conflict' AND NOT deleted AND instr(body, ?)",
        (cs_id,),
    ):
        body: dict[str, Any] = json.decode(text)
        if body["state"] == "open":
            yield any(entry["cs_id"] == cs_id for entry in body["parked"])
