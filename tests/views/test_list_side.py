"""Views, conditions, order, columns, bulk changes and cells of a list, over a real store."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from crm_core.catalog import CATALOG
from crm_core.errors import CrmError
from crm_core.fields import Kind
from crm_core.ids import RecordId
from crm_core.wire import End
from crm_desktop.i18n import set_language
from crm_desktop.models import queries
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.replica import Summary
from crm_desktop.models.sql import Where
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.columns import columns_of
from crm_desktop.views.kit.bulk import BulkPopup
from crm_desktop.views.kit.columns_popup import ColumnsPopup
from crm_desktop.views.kit.condition_popup import ConditionPopup
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.fields_popup import FieldsPopup
from crm_desktop.views.kit.filtering import ME, OPERATORS, chip_words, operator_words
from crm_desktop.views.kit.list_notes import EmptyList
from crm_desktop.views.kit.list_side import ListSide
from crm_desktop.views.kit.view_spec import ViewSpec, spec_of, values_of
from tests.views.company import receive
from tests.views.front import InFront

Rest = Callable[[], None]
TASK = CATALOG["task"]
ROWS = QItemSelectionModel.SelectionFlag.Rows
PICK = QItemSelectionModel.SelectionFlag.Select | ROWS


def task(n: int, **values: object) -> tuple[str, RecordId, dict]:
    return (
        "task",
        RecordId(f"{n:032x}"),
        {"title": f"Task {n}", "due_on": f"2026-01-{n:02}"} | values,
    )


@pytest.fixture
def pane(hub: DataHub, store: Store, in_front: InFront) -> EntityPane:
    """The tasks: three of the company and four known ones, the earliest first."""
    me = store.identity.user
    receive(
        store,
        [
            task(1, status="open", assignee=me),
            task(2, status="open"),
            task(3, status="done", assignee=me),
            task(4, status="dropped", priority="high"),
        ],
    )
    return in_front(EntityPane(TASK, hub), 1280, 700)


def titles(side: ListSide) -> list[str]:
    model = side.model
    rows = (model.row_at(n) for n in range(model.rowCount()))
    return [str(row.values["title"]) for row in rows if row is not None]


def stored(store: Store, n: int) -> queries.Row:
    with store.reader() as c:
        row = queries.record(c, "task", RecordId(f"{n:032x}"))
    assert row is not None
    return row


def pick(side: ListSide, *numbers: int) -> None:
    for n in numbers:
        row = side.model.index_of_id(f"{n:032x}")
        side.list.table.selectionModel().select(side.model.index(row, 0), PICK)


def ask(side: ListSide, rest: Rest, *where: Where, **more: object) -> list[str]:
    side.bar.ask(ViewSpec(where=where, **more))  # pyright: ignore[reportArgumentType]
    rest()
    return titles(side)


def test_every_kind_of_field_can_be_asked_about_in_words() -> None:
    assert set(OPERATORS) == set(Kind)
    for entity in CATALOG.values():
        for field in entity.fields:
            said = [operator_words(field, op) for op in OPERATORS[field.kind]]
            assert all(said)
            assert len(set(said)) == len(said)


@pytest.mark.parametrize("entity", CATALOG.values(), ids=lambda entity: entity.kind)
def test_every_condition_of_every_field_can_be_asked_of_the_store(entity, store: Store) -> None:
    member = {Kind.FLAG: True, Kind.WHOLE: 1, Kind.DURATION: 1, Kind.LINK: "0" * 32}
    with store.reader() as c:
        for field in entity.fields:
            for op in OPERATORS[field.kind]:
                value = member.get(field.kind, "1")
                asked = Where(field.name, op, [value] if op == "in" else value)
                queries.page(c, entity.kind, where=(asked,), limit=5)
                assert chip_words(field, asked, {})


def test_a_condition_narrows_the_list_and_its_chip_can_be_taken_away(
    pane: EntityPane, rest: Rest
) -> None:
    side = pane.side
    everything = titles(side)
    open_ones = Where("status", "in", ["open"])
    assert {"Task 1", "Task 2"} <= set(ask(side, rest, open_ones)) < set(everything)
    (chip,) = side.bar._chips.chips
    assert (chip.text(), chip.value) == ("Status", "Open")
    chip.removed.emit()
    rest()
    assert titles(side) == everything


def test_me_in_a_condition_is_whoever_looks(pane: EntityPane, rest: Rest) -> None:
    found = ask(pane.side, rest, Where("assignee", "=", ME), Where("title", "starts", "Task"))
    assert found == ["Task 1", "Task 3"]


def test_a_condition_is_set_in_its_sheet(pane: EntityPane, rest: Rest) -> None:
    bar = pane.side.bar
    bar._chips.open_condition(TASK.by_name["status"], -1, bar)
    (sheet,) = bar.findChildren(ConditionPopup)
    sheet._boxes["dropped"].setChecked(True)
    sheet._apply()
    rest()
    assert bar.spec.where == (Where("status", "in", ["dropped"]),)
    assert "Task 4" in titles(pane.side)


def test_a_sheet_without_a_value_says_so_and_asks_nothing(pane: EntityPane) -> None:
    bar = pane.side.bar
    bar._chips.open_condition(TASK.by_name["title"], -1, bar)
    (sheet,) = bar.findChildren(ConditionPopup)
    sheet._apply()
    assert sheet._problem.text().startswith("◆")
    assert bar.spec.where == ()


def test_a_view_keeps_conditions_order_and_columns_and_brings_them_back(
    pane: EntityPane, rest: Rest, store: Store
) -> None:
    side = pane.side
    asked = ViewSpec(("title", "status"), (Where("status", "in", ["open"]),), "", "title", True)
    side.bar.ask(asked)
    rest()
    side.bar.view_made.emit("Open ones", False)
    rest()
    (view,) = [x for x in side.bar.views if x.name == "Open ones"]
    assert (view.spec, view.shared, view.mine) == (asked, False, True)
    assert side.bar.current == view.id
    side.bar.open_view("all")
    rest()
    assert "Task 4" in titles(side)
    side.bar.open_view(view.id)
    rest()
    assert [x.name for x in side.model.columns] == ["title", "status"]
    shown = titles(side)
    assert shown.index("Task 2") < shown.index("Task 1")
    assert "Task 4" not in shown


def test_a_tab_says_how_many_records_its_view_shows(pane: EntityPane, rest: Rest) -> None:
    side = pane.side
    ask(side, rest, Where("title", "starts", "Task"), Where("status", "in", ["open"]))
    side.bar.view_made.emit("Open ones", False)
    rest()
    tab = side.bar._tabs.bar.tabData(1)
    assert (tab.label, tab.count) == ("Open ones", 2)


def test_a_view_is_renamed_shared_and_deleted_and_undo_brings_it_back(
    pane: EntityPane, rest: Rest, hub: DataHub
) -> None:
    bar = pane.side.bar
    bar.view_made.emit("Mine", False)
    rest()
    (view,) = bar.views
    bar.view_named.emit(view.id, "Ours", True)
    rest()
    assert [(x.name, x.shared) for x in bar.views] == [("Ours", True)]
    bar.view_dropped.emit(view.id)
    rest()
    assert (bar.views, bar.current) == ((), "all")
    hub.undo()
    rest()
    pane.side.views.load()
    rest()
    assert [x.name for x in bar.views] == ["Ours"]


def test_another_persons_shared_view_is_shown_and_not_changed(
    pane: EntityPane, store: Store, rest: Rest, known: dict
) -> None:
    other = known["user"][1]
    rows = [
        ("saved_view", RecordId(f"{n:032x}"),
         {"name": name, "entity": "task", "shared": shared, "created_by": other})
        for n, name, shared in ((91, "Theirs", True), (92, "Secret", False))
    ]  # fmt: skip
    receive(store, rows)
    pane.side.views.load()
    rest()
    assert [(x.name, x.mine) for x in pane.side.bar.views] == [("Theirs", False)]


def test_what_a_newer_version_says_in_a_view_is_kept_apart() -> None:
    values = {"filter": {"all": [{"field": "status", "op": "near", "value": "x"},
                                 {"field": "title", "op": "contains", "value": "a"}]},
              "sort": "-unheard_of"}  # fmt: skip
    spec, is_whole = spec_of(TASK, values)
    assert (spec.where, spec.sort, is_whole) == ((Where("title", "contains", "a"),), "", False)


def test_a_view_comes_back_from_the_store_as_it_was_kept() -> None:
    spec = ViewSpec(("title", "spark"), (Where("assignee", "=", ME),), "li", "due_on", True)
    assert spec_of(TASK, values_of(spec)) == (spec, True)


def test_columns_are_chosen_and_their_values_read(pane: EntityPane, rest: Rest) -> None:
    side = pane.side
    side.bar._offer_columns()
    (sheet,) = side.bar.findChildren(ColumnsPopup)
    for n in range(sheet._list.count()):
        item = sheet._list.item(n)
        wanted = item.data(Qt.ItemDataRole.UserRole) in ("title", "description")
        item.setCheckState(Qt.CheckState.Checked if wanted else Qt.CheckState.Unchecked)
    rest()
    assert [x.name for x in side.model.columns] == ["title", "description"]
    row = side.model.row_at(0)
    assert row is not None
    assert set(row.values) == {"title", "description"}


def test_a_clicked_head_and_the_bar_agree_on_the_order(pane: EntityPane, rest: Rest) -> None:
    pane.side.list._sort_by(0)
    rest()
    assert (pane.side.bar.spec.sort, pane.side.bar.spec.descending) == ("title", False)


def test_many_records_get_one_value_in_one_step_that_undo_takes_back(
    pane: EntityPane, store: Store, hub: DataHub, rest: Rest
) -> None:
    side = pane.side
    pick(side, 1, 2, 3)
    assert side.bulk.isVisible()
    side.bulk.open()
    (sheet,) = side.bulk.findChildren(BulkPopup)
    sheet.choose_field("status")
    combo = sheet.editor.widget
    assert isinstance(combo, QComboBox)
    combo.setCurrentIndex(combo.findData("done"))
    sheet._count()
    rest()
    assert sheet.preview == "2 of 3 will change"
    sheet._take()
    rest()
    assert [stored(store, n).values["status"] for n in (1, 2, 3)] == ["done"] * 3
    assert not stored(store, 3).pending, "what has the value already is left alone"
    hub.undo()
    rest()
    assert [stored(store, n).values["status"] for n in (1, 2, 3)] == ["open", "open", "done"]


def test_selected_records_stay_selected_when_the_list_is_read_again(
    pane: EntityPane, store: Store, rest: Rest
) -> None:
    side = pane.side
    pick(side, 1, 3)
    picked = side.list.picked_ids
    receive(store, [task(5)])
    side.model.refresh()
    rest()
    assert side.list.picked_ids == picked
    assert len(picked) == 2


def test_copied_rows_are_a_table_with_heads(pane: EntityPane) -> None:
    side = pane.side
    pick(side, 1, 2)
    side.list.copy()
    lines = [line.split("\t") for line in QGuiApplication.clipboard().text().split("\n")]
    assert lines[0][:2] == ["Title", "Due"]
    assert [line[0] for line in lines[1:]] == ["Task 1", "Task 2"]


def test_a_cell_is_edited_where_it_stands(
    pane: EntityPane, store: Store, rest: Rest, qtbot: QtBot
) -> None:
    side = pane.side
    at = side.model.index(side.model.index_of_id(f"{2:032x}"), 0)
    side.list.table.setCurrentIndex(at)
    rest()
    side.list.edit_current()
    line = side.list.table.viewport().findChild(QLineEdit)
    assert line is not None
    line.setText("Call Li")
    line.textEdited.emit("Call Li")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: stored(store, 2).values["title"] == "Call Li")
    rest()
    assert "Call Li" in titles(side)


def test_a_cell_changed_under_ones_hands_is_judged_on_what_stood_in_it(
    pane: EntityPane, store: Store, hub: DataHub, rest: Rest, qtbot: QtBot
) -> None:
    side, record = pane.side, RecordId(f"{2:032x}")
    before = stored(store, 2)
    side.list.table.setCurrentIndex(side.model.index(side.model.index_of_id(record), 0))
    rest()
    side.list.edit_current()
    line = side.list.table.viewport().findChild(QLineEdit)
    assert line is not None
    line.setText("Call Li")
    line.textEdited.emit("Call Li")
    receive(store, [("task", record, {**before.values, "title": "Call Wang"})])
    hub.announce(Summary(frozenset([("task", record)])))
    rest()
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: stored(store, 2).values["title"] == "Call Li")
    (change,) = Outbox(store).take_outbox(10, 10**6)[-1].changes
    assert change.old == {"title": before.values["title"]}
    assert change.base_seq == before.seq


def typed_into(side: ListSide, n: int, field: str, words: str, rest: Rest) -> QLineEdit:
    """A cell's editor with these words in it."""
    names = [column.name for column in side.model.columns]
    row = side.model.index_of_id(f"{n:032x}")
    side.list.table.setFocus()
    side.list.table.setCurrentIndex(side.model.index(row, names.index(field)))
    rest()
    side.list.edit_current()
    line = editor_in(side)
    assert line is not None
    line.setText(words)
    line.textEdited.emit(words)
    line.setFocus()
    return line


