"""One field of two duplicates: what each has, and what will stand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QButtonGroup, QLabel, QWidget

from crm_core.fields import Field, Kind, Value
from crm_core.text_keep import Piece
from crm_desktop.i18n import tr
from crm_desktop.models.merge_facts import EMPTY
from crm_desktop.views.kit.choice_cell import ChoiceCell
from crm_desktop.views.kit.text import plain_label
from crm_desktop.views.kit.words import Titles, shown

_SETS = (Kind.TAGS, Kind.LINKS)


class MergeRow(QObject):
    """The widgets of one field in which two records differ. Parent: the grid's widget.

    What the one that stays has is proposed, where it has something; of a set all members. Signal:
    `decided` when a person chose.
    """

    decided = Signal()

    def __init__(
        self, field: Field, values: Sequence[Value], titles: Titles, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.field = field
        self._values = tuple(values)
        self._titles = titles
        self._is_chosen = False
        self._is_set = field.kind in _SETS
        self._group = QButtonGroup(self)
        self._group.setExclusive(not self._is_set)
        self.cells = [self._cell(n, value, parent) for n, value in enumerate(self._values)]
        self.result = plain_label(parent)
        self._group.idClicked.connect(self._take)

    def propose(self, stays: int, *, kept: str = "") -> None:
        """Lay down what stands unless a person chooses; what was chosen stays chosen. `kept`: why
        nothing but what the one that stays has may be chosen."""
        for cell in self.cells:
            cell.setEnabled(not kept)
            cell.setToolTip(kept)
        if kept:
            self._check({stays})
            self._show_result()
            return
        if self._is_chosen and any(cell.isChecked() for cell in self.cells):
            return
        if self._is_set:
            wanted = {n for n, value in enumerate(self._values) if value not in EMPTY}
        else:
            wanted = {1 - stays if self._values[stays] in EMPTY else stays}
        self._check(wanted)
        self._show_result()

    def choose(self, *sides: int) -> None:
        """Take these sides."""
        self._check(set(sides))
        self._take()

    @property
    def value(self) -> Value:
        """What will stand."""
        taken = [self._values[n] for n, cell in enumerate(self.cells) if cell.isChecked()]
        if not self._is_set:
            return taken[0] if taken else None
        members = {str(x) for value in taken if isinstance(value, list) for x in value}
        return [*sorted(members)]

    def _check(self, wanted: set[int]) -> None:
        self._group.setExclusive(False)
        for n, cell in enumerate(self.cells):
            cell.setChecked(n in wanted)
        self._group.setExclusive(not self._is_set)

    def _take(self, _side: int = 0) -> None:
        self._is_chosen = True
        self._show_result()
        self.decided.emit()

    def _show_result(self) -> None:
        self.result.setText(shown(self.field, self.value, self._titles) or "–")

    def _cell(self, n: int, value: Value, parent: QWidget) -> ChoiceCell:
        words = shown(self.field, value, self._titles) or "–"
        cell = ChoiceCell((Piece(words),), parent, both=self._is_set)
        label = tr(self.field.label)
        cell.setAccessibleName(f"{label}: {words}")
        self._group.addButton(cell, n)
        return cell


def result_label(row: MergeRow) -> QLabel:
    """Where a row says what will stand."""
    row.result.setAccessibleName(tr("{field}: the result", field=tr(row.field.label)))
    return row.result
