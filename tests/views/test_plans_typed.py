"""What somebody types in a plan stays his: with a sync, another plan, another question, a crash."""

from __future__ import annotations

from random import Random

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListView
from pytestqt.qtbot import QtBot

from crm_core.ids import RecordId
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.plans.pane import PlansPane
from crm_desktop.views.panes.plans.refused import editor_at
from tests.support.records import new_id
from tests.views.company import receive
from tests.views.front import InFront
from tests.views.test_plans import (
    HANDEL,
    ME,
    O1,
    PLAN,
    T1,
    TODAY,
    Rest,
    cell,
    pane,
    part,
    role,
    store,
    stored,
    texts,
)

__all__ = ["pane", "role", "store"]


@pytest.fixture
def other(store: Store) -> RecordId:
    """A second plan."""
    made = new_id(Random(3))
    values = {"title": "First half", "account": HANDEL, "owner": ME, "state": "active"}
    receive(store, [("plan", made, values)])
    return made


def objectives(pane: PlansPane) -> list[object]:
    page = pane.view.page
    assert page is not None
    return [x.row.values["text"] for x in page.objectives]


def test_an_entry_is_typed_on_while_a_sync_brings_another_wording(
    pane: PlansPane, store: Store, rest: Rest, qtbot: QtBot
) -> None:
    box = pane.view.board.boxes["threat"].list
    editor = editor_at(box, box.items.index(0))
    assert editor is not None
    editor.clear()
    qtbot.keyClicks(editor, "4 % chea")
    receive(store, [("plan_section_item", T1, part(box="threat", text="Dearer", weight=3,
                                                   position="a"))])  # fmt: skip
    pane._read()
    rest()
    qtbot.keyClicks(editor, "per")
    assert editor.text() == "4 % cheaper"
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: texts(pane, "threat") == ["4 % cheaper"])
    (change,) = Outbox(store).take_outbox(10, 10**6)[-1].changes
    assert change.old == {"text": "Cheaper"}, "the other wording was not seen"


def test_an_objective_is_judged_on_the_wording_that_was_seen(
    pane: PlansPane, store: Store, rest: Rest, qtbot: QtBot
) -> None:
    tree = pane.view.tree
    editor = editor_at(tree, cell(pane, "plan_objective", O1))
    assert editor is not None
    editor.setText("Win the hotels")
    seen = stored(store, "plan_objective", O1).values
    receive(store, [("plan_objective", O1, {**seen, "text": "Win the bars"})])
    pane._read()
    rest()
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    rest()
    qtbot.waitUntil(lambda: bool(Outbox(store).take_outbox(10, 10**6)))
    (change,) = Outbox(store).take_outbox(10, 10**6)[-1].changes
    assert (change.old, change.new) == ({"text": "Win the range"}, {"text": "Win the hotels"})


def test_what_came_while_an_entry_was_typed_is_shown_behind_it(
    pane: PlansPane, store: Store, rest: Rest, qtbot: QtBot
) -> None:
    box = pane.view.board.boxes["threat"].list
    editor = editor_at(box, box.items.index(0))
    assert editor is not None
    receive(store, [("plan_section_item", T1, part(box="threat", text="Dearer", weight=3,
                                                   position="a"))])  # fmt: skip
    pane._read()
    rest()
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert box.state() != QListView.State.EditingState
    qtbot.waitUntil(lambda: texts(pane, "threat") == ["Dearer"])


def test_a_new_objective_stays_with_its_plan(
    pane: PlansPane, other: RecordId, rest: Rest, qtbot: QtBot
) -> None:
    pane.view.ask_objective()
    qtbot.keyClicks(pane.view.ask, "Win the ho")
    pane.open_record(other)
    rest()
    assert pane.view.ask.isHidden()
    said: list[str] = []
    pane.said.connect(said.append)
    pane.open_record(PLAN)
    rest()
    assert pane.view.ask.text() == "Win the ho"
    assert said == ["What you typed here and did not save is back."]
    qtbot.keyClicks(pane.view.ask, "tels")
    qtbot.keyClick(pane.view.ask, Qt.Key.Key_Return)
    rest()
    assert "Win the hotels" in objectives(pane)


def test_another_question_takes_nothing_from_the_first(pane: PlansPane, qtbot: QtBot) -> None:
    pane.view.ask_objective()
    qtbot.keyClicks(pane.view.ask, "Win the ho")
    pane.view.ask_action(O1)
    assert pane.view.ask.text() == ""
    pane.view.ask_objective()
    assert pane.view.ask.text() == "Win the ho"


def test_what_was_being_added_outlives_a_crash_until_it_is_saved(
    pane: PlansPane, store: Store, hub: DataHub, in_front: InFront, rest: Rest, qtbot: QtBot
) -> None:
    pane.view.ask_action(O1)
    qtbot.keyClicks(pane.view.ask, "Taste t")
    box = pane.view.board.boxes["strength"]
    box.ask()
    qtbot.keyClicks(box.line, "Own dri")
    hub.leaving.emit()
    rest()
    anew = in_front(PlansPane(hub, today=lambda: TODAY), 1200, 800)
    anew.open_record(PLAN)
    rest()
    line = anew.view.board.boxes["strength"].line
    assert (anew.view.ask.text(), line.text()) == ("Taste t", "Own dri")
    for typed in (anew.view.ask, line):
        qtbot.keyClicks(typed, "!")
        qtbot.keyClick(typed, Qt.Key.Key_Return)
        rest()
    assert texts(anew, "strength")[-1] == "Own dri!"
    page = anew.view.page
    assert page is not None
    assert [x.values["title"] for x in page.objectives[0].actions][-1] == "Taste t!"
    hub.leaving.emit()
    rest()
    assert not any(store.meta(name) for name in store.meta_names("draft:"))


def test_what_is_given_up_does_not_come_back(
    pane: PlansPane, other: RecordId, rest: Rest, qtbot: QtBot
) -> None:
    pane.view.ask_objective()
    qtbot.keyClicks(pane.view.ask, "Win the ho")
    qtbot.keyClick(pane.view.ask, Qt.Key.Key_Escape)
    for plan in (other, PLAN):
        pane.open_record(plan)
        rest()
    assert pane.view.ask.isHidden()
    pane.view.ask_objective()
    assert pane.view.ask.text() == ""
