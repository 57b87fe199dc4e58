"""The lanes: order, supersession, outcomes, and owners that died."""

import threading

import pytest
from PySide6.QtCore import QObject, QThread
from pytestqt.qtbot import QtBot
from shiboken6 import Shiboken

from crm_core.errors import Bug, CrmError, Unavailable
from crm_desktop.runtime.lanes import Lanes


class Asker(QObject):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[object] = []
        self.errors: list[CrmError] = []
        self.threads: list[QThread] = []

    def take(self, value: object) -> None:
        self.values.append(value)
        self.threads.append(QThread.currentThread())

    def take_error(self, error: CrmError) -> None:
        self.errors.append(error)


def test_writes_happen_in_the_order_in_which_they_were_asked_for(
    lanes: Lanes, qtbot: QtBot
) -> None:
    asker, done = Asker(), list[int]()
    for n in range(50):
        lanes.write(lambda n=n: done.append(n), asker.take, owner=asker)
    qtbot.waitUntil(lambda: len(asker.values) == 50)
    assert done == list(range(50))


def test_outcomes_arrive_on_the_gui_thread(lanes: Lanes, qtbot: QtBot) -> None:
    asker = Asker()
    lanes.read(threading.get_ident, asker.take, owner=asker)
    qtbot.waitUntil(lambda: bool(asker.values))
    assert asker.values != [threading.get_ident()]
    assert asker.threads == [QThread.currentThread()]


def hold_both_readers(lanes: Lanes, asker: Asker) -> threading.Event:
    gate, entered = threading.Event(), threading.Semaphore(0)

    def wait() -> None:
        entered.release()
        gate.wait(10)

    for _ in range(2):
        lanes.read(wait, asker.take, owner=asker)
        assert entered.acquire(timeout=10)
    return gate


def test_a_newer_request_takes_the_place_of_a_queued_one(lanes: Lanes, qtbot: QtBot) -> None:
    asker, run = Asker(), list[int]()
    gate = hold_both_readers(lanes, asker)
    for n in range(10):
        lanes.read(lambda n=n: run.append(n), asker.take, owner=asker, supersede="list")
    gate.set()
    qtbot.waitUntil(lambda: lanes.is_idle)
    assert run == [9]


def test_what_an_older_read_finds_never_comes_after_what_a_newer_one_found(
    lanes: Lanes, qtbot: QtBot
) -> None:
    asker, gate, entered = Asker(), threading.Event(), threading.Event()

    def slow() -> str:
        entered.set()
        gate.wait(10)
        return "old"

    lanes.read(slow, asker.take, owner=asker, supersede="list")
    assert entered.wait(10)
    lanes.read(lambda: "new", asker.take, owner=asker, supersede="list")
    qtbot.waitUntil(lambda: asker.values == ["new"])
    gate.set()
    qtbot.waitUntil(lambda: lanes.is_idle)
    assert asker.values == ["new"]


def test_only_requests_of_the_same_owner_and_name_are_superseded(
    lanes: Lanes, qtbot: QtBot
) -> None:
    first, second, run = Asker(), Asker(), list[str]()
    gate = hold_both_readers(lanes, first)
    lanes.read(lambda: run.append("a"), first.take, owner=first, supersede="list")
    lanes.read(lambda: run.append("b"), second.take, owner=second, supersede="list")
    lanes.read(lambda: run.append("c"), first.take, owner=first, supersede="record")
    gate.set()
    qtbot.waitUntil(lambda: lanes.is_idle)
    assert sorted(run) == ["a", "b", "c"]


def test_an_outcome_whose_owner_died_is_dropped(lanes: Lanes, qtbot: QtBot) -> None:
    asker, told, gate = Asker(), list[object](), threading.Event()
    lanes.read(lambda: gate.wait(10), told.append, owner=asker)
    Shiboken.delete(asker)
    gate.set()
    qtbot.waitUntil(lambda: lanes.is_idle)
    assert told == []


def test_a_waiting_outcome_keeps_nobody_alive(lanes: Lanes, qtbot: QtBot) -> None:
    asker, gate, ran = Asker(), threading.Event(), threading.Event()
    lanes.write(lambda: gate.wait(10), owner=lanes)
    lanes.write(ran.set, asker.take, owner=asker)
    gone: list[bool] = []
    asker.destroyed.connect(lambda: gone.append(True))
    del asker
    qtbot.waitUntil(lambda: gone == [True])
    gate.set()
    qtbot.waitUntil(lambda: lanes.is_idle)
    assert ran.is_set(), "the write itself is done all the same"


def test_a_problem_reaches_whoever_asked(lanes: Lanes, qtbot: QtBot) -> None:
    asker = Asker()

    def fail() -> None:
        raise Unavailable("The disk is full.")

    lanes.write(fail, asker.take, owner=asker, failed=asker.take_error)
    qtbot.waitUntil(lambda: bool(asker.errors))
    assert isinstance(asker.errors[0], Unavailable)
    assert asker.values == []


def test_our_own_mistake_becomes_a_bug_with_its_cause(
    lanes: Lanes, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    asker = Asker()
    lanes.read(lambda: 1 // 0, asker.take, owner=asker, failed=asker.take_error)
    qtbot.waitUntil(lambda: bool(asker.errors))
    assert isinstance(asker.errors[0], Bug)
    assert isinstance(asker.errors[0].__cause__, ZeroDivisionError)
    assert "a job failed" in caplog.text


def test_a_network_job_writes_in_the_write_lane(lanes: Lanes, qtbot: QtBot) -> None:
    asker, names = Asker(), list[str]()

    def job() -> str:
        return lanes.in_write_lane(lambda: threading.current_thread().name)

    lanes.write(lambda: names.append(threading.current_thread().name), owner=asker)
    lanes.network(job, asker.take, owner=asker)
    qtbot.waitUntil(lambda: bool(asker.values))
    assert asker.values == names


def test_a_failed_piece_of_a_network_job_raises_there(lanes: Lanes, qtbot: QtBot) -> None:
    asker = Asker()

    def fail() -> None:
        raise Unavailable("The disk is full.")

    lanes.network(
        lambda: lanes.in_write_lane(fail), asker.take, owner=asker, failed=asker.take_error
    )
    qtbot.waitUntil(lambda: bool(asker.errors))
    assert isinstance(asker.errors[0], Unavailable)


def test_closing_finishes_what_is_to_be_written(qtbot: QtBot) -> None:
    lanes, written = Lanes(), list[int]()
    for n in range(20):
        lanes.write(lambda n=n: written.append(n), owner=lanes)
    lanes.close()
    assert written == list(range(20))


def test_after_closing_nothing_is_taken_and_nothing_waits_for_ever(qtbot: QtBot) -> None:
    lanes = Lanes()
    lanes.close()
    with pytest.raises(Bug):
        lanes.in_write_lane(lambda: None)
    assert lanes.is_idle
