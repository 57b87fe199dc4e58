"""Quarantine: one poisoned row costs nothing but itself, and is tried again ever less often."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_core.ids import RecordId
from crm_core.wire import WireRow
from crm_desktop.models.journal import received, retrying
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import clock_of, make_store, page, pull, row, value

ROWS = 64


def id_of(n: int) -> RecordId:
    return RecordId(f"{n + 1:032x}")


def poisoned(n: int) -> WireRow:
    return WireRow(id_of(n), n + 1, {"name": "N", "owner": "no id"})


@settings(max_examples=10)
@given(st.sets(st.integers(0, ROWS - 1), max_size=5), st.integers(0, 2**16))
def test_bisection_finds_just_the_poisoned_rows_in_few_steps(bad: set[int], seed: int) -> None:
    order = [*range(ROWS)]
    Random(seed).shuffle(order)
    steps = 0
    receive: Any = received._receive

    def counted(*arguments: Any) -> None:
        nonlocal steps
        steps += 1
        receive(*arguments)

    rows = [poisoned(n) if n in bad else row(id_of(n), n + 1, name="N") for n in order]
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        store = make_store(Path(folder) / "laptop.db")
        patch.setattr(received, "_receive", counted)
        done = pull(store, 100, page("account", *rows))
        quarantined = value(store, "SELECT group_concat(hex(id)) FROM quarantine")
        live = value(store, "SELECT count(*) FROM account")
        store.close()
    assert (done.rows, done.quarantined, live) == (ROWS - len(bad), len(bad), ROWS - len(bad))
    found = {int(key, 16) - 1 for key in str(quarantined).split(",")} if quarantined else set()
    assert found == bad
    assert steps <= 1 + 2 * len(bad) * math.log2(ROWS)


def tries(store: Store) -> list[int]:
    with store.reader() as c:
        return [n for (n,) in c.rows("SELECT tries FROM quarantine ORDER BY id")]


def test_the_waits_double_and_stop_growing(store: Store) -> None:
    pull(store, 50, page("account", poisoned(0)))
    hours: list[int] = []
    waited = before = 0
    while len(hours) < 13:
        clock_of(store).move(hours=1)
        waited += 1
        pull(store, 60)
        if tries(store) != [before]:
            hours.append(waited)
            waited, before = 0, tries(store)[0]
    assert hours == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024]


def test_many_that_are_not_due_hold_up_none_that_is(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrying, "AT_ONCE", 3)
    pull(store, 50, page("account", *(poisoned(n) for n in range(5))))
    store.write.run("UPDATE quarantine SET tries = 9")
    clock_of(store).move(hours=2)
    pull(store, 60, page("account", poisoned(9)))
    clock_of(store).move(hours=1.5)
    pull(store, 70)
    assert tries(store) == [9] * 5 + [1]


def test_a_clock_that_was_years_ahead_keeps_nothing_waiting(store: Store) -> None:
    clock_of(store).move(days=3650)
    pull(store, 50, page("account", poisoned(0)))
    clock_of(store).move(days=-3650)
    pull(store, 60)
    assert tries(store) == [1]
    pull(store, 70)
    assert tries(store) == [1]


def test_a_quarantined_row_may_be_damaged_and_comes_anew_with_its_root(store: Store) -> None:
    pull(store, 50, page("account", poisoned(0)))
    store.write.run("UPDATE quarantine SET seq = 77")
    Outbox(store).count_anew()
    assert Outbox(store).state().verified_cursor == -1