def editor_in(side: ListSide) -> QLineEdit | None:
    """The editor of the cell that is being typed into."""
    if side.list.table.state() != QAbstractItemView.State.EditingState:
        return None
    return side.list.table.viewport().findChild(QLineEdit)


def test_words_that_a_cell_does_not_take_stay_in_it(
    pane: EntityPane, store: Store, rest: Rest, qtbot: QtBot
) -> None:
    side, said = pane.side, list[str]()
    side.said.connect(said.append)
    line = typed_into(side, 2, "due_on", "2026-02-31", rest)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(said) and editor_in(side) not in (None, line))
    again = editor_in(side)
    assert again is not None
    assert again.text() == "2026-02-31"
    again.setText("2026-02-28")
    again.textEdited.emit("2026-02-28")
    qtbot.keyClick(again, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: stored(store, 2).values["due_on"] == "2026-02-28")


def test_words_of_a_cell_that_are_not_saved_stay_in_it(
    pane: EntityPane, hub: DataHub, rest: Rest, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    side, failed = pane.side, list[CrmError]()
    side.failed.connect(failed.append)
    monkeypatch.setattr(
        hub, "save", lambda *_given, failed, **_more: failed(CrmError("The disk is full."))
    )
    line = typed_into(side, 2, "title", "Call Li about the oli", rest)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(failed) and editor_in(side) not in (None, line))
    again = editor_in(side)
    assert again is not None
    assert again.text() == "Call Li about the oli"


