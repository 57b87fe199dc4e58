"""Devices in the window: one's own in the preferences, for IT everybody's; and withdrawing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import msgspec
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crm_core.errors import CrmError, Unavailable, UserProblem
from crm_core.ids import RecordId
from crm_core.wire import DeviceEntry, DeviceList
from crm_desktop.models.store import Store
from crm_desktop.runtime.devices import DeviceDesk
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.settings import Preferences
from crm_desktop.sync.session import Session
from crm_desktop.views.panes.devices.pane import DevicesPane
from crm_desktop.views.panes.kinds import KindsPane
from crm_desktop.views.shell.preferences import Ground, PreferencesPage
from crm_desktop.views.shell.window import Shell
from tests.views.front import InFront

Rest = Callable[[], None]
LI = RecordId("b" * 32)
THIS, OLD, DESK = "d" * 32, "e" * 32, "f" * 32


class Office:
    """A server that lists devices."""

    def __init__(self, me: RecordId) -> None:
        self.problem: CrmError | None = None
        self.all_users = True
        self.found = {
            THIS: DeviceEntry(THIS, me, "nancy", "Laptop", "Linux", "1.10.0",
                              "2026-01-05T08:00:00Z", "2026-11-22T08:00:00Z"),
            OLD: DeviceEntry(OLD, me, "nancy", "Old laptop", "Windows 11", "1.9.2",
                             "2025-03-01T08:00:00Z", "2026-09-01T08:00:00Z", unsent=3),
            DESK: DeviceEntry(DESK, LI, "li.ming", "李明的电脑", "Windows 11", "1.10.0",
                              "2025-03-01T08:00:00Z", "2026-11-21T08:00:00Z", has_key=True),
        }  # fmt: skip

    def devices(self) -> DeviceList:
        if self.problem is not None:
            raise self.problem
        return DeviceList(tuple(self.found.values()), THIS, self.all_users)

    def withdraw(self, device: str) -> None:
        if self.problem is not None:
            raise self.problem
        gone = msgspec.structs.replace(self.found[device], revoked_at="2026-11-22T09:00:00Z")
        self.found[device] = gone


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store.identity.user)


@pytest.fixture
def desk(hub: DataHub, lanes: Lanes, office: Office) -> DeviceDesk:
    made = hub.devices = DeviceDesk(lambda: cast("Session", office), lanes, hub)
    return made


@pytest.fixture
def pane(
    desk: DeviceDesk, hub: DataHub, in_front: InFront, rest: Rest, qtbot: QtBot
) -> DevicesPane:
    made = in_front(DevicesPane(hub), 1104, 760)
    qtbot.waitUntil(lambda: bool(made.table.listed))
    rest()
    return made


def names(pane: DevicesPane) -> list[str]:
    return [row[0] for row in pane.table.listed]


def test_it_sees_all_devices_the_last_one_here_first(pane: DevicesPane) -> None:
    assert names(pane) == ["Laptop", "李明的电脑", "Old laptop"]
    assert [row[1] for row in pane.table.listed] == ["nancy", "li.ming", "nancy"]
    assert [row[5] for row in pane.table.listed] == ["this device", "in use", "in use"]
    assert pane.table.listed[2][4] == "3"


def test_versions_are_sorted_as_numbers(pane: DevicesPane, qtbot: QtBot) -> None:
    header = pane.table.horizontalHeader()
    header.sectionClicked.emit(2)
    assert [row[2] for row in pane.table.listed] == ["1.9.2", "1.10.0", "1.10.0"]
    header.sectionClicked.emit(2)
    assert [row[2] for row in pane.table.listed] == ["1.10.0", "1.10.0", "1.9.2"]


@pytest.mark.parametrize("typed", ["li.m", "liming", "电脑"])
def test_the_list_is_narrowed_by_words_and_pinyin(pane: DevicesPane, typed: str) -> None:
    pane.filter_line.setText(typed)
    assert names(pane) == ["李明的电脑"]
    pane.filter_line.clear()
    assert len(names(pane)) == 3


def test_withdrawing_says_what_happens_before_it_does(
    pane: DevicesPane, office: Office, qtbot: QtBot, rest: Rest
) -> None:
    pane.table.choose(OLD)
    assert pane.card.asks == ""
    pane.card.begin()
    assert "3 unsent changes" in pane.card.asks
    assert "cannot be taken back" in pane.card.asks
    assert not office.found[OLD].revoked_at
    with qtbot.waitSignal(pane.said) as said:
        pane.card.confirm()
    rest()
    assert said.args == ["Old laptop is withdrawn."]
    assert office.found[OLD].revoked_at
    assert "left nothing yet" in pane.card.text
    assert not pane.card.may_withdraw


def test_files_that_never_came_are_not_passed_over(
    pane: DevicesPane, office: Office, rest: Rest
) -> None:
    gone = msgspec.structs.replace(
        office.found[OLD], revoked_at="2026-11-22T09:00:00Z", left=1, files_missing=2
    )
    office.found[OLD] = gone
    pane.ask()
    rest()
    pane.table.choose(OLD)
    assert "but 2 files never came" in pane.card.text


def test_this_device_does_not_withdraw_itself(pane: DevicesPane) -> None:
    pane.table.choose(THIS)
    assert not pane.card.may_withdraw


def test_what_it_alone_is_told_stands_there_for_it_alone(
    pane: DevicesPane, office: Office, rest: Rest
) -> None:
    pane.table.choose(DESK)
    assert "Key kept here: yes" in pane.card.text
    office.all_users = False
    pane.ask()
    rest()
    assert "Key kept here" not in pane.card.text


def test_without_a_server_it_says_so_and_asks_again(
    pane: DevicesPane, office: Office, rest: Rest
) -> None:
    office.problem = Unavailable("The server does not answer.")
    pane.ask()
    rest()
    assert pane.problem == "The list of devices is not here. The server does not answer."
    office.problem = None
    pane._nothing.acted.emit()
    rest()
    assert pane.problem == ""
    assert len(names(pane)) == 3


def test_an_older_server_is_named_as_such(pane: DevicesPane, office: Office, rest: Rest) -> None:
    office.problem = UserProblem("The server is older than this application.")
    pane.ask()
    rest()
    assert "older" in pane.problem


def test_it_stands_in_the_admin_place(desk: DeviceDesk, hub: DataHub, qtbot: QtBot) -> None:
    shell = Shell(hub)
    qtbot.addWidget(shell)
    assert isinstance(shell.show_kind("device"), DevicesPane)
    assert isinstance(shell.current, KindsPane)


# In the preferences


@pytest.fixture
def page(desk: DeviceDesk, hub: DataHub, store: Store, qtbot: QtBot, rest: Rest) -> PreferencesPage:
    shell = Shell(hub)
    qtbot.addWidget(shell)
    shell.resize(1280, 800)
    shell.show()
    ground = Ground(Preferences(), login="nancy", server="x", devices=desk,
                    user=store.identity.user)  # fmt: skip
    made = PreferencesPage(ground, shell)
    made.open()
    rest()
    return made


def test_the_preferences_list_ones_own_devices_this_one_first(page: PreferencesPage) -> None:
    assert page.devices is not None
    texts = [line.text for line in page.devices.lines]
    assert [text.partition(":")[0] for text in texts] == [
        "Laptop (this device)", "Old laptop (in use)",
    ]  # fmt: skip
    assert "version 1.9.2" in texts[1]
    assert "3 changes unsent" in texts[1]


def test_a_lost_device_is_withdrawn_in_the_preferences(
    page: PreferencesPage, office: Office, rest: Rest
) -> None:
    assert page.devices is not None
    line = page.devices.lines[1]
    line.begin()
    assert "3 unsent changes" in line.asks
    line.confirm()
    rest()
    assert office.found[OLD].revoked_at
    assert "withdrawn" in page.devices.lines[1].text
    assert office.found[DESK].revoked_at == ""


def test_the_preferences_say_that_nobody_answers(
    page: PreferencesPage, office: Office, rest: Rest, qtbot: QtBot
) -> None:
    assert page.devices is not None
    office.problem = Unavailable("The server does not answer.")
    page.devices.ask()
    rest()
    assert page.devices.said == "The server does not answer."
    office.problem = None
    qtbot.mouseClick(page.devices._again, Qt.MouseButton.LeftButton)
    rest()
    assert page.devices.said == ""
