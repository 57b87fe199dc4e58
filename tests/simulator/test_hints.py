"""Seeds in which everybody listens: hints suffer, and nobody is left uninformed."""

from __future__ import annotations

import pytest

from tests.simulator.hints import ListeningWorld
from tests.simulator.violation import Violation

SEEDS = 18
AT_ONCE = 6


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_hints_alone_bring_everybody_what_is_new(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        play(seed)


def play(seed: int) -> None:
    try:
        ListeningWorld(seed).run()
    except Violation as violation:
        pytest.fail(f"{violation}; seed {seed} of tests.simulator.hints")


def test_hints_are_followed_and_suffer_on_their_way() -> None:
    told: set[str] = set()
    for seed in range(1, 9):
        world = ListeningWorld(seed)
        world.run()
        told.update(word for line in world.story for word in WORDS if word in line)
    assert told == set(WORDS)


WORDS = ("follows a hint", "is lost", "will come late", "for nothing")


def test_a_seed_with_hints_tells_the_same_story_twice() -> None:
    first, second = ListeningWorld(7), ListeningWorld(7)
    first.run()
    second.run()
    assert first.story == second.story
