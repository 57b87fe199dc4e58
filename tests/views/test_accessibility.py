"""Every pane for those who do not see it, and for those who use no mouse."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QWidget
from pytestqt.qtbot import QtBot

from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.shell.places import PLACES
from tests.views.strange_words import controls, is_named
from tests.views.test_languages import open_place

Rest = Callable[[], None]

places = pytest.mark.parametrize("place", list(PLACES))

ROWS_READ = 20
"""Rows of one view that are listened to."""


def named(widget: QWidget) -> str:
    """A control as it stands in a report."""
    return f"{type(widget).__name__} in {type(widget.parent()).__name__}"


@places
def test_whatever_takes_the_keyboard_has_a_name(
    place: str, hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    shell = open_place(hub, qtbot, rest, place)
    found = controls(shell)
    assert len(found) > 3
    assert sorted({named(x) for x in found if not is_named(x)}) == []


@places
def test_the_tab_key_reaches_everything_that_takes_the_keyboard(
    place: str, hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    shell = open_place(hub, qtbot, rest, place)
    shell.activateWindow()
    wanted = controls(shell)
    wanted[0].setFocus()
    reached: list[QWidget] = []
    for _ in range(2 * len(wanted) + 10):
        at = QApplication.focusWidget()
        if at is None:
            break
        reached.append(at)
        shell.focusNextChild()
    missed = [x for x in wanted if x not in reached and not _is_behind(x)]
    assert sorted({named(x) for x in missed}) == []


@places
def test_every_row_speaks(place: str, hub: DataHub, qtbot: QtBot, rest: Rest) -> None:
    shell = open_place(hub, qtbot, rest, place)
    silent: set[str] = set()
    for view in shell.findChildren(QAbstractItemView):
        if view.isVisible() and view.model() is not None:
            silent.update(named(view) for index in _cells(view) if not _spoken(index))
    assert sorted(silent) == []


def _cells(view: QAbstractItemView) -> list[QModelIndex]:
    """The first cell of each row in sight, groups and what is below them."""
    model = view.model()
    top = [model.index(n, 0) for n in range(min(model.rowCount(), ROWS_READ))]
    below = [model.index(m, 0, x) for x in top for m in range(min(model.rowCount(x), ROWS_READ))]
    return [
        index
        for index in (*top, *below)
        if index.flags() & Qt.ItemFlag.ItemIsEnabled and not view.visualRect(index).isEmpty()
    ]


def _spoken(index: QModelIndex) -> bool:
    roles = (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.DisplayRole)
    return any(str(index.data(role) or "").strip() for role in roles)


def _is_behind(widget: QWidget) -> bool:
    """Tab ends at a tab bar's own buttons and at what a scroll area has out of sight."""
    return type(widget.parent()).__name__ == "QTabBar"


def test_the_keyboard_reaches_a_field_and_leaves_it_again(
    hub: DataHub, qtbot: QtBot, rest: Rest
) -> None:
    shell = open_place(hub, qtbot, rest, "tasks")
    found = controls(shell)
    found[0].setFocus()
    before = QApplication.focusWidget()
    QTest.keyClick(found[0], Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is not before
