"""The page of a plan: where it stands, its SWOT board, who decides, and its objectives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_core.buying_centre import gaps, support_index
from crm_core.machines import MACHINES
from crm_core.plan_progress import elapsed
from crm_desktop.dates import period_words
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.plans import PlanPage
from crm_desktop.views.kit.ask_line import AskLine
from crm_desktop.views.kit.badge import Badge
from crm_desktop.views.kit.buttons import flat, link, normal, primary
from crm_desktop.views.kit.delegates.grade import SIDE, paint_grade
from crm_desktop.views.kit.delegates.progress import ProgressValue, paint_progress
from crm_desktop.views.kit.elided import Elided
from crm_desktop.views.kit.words import code_words
from crm_desktop.views.panes.plans.buying import PeopleList
from crm_desktop.views.panes.plans.objectives import ObjectiveTree
from crm_desktop.views.panes.plans.swot import SwotBoard
from crm_desktop.views.panes.plans.words import GAPS, PLAN, STEPS, percent
from crm_desktop.views.theme.theme import theme

_MACHINE = MACHINES["plan"]
_BAR = 150
_BOARD_SHARE, _PEOPLE_SHARE = 620, 500
_UPPER_SHARE, _LOWER_SHARE = 330, 370
_BADGES = {"active": "info", "approved": "info", "under_review": "warn", "closed": "good"}


class _Painted(QWidget):
    """A small widget painted by one of the kit's painters."""

    def __init__(
        self, size: QSize, paint: Callable[[QPainter, QRect], None], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._paint = paint
        self.setFixedSize(size)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        self._paint(QPainter(self), self.rect())


class PlanView(QWidget):
    """Shows a plan. Signals: `back_asked`, `step_asked(state)`, `full_asked`, `opened(contact)`,
    `objective_named(text)`, `action_named(objective id, title)`, `dropped(id, reason)`; those of
    the board and the tree are theirs."""

    back_asked = Signal()
    step_asked = Signal(str)
    full_asked = Signal()
    opened = Signal(str)
    objective_named = Signal(str)
    action_named = Signal(str, str)
    dropped = Signal(str, str)

    def __init__(self, today: Callable[[], dt.date], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._today = today
        self._page: PlanPage | None = None
        self._plans = link(tr("Plans"), self)
        self._grade = _Painted(QSize(SIDE, SIDE), self._paint_grade, self)
        self._account = _label(self, "page")
        self._title = Elided(self)
        self._title.setProperty("tone", "ink2")
        self._state = Badge("", self)
        self._waiting = Badge("", self)
        self._steps = QHBoxLayout()
        self._full = flat(tr("All fields and history"), self)
        self._period, self._owner = _label(self, ""), _label(self, "")
        self._progress, self._support = _label(self, "small"), _label(self, "")
        self._bar = _Painted(QSize(_BAR, 18), self._paint_bar, self)
        self.board = SwotBoard(self)
        self.people = PeopleList(self)
        self._people_count = _label(self, "small", tone="ink3")
        self._gaps = _label(self, "small", tone="warn")
        self.tree = ObjectiveTree(self)
        self._work_count = _label(self, "small", tone="ink3")
        self._add_objective = link(tr("+ Objective"), self)
        self._add_action = link(tr("+ Action"), self)
        self._read_only = _label(self, "small", tone="ink3")
        self.ask = AskLine(self)
        self._problem = _label(self, "small", tone="bad")
        self._lay_out()
        self._connect()

    @property
    def page(self) -> PlanPage | None:
        """The plan shown."""
        return self._page

    def show_page(self, page: PlanPage) -> None:
        """Show a plan."""
        self._page = page
        values, today = page.plan.values, self._today()
        self._account.setText(page.account)
        self._title.setText(str(values.get("title") or ""))
        self._show_states(page)
        start, end = _day(values.get("starts_on")), _day(values.get("ends_on"))
        said = period_words(start, end) if start is not None and end is not None else ""
        self._period.setText(said or str(values.get("period") or "–"))
        self._owner.setText(page.names.get(f"user/{values.get('owner')}", "–"))
        self._progress.setText(percent(page.share) or "–")
        index = support_index(member.person for member in page.people)
        self._support.setText("–" if index is None else f"{index:+.2f}".replace("-", "−"))
        passed = elapsed(start, end, today)
        words = tr("{done} done, {time} of the time elapsed", done=percent(page.share) or "–",
                   time=percent(passed) or "–")  # fmt: skip
        self._bar.setAccessibleName(words)
        self._bar.setToolTip(words)
        self._show_parts(page, today)
        self._problem.hide()
        for part in (self._bar, self._grade):
            part.update()

    def say_problem(self, words: str) -> None:
        """Say what was not taken."""
        self._problem.setText(f"◆ {words}")
        self._problem.show()

    def ask_objective(self) -> None:
        """Ask for a new objective."""
        self.ask.ask(tr("New objective, Enter adds it"), self.objective_named.emit)

    def ask_action(self, objective: str) -> None:
        """Ask for actions of an objective, one after the other."""
        number = self._number(objective)
        words = tr("New action for O{n}, Enter adds it", n=number) if number else tr("New action")

        def take(text: str) -> None:
            self.action_named.emit(objective, text)

        self.ask.ask(words, take, stays=True)

    def ask_reason(self, record_id: str) -> None:
        """Ask why something is dropped."""

        def take(text: str) -> None:
            self.dropped.emit(record_id, text)

        self.ask.ask(tr("Why is it dropped?"), take)

    def _number(self, objective: str) -> int:
        ids = [x.row.id for x in self._page.objectives] if self._page is not None else []
        return next((n for n, x in enumerate(ids, start=1) if x == objective), 0)

    # Showing

    def _show_states(self, page: PlanPage) -> None:
        row = page.plan
        state = str(row.values.get("state") or "draft")
        words = code_words(PLAN.by_name["state"], state)
        version = row.values.get("version")
        if version:
            words = tr("{state} · version {n}", state=words, n=int(str(version)))
        self._state.show_state(_BADGES.get(state, "neutral"), words)
        kept = "conflict" if row.conflict else "rejected" if row.refused else ""
        self._waiting.show_state(kept or ("pending" if row.pending else ""))
        while (item := self._steps.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for number, target in enumerate(self.steps):
            button = self._step_button(target, is_first=number == 0)
            self._steps.insertWidget(0, button)

    def _step_button(self, target: str, *, is_first: bool) -> QPushButton:
        make = primary if is_first else normal
        button = make(tr(STEPS[target]), self)
        button.setProperty("step", target)
        button.clicked.connect(self._tell_step)
        return button

    @property
    def steps(self) -> tuple[str, ...]:
        """The states that can follow and that the user may lead to."""
        page = self._page
        if page is None:
            return ()
        state = page.plan.values.get("state")
        rights = {"edit": page.may_edit, "approve": page.may_approve}
        arrows = [(x, _MACHINE.arrow(state, x)) for x in _MACHINE.targets(state)]
        return tuple(x for x, arrow in arrows if arrow is not None and rights[arrow.action])

    def _show_parts(self, page: PlanPage, today: dt.date) -> None:
        self.board.show_page(page)
        self.people.people.show(page.people)
        many = len(page.people)
        self._people_count.setText(tr_n("{n} person", "{n} people", many) if many else "")
        missing = gaps(member.person for member in page.people)
        self._gaps.setText("   ".join(f"△ {tr(GAPS[gap])}" for gap in missing))
        self._gaps.setVisible(bool(missing))
        self.tree.show_page(page, today)
        actions = [a for x in page.objectives for a in x.actions] + [*page.loose]
        done = sum(a.values.get("status") == "done" for a in actions)
        self._work_count.setText(
            tr_n(
                "{objectives} · {done} of {n} action done",
                "{objectives} · {done} of {n} actions done",
                len(actions), objectives=len(page.objectives), done=done,
            )
        )  # fmt: skip
        for part in (self._add_objective, self._add_action):
            part.setVisible(page.may_edit)
        self._read_only.setVisible(not page.may_edit)
        self._read_only.setText(tr("Your role reads plans; key-account managers keep them."))

    def _paint_grade(self, painter: QPainter, rect: QRect) -> None:
        if self._page is not None:
            paint_grade(painter, rect, self._page.grade, theme().tokens)

    def _paint_bar(self, painter: QPainter, rect: QRect) -> None:
        if self._page is not None:
            values = self._page.plan.values
            start, end = _day(values.get("starts_on")), _day(values.get("ends_on"))
            shown = ProgressValue(self._page.share or 0.0, elapsed(start, end, self._today()))
            paint_progress(painter, rect, shown, theme().tokens)

    # Intentions

    def _tell_step(self) -> None:
        self.step_asked.emit(str(self.sender().property("step")))

    def _ask_back(self) -> None:
        self.back_asked.emit()

    def _ask_full(self) -> None:
        self.full_asked.emit()

    def _ask_action_here(self) -> None:
        self.ask_action(self.tree.objective_of_chosen())

    # Parts

    def _connect(self) -> None:
        self._plans.clicked.connect(self._ask_back)
        self._full.clicked.connect(self._ask_full)
        self.people.opened.connect(self.opened)
        self._add_objective.clicked.connect(self.ask_objective)
        self._add_action.clicked.connect(self._ask_action_here)
        self.tree.action_asked.connect(self.ask_action)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._head())
        layout.addWidget(self._facts())
        layout.addWidget(_line(self))
        upper = QSplitter(Qt.Orientation.Horizontal, self)
        upper.addWidget(_padded(self, _titled(self, tr("SWOT"), tr(
            "bars = weight, arrow = taken up in an objective")), self.board))  # fmt: skip
        upper.addWidget(self._people_part())
        upper.setStretchFactor(0, 5)
        upper.setStretchFactor(1, 4)
        upper.setSizes([_BOARD_SHARE, _PEOPLE_SHARE])
        both = QSplitter(Qt.Orientation.Vertical, self)
        both.addWidget(upper)
        both.addWidget(self._work_part())
        both.setSizes([_UPPER_SHARE, _LOWER_SHARE])
        for name, splitter in (("people", upper), ("work", both)):
            splitter.setObjectName(name)
            splitter.setChildrenCollapsible(False)
        layout.addWidget(both, 1)

    def _head(self) -> QWidget:
        head = QWidget(self)
        head.setFixedHeight(theme().metrics.head + 4)
        row = QHBoxLayout(head)
        row.setContentsMargins(theme().metrics.margin, 0, theme().metrics.margin, 0)
        row.setSpacing(8)
        arrow = _label(self, "", tone="ink3")
        arrow.setText("›")
        for part in (self._plans, arrow, self._grade, self._account):
            row.addWidget(part)
        row.addWidget(self._title, 1)
        row.addWidget(self._state)
        row.addWidget(self._waiting)
        row.addWidget(self._full)
        row.addLayout(self._steps)
        return head

    def _facts(self) -> QWidget:
        facts = QWidget(self)
        row = QHBoxLayout(facts)
        row.setContentsMargins(theme().metrics.margin, 0, theme().metrics.margin, 8)
        row.setSpacing(30)
        bar = QWidget(facts)
        inner = QHBoxLayout(bar)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        inner.addWidget(self._bar)
        inner.addWidget(self._progress)
        for words, part in (
            (tr("Period"), self._period), (tr("Owner"), self._owner),
            (tr("Progress · mark is time elapsed"), bar), (tr("Support index"), self._support),
        ):  # fmt: skip
            column = QVBoxLayout()
            column.setSpacing(2)
            label = _label(facts, "caption")
            label.setText(words)
            column.addWidget(label)
            column.addWidget(part)
            row.addLayout(column)
        row.addStretch(1)
        row.addWidget(self._read_only)
        return facts

    def _people_part(self) -> QWidget:
        title = _titled(self, tr("Buying centre"), "", self._people_count)
        part = _padded(self, title, self.people)
        inner = part.layout()
        assert isinstance(inner, QVBoxLayout)
        self._gaps.setWordWrap(True)
        inner.insertWidget(1, self._gaps)
        return part

    def _work_part(self) -> QWidget:
        title = _titled(self, tr("Objectives"), "", self._work_count)
        inner = title.layout()
        assert isinstance(inner, QHBoxLayout)
        inner.addWidget(self._add_objective)
        inner.addWidget(self._add_action)
        part = _padded(self, title, self.tree)
        rows = part.layout()
        assert isinstance(rows, QVBoxLayout)
        rows.addWidget(self._problem)
        rows.addWidget(self.ask)
        return part


def _padded(parent: QWidget, title: QWidget, content: QWidget) -> QWidget:
    part = QWidget(parent)
    layout = QVBoxLayout(part)
    margin = theme().metrics.margin
    layout.setContentsMargins(margin, 0, margin, 6)
    layout.setSpacing(4)
    layout.addWidget(title)
    layout.addWidget(content, 1)
    return part


def _titled(parent: QWidget, words: str, note: str, count: QLabel | None = None) -> QWidget:
    head = QWidget(parent)
    head.setFixedHeight(34)
    row = QHBoxLayout(head)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    title = _label(head, "section")
    title.setText(words)
    row.addWidget(title)
    if count is not None:
        row.addWidget(count)
    if note:
        label = Elided(head)
        label.setText(note)
        label.setProperty("role", "small")
        label.setProperty("tone", "ink3")
        row.addWidget(label, 1)
    else:
        row.addStretch(1)
    return head


def _label(parent: QWidget, role: str, *, tone: str = "") -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    for name, value in (("role", role), ("tone", tone)):
        if value:
            label.setProperty(name, value)
    return label


def _line(parent: QWidget) -> QFrame:
    line = QFrame(parent)
    line.setProperty("role", "hairline")
    return line


def _day(value: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
