"""The calendar by pointer: a press chooses, a drag moves, pulls an edge, or draws a new visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication

from crm_core.free_time import Span
from crm_desktop.i18n import tr
from crm_desktop.views.panes.visits.drag import EDGE, Drag, Grip, dragged, is_movable
from crm_desktop.views.panes.visits.geometry import GUTTER, HEAD, Box

if TYPE_CHECKING:
    from crm_desktop.views.panes.visits.calendar_view import CalendarView

_SCROLL_STEP = 12


class Pointer:
    """Turns what the left button does into what a person wants of the calendar. Points are those
    of the viewport."""

    def __init__(self, calendar: CalendarView) -> None:
        self._calendar = calendar
        self._drag: Drag | None = None
        self._pressed: QPoint | None = None

    def press(self, point: QPoint) -> None:
        """Choose the visit there, or ask for the day whose name it is."""
        calendar = self._calendar
        if point.x() < GUTTER:
            return
        if point.y() < HEAD:
            calendar.day_asked.emit(calendar.sheet.day_of(calendar.sheet.column_at(point.x())))
            return
        self._pressed = point
        box = calendar.box_at(point)
        calendar.choose(box.appointment.id if box is not None else "")

    def move(self, point: QPoint) -> None:
        """Show what could be done there, or go on with what was begun."""
        if self._pressed is None:
            self._show_cursor(point)
            return
        if self._drag is None:
            far = (point - self._pressed).manhattanLength() >= QApplication.startDragDistance()
            if not far or not self._begin_drag(self._pressed):
                return
        self._follow(point)

    def release(self) -> None:
        """End a drag: say where it led."""
        drag, ghost = self._drag, self._calendar.ghost
        self._drag = self._pressed = None
        if drag is None or ghost is None:
            return
        if drag.grip is Grip.EMPTY:
            self._calendar.create_asked.emit(ghost)
            return
        self._calendar.show_ghost(None)
        if ghost != drag.span:
            self._calendar.moved.emit(drag.visit, ghost)

    def double_click(self, point: QPoint) -> None:
        """Open the visit there, or begin one."""
        calendar = self._calendar
        box = calendar.box_at(point)
        self._pressed = None
        if box is not None:
            calendar.opened.emit(box.appointment.id)
        elif point.y() >= HEAD and point.x() >= GUTTER:
            calendar.create_asked.emit(calendar.usual_span_at(point))

    def let_go(self) -> bool:
        """Let go without moving anything; False where nothing was held."""
        held = self._drag is not None or self._calendar.ghost is not None
        self._drag = self._pressed = None
        self._calendar.show_ghost(None)
        return held

    def _begin_drag(self, point: QPoint) -> bool:
        calendar = self._calendar
        box, moment = calendar.box_at(point), calendar.moment_at(point, exact=True)
        if box is None:
            self._drag = Drag(Grip.EMPTY, Span(moment, moment), moment)
            return True
        appointment = box.appointment
        if not is_movable(appointment):
            self._pressed = None
            calendar.refused.emit(appointment.id)
            return False
        span = Span(appointment.start, appointment.end)
        self._drag = Drag(self._grip(box, point), span, moment, appointment.id)
        return True

    def _follow(self, point: QPoint) -> None:
        calendar = self._calendar
        bar = calendar.verticalScrollBar()
        if point.y() < HEAD:
            bar.setValue(bar.value() - _SCROLL_STEP)
        elif point.y() > calendar.viewport().height():
            bar.setValue(bar.value() + _SCROLL_STEP)
        if self._drag is not None:
            span = dragged(self._drag, calendar.moment_at(point, exact=True))
            chosen = calendar.chosen if self._drag.visit else None
            calendar.show_ghost(span, chosen.place.name if chosen is not None else tr("New visit"))

    def _grip(self, box: Box, point: QPoint) -> Grip:
        rect = self._calendar.rect_of_box(box)
        if rect.bottom() - point.y() <= EDGE:
            return Grip.BOTTOM
        return Grip.TOP if point.y() - rect.top() <= EDGE // 2 else Grip.BODY

    def _show_cursor(self, point: QPoint) -> None:
        box = self._calendar.box_at(point)
        shape = Qt.CursorShape.ArrowCursor
        if box is not None and is_movable(box.appointment):
            edge = self._grip(box, point) is not Grip.BODY
            shape = Qt.CursorShape.SizeVerCursor if edge else Qt.CursorShape.PointingHandCursor
        self._calendar.viewport().setCursor(shape)
