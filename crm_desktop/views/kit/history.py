"""The history of one record: who changed what, when, from where."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from crm_desktop.i18n import tr
from crm_desktop.views.kit.source import Line
from crm_desktop.views.kit.words import plain_tooltip

_WIDTHS = (135, 110, 120, 140)


class HistoryTable(QTableWidget):
    """A record's changes, the newest first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_headings()), parent)
        self.setHorizontalHeaderLabels(list(_headings()))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.setAccessibleName(tr("History"))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for n, width in enumerate(_WIDTHS):
            header.resizeSection(n, width)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Show a history."""
        self.setRowCount(len(lines))
        for row, line in enumerate(lines):
            cells = (line.at, line.field, line.old, line.new, line.by)
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                item.setToolTip(plain_tooltip(text))
                self.setItem(row, column, item)


def _headings() -> tuple[str, ...]:
    return tr("When"), tr("Field"), tr("Before"), tr("After"), tr("Who")
