"""The short lists of today: due accounts, tomorrow, complaint clocks, late tasks, decisions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from crm_core.catalog import CATALOG
from crm_core.complaint_clocks import Reading
from crm_desktop.dates import near_day_words, time_words
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.agenda import Appointment, Due, DueAccount
from crm_desktop.models.complaints import Pressing
from crm_desktop.models.supervised import Supervised
from crm_desktop.models.today import Decisions, LateTask
from crm_desktop.views.kit.buttons import normal
from crm_desktop.views.kit.clock_words import KINDS, clock_words
from crm_desktop.views.kit.delegates.clock import clock_token, paint_clock
from crm_desktop.views.kit.delegates.grade import SIDE, paint_grade
from crm_desktop.views.kit.line import Line, LineButton, Mark
from crm_desktop.views.kit.section import Section
from crm_desktop.views.kit.supervision_words import left_tone, left_words
from crm_desktop.views.kit.words import account_words
from crm_desktop.views.theme.tokens import Tokens

MARGIN = 20
_ABOVE, _BELOW_HEAD, _BELOW = 12, 8, 12


class _List(Section):
    """A section that is there only while it has rows."""

    def __init__(
        self, title: str, parent: QWidget, link_words: str = "", *, is_ruled: bool = False
    ) -> None:
        super().__init__(title, parent, link_words, margin=MARGIN, is_ruled=is_ruled)
        above = _ABOVE if is_ruled else _BELOW_HEAD
        self.inside.setContentsMargins(MARGIN, above, MARGIN, _BELOW)
        self.head.setContentsMargins(0, 0, 0, _BELOW_HEAD)
        self.has_rows = False

    def show_rows(self, rows: Sequence[QWidget], note: str) -> None:
        """Show these, or nothing at all."""
        self.has_rows = bool(rows)
        self.note.setText(note)
        self.set_rows(rows)
        self.setVisible(bool(rows))


class DueSection(_List):
    """Accounts whose rhythm wants a visit that nobody planned. Signal: `planned(account id)`."""

    planned = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Due for a visit"), parent, is_ruled=True)

    def show_due(self, due: Due) -> None:
        """Show the latest of them."""
        late = [one for one in due.accounts if one.late >= 0]
        self.show_rows([self._row(one) for one in late], tr("not planned yet"))

    def _row(self, due: DueAccount) -> QWidget:
        row = QWidget(self)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 2, 0, 2)
        since = near_day_words(due.due)
        words = tr("due today") if due.late == 0 else tr("due since {day}", day=since)
        more = " · ".join(part for part in (due.place.town, words) if part)
        line = Line(
            due.place.name, more=more, is_name=True,
            mark=_grade_mark(due.place.grade), mark_width=SIDE,
        )  # fmt: skip
        layout.addWidget(self.line(line, "account", due.id), 1)
        button = normal(tr("Plan visit"), row, icon="plus")
        button.setAccessibleName(tr("Plan a visit: {account}", account=due.place.name))
        button.clicked.connect(partial(self._plan, due.id))
        layout.addWidget(button)
        return row

    def _plan(self, account: str) -> None:
        self.planned.emit(account)


class TomorrowSection(_List):
    """The visits of the next day."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Tomorrow"), parent, is_ruled=True)

    def show_visits(self, visits: Sequence[Appointment]) -> None:
        """Show when and where."""
        rows = [
            self.line(
                Line(
                    f"{time_words(one.start)}   {account_words(one.place.name)}",
                    more=one.place.town, is_small=True,
                ),
                "visit", one.id,
            )
            for one in visits
        ]  # fmt: skip
        note = tr_n("{n} visit", "{n} visits", len(visits))
        self.show_rows(rows, note)


