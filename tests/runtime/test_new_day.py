"""Whoever shows how far off a day is hears that another one has begun."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from pytestqt.qtbot import QtBot

from crm_desktop.runtime.new_day import NewDay

FRIDAY, SATURDAY = dt.date(2026, 11, 20), dt.date(2026, 11, 21)


def test_a_new_day_is_told_once_at_the_next_look_or_when_the_window_is_activated(
    qtbot: QtBot,
) -> None:
    window, day, told = QObject(), [FRIDAY], list[dt.date]()
    new_day = NewDay(window, today=lambda: day[0])
    new_day.begun.connect(lambda: told.append(day[0]))
    new_day.look()
    QCoreApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    assert told == []
    day[0] = SATURDAY
    QCoreApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    new_day.look()
    assert told == [SATURDAY]
    day[0] = FRIDAY  # somebody set the clock back
    new_day.look()
    assert told == [SATURDAY, FRIDAY]
