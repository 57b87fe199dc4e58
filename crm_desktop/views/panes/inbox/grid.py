"""The conflicts of one record side by side: base · mine · theirs · result, a row for each field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget
from typing_extensions import override

from crm_core.fields import Kind
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr
from crm_desktop.views.kit.choice import DELETED, Decision, Side
from crm_desktop.views.kit.choice_row import ChoiceRow, Others
from crm_desktop.views.kit.gone import let_go
from crm_desktop.views.kit.links import Links
from crm_desktop.views.panes.inbox.parts import IconLabel, label
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import colour

_WIDTHS = (104, 120, 164, 164, 190)
_FIELD, _BASE, _MINE, _THEIRS, _RESULT = range(5)

KIND_WORDS: Mapping[Kind, str] = {
    Kind.TEXT: tr_noop("text"),
    Kind.NOTE: tr_noop("long text"),
    Kind.CHOICE: tr_noop("list"),
    Kind.FLAG: tr_noop("yes or no"),
    Kind.WHOLE: tr_noop("number"),
    Kind.DECIMAL: tr_noop("number"),
    Kind.MONEY: tr_noop("amount"),
    Kind.DAY: tr_noop("day"),
    Kind.INSTANT: tr_noop("moment"),
    Kind.DURATION: tr_noop("length of time"),
    Kind.PHONE: tr_noop("phone number"),
    Kind.EMAIL: tr_noop("e-mail"),
    Kind.URL: tr_noop("web address"),
    Kind.ADDRESS_PART: tr_noop("text"),
    Kind.PLACE: tr_noop("position"),
    Kind.PERSON_NAME: tr_noop("name"),
    Kind.LINK: tr_noop("record"),
    Kind.LINKS: tr_noop("records"),
    Kind.TAGS: tr_noop("tags"),
    Kind.ORDER: tr_noop("order"),
    Kind.JSON: tr_noop("details"),
}


class ChoiceGrid(QWidget):
    """The rows of one dispute. Signal: `decided(words)` when a person chose or typed."""

    decided = Signal(str)

    def __init__(
        self, decisions: Sequence[Decision], others: Mapping[str, Others], links: Links,
        parent: QWidget,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.rows: list[ChoiceRow] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(0)
        self._grid.setVerticalSpacing(0)
        for column, width in enumerate(_WIDTHS):
            self._grid.setColumnMinimumWidth(column, width * 3 // 4)
            self._grid.setColumnStretch(column, width)
        mine, theirs = _common(decisions, mine=True), _common(decisions, mine=False)
        self._add_head(mine, theirs)
        for n, decision in enumerate(decisions, start=1):
            seconds = _seconds(decision, mine, theirs)
            alike = others.get(decision.conflict.id, Others())
            row = ChoiceRow(decision, alike, links, self, seconds=seconds)
            row.decided.connect(self._tell_decided)
            self._place(row, n)
            self.rows.append(row)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Hairlines between the rows, and one before the result."""
        painter = QPainter(self)
        line = colour("line")
        for row in range(len(self.rows) + 1):
            cell = self._cell(row, _FIELD)
            painter.fillRect(0, cell.bottom(), self.width(), 1, line)
        result = self._cell(0, _RESULT)
        mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
        left = result.right() if mirrored else result.left()
        painter.fillRect(left, 0, 1, self.height(), line)

    def show_who(self, decisions: Sequence[Decision]) -> None:
        """Say anew who wants what, now that it is known; choices and keyboard stay as they are."""
        mine, theirs = _common(decisions, mine=True), _common(decisions, mine=False)
        self._add_head(mine, theirs)
        for row, decision in zip(self.rows, decisions, strict=True):
            row.show_who(decision, _seconds(decision, mine, theirs))

    def _cell(self, row: int, column: int) -> QRect:
        # The layout's own cellRect knows nothing of rows whose height follows from their width.
        item = self._grid.itemAtPosition(row, column)
        return item.geometry() if item is not None else QRect()

    def _add_head(self, mine: tuple[str, ...], theirs: tuple[str, ...]) -> None:
        heads = (
            (tr("Field"), "", ()),
            (tr("Base"), "", (tr("what both began with"),)),
            (tr("Mine"), "laptop", mine),
            (tr("Theirs"), "monitor", theirs),
            (tr("The result"), "", (tr("what everyone will see"),)),
        )
        for column, (name, icon, lines) in enumerate(heads):
            old = self._grid.itemAtPosition(0, column)
            widget = old.widget() if old is not None else None
            if widget is not None:
                let_go(widget, self._grid)
            cell = QWidget(self)
            layout = QVBoxLayout(cell)
            left = 14 if column == _RESULT else 0
            layout.setContentsMargins(left, 8, 10 if column != _RESULT else 0, 9)
            layout.setSpacing(0)
            layout.addLayout(_head_words(cell, name, icon))
            for line in lines:
                layout.addWidget(label(cell, line, role="caption"))
            layout.addStretch(1)
            self._grid.addWidget(cell, 0, column)

    def _place(self, row: ChoiceRow, n: int) -> None:
        decision = row.decision
        self._grid.addWidget(self._named(decision), n, _FIELD)
        base = QWidget(self)
        layout = QVBoxLayout(base)
        layout.setContentsMargins(0, 9, 10, 10)
        layout.addWidget(row.base(base))
        layout.addStretch(1)
        self._grid.addWidget(base, n, _BASE)
        split = len(decision.mine)
        self._grid.addWidget(self._column(row.cells[:split]), n, _MINE)
        self._grid.addWidget(self._column(row.cells[split:]), n, _THEIRS)
        result = QWidget(self)
        inside = QVBoxLayout(result)
        inside.setContentsMargins(14, 9, 0, 10)
        inside.addWidget(row.result_cell)
        inside.addStretch(1)
        self._grid.addWidget(result, n, _RESULT)

    def _named(self, decision: Decision) -> QWidget:
        cell = QWidget(self)
        layout = QVBoxLayout(cell)
        layout.setContentsMargins(0, 9, 10, 10)
        layout.setSpacing(0)
        name = label(cell, decision.label, role="name")
        layout.addWidget(name)
        if decision.field is not None and decision.conflict.field != DELETED:
            layout.addWidget(label(cell, tr(KIND_WORDS[decision.field.kind]), role="caption"))
        layout.addStretch(1)
        return cell

    def _column(self, cells: Sequence[QWidget]) -> QWidget:
        column = QWidget(self)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 4, 12, 5)
        layout.setSpacing(2)
        for cell in cells:
            layout.addWidget(cell)
        if not cells:
            layout.addWidget(label(column, "–", tone="ink3"))
        layout.addStretch(1)
        return column

    def _tell_decided(self, words: str) -> None:
        self.decided.emit(words)


def _head_words(parent: QWidget, name: str, icon: str) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(5)
    if icon:
        line.addWidget(IconLabel(icon, "ink", parent, 13))
    words = label(parent, name)
    lettering = font("small_medium")
    lettering.setWeight(lettering.Weight.DemiBold)
    words.setFont(lettering)
    line.addWidget(words, 1)
    return line


def _who(side: Side) -> tuple[str, ...]:
    return tuple(x for x in (side.who, side.when, side.device) if x)


def _seconds(decision: Decision, mine: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """Who says so below each side, where the column's head does not say it."""
    return tuple(
        "" if _who(side) == (mine if side.is_mine else theirs) else " · ".join(_who(side))
        for side in decision.sides
    )


def _common(decisions: Sequence[Decision], *, mine: bool) -> tuple[str, ...]:
    """Who, when and where, if it is the same in all rows; else as much as is the same."""
    sides = [side for x in decisions for side in (x.mine if mine else x.theirs)]
    if not sides:
        return ()
    if len({_who(side) for side in sides}) == 1:
        return _who(sides[0])
    names = dict.fromkeys(side.who for side in sides)
    return (tr(", ").join(names),)
