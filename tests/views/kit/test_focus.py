"""The keyboard goes back to where it was, if that is still there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot
from shiboken6 import Shiboken

from crm_desktop.views.kit.focus import KeyboardBefore
from crm_desktop.views.shell.overlay import Overlay


@pytest.fixture
def page(qtbot: QtBot) -> QWidget:
    """Two lines, the keyboard in the first."""
    made = QWidget()
    qtbot.addWidget(made)
    column = QVBoxLayout(made)
    for _ in range(2):
        column.addWidget(QLineEdit(made))
    made.show()
    made.findChildren(QLineEdit)[0].setFocus()
    return made


def test_it_goes_back_once(page: QWidget) -> None:
    first, second = page.findChildren(QLineEdit)
    keyboard = KeyboardBefore()
    keyboard.note(second)
    second.setFocus()
    keyboard.give_back()
    assert first.hasFocus()
    second.setFocus()
    keyboard.give_back()
    assert second.hasFocus()


def test_a_sheet_closes_where_what_had_the_keyboard_is_gone(page: QWidget) -> None:
    """A pull may build a page anew under an open sheet."""
    sheet = Overlay(page, width=200)
    sheet.open_over()
    sheet.setFocus()
    Shiboken.delete(page.findChildren(QLineEdit)[0])
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
