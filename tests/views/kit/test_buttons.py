"""A button shows its shortcut beside its words, by the same sign in every language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLibraryInfo, QTranslator
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crm_desktop.views.kit.buttons import _native, primary


@pytest.fixture
def chinese(qapp: QApplication) -> Iterator[None]:
    """Qt's own words in Chinese, names of keys included."""
    translator = QTranslator()
    folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
    assert translator.load("qtbase_zh_CN", folder)
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


@pytest.mark.parametrize(("keys", "shown"), [("Return", "↵"), ("Ctrl+Return", "Ctrl+↵")])
def test_the_return_key_is_a_sign_and_no_word(
    qtbot: QtBot, chinese: None, keys: str, shown: str
) -> None:
    assert "Return" not in _native("Return")
    parent = QWidget()
    qtbot.addWidget(parent)
    assert getattr(primary("登录", parent, keys=keys), "_keys", "") == shown
