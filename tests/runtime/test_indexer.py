"""The indexer: it works beside those who write, gives way to them, and goes on afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.errors import Unavailable
from crm_core.i18n import tr_noop
from crm_desktop.models import search
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store, new_uuid7
from crm_desktop.runtime import indexer as indexer_module
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.indexer import ROWS_MAX, Indexer
from crm_desktop.runtime.lanes import Lanes

FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n"


@pytest.fixture
def indexer(
    store: Store, hub: DataHub, lanes: Lanes, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Indexer]:
    monkeypatch.setattr(Indexer, "start_after_ms", 0)
    monkeypatch.setattr(indexer_module, "QUIET_MS", 0)
    made = Indexer(store, hub, lanes)
    yield made
    made.stop()


def is_behind(store: Store) -> bool:
    with store.reader() as c:
        return search.is_behind(c)


def test_what_waits_is_indexed(store: Store, indexer: Indexer, qtbot: QtBot) -> None:
    with store.writing() as c:
        c.run("UPDATE search_kind SET indexed = 0")
    assert is_behind(store)
    indexer.start()
    qtbot.waitUntil(lambda: not is_behind(store))


def test_a_save_gets_through_and_the_next_step_is_smaller(
    store: Store, hub: DataHub, indexer: Indexer, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def step(of: Store, most: int, _ahead: object) -> bool:
        asked.append(most)
        if len(asked) == 1:
            with of.writing_behind() as c:
                c.value(FOREVER)
        return False

    monkeypatch.setattr(search, "step", step)
    indexer.start()
    qtbot.waitUntil(lambda: len(asked) == 1)
    with qtbot.waitSignal(hub.changed):
        hub.save([Change("account", new_uuid7(), Op.INSERT, {"name": "A"})], "Add", owner=QObject())
    qtbot.waitUntil(lambda: len(asked) > 1)
    assert asked[:2] == [ROWS_MAX, ROWS_MAX // 2]


def test_after_a_full_disk_the_next_change_tries_again(
    store: Store, hub: DataHub, indexer: Indexer, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def step(_of: Store, most: int, _ahead: object) -> bool:
        asked.append(most)
        if len(asked) == 1:
            raise Unavailable(tr_noop("The disk is full."))
        return False

    monkeypatch.setattr(search, "step", step)
    indexer.start()
    qtbot.waitUntil(lambda: len(asked) == 1)
    hub.changed.emit(Summary())
    qtbot.waitUntil(lambda: len(asked) == 2)
