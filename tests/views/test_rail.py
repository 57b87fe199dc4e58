"""The rail: places with counts, narrow by wish or for want of room, reached by keyboard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.qtbot import QtBot

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.standing import Standing
from crm_desktop.views.shell.places import PLACES
from crm_desktop.views.shell.window import Shell

Rest = Callable[[], None]
CONTROL = Qt.KeyboardModifier.ControlModifier


def test_open_complaints_and_own_late_tasks_are_counted(
    shell: Shell, hub: DataHub, rest: Rest, known: dict[str, list[RecordId]]
) -> None:
    task = known["task"][0]
    late = {"due_on": "2020-01-01", "assignee": hub.identity.user}

    def count_with(status: str) -> int:
        changes = [Change("task", task, Op.SET, {**late, "status": status})]
        hub.save(changes, "Change", owner=shell)
        rest()
        return shell.rail.count("tasks")

    assert count_with("open") == count_with("done") + 1


def test_what_needs_you_stands_beside_the_inbox(shell: Shell) -> None:
    shell.show_standing(Standing("needs_you", needs_you=3))
    assert shell.rail.count("inbox") == 3


def spoken(shell: Shell, name: str) -> str:
    model = shell.rail._model
    rows = (model.index(row, 0, QModelIndex()) for row in range(model.rowCount()))
    item = next(x for x in rows if x.data(int(Qt.ItemDataRole.UserRole)) == name)
    return item.data(Qt.ItemDataRole.AccessibleTextRole)


@pytest.mark.parametrize(("count", "words"), [(3, "Inbox, 3"), (0, "Inbox"), (4000, "Inbox, 999+")])
def test_a_count_is_spoken_with_its_place(shell: Shell, count: int, words: str) -> None:
    shell.rail.set_count("inbox", count, warns=True)
    assert spoken(shell, "inbox") == words


def test_ctrl_b_shows_icons_alone_and_back(shell: Shell, qtbot: QtBot) -> None:
    wide = shell.rail.width()
    qtbot.keyClick(shell, Qt.Key.Key_B, CONTROL)
    assert shell.rail.is_collapsed
    assert shell.rail.width() < wide
    qtbot.keyClick(shell, Qt.Key.Key_B, CONTROL)
    assert shell.rail.width() == wide


def test_a_narrow_window_shows_icons_alone_until_there_is_room(shell: Shell) -> None:
    shell.resize(1100, 800)
    assert shell.rail.is_collapsed
    shell.resize(1280, 800)
    assert not shell.rail.is_collapsed


def test_in_a_narrow_window_the_words_can_be_had_for_a_moment(shell: Shell, qtbot: QtBot) -> None:
    shell.resize(1100, 800)
    qtbot.keyClick(shell, Qt.Key.Key_B, CONTROL)
    assert not shell.rail.is_collapsed
    shell.resize(1280, 800)
    shell.resize(1100, 800)
    assert shell.rail.is_collapsed


def test_who_wants_icons_alone_keeps_them_in_a_wide_window(shell: Shell, qtbot: QtBot) -> None:
    qtbot.keyClick(shell, Qt.Key.Key_B, CONTROL)
    shell.resize(1100, 800)
    shell.resize(1400, 800)
    assert shell.rail.is_collapsed


def test_arrows_walk_over_every_place(shell: Shell, qtbot: QtBot) -> None:
    shell.rail._list.setFocus()
    seen = [shell.rail.place]
    for _ in range(len(PLACES) - 1):
        qtbot.keyClick(shell.rail._list, Qt.Key.Key_Down)
        seen.append(shell.rail.place)
    assert seen == list(PLACES)
