"""The queue: each step says what it waits for, and is held back, let go or taken back here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import journal, queries
from crm_desktop.models.journal import queueing
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.standing import Standing
from crm_desktop.views.panes.inbox.entry import Tab
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.shell.window import Shell
from tests.views.front import InFront

Rest = Callable[[], None]


@pytest.fixture
def account(known: Mapping[str, list[RecordId]]) -> RecordId:
    return known["account"][0]


@pytest.fixture
def pane(hub: DataHub, store: Store, account: RecordId, in_front: InFront, rest: Rest) -> InboxPane:
    write(store, account, industry="Bakery")
    made = in_front(InboxPane(hub), 1100, 700)
    made.show_queue()
    rest()
    return made


def write(store: Store, account: RecordId, **values: Value) -> None:
    journal.commit(store, [Change("account", account, Op.SET, values)], label="Change")


def press(pane: InboxPane, words: str) -> None:
    for button in pane._queue.findChildren(QPushButton):
        if button.isVisible() and button.text() == words:
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
            return
    raise AssertionError(f"There is no button '{words}'.")


def groups(pane: InboxPane) -> list[str]:
    model = pane.side.tree.model()
    return [str(model.index(n, 0).data()) for n in range(model.rowCount())]


def going_out(store: Store) -> int:
    return len(Outbox(store).take_outbox(200, 10**6))


def industry(store: Store, account: RecordId) -> Value:
    with store.reader() as c:
        row = queries.record(c, "account", account)
    assert row is not None
    return row.values["industry"]


def test_a_record_is_held_back_and_let_go_by_its_buttons(
    pane: InboxPane, store: Store, rest: Rest
) -> None:
    press(pane, "Hold back")
    rest()
    assert groups(pane) == ["Held back by you"]
    assert "You hold this record back" in pane._queue.why
    assert going_out(store) == 0
    press(pane, "Let it go")
    rest()
    assert groups(pane) == ["Waits to be sent"]
    assert going_out(store) == 1


def test_what_builds_on_a_held_record_says_so_and_lets_that_one_go(
    pane: InboxPane, store: Store, account: RecordId, rest: Rest
) -> None:
    queueing.hold_back(store, "account", account)
    task = Change("task", store.new_id(), Op.INSERT, {"title": "Call", "account": account})
    journal.commit(store, [task], label="New")
    assert going_out(store) == 1, "a task below a record that the server has does not wait"
    new = store.new_id()
    journal.commit(store, [Change("account", new, Op.INSERT, {"name": "Alfreds"})], label="New")
    queueing.hold_back(store, "account", new)
    below = Change("task", store.new_id(), Op.INSERT, {"title": "Visit", "account": new})
    journal.commit(store, [below], label="New")
    pane.refresh()
    rest()
    pane.side.tree.choose(pane.side.tree.keys[-2])
    rest()
    assert "builds on Alfreds, which you hold back" in pane._queue.why
    press(pane, "Let it go")
    rest()
    assert going_out(store) == 3


def test_a_step_is_taken_back_from_the_queue_and_the_window_says_what(
    shell: Shell, store: Store, account: RecordId, rest: Rest
) -> None:
    before = industry(store, account)
    write(store, account, industry="Bakery")
    write(store, account, phone="030-1")
    inbox = shell.show_place("inbox")
    assert isinstance(inbox, InboxPane)
    inbox.show_queue()
    rest()
    inbox.side.tree.choose_first()
    press(inbox, "Take back")
    rest()
    assert inbox.side.tree.hasFocus()
    assert industry(store, account) == before
    with store.reader() as c:
        row = queries.record(c, "account", account)
    assert row is not None
    assert row.values["phone"] == "030-1"


def test_the_queue_says_when_it_is_tried_again(pane: InboxPane) -> None:
    pane.show_standing(Standing("offline", 1, failure="transport", next_try="14:05"))
    assert "was not reached" in pane._queue.why
    assert "tried again by itself at 14:05" in pane._queue.why
    pane.show_standing(Standing("signed_out", 1))
    assert "as soon as you sign in" in pane._queue.why


def test_send_now_asks_for_a_run(pane: InboxPane, qtbot: QtBot) -> None:
    with qtbot.waitSignal(pane.sync_asked):
        press(pane, "Send now")


def test_a_held_record_without_a_step_is_listed_and_let_go(
    pane: InboxPane, store: Store, known: Mapping[str, list[RecordId]], rest: Rest
) -> None:
    other = known["account"][1]
    queueing.hold_back(store, "account", other)
    pane.refresh()
    rest()
    assert groups(pane) == ["Held back by you", "Waits to be sent"]
    assert pane.side.tab is Tab.QUEUE
    pane.side.tree.choose(f"k/account/{other}")
    press(pane, "Let it go")
    rest()
    assert groups(pane) == ["Waits to be sent"]
