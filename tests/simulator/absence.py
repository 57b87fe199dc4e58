"""Stories that take a year: laptops sleep for months, the server forgets what went meanwhile."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from crm_core.errors import CrmError
from crm_server.collecting import collect
from tests.simulator.company import LAPTOPS, device_id

if TYPE_CHECKING:
    from tests.simulator.world import World

LONG_EVERY, LONG = 6, 5
"""Of so many seeds one tells such a story."""

DAY_S = 86_400
DAYS = (1, 30, 600, 20_000)
MONTHS = (30, 20_000, 2 * DAY_S, 30 * DAY_S, 60 * DAY_S, 60 * DAY_S)


def is_long(seed: int) -> bool:
    """Whether a seed's story takes a year."""
    return seed % LONG_EVERY == LONG


def time_passes(world: World, dice: random.Random) -> None:
    """Some time between two steps; where days pass, the server collects."""
    if not is_long(world.seed):
        world._time.pass_by(dice.choice(DAYS))
        return
    seconds = dice.choice(MONTHS)
    world._time.pass_by(seconds)
    if seconds >= DAY_S:
        world.tell(f"{seconds // DAY_S} days pass")
        server_collects(world)


def put_away_the_rest(world: World) -> None:
    """Laptops that have no part in the story are not waited for."""
    used = set(world.names)
    with world.server.store.note() as tx:
        for name, _ in LAPTOPS:
            if name not in used:
                sql = "UPDATE device SET revoked_at = ? WHERE id = ?"
                tx.run(sql, (world.server.service.now, device_id(name)))


def server_collects(world: World) -> None:
    """As the running server does once a day."""
    try:
        done = collect(world.server.store, world.server.service.clock())
    except CrmError as failure:
        world.tell(f"the collection fails: {failure}")
        return
    if done.records or done.intervals:
        slept = f"; {len(done.sleepers)} sleep" if done.sleepers else ""
        world.tell(f"the server collects {done.records} records, up to {done.floor}{slept}")
