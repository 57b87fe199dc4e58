"""The tests notice when the product is broken."""

from __future__ import annotations

import warnings

import pytest

from tests.simulator.mutants import MUTANTS
from tests.simulator.mutants.mutant import (
    Mutant,
    TableIsOld,
    caught_by,
    kept,
    noticed_with,
    passes,
    search,
)

SEARCHED = 40
"""Where the seed written down tells another story by now, one of so many is to catch it."""

IN_SIGHT = [mutant for mutant in MUTANTS if mutant.test is None]
ELSEWHERE = [mutant for mutant in MUTANTS if mutant.test is not None]
KEPT = kept()


def named(mutant: Mutant) -> str:
    return mutant.name.replace(" ", "-")


@pytest.mark.filterwarnings("default::tests.simulator.mutants.mutant.TableIsOld")
@pytest.mark.parametrize("mutant", IN_SIGHT, ids=named)
def test_the_simulator_catches_a_planted_bug(mutant: Mutant) -> None:
    seed = KEPT.get(mutant.name)
    if seed is not None and caught_by(mutant, seed):
        return
    found = search(mutant, range(1, SEARCHED + 1))
    assert found is not None, f"{mutant.name} goes by unseen; {mutant.caught_by} was to see it"
    words = f"{mutant.name} is caught by seed {found[0]} now, not {seed}"
    warnings.warn(f"{words}: make mutants ARGS=--write", TableIsOld, stacklevel=1)


@pytest.mark.parametrize("mutant", ELSEWHERE, ids=named)
def test_another_test_catches_a_planted_bug(mutant: Mutant) -> None:
    noticed = noticed_with(mutant)
    assert noticed is not None, f"{mutant.name} goes by unseen; {mutant.caught_by} was to see it"
    assert passes(mutant, noticed), f"{mutant.caught_by} fails as things are"


def test_the_table_names_mutants_that_there_are() -> None:
    assert KEPT.keys() <= {mutant.name for mutant in IN_SIGHT}
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 30
    assert all((mutant.plant.__doc__ or "").strip() for mutant in MUTANTS)
