"""Where a soak goes on."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.totals import Line, lines_of, next_seed, noted
from tests.simulator.soak import FIRST_SEED, Batch, Count, Totals, counted, read, write
from tests.simulator.world import World
from tests.simulator.worlds import ALL_FROM, OTHERS, world_of

SO_FAR = Totals(
    2_345,
    Count(1_344, 34_000, 33_000, 1),
    {"World": Count(700, 17_000, 16_000, 0), "FilesWorld": Count(644, 17_000, 17_000, 1)},
)


def test_a_soak_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    page = tmp_path / "soak.md"
    assert read(page) == Totals(FIRST_SEED)
    write(page, SO_FAR)
    assert read(page) == SO_FAR


def test_a_soak_keeps_the_sections_of_others(tmp_path: Path) -> None:
    page = tmp_path / "soak.md"
    write(page, SO_FAR)
    noted(page, Line("abc1234", rounds=3), 4)
    later = counted(SO_FAR, Batch({"World": Count(10, 1_000, 1_000, 0)}))
    write(page, later)
    assert read(page) == later
    assert (next_seed(page), lines_of(page)) == (4, [Line("abc1234", rounds=3)])


def test_a_soak_counts_seeds_steps_and_faults_by_world() -> None:
    before = Totals(1_101, Count(100, 20, 10, 0), {"World": Count(100, 20, 10, 0)})
    batch = Batch({"World": Count(6, 3, 2, 0), "FilesWorld": Count(4, 2, 1, 1)}, ("seed 1101: …",))
    after = counted(before, batch)
    assert (after.next_seed, after.all) == (1_111, Count(110, 25, 13, 1))
    assert after.worlds == {"World": Count(106, 23, 12, 0), "FilesWorld": Count(4, 2, 1, 1)}


def test_every_world_is_told_of_and_everyday_work_most() -> None:
    told = [world_of(seed) for seed in range(ALL_FROM, ALL_FROM + 1_000)]
    assert 450 <= told.count(World) <= 550
    assert all(70 <= told.count(one) <= 130 for one in OTHERS)
    assert {world_of(seed) for seed in range(1, ALL_FROM)} == {World}


def test_every_world_meets_whatever_depends_on_the_remainder_of_a_seed() -> None:
    for every in (5, 6, 40):
        met = {(world_of(seed), seed % every) for seed in range(ALL_FROM, ALL_FROM + 2_000)}
        assert len(met) == (1 + len(OTHERS)) * every
