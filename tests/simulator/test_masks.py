"""Fields are withheld and given back in bad weather: each laptop holds what its user receives."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from crm_server import pushing
from crm_server.judge import Author
from crm_server.sight import Generations
from tests.simulator.masks import MaskingWorld
from tests.simulator.worlds import broken_by

SEEDS = range(1, 13)
Plant = Callable[[], Any]


def test_a_laptop_holds_what_its_user_receives_and_nothing_else() -> None:
    counted = 0
    for seed in SEEDS:
        played = MaskingWorld(seed)
        played.run()
        counted += played.counted
    assert counted >= 20, "too little was withheld to prove anything"


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(
            51488, id="a step that a restored server lost was sent again without its value"
        ),
        pytest.param(86476, id="nobody is asked about what is given back before he hears of it"),
        pytest.param(162305, id="what left behind the news of a mask kept what was withheld"),
    ],
)
def test_what_was_found_stays_mended(seed: int) -> None:
    MaskingWorld(seed).run()


@contextmanager
def sent_once() -> Generator[None]:
    """Where another field is withheld than before, nothing is sent again."""
    with patch.object(Generations, "masked_otherwise", lambda *_: frozenset()):
        yield


@contextmanager
def whole_answers() -> Generator[None]:
    """The answer to a push withholds nothing."""
    with patch.object(pushing, "received", lambda _kind, values, _masks: values):
        yield


@contextmanager
def seen_with_its_version() -> Generator[None]:
    """Whoever saw a version of a record saw all of its fields."""
    with patch.object(Author, "unreceived", lambda *_: frozenset()):
        yield


CAUGHT: tuple[tuple[Plant, int, int], ...] = (
    (sent_once, 9, 5), (whole_answers, 15, 4), (seen_with_its_version, 1, 2),
)  # fmt: skip
"""Each bug with a seed that catches it, and the promise that it breaks."""


@pytest.mark.parametrize(("plant", "seed", "promise"), CAUGHT)
def test_a_bug_planted_into_masks_is_noticed(plant: Plant, seed: int, promise: int) -> None:
    assert broken_by(plant, MaskingWorld, seed) == promise