def test_who_goes_elsewhere_is_called_back_to_a_cell_once(
    pane: EntityPane, rest: Rest, qtbot: QtBot
) -> None:
    side = pane.side
    line = typed_into(side, 2, "due_on", "2026-02-31", rest)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: editor_in(side) not in (None, line))
    again = editor_in(side)
    assert again is not None
    qtbot.keyClick(again, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: editor_in(side) is None)
    side.bar.search_line.setFocus()
    side.list.give_back()
    assert editor_in(side) is None


def test_escape_leaves_a_cell_as_it_was(
    pane: EntityPane, store: Store, rest: Rest, qtbot: QtBot
) -> None:
    side = pane.side
    side.list.table.setCurrentIndex(side.model.index(side.model.index_of_id(f"{2:032x}"), 0))
    rest()
    side.list.edit_current()
    line = side.list.table.viewport().findChild(QLineEdit)
    assert line is not None
    line.setText("Gone")
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    rest()
    assert stored(store, 2).values["title"] == "Task 2"


def test_records_named_from_elsewhere_are_listed_with_a_chip_that_clears(
    pane: EntityPane, rest: Rest
) -> None:
    everything = titles(pane.side)
    pane.show_where((Where("id", "in", [f"{4:032x}"]),), "Late · 1 task")
    rest()
    assert titles(pane.side) == ["Task 4"]
    (chip,) = pane.side.bar._chips.chips
    assert chip.value == "Late · 1 task"
    chip.removed.emit()
    rest()
    assert titles(pane.side) == everything


