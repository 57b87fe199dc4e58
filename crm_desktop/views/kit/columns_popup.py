"""The sheet in which columns are chosen and put in order."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QWidget
from typing_extensions import override

from crm_core.fields import Kind
from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import flat
from crm_desktop.views.kit.column import Column
from crm_desktop.views.kit.narrow_line import NarrowLine
from crm_desktop.views.kit.popup import Popup
from crm_desktop.views.kit.text import caption

_HEIGHT = 320
_FEW = 12
"""So many columns are found without typing."""


class ColumnsPopup(Popup):
    """Chooses columns. Signal: `taken(names)` after each change; () for the usual ones."""

    taken = Signal(object)

    def __init__(self, known: Sequence[Column], shown: Sequence[Column], parent: QWidget) -> None:
        super().__init__(parent)
        self._list = _Ordered(self)
        self._list.setFixedHeight(_HEIGHT)
        self._list.setAccessibleName(tr("Columns"))
        self._list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        names = {x.name for x in shown}
        others = (x for x in known if x.name not in names and not _is_place(x))
        for column in (*shown, *others):
            item = QListWidgetItem(tr(column.label), self._list)
            item.setData(Qt.ItemDataRole.UserRole, column.name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            is_shown = column.name in names
            item.setCheckState(Qt.CheckState.Checked if is_shown else Qt.CheckState.Unchecked)
        self._line = NarrowLine(self)
        self._line.setVisible(len(known) > _FEW)
        self.page.addWidget(self._line)
        self.page.addWidget(caption(self, tr("Drag, or Alt+↑ and Alt+↓, to reorder")))
        self.page.addWidget(self._list)
        usual = flat(tr("Usual columns"), self)
        usual.clicked.connect(self._take_usual)
        self.page.addWidget(usual)
        self._list.itemChanged.connect(self._tell)
        self._list.model().rowsMoved.connect(self._tell)
        self._list.moved.connect(self._tell)
        self._line.textChanged.connect(self._narrow)
        self._line.stepped.connect(self._step_into_list)
        self._list.setCurrentRow(0)
        self._list.setFocus()

    def _narrow(self) -> None:
        for n in range(self._list.count()):
            item = self._list.item(n)
            item.setHidden(not self._line.fits(item.text()))
        self._list.is_whole = not self._line.text().strip()
        self._list.setDragEnabled(self._list.is_whole)

    def _step_into_list(self) -> None:
        shown = (n for n in range(self._list.count()) if not self._list.item(n).isHidden())
        self._list.setCurrentRow(next(shown, -1))
        self._list.setFocus()

    def _tell(self, *_: object) -> None:
        items = [self._list.item(n) for n in range(self._list.count())]
        names = tuple(
            str(x.data(Qt.ItemDataRole.UserRole))
            for x in items
            if x.checkState() is Qt.CheckState.Checked
        )
        if names:  # a list without columns shows nothing that one could click
            self.taken.emit(names)

    def _take_usual(self) -> None:
        self.taken.emit(())
        self.close()


def _is_place(column: Column) -> bool:
    """Whether it holds a place among others, which says nothing to a reader."""
    return column.field is not None and column.field.kind is Kind.ORDER


class _Ordered(QListWidget):
    """A list whose current entry moves with Alt and the arrows."""

    moved = Signal()
    is_whole = True
    """Whether all columns are to be seen, so that a place among them means something."""

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()), 0)
        is_alt = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
        if not step or not is_alt or not self.is_whole:
            super().keyPressEvent(event)
            return
        row = self.currentRow()
        if 0 <= row + step < self.count():
            item = self.takeItem(row)
            self.insertItem(row + step, item)
            self.setCurrentRow(row + step)
            self.moved.emit()
