"""Possible duplicates are looked for behind what is saved, and the window is told of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.errors import Unavailable
from crm_core.i18n import tr_noop
from crm_desktop.models import duplicates
from crm_desktop.models.duplicates import Pair
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store, new_uuid7
from crm_desktop.runtime import duplicates as seeker_module
from crm_desktop.runtime.duplicates import SINGLE_MAX, DuplicateSeeker
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes


@pytest.fixture
def seeker(
    store: Store, hub: DataHub, lanes: Lanes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DuplicateSeeker]:
    monkeypatch.setattr(DuplicateSeeker, "start_after_ms", 0)
    monkeypatch.setattr(seeker_module, "QUIET_MS", 0)
    made = DuplicateSeeker(store, hub, lanes)
    yield made
    made.stop()


def pairs(store: Store) -> tuple[Pair, ...]:
    with store.reader() as c:
        return duplicates.pairs(c)


def save(hub: DataHub, *names: str) -> None:
    changes = [Change("account", new_uuid7(), Op.INSERT, {"name": name}) for name in names]
    hub.save(changes, "Add", owner=QObject())


def test_all_are_compared_after_the_start_and_the_window_is_told(
    store: Store, hub: DataHub, seeker: DuplicateSeeker, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(hub.changed):
        save(hub, "Acme", "ACME Ltd")
    seeker._changed.clear()

    def is_told(summary: Summary) -> bool:
        return summary.conflicts_changed

    with qtbot.waitSignal(hub.changed, check_params_cb=is_told):
        seeker.start()
    assert len(pairs(store)) == 1
    assert not duplicates.is_due(store)


def test_what_is_saved_is_compared_by_itself(
    store: Store, hub: DataHub, seeker: DuplicateSeeker, qtbot: QtBot
) -> None:
    save(hub, "Acme")
    save(hub, "ACME Ltd")
    qtbot.waitUntil(lambda: len(pairs(store)) == 1)
    assert duplicates.is_due(store), "no comparison of all was needed"


def test_a_flood_is_compared_all_together(
    store: Store, hub: DataHub, seeker: DuplicateSeeker, qtbot: QtBot
) -> None:
    duplicates.note_due(store, due=False)
    save(hub, *(f"Acme {n // 2:03} {n // 2:03}" for n in range(2 * SINGLE_MAX)))
    qtbot.waitUntil(lambda: len(pairs(store)) == SINGLE_MAX)
    assert not duplicates.is_due(store)


def test_a_flood_during_the_last_step_is_compared_as_well(
    store: Store, hub: DataHub, seeker: DuplicateSeeker, qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    begun, is_told, passes = threading.Event(), threading.Event(), list[int]()

    def compare_all(of: Store) -> Iterator[None]:
        passes.append(1)
        begun.set()
        is_told.wait(10)
        duplicates.note_due(of, due=False)
        yield from ()

    monkeypatch.setattr(duplicates, "compare_all", compare_all)
    seeker.start()
    qtbot.waitUntil(begun.is_set)
    hub.changed.emit(Summary(kinds_reset=frozenset({"account"})))
    is_told.set()
    qtbot.waitUntil(lambda: len(passes) == 2)


def test_after_a_failure_the_next_change_compares_all_from_the_beginning(
    store: Store, hub: DataHub, seeker: DuplicateSeeker, qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    passes = list[int]()

    def compare_all(_of: Store) -> Iterator[None]:
        passes.append(1)
        if len(passes) == 1:
            raise Unavailable(tr_noop("no"))
        yield

    monkeypatch.setattr(duplicates, "compare_all", compare_all)
    seeker.start()
    qtbot.waitUntil(lambda: bool(passes) and not seeker._is_at_work)
    save(hub, "Acme")
    qtbot.waitUntil(lambda: len(passes) == 2)


def test_after_a_failure_the_next_change_tries_again(
    store: Store, hub: DataHub, seeker: DuplicateSeeker, qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    recheck, tried = duplicates.recheck, list[int]()

    def fail_once(of: Store, refs: object) -> bool:
        tried.append(1)
        if len(tried) == 1:
            raise Unavailable(tr_noop("no"))
        return recheck(of, refs)  # pyright: ignore[reportArgumentType]  # handed through

    monkeypatch.setattr(duplicates, "recheck", fail_once)
    save(hub, "Acme", "ACME Ltd")
    qtbot.waitUntil(lambda: bool(tried) and not seeker._is_at_work)
    save(hub, "Another")
    qtbot.waitUntil(lambda: len(pairs(store)) == 1)


def test_a_save_gets_through_in_the_middle_of_comparing_all(
    store: Store, hub: DataHub, seeker: DuplicateSeeker, qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    saved = threading.Event()
    waited: list[bool] = []

    def compare_all(of: Store) -> Iterator[None]:
        with of.reader() as c:
            c.value("SELECT count(*) FROM account")
            waited.append(saved.wait(10))
        yield

    monkeypatch.setattr(duplicates, "compare_all", compare_all)
    seeker.start()
    qtbot.waitUntil(lambda: seeker._is_at_work)
    hub.saved.connect(saved.set)
    save(hub, "Acme")
    qtbot.waitUntil(lambda: bool(waited))
    assert waited == [True], "nobody waited for the comparison"
