"""The visits of the day, one below the other; the open one says what comes next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.machines import MACHINES
from crm_core.values import instant_of
from crm_desktop.dates import time_words
from crm_desktop.i18n import tr
from crm_desktop.models.today import Stop
from crm_desktop.views.kit.buttons import flat, normal, primary
from crm_desktop.views.kit.delegates.grade import SIDE, paint_grade
from crm_desktop.views.kit.line import Line, LineButton
from crm_desktop.views.kit.section import one_line
from crm_desktop.views.kit.typed_draft import Texts
from crm_desktop.views.kit.words import account_words, code_words
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.theme import theme
from crm_desktop.views.theme.tokens import Tokens

DONE = ("completed", "reviewed", "aborted")
NEXT_STEP: Mapping[str, tuple[str, str]] = {
    "draft": ("planned", tr_noop("Put on the plan")),
    "planned": ("in_progress", tr_noop("Check in")),
    "confirmed": ("in_progress", tr_noop("Check in")),
    "in_progress": ("completed", tr_noop("Complete")),
}
"""The one main act of a stop by its state: an arrow of the visit's machine."""

_VISIT = CATALOG["visit"]
_OUTCOME, _RESULT = "outcome", "result"
_TIME_WIDTH, _DISC, _RADIUS = 46, 22, 8
_ABOVE, _ABOVE_OPEN, _BELOW, _BETWEEN = 2, 8, 10, 14
_NAME_HEIGHT = SIDE + 6


def step_values(stop: Stop, now: dt.datetime, outcome: str, result: str) -> dict[str, Value]:
    """What the next step of a visit writes; nothing where there is none, or where what it needs
    was not said."""
    state = stop.visit.state
    if state not in NEXT_STEP:
        return {}
    target = NEXT_STEP[state][0]
    values: dict[str, Value] = {"state": target}
    if target == "in_progress":
        values["actual_start"] = instant_of(now)
    if target == "completed":
        values |= {"actual_end": instant_of(now), "outcome": outcome or None}
        if result.strip():
            values["result"] = result.strip()
    arrow = MACHINES["visit"].arrow(state, target)
    if arrow is None or any(not values.get(name) for name in arrow.needs):
        return {}
    return values


