"""What is garbage dies on the window's thread, however busy the lanes are."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from crm_desktop.runtime.lanes import Lanes


class Remains:
    """A cycle with a widget in it; notes on which thread it died."""

    def __init__(self, died_on: list[threading.Thread]) -> None:
        self.widget = QWidget()
        vars(self.widget)["remains"] = self
        self._died_on = died_on

    def __del__(self) -> None:
        self._died_on.append(threading.current_thread())


@pytest.fixture
def lanes(qtbot: QtBot) -> Iterator[Lanes]:
    made = Lanes()
    yield made
    made.close()


@pytest.fixture
def thresholds() -> Iterator[None]:
    """Nothing is due while the garbage is made; what is there dies in no other test."""
    usual = gc.get_threshold()
    gc.collect()
    gc.set_threshold(1_000_000, *usual[1:])
    yield
    gc.set_threshold(*usual)


@pytest.mark.usefixtures("thresholds")
def test_garbage_dies_on_the_windows_thread_and_not_on_a_lanes(lanes: Lanes, qtbot: QtBot) -> None:
    died_on: list[threading.Thread] = []
    kept: list[list[int]] = []
    is_over = threading.Event()

    def allocate() -> None:
        gc.set_threshold(10, *gc.get_threshold()[1:])
        kept.extend([n] for n in range(1000))  # a collection is due here, many times over
        is_over.set()

    Remains(died_on)
    lanes.read(allocate, lambda _: None, owner=lanes)
    assert is_over.wait(20)  # the window's thread allocates nothing meanwhile
    assert not died_on

    def has_died() -> bool:
        kept.extend([n] for n in range(1000))  # what others free meanwhile lowers Python's count
        return bool(died_on)

    qtbot.waitUntil(has_died, timeout=20_000)
    assert died_on == [threading.main_thread()]


def test_closed_lanes_leave_the_collection_to_python_again(qtbot: QtBot) -> None:
    assert gc.isenabled()
    lanes = Lanes()
    assert not gc.isenabled()
    lanes.close()
    assert gc.isenabled()
