"""The page of the day, on a day on which there is something to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from crm_core.errors import CrmError
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import queries
from crm_desktop.models.queries import Row
from crm_desktop.models.store import Store, new_uuid7
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.empty import EmptyPane
from crm_desktop.views.kit.line import LineButton
from crm_desktop.views.panes.today.pane import TodayPane
from crm_desktop.views.theme.theme import theme
from tests.views.company import make_store, people, receive
from tests.views.front import InFront

Rest = Callable[[], None]
OUT_OF_SIGHT = "Account out of sight"
ME, ACCOUNT = new_uuid7(), new_uuid7()
FIRST, SECOND, TASK = new_uuid7(), new_uuid7(), new_uuid7()
NOW = dt.datetime(2026, 11, 24, 8, 30).astimezone()


def at(hour: int, day: int = 24) -> str:
    wall = dt.datetime(2026, 11, day, hour).astimezone().astimezone(dt.UTC)
    return wall.strftime("%Y-%m-%dT%H:%M:%SZ")


def visit(start: str, state: str) -> dict[str, Value]:
    return {"account": ACCOUNT, "owner": ME, "planned_start": start, "state": state}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    rows = [
        *people(ME),
        ("account", ACCOUNT, {"name": "Ernst Handel", "grade": "A", "owner": ME}),
        ("visit", FIRST, visit(at(9), "planned")),
        ("visit", SECOND, visit(at(14), "confirmed")),
        ("task", TASK, {"title": "Send prices", "assignee": ME, "due_on": "2026-11-20",
                        "status": "in_progress"}),
    ]  # fmt: skip
    made = make_store(tmp_path, rows, user=ME)
    yield made
    made.close()


@pytest.fixture
def pane(hub: DataHub, in_front: InFront) -> TodayPane:
    return in_front(TodayPane(hub, clock=lambda: NOW), 1104, 800)


def stored(store: Store, kind: str, record_id: RecordId) -> Row:
    with store.reader() as c:
        row = queries.record(c, kind, record_id)
    assert row is not None
    return row


def test_the_next_stop_is_open_with_its_one_act(pane: TodayPane) -> None:
    first, second = pane.stop_views
    assert (first.stop.id, second.stop.id) == (FIRST, SECOND)
    assert (first.step_button.isVisible(), second.step_button.isVisible()) == (True, False)
    assert first.step_button.text() == "Check in"


def test_checking_in_starts_the_visit(pane: TodayPane, store: Store, rest: Rest) -> None:
    pane.stop_views[0].step_button.click()
    rest()
    values = stored(store, "visit", FIRST).values
    assert (values["state"], values["actual_start"]) == (
        "in_progress",
        at(8).replace("00:00Z", "30:00Z"),
    )
    assert pane.stop_views[0].step_button.text() == "Complete"


def test_a_visit_is_completed_only_with_its_outcome(
    pane: TodayPane, store: Store, rest: Rest
) -> None:
    pane.stop_views[0].step_button.click()
    rest()
    stop = pane.stop_views[0]
    assert not stop.step_button.isEnabled()
    stop.outcome.setCurrentIndex(stop.outcome.findData("order"))
    assert stop.step_button.isEnabled()
    stop.step_button.click()
    rest()
    values = stored(store, "visit", FIRST).values
    assert (values["state"], values["outcome"]) == ("completed", "order")
    assert pane.stop_views[1].step_button.isVisible()


def test_enter_after_the_result_completes_the_visit(
    pane: TodayPane, store: Store, rest: Rest, qtbot: QtBot
) -> None:
    pane.stop_views[0].step_button.click()
    rest()
    stop = pane.stop_views[0]
    qtbot.keyClicks(stop._result, "Ten boxes")
    qtbot.keyClick(stop._result, Qt.Key.Key_Return)
    assert stored(store, "visit", FIRST).values["state"] == "in_progress", "no outcome yet"
    stop.outcome.setCurrentIndex(stop.outcome.findData("order"))
    qtbot.keyClick(stop._result, Qt.Key.Key_Return)
    rest()
    assert stored(store, "visit", FIRST).values["state"] == "completed"


def test_what_is_being_typed_survives_news(pane: TodayPane, hub: DataHub, rest: Rest) -> None:
    pane.stop_views[0].step_button.click()
    rest()
    pane.stop_views[0]._result.setText("They like the")
    pane.refresh()
    rest()
    assert pane.stop_views[0]._result.text() == "They like the"


def at_the_customers(store: Store, pane: TodayPane, rest: Rest, words: str) -> QLineEdit:
    """The first visit is going on, and its result is being typed."""
    receive(store, [("visit", FIRST, visit(at(9), "in_progress"))])
    pane.refresh()
    rest()
    line = result_of(pane)
    line.setFocus()
    QTest.keyClicks(line, words)
    return line


def result_of(pane: TodayPane) -> QLineEdit:
    return next(x for x in pane.stop_views if x.stop.id == FIRST).result


def test_a_result_is_typed_on_while_a_sync_moves_the_visit(
    pane: TodayPane, store: Store, rest: Rest
) -> None:
    at_the_customers(store, pane, rest, "They take the ol")
    receive(store, [("visit", SECOND, visit(at(15), "confirmed"))])
    pane.refresh()
    rest()
    line = result_of(pane)
    assert line.hasFocus()
    QTest.keyClicks(line, "ives")
    assert line.text() == "They take the olives"


def test_a_result_comes_back_with_its_stop_and_after_a_crash(
    pane: TodayPane, store: Store, hub: DataHub, rest: Rest, in_front: InFront
) -> None:
    at_the_customers(store, pane, rest, "They take the olives")
    outcome = pane.stop_views[0].outcome
    outcome.setCurrentIndex(1)
    code = outcome.currentData()
    pane.stop_views[1].chosen.emit(SECOND)
    rest()
    pane.stop_views[0].chosen.emit(FIRST)
    rest()
    assert result_of(pane).text() == "They take the olives"
    hub.leaving.emit()
    rest()
    anew = in_front(TodayPane(hub, clock=lambda: NOW), 1104, 800)
    assert result_of(anew).text() == "They take the olives"
    assert anew.stop_views[0].outcome.currentData() == code
    anew.stop_views[0].step_button.click()
    rest()
    assert stored(store, "visit", FIRST).values["result"] == "They take the olives"
    assert not any(store.meta(name) for name in store.meta_names("draft:"))


def test_a_result_that_was_not_saved_is_still_there(
    pane: TodayPane, store: Store, hub: DataHub, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_the_customers(store, pane, rest, "They take the olives")
    pane.stop_views[0].outcome.setCurrentIndex(1)
    monkeypatch.setattr(
        hub, "save", lambda *_given, failed, **_more: failed(CrmError("The disk is full."))
    )
    pane.stop_views[0].step_button.click()
    rest()
    assert result_of(pane).text() == "They take the olives"


def test_a_ticked_task_is_done_and_leaves(pane: TodayPane, store: Store, rest: Rest) -> None:
    box = pane.findChild(QCheckBox)
    assert isinstance(box, QCheckBox)
    assert box.accessibleName() == "Done: Send prices"
    box.click()
    rest()
    assert stored(store, "task", TASK).values["status"] == "done"
    assert not pane._tasks.isVisible()


def test_undo_brings_the_task_back(pane: TodayPane, hub: DataHub, rest: Rest) -> None:
    box = pane.findChild(QCheckBox)
    assert isinstance(box, QCheckBox)
    box.click()
    rest()
    hub.undo()
    rest()
    assert pane._tasks.isVisible()


def test_a_stop_whose_account_is_out_of_sight_says_so(
    pane: TodayPane, store: Store, rest: Rest
) -> None:
    gone = visit(at(11), "planned") | {"account": new_uuid7()}
    receive(store, [("visit", new_uuid7(), gone)])
    pane.refresh()
    rest()
    stop = pane.stop_views[1]
    assert OUT_OF_SIGHT in [x.accessibleName() for x in stop.findChildren(LineButton)]


def test_a_clock_whose_account_is_out_of_sight_says_so(
    pane: TodayPane, store: Store, rest: Rest
) -> None:
    case = {"account": new_uuid7(), "handler": ME, "state": "received", "subject": "Mouldy",
            "number": "CMP-0151", "received_at": at(7)}  # fmt: skip
    receive(store, [("complaint", new_uuid7(), case)])
    pane.refresh()
    rest()
    (line,) = [x.line for x in pane._clocks.findChildren(LineButton)]
    assert (line.title, line.below) == (OUT_OF_SIGHT, "CMP-0151 · Mouldy")


def test_the_line_of_the_day_ends_at_the_last_stop(pane: TodayPane) -> None:
    first, last = (x._disc for x in pane.stop_views)
    ground = QColor(theme().tokens.line2)

    def foot(disc: QWidget) -> QColor:
        image = disc.grab().toImage()
        return image.pixelColor(image.width() // 2, image.height() - 2)

    assert foot(first) == ground
    assert foot(last) != ground


def test_a_chosen_stop_opens_in_place_of_the_next(pane: TodayPane) -> None:
    pane.stop_views[1].chosen.emit(SECOND)
    assert [x.step_button.isVisible() for x in pane.stop_views] == [False, True]


def test_a_day_without_visits_says_what_to_do(pane: TodayPane, rest: Rest, qtbot: QtBot) -> None:
    pane._clock = lambda: NOW + dt.timedelta(4)
    pane.refresh()
    rest()
    assert not pane.stop_views
    assert pane._empty.isVisible()
    assert isinstance(pane._empty, EmptyPane)
    with qtbot.waitSignal(pane.new_asked) as asked:
        pane._empty.acted.emit()
    assert asked.args == ["visit", {}]


def test_in_little_room_what_waits_stands_below_the_visits(pane: TodayPane, qtbot: QtBot) -> None:
    def corner(part: QWidget) -> QPoint:
        return part.mapTo(pane, QPoint())

    assert corner(pane._tasks).x() > corner(pane.stop_views[0]).x()
    pane.resize(588, 800)
    assert pane.width() == 588
    last = pane.stop_views[-1]
    qtbot.waitUntil(lambda: corner(pane._tasks).y() > corner(last).y() + last.height())
    assert pane._tasks.isVisible()
    qtbot.waitUntil(lambda: pane.stop_views[0].width() > 500)
    pane.resize(1104, 800)
    qtbot.waitUntil(lambda: corner(pane._tasks).x() > corner(last).x())
    assert pane._tasks.isVisible()
