"""Seeds in which IT withholds personal fields from roles and gives them back, under the same
weather: contacts are edited in what is personal, and who watches that every laptop holds what its
user receives, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from crm_core.changes import Change
from crm_core.errors import Unavailable, UserProblem
from crm_core.ids import ChangeSetId
from crm_core.masks import received
from tests.simulator import world
from tests.simulator.actions import Hands
from tests.simulator.agreement import Agreement
from tests.simulator.chance import NOTHING, Without
from tests.simulator.company import Person, fixed_id
from tests.simulator.device import Device
from tests.simulator.events import EVENTS, Event
from tests.simulator.history import History
from tests.simulator.ledger import Key, Place
from tests.simulator.oracle import Oracle
from tests.simulator.typed import Typed
from tests.simulator.violation import Violation
from tests.simulator.world import STEPS, World

PERSONAL = ("mobile", "wechat", "preferences")
"""What is typed of contacts here, and may be withheld."""

WITHHELD_FROM = ("rep", "rep", "lead", "kam")


class MaskingHands(Hands):
    """A person who knows much about his customers."""

    def do_something(self) -> None:
        if self.dice.random() < 0.45:
            try:
                self._edit_contact()
            except (UserProblem, Unavailable) as problem:
                self.tell(f"{self.device.name}: that is not possible: {problem}"[:120])
            return
        super().do_something()

    def _edit_contact(self) -> None:
        row = self.pick("contact")
        if row is not None:
            names = self.dice.sample((*PERSONAL, "title"), self.dice.choice((1, 1, 2)))
            self.set("contact", row, {name: self.word() for name in names}, "edits")


def something_is_withheld(world: World, _device: Device, dice: random.Random) -> None:
    """IT says anew what a role does not receive."""
    assert isinstance(world, MaskingWorld)
    fields = frozenset(dice.sample(PERSONAL, dice.choice((0, 1, 2, 3))))
    world.withhold(dice.choice(WITHHELD_FROM), fields)


@dataclass
class MaskingTyped(Typed):
    """What somebody does not receive any more he is not shown."""

    def _look_at_shown(self, device: Device, place: Place, change: Change) -> None:
        if place[0] != "contact" or place[2] not in PERSONAL:
            super()._look_at_shown(device, place, change)


@dataclass
class MaskingAgreement(Agreement):
    """Of a record a laptop holds what its user receives. Of what was withheld or given back behind
    its cursor it hears with its next pull."""

    history: History

    def _received(self, person: Person, oracle: Oracle, key: Key, seq: int) -> Mapping[str, Any]:
        masks = {"contact": withheld(self.history, oracle, person, seq)}
        return received(key[0], super()._received(person, oracle, key, seq), masks)


def withheld(history: History, oracle: Oracle, person: Person, seq: int) -> frozenset[str]:
    """What a person does not receive of contacts at a place of the feed, by the records themselves:
    as they stand, without what was changed since."""

    def then(key: Key, name: str) -> Any:
        later = (x for x in history.entries.get((*key, name), ()) if x.seq > seq)
        return next((x.old for x in later), oracle.records[key].values.get(name))

    about = (then(("user", person.id), "role"), "contact")
    rules = (key for key in oracle.records if key[0] == "role_permission")
    names = (
        then(x, "masked") or () for x in rules if (then(x, "role"), then(x, "entity")) == about
    )
    return frozenset(name for some in names for name in some)


class MaskingWorld(World):
    """`run` plays the seed; `counted` says how often something was withheld anew."""

    def __init__(self, seed: int, steps: int = STEPS, without: Without = NOTHING) -> None:
        with patch.object(world, "Hands", MaskingHands):
            super().__init__(seed, steps, without)
        self._typed = MaskingTyped(self._ledger, self._history, self._history.disputes)
        self._agreement = MaskingAgreement(self._ledger, self._history)
        self.counted = 0

    def run(self) -> None:
        events: tuple[Event, ...] = (*EVENTS, *(something_is_withheld,) * 25)
        with patch.object(world, "EVENTS", events):
            super().run()

    def withhold(self, role: str, fields: frozenset[str]) -> None:
        """As `crm-server mask`."""
        self.server.fails_next = False
        values: dict[str, Any] = {
            "role": role, "entity": "contact", "action": "read", "masked": sorted(fields)
        }  # fmt: skip
        self.server.load("role_permission", fixed_id(900 + len(role)), values)
        self.counted += 1
        self.tell(f"IT withholds {sorted(fields)} from every {role}")

    def _look(self, device: Device) -> None:
        device.note_what_was_said(self._ledger)
        for cs_id in self._about_contacts():
            # Of a question about what is withheld nobody is told who does not receive it.
            device.decided.add(cs_id)
            for key in [x for x in self._desk.typed if x[0] == cs_id]:
                del self._desk.typed[key]
        super()._look(device)

    def _about_contacts(self) -> Iterator[ChangeSetId]:
        for cs_id, said in self._ledger.said.items():
            if any(x.kind in ("contact", "conflict") for x in said.changeset.changes):
                yield cs_id

    def _heal(self) -> None:
        super()._heal()
        oracle = self.oracle()
        for device in self._devices:
            names = withheld(self._history, oracle, device.person, oracle.seq)
            self._look_for_withheld(device, names)

    def _look_for_withheld(self, device: Device, names: frozenset[str]) -> None:
        """Invariant 9, by fields: also rows that are deleted or hidden hold nothing of it, but for
        what their user typed and nobody has taken."""
        for name in sorted(names):
            kept = device.rows(
                f"SELECT id, {name} FROM contact c WHERE {name} IS NOT NULL"
                " AND NOT EXISTS (SELECT 1 FROM shadow s WHERE s.kind = 'contact' AND s.id = c.id)"
            )
            if kept:
                raise Violation(9, f"{device.name} still holds {name}: {kept[0][1]!r}")
