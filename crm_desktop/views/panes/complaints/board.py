"""The left side of the complaints pane: its views as tabs, the list, and what it is sorted by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from crm_core.complaint_clocks import ClockState
from crm_core.i18n import tr_noop
from crm_core.working_time import WorkingCalendar
from crm_desktop.i18n import tr
from crm_desktop.models.complaints import Board
from crm_desktop.views.kit.buttons import primary
from crm_desktop.views.kit.elided import Elided
from crm_desktop.views.kit.empty import EmptyPane
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.kit.head import PageHead
from crm_desktop.views.kit.tabs import ViewTab, ViewTabs
from crm_desktop.views.panes.complaints.case_list import CaseList, Entry

OPEN, MINE, BREACHED, ALL = "open", "mine", "breached", "all"

_LABELS: Mapping[str, str] = {
    OPEN: tr_noop("Open"),
    MINE: tr_noop("Mine"),
    BREACHED: tr_noop("Breached"),
    ALL: tr_noop("All"),
}
_EMPTY: Mapping[str, str] = {
    OPEN: tr_noop("No open complaint."),
    MINE: tr_noop("No open complaint is yours."),
    BREACHED: tr_noop("No promise is broken."),
    ALL: tr_noop("No complaint yet."),
}
_ENTER = tr_noop("A new one takes four answers and less than two minutes.")


class BoardView(QWidget):
    """Signals: `chosen(id)`, `new_asked`, `all_asked` when all complaints are wanted."""

    chosen = Signal(str)
    new_asked = Signal()
    all_asked = Signal()

    def __init__(self, me: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._me = me
        self._board = Board((), (), 0)
        self._now = dt.datetime.now(dt.UTC)
        self._tabs = ViewTabs(self)
        self._list = CaseList(self)
        self._empty = EmptyPane("complaints", "", "", "", self)
        self._foot = Elided(self)
        self._stack = QStackedWidget(self)
        self._is_known = False
        self._lay_out()

    def show_board(self, board: Board, now: dt.datetime) -> None:
        """Show what was read."""
        self._board, self._is_known = board, True
        self.show_moment(now)

    def show_moment(self, now: dt.datetime) -> None:
        """The same complaints at another moment: other clocks, maybe another order."""
        self._now = now
        entries = {case.id: Entry(case, case.reading(now)) for case in self._board.open}
        for name in (OPEN, MINE, BREACHED):
            count = sum(_FILTERS[name](entry, self._me) for entry in entries.values())
            self._tabs.show_count(name, count)
        self._tabs.show_count(ALL, self._board.total)
        self._show_view()

    def choose(self, record_id: str) -> None:
        """Select a complaint; where this view does not hold it, nothing is selected."""
        if not self._list.choose(record_id):
            self._list.choose_nothing()

    def choose_first(self) -> None:
        """Select the first one."""
        if self._list.cases.rowCount():
            self.choose(self._list.cases.rows[0].id)

    def show_view(self, name: str) -> None:
        """Show another view, as its tab would."""
        self._tabs.choose(name)
        self._change_view(name)

    @property
    def view(self) -> str:
        """The view in front."""
        return self._tabs.current

    @property
    def list(self) -> CaseList:
        """The list itself."""
        return self._list

    def _show_view(self) -> None:
        cases = self._board.recent if self.view == ALL else self._board.open
        entries = [Entry(case, case.reading(self._now)) for case in cases]
        shown = [entry for entry in entries if _FILTERS[self.view](entry, self._me)]
        if self.view != ALL:
            shown.sort(key=_by_time_left)
        self._list.cases.show(shown)
        if not shown and self._is_known:
            self._empty.say(tr(_EMPTY[self.view]), tr(_ENTER), tr("New complaint"))
        self._stack.setCurrentWidget(self._list if shown or not self._is_known else self._empty)
        self._foot.setText(self._foot_words(len(shown)))

    def _foot_words(self, shown: int) -> str:
        if self.view == ALL:
            if shown < self._board.total:
                return tr(
                    "The newest {n} of {total}; older ones are found by search",
                    n=shown, total=self._board.total,
                )  # fmt: skip
            return tr("The newest first")
        return tr("Sorted by time left · business hours {hours}", hours=hours_words(self._now))

    def _change_view(self, name: str) -> None:
        self._show_view()
        if name == ALL:
            self.all_asked.emit()

    def _tell_chosen(self, record_id: str) -> None:
        self.chosen.emit(record_id)

    def _tell_new(self) -> None:
        self.new_asked.emit()

    def _lay_out(self) -> None:
        head = PageHead(tr("Complaints"), self)
        new = primary(tr("Complaint"), self, icon="plus")
        new.setToolTip(tr("New complaint (Ctrl+N)"))
        new.setAccessibleName(tr("New complaint"))
        new.clicked.connect(self._tell_new)
        head.add(new)
        self._tabs.set_views([ViewTab(name, tr(label)) for name, label in _LABELS.items()], OPEN)
        self._tabs.chosen.connect(self._change_view)
        self._list.chosen.connect(self._tell_chosen)
        self._foot.setTextFormat(Qt.TextFormat.PlainText)
        self._empty.acted.connect(self._tell_new)
        self._stack.addWidget(self._list)
        self._stack.addWidget(self._empty)
        self._foot.setProperty("role", "small")
        self._foot.setContentsMargins(20, 7, 20, 7)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (head, self._tabs):
            layout.addWidget(part)
        layout.addWidget(self._stack, 1)
        layout.addWidget(hairline(self))
        layout.addWidget(self._foot)


def hours_words(now: dt.datetime) -> str:
    """The business hours of a day, with their zone where this place has another one."""
    calendar = WorkingCalendar()
    first, last = calendar.hours[0][0], calendar.hours[-1][1]
    words = f"{first:%H}–{last:%H}"
    if now.astimezone().utcoffset() != now.astimezone(calendar.zone).utcoffset():
        return f"{words} ({calendar.zone.tzname(now)})"
    return words


def _by_time_left(entry: Entry) -> tuple[int, dt.timedelta, str]:
    place, left = entry.reading.order if entry.reading is not None else (_LAST, dt.timedelta())
    return place, left, entry.case.received_at


def _is_breached(entry: Entry) -> bool:
    return entry.reading is not None and entry.reading.state is ClockState.BREACHED


_LAST = 9
_FILTERS: Mapping[str, Callable[[Entry, str], bool]] = {
    OPEN: lambda _entry, _me: True,
    MINE: lambda entry, me: entry.case.is_of(me),
    BREACHED: lambda entry, _me: _is_breached(entry),
    ALL: lambda _entry, _me: True,
}
