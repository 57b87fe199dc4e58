"""The visits pane: reads the days shown, writes what a person does to them, one step each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import msgspec
import uuid_utils
from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from crm_core.changes import Change, Op, difference
from crm_core.errors import CrmError
from crm_core.fields import Value
from crm_core.free_time import Span, first_gap
from crm_core.ids import RecordId
from crm_core.roles import Action
from crm_core.values import instant_of
from crm_core.wall_time import Zone, instant_at, offset_words, wall_of
from crm_desktop.dates import time_words, weekday_words
from crm_desktop.i18n import tr
from crm_desktop.models import queries
from crm_desktop.models.agenda import USUAL_MINUTES, Appointment, Due, appointments, due_accounts
from crm_desktop.models.connection import Connection
from crm_desktop.models.replica import Summary
from crm_desktop.models.rights import may
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.finder import Finder
from crm_desktop.views.kit.source import titles_of
from crm_desktop.views.panes.visits.calendar_view import CalendarView
from crm_desktop.views.panes.visits.foot import Foot
from crm_desktop.views.panes.visits.head import DAY, LIST, WEEK, Head
from crm_desktop.views.panes.visits.side import Side
from crm_desktop.views.panes.visits.words import VISIT, move_words

WEEK_DAYS, WORKING_DAYS = 7, 5
_MINUTE_MS = 60_000
_KINDS = frozenset(("visit", "account", "address"))


class Shown(msgspec.Struct, frozen=True):
    """What was read for the days shown."""

    appointments: tuple[Appointment, ...]
    due: Due
    titles: Mapping[str, str]
    may_review: bool


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class VisitsPane(QWidget):
    """Calendar, due accounts and the visit chosen; or the plain list.

    Signals: `failed(CrmError)`, `opened(kind, id)`, and those of the plain list. `clock` gives the
    aware moment, `zone` the place (None: this machine's).
    """

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
        self._hub, self._clock, self._zone = hub, clock, zone
        self._first = self._monday(self.now().date())
        self._view, self._only_mine = WEEK, True
        self._shown = Shown((), Due(), {}, may_review=True)
        self._to_choose = ""
        self._head = Head(self)
        self._calendar = CalendarView(self.now, self)
        self._side = Side(Finder(hub), self)
        self._foot = Foot(self)
        self._stack = QStackedWidget(self)
        self._edge = _line(self, down=True)
        self._list: EntityPane | None = None
        self._lay_out()
        self._head.switch.choose(WEEK)
        self._connect()
        self._minute = QTimer(self, interval=_MINUTE_MS)
        self._minute.timeout.connect(self._calendar.viewport().update)
        self._minute.start()
        self._show_days()
        QTimer.singleShot(0, self._calendar, self._calendar.scroll_to_day)

    # What others may ask

    def now(self) -> dt.datetime:
        """The wall time here."""
        return self._clock().astimezone(self._zone).replace(tzinfo=None)

    def take_summary(self, summary: Summary) -> None:
        """Read again what a change touches."""
        if self._list is not None:
            self._list.take_summary(summary)
        kinds = {kind for kind, _ in summary.changed} | summary.kinds_reset
        if kinds & _KINDS or summary.conflicts_changed:
            self._read()

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
                self._to_choose = record_id
                self._go_to(start.date())

        self._hub.read(job, show, owner=self, supersede="visit place")

    def choose_first(self) -> None:
        """Choose the first visit shown."""
        if self._view == LIST and self._list is not None:
            self._list.choose_first()
        elif self._calendar.appointments:
            self._calendar.choose(self._calendar.appointments[0].id)

    def new_record(self) -> None:
        """Begin a visit in the first gap of the days shown, or in the plain list's form."""
        if self._view == LIST and self._list is not None:
            self._list.new_record()
            return
        self._begin_new(self._gap())

    def new_with(self, values: Mapping[str, Value]) -> None:
        """Begin a visit with these values."""
        self._head.switch.choose(WEEK)
        self._begin_new(self._gap(), values)

    def save(self) -> None:
        """Save what was typed."""
        if self._view == LIST and self._list is not None:
            self._list.save()
        elif self._side.card.isVisibleTo(self):
            self._side.card.submit()

    # Reading

    def _read(self) -> None:
        first, user, today = self._first, self._hub.identity.user, self.now().date()
        zone, visitor = self._zone, self._hub.identity.user if self._only_mine else None
        days = 1 if self._view == DAY else WEEK_DAYS

        def job(connection: Connection) -> Shown:
            found = appointments(connection, first, days, zone=zone, visitor=visitor)
            keys = {f"account/{x.row.values.get('account')}" for x in found}
            return Shown(
                found, due_accounts(connection, user, today, zone=zone),
                titles_of(connection, sorted(keys)), may(connection, user, "visit", Action.APPROVE),
            )  # fmt: skip

        self._hub.read(job, self._show, owner=self, supersede="week")

    def _show(self, shown: Shown) -> None:
        self._shown = shown
        days = self._days(shown.appointments)
        self._calendar.show_days(self._first, days, offset_words(self._first, self._zone))
        self._head.show_span(self._first, days)
        self._calendar.show_appointments(shown.appointments)
        self._side.show_due(shown.due)
        if self._to_choose:
            wanted, self._to_choose = self._to_choose, ""
            self._calendar.choose(wanted)
        self._show_chosen()

    def _days(self, found: tuple[Appointment, ...]) -> int:
        """Weekends are shown where something lies in them, or they are today."""
        if self._view == DAY:
            return 1
        saturday = self._first + dt.timedelta(WORKING_DAYS)
        busy = any(x.end > dt.datetime.combine(saturday, dt.time()) for x in found)
        today = self.now().date()
        is_weekend = saturday <= today < self._first + dt.timedelta(WEEK_DAYS)
        return WEEK_DAYS if busy or is_weekend else WORKING_DAYS

    def _show_chosen(self) -> None:
        card, chosen = self._side.card, self._calendar.chosen
        if chosen is not None:
            card.show_visit(chosen.row, self._shown.titles, may_review=self._shown.may_review)
        elif card.isVisibleTo(self._side) and card.is_new and self._ghosted is not None:
            return  # a new one is being typed
        self._side.show_card(shown=chosen is not None)

    # Days

    def _monday(self, day: dt.date) -> dt.date:
        return day - dt.timedelta(day.weekday())

    def _go_to(self, day: dt.date) -> None:
        self._first = day if self._view == DAY else self._monday(day)
        self._show_days()

    def _step(self, steps: int) -> None:
        self._go_to(self._first + dt.timedelta(steps * (1 if self._view == DAY else WEEK_DAYS)))

    def _go_today(self) -> None:
        self._go_to(self.now().date())

    def _show_day(self, day: dt.date) -> None:
        if self._view != DAY:
            self._first = day
            self._head.switch.choose(DAY)

    def _show_days(self) -> None:
        days = self._days(())
        self._head.show_span(self._first, days)
        self._calendar.show_days(self._first, days, offset_words(self._first, self._zone))
        self._read()

    def _show_view(self, name: str) -> None:
        before, self._view = self._view, name
        for part in (self._edge, self._side):
            part.setVisible(name != LIST)
        self._head.show_days_controls(shown=name != LIST)
        if name == LIST:
            self._stack.setCurrentWidget(self._plain_list())
            return
        self._stack.setCurrentIndex(0)
        today = self.now().date()
        if name == DAY and before == WEEK and self._monday(today) == self._first:
            self._first = today
        self._go_to(self._first)
        self._calendar.setFocus(Qt.FocusReason.OtherFocusReason)

    def _choose_scope(self, only_mine: bool) -> None:  # a signal's argument
        self._only_mine = only_mine
        self._read()

    # Writing: each is one step that can be taken back

    def _move(self, visit: str, span: Span) -> None:
        found = next((x for x in self._shown.appointments if x.id == visit), None)
        if found is None:
            return
        wanted: dict[str, Value] = {
            "planned_start": instant_at(span.start, self._zone),
            "planned_end": instant_at(span.end, self._zone),
        }
        # What the customer confirmed was the old time (domain.md §5.4: rescheduled is planned).
        reopened = found.state == "confirmed" and span.start != found.start
        if reopened:
            wanted["state"] = "planned"
        changes = difference(VISIT, found.id, found.row.values, wanted, found.row.seq)
        words = move_words(found.place.name, span.start, reopened=reopened)
        self._lay_in_place(found, span, wanted)
        self._to_choose = visit
        self._commit(list(changes), words, words)

    def _lay_in_place(self, found: Appointment, span: Span, wanted: Mapping[str, Value]) -> None:
        """Show the move at once; reading again confirms it."""
        row = replace(found.row, values={**found.row.values, **wanted}, pending=True)
        moved = replace(found, row=row, start=span.start, end=span.end)
        rest = [x for x in self._shown.appointments if x.id != found.id]
        both = sorted([*rest, moved], key=lambda x: x.start)
        self._shown = replace(self._shown, appointments=tuple(both))
        self._calendar.show_appointments(both)

    def _refuse_move(self, visit: str) -> None:
        found = next((x for x in self._shown.appointments if x.id == visit), None)
        if found is not None:
            self._foot.say(tr("{name} is over; it stays when it was.", name=found.place.name))

    def _place(self, account: str, span: Span | None = None) -> None:
        """Plan a visit at an account, in the first gap where no time was chosen."""
        wanted = span or self._gap()
        name = next((x.place.name for x in self._shown.due.accounts if x.id == account), "")
        if wanted is None:
            self._foot.say(tr("There is no free hour in the days shown."))
            return
        self._insert({"account": account, "type": "direct"}, wanted, name)

    def _insert(self, values: Mapping[str, Value], span: Span | None, name: str) -> None:
        record_id = RecordId(uuid_utils.uuid7().hex)
        full: dict[str, Value] = {"state": "planned", "owner": self._hub.identity.user, **values}
        if span is not None:
            full.setdefault("planned_start", instant_at(span.start, self._zone))
            full.setdefault("planned_end", instant_at(span.end, self._zone))
        start = wall_of(str(full["planned_start"]), self._zone)
        assert start is not None, "the form demands it"
        when = f"{weekday_words(start.date())}, {time_words(start)}"
        label = tr("Plan a visit: {name}, {when}", name=name, when=when)
        self._to_choose = record_id
        self._first = start.date() if self._view == DAY else self._monday(start.date())
        self._commit([Change("visit", record_id, Op.INSERT, full)], label, label)

    def _save_card(self, values: dict[str, Value]) -> None:
        card, chosen = self._side.card, self._calendar.chosen
        if card.is_new:
            self._insert(values, None, card.account_name)
        elif chosen is not None:
            changes = difference(VISIT, chosen.id, chosen.row.values, values, chosen.row.seq)
            label = tr("Change: {title}", title=chosen.place.name)
            self._to_choose = chosen.id
            self._commit(list(changes), label, label)

    def _take_step(self, state: str, values: dict[str, Value]) -> None:
        chosen = self._calendar.chosen
        if chosen is None:
            return
        wanted: dict[str, Value] = {**values, "state": state}
        now = instant_of(self._clock())
        if state == "in_progress":
            wanted["actual_start"] = now
        elif state in ("completed", "aborted"):
            wanted["actual_end"] = now
        changes = difference(VISIT, chosen.id, chosen.row.values, wanted, chosen.row.seq)
        state_words = next(x.label for x in VISIT.by_name["state"].choices if x.code == state)
        words = tr("{name}: {state}", name=chosen.place.name, state=tr(state_words).lower())
        self._commit(list(changes), words, words)

    def _commit(self, changes: list[Change], label: str, said: str) -> None:
        def done(_summary: Summary) -> None:
            self._ghosted = None
            self._calendar.show_ghost(None)
            self._side.card.settle()
            self._foot.say(said, undoable=True)
            self._read()

        self._hub.save(changes, label, owner=self, then=done, failed=self._show_failure)

    def _show_failure(self, error: CrmError) -> None:
        self._to_choose = ""
        if self._side.card.isVisibleTo(self._side):
            self._side.card.show_problem(error.message)
        else:
            self.failed.emit(error)
        self._read()

    def _undo(self) -> None:
        self._foot.say("")
        self._hub.undo()

    # A new visit

    _ghosted: Span | None = None

    def _gap(self) -> Span | None:
        days = [self._calendar.sheet.day_of(n) for n in range(self._calendar.sheet.days)]
        working = [day for day in days if day.weekday() < WORKING_DAYS] or days
        busy = [Span(x.start, x.end) for x in self._shown.appointments if x.state != "cancelled"]
        return first_gap(working, busy, USUAL_MINUTES, after=self.now())

    def _begin_new(self, span: Span | None, values: Mapping[str, Value] | None = None) -> None:
        laid_in: dict[str, Value] = {"type": "direct", **(values or {})}
        start = laid_in.get("planned_start")
        if span is not None and start is None:
            laid_in["planned_start"] = instant_at(span.start, self._zone)
            laid_in["planned_end"] = instant_at(span.end, self._zone)
        known = tuple(f"account/{x}" for x in [laid_in.get("account")] if x)
        self._ghosted = span or Span(self.now(), self.now())
        self._calendar.choose("")
        self._calendar.show_ghost(span, tr("New visit"))

        def show(titles: Mapping[str, str]) -> None:
            self._side.show_card(shown=True)
            self._side.card.show_new(laid_in, titles)

        self._hub.read(lambda c: titles_of(c, known), show, owner=self, supersede="new visit")

    def _give_up(self) -> None:
        self._ghosted = None
        self._calendar.show_ghost(None)
        self._side.card.settle()
        self._show_chosen()
        self._calendar.setFocus(Qt.FocusReason.OtherFocusReason)

    def _choose(self, visit: str) -> None:
        if visit:
            self._ghosted = None
            self._calendar.show_ghost(None)
        self._show_chosen()

    def _open(self, visit: str) -> None:
        self._calendar.choose(visit)
        self._side.card.focus_first()

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
        week = QWidget(self)
        column = QVBoxLayout(week)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._calendar, 1)
        column.addWidget(_line(self))
        column.addWidget(self._foot)
        self._stack.addWidget(week)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self._head)
        left.addWidget(self._stack, 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(self._edge)
        row.addWidget(self._side)

    def _connect(self) -> None:
        calendar, card = self._calendar, self._side.card
        calendar.selected.connect(self._choose)
        calendar.opened.connect(self._open)
        calendar.moved.connect(self._move)
        calendar.refused.connect(self._refuse_move)
        calendar.create_asked.connect(self._begin_new)
        calendar.dropped.connect(self._place)
        calendar.weeks_asked.connect(self._step)
        calendar.today_asked.connect(self._go_today)
        calendar.day_asked.connect(self._show_day)
        self._side.due.place_asked.connect(self._place_in_gap)
        self._side.due.opened.connect(self._ask_account)
        card.save_asked.connect(self._save_card)
        card.step_asked.connect(self._take_step)
        card.cancelled.connect(self._give_up)
        card.full_asked.connect(self._full)
        card.account_asked.connect(self._ask_account)
        self._head.stepped.connect(self._step)
        self._head.today_asked.connect(self._go_today)
        self._head.new_asked.connect(self.new_record)
        self._head.view_chosen.connect(self._show_view)
        self._head.scope_chosen.connect(self._choose_scope)
        self._foot.undo_asked.connect(self._undo)
        back = QAction(tr("Back to the calendar"), self)
        back.setShortcut(QKeySequence(Qt.Key.Key_Escape))
        back.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        back.triggered.connect(self._give_up)
        self._side.addAction(back)

    def _place_in_gap(self, account: str) -> None:
        self._place(account)


def _line(parent: QWidget, *, down: bool = False) -> QFrame:
    line = QFrame(parent)
    line.setProperty("role", "hairline_down" if down else "hairline")
    return line
