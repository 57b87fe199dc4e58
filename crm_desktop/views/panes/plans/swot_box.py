"""One box of the SWOT board: its entries with weight and objective, edited and moved in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QMimeData,
    QModelIndex,
    QObject,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QContextMenuEvent, QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QListView,
    QMenu,
    QStyle,
    QStyleOptionViewItem,
    QWidget,
)
from typing_extensions import override

from crm_core.fields import Value
from crm_desktop.i18n import tr
from crm_desktop.models.plans import PlanPage
from crm_desktop.models.queries import Row
from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.row import PADDING, RowDelegate
from crm_desktop.views.kit.delegates.shapes import split, split_end, write
from crm_desktop.views.kit.short_list import Index, ShortList, frameless
from crm_desktop.views.panes.plans.refused import Refusal, editor_at
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.tokens import Tokens

ENTRY = "application/x-crm-plan-item"
WEIGHTS = (1, 2, 3, 4, 5)
_BARS, _BAR, _BARS_WIDTH = 3, 3, 14
_LINK_WIDTH, _LINE, _AROUND = 30, 16, 6
_WRAP = int(Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a box, with the number of the objective that takes it up or 0."""

    row: Row
    number: int

    @property
    def id(self) -> str:
        """The record's."""
        return self.row.id

    @property
    def text(self) -> str:
        """Its words."""
        return str(self.row.values.get("text") or "")

    @property
    def weight(self) -> Value:
        """1 to 5, or None."""
        return self.row.values.get("weight")


def _spoken(entry: Entry) -> str:
    heavy = tr("weight {n}", n=entry.weight) if isinstance(entry.weight, int) else ""
    taken = tr("taken up in objective {n}", n=entry.number) if entry.number else ""
    return ", ".join(part for part in (entry.text, heavy, taken) if part)


