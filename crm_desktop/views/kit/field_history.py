"""The sheet with the history of one field: when, who, before and after."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from crm_desktop.i18n import tr
from crm_desktop.views.kit.history import HistoryTable
from crm_desktop.views.kit.popup import Popup
from crm_desktop.views.kit.source import Line
from crm_desktop.views.kit.text import plain_label, section

_WIDTH, _HEIGHT = 560, 260
_FIELD_COLUMN = 1


class FieldHistory(Popup):
    """Shows who changed one field. Parent: the form."""

    def __init__(self, name: str, label: str, parent: QWidget) -> None:
        super().__init__(parent, width=_WIDTH)
        self._name = name
        self.table = HistoryTable(self)
        self.table.setColumnHidden(_FIELD_COLUMN, True)
        self.table.setFixedHeight(_HEIGHT)
        self._nothing = plain_label(self, tr("Nobody has changed this field yet."))
        self._nothing.hide()
        self.page.addWidget(section(self, label))
        self.page.addWidget(self._nothing)
        self.page.addWidget(self.table)
        self.table.setFocus()

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show what of a record's history is this field's."""
        own = [line for line in lines if line.name == self._name]
        self.table.show_lines(own)
        self._nothing.setVisible(not own)
