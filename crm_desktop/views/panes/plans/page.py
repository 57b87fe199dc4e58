"""The page of a plan: where it stands, its SWOT board, who decides, and its objectives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from crm_core.buying_centre import gaps
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.plans import PlanPage
from crm_desktop.views.kit.ask_line import AskLine
from crm_desktop.views.kit.buttons import link
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.panes.plans.buying import PeopleList
from crm_desktop.views.panes.plans.head import PlanHead
from crm_desktop.views.panes.plans.objectives import ObjectiveTree
from crm_desktop.views.panes.plans.parts import label, padded, titled
from crm_desktop.views.panes.plans.refused import Refusal
from crm_desktop.views.panes.plans.swot import SwotBoard
from crm_desktop.views.panes.plans.words import GAPS

_BOARD_SHARE, _PEOPLE_SHARE = 620, 500
_UPPER_SHARE, _LOWER_SHARE = 330, 370


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
        self.head = PlanHead(today, self)
        self.board = SwotBoard(self)
        self.people = PeopleList(self)
        self._people_count = label(self, "small", tone="ink3")
        self._gaps = label(self, "small", tone="warn")
        self.tree = ObjectiveTree(self)
        self._work_count = label(self, "small", tone="ink3")
        self._add_objective = link(tr("+ Objective"), self)
        self._add_action = link(tr("+ Action"), self)
        self.ask = AskLine(self)
        self._problem = label(self, "small", tone="bad")
        self._refusal = Refusal(self)
        self._lay_out()
        self._connect()

    @property
    def page(self) -> PlanPage | None:
        """The plan shown."""
        return self._page

    def show_page(self, page: PlanPage) -> None:
        """Show a plan."""
        self._page = page
        self.head.show_page(page)
        self._show_parts(page, self._today())
        self._problem.hide()

    def say_problem(self, words: str) -> None:
        """Say what was not taken."""
        self._problem.setText(f"◆ {words}")
        self._problem.show()

    def refuse_new(self, typed: str, why: str) -> bool:
        """Ask again for an objective, action or reason that was not taken, and say why."""
        if not self.ask.ask_again(typed):
            return False
        self._refusal.show_beside(self.ask, typed, why)
        return True

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

    # Intentions

    def _ask_action_here(self) -> None:
        self.ask_action(self.tree.objective_of_chosen())

    # Parts

    def _connect(self) -> None:
        self.head.back_asked.connect(self.back_asked)
        self.head.step_asked.connect(self.step_asked)
        self.head.full_asked.connect(self.full_asked)
        self.people.opened.connect(self.opened)
        self._add_objective.clicked.connect(self.ask_objective)
        self._add_action.clicked.connect(self._ask_action_here)
        self.tree.action_asked.connect(self.ask_action)

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(hairline(self))
        upper = QSplitter(Qt.Orientation.Horizontal, self)
        upper.addWidget(padded(self, titled(self, tr("SWOT"), tr(
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

    def _people_part(self) -> QWidget:
        title = titled(self, tr("Buying centre"), "", self._people_count)
        part = padded(self, title, self.people)
        inner = part.layout()
        assert isinstance(inner, QVBoxLayout)
        self._gaps.setWordWrap(True)
        inner.insertWidget(1, self._gaps)
        return part

    def _work_part(self) -> QWidget:
        title = titled(self, tr("Objectives"), "", self._work_count)
        inner = title.layout()
        assert isinstance(inner, QHBoxLayout)
        inner.addWidget(self._add_objective)
        inner.addWidget(self._add_action)
        part = padded(self, title, self.tree)
        rows = part.layout()
        assert isinstance(rows, QVBoxLayout)
        rows.addWidget(self._problem)
        rows.addWidget(self.ask)
        return part
