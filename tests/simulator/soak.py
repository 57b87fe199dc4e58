"""Plays new seeds for a while, each in its world: `python -m tests.simulator.soak --minutes N`.

Where it stopped the last time and what it has seen so far stands in docs/soak.md, which belongs
into the repository: no seed is played twice for nothing.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path

from tests.simulator.violation import Violation
from tests.simulator.worlds import ALL_FROM, world_of

PAGE = Path(__file__).parents[2] / "docs" / "soak.md"
FIRST_SEED = 1001
"""The ones below are played by every `make test`."""

SEEDS_AT_ONCE = 10
SECTION = "<!-- chaos: begin -->"
"""Where the section of tests/chaos begins."""

_NAMES = ("Next seed", "Seeds played", "Steps played", "Faults survived", "Violations")
_FIGURES = re.compile(rf"^- ({'|'.join(_NAMES)}): ([\d,]+)$", re.MULTILINE)


_OF_A_WORLD = re.compile(r"^\| (\w+World|World) \|" + r" ([\d,]+) \|" * 4 + "$", re.MULTILINE)


@dataclass(frozen=True)
class Count:
    """What some seeds came to."""

    seeds: int = 0
    steps: int = 0
    faults: int = 0
    violations: int = 0

    def __add__(self, more: Count) -> Count:
        return Count(
            self.seeds + more.seeds, self.steps + more.steps,
            self.faults + more.faults, self.violations + more.violations,
        )  # fmt: skip


@dataclass(frozen=True)
class Totals:
    """What all soaks together have seen; `worlds`: how much of it each world since they are counted
    by themselves."""

    next_seed: int = FIRST_SEED
    all: Count = Count()
    worlds: Mapping[str, Count] = field(default_factory=dict[str, Count])


@dataclass(frozen=True)
class Batch:
    """What a batch of seeds came to, by world; `found` has a line for each that broke something."""

    worlds: Mapping[str, Count]
    found: tuple[str, ...] = ()


def main() -> int:
    """Exit code 1 where an invariant did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    before = totals = read(PAGE)
    totals = replace(totals, next_seed=max(totals.next_seed, ALL_FROM))
    end_s = time.monotonic() + options.minutes * 60
    with ProcessPoolExecutor(options.workers) as pool:
        while time.monotonic() < end_s:
            first = totals.next_seed
            starts = range(first, first + options.workers * SEEDS_AT_ONCE, SEEDS_AT_ONCE)
            for batch in pool.map(play, starts):
                print(*batch.found, sep="\n", end="\n" if batch.found else "", flush=True)
                totals = counted(totals, batch)
    write(PAGE, totals)
    played = totals.all.seeds - before.all.seeds
    failed = totals.all.violations - before.all.violations
    print(f"{played} seeds, {failed} violations; the next soak begins at seed {totals.next_seed}.")
    return 1 if failed else 0


def play(start: int) -> Batch:
    """Play some seeds."""
    worlds: dict[str, Count] = {}
    found: list[str] = []
    for seed in range(start, start + SEEDS_AT_ONCE):
        world = world_of(seed)(seed)
        name = type(world).__name__
        before = len(found)
        try:
            world.run()
        except Violation as violation:
            found.append(f"seed {seed} ({name}): {violation}")
        of_it = Count(1, len(world.played), world.fate.faults, len(found) - before)
        worlds[name] = worlds.get(name, Count()) + of_it
    return Batch(worlds, tuple(found))


def counted(totals: Totals, batch: Batch) -> Totals:
    """The totals with one more batch."""
    names = {*totals.worlds, *batch.worlds}
    worlds = {x: totals.worlds.get(x, Count()) + batch.worlds.get(x, Count()) for x in names}
    together = sum(batch.worlds.values(), Count())
    return Totals(totals.next_seed + together.seeds, totals.all + together, worlds)


def read(page: Path) -> Totals:
    """The totals on the page; where there is none, the beginning."""
    if not page.exists():
        return Totals()
    own = page.read_text().partition(SECTION)[0]
    figures = {name: _number(number) for name, number in _FIGURES.findall(own)}
    next_seed, *all_ = (figures.get(name, 0) for name in _NAMES)
    worlds = {name: Count(*map(_number, counts)) for name, *counts in _OF_A_WORLD.findall(own)}
    return Totals(next_seed, Count(*all_), worlds)


def _number(written: str) -> int:
    return int(written.replace(",", ""))


def write(page: Path, totals: Totals) -> None:
    """Write the totals down; what stands in sections of its own below them stays."""
    _, mark, others = (page.read_text() if page.exists() else "").partition(SECTION)
    figures = (totals.next_seed, *astuple(totals.all))
    lines = [f"- {name}: {number:,}" for name, number in zip(_NAMES, figures, strict=True)]
    if totals.worlds:
        lines += [
            "",
            "Of these, by world (`tests/simulator/worlds.py`), since all of them are played:",
        ]
        lines += ["", "| world | seeds | steps | faults | violations |", "|---|--:|--:|--:|--:|"]
        lines += [
            f"| {name} | " + " | ".join(f"{number:,}" for number in astuple(count)) + " |"
            for name, count in sorted(totals.worlds.items())
        ]
    page.write_text(
        "# Soak\n\n"
        "What `make soak MINUTES=n` has played so far: laptops, people, a server and bad weather,\n"
        "each seed another story (`python -m tests.simulator --seed N` tells it).\n\n"
        + "".join(f"{line}\n" for line in lines)
        + (f"\n{mark}{others}" if mark else "")
    )


if __name__ == "__main__":
    raise SystemExit(main())
