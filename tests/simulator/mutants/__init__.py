"""Bugs planted in the code that ships, to see that the tests notice.

`python -m tests.simulator.mutants` searches for each the first seed that catches it; with `--write`
the seeds go into `caught.json`, from which the suite replays them.
"""

from __future__ import annotations

from tests.simulator.mutants import (
    engine,
    erasing,
    feed,
    files,
    forgetting,
    hints,
    joining,
    journal,
    judging,
    merge,
    parking,
    revoking,
    server,
    storage,
    watched,
)
from tests.simulator.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *engine.MUTANTS, *journal.MUTANTS, *parking.MUTANTS, *merge.MUTANTS, *judging.MUTANTS,
    *server.MUTANTS, *feed.MUTANTS, *storage.MUTANTS, *joining.MUTANTS,
    *watched.MUTANTS, *forgetting.MUTANTS, *hints.MUTANTS, *files.MUTANTS,
    *erasing.MUTANTS, *revoking.MUTANTS,
)  # fmt: skip
