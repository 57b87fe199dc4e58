"""Which world a seed is told in: that of everyday work, or one where people do one thing more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import TypeAlias
from zlib import crc32

from tests.simulator.erasing import ErasingWorld
from tests.simulator.files_world import FilesWorld
from tests.simulator.hints import ListeningWorld
from tests.simulator.holds import HoldingWorld
from tests.simulator.masks import MaskingWorld
from tests.simulator.offers import OfferingWorld
from tests.simulator.violation import Violation
from tests.simulator.world import World

WorldClass: TypeAlias = type[
    World | ErasingWorld | FilesWorld | HoldingWorld | ListeningWorld | MaskingWorld | OfferingWorld
]

OTHERS: tuple[WorldClass, ...] = (
    FilesWorld, OfferingWorld, ListeningWorld, ErasingWorld, HoldingWorld, MaskingWorld,
)  # fmt: skip
BY_NAME: Mapping[str, WorldClass] = {one.__name__: one for one in (World, *OTHERS)}

ALL_FROM = 20_001
"""Seeds below are told in `World`: the suite's, and all that were played before there was a choice.
"""


def world_of(seed: int) -> WorldClass:
    """Every other seed or so is told in `World`, the rest in all others alike; by a checksum, so
    that each meets whatever else depends on a seed's remainder."""
    turn = crc32(b"%d" % seed)
    if seed < ALL_FROM or turn % 2:
        return World
    return OTHERS[turn // 2 % len(OTHERS)]


def broken_by(
    plant: Callable[[], AbstractContextManager[None]], world: WorldClass, seed: int
) -> int:
    """The promise (a number of sync.md §3) that a story breaks with a bug planted; 0: none."""
    world(1, steps=0).run()  # templates are made before anything is broken
    with plant():
        try:
            world(seed).run()
        except Violation as found:
            return found.number
    return 0
