"""The head of the calendar: which days, on and back, and how they are shown."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QWidget
from typing_extensions import override

from crm_core.i18n import tr_noop
from crm_desktop.dates import span_words
from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import icon_button, normal, primary
from crm_desktop.views.kit.elided import Elided
from crm_desktop.views.panes.visits.switch import Switch
from crm_desktop.views.theme.theme import theme

_EDGE = 8

DAY, WEEK, LIST = "day", "week", "list"
_VIEWS = ((DAY, tr_noop("One day")), (WEEK, tr_noop("Week")), (LIST, tr_noop("List")))


class Head(QWidget):
    """Signals: `stepped(int)` on or back, `today_asked`, `new_asked`, `fill_asked` for what the
    cadence wants, `view_chosen(name)`, `scope_chosen(bool)` whether only one's own visits are
    shown."""

    stepped = Signal(int)
    today_asked = Signal()
    new_asked = Signal()
    fill_asked = Signal()
    view_chosen = Signal(str)
    scope_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel(self)
        self._week = _Whole(self)
        self._back = icon_button("chevron-left", tr("Earlier (Page Up)"), self)
        self._today = normal(tr("Today"), self)
        self._on = icon_button("chevron-right", tr("Later (Page Down)"), self)
        self._scope = icon_button("users", tr("Show everybody's visits"), self, edged=True)
        self._scope.setCheckable(True)
        self.switch = Switch([(name, label) for name, label in _VIEWS], tr("View"), self)
        self._new = icon_button("plus", tr("New visit"), self, edged=True)
        self._fill = primary(tr("Fill from cadence…"), self)
        self._fill.setToolTip(tr("Propose the visits that are due for the free hours shown"))
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._days, self._acts = QHBoxLayout(), QHBoxLayout()
        self._lay_out()
        self._connect()

    def show_span(self, first: dt.date, days: int) -> None:
        """Say which days are shown."""
        self._title.setText(span_words(first, first + dt.timedelta(days - 1)))
        self._week.setText(tr("week {n}", n=first.isocalendar().week))
        self._arrange()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Put the acts below the days, where they do not fit beside them."""
        needed = sum(row.minimumSize().width() for row in (self._days, self._acts))
        room = self.width() - 2 * theme().metrics.margin - self._row.spacing()
        is_folded = needed > room and not self._title.isHidden()
        way = QBoxLayout.Direction.TopToBottom if is_folded else QBoxLayout.Direction.LeftToRight
        self._row.setDirection(way)
        height, margin = theme().metrics.head, theme().metrics.margin
        self._row.setContentsMargins(margin, 0, margin, _EDGE if is_folded else 0)
        self.setFixedHeight(2 * height - _EDGE if is_folded else height)

    def show_days_controls(self, *, shown: bool) -> None:
        """The plain list has a head of its own: only the way back to the days stays then."""
        acts = (self._scope, self._new, self._fill)
        for part in (self._title, self._back, self._today, self._on, *acts):
            part.setVisible(shown)
        if not shown:
            self._week.setText("")
        self._arrange()

    def _lay_out(self) -> None:
        self.setFixedHeight(theme().metrics.head)
        self.setMinimumWidth(1)
        for label, role, tone in ((self._title, "page", ""), (self._week, "small", "ink3")):
            label.setProperty("role", role)
            label.setTextFormat(Qt.TextFormat.PlainText)
            if tone:
                label.setProperty("tone", tone)
        days, acts = self._days, self._acts
        days.addWidget(self._title)
        for part in (self._back, self._today, self._on):
            days.addWidget(part)
        days.addWidget(self._week, 1)
        for part in (self.switch, self._scope, self._new):
            acts.addWidget(part)
        acts.addStretch(1)
        acts.addWidget(self._fill)
        self.setLayout(self._row)
        self._row.setContentsMargins(theme().metrics.margin, 0, theme().metrics.margin, 0)
        for row in (self._row, days, acts):
            row.setSpacing(6)
        self._row.addLayout(days, 1)
        self._row.addLayout(acts)

    def _connect(self) -> None:
        self._back.clicked.connect(self._step_back)
        self._on.clicked.connect(self._step_on)
        self._today.clicked.connect(self._ask_today)
        self._new.clicked.connect(self._ask_new)
        self._fill.clicked.connect(self._ask_fill)
        self._scope.toggled.connect(self._tell_scope)
        self.switch.chosen.connect(self._tell_view)

    def _step_back(self) -> None:
        self.stepped.emit(-1)

    def _step_on(self) -> None:
        self.stepped.emit(1)

    def _ask_today(self) -> None:
        self.today_asked.emit()

    def _ask_new(self) -> None:
        self.new_asked.emit()

    def _ask_fill(self) -> None:
        self.fill_asked.emit()

    def _tell_scope(self, everybody: bool) -> None:  # a signal's argument
        self.scope_chosen.emit(not everybody)

    def _tell_view(self, name: str) -> None:
        self.view_chosen.emit(name)


class _Whole(Elided):
    """Words that are shown whole or, where there is no room for all of them, not at all."""

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self.fontMetrics().horizontalAdvance(self.text()) <= self.contentsRect().width():
            super().paintEvent(event)
