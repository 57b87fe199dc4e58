"""Looks for each planted bug: `python -m tests.simulator.mutants [--write] [NAME …]`."""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor

from tests.simulator.mutants import MUTANTS
from tests.simulator.mutants.mutant import Mutant, keep, kept, noticed_with, passes, search

NICENESS = 10


def main() -> int:
    """Exit code 1 where one is not caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="parts of names; without any: all")
    parser.add_argument("--seeds", type=int, default=300, help="how far to look")
    parser.add_argument("--write", action="store_true", help="keep the seeds in caught.json")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    chosen = [
        mutant
        for mutant in MUTANTS
        if not options.names or any(part in mutant.name for part in options.names)
    ]
    found: dict[str, int] = {}
    missed = 0
    with ProcessPoolExecutor(options.workers, initializer=os.nice, initargs=(NICENESS,)) as pool:
        jobs = [pool.submit(look_for, mutant.name, options.seeds) for mutant in chosen]
        for mutant, job in zip(chosen, jobs, strict=True):
            seed, words = job.result()
            missed += seed is None
            if seed:
                found[mutant.name] = seed
            print(f"{mutant.name}: {words}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} are caught.")
    if options.write:
        names = [mutant.name for mutant in MUTANTS]
        both = {**kept(), **found}
        keep({name: both[name] for name in names if name in both})
    return 1 if missed else 0


def look_for(name: str, seeds: int) -> tuple[int | None, str]:
    """The seed that catches a mutant (0: a test does; None: nobody), and words for it."""
    mutant = next(one for one in MUTANTS if one.name == name)
    if mutant.test is not None:
        noticed = noticed_with(mutant)
        if noticed is None or not passes(mutant, noticed):
            return None, _missed(mutant)
        return 0, mutant.caught_by
    caught = search(mutant, (*kept_first(name), *range(1, seeds + 1)))
    if caught is None:
        return None, _missed(mutant)
    return caught[0], f"seed {caught[0]}, {caught[1]}"


def kept_first(name: str) -> tuple[int, ...]:
    """The seed that caught it the last time: mostly it still does."""
    seed = kept().get(name)
    return () if seed is None else (seed,)


def _missed(mutant: Mutant) -> str:
    return f"NOT CAUGHT ({mutant.caught_by} was to catch it)"


if __name__ == "__main__":
    raise SystemExit(main())
