"""One conflict in a grid: base, mine, theirs and the result; nothing is preselected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QLabel, QWidget

from crm_core.fields import Value
from crm_desktop.i18n import tr
from crm_desktop.views.kit.choice import (
    Decision,
    Side,
    Taken,
    counterpart,
    kept_together,
    pieces_of,
    say,
    say_base,
    taken_elsewhere,
)
from crm_desktop.views.kit.choice_cell import ChoiceCell
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.result_cell import ResultCell
from crm_desktop.views.kit.text import caption, plain_label


@dataclass(frozen=True)
class Choice:
    """What was chosen in a row: the sides by number, or the texts typed instead."""

    taken: tuple[int, ...] = ()
    typed: tuple[str, ...] | None = None
    for_all: bool = False
    for_author: bool = False


@dataclass(frozen=True)
class Others:
    """Further open conflicts that can be decided alike: of the same field in other records, and
    with the same person on the other side."""

    of_field: tuple[Decision, ...] = ()
    of_author: tuple[Decision, ...] = ()


class ChoiceRow(QObject):
    """The widgets of one conflict. Parent: the grid's widget.

    `others` are further open conflicts that can be decided alike. Signal: `decided(words)` says in
    words what was just done, such as "Phone to mine".
    """

    decided = Signal(str)

    def __init__(
        self, decision: Decision, others: Others, links: Links, parent: QWidget,
        *, seconds: Sequence[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.decision = decision
        self._others = others
        self._typed = False
        self._is_restoring = False
        both = decision.is_text
        self._group = QButtonGroup(self)
        self._group.setExclusive(not both)
        self.cells: list[ChoiceCell] = []
        for n, side in enumerate(decision.sides):
            second = seconds[n] if n < len(seconds) else ""
            cell = ChoiceCell(pieces_of(decision, side), parent, both=both, second=second)
            cell.setAccessibleName(_spoken(decision, side))
            self._group.addButton(cell, n)
            self.cells.append(cell)
        self.result_cell = ResultCell(
            decision.label, decision.fields, decision.titles, links, parent
        )
        self._hint = caption(parent, tr("both kept: mine —, theirs - -"))
        self._hint.hide()
        self.for_all, self.for_author = QCheckBox(parent), QCheckBox(parent)
        self.result_cell.add_below(self._hint)
        for box in (self.for_all, self.for_author):
            box.hide()
            self.result_cell.add_below(box)
        self._group.idClicked.connect(self._take_clicked)
        self.result_cell.edited.connect(self._note_typing)
        self.for_all.clicked.connect(self._tell_for_all)
        self.for_author.clicked.connect(self._tell_for_author)

    @property
    def is_decided(self) -> bool:
        """Whether a person chose or typed a result."""
        return self._typed or bool(self._taken())

    def results_elsewhere(self) -> dict[str, Value]:
        """The results of the other conflicts for which this decision was said to go too, by id."""
        taken, found = self._takes(), dict[str, Value]()
        if taken is None:
            return found
        boxes = ((self.for_all, self._others.of_field), (self.for_author, self._others.of_author))
        for box, others in boxes:
            if box.isChecked():
                found.update(_results(others, taken))
        return found

    @property
    def choice(self) -> Choice:
        """What was chosen: for taking a step back, and for opening the conflict again."""
        typed = self.result_cell.typed() if self._typed else None
        boxes = self.for_all.isChecked(), self.for_author.isChecked()
        return Choice(tuple(self._taken()), typed, *boxes)

    def restore(self, choice: Choice) -> None:
        """Choose what `choice` said before."""
        self._check(choice.taken)
        self._typed = False
        if choice.typed is not None:
            self._typed = True
            self.result_cell.restore(choice.typed)
        elif choice.taken:
            self._show_taken()
        else:
            self.result_cell.show_missing()
        self.for_all.setChecked(choice.for_all)
        self.for_author.setChecked(choice.for_author)
        self._show_for_all()

    def take(self, *, mine: bool) -> None:
        """Take a side as a whole, where it is one value."""
        sides = [n for n, side in enumerate(self.decision.sides) if side.is_mine is mine]
        if len(sides) == 1:
            self._check(sides)
            self._show_taken()

    def result(self) -> Value:
        """The result; raises InvalidValue and shows why."""
        taken = self._taken()
        if self._typed or len(taken) > 1:
            return self.result_cell.value()
        return self.decision.sides[taken[0]].value

    def show_who(self, decision: Decision, seconds: Sequence[str]) -> None:
        """Say anew who wants what; the values are the same."""
        self.decision = decision
        for cell, side, second in zip(self.cells, decision.sides, seconds, strict=True):
            cell.show_second(second)
            cell.setAccessibleName(_spoken(decision, side))

    def base(self, parent: QWidget) -> QLabel:
        """What both began with."""
        label = plain_label(parent, say_base(self.decision))
        label.setProperty("tone", "ink2")
        return label

    def _taken(self) -> list[int]:
        return [n for n, cell in enumerate(self.cells) if cell.isChecked()]

    def _takes(self) -> Taken | None:
        """What was decided, where it can be decided alike elsewhere."""
        sides = [self.decision.sides[n] for n in self._taken()]
        if self._typed or not sides:
            return None
        if len(sides) == 1:
            return Taken.MINE if sides[0].is_mine else Taken.THEIRS
        return Taken.BOTH if len(sides) == len(self.decision.sides) else None

    def _check(self, numbers: Sequence[int]) -> None:
        self._group.setExclusive(False)
        for n, cell in enumerate(self.cells):
            cell.setChecked(n in numbers)
        self._group.setExclusive(not self.decision.is_text)

    def _take_clicked(self, _number: int) -> None:
        self._show_taken()
        self.decided.emit(self._in_words())

    def _show_taken(self) -> None:
        self._typed = False
        sides = [self.decision.sides[n] for n in self._taken()]
        if not sides:
            self.result_cell.show_missing()
        elif len(sides) > 1:
            self.result_cell.show_pieces(kept_together(self.decision, sides))
        elif self.decision.is_text and isinstance(sides[0].value, str):
            self.result_cell.show_pieces(pieces_of(self.decision, sides[0]))
        else:
            self.result_cell.show_value(sides[0].value, say(self.decision, sides[0].value))
        self._show_for_all()

    def _note_typing(self) -> None:
        self._check(())
        self._typed = True
        self._show_for_all()
        self.decided.emit(tr("{label} typed", label=self.decision.label))

    def _tell_for_all(self) -> None:
        self.decided.emit(self.for_all.text())

    def _tell_for_author(self) -> None:
        self.decided.emit(self.for_author.text())

    def _show_for_all(self) -> None:
        """Offer the same for the other conflicts of this field, and of this counterpart."""
        taken, other = self._takes(), counterpart(self.decision)
        self._hint.setVisible(len(self._taken()) > 1)
        of_field = _results(self._others.of_field, taken) if taken is not None else {}
        of_author = _results(self._others.of_author, taken) if taken is not None else {}
        name = other.who if other is not None else ""
        is_more = bool(of_author.keys() - of_field.keys())
        _offer(self.for_all, _field_words(taken, len(of_field) + 1, self.decision.label), of_field)
        _offer(
            self.for_author, _author_words(taken, len(of_author) + 1, name),
            of_author if is_more else {},
        )  # fmt: skip

    def _in_words(self) -> str:
        label, taken = self.decision.label, self._taken()
        if not taken:
            return tr("{label} open again", label=label)
        if len(taken) > 1:
            return tr("{label}: both kept", label=label)
        side = self.decision.sides[taken[0]]
        return (
            tr("{label} to mine", label=label)
            if side.is_mine
            else tr("{label} to theirs", label=label)
        )


def _results(others: Sequence[Decision], taken: Taken) -> dict[str, Value]:
    found = {other.conflict.id: taken_elsewhere(other, taken) for other in others}
    return {conflict: value[0] for conflict, value in found.items() if value is not None}


def _offer(box: QCheckBox, words: str, results: Mapping[str, Value]) -> None:
    box.setVisible(bool(results))
    box.setText(words)
    box.setAccessibleName(words)
    if not results:
        box.setChecked(False)


def _field_words(taken: Taken | None, count: int, label: str) -> str:
    if taken is Taken.BOTH:
        return tr("Both for all {count} in {label}", count=count, label=label)
    if taken is Taken.MINE:
        return tr("Mine for all {count} in {label}", count=count, label=label)
    return tr("Theirs for all {count} in {label}", count=count, label=label)


def _author_words(taken: Taken | None, count: int, name: str) -> str:
    if taken is Taken.BOTH:
        return tr("Both for all {count} texts with {name}", count=count, name=name)
    if taken is Taken.MINE:
        return tr("Mine for all {count} with {name}", count=count, name=name)
    return tr("Theirs for all {count} with {name}", count=count, name=name)


def _spoken(decision: Decision, side: Side) -> str:
    whose = tr("Mine") if side.is_mine else tr("Theirs")
    who = ", ".join(x for x in (side.who, side.when) if x)
    return f"{decision.label}: {whose} ({who}): {say(decision, side.value)}"
