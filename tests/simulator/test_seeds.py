"""Five hundred seeds in which nothing is lost, and proof that a seed is one story."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulator.chance import Without
from tests.simulator.regressions import REGRESSIONS
from tests.simulator.server_side import ServerSide
from tests.simulator.shrink import Shrinker
from tests.simulator.violation import Violation
from tests.simulator.world import STEPS, World

SEEDS = 500
AT_ONCE = 10
TWICE = (2, 7, 26, 40, 61, 88, 113, 205)
"""Seeds that are told twice; 40 has all laptops."""
PLAYED_BELOW = {*TWICE, *(one.seed for one in REGRESSIONS)}
"""What other tests here play, every time, is not played once more."""


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_nothing_is_lost_whatever_happens(first: int) -> None:
    for seed in set(range(first, first + AT_ONCE)) - PLAYED_BELOW:
        play(seed)


@pytest.mark.parametrize("seed", [one.seed for one in REGRESSIONS], ids=lambda seed: f"seed-{seed}")
def test_what_a_seed_once_found_is_mended(seed: int) -> None:
    play(seed)


def play(seed: int) -> None:
    try:
        World(seed).run()
    except Violation as violation:
        pytest.fail(f"{violation}; see: python -m tests.simulator --seed {seed}")


@pytest.mark.parametrize("seed", TWICE)
def test_a_seed_tells_the_same_story_twice(seed: int) -> None:
    first, second = World(seed), World(seed)
    first.run()
    second.run()
    assert first.story == second.story
    assert first.fate.strokes == second.fate.strokes
    assert len(first.story) > STEPS


def test_seeds_tell_the_same_stories_in_another_process() -> None:
    stories = {_told_with(hash_seed) for hash_seed in ("1", "2")}
    assert len(stories) == 1


def _told_with(hash_seed: str) -> str:
    told = (
        "from tests.simulator.world import World\n"
        f"for world in map(World, {TWICE[:4]}):\n"
        "    world.run()\n"
        "    print(*world.story, sep='\\n')\n"
    )
    return subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True, timeout=120,
        cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONHASHSEED": hash_seed},
    ).stdout  # fmt: skip


def test_a_step_left_out_throws_no_other_dice() -> None:
    whole = World(2)
    whole.run()
    first, *others = whole.played
    shorter = World(2, without=Without(steps=frozenset((first,))))
    shorter.run()
    assert shorter.played == {number: whole.played[number] for number in others}


def test_a_failing_story_is_told_without_what_is_not_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def planted(_server: ServerSide, device: str) -> None:
        raise Violation(99, device)

    monkeypatch.setattr(ServerSide, "withdraw", planted)
    stories = (Shrinker(seed, steps=8).shortest() for seed in range(345, 400))
    told = next(story for story in stories if story is not None)
    assert told.violation.number == 99
    assert len(told.without.steps) == 7
    assert len(told.without.devices) == len(told.devices) - 1
    assert told.strokes == ()
