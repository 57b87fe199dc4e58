"""Seeds in which people attach files, and no file is lost, whatever happens."""

from __future__ import annotations

import pytest

from tests.simulator.files_world import FilesWorld
from tests.simulator.violation import Violation

SEEDS = 30
AT_ONCE = 10


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, SEEDS + 1, AT_ONCE))
def test_no_file_vanishes_whatever_happens(first: int) -> None:
    attached = sum(play(seed) for seed in range(first, first + AT_ONCE))
    assert attached > AT_ONCE


@pytest.mark.parametrize("seed", [32, 20_161])
def test_what_a_seed_with_files_once_found_is_mended(seed: int) -> None:
    """32: two restores of one backup gave out numbers twice. 20161: what came in one push with a
    merge above it stayed below the record that was merged away."""
    play(seed)


def test_a_story_of_files_is_told_twice_alike() -> None:
    first, second = FilesWorld(4), FilesWorld(4)
    first.run()
    second.run()
    assert first.story == second.story


def play(seed: int) -> int:
    """How many files were attached."""
    world = FilesWorld(seed)
    try:
        world.run()
    except Violation as violation:
        pytest.fail(f"{violation}; seed {seed}:\n" + "\n".join(world.story))
    return sum(len(found) for found in world.watch.attached.values())
