"""The head of a plan's page: whose plan it is, how it stands, what can follow, and its measures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from PySide6.QtCore import QRect, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.buying_centre import support_index
from crm_core.machines import MACHINES
from crm_core.plan_progress import elapsed
from crm_desktop.dates import period_words
from crm_desktop.i18n import tr
from crm_desktop.models.plans import PlanPage
from crm_desktop.views.kit.badge import Badge, state_of
from crm_desktop.views.kit.buttons import flat, link, normal, primary
from crm_desktop.views.kit.delegates.grade import SIDE, paint_grade
from crm_desktop.views.kit.delegates.progress import ProgressValue, paint_progress
from crm_desktop.views.kit.elided import Elided
from crm_desktop.views.kit.flow import FlowLayout
from crm_desktop.views.kit.permit import edit_refusal
from crm_desktop.views.kit.words import code_words
from crm_desktop.views.panes.plans.parts import label
from crm_desktop.views.panes.plans.words import PLAN, STEPS, percent
from crm_desktop.views.theme.theme import theme

_MACHINE = MACHINES["plan"]
_BAR = 150
_EDGE, _BETWEEN = 8, 24
_TITLE_LEAST = 100
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


class PlanHead(QWidget):
    """Shows how a plan stands. Signals: `back_asked`, `step_asked(state)`, `full_asked`."""

    back_asked = Signal()
    step_asked = Signal(str)
    full_asked = Signal()

    def __init__(self, today: Callable[[], dt.date], parent: QWidget) -> None:
        super().__init__(parent)
        self._today = today
        self._page: PlanPage | None = None
        self._plans = link(tr("Plans"), self)
        self._grade = _Painted(QSize(SIDE, SIDE), self._paint_grade, self)
        self.account = label(self, "page")
        self._title = Elided(self)
        self._title.setProperty("tone", "ink2")
        self._state = Badge("", self)
        self._waiting = Badge("", self)
        self._steps = QHBoxLayout()
        self._full = flat(tr("All fields and history"), self)
        self.period, self._owner = label(self, ""), label(self, "")
        self.progress, self.support = label(self, "small"), label(self, "")
        self._bar = _Painted(QSize(_BAR, 18), self._paint_bar, self)
        self.read_only = label(self, "small", tone="ink3")
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._whose, self._acts = QHBoxLayout(), QHBoxLayout()
        self._plans.clicked.connect(self._ask_back)
        self._full.clicked.connect(self._ask_full)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._line())
        layout.addWidget(self._facts())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fold()

    def _fold(self) -> None:
        """Put what can be done below whose plan it is, where it does not fit beside that."""
        needed = sum(part.minimumSize().width() for part in (self._whose, self._acts))
        room = self.width() - 2 * theme().metrics.margin - self._row.spacing()
        is_narrow = needed + _TITLE_LEAST > room
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._row.setDirection(way)

    def show_page(self, page: PlanPage) -> None:
        """Show how a plan stands."""
        self._page = page
        values = page.plan.values
        self.account.setText(page.account)
        self._title.setText(str(values.get("title") or ""))
        self._show_states(page)
        start, end = _day(values.get("starts_on")), _day(values.get("ends_on"))
        said = period_words(start, end) if start is not None and end is not None else ""
        self.period.setText(said or str(values.get("period") or "–"))
        self._owner.setText(page.names.get(f"user/{values.get('owner')}", "–"))
        self.progress.setText(percent(page.share) or "–")
        index = support_index(member.person for member in page.people)
        self.support.setText("–" if index is None else f"{index:+.2f}".replace("-", "−"))
        passed = elapsed(start, end, self._today())
        words = tr("{done} done, {time} of the time elapsed", done=percent(page.share) or "–",
                   time=percent(passed) or "–")  # fmt: skip
        self._bar.setAccessibleName(words)
        self._bar.setToolTip(words)
        self.read_only.setVisible(not page.may_edit)
        self.read_only.setText(edit_refusal(page.may))
        for part in (self._bar, self._grade):
            part.update()
        self._fold()

    def _show_states(self, page: PlanPage) -> None:
        row = page.plan
        state = str(row.values.get("state") or "draft")
        words = code_words(PLAN.by_name["state"], state)
        version = row.values.get("version")
        if version:
            words = tr("{state} · version {n}", state=words, n=int(str(version)))
        self._state.show_state(_BADGES.get(state, "neutral"), words)
        self._waiting.show_state(state_of(row))
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

    def _paint_grade(self, painter: QPainter, rect: QRect) -> None:
        if self._page is not None:
            paint_grade(painter, rect, self._page.grade, theme().tokens)

    def _paint_bar(self, painter: QPainter, rect: QRect) -> None:
        if self._page is not None:
            values = self._page.plan.values
            start, end = _day(values.get("starts_on")), _day(values.get("ends_on"))
            shown = ProgressValue(self._page.share or 0.0, elapsed(start, end, self._today()))
            paint_progress(painter, rect, shown, theme().tokens)

    def _tell_step(self) -> None:
        self.step_asked.emit(str(self.sender().property("step")))

    def _ask_back(self) -> None:
        self.back_asked.emit()

    def _ask_full(self) -> None:
        self.full_asked.emit()

    def _line(self) -> QWidget:
        head = QWidget(self)
        head.setMinimumSize(1, theme().metrics.head + 4)
        head.setLayout(self._row)
        edge = theme().metrics.margin
        self._row.setContentsMargins(edge, _EDGE, edge, _EDGE)
        self._row.setSpacing(8)
        arrow = label(self, "", tone="ink3")
        arrow.setText("›")
        whose, acts = self._whose, self._acts
        for part in (self._plans, arrow, self._grade, self.account):
            whose.addWidget(part)
        whose.addWidget(self._title, 1)
        for part in (self._state, self._waiting):
            acts.addWidget(part)
        acts.addStretch(1)
        acts.addWidget(self._full)
        acts.addLayout(self._steps)
        for part in (whose, acts, self._steps):
            part.setSpacing(8)
        self._row.addLayout(whose, 1)
        self._row.addLayout(acts)
        return head

    def _facts(self) -> QWidget:
        facts = QWidget(self)
        row = FlowLayout(facts)
        row.setContentsMargins(theme().metrics.margin, 0, theme().metrics.margin, 8)
        bar = QWidget(facts)
        inner = QHBoxLayout(bar)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(8)
        inner.addWidget(self._bar)
        inner.addWidget(self.progress)
        for words, part in (
            (tr("Period"), self.period), (tr("Owner"), self._owner),
            (tr("Progress · mark is time elapsed"), bar), (tr("Support index"), self.support),
        ):  # fmt: skip
            fact = QWidget(facts)
            column = QVBoxLayout(fact)
            column.setContentsMargins(0, 0, _BETWEEN, 0)
            column.setSpacing(2)
            caption = label(facts, "caption")
            caption.setText(words)
            column.addWidget(caption)
            column.addWidget(part)
            row.addWidget(fact)
        row.addWidget(self.read_only)
        return facts


def _day(value: object) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
