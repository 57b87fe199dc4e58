"""From the palette to the list: what was found is scrolled to, or said not to be in the view."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crm_core.ids import RecordId
from crm_desktop.models import search
from crm_desktop.models.sql import Where
from crm_desktop.models.store import Store
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.shell.window import Shell
from tests.views.company import receive

Rest = Callable[[], None]
MANY = 1500
SOUGHT = RecordId(f"{1400:032x}")


@pytest.fixture
def shell(shell: Shell, store: Store, rest: Rest) -> Shell:
    """The window, with more accounts than the list holds at once, all of them indexed."""
    receive(
        store,
        [
            ("account", RecordId(f"{n:032x}"), {"name": f"Firm {n:05}", "grade": "C"})
            for n in range(1, MANY + 1)
        ],
    )
    search.build(store)
    shell.show_place("accounts")
    rest()
    return shell


def find(shell: Shell, text: str, qtbot: QtBot, rest: Rest) -> EntityPane:
    qtbot.keyClick(shell, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    shell.palette_pane.line.insert(text)
    qtbot.waitUntil(lambda: not shell.palette_pane._find.isActive())
    rest()
    qtbot.keyClick(shell.palette_pane.line, Qt.Key.Key_Return)
    rest()
    assert shell.pane is not None
    return shell.pane


def test_what_the_palette_opens_far_down_is_selected_on_the_screen(
    shell: Shell, qtbot: QtBot, rest: Rest
) -> None:
    pane = find(shell, "Firm 01400", qtbot, rest)
    table, row = pane.side.list.table, pane.model.index_of_id(SOUGHT)
    assert pane.chosen_id == SOUGHT
    assert pane.side.list.picked_ids == (SOUGHT,)
    shown = table.visualRect(pane.model.index(row, 0)).center()
    assert table.viewport().rect().contains(shown)


def test_what_the_view_hides_is_said_and_nothing_else_is_selected(
    shell: Shell, qtbot: QtBot, rest: Rest
) -> None:
    assert shell.pane is not None
    shell.pane.show_where([Where("grade", "=", "A")], "Key accounts")
    rest()
    pane = find(shell, "Firm 01400", qtbot, rest)
    assert pane.chosen_id == SOUGHT
    assert pane.side.list.picked_ids == ()
    assert pane.side.list._missed.isVisible()
