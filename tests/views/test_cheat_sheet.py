"""The menu of keys is made from the commands: what works is listed, with its keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from crm_desktop.views.shell.cheat_sheet import Caps, CheatSheet
from crm_desktop.views.shell.window import Shell


def test_f1_lists_every_command_that_has_keys(shell: Shell, qtbot: QtBot) -> None:
    qtbot.keyClick(shell, Qt.Key.Key_F1)
    (sheet,) = shell.findChildren(CheatSheet)
    assert sheet.isVisible()
    listed = {label.text() for label in sheet.findChildren(QLabel)}
    wanted = {x.text() for x in shell.actions() if x.shortcuts()}
    assert len(wanted) > 10
    assert wanted <= listed
    spoken = {caps.accessibleName() for caps in sheet.findChildren(Caps)}
    assert {"Ctrl+B", "Ctrl+1", "F5", "Ctrl+K, Ctrl+F"} <= spoken


def test_escape_closes_it(shell: Shell, qtbot: QtBot) -> None:
    shell.show_keys()
    (sheet,) = shell.findChildren(CheatSheet)
    qtbot.keyClick(shell.window().focusWidget(), Qt.Key.Key_Escape)
    assert not sheet.isVisible()
