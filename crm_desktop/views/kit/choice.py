"""One conflict, side by side: base, mine, theirs, and the result; nothing is preselected."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QLabel, QRadioButton, QVBoxLayout, QWidget

from crm_core.errors import InvalidValue
from crm_core.fields import Field, Kind, Value
from crm_core.values import check
from crm_desktop.i18n import tr, words
from crm_desktop.models.inbox import ConflictRow
from crm_desktop.views.kit.editor import Editor
from crm_desktop.views.kit.editors import make_editor
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.text import caption, plain_label
from crm_desktop.views.kit.words import Titles, local_time, shown, values_in_words

DELETED = "deleted"
_CHARACTERS_MAX = 400


@dataclass(frozen=True)
class Side:
    """A value that somebody wants: whose it is in words, when, from which device."""

    value: Value
    who: str
    when: str
    is_mine: bool


@dataclass(frozen=True)
class Decision:
    """One conflict's sides, ready to be shown."""

    conflict: ConflictRow
    field: Field | None
    label: str
    mine: tuple[Side, ...]
    theirs: tuple[Side, ...]
    titles: Titles


class ChoiceRow(QObject):
    """The widgets of one conflict in a grid. Parent: the grid's widget. Signal: `decided`."""

    decided = Signal()

    def __init__(self, decision: Decision, links: Links, parent: QWidget) -> None:
        super().__init__(parent)
        self.decision = decision
        self._group = QButtonGroup(self)
        self._sides: dict[int, Side] = {}
        self._editor: Editor | None = None
        self._result = QLabel(tr("choose a side"), parent)
        self._result.setTextFormat(Qt.TextFormat.PlainText)
        self._result.setWordWrap(True)
        self._problem = plain_label(parent)
        self._problem.hide()
        self._has_typed = False
        if decision.field is not None and decision.field.name == decision.conflict.field:
            self._editor = make_editor(decision.field, parent, links)
            self._editor.edited.connect(self._note_typing)
        self._group.idClicked.connect(self._take_side)

    def place(self, grid: QGridLayout, row: int, parent: QWidget) -> None:
        """Put the row's widgets into the grid."""
        top = Qt.AlignmentFlag.AlignTop
        name = plain_label(parent, self.decision.label)
        grid.addWidget(name, row, 0, top)
        base = plain_label(parent, self._words(self.decision.conflict.base))
        base.setAccessibleName(tr("Base"))
        grid.addWidget(base, row, 1, top)
        grid.addWidget(self._cell(self.decision.mine, parent), row, 2, top)
        grid.addWidget(self._cell(self.decision.theirs, parent), row, 3, top)
        grid.addWidget(self._result_cell(parent), row, 4, top)

    def take(self, *, mine: bool) -> None:
        """Take a side as a whole, where it is one value."""
        sides = [n for n, side in self._sides.items() if side.is_mine is mine]
        if len(sides) == 1:
            self._group.button(sides[0]).setChecked(True)
            self._take_side(sides[0])

    @property
    def is_decided(self) -> bool:
        """Whether a person chose or typed a result."""
        return self._has_typed or self._group.checkedId() >= 0

    def result(self) -> Value:
        """The result; raises InvalidValue and shows why."""
        if self._editor is None or not self._has_typed:
            return self._sides[self._group.checkedId()].value
        try:
            value = self._editor.value()
            check(self._editor.field, value)
        except InvalidValue as problem:
            self._problem.setText(f"◆ {words(problem.message)}")
            self._problem.show()
            raise
        return value

    def _cell(self, sides: tuple[Side, ...], parent: QWidget) -> QWidget:
        cell = QWidget(parent)
        layout = QVBoxLayout(cell)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for side in sides:
            button = QRadioButton(cell)
            number = len(self._sides)
            self._sides[number] = side
            self._group.addButton(button, number)
            text = self._words(side.value)
            button.setText(text.replace("&", "&&"))
            button.setAccessibleName(f"{self.decision.label}: {side.who}: {text}")
            layout.addWidget(button)
            layout.addWidget(caption(cell, " · ".join(x for x in (side.who, side.when) if x)))
        if not sides:
            layout.addWidget(caption(cell, "–"))
        return cell

    def _result_cell(self, parent: QWidget) -> QWidget:
        cell = QWidget(parent)
        layout = QVBoxLayout(cell)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        if self._editor is not None:
            layout.addWidget(self._editor.widget)
        layout.addWidget(self._result)
        layout.addWidget(self._problem)
        if self.decision.field is not None and self.decision.field.kind is Kind.NOTE:
            both = QRadioButton(tr("Keep both texts"), cell)
            number = len(self._sides)
            self._sides[number] = Side(_both(self.decision), "", "", is_mine=False)
            self._group.addButton(both, number)
            layout.addWidget(both)
        return cell

    def _take_side(self, number: int) -> None:
        side = self._sides[number]
        self._has_typed = False
        self._problem.hide()
        if self._editor is not None:
            self._editor.set_value(side.value, self.decision.titles)
            self._result.hide()
        else:
            self._result.setText(self._words(side.value))
        self.decided.emit()

    def _note_typing(self) -> None:
        self._has_typed = True
        self._result.hide()
        self._problem.hide()
        self._group.setExclusive(False)
        for button in self._group.buttons():
            button.setChecked(False)
        self._group.setExclusive(True)
        self.decided.emit()

    def _words(self, value: Value) -> str:
        field = self.decision.field
        if self.decision.conflict.field == DELETED:
            return _existence_words(value)
        if isinstance(value, dict):  # fields that are judged together
            return values_in_words(self.decision.conflict.kind, value, self.decision.titles) or tr(
                "(empty)"
            )
        if field is None:
            return tr("(empty)") if value is None else str(value)[:_CHARACTERS_MAX]
        return shown(field, value, self.decision.titles)[:_CHARACTERS_MAX] or tr("(empty)")


def sides_of(conflict: ConflictRow, me: str, titles: Titles) -> tuple[list[Side], list[Side]]:
    """Mine and theirs: what this user wrote against everything else; for anybody else the
    parked values stand as mine's counterpart (cli.md, `resolve`)."""
    parked = [
        Side(x.value, titles.get(f"user/{x.author}") or x.device, _when(x.at), x.author == me)
        for x in conflict.parked
    ]
    who = titles.get(f"user/{conflict.current_by}") or tr("now in force")
    mine = [side for side in parked if side.is_mine]
    current_is_mine = not mine and (conflict.current_by == me or not conflict.current_by)
    current = Side(conflict.current, who, _when(conflict.current_at), current_is_mine)
    everything = [*parked, current]
    return (
        [side for side in everything if side.is_mine],
        [side for side in everything if not side.is_mine],
    )


def _when(at: str) -> str:
    return local_time(at) if at else ""


def _existence_words(value: Value) -> str:
    if value is True:
        return tr("Delete the record")
    if isinstance(value, dict):
        return tr("Keep the record with the changes: {names}", names=", ".join(sorted(value)))
    return tr("Keep the record")


def _both(decision: Decision) -> str:
    texts = [x.value for x in (*decision.theirs, *decision.mine) if isinstance(x.value, str)]
    return "\n".join(dict.fromkeys(texts))
