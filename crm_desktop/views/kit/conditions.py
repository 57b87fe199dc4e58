"""The conditions of a list as chips, each changed in a popup below it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from crm_core.entity import Entity
from crm_core.fields import Field, Kind
from crm_desktop.i18n import tr
from crm_desktop.models.sql import Where
from crm_desktop.views.columns import columns_of
from crm_desktop.views.kit.chips import Chip, ChipRow
from crm_desktop.views.kit.filtering import OPERATORS, chip_words
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.words import Titles


class ConditionChips(ChipRow):
    """Shows conditions and asks for others. It changes nothing by itself.

    Signals: `changed(tuple of Where)` for all that should hold; `undrilled` when the chip that
    says which records are shown is taken away.
    """

    changed = Signal(tuple)
    undrilled = Signal()

    def __init__(self, entity: Entity, links: Links, parent: QWidget) -> None:
        super().__init__(parent, add_words=tr("Filter"))
        self.titles: dict[str, str] = {}
        self._entity, self._links = entity, links
        self._where: tuple[Where, ...] = ()
        self.adding.connect(self._offer_fields)

    def show_conditions(self, where: Sequence[Where], drilled: str) -> None:
        """Show these; `drilled` says in words which records alone are shown, "" for all."""
        self._where = tuple(where)
        self.clear()
        if drilled:
            chip = Chip(tr("Shown"), drilled, self)
            chip.removed.connect(self._undrill)
            self.add(chip)
        for n, condition in enumerate(self._where):
            field = self._entity.by_name[condition.field]
            chip = Chip(tr(field.label), chip_words(field, condition, self.titles), self)
            chip.setProperty("condition", n)
            chip.clicked.connect(self._edit)
            chip.removed.connect(self._remove)
            self.add(chip)

    def open_condition(self, field: Field, at: int, below: QWidget) -> None:
        """Ask for the condition at a place; -1 for a new one."""
        from crm_desktop.views.kit.condition_popup import (
            ConditionPopup,  # editors are not for start
        )

        where = self._where[at] if at >= 0 else None
        popup = ConditionPopup(field, where, self.titles, self._links, self)
        popup.setProperty("condition", at)
        popup.taken.connect(self._take)
        popup.removed.connect(self._remove)
        popup.open_below(below)

    def _of_sender(self) -> int:
        return int(self.sender().property("condition"))

    def _undrill(self) -> None:
        self.undrilled.emit()

    def _edit(self) -> None:
        at, chip = self._of_sender(), self.sender()
        assert isinstance(chip, Chip)
        self.open_condition(self._entity.by_name[self._where[at].field], at, chip)

    def _remove(self) -> None:
        at = self._of_sender()
        self.changed.emit(tuple(x for n, x in enumerate(self._where) if n != at))

    def _take(self, where: Where, names: Titles) -> None:
        at = self._of_sender()
        self.titles.update(names)
        kept = [*self._where]
        if at >= 0:
            kept[at] = where
        else:
            kept.append(where)
        self.changed.emit(tuple(kept))

    def _offer_fields(self) -> None:
        from crm_desktop.views.kit.fields_popup import FieldsPopup  # not for start

        known = [x for x in self._entity.fields if OPERATORS[x.kind] and x.kind is not Kind.ORDER]
        usual = [field.name for field in columns_of(self._entity)]
        popup = FieldsPopup(known, usual, self)
        popup.taken.connect(self._open_new)
        popup.open_below(self.add_chip)

    def _open_new(self, name: str) -> None:
        self.open_condition(self._entity.by_name[name], -1, self.add_chip)
