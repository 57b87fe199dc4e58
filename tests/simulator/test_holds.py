"""Records are held back under bad weather: what is held stays, and nothing waits for nothing."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest

from crm_core.ids import RecordId
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import blocking, carrying, holding, queueing
from crm_desktop.models.replica import Summary
from tests.simulator.holds import HoldingWorld
from tests.simulator.worlds import broken_by

SEEDS = range(1, 13)
Plant = Callable[[], Any]


def test_what_is_held_back_stays_on_its_laptop_and_nothing_else_does() -> None:
    counted = 0
    for seed in SEEDS:
        played = HoldingWorld(seed)
        played.run()
        counted += played.counted
    assert counted >= 80, "too little was held back to prove anything"


@contextmanager
def only_what_is_there_is_held() -> Generator[None]:
    """What is typed into a record while it is held goes out."""
    with patch.object(blocking, "state_of", lambda _c, _n: "queued"):
        yield


@contextmanager
def released_and_forgotten() -> Generator[None]:
    """A record is let go, and its steps wait on."""
    judged = queueing._judged_anew

    def forget(c: Connection, kind: str, record_id: RecordId) -> Summary:
        if holding.is_held(c, kind, record_id):
            return judged(c, kind, record_id)
        return Summary(outbox_changed=True)

    with patch.object(queueing, "_judged_anew", forget):
        yield


@contextmanager
def judged_anew_as_if_nothing_were_held() -> Generator[None]:
    """Whenever it is looked what waits, what is held counts no more."""
    with patch.object(blocking, "_set_anew", partial(_without_holds, blocking._set_anew)):
        yield


def _without_holds(set_anew: Callable[..., bool], *given: Any) -> bool:
    with patch.object(holding, "held", lambda _c: {}):
        return set_anew(*given)


@contextmanager
def forgotten_with_the_former_file() -> Generator[None]:
    """A new file is made without what was held back."""
    copy = carrying._copy

    def lossy(old: Connection, new: Connection, table: str) -> None:
        copy(old, new, table)
        new.run("DELETE FROM meta WHERE name LIKE 'held:%'")

    with patch.object(carrying, "_copy", lossy):
        yield


CAUGHT: tuple[tuple[Plant, int, int], ...] = (
    (only_what_is_there_is_held, 1, 1),
    (released_and_forgotten, 1, 11),
    (judged_anew_as_if_nothing_were_held, 1, 1),
    (forgotten_with_the_former_file, 8, 1),
)
"""Each bug with a seed that catches it, and the promise that it breaks."""


@pytest.mark.parametrize(("plant", "seed", "promise"), CAUGHT)
def test_a_bug_planted_into_holding_is_noticed(plant: Plant, seed: int, promise: int) -> None:
    assert broken_by(plant, HoldingWorld, seed) == promise
