"""The bench itself: its table tells the truth, and each of its measures runs."""

from __future__ import annotations

import pytest

from tests.bench.__main__ import MEASURES, main
from tests.bench.machine import peak_memory_mib, reset_peak_memory, watched
from tests.bench.table import Row, Target, drawn
from tests.e2e.nursery import Nursery

FEW = {"listeners": 20}
"""Of devices, each of which has to sign in first."""


@pytest.mark.parametrize(
    ("target", "ratio", "verdict"),
    [
        (Target(2.0), 1.9, "kept"),
        (Target(2.0), 2.2, "close"),
        (Target(2.0), 2.4, "MISSED"),
        (Target(0.3, at_most=False), 0.31, "kept"),
        (Target(0.3, at_most=False), 0.28, "close"),
        (Target(0.3, at_most=False), 0.2, "MISSED"),
    ],
)
def test_a_missed_promise_is_marked(target: Target, ratio: float, verdict: str) -> None:
    assert target.verdict(ratio) == verdict


def test_the_table_names_each_promise_with_its_ratio_and_target() -> None:
    text = drawn([Row("first sync", "4.00 s", "2.00 s", 2.0, Target(2.0), 0.25)])
    line = text.splitlines()[-1]
    assert line.split() == [
        "first",
        "sync",
        "4.00",
        "s",
        "2.00",
        "s",
        "2.00",
        "≤",
        "2",
        "kept",
        "0.25",
        "cores",
    ]


def test_our_own_work_is_not_foreign_load() -> None:
    with watched() as load:
        sum(n * n for n in range(1_000_000))
    assert load.foreign is not None
    assert load.foreign < 2.5


def test_peak_memory_sees_what_was_given_back() -> None:
    reset_peak_memory()
    before = peak_memory_mib()
    block = bytearray(64 * 1024 * 1024)
    block[::4096] = b"x" * len(block[::4096])
    del block
    assert peak_memory_mib() - before > 48


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("row", MEASURES)
def test_each_measure_runs_with_few_records(
    row: str, capsys: pytest.CaptureFixture[str], nursery: Nursery
) -> None:
    few = str(FEW.get(row, 200))
    assert main([row, "--runs", "1", "--records", few], nursery.start) == 0
    assert "kept" in (said := capsys.readouterr().out) or "MISSED" in said or "close" in said
