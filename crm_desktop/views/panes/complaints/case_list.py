"""The list of complaints: two lines and a clock each, the least time left first."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QRect, QSize, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QListView, QStyleOptionViewItem, QWidget
from typing_extensions import override

from crm_core.complaint_clocks import ClockState, Reading
from crm_desktop.i18n import tr
from crm_desktop.models.complaints import CaseRow
from crm_desktop.views.kit.clock_words import clock_words
from crm_desktop.views.kit.delegates.clock import paint_clock
from crm_desktop.views.kit.delegates.grade import SIDE as GRADE_SIDE
from crm_desktop.views.kit.delegates.grade import paint_grade
from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate, follow_pointer
from crm_desktop.views.kit.delegates.shapes import split, split_end, write
from crm_desktop.views.kit.short_list import Index, ShortList, frameless
from crm_desktop.views.kit.words import account_words
from crm_desktop.views.panes.complaints.stage_bar import LABELS
from crm_desktop.views.theme import fonts
from crm_desktop.views.theme.icons import SMALL, paint_icon
from crm_desktop.views.theme.theme import theme

_RING, _LINE = 18, 18
_INDENT = 14

TONES = {
    ClockState.BREACHED: "bad",
    ClockState.WARN: "warn",
    ClockState.RUNNING: "ink",
    ClockState.PAUSED: "ink2",
    ClockState.DONE: "good",
    ClockState.NOT_NEEDED: "ink3",
}
"""The colour of a clock's words; its shape and the words themselves say the same."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A complaint in the list, with the clock to show as of now."""

    case: CaseRow
    reading: Reading | None

    @property
    def id(self) -> str:
        """The complaint's."""
        return self.case.id

    @property
    def title(self) -> str:
        """Whose it is."""
        return account_words(self.case.account_name)

    @property
    def clock(self) -> str:
        """Its clock in words; of a resolved one only whether it was in time."""
        if self.reading is None:
            return ""
        if self.reading.state is ClockState.DONE:
            return tr("Late") if self.reading.is_late else tr("In time")
        return "" if self.reading.state is ClockState.NOT_NEEDED else clock_words(self.reading)

    @property
    def second(self) -> str:
        """Its number and what it is about."""
        number = self.case.number
        if number and self.case.is_provisional:
            number = tr("{number} (provisional)", number=number)
        return " · ".join(x for x in (number, self.case.subject) if x)

    @property
    def stage(self) -> str:
        """Its stage in words."""
        return tr(LABELS.get(self.case.state, self.case.state))

    @property
    def spoken(self) -> str:
        """All of it, as it is read aloud."""
        grade = tr("grade {grade}", grade=self.case.grade) if self.case.grade else ""
        waiting = tr("Waiting") if self.case.pending else ""
        parts = (self.title, grade, self.second, self.clock, self.stage, waiting)
        return ", ".join(x for x in parts if x)


class CaseDelegate(RowDelegate):
    """Paints one complaint."""

    @override
    def paint_content(self, painter: QPainter, rect: QRect, index: Index) -> None:
        entry = index.data(VALUE)
        if not isinstance(entry, Entry):
            return
        inside = split(painter, rect, _INDENT)[1]
        ring, rest = split(painter, inside, _RING, 12)
        rest = split_end(painter, rest, 10)[0]
        if entry.reading is not None:
            square = QRect(0, 0, _RING, _RING)
            square.moveCenter(ring.center())
            reading = entry.reading
            paint_clock(painter, square, reading.fraction, str(reading.state), self.tokens)
        top = QRect(rest)
        top.setTop(rest.center().y() - _LINE)
        top.setHeight(_LINE)
        self._paint_first(painter, top, entry)
        below = top.translated(0, _LINE + 1)
        self._paint_second(painter, below, entry)

    def _paint_first(self, painter: QPainter, line: QRect, entry: Entry) -> None:
        tone = TONES[entry.reading.state] if entry.reading is not None else "ink3"
        if tone == "good" and entry.reading is not None and entry.reading.is_late:
            tone = "warn"
        width = fonts.metrics("small_medium").horizontalAdvance(entry.clock) + 2
        left, right = split_end(painter, line, min(width, line.width() // 2), 8)
        write(painter, right, entry.clock, "small_medium", getattr(self.tokens, tone), at_end=True)
        if entry.case.grade:
            tile, left = split(painter, left, GRADE_SIDE, 6)
            paint_grade(painter, tile, entry.case.grade, self.tokens)
        write(painter, left, entry.title, "name", self.tokens.ink)

    def _paint_second(self, painter: QPainter, line: QRect, entry: Entry) -> None:
        width = fonts.metrics("small").horizontalAdvance(entry.stage) + 2
        left, right = split_end(painter, line, min(width, line.width() // 2), 8)
        write(painter, right, entry.stage, "small", self.tokens.ink2, at_end=True)
        badge = "conflict" if entry.case.conflict else "pending" if entry.case.pending else ""
        if badge:
            left, mark = split_end(painter, left, SMALL)
            paint_icon(painter, mark, badge, "warn" if entry.case.conflict else "ink2")
            left = split_end(painter, left, 8)[0]
        write(painter, left, entry.second, "small", self.tokens.ink2)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, theme().metrics.row_two)


class CaseList(QListView):
    """The list. Signal: `chosen(id)` when another complaint is selected."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cases = ShortList[Entry](
            self, key=lambda x: x.id, title=lambda x: x.title, spoken=lambda x: x.spoken
        )
        self.setModel(self.cases)
        self.setItemDelegate(CaseDelegate(self))
        self.setUniformItemSizes(True)
        frameless(self, tr("Complaints"))
        follow_pointer(self)
        self.selectionModel().currentChanged.connect(self._tell)

    def choose(self, record_id: str) -> bool:
        """Select a complaint; False where it is not listed."""
        row = self.cases.row_of(record_id)
        if row < 0:
            return False
        index = self.cases.index(row)
        self.setCurrentIndex(index)
        self.scrollTo(index)
        return True

    def choose_nothing(self) -> None:
        """Select no complaint."""
        self.selectionModel().clear()

    def _tell(self, current: QModelIndex, _previous: QModelIndex) -> None:
        entry = current.data(VALUE)
        if isinstance(entry, Entry):
            self.chosen.emit(entry.id)
