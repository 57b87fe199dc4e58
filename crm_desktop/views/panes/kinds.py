"""A pane that holds several kinds, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, runtime_checkable

from PySide6.QtCore import Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QListView,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crm_core.catalog import CATALOG
from crm_desktop.i18n import tr
from crm_desktop.models.replica import Summary
from crm_desktop.views.kit.text import caption

LIVING_ELSEWHERE = frozenset(("conflict", "saved_view", "attachment"))
"""Kinds that nobody keeps by hand in a list: conflicts belong to the inbox, views to the tabs of a
list, and a file's record is never typed. They can be brought to the front, and are not offered."""


@runtime_checkable
class _Listens(Protocol):
    def take_summary(self, summary: Summary) -> None: ...


class KindsPane(QWidget):
    """Chooses among kinds; makes each one's pane when it is first looked at.

    Signal: `kind_shown(pane)` whenever another pane comes to the front.
    """

    kind_shown = Signal(object)

    def __init__(
        self,
        kinds: Sequence[str],
        make: Callable[[str], QWidget],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._make = make
        self._panes: dict[str, QWidget] = {}
        self._choice = QComboBox(self)
        for kind in sorted(kinds, key=lambda kind: tr(CATALOG[kind].plural)):
            self._choice.addItem(tr(CATALOG[kind].plural), kind)
        self._withhold(LIVING_ELSEWHERE)
        self._choice.setAccessibleName(tr("Kind of record"))
        self._choice.setMinimumWidth(220)
        self._stack = QStackedWidget(self)
        head = QHBoxLayout()
        head.setContentsMargins(16, 10, 16, 0)
        label = caption(self, tr("Kind of record"))
        label.setBuddy(self._choice)
        head.setSpacing(12)
        head.addWidget(label)
        head.addWidget(self._choice)
        head.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(head)
        layout.addWidget(self._stack, 1)
        self._choice.currentIndexChanged.connect(self._show_chosen)
        self._show_chosen(self._choice.currentIndex())

    def show_kind(self, kind: str) -> QWidget:
        """Bring a kind to the front."""
        self._choice.setCurrentIndex(self._choice.findData(kind))
        return self._panes[kind]

    @property
    def pane(self) -> QWidget:
        """The pane in front."""
        return self._panes[str(self._choice.currentData())]

    @property
    def panes(self) -> tuple[QWidget, ...]:
        """Those made so far."""
        return tuple(self._panes.values())

    def take_summary(self, summary: Summary) -> None:
        """Tell those made so far what was written."""
        for pane in self._panes.values():
            if isinstance(pane, _Listens):
                pane.take_summary(summary)

    def _withhold(self, kinds: Collection[str]) -> None:
        rows, model = self._choice.view(), self._choice.model()
        assert isinstance(rows, QListView)
        assert isinstance(model, QStandardItemModel)
        for kind in kinds:
            row = self._choice.findData(kind)
            if row >= 0:
                rows.setRowHidden(row, True)
                model.item(row).setEnabled(False)

    def _show_chosen(self, index: int) -> None:
        kind = str(self._choice.itemData(index))
        if kind not in self._panes:
            self._panes[kind] = self._make(kind)
            self._stack.addWidget(self._panes[kind])
        self._stack.setCurrentWidget(self._panes[kind])
        self.kind_shown.emit(self._panes[kind])
