"""The simulator notices when the product is broken."""

from __future__ import annotations

import pytest

from tests.simulator.mutants import MUTANTS, Mutant, caught_by

SEARCHED = 80
"""Where other code throws the dice otherwise, the seed written down may tell another story."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_bug_is_caught(mutant: Mutant) -> None:
    seeds = (mutant.seed, *range(1, SEARCHED + 1))
    violation = next((found for seed in seeds if (found := caught_by(mutant, seed))), None)
    assert violation is not None
    assert violation.number == mutant.invariant
