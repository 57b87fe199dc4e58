"""The calendar's page: its days with the visits in them, and what a person does to these.

Each act is one step that can be taken back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

import uuid_utils
from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from crm_core.changes import Change, Op, difference
from crm_core.errors import CrmError
from crm_core.fields import Value
from crm_core.free_time import Span, first_gap
from crm_core.ids import RecordId
from crm_core.wall_time import Zone, offset_words
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.agenda import USUAL_MINUTES, Appointment, Due
from crm_desktop.models.connection import Connection
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.drafts import FormDraft
from crm_desktop.views.kit.finder import Finder
from crm_desktop.views.kit.source import titles_of
from crm_desktop.views.panes.visits.acts import (
    laid_in_place,
    move_values,
    new_values,
    plan_words,
    start_of,
    step_values,
    times_of,
)
from crm_desktop.views.panes.visits.calendar_view import CalendarView
from crm_desktop.views.panes.visits.filling import (
    Offer,
    busy_spans,
    changes_of,
    first_opening,
    offer,
    offer_words,
    planned_words,
    working_days,
)
from crm_desktop.views.panes.visits.foot import Foot
from crm_desktop.views.panes.visits.new_draft import KEY, NewDraft
from crm_desktop.views.panes.visits.reading import (
    WEEK_DAYS,
    Asked,
    Shown,
    days_of_week,
    monday_of,
    read_shown,
)
from crm_desktop.views.panes.visits.side import Side
from crm_desktop.views.panes.visits.words import VISIT, move_words

_MINUTE_MS = 60_000


class WeekPage(QWidget):
    """Calendar and foot; `side` beside them has the accounts due and the visit chosen.

    Signals: `failed(CrmError)`; `account_asked(id)`; `full_asked(visit id)` for its plain form;
    `span_shown(first day, days)`; `card_wanted` where one goes on in the card. `clock` gives the
    aware moment, `zone` the place.
    """

    failed = Signal(object)
    account_asked = Signal(str)
    full_asked = Signal(str)
    span_shown = Signal(object, int)
    card_wanted = Signal()

    def __init__(
        self, hub: DataHub, parent: QWidget, clock: Callable[[], dt.datetime], zone: Zone
    ) -> None:
        super().__init__(parent)
        self._hub, self._clock, self._zone = hub, clock, zone
        self.first = monday_of(self.now().date())
        self._is_day, self._only_mine = False, True
        self._shown = Shown((), Due(), {}, may_review=True)
        self._to_choose = ""
        self._ghosted: Span | None = None
        self._offered = Offer()
        self.calendar = CalendarView(self.now, self)
        self.side = Side(Finder(hub), hub, self)
        self.foot = Foot(self)
        self.draft = NewDraft(hub, self.side, self)
        card = self.side.card
        self._drafts = FormDraft(hub, card, card.edited, card.leaving, self)
        self._lay_out()
        self._connect()
        self._minute = QTimer(self, interval=_MINUTE_MS)
        self._minute.timeout.connect(self.calendar.viewport().update)
        self._minute.start()
        QTimer.singleShot(0, self.calendar, self.calendar.scroll_to_day)

    def now(self) -> dt.datetime:
        """The wall time here."""
        return self._clock().astimezone(self._zone).replace(tzinfo=None)

    # Days

    def go_to(self, day: dt.date, *, is_day: bool | None = None, choose: str = "") -> None:
        """Show a day, or the week in which it lies; `is_day` changes which of both is shown."""
        if is_day is not None:
            self._is_day = is_day
        self._to_choose = choose or self._to_choose
        self.first = day if self._is_day else monday_of(day)
        self.withdraw()
        self._show_span(self._days(()))
        self.read()

    def step(self, steps: int) -> None:
        """Go on or back by days or weeks."""
        self.go_to(self.first + dt.timedelta(steps * (1 if self._is_day else WEEK_DAYS)))

    def go_today(self) -> None:
        """Show today."""
        self.go_to(self.now().date())

    def choose_scope(self, only_mine: bool) -> None:  # a signal's argument
        """Show one's own visits, or those of all."""
        self._only_mine = only_mine
        self.read()

    def choose_first(self) -> None:
        """Choose the first visit shown."""
        if self.calendar.appointments:
            self.calendar.choose(self.calendar.appointments[0].id)

    def read(self) -> None:
        """Read what is shown again."""
        user, today = self._hub.identity.user, self.now().date()
        days = 1 if self._is_day else WEEK_DAYS
        asked = Asked(self.first, days, user, today, self._zone, self._only_mine)
        self._hub.read(lambda c: read_shown(c, asked), self._show, owner=self, supersede="week")

    def _show(self, shown: Shown) -> None:
        self._shown = shown
        self._show_span(self._days(shown.appointments))
        self.calendar.show_appointments(shown.appointments)
        self.side.show_due(shown.due)
        if self._to_choose:
            wanted, self._to_choose = self._to_choose, ""
            self.calendar.choose(wanted)
        self._show_chosen()
        if self._offered.accounts:  # of what was read before
            self.propose()

    def _show_span(self, days: int) -> None:
        self.calendar.show_days(self.first, days, offset_words(self.first, self._zone))
        self.span_shown.emit(self.first, days)

    def _days(self, found: tuple[Appointment, ...]) -> int:
        return 1 if self._is_day else days_of_week(self.first, found, self.now().date())

    def _show_chosen(self) -> None:
        card, chosen = self.side.card, self.calendar.chosen
        if chosen is not None:
            self.draft.leave()
            is_other = card.record_id != chosen.id
            card.show_visit(chosen.row, self._shown.titles, may_review=self._shown.may_review)
            if is_other:
                self._drafts.begin(f"visit/{chosen.id}")
        elif card.isVisibleTo(self.side) and card.is_new and self._ghosted is not None:
            return  # a new one is being typed
        self.side.show_card(shown=chosen is not None)

    # Writing: each is one step that can be taken back

    def _move(self, visit: str, span: Span) -> None:
        found = next((x for x in self._shown.appointments if x.id == visit), None)
        if found is None:
            return
        wanted = move_values(found, span, self._zone)
        changes = difference(VISIT, found.id, found.row.values, wanted, found.row.seq)
        words = move_words(found.place.name, span.start, reopened="state" in wanted)
        both = laid_in_place(self._shown.appointments, found, span, wanted)
        self._shown = replace(self._shown, appointments=both)
        self.calendar.show_appointments(both)
        self._to_choose = visit
        self._commit(list(changes), words, words)

    def _refuse_move(self, visit: str) -> None:
        found = next((x for x in self._shown.appointments if x.id == visit), None)
        if found is not None:
            self.withdraw()
            self.foot.say(tr("{name} is over; it stays when it was.", name=found.place.name))

    def _place(self, account: str, span: Span | None = None) -> None:
        """Plan a visit at an account, in the first gap where no time was chosen."""
        wanted = span or self._gap()
        name = next((x.place.name for x in self._shown.due.accounts if x.id == account), "")
        if wanted is None:
            self.withdraw()
            self.foot.say(tr("There is no free hour in the days shown."))
            return
        self._insert({"account": account, "type": "direct"}, wanted, name)

    def _insert(
        self, values: Mapping[str, Value], span: Span | None, name: str, *, files_of: str = ""
    ) -> None:
        record_id = RecordId(uuid_utils.uuid7().hex)
        full = new_values(values, span, self._hub.identity.user, self._zone)
        start = start_of(full, self._zone)
        label = plan_words(name, start)
        self._to_choose = record_id
        self.first = start.date() if self._is_day else monday_of(start.date())
        made = [Change("visit", record_id, Op.INSERT, full)]
        self._commit(made, label, label, files_of=files_of)

    def _save_card(self, values: dict[str, Value]) -> None:
        card, chosen = self.side.card, self.calendar.chosen
        if card.is_new:
            self._insert(values, None, card.account_name, files_of=KEY)
        elif chosen is not None:
            seen = card.seen(chosen.row)
            changes = difference(VISIT, chosen.id, seen.values, values, seen.seq)
            label = tr("Change: {title}", title=chosen.place.name)
            self._to_choose = chosen.id
            self._commit_typed(list(changes), label)

    def _take_step(self, state: str, values: dict[str, Value]) -> None:
        chosen = self.calendar.chosen
        if chosen is None:
            return
        wanted = step_values(state, values, self._clock())
        seen = self.side.card.seen(chosen.row)
        changes = difference(VISIT, chosen.id, seen.values, wanted, seen.seq)
        state_words = next(x.label for x in VISIT.by_name["state"].choices if x.code == state)
        words = tr("{name}: {state}", name=chosen.place.name, state=tr(state_words).lower())
        self._commit_typed(list(changes), words)

    def _commit_typed(self, changes: list[Change], label: str) -> None:
        """Commit what stands in the card of a visit, of which no draft is kept any more then."""
        self._commit(changes, label, label, is_typed=True)
        self._drafts.forget()

    def _commit(
        self, changes: list[Change], label: str, said: str, *,
        files_of: str = "", is_typed: bool = False,
    ) -> None:  # fmt: skip
        self.withdraw()

        def done(_summary: Summary) -> None:
            if files_of:
                self.draft.finish()
            self._ghosted = None
            self.calendar.show_ghost(None)
            if is_typed or files_of:
                self.side.card.settle()
            self.foot.say(said, undoable=True)
            self.read()

        failed = self._tell_failure
        if files_of:
            self._hub.save_with_files(
                changes, label, files_of, owner=self, then=done, failed=failed
            )
        else:
            self._hub.save(changes, label, owner=self, then=done, failed=failed)

    def _tell_failure(self, error: CrmError) -> None:
        self._to_choose = ""
        self._drafts.keep()
        if self.side.card.isVisibleTo(self.side):
            self.side.card.show_problem(error.message)
        else:
            self.failed.emit(error)
        self.read()

    def _say_restored(self) -> None:
        self.foot.say(tr("What you typed here and did not save is back."))

    def _undo(self) -> None:
        self.foot.say("")
        self._hub.undo()

    # A new visit

    def begin_new(self, values: Mapping[str, Value] | None = None) -> None:
        """Begin a visit in the first gap of the days shown; where values come from elsewhere,
        or these days are full or over, of the days from today on."""
        if values is not None and values.get("planned_start"):
            self._begin_new(None, values)
            return
        user, now, zone = self._hub.identity.user, self.now(), self._zone
        account = (values or {}).get("account")
        whom = RecordId(account) if isinstance(account, str) else None
        days = self._days_shown() if values is None else []

        def job(connection: Connection) -> Span | None:
            return first_opening(connection, user, whom, days, now, zone)

        def begin(span: Span | None) -> None:
            if span is not None and span.start.date() not in self._days_shown():
                self.go_to(span.start.date())
            self._begin_new(span, values)

        self._hub.read(job, begin, owner=self, supersede="new visit")

    def save(self) -> None:
        """Save what was typed."""
        if self.side.card.isVisibleTo(self.side):
            self.side.card.submit()

    def _gap(self) -> Span | None:
        busy = busy_spans(self._shown.appointments, self._hub.identity.user)
        return first_gap(working_days(self._days_shown()), busy, USUAL_MINUTES, after=self.now())

    def _days_shown(self) -> list[dt.date]:
        sheet = self.calendar.sheet
        return [sheet.day_of(n) for n in range(sheet.days)]

    def _draw_new(self, span: Span) -> None:
        self._begin_new(span, is_drawn=True)

    def _begin_new(
        self, span: Span | None, values: Mapping[str, Value] | None = None, *,
        is_drawn: bool = False,
    ) -> None:  # fmt: skip
        laid_in: dict[str, Value] = {"type": "direct", **(values or {})}
        start = laid_in.get("planned_start")
        if span is not None and start is None:
            laid_in |= times_of(span, self._zone)
        known = tuple(f"account/{x}" for x in [laid_in.get("account")] if x)
        self._ghosted = span or Span(self.now(), self.now())
        self.calendar.choose("")
        self.calendar.show_ghost(span, tr("New visit"))

        def show(titles: Mapping[str, str]) -> None:
            self.side.show_card(shown=True)
            self.side.card.show_new(laid_in, titles)
            self._drafts.begin("")
            self.draft.show(is_drawn=is_drawn or bool(values))
            self.card_wanted.emit()

        self._hub.read(lambda c: titles_of(c, known), show, owner=self, supersede="new visit")

    def _give_up(self) -> None:
        """First what is proposed, then what is typed in the card."""
        if self._offered.accounts:
            self.withdraw()
        elif self.side.card.isVisibleTo(self.side):
            self.draft.discard()
            self._drafts.forget()
            self._ghosted = None
            self.calendar.show_ghost(None)
            self.side.card.settle()
            self._show_chosen()
        self.calendar.setFocus(Qt.FocusReason.OtherFocusReason)

    # What the cadence wants

    def propose(self) -> None:
        """Show where the visits that are due would stand, and ask whether they are wanted."""
        busy = busy_spans(self._shown.appointments, self._hub.identity.user)
        days = working_days(self._days_shown())
        self._offered = offer(self._shown.due, days, busy, self.now())
        if not self._offered.accounts:
            self.calendar.show_proposed(())
            self.foot.say(offer_words(self._offered))
            return
        self.calendar.show_proposed(self._offered.ghosts)
        count = len(self._offered.accounts)
        accept = tr_n("Plan {n} visit", "Plan {n} visits", count)
        self.foot.offer(offer_words(self._offered), accept)

    def _plan_proposed(self) -> None:
        offered = self._offered
        changes = changes_of(offered, self._hub.identity.user, self._zone)
        words = planned_words(offered)
        self._commit(changes, words, words)

    def withdraw(self) -> None:
        """Propose nothing any more."""
        if self._offered.accounts:
            self._offered = Offer()
            self.calendar.show_proposed(())
            self.foot.say("")

    def _choose(self, visit: str) -> None:
        if visit:
            self._ghosted = None
            self.calendar.show_ghost(None)
        self._show_chosen()

    def _open(self, visit: str) -> None:
        self.calendar.choose(visit)
        self.side.card.focus_first()
        self.card_wanted.emit()

    # Parts

    def _lay_out(self) -> None:
        line = QFrame(self)
        line.setProperty("role", "hairline")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.calendar, 1)
        column.addWidget(line)
        column.addWidget(self.foot)

    def _connect(self) -> None:
        calendar, card = self.calendar, self.side.card
        calendar.selected.connect(self._choose)
        calendar.opened.connect(self._open)
        calendar.moved.connect(self._move)
        calendar.refused.connect(self._refuse_move)
        calendar.create_asked.connect(self._draw_new)
        calendar.dropped.connect(self._place)
        calendar.weeks_asked.connect(self.step)
        calendar.today_asked.connect(self.go_today)
        calendar.escaped.connect(self.withdraw)
        self.side.due.place_asked.connect(self._place_in_gap)
        self.side.due.opened.connect(self.account_asked)
        card.save_asked.connect(self._save_card)
        card.step_asked.connect(self._take_step)
        card.cancelled.connect(self._give_up)
        card.full_asked.connect(self._ask_full)
        card.account_asked.connect(self.account_asked)
        self.foot.undo_asked.connect(self._undo)
        for kept in (self.draft, self._drafts):
            kept.restored.connect(self._say_restored)
        self.foot.accepted.connect(self._plan_proposed)
        self.foot.declined.connect(self._give_up)
        back = QAction(tr("Back to the calendar"), self)
        back.setShortcut(QKeySequence(Qt.Key.Key_Escape))
        back.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        back.triggered.connect(self._give_up)
        for part in (self.side, self.foot):
            part.addAction(back)

    def _ask_full(self, visit: str) -> None:
        """The plain form goes on with what is typed here."""
        self._drafts.keep()
        self.full_asked.emit(visit)

    def _place_in_gap(self, account: str) -> None:
        self._place(account)
