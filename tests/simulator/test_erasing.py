"""People are erased under bad weather: nobody keeps them, and nothing else goes."""

from __future__ import annotations

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


@pytest.mark.parametrize("seed", [25])
def test_a_story_of_erasing(seed: int) -> None:
    ErasingWorld(seed).run()