class StopView(QFrame):
    """One stop. Signals: `chosen` to open it here; `stepped(Stop, outcome, result)` for its main
    act; `opened(kind, id)`; `edited` when somebody says what came of it."""

    chosen = Signal(str)
    stepped = Signal(object, str, str)
    opened = Signal(str, str)
    edited = Signal()

    def __init__(
        self, stop: Stop, number: int, parent: QWidget, *, is_open: bool, is_last: bool
    ) -> None:
        super().__init__(parent)
        self.stop = stop
        self._is_open = is_open
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(_Times(stop, self, is_open=is_open), 0, Qt.AlignmentFlag.AlignTop)
        self._disc = _Disc(stop, number, self, is_open=is_open, is_last=is_last)
        row.addWidget(self._disc)
        self._body = _Body(self, is_open=is_open)
        row.addWidget(self._body, 1)
        self._outcome = QComboBox(self._body)
        self._result = QLineEdit(self._body)
        self._step = primary("", self._body)
        self._fill()

    @property
    def step_button(self) -> QPushButton:
        """Its main act."""
        return self._step

    @property
    def outcome(self) -> QComboBox:
        """What came of the visit, where it can be completed."""
        return self._outcome

    @property
    def result(self) -> QLineEdit:
        """The same in a sentence."""
        return self._result

    @property
    def asks(self) -> bool:
        """Whether it can be said here what came of the visit."""
        return self._is_open and self.stop.visit.state == "in_progress"

    def typed(self) -> Texts:
        """What was chosen or typed and is not saved."""
        said = {_OUTCOME: str(self._outcome.currentData() or ""), _RESULT: self._result.text()}
        return {name: text for name, text in said.items() if text}

    def restore(self, texts: Texts) -> bool:
        """Show what `typed` gave before, but for what was said since; whether there was any."""
        if not self.asks or self.typed():
            return False
        self._result.setText(texts.get(_RESULT) or "")
        self._outcome.setCurrentIndex(max(self._outcome.findData(texts.get(_OUTCOME) or ""), 0))
        return bool(self.typed())

    def _fill(self) -> None:
        stop, column = self.stop, self._body.column
        column.addWidget(self._name_line())
        where = " · ".join(part for part in (stop.address, tr(", ").join(stop.people)) if part)
        if where:
            column.addWidget(_cut("small", self._body, where))
        state = code_words(_VISIT.by_name["state"], stop.visit.state)
        about = " · ".join(part for part in (stop.text("objectives"), state) if part)
        column.addWidget(_WithIcon("check" if stop.visit.state in DONE else "flag", about, self))
        if stop.complaint:
            column.addWidget(_WithIcon("complaints", stop.complaint, self, token="warn"))
        # The parts of an open stop; closed it takes no room for them.
        self._acts = QWidget(self._body)
        self._acts_column = QVBoxLayout(self._acts)
        self._acts_column.setContentsMargins(0, 0, 0, 0)
        self._acts_column.setSpacing(0)
        column.addWidget(self._acts)
        self._add_outcome()
        self._add_buttons()
        self._acts.setVisible(self._is_open)

    def _name_line(self) -> LineButton:
        stop = self.stop
        grade = stop.visit.place.grade

        def mark(painter: QPainter, rect: QRect, tokens: Tokens) -> None:
            paint_grade(painter, rect, grade, tokens)

        line = Line(
            account_words(stop.visit.place.name), is_name=True, pending=stop.visit.row.pending,
            mark=mark if grade else None, mark_width=SIDE,
        )  # fmt: skip
        made = LineButton(line, self._body)
        made.setFixedHeight(_NAME_HEIGHT)
        made.clicked.connect(self._choose)
        return made

    def _add_outcome(self) -> None:
        self._outcome.addItem(tr("What came of it?"), "")
        for choice in _VISIT.by_name["outcome"].choices:
            self._outcome.addItem(tr(choice.label), choice.code)
        self._outcome.setAccessibleName(tr("Outcome"))
        self._outcome.currentIndexChanged.connect(self._judge)
        self._result.setPlaceholderText(tr("Result, in a sentence"))
        self._result.setAccessibleName(tr("Result"))
        self._result.returnPressed.connect(self._step.click)
        row = QHBoxLayout()
        row.setContentsMargins(0, 6, 0, 0)
        row.setSpacing(6)
        row.addWidget(self._outcome)
        row.addWidget(self._result, 1)
        self._acts_column.addLayout(row)
        self._outcome.setVisible(self.asks)
        self._result.setVisible(self.asks)
        self._outcome.activated.connect(self.edited)
        self._result.textEdited.connect(self.edited)

    def _add_buttons(self) -> None:
        state = self.stop.visit.state
        row = QHBoxLayout()
        row.setContentsMargins(0, 8, 0, 0)
        row.setSpacing(6)
        words = NEXT_STEP.get(state, ("", ""))[1]
        self._step.setText(tr(words))
        self._step.setAccessibleName(
            tr("{act}: {account}", act=tr(words), account=account_words(self.stop.visit.place.name))
        )
        self._step.clicked.connect(self._take_step)
        details = normal(tr("Open visit"), self._body)
        details.clicked.connect(self._open_visit)
        account = flat(tr("Account card"), self._body, icon="accounts")
        account.clicked.connect(self._open_account)
        for button in (self._step, details, account):
            row.addWidget(button)
            button.setVisible(self._is_open)
        self._step.setVisible(self._is_open and bool(words))
        if self._is_open and self.stop.phone:
            row.addWidget(_WithIcon("phone", self.stop.phone, self))
        row.addStretch(1)
        self._acts_column.addLayout(row)
        self._judge()

    def _judge(self) -> None:
        """What cannot be done yet says why."""
        missing = self.stop.visit.state == "in_progress" and not self._outcome.currentData()
        self._step.setEnabled(not missing)
        self._step.setToolTip(tr("Say first what came of the visit.") if missing else "")

    def _take_step(self) -> None:
        self.stepped.emit(self.stop, str(self._outcome.currentData() or ""), self._result.text())

    def _choose(self) -> None:
        if self._is_open:
            self._open_account()
        else:
            self.chosen.emit(self.stop.id)

    def _open_visit(self) -> None:
        self.opened.emit("visit", self.stop.id)

    def _open_account(self) -> None:
        if self.stop.account:
            self.opened.emit("account", self.stop.account)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if not self._is_open and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(self.stop.id)
        super().mouseReleaseEvent(event)


