"""The plans pane: a plan's page is edited in place, each act one step that can be taken back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from crm_core.changes import TEXT_BYTES_MAX
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import queries
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.delegates.progress import ProgressValue
from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.panes.plans.pane import PlansPane
from crm_desktop.views.panes.plans.tree_model import DUE, PROGRESS, STATUS, TEXT
from tests.views.company import make_store, people
from tests.views.front import InFront

Rest = Callable[[], None]
TODAY = dt.date(2026, 10, 13)
ME, HANDEL, PLAN, O1, O2, A1, A2, S1, S2, T1, C1 = (RecordId(f"{n:032x}") for n in range(1, 12))


def part(**values: Value) -> dict[str, Value]:
    return {"plan": PLAN, **values}


def rows(role: str) -> list[tuple[str, RecordId, dict[str, Value]]]:
    (me,) = people(ME)
    return [
        (me[0], me[1], {**me[2], "role": role}),
        ("account", HANDEL, {"name": "Ernst Handel", "owner": ME, "grade": "A"}),
        ("contact", C1, {"full_name": "Roland Mendel"}),
        ("account_contact", RecordId(f"{30:032x}"), {
            "account": HANDEL, "contact": C1, "buying_roles": ["decider"], "influence": 5,
            "attitude": 1,
        }),
        ("plan", PLAN, {
            "title": "Second half", "account": HANDEL, "owner": ME, "state": "active",
            "starts_on": "2026-07-01", "ends_on": "2026-12-31", "version": 3,
        }),
        ("plan_section_item", S1, part(box="strength", text="Weekly delivery", weight=5,
                                       position="a")),
        ("plan_section_item", S2, part(box="strength", text="Trust", weight=1, position="b")),
        ("plan_section_item", T1, part(box="threat", text="Cheaper", weight=3, position="a")),
        ("plan_objective", O1, part(text="Win the range", status="open", position="a",
                                    start_on="2026-07-01", due_on="2026-12-15")),
        ("plan_objective", O2, part(text="Find a sponsor", status="open", position="b")),
        ("plan_action", A1, part(objective=O1, title="Trial", status="open", due_on="2026-10-06",
                                 position="a")),
        ("plan_action", A2, part(objective=O1, title="Promotion", status="done", position="b")),
    ]  # fmt: skip


@pytest.fixture
def role() -> str:
    return "kam"


@pytest.fixture
def store(tmp_path: Path, role: str) -> Iterator[Store]:
    made = make_store(tmp_path, rows(role), user=ME)
    yield made
    made.close()


@pytest.fixture
def pane(hub: DataHub, in_front: InFront, rest: Rest) -> PlansPane:
    made = in_front(PlansPane(hub, today=lambda: TODAY), 1200, 800)
    made.open_record(PLAN)
    rest()
    return made


def stored(store: Store, kind: str, record_id: str) -> queries.Row:
    with store.reader() as c:
        row = queries.record(c, kind, RecordId(record_id))
    assert row is not None
    return row


def texts(pane: PlansPane, box: str) -> list[str]:
    return [entry.text for entry in pane.view.board.boxes[box].list.items.rows]


def cell(pane: PlansPane, kind: str, record_id: str, column: int = TEXT):
    item = pane.view.tree.item_of(kind, record_id)
    assert item is not None
    return pane.view.tree.nodes.indexFromItem(item).siblingAtColumn(column)


def test_the_page_says_who_when_and_how_far(pane: PlansPane) -> None:
    view = pane.view
    assert view.head.account.text() == "Ernst Handel"
    assert view.head.period.text() == "1 Jul – 31 Dec 2026"
    assert view.head.progress.text() == "25 %"
    assert view.head.support.text() == "+0.50"
    assert "No executive sponsor" in view._gaps.text()
    progress = cell(pane, "plan_objective", O1, PROGRESS).data(VALUE)
    assert isinstance(progress, ProgressValue)
    assert progress.share == 0.5
    assert cell(pane, "plan_action", A1, STATUS).data() == "7 days late"


def test_models_keep_qts_rules(pane: PlansPane) -> None:
    view = pane.view
    for model in (view.board.boxes["strength"].list.items, view.people.people, view.tree.nodes):
        QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning)


def test_new_entries_join_the_end_of_their_box(
    pane: PlansPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    box = pane.view.board.boxes["strength"]
    box.ask()
    for text in ("EDI runs", "Own driver"):
        qtbot.keyClicks(box.line, text)
        qtbot.keyClick(box.line, Qt.Key.Key_Return)
        rest()
    assert texts(pane, "strength") == ["Weekly delivery", "Trust", "EDI runs", "Own driver"]


def test_an_entry_is_edited_weighed_and_linked_in_place(
    pane: PlansPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    box = pane.view.board.boxes["threat"].list
    box.items.setData(box.items.index(0), "4 % cheaper")
    rest()
    box.setCurrentIndex(box.items.index(0))
    qtbot.keyClick(box, Qt.Key.Key_5)
    rest()
    box.linked.emit(T1, 2)
    rest()
    values = stored(store, "plan_section_item", T1).values
    assert (values["text"], values["weight"]) == ("4 % cheaper", 5)
    assert values["evidence"] == f"plan_objective/{O2}"
    spoken = box.items.index(0).data(int(Qt.ItemDataRole.AccessibleTextRole))
    assert spoken == "4 % cheaper, weight 5, taken up in objective 2"


def test_entries_move_within_a_box_and_to_another(
    pane: PlansPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    strengths = pane.view.board.boxes["strength"].list
    strengths.setCurrentIndex(strengths.items.index(1))
    qtbot.keyClick(strengths, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    rest()
    assert texts(pane, "strength") == ["Trust", "Weekly delivery"]
    threats = pane.view.board.boxes["threat"].list
    data = strengths.items.mimeData([strengths.items.index(0)])
    threats.items.dropMimeData(data, Qt.DropAction.MoveAction, 0, 0, threats.rootIndex())
    rest()
    assert texts(pane, "threat") == ["Trust", "Cheaper"]
    assert texts(pane, "strength") == ["Weekly delivery"]


def test_a_deleted_entry_comes_back_with_undo(
    pane: PlansPane, hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    box = pane.view.board.boxes["strength"].list
    box.setCurrentIndex(box.items.index(0))
    qtbot.keyClick(box, Qt.Key.Key_Delete)
    rest()
    assert texts(pane, "strength") == ["Trust"]
    hub.undo()
    rest()
    assert texts(pane, "strength") == ["Weekly delivery", "Trust"]


def test_space_finishes_an_action_and_the_plan_moves_on(
    pane: PlansPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    tree = pane.view.tree
    tree.setCurrentIndex(cell(pane, "plan_action", A1))
    qtbot.keyClick(tree, Qt.Key.Key_Space)
    rest()
    values = stored(store, "plan_action", A1).values
    assert (values["status"], values["done_on"]) == ("done", "2026-10-13")
    assert pane.view.head.progress.text() == "50 %"
    assert tree.chosen is not None
    assert tree.chosen.row.id == A1  # the keyboard stays where it was
    qtbot.keyClick(tree, Qt.Key.Key_Space)
    rest()
    assert stored(store, "plan_action", A1).values["status"] == "open"


def test_what_is_typed_into_the_tree_is_stored_or_refused_with_a_reason(
    pane: PlansPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    def type_into(kind: str, record_id: str, column: int, text: str) -> None:
        pane.view.tree.nodes.setData(cell(pane, kind, record_id, column), text)

    type_into("plan_objective", O1, TEXT, "Win the dairy range")
    qtbot.waitUntil(lambda: stored(store, "plan_objective", O1).pending)
    rest()
    type_into("plan_action", A1, DUE, "30 Nov 2026")  # as the list says it
    qtbot.waitUntil(lambda: stored(store, "plan_action", A1).pending)
    rest()
    type_into("plan_action", A1, DUE, "someday")
    qtbot.waitUntil(lambda: "someday" in pane.view.tree.refusal.words)
    assert stored(store, "plan_objective", O1).values["text"] == "Win the dairy range"
    assert stored(store, "plan_action", A1).values["due_on"] == "2026-11-30"
    assert cell(pane, "plan_action", A1, DUE).data() == "30 Nov"


def test_a_refused_cell_keeps_what_was_typed_with_the_reason_beside_it(
    pane: PlansPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    tree = pane.view.tree
    index = cell(pane, "plan_action", A1, DUE)
    tree.setCurrentIndex(index)
    tree.edit(index)
    editor = tree.indexWidget(index)
    assert isinstance(editor, QLineEdit)
    editor.setText("someday")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(tree.refusal.words))
    again = tree.indexWidget(cell(pane, "plan_action", A1, DUE))
    assert isinstance(again, QLineEdit)
    assert again.text() == "someday"
    assert again.hasFocus()
    pane.take_summary(Summary(frozenset({("plan_action", A2)})))  # a colleague's work arrives
    rest()
    assert again.text() == "someday"
    again.setText("2026-11-30")
    qtbot.keyClick(again, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: stored(store, "plan_action", A1).values["due_on"] == "2026-11-30")
    rest()
    assert tree.refusal.words == ""


@pytest.mark.parametrize("where", ["cell", "entry", "new entry", "new objective"])
def test_words_that_the_store_refuses_stay_where_they_were_typed(
    pane: PlansPane, qtbot: QtBot, rest: Rest, where: str
) -> None:
    much = "界" * (TEXT_BYTES_MAX // 3 + 1)
    view, box = pane.view, pane.view.board.boxes["strength"]
    if where == "cell":
        view.tree.nodes.setData(cell(pane, "plan_action", A1), much)
    elif where == "entry":
        box.list.items.setData(box.list.items.index(0), much)
    else:
        box.ask() if where == "new entry" else view.ask_objective()
        line = box.line if where == "new entry" else view.ask
        line.setText(much)
        qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.wait(0)
    rest()
    refusals = (view.tree.refusal, box.list.refusal, box._refusal, view._refusal)
    qtbot.waitUntil(lambda: any(x.words for x in refusals))
    editors = [x for x in view.findChildren(QLineEdit) if x.text() == much]
    assert len(editors) == 1
    assert editors[0].isVisible()


def test_escape_leaves_a_refused_cell_as_it_was(pane: PlansPane, qtbot: QtBot, rest: Rest) -> None:
    tree = pane.view.tree
    tree.nodes.setData(cell(pane, "plan_action", A1, DUE), "someday")
    qtbot.waitUntil(lambda: bool(tree.refusal.words))
    editor = tree.indexWidget(cell(pane, "plan_action", A1, DUE))
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not tree.refusal.words)
    assert cell(pane, "plan_action", A1, DUE).data() == "6 Oct"


def test_objectives_and_actions_are_added_below_what_is_chosen(
    pane: PlansPane, qtbot: QtBot, rest: Rest
) -> None:
    view = pane.view
    view.tree.setCurrentIndex(cell(pane, "plan_objective", O1))
    qtbot.keyClick(view.tree, Qt.Key.Key_Insert)
    qtbot.keyClicks(view.ask, "Tasting day")
    qtbot.keyClick(view.ask, Qt.Key.Key_Return)
    rest()
    view.ask_objective()
    qtbot.keyClicks(view.ask, "Grow")
    qtbot.keyClick(view.ask, Qt.Key.Key_Return)
    rest()
    page = view.page
    assert page is not None
    assert [a.values["title"] for a in page.objectives[0].actions][-1] == "Tasting day"
    assert [x.row.values["text"] for x in page.objectives][-1] == "Grow"
    assert view.tree.chosen is not None
    assert view.tree.chosen.row.values["text"] == "Grow", "what is new is in sight"
    assert view.tree.chosen.standing != "behind", "not on its first day"


def test_an_action_is_dropped_only_with_a_reason(
    pane: PlansPane, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    pane.view.tree.stepped.emit("plan_action", A1, "dropped")
    rest()
    assert stored(store, "plan_action", A1).values["status"] == "open"
    qtbot.keyClicks(pane.view.ask, "Not wanted")
    qtbot.keyClick(pane.view.ask, Qt.Key.Key_Return)
    rest()
    values = stored(store, "plan_action", A1).values
    assert (values["status"], values["reason"]) == ("dropped", "Not wanted")
    assert pane.view.head.progress.text() == "50 %"  # what was dropped counts nowhere


def test_a_deleted_objective_takes_its_actions_along_in_one_step(
    pane: PlansPane, store: Store, hub: DataHub, rest: Rest
) -> None:
    pane.view.tree.deleted.emit("plan_objective", O1)
    rest()
    assert stored(store, "plan_action", A1).deleted
    hub.undo()
    rest()
    assert not stored(store, "plan_action", A1).deleted
    assert not stored(store, "plan_objective", O1).deleted


def test_the_plan_walks_along_its_states(pane: PlansPane, store: Store, rest: Rest) -> None:
    assert pane.view.head.steps == ("under_review", "closed", "superseded")
    pane.view.step_asked.emit("under_review")
    rest()
    assert stored(store, "plan", PLAN).values["state"] == "under_review"
    assert pane.view.head.steps == ("active", "closed")


@pytest.mark.parametrize("role", ["rep"])
def test_who_only_reads_plans_is_offered_nothing_else(pane: PlansPane) -> None:
    view = pane.view
    assert view.head.steps == ()
    box = view.board.boxes["strength"].list
    assert not box.items.flags(box.items.index(0)) & Qt.ItemFlag.ItemIsEditable
    assert not cell(pane, "plan_objective", O1).flags() & Qt.ItemFlag.ItemIsEditable
    assert view.head.read_only.isVisible()
    assert view.head.read_only.text() == "Your role may not change this."


def test_back_leads_to_the_list_and_enter_to_the_page(pane: PlansPane, rest: Rest) -> None:
    pane.view.back_asked.emit()
    assert not pane.view.isVisible()
    pane.choose_first()
    rest()
    assert pane.view.isVisible()


def test_in_little_room_the_page_folds_and_scrolls_instead_of_overflowing(
    pane: PlansPane, rest: Rest, qtbot: QtBot
) -> None:
    view = pane.view
    beside = view.people.mapTo(view, QPoint()).y(), view.board.mapTo(view, QPoint()).y()
    assert abs(beside[0] - beside[1]) < 100, "the people stand beside the board"
    for width in (800, 588):  # the list behind the page folds on the way
        pane.resize(width, 400)
        rest()
    assert pane.width() == 588
    board = QRect(view.board.mapTo(view, QPoint()), view.board.size())
    people = QRect(view.people.mapTo(view, QPoint()), view.people.size())
    assert people.top() > board.bottom()
    for part in (view.board, view.people, view.tree, view.head):
        assert part.mapTo(view, QPoint(part.width(), 0)).x() <= view.width()
        assert part.height() >= part.minimumSizeHint().height()
    bar = view._scroll.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    pane.resize(1200, 800)
    rest()
    qtbot.waitUntil(lambda: bar.maximum() == 0)  # in enough room nothing scrolls
