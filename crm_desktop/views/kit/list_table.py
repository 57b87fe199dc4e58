"""The table inside a list and its heads: what Qt paints and hears, without a model's knowledge."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QKeySequence, QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.kit.delegates.row import PADDING, follow_pointer, indent_first
from crm_desktop.views.kit.delegates.shapes import split, write
from crm_desktop.views.theme.theme import theme

_ARROWS = {Qt.SortOrder.AscendingOrder: "↑", Qt.SortOrder.DescendingOrder: "↓"}

_STATE_WIDTH = 98
"""Of the last column, how a record stands."""


class Heads(QHeaderView):
    """The heads of columns: small and quiet, an arrow beside the one that sorts."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setHighlightSections(False)
        self.setSectionsClickable(True)
        self.setSectionsMovable(True)
        self.setStretchLastSection(True)
        self.setMinimumSectionSize(32)

    @override
    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), theme().metrics.column_head)

    @override
    def paintSection(self, painter: QPainter, rect: QRect, logicalIndex: int) -> None:
        tokens = theme().tokens
        painter.save()
        painter.setLayoutDirection(self.layoutDirection())
        painter.fillRect(rect, QColor(tokens.pane))
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, QColor(tokens.line))
        inside = rect.adjusted(PADDING, 0, -PADDING, -1)
        if self._is_first(logicalIndex):
            inside = split(painter, inside, first_indent())[1]
        words, at_end = self._words(logicalIndex)
        write(painter, inside, words, "caption", tokens.ink3, at_end=at_end)
        painter.restore()

    def _is_first(self, section: int) -> bool:
        earlier = range(self.visualIndex(section))
        return all(self.isSectionHidden(self.logicalIndex(n)) for n in earlier)

    def _words(self, section: int) -> tuple[str, bool]:
        model = self.model()
        words = str(model.headerData(section, Qt.Orientation.Horizontal) or "")
        align = model.headerData(
            section, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole
        )
        at_end = align is not None and bool(int(align) & int(Qt.AlignmentFlag.AlignRight.value))
        if self.isSortIndicatorShown() and self.sortIndicatorSection() == section:
            words = f"{words} {_ARROWS[self.sortIndicatorOrder()]}"
        return words, at_end


class Table(QTableView):
    """A table that stays where it is while rows above the screen come and go.

    Columns are dropped before names are cut, until a person sets a width.

    Signals: `resized`, `ends_asked(0.0 or 1.0)` by Home and End, `copy_asked`.
    """

    resized = Signal()
    ends_asked = Signal(float)
    copy_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setHorizontalHeader(Heads(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setCornerButtonEnabled(False)
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(False)
        self.setAccessibleName(tr("List"))
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._widths: list[int] = []
        self._widths_are_ours = True
        self.horizontalHeader().sectionHandleDoubleClicked.connect(self._leave_widths)
        self.horizontalHeader().sectionResized.connect(self._note_resize)
        indent_first(self, first_indent())
        follow_pointer(self)
        self.wear()
        theme().changed.connect(self.wear)

    def wear(self) -> None:
        """Take the theme's sizes."""
        self.verticalHeader().setDefaultSectionSize(theme().metrics.row)
        self.viewport().update()

    @property
    def row_height(self) -> int:
        """Pixels of one row, as the theme has them."""
        return self.verticalHeader().defaultSectionSize()

    def set_widths(self, widths: Sequence[int]) -> None:
        """How wide the columns before the last are, in pixels; the widest takes what is left."""
        self._widths, self._widths_are_ours = list(widths), True
        self._share_width()

    def shift(self, rows: int) -> None:
        """Move the content by rows that were inserted (or removed) above it."""
        self.executeDelayedItemsLayout()
        bar = self.verticalScrollBar()
        bar.setValue(bar.value() + rows * self.row_height)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        ends = {Qt.Key.Key_Home: 0.0, Qt.Key.Key_End: 1.0}
        if Qt.Key(event.key()) in ends and not event.modifiers():
            self.ends_asked.emit(ends[Qt.Key(event.key())])
            return
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_asked.emit()
            return
        super().keyPressEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()
        self.resized.emit()

    def _share_width(self) -> None:
        if not self._widths_are_ours or not self._widths:
            return
        header, widths = self.horizontalHeader(), self._widths
        room = self.viewport().width() - _STATE_WIDTH
        fitting = _how_many_fit(widths, room)
        spare = max(room - sum(widths[:fitting]), 0)
        widest = max(range(fitting), key=lambda n: widths[n])
        header.blockSignals(True)
        for n, width in enumerate(widths):
            self.setColumnHidden(n, n >= fitting)
            header.resizeSection(n, width + (spare if n == widest else 0))
        header.resizeSection(len(widths), _STATE_WIDTH)
        header.blockSignals(False)
        self.viewport().update()

    def _note_resize(self, _column: int, _old: int, _new: int) -> None:
        # Only a hand on the header resizes with the signals on; the last column follows by itself.
        if self.horizontalHeader().underMouse():
            self._leave_widths()

    def _leave_widths(self, _column: int = -1) -> None:
        self._widths_are_ours = False


def _how_many_fit(widths: list[int], room: int) -> int:
    """How many leading columns have room; never fewer than one."""
    used = 0
    for n, width in enumerate(widths):
        used += width
        if used > room:
            return max(n, 1)
    return len(widths)


def first_indent() -> int:
    """How much further in the first cell begins, so that words stand on the pane's margin."""
    return theme().metrics.margin - PADDING