def test_a_list_that_a_filter_emptied_offers_to_clear_it(pane: EntityPane, rest: Rest) -> None:
    assert ask(pane.side, rest, Where("title", "=", "nowhere")) == []
    assert pane.side.list._empty.clear.isVisible()
    pane.side.list._empty.clear.click()
    rest()
    assert titles(pane.side)


def test_a_new_form_takes_the_values_it_is_given(
    pane: EntityPane, store: Store, rest: Rest, known: dict
) -> None:
    pane.new_with({"title": "Send samples", "account": known["account"][0]})
    rest()
    pane.save()
    rest()
    row = stored(store, int(pane.record_id, 16))
    assert row.values["account"] == known["account"][0]


def test_a_field_to_filter_by_is_found_by_a_few_letters(
    pane: EntityPane, rest: Rest, qtbot: QtBot
) -> None:
    chips = pane.side.bar._chips
    chips.add_chip.click()
    (sheet,) = chips.findChildren(FieldsPopup)
    usual = [x.name for x in columns_of(TASK)]
    assert list(sheet.offered[: len(usual)]) == usual
    assert len(sheet.offered) == len(TASK.fields)
    qtbot.keyClicks(sheet._line, "prio")
    assert sheet.offered == ("priority",)
    qtbot.keyClick(sheet._line, Qt.Key.Key_Return)
    (asked,) = chips.findChildren(ConditionPopup)
    asked._boxes["high"].setChecked(True)
    asked._apply()
    rest()
    assert pane.side.bar.spec.where == (Where("priority", "in", ["high"]),)


