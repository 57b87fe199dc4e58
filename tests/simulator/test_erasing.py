"""People are erased under bad weather: nobody keeps them, and nothing else goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import pytest

from crm_core.ids import RecordId
from crm_desktop.models.journal import erasing
from crm_desktop.models.journal.rows import fetch
from crm_desktop.models.merging import merge_records
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect
from tests.simulator import world
from tests.simulator.company import LAPTOPS, fixed_id
from tests.simulator.device import Device
from tests.simulator.erasing import ErasingWorld
from tests.simulator.violation import Violation

SEEDS = range(1, 25)
HIM, OTHER = fixed_id(200), fixed_id(220)


def test_whoever_was_erased_is_nowhere_in_the_end() -> None:
    erased = words = 0
    for seed in SEEDS:
        played = ErasingWorld(seed)
        played.run()
        erased += played.erased
        words += len(played.erased_words())
    assert erased >= 10, "too few were erased to prove anything"
    assert words >= 30, "too little of them was typed before"


@pytest.mark.parametrize("seeds", [range(25, 27)])
def test_some_stories_of_erasing(seeds: Sequence[int]) -> None:
    for seed in seeds:
        ErasingWorld(seed).run()


class MergedAway(ErasingWorld):
    """In fine weather somebody merges away whom IT has erased meanwhile, and types above that when
    the merge is refused and his laptop has not heard yet why."""

    def __init__(self) -> None:
        with patch.object(world, "crowd", lambda *_: LAPTOPS[:1]):
            super().__init__(seed=1, steps=1)
        self.weather.badness = 0.0

    def _step(self, number: int) -> None:
        del number
        device = self._devices[0]
        self._types(device, OTHER, "v1q.\n")
        self._types(device, HIM, "v2q.\n")
        self.erase(HIM)
        merge_records(device.store, "contact", HIM, OTHER, {"preferences": "v1q.\nv2q.\n"})
        with patch.object(self, "_between", self._type_before_pulling):
            self._synchronise(device)

    def _type_before_pulling(self, device: Device, effect: Effect[Any]) -> None:
        if isinstance(effect, do.OpenPull):
            self._types(device, OTHER, "v1q.\nv2q.\nv3q.\n")

    def _types(self, device: Device, contact: RecordId, preferences: str) -> None:
        row = fetch(device.store.write, "contact", contact)
        assert row is not None
        self._hands[device.name].set("contact", row, {"preferences": preferences}, "edits")
        self._look(device)


def test_what_was_typed_above_a_merge_loses_what_the_merge_brought_in_alone() -> None:
    MergedAway().run()


@pytest.mark.parametrize(
    ("instead", "promise"),
    [
        ("NULL", 1),
        ("replace(new ->> 'preferences', old ->> 'preferences', '')", 1),
        ("new ->> 'preferences'", 16),
    ],
    ids=["it all goes", "what the other one had goes too", "it stays"],
)
def test_who_watches_what_was_typed_above_a_merge_notices_that(instead: str, promise: int) -> None:
    def wrong(gone: Any, key: bytes, since: int, *_: Any) -> None:
        gone.c.run(
            f"UPDATE op SET new = json_set(new, '$.preferences', {instead})"
            " WHERE kind = ? AND id = ? AND cs > ?",
            (gone.kind, key, since),
        )

    with patch.object(erasing, "_blank_above", wrong), pytest.raises(Violation) as found:
        MergedAway().run()
    assert found.value.number == promise
