"""The page of a plan: where it stands, its SWOT board, who decides, and its objectives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_core.buying_centre import gaps
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.plans import PlanPage
from crm_desktop.views.kit.ask_line import AskLine
from crm_desktop.views.kit.buttons import link
from crm_desktop.views.kit.folding import Folding
from crm_desktop.views.kit.hairline import hairline
from crm_desktop.views.kit.typed_draft import Texts
from crm_desktop.views.panes.plans.buying import PeopleList
from crm_desktop.views.panes.plans.head import PlanHead
from crm_desktop.views.panes.plans.objectives import ObjectiveTree
from crm_desktop.views.panes.plans.parts import label, padded, titled
from crm_desktop.views.panes.plans.refused import Refusal
from crm_desktop.views.panes.plans.swot import SwotBoard
from crm_desktop.views.panes.plans.words import GAPS

_BOARD_SHARE, _PEOPLE_SHARE = 620, 500
_UPPER_SHARE, _LOWER_SHARE = 330, 370

_OBJECTIVE, _ACTION, _REASON = "objective", "action", "reason"
"""The names of what is asked, with the record's id where it is asked of one."""

_FOLDED_BOARD, _FOLDED_PEOPLE, _FOLDED_WORK = 320, 220, 280


class PlanView(Folding):
    """Shows a plan. Signals: `back_asked`, `step_asked(state)`, `full_asked`, `opened(contact)`,
    `objective_named(text)`, `action_named(objective id, title)`, `dropped(id, reason)`; `edited`
    when something is typed that is to be added; those of the board and the tree are theirs."""

    FOLDED_BELOW_WIDTH = 760
    """In less room the people stand below the board, and the page scrolls."""

    back_asked = Signal()
    step_asked = Signal(str)
    full_asked = Signal()
    opened = Signal(str)
    objective_named = Signal(str)
    action_named = Signal(str, str)
    dropped = Signal(str, str)
    edited = Signal()

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
        self._upper = QSplitter(Qt.Orientation.Horizontal, self)
        self._both = QSplitter(Qt.Orientation.Vertical, self)
        self._scroll = QScrollArea(self)
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
        self.ask.ask(_OBJECTIVE, tr("New objective, Enter adds it"), self.objective_named.emit)

    def ask_action(self, objective: str) -> None:
        """Ask for actions of an objective, one after the other."""
        number = self._number(objective)
        words = tr("New action for O{n}, Enter adds it", n=number) if number else tr("New action")

        def take(text: str) -> None:
            self.action_named.emit(objective, text)

        self.ask.ask(f"{_ACTION}/{objective}", words, take, stays=True)

    def ask_reason(self, record_id: str) -> None:
        """Ask why something is dropped."""

        def take(text: str) -> None:
            self.dropped.emit(record_id, text)

        self.ask.ask(f"{_REASON}/{record_id}", tr("Why is it dropped?"), take)

    def turn(self) -> None:
        """Another plan is to be shown: what is typed here does not go there."""
        for line in self._lines:
            line.turn()

    def typed(self) -> Texts:
        """What was typed to be added, by its question."""
        return {name: text for line in self._lines for name, text in line.texts.items()}

    def restore(self, texts: Texts) -> bool:
        """Ask again what `typed` gave before; whether there was any."""
        asks = {_OBJECTIVE: self.ask_objective}
        asks |= {code: box.ask for code, box in self.board.boxes.items()}
        for name, text in texts.items():
            kind, _, record_id = name.partition("/")
            line = self.board.boxes[kind].line if kind in self.board.boxes else self.ask
            line.texts.setdefault(name, text)
            if line.isHidden():
                if kind == _ACTION:
                    self.ask_action(record_id)
                elif kind == _REASON:
                    self.ask_reason(record_id)
                else:
                    asks[kind]()
        return bool(texts)

    @property
    def _lines(self) -> tuple[AskLine, ...]:
        return (self.ask, *(box.line for box in self.board.boxes.values()))

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
        for line in self._lines:
            line.edited.connect(self.edited)

    def _lay_out(self) -> None:
        upper, both = self._upper, self._both
        upper.addWidget(padded(self, titled(self, tr("SWOT"), tr(
            "bars = weight, arrow = taken up in an objective")), self.board))  # fmt: skip
        upper.addWidget(self._people_part())
        upper.setStretchFactor(0, 5)
        upper.setStretchFactor(1, 4)
        both.addWidget(upper)
        both.addWidget(self._work_part())
        self._fold()
        for name, splitter in (("people", upper), ("work", both)):
            splitter.setObjectName(name)
            splitter.setChildrenCollapsible(False)
        inside = QWidget(self)
        inside.setProperty("surface", "pane")
        inside.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addWidget(hairline(self))
        column.addWidget(both, 1)
        scroll = self._scroll
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setProperty("surface", "pane")
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)

    @override
    def _fold(self) -> None:
        """Stack the board and the people where they do not fit beside each other."""
        upper, both, is_narrow = self._upper, self._both, self._is_narrow
        upper.setOrientation(Qt.Orientation.Vertical if is_narrow else Qt.Orientation.Horizontal)
        folded = _FOLDED_BOARD + _FOLDED_PEOPLE
        # In enough room it takes what is left, and makes nothing scroll that could be smaller.
        heights = QSizePolicy.Policy.Fixed if is_narrow else QSizePolicy.Policy.Ignored
        both.setSizePolicy(QSizePolicy.Policy.Expanding, heights)
        both.setMinimumHeight(folded + _FOLDED_WORK if is_narrow else 0)
        upper.setSizes(
            [_FOLDED_BOARD, _FOLDED_PEOPLE] if is_narrow else [_BOARD_SHARE, _PEOPLE_SHARE]
        )
        both.setSizes([folded, _FOLDED_WORK] if is_narrow else [_UPPER_SHARE, _LOWER_SHARE])

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
