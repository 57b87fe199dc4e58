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

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.recurring import instance_id
from crm_desktop.models import journal, queries, series, tasks
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.panes.tasks.pane import TasksPane
from crm_desktop.views.panes.tasks.strip import TaskStrip
from tests.support.records import new_id
from tests.views.company import make_store, people, receive
from tests.views.front import InFront

TODAY = dt.date(2026, 11, 20)
RNG = Random(3)
ME, LATE, STARTED, SOON, DONE, DROPPED, LI = (new_id(RNG) for _ in range(7))


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


# Series and supervision

SERIES_DAY = "2026-11-16"


@pytest.fixture
def weekly(store: Store) -> RecordId:
    """A weekly task of mine whose next two are there."""
    made = new_id(RNG)
    values: dict[str, Value] = {
        "title": "Report", "due_on": SERIES_DAY, "assignee": ME, "recurrence": "FREQ=WEEKLY",
    }  # fmt: skip
    journal.commit(store, [Change("task", made, Op.INSERT, values)], label="New")
    series.bring(store, TODAY)
    return made


def on(series_id: RecordId, day: int) -> RecordId:
    return instance_id(series_id, dt.date(2026, 11, day))


def open_in(pane: TasksPane, record_id: RecordId, rest) -> TaskStrip:
    pane.open_record(record_id)
    rest()
    strip = pane._strip
    assert strip is not None
    return strip


def test_a_task_says_to_which_series_it_belongs(pane: TasksPane, weekly: RecordId, rest) -> None:
    assert open_in(pane, on(weekly, 23), rest).words == ("", "Series: Weekly")
    assert open_in(pane, LATE, rest).isHidden()


def test_one_of_a_series_is_skipped_and_the_others_stay(
    pane: TasksPane, weekly: RecordId, store: Store, qtbot: QtBot, rest
) -> None:
    strip = open_in(pane, on(weekly, 23), rest)
    with qtbot.waitSignal(pane.said):
        QTest.mouseClick(strip.button("skip"), Qt.MouseButton.LeftButton)
    rest()
    assert status(store, on(weekly, 23)) == "dropped"
    assert status(store, on(weekly, 30)) == "open"
    assert strip.button("skip").isHidden()


def test_a_changed_title_is_given_to_all_of_the_series_when_asked(
    pane: TasksPane, weekly: RecordId, store: Store, hub: DataHub, qtbot: QtBot, rest
) -> None:
    strip = open_in(pane, on(weekly, 23), rest)
    pane.detail.form.editor("title").restore("Shorter report")
    pane.save()
    rest()
    assert title(store, on(weekly, 30)) == "Report"
    with qtbot.waitSignal(pane.said):
        QTest.mouseClick(strip.button("all"), Qt.MouseButton.LeftButton)
    rest()
    assert title(store, on(weekly, 30)) == title(store, weekly) == "Shorter report"
    hub.undo()
    rest()
    assert title(store, on(weekly, 30)) == "Report"


def title(store: Store, record_id: RecordId) -> object:
    with store.reader() as c:
        row = queries.record(c, "task", record_id)
    assert row is not None
    return row.values["title"]


def test_another_rhythm_drops_what_it_has_no_day_for(
    pane: TasksPane, weekly: RecordId, store: Store, rest
) -> None:
    open_in(pane, weekly, rest)
    pane.detail.form.editor("recurrence").restore("FREQ=MONTHLY")
    pane.save()
    rest()
    rest()
    assert status(store, on(weekly, 23)) == "dropped"


def test_a_task_that_repeats_needs_its_first_day(pane: TasksPane, store: Store, rest) -> None:
    pane.new_with({"title": "Report"})
    rest()
    pane.detail.form.editor("recurrence").restore("FREQ=DAILY")
    pane.save()
    rest()
    assert "needs the day" in pane.detail.form.problem_words("due_on")
    assert pane.detail.form.is_touched


def test_the_list_and_the_form_say_who_waits_for_a_reply_and_how_long(
    pane: TasksPane, store: Store, rest
) -> None:
    values: dict[str, Value] = {"supervisor": ME, "supervised_until": "2026-11-20T12:00:00Z"}
    journal.commit(store, [Change("task", LATE, Op.SET, values)], label="Supervise")
    pane._now = lambda: dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
    said = open_in(pane, LATE, rest).words[0]
    assert said.startswith("Supervised by Nancy")
    assert said.endswith("2 h 30 m left")
    with store.reader() as c:
        assert tasks.supervised(c, [LATE, SOON]).keys() == {LATE}


def test_a_supervisor_without_a_name_is_said_not_to_be_here(
    pane: TasksPane, store: Store, rest
) -> None:
    receive(store, [("user", LI, {"login": "li", "name": ""})])
    values: dict[str, Value] = {"supervisor": LI, "supervised_until": "2026-11-20T12:00:00Z"}
    journal.commit(store, [Change("task", LATE, Op.SET, values)], label="Supervise")
    assert open_in(pane, LATE, rest).words[0].startswith("Supervised by (not here)")


def test_a_supervised_task_is_not_ticked_off_without_a_reply(
    pane: TasksPane, store: Store, qtbot: QtBot, rest
) -> None:
    values: dict[str, Value] = {"supervisor": ME, "supervised_until": "2026-11-20T12:00:00Z"}
    journal.commit(store, [Change("task", LATE, Op.SET, values)], label="Supervise")
    with qtbot.waitSignal(pane.failed) as told:
        pane.tick(LATE)
    assert told.args is not None
    assert "write the reply first" in str(told.args[0])
    assert status(store, LATE) == "open"
