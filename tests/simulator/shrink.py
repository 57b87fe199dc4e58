"""Makes a failing seed's story short: what is not needed for the same violation is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from tests.simulator.chance import NOTHING, Without
from tests.simulator.violation import Violation
from tests.simulator.world import World
from tests.simulator.worlds import WorldClass

T = TypeVar("T")
RUNS_MAX = 400


@dataclass(frozen=True)
class Told:
    """A story that ends with a violation, and what it is told without."""

    violation: Violation
    story: tuple[str, ...]
    without: Without
    strokes: tuple[tuple[int, int], ...]
    devices: tuple[str, ...]


class Shrinker:
    """Tells one seed again and again, each time without something more.

    A shorter story counts where it breaks the same invariant. `runs` counts the tellings; `steps`:
    0 for as many as the world has.
    """

    def __init__(
        self, seed: int, steps: int = 0, runs_max: int = RUNS_MAX, of: WorldClass = World
    ) -> None:
        self._seed = seed
        self.steps = steps or of(seed).steps
        self._of = of
        self._runs_max = runs_max
        self.runs = 0

    def shortest(self) -> Told | None:
        """The shortest story found; None where the seed finds nothing."""
        best = self._tell(NOTHING)
        if best is None:
            return None
        before = None
        while before != best.without and self.runs < self._runs_max:
            before = best.without
            best = self._fewer_devices(best)
            best = self._fewer_steps(best)
            best = self._fewer_strokes(best)
        return best

    def _fewer_devices(self, best: Told) -> Told:
        left = [name for name in best.devices if name not in best.without.devices]
        return self._without_some(best, left, 1, lambda without, some: replace(
            without, devices=without.devices.union(some)))  # fmt: skip

    def _fewer_steps(self, best: Told) -> Told:
        left = [n for n in range(1, self.steps + 1) if n not in best.without.steps]
        return self._without_some(best, left, len(left), lambda without, some: replace(
            without, steps=without.steps.union(some)))  # fmt: skip

    def _fewer_strokes(self, best: Told) -> Told:
        return self._without_some(
            best, best.strokes, len(best.strokes), lambda without, some: replace(
                without, strokes=without.strokes.union(some)))  # fmt: skip

    def _without_some(
        self, best: Told, items: Sequence[T], portion: int,
        leave_out: Callable[[Without, Sequence[T]], Without],
    ) -> Told:  # fmt: skip
        """Leave out as many of these as possible: large portions first, then single ones."""
        while portion >= 1:
            for some in _portions(items, portion):
                told = self._tell(leave_out(best.without, some), best.violation.number)
                if told is not None:
                    best = told
                    items = [item for item in items if item not in some]
            portion //= 2
        return best

    def _tell(self, without: Without, number: int | None = None) -> Told | None:
        if self.runs >= self._runs_max:
            return None
        self.runs += 1
        world = self._of(self._seed, self.steps, without)
        try:
            world.run()
        except Violation as violation:
            if number in (None, violation.number):
                strokes = tuple(world.fate.strokes)
                return Told(violation, tuple(world.story), without, strokes, world.names)
        return None


def _portions(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]
