"""What is garbage dies on the window's thread, however busy the lanes are."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from crm_desktop.runtime.lanes import Lanes

MANY = 100
"""Too few for a collection to be due before the lane allocates."""


class Remains:
    """Part of a cycle; notes on which thread it died."""

    def __init__(self, died_on: list[threading.Thread]) -> None:
        self.cycle = self
        self._died_on = died_on

    def __del__(self) -> None:
        self._died_on.append(threading.current_thread())


@pytest.fixture
def lanes(qtbot: QtBot) -> Iterator[Lanes]:
    made = Lanes()
    yield made
    made.close()


def allocate() -> list[list[int]]:
    """Enough containers, all kept, for a collection to be due many times over."""
    return [[n] for n in range(200_000)]


def test_garbage_dies_on_the_windows_thread_and_not_on_a_lanes(lanes: Lanes, qtbot: QtBot) -> None:
    died_on: list[threading.Thread] = []
    done: list[list[list[int]]] = []
    for _ in range(MANY):
        Remains(died_on)
    lanes.read(allocate, done.append, owner=lanes)
    qtbot.waitUntil(lambda: bool(done), timeout=20_000)
    qtbot.waitUntil(lambda: len(died_on) == MANY, timeout=20_000)
    assert set(died_on) == {threading.main_thread()}


def test_closed_lanes_leave_the_collection_to_python_again(qtbot: QtBot) -> None:
    assert gc.isenabled()
    lanes = Lanes()
    assert not gc.isenabled()
    lanes.close()
    assert gc.isenabled()
