"""The inspector beside a pane: as wide as a person made it, a page in a narrow window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QListWidget
from pytestqt.qtbot import QtBot

from crm_desktop.views.kit.inspector import NARROWEST, WIDEST, WIDTH, InspectorHost


@pytest.fixture
def host(qtbot: QtBot) -> InspectorHost:
    made = InspectorHost(QListWidget(), QLabel("Ernst Handel"))
    qtbot.addWidget(made)
    made.resize(1100, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_the_inspector_stands_beside_its_pane(host: InspectorHost) -> None:
    assert host.main.isVisible()
    assert host.side.isVisible()
    assert host.side.width() == WIDTH


@pytest.mark.parametrize(("asked", "given"), [(100, NARROWEST), (400, 400), (900, WIDEST)])
def test_its_width_stays_within_its_limits(host: InspectorHost, asked: int, given: int) -> None:
    host.set_inspector_width(asked)
    assert host.side.width() == given


def test_a_wider_window_gives_its_width_to_the_list(host: InspectorHost) -> None:
    host.resize(1400, 700)
    assert host.side.width() == WIDTH


def test_in_a_narrow_window_it_is_a_page_reached_by_keyboard(
    host: InspectorHost, qtbot: QtBot
) -> None:
    host.resize(900, 700)
    assert host.is_page
    assert not host.side.isVisible()
    qtbot.keyClick(host.main, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert host.side.isVisible()
    assert not host.main.isVisible()
    qtbot.keyClick(host, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert host.main.isVisible()


def test_a_window_made_wide_again_shows_both(host: InspectorHost) -> None:
    host.resize(900, 700)
    host.show_inspector()
    host.resize(1100, 700)
    assert host.main.isVisible()
    assert host.side.width() == WIDTH
