"""Time and chance: both come from the seed alone."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

from crm_core.ids import RecordId, uuid7_from

START = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)


class VirtualTime:
    """The true time; every device may believe something else."""

    def __init__(self) -> None:
        self.now = START

    def pass_by(self, seconds: float) -> None:
        self.now += dt.timedelta(seconds=seconds)


def id_maker(dice: random.Random, clock: Callable[[], dt.datetime]) -> Callable[[], RecordId]:
    """UUIDv7 as the application makes them, but from the seed's dice and the clock given."""

    def make() -> RecordId:
        milliseconds = max(0, int(clock().timestamp() * 1000))
        return uuid7_from(milliseconds, dice.getrandbits(74))

    return make


class Crashed(BaseException):
    """The process died here. Not an `Exception`: nothing in the product may catch it."""
