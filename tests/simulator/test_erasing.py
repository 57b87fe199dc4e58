"""People are erased under bad weather: nobody keeps them, and nothing else goes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.simulator.erasing import ErasingWorld

SEEDS = range(1, 25)


def test_whoever_was_erased_is_nowhere_in_the_end() -> None:
    erased = words = 0
    for seed in SEEDS:
        played = ErasingWorld(seed)
        played.run()
        erased += played.erased
        words += len(played.erased_words())
    assert erased >= 10, "too few were erased to prove anything"
    assert words >= 30, "too little of them was typed before"


@pytest.mark.parametrize("seeds", [range(25, 27)])
def test_some_stories_of_erasing(seeds: Sequence[int]) -> None:
    for seed in seeds:
        ErasingWorld(seed).run()
