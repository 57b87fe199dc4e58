"""Today: where the day begins. Left what is planned and due, right what waits (mock-up 1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable
from functools import partial
from typing import TypeAlias

from PySide6.QtCore import QLocale, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.changes import difference
from crm_core.errors import CrmError
from crm_core.ids import RecordId
from crm_desktop.i18n import language, tr, tr_n
from crm_desktop.models.agenda import Due
from crm_desktop.models.connection import Connection
from crm_desktop.models.replica import Summary
from crm_desktop.models.today import Day, LateTask, Stop, read_day, read_due
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import normal
from crm_desktop.views.kit.empty import EmptyPane
from crm_desktop.views.kit.focus import Typing
from crm_desktop.views.kit.folding import Folding
from crm_desktop.views.kit.gone import let_go
from crm_desktop.views.kit.head import PageHead
from crm_desktop.views.kit.section import Section
from crm_desktop.views.kit.typed_draft import Texts, TypedDraft
from crm_desktop.views.panes.today.sides import (
    ClocksSection,
    DecisionsSection,
    DueSection,
    SupervisedSection,
    TasksSection,
    TomorrowSection,
)
from crm_desktop.views.panes.today.stops import DONE, StopView, step_values

_KINDS = frozenset(
    ("visit", "account", "contact", "address", "task", "complaint", "complaint_event")
)
_MINUTE_MS = 60_000
_MARGIN = 20
_SIDE_WIDTH = 440

Clock: TypeAlias = "Callable[[], dt.datetime]"


def here_and_now() -> dt.datetime:
    """The moment, in local time."""
    return dt.datetime.now().astimezone()


class TodayPane(Folding):
    """Signals: `opened(kind, id)`; `place_asked(name)` of another place; `new_asked(kind, values)`;
    `log_asked()` for the quick log; `failed(CrmError)`."""

    FOLDED_BELOW_WIDTH = 820
    """In less room what waits stands below the visits."""

    opened = Signal(str, str)
    place_asked = Signal(str)
    new_asked = Signal(str, object)
    log_asked = Signal()
    failed = Signal(object)

    def __init__(
        self, hub: DataHub, parent: QWidget | None = None, *, clock: Clock = here_and_now
    ) -> None:
        super().__init__(parent)
        self._hub = hub
        self._clock = clock
        self._day: Day | None = None
        self._open_stop = ""
        self._stop_views: list[StopView] = []
        self._head = PageHead(tr("Today"), self)
        self._empty = EmptyPane(
            "visits", tr("No visits today."),
            tr("Plan one, or fill the week from the cadence."), tr("Plan a visit"), self,
        )  # fmt: skip
        self._due = DueSection(self)
        self._tomorrow = TomorrowSection(self)
        self._supervised = SupervisedSection(self)
        self._clocks = ClocksSection(self)
        self._tasks = TasksSection(self)
        self._decisions = DecisionsSection(self)
        self._nothing = EmptyPane("check", tr("Nothing needs you."), parent=self)
        self._stops = QVBoxLayout()
        self._waiting, self._waits = QWidget(), QVBoxLayout()
        _stand_on("alt", self._waiting, self._waits)
        self._visits = QVBoxLayout()
        self._edge = QFrame(self)
        self._side = _scrolled(self._waiting, self, tr("What waits"), "alt")
        self._draft = TypedDraft(hub, self._typed, self._restore, self)
        self._lay_out()
        self._connect()
        self._minute = QTimer(self, interval=_MINUTE_MS)
        self._minute.timeout.connect(self.refresh)
        self._minute.start()
        self.refresh()

    # What the shell asks

    def take_summary(self, summary: Summary) -> None:
        """Read again where the day may have changed."""
        if summary.kinds & _KINDS or summary.conflicts_changed or summary.outbox_changed:
            self.refresh()

    def choose_first(self) -> None:
        """The next stop is open anyway."""

    def refresh(self) -> None:
        """Read the day; clocks and lateness move on with every minute."""
        user, now = self._hub.identity.user, self._clock()

        def job(connection: Connection) -> Day:
            return read_day(connection, user, now)

        def then(connection: Connection) -> Due:
            return read_due(connection, user, now)

        self._hub.read(job, self._show, owner=self, supersede="today")
        self._hub.read(then, self._due.show_due, owner=self, supersede="today due")

    @property
    def day(self) -> Day | None:
        """What is shown."""
        return self._day

    @property
    def stop_views(self) -> tuple[StopView, ...]:
        """The stops as they are shown."""
        return tuple(self._stop_views)

    # Showing

    def _show(self, day: Day) -> None:
        if self._is_typing(day):
            return
        self._day = day
        self._head.set_title(_day_words(day.today))
        self._head.set_note(_count_words(len(day.stops)))
        self._show_stops(day)
        self._tomorrow.show_visits(day.tomorrow)
        self._supervised.show_supervised(day.supervised, self._clock())
        self._clocks.show_clocks(day.clocks)
        self._tasks.show_tasks(day.tasks, day.tasks_total)
        self._decisions.show_decisions(day.decisions)
        sides = (self._supervised, self._clocks, self._tasks, self._decisions)
        self._nothing.setVisible(not any(side.has_rows for side in sides))

    def _is_typing(self, day: Day) -> bool:
        """Whether somebody writes a result down that a redrawing would take away."""
        same = self._day is not None and [x.visit for x in self._day.stops] == [
            x.visit for x in day.stops
        ]
        return same and bool(self._typed())

    def _show_stops(self, day: Day) -> None:
        self._draft.flush()
        was, typed, typing = self._asking, self._typed(), Typing(self._lines)
        inner = (x for view in self._stop_views for x in view.findChildren(QWidget))
        had_focus = any(x.hasFocus() for x in inner)
        for old in self._stop_views:
            let_go(old, self._stops)
        chosen = self._open_stop or _next_of(day.stops)
        self._stop_views = []
        for n, stop in enumerate(day.stops, start=1):
            is_last = n == len(day.stops)
            view = StopView(stop, n, self, is_open=stop.id == chosen, is_last=is_last)
            view.chosen.connect(self._open)
            view.stepped.connect(self._take_step)
            view.opened.connect(self._pass_on)
            view.edited.connect(self._draft.note)
            self._stops.addWidget(view)
            view.show()
            self._stop_views.append(view)
            if had_focus and stop.id == chosen:
                view.step_button.setFocus()
        self._empty.setVisible(not day.stops)
        asking = self._asking
        if asking is None:
            return
        if was is not None and was.stop.id == asking.stop.id:
            self._restore(typed)
            typing.go_on(self._lines)
        else:
            self._draft.begin(f"visit/{asking.stop.id}/result")

    @property
    def _asking(self) -> StopView | None:
        """The stop at which it can be said what came of the visit."""
        return next((view for view in self._stop_views if view.asks), None)

    @property
    def _lines(self) -> dict[Hashable, QWidget]:
        return {view.stop.id: view.result for view in self._stop_views if view.asks}

    def _typed(self) -> Texts:
        return self._asking.typed() if self._asking is not None else {}

    def _restore(self, texts: Texts) -> bool:
        return self._asking is not None and self._asking.restore(texts)

    def _open(self, visit: str) -> None:
        self._open_stop = visit
        if self._day is not None:
            self._show_stops(self._day)

    # Writing

    def _take_step(self, stop: Stop, outcome: str, result: str) -> None:
        values = step_values(stop, self._clock().astimezone(dt.UTC), outcome, result)
        if not values:
            return
        row = stop.visit.row
        changes = difference(CATALOG["visit"], RecordId(stop.id), row.values, values, row.seq)
        # The stop that was worked on is done with: the next one opens by itself.
        self._open_stop = "" if values["state"] == "completed" else stop.id
        label, key = tr("Visit: {account}", account=stop.visit.place.name), self._draft.key

        def tell(_summary: Summary) -> None:
            self._draft.forget(key)

        self._hub.save(changes, label, owner=self, then=tell, failed=self._tell_failure)

    def _finish_task(self, task: LateTask) -> None:
        changes = difference(
            CATALOG["task"], task.id, {"status": task.status or None}, {"status": "done"}, task.seq
        )
        label = tr("Done: {title}", title=task.title)
        self._hub.save(changes, label, owner=self, failed=self._tell_failure)

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)
        self.refresh()

    # Intentions

    def _pass_on(self, kind: str, record_id: str) -> None:
        self.opened.emit(kind, record_id)

    def _go(self, place: str) -> None:
        self.place_asked.emit(place)

    def _plan_visit(self, account: str = "") -> None:
        self.new_asked.emit("visit", {"account": account} if account else {})

    def _plan_any(self) -> None:
        self._plan_visit()

    def _ask_log(self) -> None:
        self.log_asked.emit()

    # Parts

    def _lay_out(self) -> None:
        week = normal(tr("Week"), self, icon="calendar")
        week.clicked.connect(partial(self._go, "visits"))
        log = normal(tr("Quick log"), self, icon="plus", keys="Ctrl+Shift+L")
        log.clicked.connect(self._ask_log)
        self._head.add(week)
        self._head.add(log)
        rule = QFrame(self)
        rule.setProperty("role", "hairline")
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self._left(), 1)
        self._edge.setProperty("role", "hairline_down")
        body.addWidget(self._edge)
        self._fill_side()
        body.addWidget(self._side)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._head)
        layout.addWidget(rule)
        layout.addLayout(body, 1)

    def _left(self) -> QScrollArea:
        inside, column = QWidget(), self._visits
        _stand_on("pane", inside, column)
        self._stops.setContentsMargins(_MARGIN, 16, _MARGIN, 8)
        self._stops.setSpacing(0)
        column.addLayout(self._stops)
        column.addWidget(self._empty)
        column.addWidget(self._due)
        column.addWidget(self._tomorrow)
        column.addStretch(1)
        return _scrolled(inside, self, tr("Visits of today"), "pane")

    def _fill_side(self) -> None:
        for section in (
            self._supervised, self._clocks, self._tasks, self._decisions, self._nothing,
        ):  # fmt: skip
            self._waits.addWidget(section)
        self._waits.addStretch(1)
        self._side.setFixedWidth(_SIDE_WIDTH)

    @override
    def _fold(self) -> None:
        """Put what waits below the visits, or beside them where there is room."""
        if self._is_narrow:
            self._visits.addWidget(self._side.takeWidget())
            self._waiting.show()
        else:
            self._visits.removeWidget(self._waiting)
            self._side.setWidget(self._waiting)
        self._side.setVisible(not self._is_narrow)
        self._edge.setVisible(not self._is_narrow)

    def _connect(self) -> None:
        sections: tuple[Section, ...] = (
            self._due, self._tomorrow, self._supervised, self._clocks, self._tasks,
            self._decisions,
        )  # fmt: skip
        for section in sections:
            section.opened.connect(self._pass_on)
        self._due.planned.connect(self._plan_visit)
        self._tasks.finished.connect(self._finish_task)
        self._clocks.asked.connect(partial(self._go, "complaints"))
        self._tasks.asked.connect(partial(self._go, "tasks"))
        self._decisions.asked.connect(partial(self._go, "inbox"))
        self._decisions.place_asked.connect(self._go)
        self._empty.acted.connect(self._plan_any)


def _next_of(stops: tuple[Stop, ...]) -> str:
    """The stop to open: the one that is going on, else the first not done."""
    going = [x for x in stops if x.visit.state == "in_progress"]
    left = going or [x for x in stops if x.visit.state not in DONE]
    return left[0].id if left else ""


def _day_words(day: dt.date) -> str:
    """The day as a title: "Tuesday 13 October", "10月13日 星期二"."""
    locale = QLocale(language())
    weekday = locale.dayName(day.isoweekday())
    if language().startswith("zh"):
        return f"{day.month}月{day.day}日 {weekday}"
    return f"{weekday} {day.day} {locale.monthName(day.month)}"


def _count_words(count: int) -> str:
    return tr_n("{n} visit", "{n} visits", count) if count else ""


def _stand_on(surface: str, inside: QWidget, column: QVBoxLayout) -> None:
    inside.setProperty("surface", surface)
    inside.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    inside.setLayout(column)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)


def _scrolled(inside: QWidget, parent: QWidget, name: str, surface: str) -> QScrollArea:
    area = QScrollArea(parent)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setProperty("surface", surface)
    area.setWidget(inside)
    area.setAccessibleName(name)
    return area
