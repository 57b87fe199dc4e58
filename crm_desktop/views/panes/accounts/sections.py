"""The parts of an account's card: facts, revenue, complaints and plan, people, timeline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QWidget

from crm_core.catalog import CATALOG
from crm_desktop.i18n import tr
from crm_desktop.models.cards import AccountCard, CardContact, CardTask
from crm_desktop.models.revenue import YearOfRevenue
from crm_desktop.models.timeline import Entry
from crm_desktop.views.kit.line import Line, LineButton
from crm_desktop.views.kit.money import money_words
from crm_desktop.views.kit.section import Section, one_line
from crm_desktop.views.kit.text import set_tone, text_of
from crm_desktop.views.kit.words import code_words
from crm_desktop.views.panes.accounts import words
from crm_desktop.views.panes.accounts.revenue_chart import RevenueChart
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import theme
from crm_desktop.views.theme.tokens import Tokens

SHOWN_ENTRIES = 8
_DISC = 26
_INITIALS = 2


class Facts(Section):
    """Labels with their values, two beside each other."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("", parent)
        grid = QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self._values: list[QLabel] = []
        names = (tr("Owner"), tr("Visits"), tr("Last visit"), tr("Next visit"))
        for n, name in enumerate(names):
            row, side = divmod(n, 2)
            value = text_of("body", self)
            value.setWordWrap(True)
            grid.addWidget(one_line("caption", self, name), 3 * row, side)
            grid.addWidget(value, 3 * row + 1, side)
            grid.setRowMinimumHeight(3 * row + 2, 7 if row == 0 else 0)
            self._values.append(value)
        self.inside.addLayout(grid)

    def show_card(self, card: AccountCard, visit: words.NextVisit | None, today: dt.date) -> None:
        """Say what is known of an account's rhythm."""
        last = words.local_day(card.visits.last)
        said = (
            card.owner or tr("nobody"),
            words.rhythm_words(card.text("grade"), visit),
            words.short_day(last, today) or tr("never"),
            words.next_visit_sentence(visit, today),
        )
        for value, text in zip(self._values, said, strict=True):
            value.setText(text)
        is_late = visit is not None and visit.late > 0
        for value in (self._values[1], self._values[3]):
            set_tone(value, "warn" if is_late else "")


class RevenueSection(Section):
    """Twelve bars, their sum, and how that stands to the year before."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(tr("Revenue, 12 months"), parent)
        self._sum = one_line("section", self)
        self.head.addWidget(self._sum)
        self._legend = _Legend(self)
        self._chart = RevenueChart(self)
        self.inside.addWidget(self._legend)
        self.inside.addWidget(self._chart)

    def show_year(self, year: YearOfRevenue) -> None:
        """Show an account's months."""
        revenue = year.this_year
        self._sum.setText(money_words(revenue.total, revenue.currency) if revenue.currency else "–")
        self._sum.setToolTip(tr("Other currencies are not added.") if revenue.others else "")
        has_orders = bool(revenue.currency)
        self.note.setText("" if has_orders else tr("no orders"))
        self._legend.setVisible(has_orders)
        self._chart.setVisible(has_orders)
        self._legend.show_change(year.change)
        self._chart.show_year(year)


