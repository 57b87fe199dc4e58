"""The generated pane over a real store: list, form, history, drafts, deleting and undoing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.entity import Entity
from crm_core.fields import Kind
from crm_core.ids import RecordId
from crm_core.wire import Deleted, End, HistoryEntry, WireTombstone
from crm_desktop.models import journal, queries
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.sql import Where
from crm_desktop.models.store import Store, new_uuid7
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.columns import _CHOICE_WIDTH_MAX, columns_of, width_of
from crm_desktop.views.kit import list_view
from crm_desktop.views.kit.delegates.row import PADDING
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.list_model import PAGE_ROWS, WINDOW_ROWS_MAX
from crm_desktop.views.theme.fonts import metrics
from tests.views.company import receive

Rest = Callable[[], None]


@pytest.fixture
def open_pane(hub: DataHub, qtbot: QtBot, rest: Rest) -> Callable[[str], EntityPane]:
    def make(kind: str) -> EntityPane:
        pane = EntityPane(CATALOG[kind], hub)
        qtbot.addWidget(pane)
        hub.changed.connect(pane.take_summary)
        pane.resize(1100, 700)
        pane.show()
        rest()
        return pane

    return make


def type_into(pane: EntityPane, name: str, text: str) -> None:
    line = pane.detail.form.editor(name).widget
    assert isinstance(line, QLineEdit)
    line.setText(text)
    line.textEdited.emit(text)


def stored(store: Store, kind: str, record_id: str) -> queries.Row:
    with store.reader() as c:
        row = queries.record(c, kind, RecordId(record_id))
    assert row is not None
    return row


@pytest.mark.parametrize("entity", CATALOG.values(), ids=lambda entity: entity.kind)
def test_every_kind_is_listed_and_opened(
    entity: Entity, open_pane: Callable[[str], EntityPane], rest: Rest
) -> None:
    pane = open_pane(entity.kind)
    QAbstractItemModelTester(pane.model, QAbstractItemModelTester.FailureReportingMode.Warning)
    assert pane.model.rowCount() == (0 if entity.kind == "conflict" else pane.model.rowCount() or 1)
    pane.choose_first()
    rest()
    assert bool(pane.record_id) is (entity.kind != "conflict")


def test_what_is_typed_is_saved_and_shown_in_the_list(
    open_pane: Callable[[str], EntityPane], store: Store, rest: Rest
) -> None:
    pane = open_pane("account")
    pane.choose_first()
    rest()
    type_into(pane, "name", "AAA Alfreds")
    pane.save()
    rest()
    row = stored(store, "account", pane.record_id)
    assert (row.values["name"], row.pending) == ("AAA Alfreds", True)
    assert pane.detail.title == "AAA Alfreds"
    assert pane.model.data(pane.model.index(0, 0)) == "AAA Alfreds"
    assert not pane.detail.form.is_touched


def test_a_new_record_is_selected_after_saving(
    open_pane: Callable[[str], EntityPane], store: Store, rest: Rest
) -> None:
    pane = open_pane("account")
    pane.new_record()
    rest()
    type_into(pane, "name", "Zaanse Snoepfabriek")
    pane.save()
    rest()
    assert stored(store, "account", pane.record_id).values["name"] == "Zaanse Snoepfabriek"
    assert pane.model.index_of_id(pane.record_id) >= 0


def test_a_deleted_record_can_be_restored_from_its_page(
    open_pane: Callable[[str], EntityPane], store: Store, rest: Rest
) -> None:
    pane = open_pane("tag")
    pane.choose_first()
    rest()
    record_id, rows = pane.record_id, pane.model.rowCount()
    pane.detail.delete_asked.emit()
    rest()
    assert stored(store, "tag", record_id).deleted
    assert pane.model.rowCount() == rows - 1
    pane.detail.restore_asked.emit()
    rest()
    assert not stored(store, "tag", record_id).deleted
    assert pane.model.rowCount() == rows


def test_a_record_that_was_merged_leads_to_the_one_in_its_place(
    open_pane: Callable[[str], EntityPane], store: Store, hub: DataHub, rest: Rest
) -> None:
    pane = open_pane("contact")
    pane.choose_first()
    rest()
    gone, other = pane.record_id, new_uuid7()
    receive(store, [("contact", other, {"full_name": "Li Hua"})])
    outbox = Outbox(store)
    seq = outbox.state().cursor + 1
    stone = WireTombstone(RecordId(gone), seq, other)
    verdict = outbox.finish([Deleted("contact", (stone,))], End(seq, 0, 0))
    hub.announce(verdict.summary)
    rest()
    assert "was merged into Li Hua" in pane.detail._banner.text
    assert pane.detail._restore.isVisible()
    pane.detail._banner.acted.emit()
    rest()
    assert pane.record_id == other
    assert pane.detail._banner.isHidden()
    assert not pane.detail._restore.isVisible()


def test_a_renamed_record_stays_selected_where_it_moves_to(
    open_pane: Callable[[str], EntityPane], rest: Rest
) -> None:
    pane = open_pane("account")
    pane.choose_first()
    rest()
    record_id = pane.record_id
    type_into(pane, "name", "ZZZ")
    pane.save()
    rest()
    assert pane.record_id == record_id
    assert pane._list.chosen_id == record_id
    selected = pane._list.table.selectionModel().selectedRows()
    assert [index.row() for index in selected] == [pane.model.index_of_id(record_id)]


def test_undo_brings_the_old_value_back_into_the_form(
    open_pane: Callable[[str], EntityPane], hub: DataHub, rest: Rest
) -> None:
    pane = open_pane("account")
    pane.choose_first()
    rest()
    before = pane.detail.form.editor("industry").typed()
    type_into(pane, "industry", "Bakery")
    pane.save()
    rest()
    hub.undo()
    rest()
    assert pane.detail.form.editor("industry").typed() == before


def test_what_was_typed_and_not_saved_comes_back(
    open_pane: Callable[[str], EntityPane], rest: Rest, qtbot: QtBot
) -> None:
    pane = open_pane("account")
    pane.choose_first()
    rest()
    record_id = pane.record_id
    type_into(pane, "industry", "Half a thou")
    assert pane._drafts is not None
    pane._drafts.keep()
    rest()
    another = open_pane("account")
    another.open_record(record_id)
    rest()
    assert another.detail.form.editor("industry").typed() == "Half a thou"
    assert another.detail.form.is_touched


def test_going_to_another_record_keeps_what_was_typed_in_the_first(
    open_pane: Callable[[str], EntityPane], rest: Rest, known: dict
) -> None:
    pane = open_pane("account")
    first, second = known["account"][:2]
    pane.open_record(first)
    rest()
    type_into(pane, "industry", "Half a thou")
    pane.open_record(second)
    rest()
    assert pane.detail.form.editor("industry").typed() != "Half a thou"
    pane.open_record(first)
    rest()
    assert pane.detail.form.editor("industry").typed() == "Half a thou"


def test_a_new_record_asked_for_in_the_middle_of_a_word_keeps_the_word(
    open_pane: Callable[[str], EntityPane], rest: Rest
) -> None:
    pane = open_pane("account")
    pane.choose_first()
    rest()
    record_id = pane.record_id
    type_into(pane, "industry", "Half a thou")
    pane.new_record()
    rest()
    pane.open_record(record_id)
    rest()
    assert pane.detail.form.editor("industry").typed() == "Half a thou"


def test_what_is_typed_while_the_record_is_read_once_more_stays(
    open_pane: Callable[[str], EntityPane], rest: Rest
) -> None:
    pane = open_pane("account")
    pane.choose_first()
    rest()
    pane.open_record(pane.record_id)
    type_into(pane, "industry", "Half a thou")
    rest()
    assert pane.detail.form.editor("industry").typed() == "Half a thou"


def test_a_change_from_elsewhere_shows_unless_one_is_typing(
    open_pane: Callable[[str], EntityPane], store: Store, hub: DataHub, rest: Rest
) -> None:
    pane = open_pane("account")
    pane.choose_first()
    rest()
    change = Change("account", RecordId(pane.record_id), Op.SET, {"industry": "Bakery"})
    hub.announce(journal.commit(store, [change], label="elsewhere"))
    rest()
    assert pane.detail.form.editor("industry").typed() == "Bakery"
    type_into(pane, "industry", "Mine")
    change = Change("account", RecordId(pane.record_id), Op.SET, {"industry": "Theirs"})
    hub.announce(journal.commit(store, [change], label="elsewhere"))
    rest()
    assert pane.detail.form.editor("industry").typed() == "Mine"


def test_the_history_names_field_and_values(
    open_pane: Callable[[str], EntityPane], rest: Rest
) -> None:
    pane = open_pane("account")
    pane.choose_first()
    rest()
    type_into(pane, "industry", "Bakery")
    pane.save()
    rest()
    pane.detail.show_history_tab()
    rest()
    table = pane.detail.history
    row = [table.model().index(0, n).data() for n in range(1, 5)]
    assert (row[0], row[2], row[3]) == ("Industry", "Bakery", "Nancy Davolio")


def test_the_history_shows_what_colleagues_changed_once_the_server_answers(
    store: Store, lanes: Lanes, qtbot: QtBot, rest: Rest, known: dict
) -> None:
    li = known["user"][1]
    theirs = HistoryEntry(9, "2026-11-19T08:00:00Z", li, "T14", "industry", "Bakery", "Café")
    hub = DataHub(store, lanes, ask_history=lambda _kind, _id: (theirs,))
    pane = EntityPane(CATALOG["account"], hub)
    qtbot.addWidget(pane)
    pane.open_record(known["account"][0])
    rest()
    pane.detail.show_history_tab()
    rest()
    table = pane.detail.history
    assert [table.model().index(0, n).data() for n in (3, 4)] == ["Café", "Li Ming"]


def test_a_refusal_of_the_store_stands_beside_the_field(
    open_pane: Callable[[str], EntityPane], store: Store, rest: Rest, qtbot: QtBot
) -> None:
    pane = open_pane("visit")
    pane.choose_first()
    rest()
    with qtbot.assertNotEmitted(pane.failed):
        type_into(pane, "objectives", "\x00")
        pane.save()
        rest()
    assert pane.detail.form.problem_words("objectives").startswith("◆")


def many(count: int) -> list:
    return [("tag", RecordId(f"{n:032x}"), {"name": f"tag {n:05}"}) for n in range(1, count + 1)]


def test_a_long_list_is_a_window_with_a_bar_over_all_of_it(
    open_pane: Callable[[str], EntityPane], store: Store, rest: Rest, qtbot: QtBot
) -> None:
    receive(store, many(5000))
    pane = open_pane("tag")
    bar = pane._list._bar
    assert pane.model.rowCount() == PAGE_ROWS
    assert bar.maximum() > 4900
    bar.setSliderPosition(bar.maximum() // 2)
    bar.actionTriggered.emit(0)
    qtbot.waitUntil(lambda: pane.model.offset > 0)
    assert "tag 02" in pane.model.data(pane.model.index(PAGE_ROWS // 2, 0))
    pane._list._go_to_end(1.0)
    rest()
    assert pane.model.holds_end
    assert pane.model.rowCount() <= WINDOW_ROWS_MAX


def test_a_heading_sorts_the_list_and_a_second_press_turns_it_round(
    open_pane: Callable[[str], EntityPane], rest: Rest
) -> None:
    pane = open_pane("tag")
    seen = []
    for _ in range(2):
        pane._list._sort_by(1)
        rest()
        seen.append([pane.model.data(pane.model.index(n, 1)) for n in range(3)])
    assert seen[0] == sorted(seen[0], key=str.casefold)
    assert seen[1] == seen[0][::-1]


def test_a_list_too_long_to_sort_says_so(
    open_pane: Callable[[str], EntityPane], monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(list_view, "SORTED_ROWS_MAX", 2)
    pane = open_pane("tag")
    with qtbot.waitSignal(pane.said) as said:
        pane._list._sort_by(1)
    assert said.args is not None
    assert "Colour" in said.args[0]
    assert pane.model.sorted_by == ("name", False)


def test_scrolling_back_after_a_jump_loads_what_stands_before(
    open_pane: Callable[[str], EntityPane], store: Store, rest: Rest
) -> None:
    receive(store, many(3000))
    pane = open_pane("tag")
    pane.model.jump(0.5)
    rest()
    first = pane._list._first_on_screen()
    top = pane.model.row_at(first)
    assert top is not None
    assert first >= PAGE_ROWS, "the page before is loaded and has not moved what one sees"
    assert pane.model.offset + first == pytest.approx(1501, abs=3)
    table_bar = pane._list.table.verticalScrollBar()
    for _ in range(20):
        table_bar.setValue(table_bar.maximum())
        rest()
    assert pane.model.holds_end
    assert pane.model.total == 3003


def on_screen(pane: EntityPane) -> list[str]:
    """The records whose rows are wholly to be seen."""
    table, model = pane._list.table, pane.model
    room = table.viewport().rect()
    seen = (n for n in range(model.rowCount()) if room.contains(
        table.visualRect(model.index(n, 0)).center()))  # fmt: skip
    return [row.id for n in seen if (row := model.row_at(n)) is not None]


def test_a_record_far_down_is_scrolled_to_and_selected(
    open_pane: Callable[[str], EntityPane], store: Store, rest: Rest
) -> None:
    receive(store, many(5000))
    pane = open_pane("tag")
    pane.open_record(f"{4000:032x}")
    rest()
    assert f"{4000:032x}" in on_screen(pane)
    assert pane._list.picked_ids == (f"{4000:032x}",)
    assert pane.record_id == f"{4000:032x}"
    bar = pane._list._bar
    assert bar.value() / bar.maximum() == pytest.approx(0.8, abs=0.02)


def test_a_record_asked_for_while_its_list_is_still_coming_is_scrolled_to(
    hub: DataHub, store: Store, rest: Rest, qtbot: QtBot
) -> None:
    receive(store, many(5000))
    pane = EntityPane(CATALOG["tag"], hub)
    qtbot.addWidget(pane)
    pane.resize(1100, 700)
    pane.show()
    pane.open_record(f"{2500:032x}")
    rest()
    assert pane._list.picked_ids == (f"{2500:032x}",)
    assert f"{2500:032x}" in on_screen(pane)


def test_a_record_that_the_view_hides_is_said_and_found_when_the_filter_goes(
    open_pane: Callable[[str], EntityPane], store: Store, rest: Rest
) -> None:
    receive(store, many(5000))
    pane = open_pane("tag")
    pane.show_where([Where("name", "starts", "tag 01")], "Some")
    rest()
    pane.choose_first()
    pane.open_record(f"{4000:032x}")
    rest()
    missed = pane._list._missed
    assert missed.isVisible()
    assert pane._list.picked_ids == ()
    missed.clear.click()
    rest()
    assert missed.isHidden()
    assert pane._list.picked_ids == (f"{4000:032x}",)


def test_a_new_form_shows_only_what_one_types(open_pane: Callable[[str], EntityPane]) -> None:
    pane = open_pane("plan_objective")
    pane.new_record()
    form, detail = pane.detail.form, pane.detail
    assert not any(part.isVisible() for part in form._kept)
    assert not detail._delete.isVisible()
    assert "position" not in {*form._editors, *form._words}, "a place in order is dragged"


def test_a_stored_record_shows_who_made_it_and_can_be_deleted(
    open_pane: Callable[[str], EntityPane], rest: Rest
) -> None:
    pane = open_pane("tag")
    pane.new_record()
    pane.choose_first()
    rest()
    assert all(part.isVisible() for part in pane.detail.form._kept)
    assert pane.detail._delete.isVisible()


def test_lines_of_a_log_are_not_entered_in_a_form(open_pane: Callable[[str], EntityPane]) -> None:
    pane = open_pane("complaint_event")
    assert not pane.side.new.isVisible()
    pane.new_record()
    assert pane._made_detail is None


def test_kinds_roles_and_rights_are_called_by_their_names(
    open_pane: Callable[[str], EntityPane], store: Store, rest: Rest
) -> None:
    right = {"role": "kam", "entity": "account", "action": "reassign", "level": "team"}
    one = RecordId("0f" * 16)
    receive(store, [("role_permission", one, right)])
    pane = open_pane("role_permission")
    pane.open_record(one)
    rest()
    assert pane.detail.title == "Key-account manager · Accounts · Hand over"
    row = pane.model.index_of_id(one)
    assert [pane.model.index(row, n).data() for n in range(4)] == [
        "Key-account manager", "Accounts", "Hand over", "Team",
    ]  # fmt: skip


@pytest.mark.parametrize("entity", CATALOG.values(), ids=lambda entity: entity.kind)
def test_a_columns_head_and_its_choices_have_room(entity: Entity, qapp: object) -> None:
    for field in columns_of(entity):
        room = width_of(entity, field) - 2 * PADDING
        assert metrics("caption").horizontalAdvance(field.label) <= room
        if field.kind is Kind.CHOICE:
            widest = max(metrics("body").horizontalAdvance(x.label) for x in field.choices)
            assert widest <= max(room, _CHOICE_WIDTH_MAX - 2 * PADDING)
