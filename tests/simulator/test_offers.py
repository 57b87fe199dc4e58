"""Work is handed over under bad weather: none of it goes, and none of it tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from crm_core.ids import ChangeSetId
from crm_core.wire import ChangeSetResult
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import offering as here
from crm_desktop.models.journal import settling
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_server import offering as there
from crm_server import pull, push
from crm_server.offering import Offering
from tests.simulator import offers
from tests.simulator.offers import OfferingWorld
from tests.simulator.worlds import broken_by

SEEDS = range(1, 25)
Plant = Callable[[], Any]


def test_handed_over_work_is_somewhere_at_every_moment() -> None:
    counted = Counter[str]()
    for seed in SEEDS:
        played = OfferingWorld(seed)
        played.run()
        counted.update(played.counted)
    assert counted["confirmed"] >= 5, "too little was offered to prove anything"
    assert counted["handed"] >= 1, "too little of it was decided"


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(90275, id="a note set back to what stood there all along needs no writing"),
        pytest.param(127229, id="what was offered in vain is its author's, who sends it again"),
    ],
)
def test_what_was_found_stays_mended(seed: int) -> None:
    OfferingWorld(seed).run()


@contextmanager
def applied_at_once() -> Generator[None]:
    """What is offered is written into the record, as if its author still had it."""
    park = Offering._park_all

    def write(self: Offering, *given: Any) -> Any:
        entity, place, change, by, _ = given
        self._work.put(entity, place, change.new, by)
        return park(self, *given)

    with patch.object(Offering, "_park_all", write):
        yield


@contextmanager
def gone_when_offered() -> Generator[None]:
    """Orphaned work is dropped as soon as it is offered, before the server has it."""
    offer = here.offer

    def hasty(store: Store, cs_id: ChangeSetId) -> Summary:
        done = offer(store, cs_id)
        with store.writing() as c:
            n = c.value("SELECT n FROM changeset WHERE id = ?", (bytes.fromhex(cs_id),))
            c.run("DELETE FROM op WHERE cs = ?", (n,))
            c.run("DELETE FROM changeset WHERE n = ?", (n,))
        return done

    with patch.object(offers, "offer", hasty):
        yield


@contextmanager
def place_told() -> Generator[None]:
    """The answer to an offer names the question in which it lies."""
    with patch.object(push, "as_told", lambda result: result):
        yield


def _silent(*_: Any) -> tuple[ChangeSetResult, ...]:
    return ()


@contextmanager
def never_told() -> Generator[None]:
    """Nobody hears what became of what he offered."""
    with patch.object(pull, "outcomes", _silent):
        yield


@contextmanager
def never_told_again() -> Generator[None]:
    """Nobody hears that a decision about what he offered was taken back."""
    with patch.object(pull, "waiting_again", _silent):
        yield


@contextmanager
def told_too_soon() -> Generator[None]:
    """What waits for a decision is called decided."""
    with patch.object(there, "_code", lambda *_: there.DECLINED):
        yield


@contextmanager
def parked_nowhere() -> Generator[None]:
    """The server says that it has passed an offer on, and has not."""

    def forgetful(_self: Offering, *given: Any) -> Any:
        change, index = given[2], given[4]
        return (there._waits(index, name, change.id) for name in change.new)

    with patch.object(Offering, "_park_all", forgetful):
        yield


@contextmanager
def refused_and_forgotten() -> Generator[None]:
    """A refused offer is given up, and what it spoke for waits for nothing."""

    def give_up(c: Connection, n: int, _verdict: ChangeSetResult) -> None:
        c.run("UPDATE changeset SET state = 'discarded' WHERE n = ?", (n,))

    with patch.object(settling.offering, "fall_back", give_up):
        yield


CAUGHT: tuple[tuple[Plant, int, int], ...] = (
    (applied_at_once, 4, 2),
    (gone_when_offered, 4, 1),
    (place_told, 4, 9),
    (never_told, 12, 11),
    (never_told_again, 77379, 11),
    (told_too_soon, 4, 11),
    (parked_nowhere, 4, 1),
    (refused_and_forgotten, 17, 1),
)
"""Each bug with a seed that catches it, and the promise that it breaks."""


@pytest.mark.parametrize(("plant", "seed", "promise"), CAUGHT)
def test_a_bug_planted_into_the_hand_over_is_noticed(plant: Plant, seed: int, promise: int) -> None:
    assert broken_by(plant, OfferingWorld, seed) == promise
