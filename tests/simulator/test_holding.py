"""Records held back at random moments of random stories: nothing of them goes out, nothing else
stays, and what is let go arrives as if it had never been held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import pytest
from typing_extensions import override

from crm_core.ids import RecordId
from crm_desktop.models.journal import blocking, holding, queueing
from crm_desktop.models.sql import blob, id_of
from tests.simulator import actions
from tests.simulator.actions import Hands
from tests.simulator.device import Device
from tests.simulator.violation import Violation
from tests.simulator.world import World

SEEDS = range(1, 13)
OFTEN = 12
"""The weight of the action among the others, whose weights add up to 150 or so."""

_ON_THEIR_WAY = (
    "SELECT DISTINCT o.kind, o.id FROM op o JOIN changeset s ON s.n = o.cs"
    " WHERE s.state IN ('queued', 'sent', 'waiting', 'blocked') AND o.kind <> 'conflict'"
    " ORDER BY o.rid"
)
_GONE_OUT = (
    "SELECT s.id FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ? AND o.id = ?"
    " AND s.n > ? AND s.state IN ('sent', 'acked', 'confirmed')"
)

Held = dict[tuple[str, str, RecordId], int]
"""By laptop and record: the journal's last changeset when it was held back."""


class HoldingWorld(World):
    """A world in which people hold records back, and let all go in the end."""

    held: Held

    @override
    def _heal(self) -> None:
        for device in self._devices:
            look(device, self.held)
            for kind, key in [*holding.held(device.store.write)]:
                queueing.release(device.store, kind, id_of(key))
        super()._heal()


def look(device: Device, held: Held) -> None:
    """Nothing that was changed in a record since it is held back has gone out."""
    for (name, kind, record), last in held.items():
        if name == device.name and holding.is_held(device.store.write, kind, record):
            gone = device.rows(_GONE_OUT, (kind, blob(record), last))
            assert not gone, f"{kind}/{record} of {name} was held back and went out"


@contextmanager
def people_who_hold_back(held: Held) -> Iterator[None]:
    """Instead of holding a step back now and then, they hold records back often."""

    def hold_or_release(hands: Hands) -> None:
        device = hands.device
        look(device, held)
        kept = sorted(holding.held(device.store.write))
        if kept and hands.dice.random() < 0.5:
            kind, key = hands.dice.choice(kept)
            hands.tell(f"{device.name}: lets {kind}/{id_of(key)[-4:]} go")
            queueing.release(device.store, kind, id_of(key))
        elif found := device.rows(_ON_THEIR_WAY):
            kind, key = hands.dice.choice(found)
            hands.tell(f"{device.name}: holds {kind}/{id_of(key)[-4:]} back")
            queueing.hold_back(device.store, kind, id_of(key))
            last = device.rows("SELECT max(n) FROM changeset")[0][0]
            held[device.name, kind, id_of(key)] = last

    at = [action for action, _ in actions._TABLE].index(actions.hold_back)
    acts, weights = [*actions._ACTIONS], [*actions._WEIGHTS]
    acts[at], weights[at] = hold_or_release, OFTEN
    with patch.object(actions, "_ACTIONS", acts), patch.object(actions, "_WEIGHTS", weights):
        yield


def play(seed: int) -> Held:
    """Play a seed; what was held back in it."""
    world = HoldingWorld(seed)
    world.held = {}
    with people_who_hold_back(world.held):
        world.run()
    return world.held


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_held_back_stays_and_what_is_let_go_arrives(seed: int) -> None:
    play(seed)


def test_a_hold_that_holds_nothing_is_noticed() -> None:
    def all_goes(_kept: object, _n: int, _ops: object) -> None:
        return None

    def play_all() -> None:
        for seed in SEEDS:
            play(seed)

    with patch.object(blocking, "_kept_by", all_goes), pytest.raises(Violation, match="went out"):
        play_all()
