"""What is typed is kept soon after the first letter, however long one types on."""

from __future__ import annotations

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from crm_desktop.views.kit.keep_soon import KeepSoon


def test_who_types_on_does_not_put_it_off(qtbot: QtBot) -> None:
    owner = QObject()
    soon = KeepSoon(lambda: None, owner)
    soon.begin()
    qtbot.wait(40)
    left = soon.remainingTime()
    soon.begin()
    assert soon.remainingTime() <= left


def test_what_waits_is_kept_at_once_and_only_once(qtbot: QtBot) -> None:
    kept: list[str] = []
    owner = QObject()
    soon = KeepSoon(lambda: kept.append("kept"), owner)
    soon.begin()
    soon.flush()
    soon.flush()
    assert kept == ["kept"]
    soon.begin()
    soon.stop()
    soon.flush()
    assert kept == ["kept"]
