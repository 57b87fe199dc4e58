"""Time and chance: both come from the seed alone.

Dice are thrown anew at every step, and whatever strikes within a step is counted there: so a story
can be told again without one step, one device or one stroke of fate, and the rest stays as it was.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass

from crm_core.ids import RecordId, uuid7_from

START = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)


class VirtualTime:
    """The true time; every device may believe something else."""

    def __init__(self) -> None:
        self.now = START

    def pass_by(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


@dataclass(frozen=True)
class Without:
    """What a story is told without: steps by number, strokes by (step, number), devices by name."""

    steps: frozenset[int] = frozenset()
    strokes: frozenset[tuple[int, int]] = frozenset()
    devices: frozenset[str] = frozenset()


NOTHING = Without()


class Fate:
    """The dice of a seed. `strokes` are those that struck, faults and others."""

    def __init__(self, seed: int, without: Without = NOTHING) -> None:
        self.without = without
        self.strokes: list[tuple[int, int]] = []
        self.faults = 0
        self._seed = seed
        self._step = 0
        self._struck = 0
        self._dice: dict[str, random.Random] = {}

    def dice(self, name: str) -> random.Random:
        """Dice of one's own, so that one more throw here changes nothing there."""
        self._dice[name] = random.Random(f"{self._seed}/0/{name}")
        return self._dice[name]

    def turn_to(self, step: int) -> None:
        """From here on everything depends on the seed and this step's number alone."""
        self._step, self._struck = step, 0
        for name, dice in self._dice.items():
            dice.seed(f"{self._seed}/{step}/{name}")

    def strikes(self, dice: random.Random, chance: float, *, fault: bool = True) -> bool:
        """Whether something happens that a shorter story may go without."""
        return dice.random() < chance and self.struck(fault=fault)

    def struck(self, *, fault: bool = True) -> bool:
        """Whether what the dice say happens in this story; one more stroke of this step."""
        self._struck += 1
        stroke = (self._step, self._struck)
        if stroke in self.without.strokes:
            return False
        self.strokes.append(stroke)
        self.faults += fault
        return True


def id_maker(dice: random.Random, clock: Callable[[], dt.datetime]) -> Callable[[], RecordId]:
    """UUIDv7 as the application makes them, but from the seed's dice and the clock given."""

    def make() -> RecordId:
        milliseconds = max(0, int(clock().timestamp() * 1000))
        return uuid7_from(milliseconds, dice.getrandbits(74))

    return make


class Crashed(BaseException):
    """The process died here. Not an `Exception`: nothing in the product may catch it."""
