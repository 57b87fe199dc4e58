"""The calendar: days side by side, visits in them; moved by pointer and keyboard alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QToolTip, QWidget
from typing_extensions import override

from crm_core.free_time import Span
from crm_desktop.dates import times_words, weekday_words
from crm_desktop.i18n import tr
from crm_desktop.models.agenda import USUAL_MINUTES, Appointment
from crm_desktop.views.panes.visits import paint
from crm_desktop.views.panes.visits.drag import (
    EDGE,
    Drag,
    Grip,
    dragged,
    is_movable,
)
from crm_desktop.views.panes.visits.due_mime import account_in
from crm_desktop.views.panes.visits.geometry import GUTTER, HEAD, Box, Sheet
from crm_desktop.views.panes.visits.keys import Keys
from crm_desktop.views.panes.visits.words import day_note, spoken
from crm_desktop.views.theme.theme import colour, theme

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData

_FIRST_HOUR = 8
_SCROLL_STEP = 12


class CalendarView(QAbstractScrollArea):
    """Shows the visits of some days. Decides nothing: it says what a person wants.

    Signals: `selected(id)`; `opened(id)`; `moved(id, Span)`; `refused(id)` for a visit that can not
    be moved; `create_asked(Span)`; `dropped(account id, Span)`; `weeks_asked(int)`, `today_asked`;
    `day_asked(date)`. Spans are wall time.
    """

    selected = Signal(str)
    opened = Signal(str)
    moved = Signal(str, object)
    refused = Signal(str)
    create_asked = Signal(object)
    dropped = Signal(str, object)
    weeks_asked = Signal(int)
    today_asked = Signal()
    day_asked = Signal(object)

    def __init__(self, now: Callable[[], dt.datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._first, self._days = now().date(), 5
        self._zone = ""
        self._appointments: tuple[Appointment, ...] = ()
        self._boxes: list[Box] = []
        self._chosen = ""
        self._drag: Drag | None = None
        self._ghost: tuple[Span, str] | None = None
        self._pressed: QPoint | None = None
        self._keys = Keys(self)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(True)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName(tr("Calendar of visits"))
        self.setMinimumSize(GUTTER + 5 * 60, 200)

    # What is shown

    def show_days(self, first: dt.date, days: int, zone: str) -> None:
        """Show other days; the visits follow."""
        self._first, self._days, self._zone = first, days, zone
        self._lay_out()

    def show_appointments(self, appointments: Sequence[Appointment]) -> None:
        """Show the visits of the days; the one chosen stays chosen while it is among them."""
        self._appointments = tuple(appointments)
        self._lay_out()
        self._describe()

    def choose(self, visit: str) -> None:
        """Make a visit the chosen one ("" none) and bring it into sight."""
        is_new = visit != self._chosen
        self._chosen = visit
        box = self.box_of(visit)
        if box is not None:
            self._reveal(box)
        self._describe()
        self.viewport().update()
        if is_new:
            self.selected.emit(visit)

    def show_ghost(self, span: Span | None, title: str = "") -> None:
        """Draw where a new visit would stand; None: nothing."""
        self._ghost = None if span is None else (span, title)
        self.viewport().update()

    def scroll_to_day(self) -> None:
        """Bring the morning to the top."""
        self.verticalScrollBar().setValue(_FIRST_HOUR * self.sheet.hour)

    @property
    def chosen(self) -> Appointment | None:
        """The visit chosen, if it is shown."""
        return next((x for x in self._appointments if x.id == self._chosen), None)

    @property
    def appointments(self) -> tuple[Appointment, ...]:
        """The visits shown, in order of time."""
        return self._appointments

    @property
    def sheet(self) -> Sheet:
        """The geometry of what is shown."""
        return Sheet(
            self._first, self._days, self.viewport().width(), theme().metrics.calendar_hour
        )

    def box_of(self, visit: str) -> Box | None:
        """The first piece of a visit."""
        return next((box for box in self._boxes if box.appointment.id == visit), None)

    def rect_of(self, visit: str) -> QRect:
        """Where a visit is on the viewport; empty where it is not shown."""
        box = self.box_of(visit)
        return QRect() if box is None else self.sheet.rect_of(box).translated(0, self._offset)

    def point_at(self, moment: dt.datetime) -> QPoint:
        """The point of the viewport where a moment stands, in the middle of its day."""
        sheet = self.sheet
        column = sheet.column((moment.date() - sheet.first).days)
        return QPoint(column.center().x(), sheet.y_of(moment) + self._offset)

    # Layout and painting

    @property
    def _offset(self) -> int:
        return HEAD - self.verticalScrollBar().value()

    def _lay_out(self) -> None:
        sheet = self.sheet
        self._boxes = sheet.boxes(self._appointments)
        bar = self.verticalScrollBar()
        visible = max(self.viewport().height() - HEAD, 0)
        bar.setRange(0, max(sheet.height - visible, 0))
        bar.setPageStep(visible)
        bar.setSingleStep(sheet.hour // 2)
        self.viewport().update()

    def _reveal(self, box: Box) -> None:
        rect = self.sheet.rect_of(box)
        bar = self.verticalScrollBar()
        visible = self.viewport().height() - HEAD
        if rect.top() < bar.value():
            bar.setValue(rect.top() - _SCROLL_STEP)
        elif rect.bottom() > bar.value() + visible:
            bar.setValue(min(rect.bottom() + _SCROLL_STEP - visible, rect.top()))

    def _describe(self) -> None:
        chosen = self.chosen
        words = spoken(chosen, self._now()) if chosen is not None else ""
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
            changed = QAccessibleEvent(self, QAccessible.Event.DescriptionChanged)
            QAccessible.updateAccessibility(changed)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens, sheet, now = theme().tokens, self.sheet, self._now()
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), colour("pane"))
        painter.translate(0, self._offset)
        paint.paint_columns(painter, sheet, now.date(), tokens)
        for box in self._boxes:
            paint.paint_visit(painter, sheet.rect_of(box), box.appointment, now, tokens)
        for box in self._boxes:
            if box.appointment.id == self._chosen:
                rect = sheet.rect_of(box)
                paint.paint_ring(painter, rect, tokens, focused=self.hasFocus())
        paint.paint_now(painter, sheet, now, tokens)
        self._paint_ghost(painter, sheet)
        painter.resetTransform()
        self._paint_hidden(painter, sheet)
        paint.paint_head(painter, sheet, self._heads(now), now.date(), self._zone, tokens)

    def _paint_ghost(self, painter: QPainter, sheet: Sheet) -> None:
        if self._ghost is None:
            return
        span, title = self._ghost
        column = (span.start.date() - sheet.first).days
        if 0 <= column < sheet.days:
            rect = sheet.rect_between(column, span.start, span.end)
            words = times_words(span.start, span.end)
            paint.paint_ghost(painter, rect, title, words, theme().tokens)

    def _paint_hidden(self, painter: QPainter, sheet: Sheet) -> None:
        top = self.verticalScrollBar().value()
        bottom = top + self.viewport().height() - HEAD
        for number in range(sheet.days):
            rects = [sheet.rect_of(box) for box in self._boxes if box.day == number]
            column = sheet.column(number)
            above = sum(rect.bottom() < top for rect in rects)
            below = sum(rect.top() > bottom for rect in rects)
            for count, y, up in ((above, HEAD + 4, True), (below, self.height() - 22, False)):
                if count:
                    at = QRect(column.left(), y, column.width(), 18)
                    paint.paint_hidden(painter, at, count, theme().tokens, up=up)

    def _heads(self, now: dt.datetime) -> list[paint.DayHead]:
        heads: list[paint.DayHead] = []
        for number in range(self._days):
            day = self._first + dt.timedelta(number)
            own = [x for x in self._appointments if x.start.date() == day]
            heads.append(paint.DayHead(day, *day_note(own, now)))
        return heads

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    @override
    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.FontChange):
            self._lay_out()

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    # Pointer

    def box_at(self, point: QPoint) -> Box | None:
        """The piece of a visit below a point of the viewport; the uppermost."""
        if point.y() < HEAD:
            return None
        below, sheet = point - QPoint(0, self._offset), self.sheet
        return next((x for x in reversed(self._boxes) if sheet.rect_of(x).contains(below)), None)

    def _moment(self, point: QPoint, *, exact: bool = False) -> dt.datetime:
        below = point - QPoint(0, self._offset)
        if exact:
            return self.sheet.exact_moment_at(below.x(), below.y())
        return self.sheet.moment_at(below.x(), below.y())

    def _grip(self, box: Box, point: QPoint) -> Grip:
        rect = self.sheet.rect_of(box).translated(0, self._offset)
        if rect.bottom() - point.y() <= EDGE:
            return Grip.BOTTOM
        return Grip.TOP if point.y() - rect.top() <= EDGE // 2 else Grip.BODY

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if event.button() != Qt.MouseButton.LeftButton or point.x() < GUTTER:
            return
        if point.y() < HEAD:
            self.day_asked.emit(self.sheet.day_of(self.sheet.column_at(point.x())))
            return
        self._pressed = point
        box = self.box_at(point)
        self.choose(box.appointment.id if box is not None else "")

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        if self._pressed is None:
            self._show_cursor(point)
            return
        if self._drag is None:
            far = (point - self._pressed).manhattanLength() >= QApplication.startDragDistance()
            if not far or not self._begin_drag(self._pressed):
                return
        self._follow(point)

    def _begin_drag(self, point: QPoint) -> bool:
        box, moment = self.box_at(point), self._moment(point, exact=True)
        if box is None:
            self._drag = Drag(Grip.EMPTY, Span(moment, moment), moment)
            return True
        appointment = box.appointment
        if not is_movable(appointment):
            self._pressed = None
            self.refused.emit(appointment.id)
            return False
        span = Span(appointment.start, appointment.end)
        self._drag = Drag(self._grip(box, point), span, moment, appointment.id)
        return True

    def _follow(self, point: QPoint) -> None:
        bar = self.verticalScrollBar()
        if point.y() < HEAD:
            bar.setValue(bar.value() - _SCROLL_STEP)
        elif point.y() > self.viewport().height():
            bar.setValue(bar.value() + _SCROLL_STEP)
        if self._drag is not None:
            span = dragged(self._drag, self._moment(point, exact=True))
            chosen = self.chosen if self._drag.visit else None
            self.show_ghost(span, chosen.place.name if chosen is not None else tr("New visit"))

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        drag, ghost = self._drag, self._ghost
        self._drag = self._pressed = None
        if drag is None or ghost is None:
            return
        if drag.grip is Grip.EMPTY:
            self.create_asked.emit(ghost[0])
            return
        self.show_ghost(None)
        if ghost[0] != drag.span:
            self.moved.emit(drag.visit, ghost[0])

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        point = event.position().toPoint()
        box = self.box_at(point)
        self._pressed = None
        if box is not None:
            self.opened.emit(box.appointment.id)
        elif point.y() >= HEAD and point.x() >= GUTTER:
            self.create_asked.emit(self._usual(self._moment(point)))

    def cancel_drag(self) -> bool:
        """Let go without moving anything; False where nothing was held."""
        held = self._drag is not None or self._ghost is not None
        self._drag = self._pressed = None
        self.show_ghost(None)
        return held

    def _show_cursor(self, point: QPoint) -> None:
        box = self.box_at(point)
        shape = Qt.CursorShape.ArrowCursor
        if box is not None and is_movable(box.appointment):
            edge = self._grip(box, point) is not Grip.BODY
            shape = Qt.CursorShape.SizeVerCursor if edge else Qt.CursorShape.PointingHandCursor
        self.viewport().setCursor(shape)

    @override
    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            point = self.viewport().mapFromGlobal(self.cursor().pos())
            box = self.box_at(point)
            words = spoken(box.appointment, self._now()) if box is not None else ""
            QToolTip.showText(self.cursor().pos(), words, self.viewport())
            return True
        return super().viewportEvent(event)

    # Accounts dropped on a day

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if account_in(event.mimeData()):
            event.acceptProposedAction()

    @override
    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        moment = self._moment(event.position().toPoint())
        self.show_ghost(self._usual(moment), weekday_words(moment.date()))
        event.acceptProposedAction()

    @override
    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.show_ghost(None)

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        self.take_drop(event.mimeData(), event.position().toPoint())
        event.acceptProposedAction()

    def take_drop(self, data: QMimeData, point: QPoint) -> None:
        """An account was let go at a point of the viewport."""
        self.show_ghost(None)
        account = account_in(data)
        if account:
            self.dropped.emit(account, self._usual(self._moment(point)))

    def _usual(self, start: dt.datetime) -> Span:
        return Span(start, start + dt.timedelta(minutes=USUAL_MINUTES))

    # Keyboard

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._keys.press(event):
            super().keyPressEvent(event)
