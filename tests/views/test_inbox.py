"""The inbox: nothing is preselected, every side is kept, and a decision reaches the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit, QTextEdit
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import ChangeResult, ChangeSetResult, HistoryEntry, PushResponse
from crm_desktop.i18n import set_language
from crm_desktop.models import inbox, journal, queries
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.kit.choice_row import ChoiceRow
from crm_desktop.views.panes.inbox.entries import Tab
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.panes.inbox.tree import act_places
from crm_desktop.views.shell.window import Shell
from tests.views.company import receive
from tests.views.front import InFront

Rest = Callable[[], None]
Open = Callable[[], InboxPane]
CONFLICT, OTHER = RecordId("c" * 32), RecordId("d" * 32)


@pytest.fixture
def account(known: Mapping[str, list[RecordId]]) -> RecordId:
    return known["account"][0]


@pytest.fixture
def open_inbox(hub: DataHub, in_front: InFront) -> Open:
    return lambda: in_front(InboxPane(hub), 1100, 700)


def park(
    store: Store, record: str, field: str, base: Value, value: Value, author: RecordId,
    *, conflict: RecordId = CONFLICT, why: str = "edit",
) -> None:  # fmt: skip
    """A conflict as the server sends it."""
    parked = [
        {"value": value, "author": author, "device": "T14", "authored_at": "2026-11-19T08:00:00Z"}
    ]
    values: dict[str, Any] = {
        "record": record, "field": field, "why": why, "base": base, "parked": parked,
        "state": "open",
    }  # fmt: skip
    receive(store, [("conflict", conflict, values)])


def row_of(store: Store, kind: str, record_id: RecordId) -> queries.Row:
    with store.reader() as c:
        row = queries.record(c, kind, record_id)
    assert row is not None
    return row


def texts(pane: InboxPane) -> set[str]:
    return {cell.text() for row in pane.dispute.rows for cell in row.cells}


def story(pane: InboxPane) -> str:
    """What happened, in words."""
    lines = pane.dispute._story._lines
    return "\n".join(x.text() for line in lines for x in line.findChildren(QLabel))


def take(row: ChoiceRow, *, mine: bool) -> None:
    """Click on a side."""
    for cell, side in zip(row.cells, row.decision.sides, strict=True):
        if side.is_mine is mine:
            QTest.mouseClick(cell, Qt.MouseButton.LeftButton)


def underlined(text: QPlainTextEdit) -> list[str]:
    marks: list[QTextEdit.ExtraSelection] = text.extraSelections()
    return [mark.cursor.selectedText() for mark in marks]  # pyright: ignore[reportAttributeAccessIssue]


# Conflicts


def test_a_conflict_shows_all_sides_and_preselects_none(
    open_inbox: Open, store: Store, account: RecordId
) -> None:
    park(store, f"account/{account}", "phone", "1", "my phone 2", store.identity.user)
    theirs = str(row_of(store, "account", account).values["phone"])
    pane = open_inbox()
    (row,) = pane.dispute.rows
    assert texts(pane) == {"my phone 2", theirs}
    assert not row.is_decided
    assert row.result_cell.missing.isVisible()
    assert not pane.dispute._apply.isEnabled()
    assert [side.value for side in row.decision.mine] == ["my phone 2"]


def test_a_deletion_that_a_withdrawn_device_left_asks_by_name(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest, known: Mapping[str, Any]
) -> None:
    colleague = next(x for x in known["user"] if x != store.identity.user)
    park(store, f"account/{account}", "deleted", False, True, colleague, why="handover")
    pane = open_inbox()
    entry = pane.side.tree.entry
    assert entry is not None
    assert entry.second == "Account · Li Ming wanted it deleted"
    take(pane.dispute.rows[0], mine=False)
    pane.dispute.apply()
    rest()
    assert row_of(store, "account", account).deleted


def test_taking_a_side_writes_it_and_closes_the_conflict(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    pane = open_inbox()
    take(pane.dispute.rows[0], mine=True)
    QTest.keyClick(pane.dispute.rows[0].cells[0], Qt.Key.Key_Return, _CONTROL)
    rest()
    assert row_of(store, "account", account).values["phone"] == "030-2"
    with store.reader() as c:
        assert inbox.conflicts(c) == ()
    assert pane.shown is pane._nothing


def test_a_side_taken_stands_in_the_results_editor(
    open_inbox: Open, store: Store, account: RecordId
) -> None:
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    pane = open_inbox()
    (row,) = pane.dispute.rows
    take(row, mine=True)
    (editor,) = row.result_cell.editors
    assert editor.typed() == "030-2"
    assert editor.widget.isVisible()
    assert not row.result_cell.missing.isVisible()


def test_a_third_value_is_typed_into_the_missing_answer(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    pane = open_inbox()
    (row,) = pane.dispute.rows
    QTest.keyClicks(row.result_cell.missing, "0")
    line = row.result_cell.editors[0].widget
    assert isinstance(line, QLineEdit)
    QTest.keyClicks(line, "30-3")
    assert [cell.isChecked() for cell in row.cells] == [False, False]
    pane.dispute.apply()
    rest()
    assert row_of(store, "account", account).values["phone"] == "030-3"


def test_a_bad_result_is_named_and_nothing_is_written(
    open_inbox: Open, store: Store, account: RecordId, qtbot: QtBot
) -> None:
    park(store, f"account/{account}", "email", "", "li@example.com", store.identity.user)
    pane = open_inbox()
    (row,) = pane.dispute.rows
    QTest.keyClicks(row.result_cell.missing, "l")
    QTest.keyClicks(row.result_cell.editors[0].widget, "i@")
    with qtbot.assertNotEmitted(pane.dispute.resolved):
        pane.dispute.apply()
    assert "no domain" in row.result_cell.problem.text()
    assert row.result_cell.editors[0].widget.property("state") == "refused"


def test_both_texts_of_a_note_are_kept_and_marked(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    theirs = "Calls before ten. New dock."
    receive(store, [("account", account, {"name": "Alfreds", "description": theirs})])
    mine = "Calls before ten. Ask for Li."
    park(store, f"account/{account}", "description", "Calls before ten.", mine, _me(store))
    pane = open_inbox()
    (row,) = pane.dispute.rows
    take(row, mine=True)
    take(row, mine=False)
    text = row.result_cell.editors[0].widget
    assert isinstance(text, QPlainTextEdit)
    assert {x.strip() for x in underlined(text)} == {"New dock.", "Ask for Li."}
    pane.dispute.apply()
    rest()
    kept = str(row_of(store, "account", account).values["description"])
    assert kept == "Calls before ten. New dock.\nAsk for Li."


def test_delete_against_edit_offers_to_delete_or_to_keep(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    park(store, f"account/{account}", "deleted", False, True, store.identity.user)
    pane = open_inbox()
    assert texts(pane) == {"Delete the record", "Keep the record"}
    pane.dispute.take_all(mine=True)
    pane.dispute.apply()
    rest()
    assert row_of(store, "account", account).deleted


def test_fields_judged_together_are_one_choice_with_an_editor_each(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    address = known["address"][0]
    mine: dict[str, Value] = dict.fromkeys(
        ("country", "province", "city", "district", "street", "postcode"), "Graz"
    )
    park(store, f"address/{address}", "address", None, mine, store.identity.user)
    pane = open_inbox()
    pane.dispute.take_all(mine=True)
    assert [e.typed() for e in pane.dispute.rows[0].result_cell.editors] == ["Graz"] * 6
    pane.dispute.apply()
    rest()
    row = row_of(store, "address", address)
    assert {name: row.values[name] for name in mine} == mine


def test_the_last_choice_is_named_and_taken_back(
    open_inbox: Open, store: Store, account: RecordId
) -> None:
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    pane = open_inbox()
    (row,) = pane.dispute.rows
    take(row, mine=True)
    take(row, mine=False)
    assert pane.dispute._undo.text().startswith("Undo: Phone to theirs")
    QTest.keyClick(row.cells[0], Qt.Key.Key_Z, _CONTROL)
    assert [cell.isChecked() for cell in row.cells] == [True, False]
    QTest.keyClick(row.cells[0], Qt.Key.Key_Z, _CONTROL)
    assert not row.is_decided
    assert not pane.dispute._undo.isVisible()


def test_one_side_goes_for_all_conflicts_of_the_field(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    first, second = known["account"][:2]
    park(store, f"account/{first}", "phone", "1", "030-2", store.identity.user)
    park(store, f"account/{second}", "phone", "1", "040-2", store.identity.user, conflict=OTHER)
    pane = open_inbox()
    (row,) = pane.dispute.rows
    take(row, mine=True)
    assert row.for_all.text() == "Mine for all 2 in Phone"
    row.for_all.click()
    assert pane.dispute._apply.text().startswith("Apply 2")
    pane.dispute.apply()
    rest()
    phones = [row_of(store, "account", x).values["phone"] for x in (first, second)]
    assert phones == ["030-2", "040-2"]


def test_one_side_goes_for_all_that_one_colleague_disputes_and_one_undo_takes_all_back(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    first, second = known["account"][:2]
    me, li = store.identity.user, known["user"][1]
    for account in (first, second):
        values = {**row_of(store, "account", account).values, "updated_by": li}
        receive(store, [("account", account, values)])
    before = [row_of(store, "account", x).values for x in (first, second)]
    park(store, f"account/{second}", "industry", "", "Mill", me, conflict=OTHER)
    park(store, f"account/{first}", "phone", "1", "030-2", me)
    pane = open_inbox()
    pane.side.tree.choose(f"c/account/{first}")
    (row,) = pane.dispute.rows
    take(row, mine=True)
    assert not row.for_all.isVisible()
    assert row.for_author.text() == "Mine for all 2 with Li Ming"
    row.for_author.click()
    assert pane.dispute._apply.text().startswith("Apply 2")
    pane.dispute.apply()
    rest()
    values = [row_of(store, "account", x).values for x in (first, second)]
    assert (values[0]["phone"], values[1]["industry"]) == ("030-2", "Mill")
    journal.undo(store)
    values = [row_of(store, "account", x).values for x in (first, second)]
    assert values[0]["phone"] == before[0]["phone"]
    assert values[1]["industry"] == before[1]["industry"]
    with store.reader() as c:
        assert len(inbox.conflicts(c)) == 2


def test_both_texts_are_kept_for_all_notes_of_the_field(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    first, second = known["account"][:2]
    for account, conflict in ((first, CONFLICT), (second, OTHER)):
        values = {**row_of(store, "account", account).values, "description": "A. Theirs."}
        receive(store, [("account", account, values)])
        mine = f"A. Mine at {account[-4:]}."
        park(store, f"account/{account}", "description", "A.", mine, store.identity.user,
             conflict=conflict)  # fmt: skip
    pane = open_inbox()
    (row,) = pane.dispute.rows
    for cell in row.cells:
        QTest.mouseClick(cell, Qt.MouseButton.LeftButton)
    assert row.for_all.text() == "Both for all 2 in Notes"
    row.for_all.click()
    pane.dispute.apply()
    rest()
    for account in (first, second):
        said = str(row_of(store, "account", account).values["description"])
        assert f"Mine at {account[-4:]}." in said
        assert "Theirs." in said


def test_what_was_chosen_stays_while_the_inbox_is_read_again(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    pane = open_inbox()
    pane.dispute.take_all(mine=True)
    pane.refresh()
    rest()
    assert [row.is_decided for row in pane.dispute.rows] == [True]


def test_what_was_decided_is_told_and_the_keyboard_is_in_the_list(
    shell: Shell, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    first, second = known["account"][:2]
    name = row_of(store, "account", first).values["name"]
    park(store, f"account/{first}", "phone", "1", "030-2", _me(store))
    park(store, f"account/{second}", "phone", "1", "030-3", _me(store), conflict=OTHER)
    pane = shell.show_place("inbox")
    assert isinstance(pane, InboxPane)
    rest()
    pane.side.tree.choose(f"c/account/{first}")
    rest()
    (row,) = pane.dispute.rows
    take(row, mine=True)
    QTest.mouseClick(pane.dispute._apply, Qt.MouseButton.LeftButton)
    rest()
    assert shell.undo_bar.text == f"Decided: {name}."
    assert pane.side.tree.keys == [f"c/account/{second}"]
    assert pane.side.tree.hasFocus(), "not at the other conflict's first side"
    QTest.mouseClick(shell.undo_bar._button, Qt.MouseButton.LeftButton)
    rest()
    assert len(pane.side.tree.keys) == 2


def test_where_an_entry_goes_while_somebody_is_at_it_he_is_in_the_list(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    first, second = known["account"][:2]
    park(store, f"account/{first}", "phone", "1", "030-2", _me(store))
    park(store, f"account/{second}", "phone", "1", "030-3", _me(store), conflict=OTHER)
    pane = open_inbox()
    pane.side.tree.choose(f"c/account/{first}")
    rest()
    pane.dispute._all_mine.setFocus()
    inbox.resolve(store, CONFLICT, "030-2")
    pane.refresh()
    rest()
    assert pane.side.tree.hasFocus(), "the same button would decide about another record"
    pane.dispute.rows[0].cells[0].setFocus()
    pane.refresh()
    rest()
    assert pane.dispute.rows[0].cells[0].hasFocus(), "of the same entry it stays where it is"


def test_deciding_later_keeps_the_choice_and_writes_nothing(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    first, second = known["account"][:2]
    park(store, f"account/{first}", "phone", "1", "030-2", store.identity.user)
    park(store, f"account/{second}", "phone", "1", "040-2", store.identity.user, conflict=OTHER)
    pane = open_inbox()
    begun = pane.side.tree.keys[0]
    take(pane.dispute.rows[0], mine=True)
    pane.dispute._later.click()
    assert not pane.dispute.rows[0].is_decided
    pane.side.tree.choose(begun)
    assert pane.dispute.rows[0].is_decided
    with store.reader() as c:
        assert len(inbox.conflicts(c)) == 2


def test_what_merged_by_itself_is_told_where_it_is_known(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]], account: RecordId
) -> None:
    li = known["user"][1]
    receive(store, [("account", account, {"name": "Alfreds", "phone": "5", "updated_by": li})])
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    pane = open_inbox()
    assert not pane.dispute._quiet.isVisible()
    step = "e" * 32
    entries = [
        HistoryEntry(7, "2026-11-19T07:00:00Z", li, "x", name, "a", "b", "", step)
        for name in ("phone", "website")
    ]
    shown = pane.dispute.dispute
    assert shown is not None
    pane.dispute.show_history(shown, entries)
    assert "Website" in pane.dispute._merged.text()
    assert "Phone" not in pane.dispute._merged.text()


def test_who_wrote_what_stands_is_named_by_the_servers_history(
    qtbot: QtBot, store: Store, known: Mapping[str, list[RecordId]], rest: Rest, lanes: Lanes
) -> None:
    account = known["account"][0]
    me, li = known["user"]
    receive(store, [("account", account, {"name": "Alfreds", "phone": "5", "updated_by": me})])
    park(store, f"account/{account}", "phone", "1", "030-2", me)
    entry = HistoryEntry(7, "2026-11-19T07:00:00Z", li, "x", "phone", "1", "5", "", "e" * 32)
    online = DataHub(store, lanes, ask_history=lambda _kind, _record: (entry,))
    offline_pane, online_pane = InboxPane(DataHub(store, lanes)), InboxPane(online)
    for pane in (offline_pane, online_pane):
        qtbot.addWidget(pane)
        pane.show()
    rest()
    assert "somebody else" in offline_pane.dispute.rows[0].cells[1].accessibleName()
    assert "Li Ming" in online_pane.dispute.rows[0].cells[1].accessibleName()


def test_a_conflict_of_others_waits_for_another_person_and_is_not_counted(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]], qtbot: QtBot
) -> None:
    park(store, f"account/{known['account'][0]}", "phone", "1", "2", known["user"][1])
    pane = open_inbox()
    with qtbot.waitSignal(pane.counted) as counted:
        pane.refresh()
    assert counted.args == [0]
    assert pane.dispute._state.text() == "Waiting for another person"
    assert "asks Li Ming" in story(pane)


def test_of_a_deletion_among_others_nobody_is_here(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]]
) -> None:
    account, (_, li) = known["account"][0], known["user"]
    receive(store, [("account", account, {"name": "Alfreds", "updated_by": li})])
    park(store, f"account/{account}", "deleted", None, True, li)
    entry = open_inbox().side.tree.entry
    assert entry is not None
    assert entry.second == "Account · one deleted it, another edited it"


def test_what_stands_by_ones_own_hand_turns_to_mine_when_the_history_says_so(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    account, (me, li) = known["account"][0], known["user"]
    receive(store, [("account", account, {"name": "Alfreds", "phone": "5", "updated_by": li})])
    park(store, f"account/{account}", "phone", "1", "2", li)
    pane = open_inbox()
    (decision,) = (row.decision for row in pane.dispute.rows)
    assert decision.mine == ()
    entry = HistoryEntry(7, "2026-11-19T07:00:00Z", me, "x", "phone", "1", "5", "", "e" * 32)
    shown = pane.dispute.dispute
    assert shown is not None
    pane._show_history(shown, (entry,))
    rest()
    (decision,) = (row.decision for row in pane.dispute.rows)
    assert [side.value for side in decision.mine] == ["5"]
    assert [side.value for side in decision.theirs] == ["2"]


def test_a_value_that_another_record_has_is_told_as_taken(
    open_inbox: Open, store: Store, account: RecordId
) -> None:
    park(store, f"account/{account}", "uscc", None, "9133", _me(store), why="unique")
    pane = open_inbox()
    assert "taken already" in str(pane.side.tree.entry)
    assert "Taken already" in story(pane)
    assert "now in force" not in story(pane)
    assert not pane.dispute._quiet.isVisible()


def test_who_deleted_the_record_is_told(open_inbox: Open, store: Store, account: RecordId) -> None:
    park(store, f"account/{account}", "deleted", None, True, _me(store))
    pane = open_inbox()
    assert "Deleted the record" in story(pane)


def test_conflicts_count_by_their_record_here_and_in_the_indicator(
    open_inbox: Open, store: Store, account: RecordId
) -> None:
    for field, conflict in (("phone", CONFLICT), ("email", OTHER)):
        park(store, f"account/{account}", field, "1", "2", _me(store), conflict=conflict)
    pane = open_inbox()
    assert pane._contents is not None
    assert pane._contents.waiting == Outbox(store).parked().needs_you == 1


# Records that could not be taken


def test_a_record_set_apart_is_called_by_its_name_and_why_is_for_it(
    open_inbox: Open, store: Store, account: RecordId
) -> None:
    title = row_of(store, "account", account).values["name"]
    receive(store, [("account", account, {"name": {"not": "text"}})])
    pane = open_inbox()
    entry = pane.side.tree.entry
    assert entry is not None
    assert entry.title == title
    assert "Error" not in entry.second
    assert pane._step._detail.text().startswith("For your IT: ")
    assert pane._step._open.isVisible()


def test_trying_again_says_what_came_of_it(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest, qtbot: QtBot
) -> None:
    values = row_of(store, "account", account).values
    receive(store, [("account", account, {**values, "name": {"not": "text"}})])
    pane = open_inbox()
    with qtbot.waitSignal(pane.said) as told:
        QTest.mouseClick(pane._step._retry, Qt.MouseButton.LeftButton)
    assert told.args == ["It cannot be read here yet, and stays as it came."]
    make_readable(store, "Alfreds")
    rest()
    with qtbot.waitSignal(pane.said) as told:
        QTest.mouseClick(pane._step._retry, Qt.MouseButton.LeftButton)
    assert told.args == ["It was read, and is in use now."]
    rest()
    assert row_of(store, "account", account).values["name"] == "Alfreds"
    assert pane.side.tree.keys == []


def make_readable(store: Store, name: str) -> None:
    """As a newer version of the application can read what came."""
    with store.writing() as c:
        item = c.value("SELECT item FROM quarantine")
        assert item.count('{"not":"text"}') == 1
        readable = item.replace('{"not":"text"}', f'"{name}"')
        c.run("UPDATE quarantine SET item = ?", (readable,))


# Work that was refused


def refuse(store: Store, code: str = "right.missing", **params: str) -> None:
    """The server refuses everything that waits."""
    outbox = Outbox(store)
    refused = tuple(
        ChangeSetResult(
            cs.id, "rejected", 0, (ChangeResult(0, "", "rejected", code, params=params),)
        )
        for cs in outbox.take_outbox(10, 10**6)
    )
    outbox.settle(PushResponse("", 1, refused))


def write(store: Store, account: RecordId, **values: Value) -> None:
    journal.commit(store, [Change("account", account, Op.SET, values)], label="Change: Alfreds")


def test_refused_work_names_the_reason_and_goes_only_when_confirmed(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    before = row_of(store, "account", account).values["industry"]
    write(store, account, industry="Bakery")
    refuse(store)
    pane = open_inbox()
    assert "role" in pane.stuck._reason.words
    pane.stuck._discard.click()
    rest()
    assert row_of(store, "account", account).values["industry"] == "Bakery"
    pane.stuck._yes.click()
    rest()
    assert row_of(store, "account", account).values["industry"] == before
    with store.reader() as c:
        assert inbox.stuck(c) == ()


def test_before_discarding_all_that_goes_is_named(
    open_inbox: Open, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    first, second = known["account"][:2]
    names = [row_of(store, "account", x).values["name"] for x in (first, second)]
    changes = [
        Change("account", first, Op.SET, {"industry": "Bakery", "phone": "7"}),
        Change("account", second, Op.SET, {"industry": "Bakery"}),
    ]
    journal.commit(store, changes, label="Change: two", atomic=True)
    refuse(store)
    pane = open_inbox()
    pane.stuck._discard.click()
    rest()
    assert pane.stuck._question.isVisible()
    assert pane.stuck._question.text().splitlines() == [
        "Discarding takes this back, in 2 records:",
        f"• Account {names[0]}: Industry, Phone",
        f"• Account {names[1]}: Industry",
        "This is the only copy. Discard it?",
    ]


def test_what_goes_is_listed_as_the_language_lists_it(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    write(store, account, industry="Bakery", phone="030-1")
    refuse(store)
    set_language("zh_CN")
    pane = open_inbox()
    pane.stuck._discard.click()
    rest()
    said = pane.stuck._question.text()
    assert "、" in said
    assert ", " not in said


def test_of_a_step_that_had_an_effect_only_the_refused_part_goes(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    write(store, account, industry="Bakery", phone="7")
    outbox = Outbox(store)
    (sent,) = outbox.take_outbox(10, 10**6)
    part = ChangeResult(0, "industry", "rejected", "right.missing")
    outbox.settle(PushResponse("", 1, (ChangeSetResult(sent.id, "rejected", 900, (part,)),)))
    pane = open_inbox()
    pane.stuck._discard.click()
    rest()
    said = pane.stuck._question.text()
    assert "Industry" in said
    assert "Phone" not in said


def test_what_was_discarded_comes_back_by_the_bar_and_by_the_key(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    before = row_of(store, "account", account).values["industry"]
    write(store, account, industry="Bakery")
    refuse(store)
    pane = open_inbox()
    backs: list[Callable[[], None]] = [
        pane._back.bar._button.click,
        lambda: QTest.keyClick(pane.side.tree, Qt.Key.Key_Z, _CONTROL),
    ]
    for back in backs:
        pane.stuck._discard.click()
        rest()
        pane.stuck._yes.click()
        rest()
        assert row_of(store, "account", account).values["industry"] == before
        back()
        rest()
        assert row_of(store, "account", account).values["industry"] == "Bakery"
        with store.reader() as c:
            assert [row.state for row in inbox.stuck(c)] == ["rejected"]
        assert pane.shown is pane.stuck
        assert not pane.stuck._yes.isVisible(), "it asks no more"
        assert pane.stuck._discard.isVisible()


def test_after_another_step_a_discarding_is_no_longer_what_the_key_takes_back(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest, hub: DataHub
) -> None:
    write(store, account, industry="Bakery")
    refuse(store)
    pane = open_inbox()
    pane.stuck._discard.click()
    rest()
    pane.stuck._yes.click()
    rest()
    assert pane._back.is_possible
    hub.save([Change("account", account, Op.SET, {"phone": "7"})], "Change", owner=pane)
    rest()
    assert not pane._back.is_possible
    assert not pane._back.bar.isVisible()


def test_the_foot_says_of_a_conflict_that_the_value_in_force_is_shown(
    open_inbox: Open, store: Store, account: RecordId
) -> None:
    theirs = row_of(store, "account", account).values["phone"]
    park(store, f"account/{account}", "phone", "1", "030-2", _me(store))
    pane = open_inbox()
    foot = next(x.text() for x in pane.side.findChildren(QLabel) if "decides nothing" in x.text())
    assert "a conflict shows the value in force" in foot
    assert row_of(store, "account", account).values["phone"] == theirs


def test_refused_work_is_put_right_and_sent_again(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    write(store, account, industry="Bakery")
    refuse(store)
    pane = open_inbox()
    (editor,) = pane.stuck._editors
    assert editor.typed() == "Bakery"
    editor.restore("Bakery and mill")
    said: list[str] = []
    pane.said.connect(said.append)
    pane.stuck._send.click()
    rest()
    assert said == ["It waits to be sent again."]
    (again,) = Outbox(store).take_outbox(10, 10**6)
    assert again.changes[0].new == {"industry": "Bakery and mill"}


def test_the_field_that_the_reason_asks_for_can_be_filled_in(
    open_inbox: Open, store: Store, account: RecordId
) -> None:
    write(store, account, industry="Bakery")
    refuse(store, "state.missing", fields="phone", target="x")
    pane = open_inbox()
    assert [editor.field.name for editor in pane.stuck._editors] == ["industry", "phone"]
    QTest.keyClick(pane.side.tree, Qt.Key.Key_Return)
    assert pane.stuck._editors[1].widget.hasFocus(), "what is asked for comes first"


def test_refused_work_kept_as_a_draft_stays_in_the_inbox_unsent(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    write(store, account, industry="Bakery")
    refuse(store)
    pane = open_inbox()
    pane.stuck._draft.click()
    rest()
    with store.reader() as c:
        assert [row.state for row in inbox.stuck(c)] == ["held"]
    assert Outbox(store).take_outbox(10, 10**6) == ()
    assert row_of(store, "account", account).values["industry"] == "Bakery"


def test_the_ways_out_in_the_list_work_by_click(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    write(store, account, industry="Bakery")
    refuse(store)
    pane = open_inbox()
    tree = pane.side.tree
    index = tree.currentIndex()
    assert pane._entry is not None
    places = dict(act_places(tree.visualRect(index), pane._entry))
    where = places["draft"].center()
    QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=where)
    rest()
    with store.reader() as c:
        assert [row.state for row in inbox.stuck(c)] == ["held"]


def test_what_cannot_be_put_right_is_sent_again(
    open_inbox: Open, store: Store, account: RecordId
) -> None:
    journal.commit(store, [Change("account", account, Op.DELETE)], label="Delete: Alfreds")
    refuse(store)
    pane = open_inbox()
    assert pane.stuck._send.text().startswith("Send again")
    entry = pane.side.tree.entry
    assert entry is not None
    assert entry.acts["fix"] == "Send again"


def test_what_waits_for_another_change_stands_in_the_queue_and_names_it(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    write(store, account, industry="Bakery")
    refuse(store)
    write(store, account, industry="Bakery and mill")
    pane = open_inbox()
    assert len(pane.side.tree.keys) == 1
    pane.show_queue()
    rest()
    assert pane.shown is pane._queue
    assert str(row_of(store, "account", account).values["name"]) in pane._queue.why
    assert "refused or you keep as a draft" in pane._queue.why


# Queue and history


def test_the_queue_shows_what_will_be_sent_and_is_not_counted(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest, qtbot: QtBot
) -> None:
    write(store, account, industry="Bakery")
    pane = open_inbox()
    with qtbot.waitSignal(pane.counted) as counted:
        pane.refresh()
    assert counted.args == [0]
    pane.show_queue()
    rest()
    assert pane.shown is pane._queue
    said = [label.text() for label in pane._queue.findChildren(QLabel)]
    assert "Bakery" in said


def test_a_refused_step_that_was_taken_back_before_is_history_and_waits_for_nobody(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    write(store, account, industry="Bakery")
    journal.undo(store)
    refuse(store)
    pane = open_inbox()
    assert pane.shown is pane._nothing
    pane.side.show_tab(Tab.HISTORY)
    rest()
    assert len(pane.side.tree.keys) == 2
    for key in pane.side.tree.keys:
        pane.side.tree.choose(key)
        assert pane.side.tree.entry is not None
        assert "taken back" in pane.side.tree.entry.second
        assert "taken back before the server took it" in pane._step._words.text()


def test_history_can_be_filtered_by_words(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest
) -> None:
    for label in ("Change: Alfreds", "Change: Berglunds"):
        change = Change("account", account, Op.SET, {"industry": label})
        journal.commit(store, [change], label=label)
        refuse(store)
        with store.reader() as c:
            stuck = inbox.stuck(c)
        inbox.discard(store, stuck[0].cs_id)
    pane = open_inbox()
    pane.side.show_tab(Tab.HISTORY)
    assert len(pane.side.tree.keys) == 2
    pane.side.ask_filter()
    pane.side._filter.setText("berg")
    assert len(pane.side.tree.keys) == 1
    pane.side._filter.setText("nobody")
    assert pane.shown is pane._nothing
    assert pane._nothing.words[0] == "No entry matches."


def test_what_is_listed_is_exported_for_every_office(
    open_inbox: Open, store: Store, account: RecordId, rest: Rest, tmp_path: Path
) -> None:
    write(store, account, industry="Bakery")
    pane = open_inbox()
    pane.show_queue()
    with_entries = []
    pane.side.export_asked.disconnect()
    pane.side.export_asked.connect(lambda entries, _past: with_entries.extend(entries))
    pane.side._export.click()
    pane.exporting.export(with_entries, tmp_path / "inbox.csv")
    rest()
    text = (tmp_path / "inbox.csv").read_text("utf-8-sig")
    assert "Industry" in text


def test_an_empty_inbox_says_so_in_words(open_inbox: Open) -> None:
    pane = open_inbox()
    assert pane.shown is pane._nothing
    assert pane._nothing.words[0] == "Nothing needs you."


def test_rows_are_spoken_with_all_that_they_show(
    open_inbox: Open, store: Store, account: RecordId
) -> None:
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    pane = open_inbox()
    spoken = pane.side.tree.currentIndex().data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Phone" in spoken
    assert pane.dispute.rows[0].cells[0].accessibleName().startswith("Phone: Mine (")


def _me(store: Store) -> RecordId:
    return store.identity.user


_CONTROL = Qt.KeyboardModifier.ControlModifier
