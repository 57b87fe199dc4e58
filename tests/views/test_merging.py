"""Two duplicates become one in the window: what stays is chosen, and everything can be undone."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import duplicates, journal, queries
from crm_desktop.models.merge_facts import merged_into
from crm_desktop.models.merging import merge_records
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.merge_page import MergePage, pair_of
from crm_desktop.views.kit.undo_bar import UndoBar
from crm_desktop.views.panes.accounts.pane import AccountsPane
from crm_desktop.views.shell.merge_sheet import MergeSheet
from crm_desktop.views.shell.window import Shell
from tests.views.company import receive

Rest = Callable[[], None]
Known = Mapping[str, list[RecordId]]


def put(store: Store, record: RecordId, /, **values: Value) -> None:
    journal.commit(store, [Change("account", record, Op.SET, values)], label="Change")


def row_of(store: Store, record: RecordId, kind: str = "account") -> queries.Row:
    with store.reader() as c:
        row = queries.record(c, kind, record)
    assert row is not None
    return row


@pytest.fixture
def two(store: Store, known: Known) -> tuple[RecordId, RecordId]:
    """Two accounts of the same company, the one that hangs together with nothing last."""
    made: list[RecordId] = []
    for values in (
        {"name": "Acme", "phone": "111", "tags": ["a"], "industry": None, "email": "a@acme.cn"},
        {"name": "ACME Ltd", "tags": ["b"], "industry": "food", "email": "a@acme.cn"},
    ):
        made.append(store.new_id())
        journal.commit(store, [Change("account", made[-1], Op.INSERT, values)], label="Add")
    return made[0], made[1]


@pytest.fixture
def page(hub: DataHub, qtbot: QtBot, two: tuple[RecordId, RecordId], rest: Rest) -> MergePage:
    made = MergePage(hub)
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    made.show_pair(pair_of("account", *two))
    rest()
    return made


def results(page: MergePage) -> dict[str, Value]:
    assert page.grid is not None
    return dict(page.grid.chosen)


def test_only_what_differs_is_asked_and_what_one_lacks_is_taken_from_the_other(
    page: MergePage,
) -> None:
    assert results(page) == {
        "name": "Acme", "phone": "111", "tags": ["a", "b"], "industry": "food",
    }  # fmt: skip
    assert page.grid is not None
    assert page.grid.stays == 0


def test_the_other_one_may_stay_and_a_value_that_was_chosen_stays_chosen(page: MergePage) -> None:
    assert page.grid is not None
    tags = next(row for row in page.grid.rows if row.field.name == "tags")
    QTest.mouseClick(tags.cells[0], Qt.MouseButton.LeftButton)
    QTest.mouseClick(page.grid.stay_cells[1], Qt.MouseButton.LeftButton)
    assert results(page) == {"name": "ACME Ltd", "phone": "111", "tags": ["b"], "industry": "food"}
    assert "Acme" in page._note.text()


def test_two_of_the_same_name_are_told_apart_by_their_numbers(
    page: MergePage, store: Store, rest: Rest
) -> None:
    assert page._note.text().startswith("“ACME Ltd” goes"), "a name alone where it says enough"
    same = {store.new_id(): "A-1", store.new_id(): "A-2"}
    values = {"name": "Acme", "owner": store.identity.user}
    receive(store, [("account", x, {**values, "number": n}) for x, n in same.items()])
    page.show_pair(pair_of("account", *same))
    rest()
    assert page._note.text().startswith("“Acme · A-2” goes")
    assert "follows to “Acme · A-1”" in page._note.text()


def test_merging_writes_what_was_chosen_as_one_step_that_undo_takes_back(
    page: MergePage, store: Store, two: tuple[RecordId, RecordId], qtbot: QtBot, rest: Rest
) -> None:
    assert page.grid is not None
    page.grid.rows[0].choose(1)
    with qtbot.waitSignal(page.merged) as told:
        QTest.mouseClick(page._merge, Qt.MouseButton.LeftButton)
    assert told.args is not None
    assert told.args[:2] == ["account", two[0]]
    rest()
    assert row_of(store, two[1]).deleted
    assert row_of(store, two[0]).values["name"] == "ACME Ltd"
    journal.undo(store)
    assert not row_of(store, two[1]).deleted
    assert row_of(store, two[0]).values["name"] == "Acme"


def test_what_was_taken_back_can_be_merged_once_more(
    page: MergePage, store: Store, two: tuple[RecordId, RecordId], qtbot: QtBot, rest: Rest
) -> None:
    for _ in range(2):
        with qtbot.waitSignal(page.merged):
            QTest.mouseClick(page._merge, Qt.MouseButton.LeftButton)
        assert row_of(store, two[1]).deleted
        journal.undo(store)
        page.show_pair(pair_of("account", *two))
        rest()


def test_that_they_are_not_the_same_is_kept(
    page: MergePage, store: Store, two: tuple[RecordId, RecordId], qtbot: QtBot
) -> None:
    duplicates.recheck(store, [("account", two[0])])
    with store.reader() as c:
        assert len(duplicates.pairs(c)) == 1
    with qtbot.waitSignal(page.told_apart):
        QTest.mouseClick(page._apart, Qt.MouseButton.LeftButton)
    with store.reader() as c:
        assert duplicates.pairs(c) == ()


def test_who_may_not_delete_the_one_sees_why_before_he_tries(
    store: Store, hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    me, (one, other) = store.identity.user, (store.new_id(), store.new_id())
    receive(store, [
        ("user", me, {"login": "nancy", "name": "Nancy", "role": "rep"}),
        ("account", one, {"name": "Acme", "owner": me, "created_by": me}),
        ("account", other, {"name": "ACME", "owner": me, "created_by": me}),
    ])  # fmt: skip
    made = MergePage(hub)
    qtbot.addWidget(made)
    made.show_pair(pair_of("account", one, other))
    rest()
    assert not made._merge.isEnabled()
    assert made._why.text().startswith("You may not merge these two.")
    made.merge()
    rest()
    assert not row_of(store, one).deleted
    assert not row_of(store, other).deleted


def test_whose_it_is_may_only_stay_where_he_may_not_hand_it_over(
    store: Store, hub: DataHub, known: Known, qtbot: QtBot, rest: Rest
) -> None:
    me, (one, other) = store.identity.user, (store.new_id(), store.new_id())
    _, li = known["user"]
    receive(store, [("user", me, {"login": "nancy", "name": "Nancy", "role": "kam"})])
    for record, owner in ((one, me), (other, li)):
        receive(store, [("account", record, {"name": "Acme", "owner": owner})])
    receive(store, [("account_team", store.new_id(), {"account": other, "user": me})])
    made = MergePage(hub)
    qtbot.addWidget(made)
    made.show_pair(pair_of("account", one, other))
    rest()
    assert made.grid is not None
    (row,) = (x for x in made.grid.rows if x.field.name == "owner")
    assert not any(cell.isEnabled() for cell in row.cells)
    assert "hand this over" in row.cells[0].toolTip()
    for stays, owner in ((1, li), (0, me)):
        made.grid.let_stay(stays)
        assert row.value == owner


def in_accounts(shell: Shell, record: RecordId, rest: Rest) -> AccountsPane:
    shell.open_record("account", record)
    rest()
    pane = shell.innermost
    assert isinstance(pane, AccountsPane)
    return pane


def command(shell: Shell, words: str) -> QAction:
    return next(x for x in shell._all_actions() if x.text() == words)


def link_named(sheet: MergeSheet, title: str) -> QPushButton:
    return next(x for x in sheet.findChildren(QPushButton) if x.text() == title)


def test_the_palette_leads_from_an_account_to_what_looks_like_it_and_to_the_merge(
    shell: Shell, store: Store, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    in_accounts(shell, two[1], rest)
    command(shell, "Merge with…").trigger()
    rest()
    sheet = shell.merge_sheet
    QTest.mouseClick(link_named(sheet, "Acme"), Qt.MouseButton.LeftButton)
    rest()
    assert sheet.comparison.isVisible()
    QTest.keyClick(sheet, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    rest()
    assert not sheet.isVisible()
    assert row_of(store, two[1]).deleted
    assert "was merged into Acme" in shell.undo_bar.text
    pane = shell.innermost
    assert isinstance(pane, AccountsPane)
    assert pane.chosen_id == two[0]


def test_what_lies_under_the_sheet_outlives_what_stood_on_it(
    shell: Shell, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    """The keyboard goes on by itself where what it was on is hidden."""
    pane = in_accounts(shell, two[1], rest)
    command(shell, "Merge with…").trigger()
    rest()
    gc.collect()
    QTest.mouseClick(link_named(shell.merge_sheet, "Acme"), Qt.MouseButton.LeftButton)
    rest()
    gc.collect()
    assert all(map(isValid, vars(pane._card).values()))


def test_tab_goes_round_on_the_sheet_from_top_to_bottom_and_back(
    shell: Shell, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    in_accounts(shell, two[1], rest)
    shell.open_merge("account", two[1])
    rest()

    def steps(key: Qt.Key) -> list[str]:
        seen: list[str] = []
        for _ in range(3):
            QTest.keyClick(shell.merge_sheet, key)
            focused = QApplication.focusWidget()
            seen.append(focused.text() if isinstance(focused, QPushButton) else "")
        return seen

    assert steps(Qt.Key.Key_Tab) == ["Acme", "Close", ""]
    assert steps(Qt.Key.Key_Backtab) == ["Close", "Acme", ""]
    assert shell.merge_sheet.isVisible()


def said_apart(shell: Shell, two: tuple[RecordId, RecordId], rest: Rest) -> None:
    shell.open_merge("account", two[1])
    rest()
    shell.merge_sheet.compare(two[0])
    rest()
    QTest.mouseClick(shell.merge_sheet.comparison._apart, Qt.MouseButton.LeftButton)
    rest()
    assert not shell.merge_sheet.isVisible()


def pairs(store: Store) -> int:
    with store.reader() as c:
        return len(duplicates.pairs(c))


@pytest.mark.parametrize("way", ["button", "keys"])
def test_what_was_told_apart_from_a_record_is_taken_back_before_any_step_of_the_journal(
    way: str, shell: Shell, store: Store, hub: DataHub, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    duplicates.recheck(store, [("account", two[0])])
    hub.refresh_undo()
    assert pairs(store) == 1
    said_apart(shell, two, rest)
    assert pairs(store) == 0
    if way == "keys":
        command(shell, "Undo: Not the same").trigger()
    else:
        bar = next(x for x in shell.findChildren(UndoBar) if x.isVisible())
        assert bar.text == "They will not be offered as duplicates again."
        QTest.mouseClick(bar._button, Qt.MouseButton.LeftButton)
    rest()
    assert pairs(store) == 1
    assert not row_of(store, two[1]).deleted, "the step before stays"
    assert command(shell, "Undo: Add").isEnabled(), "it is the next to be taken back"


def test_once_something_else_was_saved_undo_is_about_that(
    shell: Shell, store: Store, hub: DataHub, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    said_apart(shell, two, rest)
    hub.save([Change("account", two[0], Op.SET, {"phone": "2"})], "Change", owner=shell)
    rest()
    command(shell, "Undo: Change").trigger()
    rest()
    assert row_of(store, two[0]).values["phone"] == "111"


def test_a_merged_account_says_so_and_its_menu_takes_the_merge_back(
    shell: Shell, store: Store, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    merge_records(store, "account", two[1], two[0])
    pane = in_accounts(shell, two[1], rest)
    acts = pane._card._acts  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]  # the accounts' own card
    assert not acts["merge"].isEnabled()
    assert acts["unmerge"].isVisible()
    acts["unmerge"].trigger()
    rest()
    assert not row_of(store, two[1]).deleted
    assert not acts["unmerge"].isVisible()


def test_from_the_record_that_stayed_the_other_is_brought_back_and_shown(
    shell: Shell, store: Store, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    merge_records(store, "account", two[1], two[0])
    shell.open_merge("account", two[0])
    rest()
    QTest.mouseClick(link_named(shell.merge_sheet, "Take back"), Qt.MouseButton.LeftButton)
    rest()
    assert not row_of(store, two[1]).deleted
    with store.reader() as c:
        assert merged_into(c, "account", two[0]) == ()
    assert shell.innermost.chosen_id == two[1]  # pyright: ignore[reportAttributeAccessIssue]  # the accounts'


@pytest.fixture
def in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("the zone of this machine cannot be set")
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_shanghai")
def test_the_last_day_for_taking_back_is_the_day_where_the_device_is(
    shell: Shell, store: Store, two: tuple[RecordId, RecordId], rest: Rest
) -> None:
    merge_records(store, "account", two[1], two[0])
    with store.writing() as c:
        c.run("UPDATE changeset SET at = '2026-11-20T20:00:00Z'")
    shell.open_merge("account", two[0])
    rest()
    said = [label.text() for label in shell.merge_sheet.findChildren(QLabel)]
    assert "ACME Ltd · can be taken back until 21 Dec" in said


def test_a_person_found_by_name_is_merged_from_his_form(
    shell: Shell, store: Store, qtbot: QtBot, rest: Rest
) -> None:
    made = [store.new_id(), store.new_id()]
    for record in made:
        mobile = f"13800138{made.index(record)}00"
        values: dict[str, Value] = {"full_name": "Zoe Quill", "mobile": mobile}
        journal.commit(store, [Change("contact", record, Op.INSERT, values)], label="Add")
    shell.open_record("contact", made[0])
    rest()
    assert shell.pane is not None
    assert shell.pane.detail._merge.isVisible()
    QTest.mouseClick(shell.pane.detail._merge, Qt.MouseButton.LeftButton)
    rest()
    edit = shell.merge_sheet.edit
    assert edit is not None
    QTest.keyClicks(edit._line, "Quill")
    QTest.keyClick(edit._line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shell.merge_sheet.comparison.grid is not None)
    grid = shell.merge_sheet.comparison.grid
    assert grid is not None
    assert {side.record for side in grid.meeting.sides} == {*made}, "never with itself"


def test_nothing_is_merged_where_nothing_is_chosen(shell: Shell, rest: Rest) -> None:
    shell.show_place("accounts")
    rest()
    shell.innermost._on_card = ""  # pyright: ignore[reportAttributeAccessIssue]  # nothing chosen
    command(shell, "Merge with…").trigger()
    rest()
    assert shell.undo_bar.text == "Choose the record in the list first."
