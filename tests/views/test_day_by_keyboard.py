"""A day at the keyboard: the real window, no mouse; keys go where the keyboard is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_desktop.models import inbox, journal, queries
from crm_desktop.models.store import Store
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.panes.insight.card import ChartCard
from crm_desktop.views.shell.places import PLACES
from crm_desktop.views.shell.window import Shell
from tests.views.company import receive
from tests.views.test_inbox import park

Rest = Callable[[], None]

_CONTROL = Qt.KeyboardModifier.ControlModifier
_BOTH = _CONTROL | Qt.KeyboardModifier.ShiftModifier
_NONE = Qt.KeyboardModifier.NoModifier
_TABS_MAX = 80


class Keyboard:
    """Keys that go to whatever has the keyboard."""

    def __init__(self, shell: Shell, rest: Rest) -> None:
        self._shell = shell
        self._rest = rest

    @property
    def at(self) -> QWidget:
        """What has the keyboard."""
        return QApplication.activePopupWidget() or QApplication.focusWidget() or self._shell

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = _NONE) -> None:
        """Press a key and wait until the window has come to rest."""
        QTest.keyClick(self.at, key, modifier)
        self._rest()

    def type(self, text: str) -> None:
        """Type words."""
        QTest.keyClicks(self.at, text)
        self._rest()

    def tab_to(self, name: str) -> None:
        """Press Tab until the keyboard is at the control of this name."""
        for _ in range(_TABS_MAX):
            if self.at.accessibleName().startswith(name):
                return
            self.press(Qt.Key.Key_Tab)
        raise AssertionError(f"Tab does not lead to {name!r}")


@pytest.fixture
def account(store: Store, known: dict[str, list[RecordId]]) -> RecordId:
    """The customer of the day."""
    one = known["account"][0]
    receive(store, [("account", one, {"name": "Zebra Freight", "phone": "5"})])
    change = Change("account", one, Op.SET, {"industry": "Transport"})
    journal.commit(store, [change], label="Edit")  # what is saved here is found at once
    return one


@pytest.fixture
def keyboard(account: RecordId, shell: Shell, rest: Rest) -> Keyboard:
    shell.activateWindow()
    return Keyboard(shell, rest)


def go_to(keyboard: Keyboard, place: str) -> None:
    number = [*PLACES].index(place) + 1
    keyboard.press(Qt.Key(Qt.Key.Key_0 + number), _CONTROL)


def find_account(keyboard: Keyboard, shell: Shell, qtbot: QtBot) -> None:
    keyboard.press(Qt.Key.Key_K, _CONTROL)
    keyboard.type("zebra")
    qtbot.waitUntil(lambda: any("Zebra" in x.words for x in shell.palette_pane.entries))
    keyboard.press(Qt.Key.Key_Return)


def test_an_account_is_found_and_a_call_is_logged(
    keyboard: Keyboard, shell: Shell, store: Store, qtbot: QtBot, account: RecordId
) -> None:
    find_account(keyboard, shell, qtbot)
    keyboard.press(Qt.Key.Key_L, _BOTH)
    assert shell.quick_log.account.value() == account
    keyboard.type("Asked for pallet prices")
    keyboard.press(Qt.Key.Key_Return, _CONTROL)
    with store.reader() as c:
        rows = queries.page(c, "interaction", limit=100).rows
    logged = [row for row in rows if row.values["subject"] == "Asked for pallet prices"]
    assert [row.values["account"] for row in logged] == [account]


def test_a_conflict_is_decided(
    keyboard: Keyboard, shell: Shell, store: Store, account: RecordId
) -> None:
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    go_to(keyboard, "inbox")
    pane = shell.innermost
    assert isinstance(pane, InboxPane)
    pane.refresh()
    keyboard.tab_to("What waits for you")
    keyboard.press(Qt.Key.Key_Return)
    assert keyboard.at.accessibleName().startswith("Phone: Mine")
    keyboard.press(Qt.Key.Key_Space)
    keyboard.press(Qt.Key.Key_Return, _CONTROL)
    with store.reader() as c:
        assert inbox.conflicts(c) == ()
        row = queries.record(c, "account", account)
    assert row is not None
    assert row.values["phone"] == "030-2"


def test_a_conflict_is_answered_with_words_of_ones_own(
    keyboard: Keyboard, store: Store, account: RecordId
) -> None:
    park(store, f"account/{account}", "phone", "1", "030-2", store.identity.user)
    go_to(keyboard, "inbox")
    keyboard.tab_to("Result for Phone")
    keyboard.type("0")
    keyboard.type("30-77")
    keyboard.press(Qt.Key.Key_Return, _CONTROL)
    with store.reader() as c:
        row = queries.record(c, "account", account)
    assert row is not None
    assert row.values["phone"] == "030-77"


def test_a_complaint_is_raised(
    keyboard: Keyboard, shell: Shell, store: Store, qtbot: QtBot, account: RecordId
) -> None:
    go_to(keyboard, "complaints")
    keyboard.press(Qt.Key.Key_N, _CONTROL)
    keyboard.tab_to("Account")
    keyboard.type("Zebra")
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    keyboard.press(Qt.Key.Key_Down)
    keyboard.press(Qt.Key.Key_Return)
    keyboard.tab_to("Subject")
    keyboard.type("Pallet broken")
    keyboard.tab_to("Remedy")
    keyboard.type("Replacement")
    keyboard.press(Qt.Key.Key_Tab)
    keyboard.press(Qt.Key.Key_Space)
    keyboard.press(Qt.Key.Key_S, _CONTROL)
    with store.reader() as c:
        rows = queries.page(c, "complaint", limit=100).rows
    raised = [row for row in rows if row.values["subject"] == "Pallet broken"]
    assert [row.values["account"] for row in raised] == [account]


def test_a_chart_is_looked_at(keyboard: Keyboard, shell: Shell) -> None:
    go_to(keyboard, "insight")
    keyboard.tab_to("Charts")
    charts = [card.chart for card in shell.findChildren(ChartCard) if card.isVisible()]
    assert charts
    assert None not in charts