class ClocksSection(_List):
    """Complaints whose clocks run, the least time left first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Complaint clocks"), parent, tr("All complaints"))

    def show_clocks(self, clocks: Sequence[Pressing]) -> None:
        """Show how they stand."""
        self.show_rows([self._row(one) for one in clocks], tr("{n} of mine", n=len(clocks)))

    def _row(self, one: Pressing) -> LineButton:
        case, reading = one.case, one.reading
        line = Line(
            account_words(case.account_name),
            below=" · ".join(part for part in (case.number, case.subject) if part),
            right=clock_words(reading), right_below=tr(KINDS[reading.kind]).lower(),
            tone=clock_token(reading.fraction, str(reading.state)),
            mark=_clock_mark(reading), mark_width=SIDE, is_name=True, pending=case.pending,
            has_hairline=True,
        )  # fmt: skip
        return self.line(line, "complaint", case.id)


class SupervisedSection(_List):
    """What is supervised: what this user owes a reply on first, then what he waits for."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Supervised"), parent)

    def show_supervised(self, found: Sequence[Supervised], now: dt.datetime) -> None:
        """Show how much time is left; `now` is aware."""
        rows = [self._row(one, now) for one in sorted(found, key=lambda one: not one.owed)]
        late = sum(one.supervision.is_overdue(now) for one in found)
        self.show_rows(rows, tr("{n} overdue", n=late) if late else "")

    def _row(self, one: Supervised, now: dt.datetime) -> LineButton:
        who = tr("asked by {name}", name=one.person) if one.owed else one.person
        line = Line(
            one.title or tr(CATALOG[one.kind].label),
            below=" · ".join(part for part in (who, one.account) if part),
            right=left_words(one.supervision, now), tone=left_tone(one.supervision, now),
            icon="flag" if one.owed else "", icon_tone="warn", is_name=True, has_hairline=True,
        )  # fmt: skip
        return self.line(line, one.kind, one.id)


class TasksSection(_List):
    """Tasks that are due, each with a box that finishes it. Signal: `finished(LateTask)`."""

    finished = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Tasks due"), parent, tr("All tasks"))

    def show_tasks(self, tasks: Sequence[LateTask], total: int) -> None:
        """Show the oldest of them."""
        self.show_rows([self._row(task) for task in tasks], str(total) if total else "")

    def _row(self, task: LateTask) -> QWidget:
        row = QWidget(self)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        box = QCheckBox(row)
        box.setAccessibleName(tr("Done: {title}", title=task.title))
        box.setToolTip(tr("Finish this task"))
        box.clicked.connect(partial(self._finish, task))
        line = Line(
            task.title, more=task.account, right=late_words(task.late),
            tone="bad" if task.late else "ink2", has_hairline=True,
        )  # fmt: skip
        layout.addWidget(box)
        layout.addWidget(self.line(line, "task", task.id), 1)
        return row

    def _finish(self, task: LateTask) -> None:
        self.finished.emit(task)


def late_words(days: int) -> str:
    """How late something is."""
    if days <= 0:
        return tr("today")
    return tr_n("{n} day late", "{n} days late", days)


class DecisionsSection(_List):
    """What only this user can decide. Signal: `place_asked(name)`."""

    place_asked = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Waiting for your decision"), parent, tr("Open inbox"))

    def show_decisions(self, decisions: Decisions) -> None:
        """Show conflicts and refusals, each in one line."""
        rows: list[QWidget] = []
        if decisions.conflicts:
            words = tr("Conflicts: {n}", n=decisions.conflicts)
            rows.append(self._row("conflict", "warn", words, decisions.conflict_titles))
        if decisions.refused:
            words = tr("Not taken: {n}", n=decisions.refused)
            rows.append(self._row("rejected", "bad", words, decisions.refused_titles))
        total = decisions.conflicts + decisions.refused
        self.show_rows(rows, str(total) if total else "")

    def _row(self, icon: str, tone: str, words: str, titles: Sequence[str]) -> LineButton:
        line = Line(
            words, more=tr(", ").join(titles), icon=icon, icon_tone=tone, right="›", is_name=True,
            has_hairline=True,
        )  # fmt: skip
        made = LineButton(line, self)
        made.clicked.connect(self._ask_inbox)
        return made

    def _ask_inbox(self) -> None:
        self.place_asked.emit("inbox")


def _grade_mark(grade: str) -> Mark | None:
    if not grade:
        return None

    def mark(painter: QPainter, rect: QRect, tokens: Tokens) -> None:
        paint_grade(painter, rect, grade, tokens)

    return mark


def _clock_mark(reading: Reading) -> Mark:
    def mark(painter: QPainter, rect: QRect, tokens: Tokens) -> None:
        paint_clock(painter, rect, reading.fraction, str(reading.state), tokens)

    return mark
