"""Plays new seeds for a while: `python -m tests.simulator.soak --minutes N`.

Where it stopped the last time and what it has seen so far stands in docs/soak.md, which belongs
into the repository: no seed is played twice for nothing.
"""

from __future__ import annotations

import argparse
import re
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path

from tests.simulator.violation import Violation
from tests.simulator.world import World

PAGE = Path(__file__).parents[2] / "docs" / "soak.md"
FIRST_SEED = 1001
"""The ones below are played by every `make test`."""

SEEDS_AT_ONCE = 10
SECTION = "<!-- chaos: begin -->"
"""Where the section of tests/chaos begins."""

_NAMES = ("Next seed", "Seeds played", "Steps played", "Faults survived", "Violations")
_FIGURES = re.compile(rf"^- ({'|'.join(_NAMES)}): ([\d,]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Totals:
    """What all soaks together have seen."""

    next_seed: int = FIRST_SEED
    played: int = 0
    steps: int = 0
    faults: int = 0
    violations: int = 0


@dataclass(frozen=True)
class Batch:
    """What a batch of seeds came to; `found` has a line for each that broke an invariant."""

    steps: int
    faults: int
    found: tuple[str, ...]


def main() -> int:
    """Exit code 1 where an invariant did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    before = totals = read(PAGE)
    end_s = time.monotonic() + options.minutes * 60
    with ProcessPoolExecutor(options.workers) as pool:
        while time.monotonic() < end_s:
            first = totals.next_seed
            starts = range(first, first + options.workers * SEEDS_AT_ONCE, SEEDS_AT_ONCE)
            for batch in pool.map(play, starts):
                print(*batch.found, sep="\n", end="\n" if batch.found else "", flush=True)
                totals = counted(totals, batch)
    write(PAGE, totals)
    played, failed = totals.played - before.played, totals.violations - before.violations
    print(f"{played} seeds, {failed} violations; the next soak begins at seed {totals.next_seed}.")
    return 1 if failed else 0


def play(start: int) -> Batch:
    """Play some seeds."""
    steps = faults = 0
    found: list[str] = []
    for seed in range(start, start + SEEDS_AT_ONCE):
        world = World(seed)
        try:
            world.run()
        except Violation as violation:
            found.append(f"seed {seed}: {violation}")
        steps += len(world.played)
        faults += world.fate.faults
    return Batch(steps, faults, tuple(found))


def counted(totals: Totals, batch: Batch) -> Totals:
    """The totals with one more batch."""
    return Totals(
        totals.next_seed + SEEDS_AT_ONCE,
        totals.played + SEEDS_AT_ONCE,
        totals.steps + batch.steps,
        totals.faults + batch.faults,
        totals.violations + len(batch.found),
    )


def read(page: Path) -> Totals:
    """The totals on the page; where there is none, the beginning."""
    if not page.exists():
        return Totals()
    figures = {
        name: int(number.replace(",", ""))
        for name, number in _FIGURES.findall(page.read_text().partition(SECTION)[0])
    }
    return Totals(*(figures.get(name, 0) for name in _NAMES))


def write(page: Path, totals: Totals) -> None:
    """Write the totals down; what stands in sections of its own below them stays."""
    _, mark, others = (page.read_text() if page.exists() else "").partition(SECTION)
    page.write_text(
        "# Soak\n\n"
        "What `make soak MINUTES=n` has played so far: laptops, people, a server and bad weather,\n"
        "each seed another story (`python -m tests.simulator --seed N` tells it).\n\n"
        + "".join(
            f"- {name}: {number:,}\n" for name, number in zip(_NAMES, astuple(totals), strict=True)
        )
        + (f"\n{mark}{others}" if mark else "")
    )


if __name__ == "__main__":
    raise SystemExit(main())
