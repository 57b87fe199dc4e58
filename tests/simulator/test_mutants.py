"""The simulator notices when the product is broken."""

from __future__ import annotations

import pytest

from tests.simulator.mutants import MUTANTS, Mutant, caught_by


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_bug_is_caught(mutant: Mutant) -> None:
    violation = caught_by(mutant, mutant.seed)
    assert violation is not None
    assert violation.number == mutant.invariant