class BoxModel(ShortList[Entry]):
    """The entries of a box. Signals: `edited(id, text)`, `dropped(id, row)`."""

    edited = Signal(str, str)
    dropped = Signal(str, int)

    def __init__(self, parent: QObject) -> None:
        super().__init__(
            parent, key=lambda x: x.id, title=lambda x: x.text, spoken=_spoken, hover=False
        )
        self._may_edit = False

    def show_page(self, page: PlanPage, box: str) -> None:
        """Show a plan's box."""
        self._may_edit = page.may_edit
        self.show([Entry(row, page.number_of(row)) for row in page.items.get(box, ())])

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        is_edited = role == Qt.ItemDataRole.EditRole
        return super().data(index, Qt.ItemDataRole.DisplayRole if is_edited else role)

    @override
    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        entry, text = self.at(index), str(value).strip()
        if entry is None or not text or text == entry.text:
            return False
        self.edited.emit(entry.id, text)
        return True

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        plain = super().flags(index)
        if not self._may_edit:
            return plain
        if not index.isValid():
            return plain | Qt.ItemFlag.ItemIsDropEnabled
        return plain | Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDragEnabled

    @override
    def mimeTypes(self) -> list[str]:
        return [ENTRY]

    @override
    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data, entry = QMimeData(), self.at(indexes[0]) if indexes else None
        data.setData(ENTRY, (entry.id if entry is not None else "").encode())
        return data

    @override
    def supportedDropActions(self) -> Qt.DropAction:
        return Qt.DropAction.MoveAction

    @override
    def dropMimeData(
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        item = bytes(data.data(ENTRY).data()).decode()
        if item:
            self.dropped.emit(item, row if row >= 0 else self.rowCount())
        # The entry moves when the plan is read again; the view must not remove anything by itself.
        return False


class ItemDelegate(RowDelegate):
    """Weight, words over as many lines as they need, and the objective that takes it up."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        view, entry = self.parent(), index.data(VALUE)
        if not isinstance(entry, Entry):
            return QSize(0, _LINE + _AROUND)
        width = view.viewport().width() if isinstance(view, QListView) else 240
        room = width - 2 * PADDING - _BARS_WIDTH - 8 - (_LINK_WIDTH if entry.number else 0)
        box = QRect(0, 0, max(room, 40), 400)
        needed = QFontMetrics(font("small")).boundingRect(box, _WRAP, entry.text)
        return QSize(0, max(needed.height(), _LINE) + _AROUND)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.setLayoutDirection(option.direction)
        state, rect, tokens = option.state, option.rect, self.tokens
        # No hairline: the board has one cross of them and no more.
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(tokens.selection))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(tokens.hover))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.fillRect(rect.left(), rect.top(), 3, rect.height(), QColor(tokens.accent))
        self.paint_content(painter, option.rect.adjusted(PADDING, 0, -PADDING, 0), index)

    @override
    def paint_content(self, painter: QPainter, rect: QRect, index: Index) -> None:
        entry = index.data(VALUE)
        if not isinstance(entry, Entry):
            return
        bars, rest = split(painter, rect, _BARS_WIDTH, 8)
        paint_weight(painter, bars.adjusted(0, 5, 0, 0), entry.weight, self.tokens)
        if entry.number:
            rest, end = split_end(painter, rest, _LINK_WIDTH)
            end.setHeight(_LINE + _AROUND)
            write(painter, end, f"› O{entry.number}", "caption", self.tokens.accent, at_end=True)
        painter.setFont(font("small"))
        painter.setPen(QColor(self.tokens.ink))
        painter.drawText(rest.adjusted(0, _AROUND // 2, 0, 0), _WRAP, entry.text)


def paint_weight(painter: QPainter, rect: QRect, weight: object, tokens: Tokens) -> None:
    """A weight of 1 to 5 as up to three rising bars."""
    filled = 0 if not isinstance(weight, int) else min(max(-(-weight * _BARS // 5), 0), _BARS)
    for number in range(_BARS):
        height = 5 + 3 * number
        colour = tokens.ink2 if number < filled else tokens.line2
        x = rect.left() + number * (_BAR + 1)
        painter.fillRect(QRect(x, rect.top() + 11 - height, _BAR, height), QColor(colour))


class BoxList(QListView):
    """The entries. Signals: `moved(id, row)`, `deleted(id)`, `weighed(id, weight)`,
    `linked(id, number)` of the objective, 0 for none."""

    moved = Signal(str, int)
    deleted = Signal(str)
    weighed = Signal(str, int)
    linked = Signal(str, int)

    def __init__(self, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.items = BoxModel(self)
        self._page: PlanPage | None = None
        self._waiting: tuple[PlanPage, str] | None = None
        self.refusal = Refusal(self.viewport())
        self.setModel(self.items)
        self.setItemDelegate(ItemDelegate(self))
        frameless(self, words)
        self.setWordWrap(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setDragDropMode(QListView.DragDropMode.DragDrop)
        self.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.setMouseTracking(True)

    def show_page(self, page: PlanPage, box: str) -> None:
        """Show a plan's box; the entry chosen stays chosen, and one that is being typed into is
        left alone until it is closed."""
        if self.state() == QListView.State.EditingState:
            self._waiting = page, box
            return
        self._waiting, self._page = None, page
        self.items.show_page(page, box)

    @override
    def closeEditor(self, editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        super().closeEditor(editor, hint)
        if self._waiting is not None:
            QTimer.singleShot(0, self, self._show_waiting)

    def _show_waiting(self) -> None:
        if self._waiting is not None:
            self.show_page(*self._waiting)

    def refuse(self, item: str, typed: str, why: str) -> bool:
        """Open an entry again with words that were not taken, and say why; False where it is not
        here, or another one is being typed into."""
        row = self.items.row_of(item)
        if row < 0 or self.state() == QListView.State.EditingState:
            return False
        if not self.refusal.gives_back(self, typed):
            return False
        editor = editor_at(self, self.items.index(row))
        if editor is None:
            return False
        self.refusal.show_beside(editor, typed, why)
        return True

    @property
    def chosen(self) -> Entry | None:
        """The entry with the keyboard."""
        return self.items.at(self.currentIndex())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        chosen, key = self.chosen, event.key()
        if chosen is None or self._page is None or not self._page.may_edit:
            super().keyPressEvent(event)
            return
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and key in steps:
            wanted = self.currentIndex().row() + steps[Qt.Key(key)]
            if 0 <= wanted < self.items.rowCount():
                self.moved.emit(chosen.id, wanted)
        elif key == Qt.Key.Key_Delete:
            self.deleted.emit(chosen.id)
        elif Qt.Key.Key_1 <= key <= Qt.Key.Key_5 and not event.modifiers():
            self.weighed.emit(chosen.id, key - Qt.Key.Key_0)
        else:
            super().keyPressEvent(event)

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        index = self.indexAt(event.pos())
        entry, page = self.items.at(index), self._page
        if entry is None or page is None or not page.may_edit:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Edit (F2)")).triggered.connect(lambda: self.edit(index))
        weights = menu.addMenu(tr("Weight"))
        for weight in WEIGHTS:
            act = weights.addAction(str(weight))
            act.triggered.connect(lambda _=False, w=weight: self.weighed.emit(entry.id, w))
        taken = menu.addMenu(tr("Taken up in"))
        taken.addAction(tr("None")).triggered.connect(lambda: self.linked.emit(entry.id, 0))
        for number, objective in enumerate(page.objectives, start=1):
            act = taken.addAction(f"O{number}  {objective.row.values.get('text')}")
            act.triggered.connect(lambda _=False, n=number: self.linked.emit(entry.id, n))
        menu.addAction(tr("Delete")).triggered.connect(lambda: self.deleted.emit(entry.id))
        menu.popup(event.globalPos())
