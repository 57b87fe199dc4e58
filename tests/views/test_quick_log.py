"""The quick log: four inputs, saved here at once, nothing typed is lost, one step to take back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crm_core.errors import CrmError
from crm_core.ids import RecordId
from crm_desktop.models import queries
from crm_desktop.models.queries import Row
from crm_desktop.models.store import Store
from crm_desktop.views.shell.quick_log import QuickLog
from crm_desktop.views.shell.window import Shell

Rest = Callable[[], None]
CONTROL = Qt.KeyboardModifier.ControlModifier
BOTH = CONTROL | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def account(known: dict[str, list[RecordId]]) -> RecordId:
    return known["account"][0]


@pytest.fixture
def log(shell: Shell, qtbot: QtBot, rest: Rest, account: RecordId) -> QuickLog:
    """Opened by keyboard, for the account that was opened last."""
    shell.open_record("account", account)
    rest()
    qtbot.keyClick(shell, Qt.Key.Key_L, BOTH)
    rest()
    return shell.quick_log


def newest(store: Store, kind: str) -> Row:
    with store.reader() as c:
        rows = queries.page(c, kind, limit=1000).rows
    return max(rows, key=lambda row: row.id)


def test_the_account_in_front_is_filled_in(log: QuickLog, account: RecordId) -> None:
    assert log.isVisible()
    assert log.account.value() == account


def test_a_contact_and_its_next_step_are_saved_as_one_step(
    shell: Shell, log: QuickLog, qtbot: QtBot, rest: Rest, store: Store, account: RecordId
) -> None:
    qtbot.keyClicks(log.text, "Pallet prices for Q4")
    qtbot.keyClicks(log.next_step, "Send the price list")
    qtbot.keyClick(log.next_step, Qt.Key.Key_Return, CONTROL)
    rest()
    contact, task = newest(store, "interaction"), newest(store, "task")
    assert contact.values["subject"] == "Pallet prices for Q4"
    assert (contact.values["account"], contact.values["medium"]) == (account, "phone")
    assert (task.values["title"], task.values["account"]) == ("Send the price list", account)
    assert contact.pending
    assert not log.isVisible()
    assert "Pallet prices" in shell.undo_bar.text


def test_ctrl_z_takes_both_back(
    shell: Shell, log: QuickLog, qtbot: QtBot, rest: Rest, store: Store
) -> None:
    before = newest(store, "interaction").id, newest(store, "task").id
    qtbot.keyClicks(log.text, "Called")
    qtbot.keyClicks(log.next_step, "Call again")
    log.log()
    rest()
    assert newest(store, "task").id != before[1]
    qtbot.keyClick(shell, Qt.Key.Key_Z, CONTROL)
    rest()
    assert (newest(store, "interaction").id, newest(store, "task").id) == before


def test_a_long_text_keeps_its_first_line_as_the_subject(
    log: QuickLog, rest: Rest, store: Store
) -> None:
    log.text.setPlainText("Called\nThey want the offer by Friday.")
    log.log()
    rest()
    made = newest(store, "interaction")
    assert made.values["subject"] == "Called"
    assert made.values["content"] == "Called\nThey want the offer by Friday."


@pytest.mark.parametrize(("text", "forget"), [("", False), ("Called", True)])
def test_what_is_missing_is_said_and_nothing_is_saved(
    log: QuickLog, rest: Rest, store: Store, text: str, forget: bool
) -> None:
    before = newest(store, "interaction").id
    log.text.setPlainText(text)
    if forget:
        log.account.clear()
    log.log()
    rest()
    assert log.isVisible()
    assert log._problem.isVisible()
    assert newest(store, "interaction").id == before


def test_escape_keeps_what_was_typed_for_the_next_time(
    shell: Shell, log: QuickLog, qtbot: QtBot, rest: Rest
) -> None:
    log.text.setPlainText("Half a sentence")
    qtbot.keyClick(log.text, Qt.Key.Key_Escape)
    assert not log.isVisible()
    shell.open_quick_log()
    rest()
    assert log.text.toPlainText() == "Half a sentence"


def test_after_a_crash_what_was_typed_is_back(
    shell: Shell, log: QuickLog, qtbot: QtBot, rest: Rest
) -> None:
    log.text.setPlainText("Half a sentence")
    log._soon.timeout.emit()
    rest()
    anew = QuickLog(shell._hub, shell)
    anew.open()
    rest()
    assert anew.text.toPlainText() == "Half a sentence"


def test_after_a_crash_what_was_typed_is_back_beside_a_record_too(
    shell: Shell, log: QuickLog, rest: Rest, known: dict[str, list[RecordId]]
) -> None:
    log.text.setPlainText("Half a sentence")
    log._soon.flush()
    rest()
    anew = QuickLog(shell._hub, shell)
    anew.open("account", known["account"][1])
    rest()
    assert anew.text.toPlainText() == "Half a sentence"
    assert anew.account.value() == log.account.value()


def test_how_it_was_said_is_kept_with_what_was_typed(
    shell: Shell, log: QuickLog, rest: Rest
) -> None:
    log.text.setPlainText("Half a sentence")
    log._soon.flush()
    log.medium.setCurrentIndex(log.medium.findData("email"))
    log.medium.activated.emit(log.medium.currentIndex())
    shell._hub.leaving.emit()
    rest()
    anew = QuickLog(shell._hub, shell)
    anew.open()
    rest()
    assert anew.medium.currentData() == "email"


def test_a_log_that_is_not_saved_stays_typed(
    log: QuickLog, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object, failed: Callable[[CrmError], None], **_more: object) -> None:
        failed(CrmError("The disk is full."))

    log.text.setPlainText("Half a sentence")
    monkeypatch.setattr(log._hub, "save", refuse)
    log.log()
    rest()
    assert log.isVisible()
    assert log.text.toPlainText() == "Half a sentence"
    assert "The disk is full." in log._problem.text()


def test_tab_stays_on_the_sheet(log: QuickLog, qtbot: QtBot) -> None:
    log.text.setFocus()
    for _ in range(8):
        qtbot.keyClick(log.window().focusWidget(), Qt.Key.Key_Tab)
        assert log.sheet.isAncestorOf(log.window().focusWidget())