def test_the_arrows_go_on_among_the_fields_that_fit(pane: EntityPane, qtbot: QtBot) -> None:
    chips = pane.side.bar._chips
    chips.add_chip.click()
    (sheet,) = chips.findChildren(FieldsPopup)
    qtbot.keyClick(sheet._line, Qt.Key.Key_Down)
    with qtbot.waitSignal(sheet.taken) as taken:
        qtbot.keyClick(sheet._line, Qt.Key.Key_Return)
    assert taken.args == [sheet.offered[1]]


def test_a_field_is_found_by_the_initials_of_its_chinese_name(
    pane: EntityPane, qtbot: QtBot
) -> None:
    set_language("zh_CN")
    chips = pane.side.bar._chips
    chips.add_chip.click()
    (sheet,) = chips.findChildren(FieldsPopup)
    qtbot.keyClicks(sheet._line, "yxj")
    set_language("en")
    assert sheet.offered == ("priority",)


def test_columns_are_narrowed_by_typing(hub: DataHub, rest: Rest, qtbot: QtBot) -> None:
    pane = EntityPane(CATALOG["account"], hub)  # it has more columns than one finds at a glance
    qtbot.addWidget(pane)
    rest()
    pane.side.bar._offer_columns()
    (sheet,) = pane.side.bar.findChildren(ColumnsPopup)
    qtbot.keyClicks(sheet._line, "credit li")
    items = [sheet._list.item(n) for n in range(sheet._list.count())]
    assert [x.text() for x in items if not x.isHidden()] == ["Credit limit"]
    qtbot.keyClick(sheet._line, Qt.Key.Key_Down)
    qtbot.keyClick(sheet._list, Qt.Key.Key_Space)
    assert "credit_limit" in pane.side.bar.spec.columns


def test_the_order_is_chosen_by_a_few_letters_and_turned_round(
    pane: EntityPane, rest: Rest, qtbot: QtBot
) -> None:
    bar = pane.side.bar
    bar._sort.click()
    (sheet,) = bar.findChildren(FieldsPopup)
    assert not {"description", "account"} & set(sheet.offered), "links and notes have no order"
    qtbot.keyClicks(sheet._line, "prior")
    qtbot.keyClick(sheet._line, Qt.Key.Key_Return)
    rest()
    assert (bar.spec.sort, bar.spec.descending) == ("priority", False)
    bar._turn_order()
    rest()
    assert (bar.spec.sort, bar.spec.descending) == ("priority", True)
    listed = [pane.model.row_at(n) for n in range(pane.model.rowCount())]
    found = [str(row.values["priority"]) for row in listed if row and row.values["priority"]]
    assert found == sorted(found, reverse=True)


def test_an_empty_list_of_a_first_fetch_says_that_its_rows_are_still_arriving(
    hub: DataHub, store: Store, in_front: InFront, rest: Rest
) -> None:
    with store.writing() as c:
        c.run("DELETE FROM task")
        c.run("UPDATE sync_state SET cursor = 0")
    pane = in_front(EntityPane(TASK, hub), 1280, 700)
    words = pane.findChild(EmptyList)
    assert words is not None
    assert words.words == "Nothing here so far: your records are still arriving."
    hub.changed.emit(Outbox(store).finish([], End(10, 0, 0)).summary)
    rest()
    assert words.words == "Nothing here yet. Press Ctrl+N to enter the first one."
