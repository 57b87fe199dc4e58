"""The chips over the charts: which accounts they are over, by team, owner and grade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu, QWidget

from crm_core.entities.shared import GRADES
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr
from crm_desktop.models.sql import Where
from crm_desktop.views.kit.chips import Chip, ChipRow
from crm_desktop.views.kit.text import text_of
from crm_desktop.views.panes.insight.drawn import Choices, Filter
from crm_desktop.views.theme.theme import theme

LABELS = {"team": tr_noop("Team"), "owner": tr_noop("Owner"), "grade": tr_noop("Grade")}


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A value of a field, and its words."""

    value: str
    words: str


class FilterRow(ChipRow):
    """One chip for each field one can filter by. Signal: `changed(Filter)`."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choices = Choices((), ())
        self._chosen: dict[str, _Chosen] = {}
        self._menu = QMenu(self)
        self._note = text_of("small", self, tone="ink3")
        self._note.setWordWrap(False)
        self._note.setMinimumHeight(theme().metrics.chip)  # in line with the chips
        self.add_end(self._note)
        self._show_chips()

    def set_choices(self, choices: Choices) -> None:
        """What there is to choose from."""
        self._choices = choices

    def set_note(self, text: str) -> None:
        """Say something small at the end of the row."""
        self._note.setText(text)

    @property
    def note(self) -> str:
        """What is said at the end of the row."""
        return self._note.text()

    @property
    def filter(self) -> Filter:
        """What is chosen."""
        where = tuple(Where(field, "=", one.value) for field, one in self._chosen.items())
        words = (f"{tr(LABELS[field])} {one.words}" for field, one in self._chosen.items())
        return Filter(where, " · ".join(words))

    def choose(self, field: str, value: str, words: str) -> None:
        """Narrow the accounts to those with this value; "" takes the condition away."""
        self._chosen.pop(field, None)
        if value:
            self._chosen[field] = _Chosen(value, words)
        self._show_chips()
        self.changed.emit(self.filter)

    def _show_chips(self) -> None:
        self.clear()
        for field, label in LABELS.items():
            chosen = self._chosen.get(field)
            chip = Chip(
                tr(label), chosen.words if chosen is not None else "",
                icon="" if chosen is not None else "chevron-down",
            )  # fmt: skip
            chip.clicked.connect(partial(self._offer, field, chip))
            chip.removed.connect(partial(self.choose, field, "", ""))
            self.add(chip)

    def _offer(self, field: str, chip: Chip) -> None:
        self._menu.clear()
        for value, words in (("", tr("All")), *self._values(field)):
            action = self._menu.addAction(words)
            action.setCheckable(True)
            chosen = self._chosen.get(field)
            action.setChecked(value == (chosen.value if chosen is not None else ""))
            action.triggered.connect(partial(self.choose, field, value, words))
        self._menu.popup(chip.mapToGlobal(QPoint(0, chip.height())))

    def _values(self, field: str) -> Sequence[tuple[str, str]]:
        lists = {"team": self._choices.teams, "owner": self._choices.owners}
        return lists[field] if field in lists else [(code, tr(words)) for code, words in GRADES]
