"""Seeds in which people hold records back, let them go and take back what waits, under the same
weather; and who watches that what is held stays on its laptop and everything else goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from unittest.mock import patch

from crm_core.errors import Unavailable, UserProblem
from crm_core.ids import ChangeSetId, RecordId
from crm_desktop.models.journal import holding
from crm_desktop.models.journal.queueing import hold_back, release, take_back
from tests.simulator import world
from tests.simulator.actions import Hands
from tests.simulator.chance import NOTHING, Without
from tests.simulator.device import Device
from tests.simulator.violation import Violation
from tests.simulator.world import STEPS, World

KINDS = ("account", "address", "contact", "visit", "task")
OUT = ("sent", "acked", "confirmed")

Held = set[tuple[str, RecordId]]
"""The records held back on a laptop."""


@dataclass
class HoldingHands(Hands):
    """A person who is not sure of everything yet."""

    held: Held = field(default_factory=Held)
    went: set[ChangeSetId] = field(default_factory=set[ChangeSetId])
    """What was on its way when nobody held it: it may arrive at any time."""

    def do_something(self) -> None:
        """Hold, let go and take back more often than any other thing."""
        try:
            if self.dice.random() < 0.35 and self._sort_out():
                return
        except (UserProblem, Unavailable) as problem:
            self.tell(f"{self.device.name}: that is not possible: {problem}"[:120])
            return
        super().do_something()

    def _sort_out(self) -> bool:
        choice = self.dice.choice(("hold", "hold", "hold what waits", "release", "take back"))
        if choice == "release":
            return bool(self.held) and self.let_go(self.dice.choice(sorted(self.held)))
        if choice == "take back":
            return self._take_back()
        key = self._something_that_waits() if choice == "hold what waits" else self._something()
        if key is None or key in self.held:
            return False
        self.tell(f"{self.device.name}: holds {key[0]}/{key[1][-4:]}")
        self.note_what_went()
        hold_back(self.device.store, *key)
        self.held.add(key)
        return True

    def let_go(self, key: tuple[str, RecordId]) -> bool:
        """Release one record."""
        self.tell(f"{self.device.name}: releases {key[0]}/{key[1][-4:]}")
        self.held.discard(key)
        release(self.device.store, *key)
        return True

    def note_what_went(self) -> None:
        """What is on its way, as long as it is not held."""
        self.went |= {x for x, state in self.device.states().items() if state in OUT} - {
            step for key in self.held for step in steps_of(self.device, key)
        }

    def note_what_is_held(self) -> None:
        """What was held or let go just before the laptop died; what is held for longer stays so."""
        here = holding.held(self.device.store.write)
        really = {(kind, RecordId(key.hex())) for kind, key in here}
        if forgotten := self.held - really:
            raise Violation(1, f"{self.device.name} forgot that it holds {forgotten} back")
        self.held |= really

    def _something(self) -> tuple[str, RecordId] | None:
        kind = self.dice.choice(KINDS)
        row = self.pick(kind)
        return (kind, row.id) if row is not None else None

    def _something_that_waits(self) -> tuple[str, RecordId] | None:
        found = self.device.rows(
            "SELECT o.kind, o.id FROM op o JOIN changeset s ON s.n = o.cs"
            " WHERE s.state IN ('queued', 'waiting') ORDER BY s.n, o.i"
        )
        if not found:
            return None
        kind, key = self.dice.choice(found)
        return kind, RecordId(key.hex())

    def _take_back(self) -> bool:
        found = self.device.rows("SELECT id FROM changeset WHERE state = 'waiting' ORDER BY n")
        if not found:
            return False
        cs_id = ChangeSetId(self.dice.choice(found)[0].hex())
        self.tell(f"{self.device.name}: takes {cs_id[-4:]} back")
        take_back(self.device.store, cs_id)
        return True


class HoldingWorld(World):
    """A world in which records are held back. `counted`: how often something waited for that."""

    def __init__(self, seed: int, steps: int = STEPS, without: Without = NOTHING) -> None:
        with patch.object(world, "Hands", HoldingHands):
            super().__init__(seed, steps, without)
        self.counted = 0

    def _look(self, device: Device) -> None:
        super()._look(device)
        hands = self._hands[device.name]
        assert isinstance(hands, HoldingHands)
        hands.note_what_is_held()
        hands.note_what_went()
        states = device.states()
        for key in sorted(hands.held):
            if any(states[x] in OUT and x not in hands.went for x in steps_of(device, key)):
                raise Violation(1, f"{key} went out, though {device.name} holds it back")
        waiting = list(states.values()).count("waiting")
        if waiting and not hands.held:
            raise Violation(11, f"{waiting} steps of {device.name} wait for nothing held")
        self.counted += bool(waiting)

    def _heal(self) -> None:
        for device in self._devices:
            hands = self._hands[device.name]
            assert isinstance(hands, HoldingHands)
            hands.note_what_is_held()
            for key in sorted(hands.held):
                hands.let_go(key)
        super()._heal()


def steps_of(device: Device, key: tuple[str, RecordId]) -> list[ChangeSetId]:
    """The steps of a laptop that change a record; what a merge moves with it is no change of it."""
    found = device.rows(
        "SELECT DISTINCT s.id FROM op o JOIN changeset s ON s.n = o.cs"
        " WHERE o.kind = ? AND o.id = ? AND (o.op <> 'set' OR o.new <> '{}')",
        (key[0], bytes.fromhex(key[1])),
    )
    return [ChangeSetId(cs_id.hex()) for (cs_id,) in found]
