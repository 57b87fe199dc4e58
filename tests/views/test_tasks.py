"""The tasks pane: what is due first stands first, and a box ticks a task off."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import queries, tasks
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.panes.tasks.pane import TasksPane
from tests.support.records import new_id
from tests.views.company import make_store, people
from tests.views.front import InFront

TODAY = dt.date(2026, 11, 20)
RNG = Random(3)
ME, LATE, STARTED, SOON, DONE, DROPPED = (new_id(RNG) for _ in range(6))


def rows() -> Iterator[tuple[str, RecordId, dict[str, Value]]]:
    yield from people(ME)
    for record, title, status, due in (
        (SOON, "Send samples", None, "2026-11-23"), (LATE, "Call", "open", "2026-11-17"),
        (STARTED, "Offer", "in_progress", "2026-11-19"), (DONE, "Thank", "done", "2026-11-02"),
        (DROPPED, "Old", "dropped", "2026-11-01"),
    ):  # fmt: skip
        yield "task", record, {"title": title, "status": status, "due_on": due, "assignee": ME}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = make_store(tmp_path, list(rows()), user=ME)
    yield made
    made.close()


@pytest.fixture
def hub(store: Store, lanes: Lanes) -> DataHub:
    return DataHub(store, lanes)


@pytest.fixture
def pane(hub: DataHub, in_front: InFront) -> TasksPane:
    return in_front(TasksPane(hub, today=lambda: TODAY), 1104, 600)


def listed(pane: TasksPane) -> list[str]:
    model = pane.side.model
    return [row.id for n in range(model.rowCount()) if (row := model.row_at(n)) is not None]


def status(store: Store, record_id: RecordId) -> object:
    with store.reader() as c:
        row = queries.record(c, "task", record_id)
    assert row is not None
    return row.values["status"]


def test_what_is_still_to_be_done_is_listed_by_its_due_day(pane: TasksPane) -> None:
    assert listed(pane) == [LATE, STARTED, SOON]


def test_everything_is_listed_once_the_conditions_are_taken_away(pane: TasksPane, rest) -> None:
    pane.side.bar.clear()
    rest()
    assert len(listed(pane)) == 5


def test_lateness_counts_open_tasks_alone(store: Store) -> None:
    with store.reader() as c:
        found = tasks.days_late(c, [LATE, STARTED, SOON, DONE, DROPPED], TODAY)
    assert found == {LATE: 3, STARTED: 1}


def test_a_click_on_the_box_ticks_it_off_and_undo_opens_it(
    pane: TasksPane, store: Store, hub: DataHub, qtbot: QtBot, rest
) -> None:
    table = pane.side.list.table
    with qtbot.waitSignal(pane.said):
        QTest.mouseClick(
            table.viewport(), Qt.MouseButton.LeftButton,
            pos=table.visualRect(pane.side.model.index(0, 0)).center(),
        )  # fmt: skip
    rest()
    assert status(store, LATE) == "done"
    assert listed(pane) == [STARTED, SOON]
    hub.undo()
    rest()
    assert status(store, LATE) == "open"
    assert listed(pane) == [LATE, STARTED, SOON]


def test_a_click_elsewhere_in_the_row_ticks_nothing(pane: TasksPane, store: Store, rest) -> None:
    table = pane.side.list.table
    place = table.visualRect(pane.side.model.index(0, 1)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    rest()
    assert status(store, LATE) == "open"


def test_the_space_bar_ticks_off_what_is_chosen(pane: TasksPane, store: Store, rest) -> None:
    pane.side.list.choose_first()
    rest()
    pane.side.list.focus_table()
    QTest.keyClick(pane.side.list.table, Qt.Key.Key_Space)
    rest()
    assert status(store, LATE) == "done"


def test_a_task_that_is_done_is_opened_again(pane: TasksPane, store: Store, rest) -> None:
    pane.tick(DONE)
    rest()
    assert status(store, DONE) == "open"
    assert DONE in listed(pane)
