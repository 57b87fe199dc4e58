"""Three hundred seeds in which nothing is lost, and proof that a seed is one story."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulator.invariants import Violation
from tests.simulator.world import World

SEEDS = 300
AT_ONCE = 10


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_nothing_is_lost_whatever_happens(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        try:
            World(seed).run()
        except Violation as violation:
            pytest.fail(f"{violation}; see: python -m tests.simulator --seed {seed}")


@pytest.mark.parametrize("seed", [2, 26])
def test_a_seed_tells_the_same_story_twice(seed: int) -> None:
    first, second = World(seed), World(seed)
    first.run()
    second.run()
    assert first.story == second.story
    assert len(first.story) > 50


def test_a_seed_tells_the_same_story_in_another_process() -> None:
    stories = {_told_with(hash_seed) for hash_seed in ("1", "2")}
    assert len(stories) == 1


def _told_with(hash_seed: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulator", "--seed", "4"],
        capture_output=True, text=True, check=True, timeout=60,
        cwd=Path(__file__).parents[2], env={**os.environ, "PYTHONHASHSEED": hash_seed},
    ).stdout  # fmt: skip
