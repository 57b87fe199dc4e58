"""Plays new seeds for a while: `python -m tests.simulator.soak --minutes N`.

Where it stopped the last time and what it has seen so far stands in docs/soak.md, which belongs
into the repository: no seed is played twice for nothing.
"""

from __future__ import annotations

import argparse
import itertools
import re
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.simulator.invariants import Violation
from tests.simulator.world import World

PAGE = Path(__file__).parents[2] / "docs" / "soak.md"
FIRST_SEED = 1001
"""The ones below are played by every `make test`."""

SEEDS_AT_ONCE = 10
SECTION = "<!-- chaos: begin -->"
"""Where the section of tests/chaos begins."""

_FIGURES = re.compile(r"^- (Next seed|Seeds played|Violations): ([\d,]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Totals:
    """What all soaks together have seen."""

    next_seed: int = FIRST_SEED
    played: int = 0
    violations: int = 0


def main() -> int:
    """Exit code 1 where an invariant did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    before = read(PAGE)
    end_s = time.monotonic() + options.minutes * 60
    played = failed = 0
    with ProcessPoolExecutor(options.workers) as pool:
        while time.monotonic() < end_s:
            starts = range(
                before.next_seed + played,
                before.next_seed + played + options.workers * SEEDS_AT_ONCE,
                SEEDS_AT_ONCE,
            )
            for line in itertools.chain.from_iterable(pool.map(play, starts)):
                failed += 1
                print(line, flush=True)
            played += len(starts) * SEEDS_AT_ONCE
    after = Totals(before.next_seed + played, before.played + played, before.violations + failed)
    write(PAGE, after)
    print(f"{played} seeds, {failed} violations; the next soak begins at seed {after.next_seed}.")
    return 1 if failed else 0


def play(start: int) -> list[str]:
    """Play a batch of seeds; one line for each that found something."""
    found: list[str] = []
    for seed in range(start, start + SEEDS_AT_ONCE):
        try:
            World(seed).run()
        except Violation as violation:
            found.append(f"seed {seed}: {violation}")
    return found


def read(page: Path) -> Totals:
    """The totals on the page; where there is none, the beginning."""
    if not page.exists():
        return Totals()
    figures = {
        name: int(number.replace(",", ""))
        for name, number in _FIGURES.findall(page.read_text().partition(SECTION)[0])
    }
    return Totals(figures["Next seed"], figures["Seeds played"], figures["Violations"])


def write(page: Path, totals: Totals) -> None:
    """Write the totals down; what stands in sections of its own below them stays."""
    _, mark, others = (page.read_text() if page.exists() else "").partition(SECTION)
    page.write_text(
        "# Soak\n\n"
        "What `make soak MINUTES=n` has played so far: laptops, people, a server and bad weather,\n"
        "each seed another story (`python -m tests.simulator --seed N` tells it).\n\n"
        f"- Next seed: {totals.next_seed:,}\n"
        f"- Seeds played: {totals.played:,}\n"
        f"- Violations: {totals.violations:,}\n" + (f"\n{mark}{others}" if mark else "")
    )


if __name__ == "__main__":
    raise SystemExit(main())
