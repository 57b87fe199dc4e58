"""The calendar: days side by side, visits in them; moved by pointer and keyboard alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget
from typing_extensions import override

from crm_core.free_time import Span
from crm_desktop.dates import times_words, weekday_words
from crm_desktop.i18n import tr
from crm_desktop.models.agenda import USUAL_MINUTES, Appointment
from crm_desktop.views.panes.visits import paint, paint_visit
from crm_desktop.views.panes.visits.due_mime import account_in
from crm_desktop.views.panes.visits.geometry import GUTTER, HEAD, Box, Sheet
from crm_desktop.views.panes.visits.keys import Keys
from crm_desktop.views.panes.visits.pointer import Pointer
from crm_desktop.views.panes.visits.words import day_note, spoken
from crm_desktop.views.theme.theme import colour, theme

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData

_FIRST_HOUR = 8
_SCROLL_STEP = 12


@dataclass(frozen=True, slots=True)
class Ghost:
    """A visit that is not there: where it would stand, and what it is called."""

    span: Span
    title: str


class CalendarView(QAbstractScrollArea):
    """Shows the visits of some days. Decides nothing: it says what a person wants.

    Signals: `selected(id)`; `opened(id)`; `moved(id, Span)`; `refused(id)` for a visit that can not
    be moved; `create_asked(Span)`; `dropped(account id, Span)`; `weeks_asked(int)`, `today_asked`;
    `day_asked(date)`; `escaped` where Esc found nothing to let go. Spans are wall time.
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
    escaped = Signal()

    def __init__(self, now: Callable[[], dt.datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._now = now
        self._first, self._days = now().date(), 5
        self._zone = ""
        self._appointments: tuple[Appointment, ...] = ()
        self._boxes: list[Box] = []
        self._chosen = ""
        self._ghost: Ghost | None = None
        self._proposed: tuple[Ghost, ...] = ()
        self._keys = Keys(self)
        self._pointer = Pointer(self)
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
            self._reveal(self.sheet.rect_of(box))
        self._describe()
        self.viewport().update()
        if is_new:
            self.selected.emit(visit)

    def show_ghost(self, span: Span | None, title: str = "") -> None:
        """Draw where a new visit would stand; None: nothing."""
        self._ghost = None if span is None else Ghost(span, title)
        self.viewport().update()

    def show_proposed(self, proposed: Sequence[Ghost]) -> None:
        """Draw visits that are proposed; the first of them is brought into sight."""
        self._proposed = tuple(proposed)
        if self._proposed and not (rect := self._rect_of_ghost(self._proposed[0])).isEmpty():
            self._reveal(rect)
        self.viewport().update()

    def scroll_to_day(self) -> None:
        """Bring the morning to the top."""
        above = self.fontMetrics().height() // 2  # the words of an hour stand around its line
        self.verticalScrollBar().setValue(_FIRST_HOUR * self.sheet.hour - above)

    @property
    def chosen(self) -> Appointment | None:
        """The visit chosen, if it is shown."""
        return next((x for x in self._appointments if x.id == self._chosen), None)

    @property
    def ghost(self) -> Span | None:
        """Where a new visit would stand, if one is drawn."""
        return self._ghost.span if self._ghost is not None else None

    @property
    def proposed(self) -> tuple[Ghost, ...]:
        """The visits that are proposed."""
        return self._proposed

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
        return QRect() if box is None else self.rect_of_box(box)

    def rect_of_box(self, box: Box) -> QRect:
        """Where a piece of a visit is on the viewport."""
        return self.sheet.rect_of(box).translated(0, self._offset)

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

    def _reveal(self, rect: QRect) -> None:
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
        paint.paint_columns(painter, sheet, now, tokens)
        for box in self._boxes:
            paint_visit.paint_visit(painter, sheet.rect_of(box), box.appointment, now, tokens)
        for box in self._boxes:
            if box.appointment.id == self._chosen:
                rect = sheet.rect_of(box)
                paint_visit.paint_ring(painter, rect, tokens, focused=self.hasFocus())
        paint.paint_now(painter, sheet, now, tokens)
        for ghost in (*self._proposed, *([self._ghost] if self._ghost is not None else [])):
            self._paint_ghost(painter, ghost)
        painter.resetTransform()
        self._paint_hidden(painter, sheet)
        paint.paint_head(painter, sheet, self._heads(now), now.date(), self._zone, tokens)

    def _paint_ghost(self, painter: QPainter, ghost: Ghost) -> None:
        rect = self._rect_of_ghost(ghost)
        if not rect.isEmpty():
            words = times_words(ghost.span.start, ghost.span.end)
            paint_visit.paint_ghost(painter, rect, ghost.title, words, theme().tokens)

    def _rect_of_ghost(self, ghost: Ghost) -> QRect:
        sheet, span = self.sheet, ghost.span
        column = (span.start.date() - sheet.first).days
        if not 0 <= column < sheet.days:
            return QRect()
        return sheet.rect_between(column, span.start, span.end)

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

    def moment_at(self, point: QPoint, *, exact: bool = False) -> dt.datetime:
        """The wall time below a point of the viewport: the nearest quarter, or to the minute."""
        below = point - QPoint(0, self._offset)
        if exact:
            return self.sheet.exact_moment_at(below.x(), below.y())
        return self.sheet.moment_at(below.x(), below.y())

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pointer.press(event.position().toPoint())

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer.move(event.position().toPoint())

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pointer.release()

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pointer.double_click(event.position().toPoint())

    def cancel_drag(self) -> bool:
        """Let go without moving anything; False where nothing was held."""
        return self._pointer.let_go()

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
        span = self.usual_span_at(event.position().toPoint())
        self.show_ghost(span, weekday_words(span.start.date()))
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
            self.dropped.emit(account, self.usual_span_at(point))

    def usual_span_at(self, point: QPoint) -> Span:
        """A visit of the usual length that begins at a point of the viewport."""
        start = self.moment_at(point)
        return Span(start, start + dt.timedelta(minutes=USUAL_MINUTES))

    # Keyboard

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._keys.press(event):
            super().keyPressEvent(event)
