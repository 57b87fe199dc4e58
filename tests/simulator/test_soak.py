"""Where a soak goes on."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.totals import Line, lines_of, next_seed, noted
from tests.simulator.soak import FIRST_SEED, Batch, Totals, counted, read, write


def test_a_soak_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    page = tmp_path / "soak.md"
    assert read(page) == Totals(FIRST_SEED)
    write(page, Totals(2_345, 1_344, 34_000, 33_000, 1))
    assert read(page) == Totals(2_345, 1_344, 34_000, 33_000, 1)


def test_a_soak_keeps_the_sections_of_others(tmp_path: Path) -> None:
    page = tmp_path / "soak.md"
    write(page, Totals(2_345, 1_344, 34_000, 33_000, 1))
    noted(page, Line("abc1234", rounds=3), 4)
    write(page, Totals(2_355, 1_354, 35_000, 34_000, 1))
    assert read(page) == Totals(2_355, 1_354, 35_000, 34_000, 1)
    assert (next_seed(page), lines_of(page)) == (4, [Line("abc1234", rounds=3)])


def test_a_soak_counts_seeds_steps_and_faults() -> None:
    before = Totals(1_101, 100, 20, 10, 0)
    assert counted(before, Batch(5, 3, ("seed 1101: …",))) == Totals(1_111, 110, 25, 13, 1)