class _Legend(QWidget):
    """Which mark is which year, and the change in percent."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._change = one_line("caption", self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 4)
        row.setSpacing(12)
        row.addWidget(_Key("bar", tr("this year"), self))
        row.addWidget(_Key("mark", tr("last year"), self))
        row.addStretch(1)
        row.addWidget(self._change)

    def show_change(self, change: int | None) -> None:
        """Say how much more it is than a year before."""
        if change is None:
            self._change.setText("")
            return
        sign = "▲" if change > 0 else "▼" if change < 0 else "="
        self._change.setText(f"{sign} {abs(change)} %")
        set_tone(self._change, "good" if change > 0 else "warn" if change < 0 else "ink3")


class _Key(QWidget):
    """A mark of the chart and its word."""

    def __init__(self, shape: str, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        swatch = QLabel(self)
        swatch.setTextFormat(Qt.TextFormat.PlainText)
        swatch.setObjectName(shape)
        swatch.setFixedSize(9 if shape == "bar" else 12, 9 if shape == "bar" else 2)
        swatch.setAutoFillBackground(True)
        self._swatch, self._shape = swatch, shape
        row.addWidget(swatch)
        row.addWidget(one_line("caption", self, text))
        theme().changed.connect(self._colour)
        self._colour()

    def _colour(self) -> None:
        tokens = theme().tokens
        colour = tokens.series[0] if self._shape == "bar" else tokens.ink
        self._swatch.setStyleSheet(f"background: {colour};")


class ContactsSection(Section):
    """The people, with how they stand to us."""

    def show_contacts(self, contacts: Sequence[CardContact]) -> None:
        """Show other people."""
        self.note.setText(str(len(contacts)) if contacts else tr("nobody yet"))
        self.set_rows([self._row(contact) for contact in contacts])

    def _row(self, contact: CardContact) -> LineButton:
        attitude = words.attitude_of(contact.attitude)

        def mark(painter: QPainter, rect: QRect, tokens: Tokens) -> None:
            _paint_disc(painter, rect, initials(contact.name), tokens)

        line = Line(
            contact.name, below=_role_words(contact), right=tr(attitude.words), tone="ink2",
            right_shape=attitude.shape, right_shape_token=attitude.token,
            mark=mark, mark_width=_DISC, is_name=True,
        )  # fmt: skip
        return self.line(line, "contact", contact.id)


def initials(name: str) -> str:
    """Two letters for a Latin name, the family name's character for a Chinese one."""
    if any("\u4e00" <= letter <= "\u9fff" for letter in name):
        return name[:1]
    return "".join(part[0] for part in name.split() if part)[:_INITIALS].upper()


def _role_words(contact: CardContact) -> str:
    field = CATALOG["account_contact"].by_name["buying_roles"]
    roles = tr(", ").join(code_words(field, role) for role in contact.buying_roles)
    title = contact.title or contact.role
    return " · ".join(part for part in (title, roles) if part)


def _paint_disc(painter: QPainter, rect: QRect, text: str, tokens: Tokens) -> None:
    disc = QRect(0, 0, _DISC, _DISC)
    disc.moveCenter(rect.center())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tokens.fill))
    painter.drawEllipse(disc)
    painter.setFont(font("badge"))
    painter.setPen(QColor(tokens.ink2))
    painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, text)


class OpenSection(Section):
    """What is under way: the plan in force, the complaints not settled, the tasks to be done."""

    def show_card(self, card: AccountCard, today: dt.date) -> None:
        """Show an account's; nothing at all where there is none."""
        rows: list[QWidget] = []
        if card.plan is not None:
            plan = card.plan
            state = code_words(CATALOG["plan"].by_name["state"], plan.state)
            done = tr("{done} of {total} done", done=plan.done, total=plan.objectives)
            line = Line(plan.title, right=f"{state} · {done}", icon="plans", is_small=True)
            rows.append(self.line(line, "plan", plan.id))
        for complaint in card.complaints:
            state = code_words(CATALOG["complaint"].by_name["state"], complaint.state)
            title = " ".join(part for part in (complaint.number, complaint.subject) if part)
            line = Line(title, right=state, icon="complaints", icon_tone="warn", is_small=True)
            rows.append(self.line(line, "complaint", complaint.id))
        rows += [self._task(task, today) for task in card.tasks]
        self.set_rows(rows)
        self.setVisible(bool(rows))

    def _task(self, task: CardTask, today: dt.date) -> LineButton:
        is_late = task.due_on is not None and task.due_on < today
        line = Line(
            task.title, more=task.assignee, right=words.due_words(task.due_on, today),
            tone="bad" if is_late else "ink3", icon="tasks", is_small=True,
        )  # fmt: skip
        return self.line(line, "task", task.id)


class TimelineSection(Section):
    """What happened, the newest first. Signal `asked`: older entries are wanted."""

    def show_entries(
        self, entries: Sequence[Entry], total: int, today: dt.date, *, everything: bool
    ) -> None:
        """Show the newest few, or (`everything`) all that were read so far."""
        shown = entries if everything else entries[:SHOWN_ENTRIES]
        self.set_rows([self._row(entry, today) for entry in shown])
        self.note.setText("" if total else tr("nothing yet"))
        left = total - len(shown)
        self.link.setVisible(left > 0)
        self.link.setText(tr("{n} more", n=left) if everything else tr("All {total}", total=total))
        self.link.setAccessibleName(self.link.text())

    def _row(self, entry: Entry, today: dt.date) -> LineButton:
        line = Line(
            words.entry_words(entry), right=words.entry_when(entry, today),
            icon=words.entry_icon(entry), icon_tone="ink3", is_small=True, pending=entry.pending,
        )  # fmt: skip
        return self.line(line, entry.kind, entry.id)
