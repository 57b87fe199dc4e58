"""The visits pane: the calendar of a week or a day, or the plain list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wall_time import Zone, wall_of
from crm_desktop.models import queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.folding import Folding
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.panes.visits.head import DAY, LIST, WEEK, Head
from crm_desktop.views.panes.visits.reading import monday_of
from crm_desktop.views.panes.visits.week_page import WeekPage
from crm_desktop.views.panes.visits.words import VISIT

_FOLDED_DAYS = 320
_KINDS = frozenset(("visit", "account", "address"))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class VisitsPane(Folding):
    """Calendar, due accounts and the visit chosen; or the plain list.

    Signals: `failed(CrmError)`, `opened(kind, id)`, and those of the plain list. `clock` gives the
    aware moment, `zone` the place (None: this machine's).
    """

    FOLDED_BELOW_WIDTH = 860
    """In less room the accounts due and the visit chosen stand below the days."""

    failed = Signal(object)
    opened = Signal(str, str)
    deleted = Signal(str)
    said = Signal(str)
    inbox_asked = Signal()

    def __init__(
        self, hub: DataHub, parent: QWidget | None = None, *,
        clock: Callable[[], dt.datetime] = _now, zone: Zone = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._hub, self._zone = hub, zone
        self._view = WEEK
        self._head = Head(self)
        self.week = WeekPage(hub, self, clock, zone)
        self._stack = QStackedWidget(self)
        self._edge, self._below = QFrame(self), hairline(self)
        self._body = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._scroll = QScrollArea(self)
        self._list: EntityPane | None = None
        self._lay_out()
        self._head.switch.choose(WEEK)
        self._connect()
        self.week.go_today()

    # What others may ask

    def take_summary(self, summary: Summary) -> None:
        """Read again what a change touches."""
        if self._list is not None:
            self._list.take_summary(summary)
        if summary.kinds & _KINDS or summary.conflicts_changed:
            self.week.read()

    def open_record(self, record_id: str) -> None:
        """Show a visit in the week in which it lies."""

        def job(connection: Connection) -> dt.datetime | None:
            row = queries.record(connection, "visit", RecordId(record_id))
            start = row.values.get("planned_start") if row is not None and not row.deleted else None
            return wall_of(str(start), self._zone) if start else None

        def show(start: dt.datetime | None) -> None:
            if start is None:  # without a day, or deleted: the list knows it all the same
                self._full(record_id)
            else:
                self.week.go_to(start.date(), choose=record_id)

        self._hub.read(job, show, owner=self, supersede="visit place")

    def choose_first(self) -> None:
        """Choose the first visit shown."""
        if self._view == LIST and self._list is not None:
            self._list.choose_first()
        else:
            self.week.choose_first()

    def new_record(self) -> None:
        """Begin a visit in the first gap of the days shown, or in the plain list's form."""
        if self._view == LIST and self._list is not None:
            self._list.new_record()
            return
        self.week.begin_new()

    def new_with(self, values: Mapping[str, Value]) -> None:
        """Begin a visit with these values."""
        self._head.switch.choose(WEEK)
        self.week.begin_new(values)

    def save(self) -> None:
        """Save what was typed."""
        if self._view == LIST and self._list is not None:
            self._list.save()
        else:
            self.week.save()

    # Days

    def _show_day(self, day: dt.date) -> None:
        if self._view != DAY:
            self.week.first = day
            self._head.switch.choose(DAY)

    def _show_view(self, name: str) -> None:
        before, self._view = self._view, name
        self.week.side.setVisible(name != LIST)
        self._show_edges()
        self._head.show_days_controls(shown=name != LIST)
        if name == LIST:
            self.week.withdraw()
            self._stack.setCurrentWidget(self._plain_list())
            return
        self._stack.setCurrentIndex(0)
        day, today = self.week.first, self.week.now().date()
        if name == DAY and before == WEEK and monday_of(today) == day:
            day = today
        self.week.go_to(day, is_day=name == DAY)
        self.week.calendar.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask_account(self, account: str) -> None:
        self.opened.emit("account", account)

    # The plain list

    def _full(self, visit: str) -> None:
        self._head.switch.choose(LIST)
        self._plain_list().open_record(visit)

    def _plain_list(self) -> EntityPane:
        if self._list is None:
            pane = EntityPane(VISIT, self._hub, self._stack)
            pane.failed.connect(self.failed)
            pane.deleted.connect(self.deleted)
            pane.said.connect(self.said)
            pane.inbox_asked.connect(self.inbox_asked)
            self._stack.addWidget(pane)
            self._list = pane
        return self._list

    # Parts

    def _lay_out(self) -> None:
        self._edge.setProperty("role", "hairline_down")
        self._stack.addWidget(self.week)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self._head)
        left.addWidget(self._stack, 1)
        inside = QWidget(self)
        inside.setLayout(self._body)
        self._body.setContentsMargins(0, 0, 0, 0)
        self._body.setSpacing(0)
        self._body.addLayout(left, 1)
        self._body.addWidget(self._edge)
        self._body.addWidget(self._below)
        self._body.addWidget(self.week.side)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inside)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._scroll)

    @override
    def _fold(self) -> None:
        """Put the side below the days where it does not fit beside them."""
        is_narrow = self._is_narrow
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._body.setDirection(way)
        self._show_edges()
        self.week.side.fold(is_narrow=is_narrow)
        self._stack.setMinimumHeight(_FOLDED_DAYS if is_narrow else 0)

    def _show_edges(self) -> None:
        has_side = self._view != LIST
        self._edge.setVisible(has_side and not self._is_narrow)
        self._below.setVisible(has_side and self._is_narrow)

    def _show_card(self) -> None:
        """A visit was chosen: below the days one would not see it."""
        if self._is_narrow:  # it has its place only after the next turn
            QTimer.singleShot(0, self, self._scroll_to_card)

    def _scroll_to_card(self) -> None:
        self._scroll.ensureWidgetVisible(self.week.side.card)

    def _connect(self) -> None:
        head, week = self._head, self.week
        week.failed.connect(self.failed)
        week.card_wanted.connect(self._show_card)
        week.account_asked.connect(self._ask_account)
        week.full_asked.connect(self._full)
        week.span_shown.connect(head.show_span)
        week.calendar.day_asked.connect(self._show_day)
        head.stepped.connect(week.step)
        head.today_asked.connect(week.go_today)
        head.new_asked.connect(self.new_record)
        head.fill_asked.connect(week.propose)
        head.view_chosen.connect(self._show_view)
        head.scope_chosen.connect(week.choose_scope)