class _Body(QWidget):
    """What is said of a stop; the open one lies on the colour of selection."""

    def __init__(self, parent: QWidget, *, is_open: bool) -> None:
        super().__init__(parent)
        self._is_open = is_open
        self.column = QVBoxLayout(self)
        edge = 12 if is_open else 0
        above, below = (_ABOVE_OPEN, _BELOW + _BETWEEN) if is_open else (_ABOVE, _BETWEEN)
        self.column.setContentsMargins(edge, above, edge, below)
        self.column.setSpacing(1)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._is_open:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme().tokens.selection))
            painter.drawRoundedRect(self.rect().adjusted(0, 0, 0, -_BETWEEN), _RADIUS, _RADIUS)
            painter.end()


def _lower(*, is_open: bool) -> int:
    """How much lower the name of a stop stands on the ground of the open one."""
    return _ABOVE_OPEN - _ABOVE if is_open else 0


class _Times(QWidget):
    """From when to when, at the left."""

    def __init__(self, stop: Stop, parent: QWidget, *, is_open: bool) -> None:
        super().__init__(parent)
        self.setFixedWidth(_TIME_WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, _ABOVE + 2 + _lower(is_open=is_open), 0, 0)
        column.setSpacing(0)
        for role, moment in (("name", stop.visit.start), ("caption", stop.visit.end)):
            label = one_line(role, self, time_words(moment))
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
            column.addWidget(label)


class _Disc(QWidget):
    """The number of a stop on the line of the day, which ends at the last; ✓ when it is done."""

    def __init__(
        self, stop: Stop, number: int, parent: QWidget, *, is_open: bool, is_last: bool
    ) -> None:
        super().__init__(parent)
        self._number, self._is_open, self._is_last = number, is_open, is_last
        self._is_done = stop.visit.state in DONE
        self.setFixedWidth(_DISC)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = theme().tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = _ABOVE + 1 + _lower(is_open=self._is_open)
        begin = top if self._number == 1 else 0
        end = top if self._is_last else self.height()
        line = QRect(self.width() // 2, begin, 1, end - begin)
        painter.fillRect(line, QColor(tokens.line2))
        disc = QRectF(1, top, _DISC - 2, _DISC - 2)
        filled = self._is_open and not self._is_done
        painter.setPen(QPen(QColor(tokens.line2 if self._is_done else tokens.accent), 1))
        painter.setBrush(QColor(tokens.accent_fill if filled else tokens.pane))
        painter.drawEllipse(disc)
        if self._is_done:
            paint_icon(painter, disc.toRect().adjusted(4, 4, -4, -4), "check", "good")
        else:
            painter.setFont(font("badge"))
            painter.setPen(QColor(tokens.on_accent if filled else tokens.accent))
            painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, str(self._number))
        painter.end()


class _WithIcon(QWidget):
    """Small words behind an icon."""

    def __init__(self, icon: str, words: str, parent: QWidget, token: str = "ink2") -> None:
        super().__init__(parent)
        self._icon, self._token = icon, token
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 0, 0, 0)
        row.addWidget(_cut("small", self, words, tone=token if token != "ink2" else ""), 1)
        self.setMinimumHeight(18)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        place = QRect(0, (self.height() - 14) // 2, 14, 14)
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            place.moveRight(self.width())
        paint_icon(painter, place, self._icon, self._token)
        painter.end()


def _cut(role: str, parent: QWidget, words: str, tone: str = "") -> QLabel:
    """A line of words that may be narrower than they are; the tooltip says all."""
    label = one_line(role, parent, words, tone=tone)
    label.setMinimumSize(QSize(20, 0))
    label.setToolTip(words)
    return label
