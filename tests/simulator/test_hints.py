"""Seeds in which everybody listens: hints suffer, and nobody is left uninformed."""

from __future__ import annotations

import functools

import pytest

from tests.simulator.hints import ListeningWorld
from tests.simulator.violation import Violation

pytestmark = pytest.mark.slow

SEEDS = 18
AT_ONCE = 6


@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_hints_alone_bring_everybody_what_is_new(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        kept(seed)


def play(seed: int) -> list[str]:
    """The story of a seed."""
    world = ListeningWorld(seed)
    try:
        world.run()
    except Violation as violation:
        pytest.fail(f"{violation}; seed {seed} of tests.simulator.hints")
    return world.story


kept = functools.cache(play)
"""For who does not mind that another test here has played it already."""


def test_hints_are_followed_and_suffer_on_their_way() -> None:
    told: set[str] = set()
    for seed in range(1, 9):
        told.update(word for line in kept(seed) for word in WORDS if word in line)
    assert told == set(WORDS)


WORDS = ("follows a hint", "is lost", "will come late", "for nothing")


def test_a_seed_with_hints_tells_the_same_story_twice() -> None:
    assert play(7) == kept(7)
