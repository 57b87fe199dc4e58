"""The accounts that are due and not planned: dragged onto a day, or placed with P."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QMimeData,
    QModelIndex,
    QObject,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyleOptionViewItem, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.models.agenda import Due, DueAccount
from crm_desktop.views.kit.delegates.grade import SIDE, paint_grade
from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.row import PADDING, RowDelegate, follow_pointer
from crm_desktop.views.kit.delegates.shapes import split, split_end, write
from crm_desktop.views.kit.short_list import Index, ShortList, frameless
from crm_desktop.views.panes.visits.due_mime import ACCOUNT, carrying
from crm_desktop.views.panes.visits.words import last_visit_words, lateness
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import theme

_LINE, _MARGIN = 18, 16


class DueModel(ShortList[DueAccount]):
    """The rows of the list, to be dragged."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent, key=lambda x: x.id, title=lambda x: x.place.name, spoken=_spoken)

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        return super().flags(index) | Qt.ItemFlag.ItemIsDragEnabled

    @override
    def mimeTypes(self) -> list[str]:
        return [ACCOUNT]

    @override
    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        account = self.at(indexes[0]) if indexes else None
        return carrying(account.id if account is not None else "")

    @override
    def supportedDragActions(self) -> Qt.DropAction:
        return Qt.DropAction.CopyAction


def _spoken(account: DueAccount) -> str:
    grade = tr("grade {grade}", grade=account.place.grade) if account.place.grade else ""
    parts = (account.place.name, grade, lateness(account), last_visit_words(account))
    return ", ".join(part for part in parts if part)


class DueDelegate(RowDelegate):
    """Grade, name and lateness; the town and the last visit below."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, theme().metrics.row_two - 7)

    @override
    def paint_content(self, painter: QPainter, rect: QRect, index: Index) -> None:
        due = index.data(VALUE)
        if not isinstance(due, DueAccount):
            return
        inner = rect.adjusted(_MARGIN - PADDING, 6, PADDING - _MARGIN, 0)
        tile, inner = split(painter, inner, SIDE, 9)
        paint_grade(painter, QRect(tile.topLeft(), QSize(SIDE, SIDE)), due.place.grade, self.tokens)
        late, tokens = lateness(due), self.tokens
        width = QFontMetrics(font("small")).horizontalAdvance(late) + 1
        upper = QRect(inner.left(), inner.top(), inner.width(), _LINE)
        name, end = split_end(painter, upper, width, 10)
        write(painter, end, late, "small", tokens.warn if due.late > 0 else tokens.ink2,
              at_end=True)  # fmt: skip
        write(painter, name, due.place.name, "name", tokens.ink)
        lower = upper.translated(0, _LINE)
        write(painter, lower, last_visit_words(due), "small", tokens.ink2)


class DueList(QListView):
    """The list. Signals: `place_asked(account id)` for P, `opened(account id)` for Enter."""

    place_asked = Signal(str)
    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._accounts = DueModel(self)
        self.setModel(self._accounts)
        self.setItemDelegate(DueDelegate(self))
        self.setDragEnabled(True)
        self.setDragDropMode(QListView.DragDropMode.DragOnly)
        self.setUniformItemSizes(True)
        self.setProperty("surface", "alt")
        follow_pointer(self)
        frameless(self, tr("Accounts due for a visit and not planned"))
        self.activated.connect(self._open)

    def show_due(self, due: Due) -> None:
        """Show other accounts; the one chosen stays chosen while it is there."""
        self._accounts.show(due.accounts)

    @property
    def chosen(self) -> DueAccount | None:
        """The account chosen."""
        return self._accounts.at(self.currentIndex())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        chosen = self.chosen
        if event.key() == Qt.Key.Key_P and not event.modifiers() and chosen is not None:
            self.place_asked.emit(chosen.id)
            return
        super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        account = self._accounts.at(index)
        if account is not None:
            self.opened.emit(account.id)
