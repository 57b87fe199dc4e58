"""Replays one seed and tells its story: `python -m tests.simulator --seed N`.

With `--shrink` the story of a seed that fails is told without all that is not needed for it. With
`--world NAME` it is told in another world than the soak tells it in.
"""

from __future__ import annotations

import argparse

from tests.simulator.shrink import Shrinker
from tests.simulator.violation import Violation
from tests.simulator.worlds import BY_NAME, WorldClass, world_of


def main() -> int:
    """Exit code 1 where an invariant does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, default=0, help="without: as many as the world has")
    parser.add_argument("--world", choices=BY_NAME, help="without: as the soak chooses")
    parser.add_argument("--shrink", action="store_true")
    options = parser.parse_args()
    told = shrunk if options.shrink else whole
    of = BY_NAME[options.world] if options.world else world_of(options.seed)
    story, violation = told(options.seed, options.steps, of)
    print("\n".join(story))
    print(f"\n{violation or 'All invariants hold.'}")
    return 1 if violation else 0


def whole(seed: int, steps: int, of: WorldClass) -> tuple[list[str], Violation | None]:
    """The story as it is, and the violation it ends with."""
    world = of(seed, steps) if steps else of(seed)
    try:
        world.run()
    except Violation as violation:
        return world.story, violation
    return world.story, None


def shrunk(seed: int, steps: int, of: WorldClass) -> tuple[list[str], Violation | None]:
    """The shortest story with the same violation."""
    shrinker = Shrinker(seed, steps, of=of)
    told = shrinker.shortest()
    if told is None:
        return [], None
    left = shrinker.steps - len(told.without.steps)
    head = (
        f"{left} of {shrinker.steps} steps, {len(told.strokes)} strokes; told {shrinker.runs} times"
    )
    return [head, "", *told.story], told.violation


if __name__ == "__main__":
    raise SystemExit(main())
