"""The head of the calendar: which days, on and back, and how they are shown."""

from __future__ import annotations

import datetime as dt

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from crm_core.i18n import tr_noop
from crm_desktop.dates import span_words
from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import icon_button, normal, primary
from crm_desktop.views.kit.elided import Elided
from crm_desktop.views.panes.visits.switch import Switch
from crm_desktop.views.theme.theme import theme

DAY, WEEK, LIST = "day", "week", "list"
_VIEWS = ((DAY, tr_noop("One day")), (WEEK, tr_noop("Week")), (LIST, tr_noop("List")))


class Head(QWidget):
    """Signals: `stepped(int)` on or back, `today_asked`, `new_asked`, `view_chosen(name)`,
    `scope_chosen(bool)` whether only one's own visits are shown."""

    stepped = Signal(int)
    today_asked = Signal()
    new_asked = Signal()
    view_chosen = Signal(str)
    scope_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = QLabel(self)
        self._week = Elided(self)
        self._back = icon_button("chevron-left", tr("Earlier (Page Up)"), self)
        self._today = normal(tr("Today"), self)
        self._on = icon_button("chevron-right", tr("Later (Page Down)"), self)
        self._scope = QComboBox(self)
        self._scope.addItem(tr("My visits"), True)  # the item's data
        self._scope.addItem(tr("Everybody's"), False)
        self._scope.setAccessibleName(tr("Whose visits"))
        self.switch = Switch([(name, label) for name, label in _VIEWS], tr("View"), self)
        self._new = primary(tr("New visit"), self, icon="plus")
        self._lay_out()
        self._connect()

    def show_span(self, first: dt.date, days: int) -> None:
        """Say which days are shown."""
        self._title.setText(span_words(first, first + dt.timedelta(days - 1)))
        self._week.setText(tr("week {n}", n=first.isocalendar().week))

    def show_days_controls(self, *, shown: bool) -> None:
        """The plain list has a head of its own: only the way back to the days stays then."""
        for part in (self._title, self._back, self._today, self._on, self._scope, self._new):
            part.setVisible(shown)
        if not shown:
            self._week.setText("")

    def _lay_out(self) -> None:
        self.setFixedHeight(theme().metrics.head)
        for label, role, tone in ((self._title, "page", ""), (self._week, "small", "ink3")):
            label.setProperty("role", role)
            label.setTextFormat(Qt.TextFormat.PlainText)
            if tone:
                label.setProperty("tone", tone)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme().metrics.margin, 0, theme().metrics.margin, 0)
        layout.setSpacing(6)
        layout.addWidget(self._title)
        for part in (self._back, self._today, self._on):
            layout.addWidget(part)
        layout.addWidget(self._week, 1)
        layout.addWidget(self._scope)
        layout.addWidget(self.switch)
        layout.addWidget(self._new)

    def _connect(self) -> None:
        self._back.clicked.connect(self._step_back)
        self._on.clicked.connect(self._step_on)
        self._today.clicked.connect(self._ask_today)
        self._new.clicked.connect(self._ask_new)
        self._scope.activated.connect(self._tell_scope)
        self.switch.chosen.connect(self._tell_view)

    def _step_back(self) -> None:
        self.stepped.emit(-1)

    def _step_on(self) -> None:
        self.stepped.emit(1)

    def _ask_today(self) -> None:
        self.today_asked.emit()

    def _ask_new(self) -> None:
        self.new_asked.emit()

    def _tell_scope(self, _index: int) -> None:
        self.scope_chosen.emit(bool(self._scope.currentData()))

    def _tell_view(self, name: str) -> None:
        self.view_chosen.emit(name)
