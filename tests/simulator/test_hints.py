"""Seeds in which everybody listens: hints suffer, and nobody is left uninformed."""

from __future__ import annotations

import pytest

from tests.simulator.hints import ListeningWorld
from tests.simulator.violation import Violation

pytestmark = pytest.mark.slow

SEEDS = 18
AT_ONCE = 6

WORDS = ("follows a hint", "is lost", "will come late", "for nothing")
"""What hints meet on their way."""


@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_hints_alone_bring_everybody_what_is_new(first: int) -> None:
    told = [line for seed in range(first, first + AT_ONCE) for line in play(seed)]
    for word in WORDS:
        assert any(word in line for line in told), word


def play(seed: int) -> list[str]:
    """The story of a seed."""
    world = ListeningWorld(seed)
    try:
        world.run()
    except Violation as violation:
        pytest.fail(f"{violation}; seed {seed} of tests.simulator.hints")
    return world.story


def test_a_seed_with_hints_tells_the_same_story_twice() -> None:
    assert play(7) == play(7)
