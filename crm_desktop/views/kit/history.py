"""The history of one record: who changed what, when, from where."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from crm_core.wire import HistoryEntry
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.source import Line, read_history
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


def show_history(
    hub: DataHub,
    kind: str,
    record_id: str,
    show: Callable[[tuple[Line, ...]], None],
    *,
    owner: QObject,
    is_wanted: Callable[[], bool] = lambda: True,
) -> None:
    """Show own changes at once, and everybody's when the server has answered, if still wanted."""

    def read(everybodys: tuple[HistoryEntry, ...]) -> None:
        def job(connection: Connection) -> tuple[Line, ...]:
            return read_history(connection, kind, record_id, everybodys)

        if is_wanted():
            hub.read(job, show, owner=owner, supersede="history")

    read(())
    hub.everybodys_history(kind, record_id, read, owner=owner)


def _headings() -> tuple[str, ...]:
    return tr("When"), tr("Field"), tr("Before"), tr("After"), tr("Who")
