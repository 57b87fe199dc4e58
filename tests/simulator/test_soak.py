"""Where a soak goes on."""

from __future__ import annotations

from pathlib import Path

from tests.chaos.totals import Line, lines_of, next_seed, noted
from tests.simulator.soak import FIRST_SEED, Totals, read, write


def test_a_soak_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    page = tmp_path / "soak.md"
    assert read(page) == Totals(FIRST_SEED, 0, 0)
    write(page, Totals(2_345, 1_344, 1))
    assert read(page) == Totals(2_345, 1_344, 1)


def test_a_soak_keeps_the_sections_of_others(tmp_path: Path) -> None:
    page = tmp_path / "soak.md"
    write(page, Totals(2_345, 1_344, 1))
    noted(page, Line("abc1234", rounds=3), 4)
    write(page, Totals(2_355, 1_354, 1))
    assert read(page) == Totals(2_355, 1_354, 1)
    assert (next_seed(page), lines_of(page)) == (4, [Line("abc1234", rounds=3)])
