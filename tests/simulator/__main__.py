"""Replays one seed and tells its story: `python -m tests.simulator --seed N`."""

from __future__ import annotations

import argparse

from tests.simulator.invariants import Violation
from tests.simulator.world import STEPS, World


def main() -> int:
    """Exit code 1 where an invariant does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, default=STEPS)
    options = parser.parse_args()
    world = World(options.seed, options.steps)
    try:
        world.run()
    except Violation as violation:
        print("\n".join(world.story))
        print(f"\n{violation}")
        return 1
    print("\n".join(world.story))
    print("\nAll invariants hold.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
