"""The calendar by keyboard: arrows choose, Ctrl and arrows move, Shift as well lengthens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from crm_core.free_time import STEP_MINUTES, Hours, Span
from crm_desktop.models.agenda import USUAL_MINUTES, Appointment
from crm_desktop.views.panes.visits.drag import is_movable, lengthened, stepped

if TYPE_CHECKING:
    from crm_desktop.views.panes.visits.calendar_view import CalendarView

_Key = Qt.Key
_ARROWS = {
    _Key.Key_Up: (0, -1), _Key.Key_Down: (0, 1), _Key.Key_Left: (-1, 0), _Key.Key_Right: (1, 0),
}  # fmt: skip
_OPEN = (_Key.Key_Return, _Key.Key_Enter)


class Keys:
    """Turns keys into what a person wants of the calendar."""

    def __init__(self, calendar: CalendarView) -> None:
        self._calendar = calendar

    def press(self, event: QKeyEvent) -> bool:
        """Take a key; False leaves it to somebody else."""
        key = _Key(event.key())
        if key in _ARROWS:
            return self._arrow(*_ARROWS[key], event.modifiers())
        if key in _OPEN:
            return self._open()
        if key in (_Key.Key_PageUp, _Key.Key_PageDown):
            self._calendar.weeks_asked.emit(-1 if key == _Key.Key_PageUp else 1)
            return True
        if key == _Key.Key_Home:
            self._calendar.today_asked.emit()
            return True
        return key == _Key.Key_Escape and self._escape()

    def _escape(self) -> bool:
        if self._calendar.cancel_drag():
            return True
        is_proposing = bool(self._calendar.proposed)
        self._calendar.escaped.emit()
        return is_proposing

    def _arrow(self, days: int, steps: int, held: Qt.KeyboardModifier) -> bool:
        if not held & Qt.KeyboardModifier.ControlModifier:
            self._go(days, steps)
            return True
        chosen = self._calendar.chosen
        if chosen is None:
            return True
        if not is_movable(chosen):
            self._calendar.refused.emit(chosen.id)
            return True
        span = Span(chosen.start, chosen.end)
        if held & Qt.KeyboardModifier.ShiftModifier:
            wanted = lengthened(span, steps * STEP_MINUTES)
        else:
            wanted = stepped(span, days, steps * STEP_MINUTES)
        if wanted != span:
            self._calendar.moved.emit(chosen.id, wanted)
        return True

    def _go(self, days: int, steps: int) -> None:
        shown, chosen = self._calendar.appointments, self._calendar.chosen
        if not shown:
            return
        if chosen is None:
            self._calendar.choose(shown[0].id)
        elif steps:
            at = [x.id for x in shown].index(chosen.id) + steps
            self._calendar.choose(shown[min(max(at, 0), len(shown) - 1)].id)
        else:
            self._choose_on_another_day(shown, chosen, days)

    def _choose_on_another_day(
        self, shown: Sequence[Appointment], chosen: Appointment, days: int
    ) -> None:
        """The visit nearest in time of the next day that has one."""
        own = chosen.start.date()
        others = {x.start.date() for x in shown if (x.start.date() - own).days * days > 0}
        if not others:
            return
        day = min(others) if days > 0 else max(others)
        wanted = _minutes(chosen.start)
        there = [x for x in shown if x.start.date() == day]
        self._calendar.choose(min(there, key=lambda x: abs(_minutes(x.start) - wanted)).id)

    def _open(self) -> bool:
        chosen = self._calendar.chosen
        if chosen is not None:
            self._calendar.opened.emit(chosen.id)
            return True
        start = dt.datetime.combine(self._calendar.sheet.first, Hours().opens)
        length = dt.timedelta(minutes=USUAL_MINUTES)
        self._calendar.create_asked.emit(Span(start, start + length))
        return True


def _minutes(moment: dt.datetime) -> int:
    return moment.hour * 60 + moment.minute
