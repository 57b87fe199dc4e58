"""The inbox's list: group rows and, below them, entries with the ways out that they offer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import QFrame, QStyledItemDelegate, QStyleOptionViewItem, QTreeView, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr_n
from crm_desktop.views.kit.delegates.row import paint_ground
from crm_desktop.views.kit.delegates.shapes import centred, split, split_end, write
from crm_desktop.views.kit.words import plain_tooltip
from crm_desktop.views.panes.inbox.entry import Entry, Group
from crm_desktop.views.theme import fonts
from crm_desktop.views.theme.icons import USUAL, paint_icon
from crm_desktop.views.theme.theme import theme

_KEY = int(Qt.ItemDataRole.UserRole)
_ENTRY = _KEY + 1
_COUNT = _KEY + 2

_GROUP_HEIGHT = 32
_FIRST_LINE, _SECOND_LINE, _ACTS_LINE = 18, 17, 20
_TOP, _GAP = 8, 11
_LEFT, _RIGHT = 20, 16
_BETWEEN_ACTS = 12

_Index = QModelIndex | QPersistentModelIndex


class EntryTree(QTreeView):
    """Shows groups of entries.

    Signals: `chosen(Entry)`; `entered()` when Enter goes on to the detail; `acted(Entry, act)`.
    """

    chosen = Signal(object)
    entered = Signal()
    acted = Signal(object, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = QStandardItemModel(self)
        self._wanted = ""
        self.setModel(self._model)
        delegate = _EntryDelegate(self)
        self.setItemDelegate(delegate)
        delegate.acted.connect(self._act)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setIndentation(0)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setEditTriggers(QTreeView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        self.selectionModel().currentChanged.connect(self._choose)

    def show_groups(self, groups: Sequence[Group]) -> None:
        """Show these; what was chosen stays chosen while it is there."""
        wanted = self._wanted
        self.selectionModel().blockSignals(True)
        self._model.clear()
        for group in groups:
            self._model.appendRow(_group_item(group))
        self.expandAll()
        self.selectionModel().blockSignals(False)
        self._wanted = wanted
        self.choose(wanted)

    def choose(self, key: str) -> bool:
        """Go to an entry; whether it is there."""
        found = next((x for x in self._items() if x.data(_KEY) == key), None)
        if found is None:
            self._wanted = ""
            return False
        self.setCurrentIndex(found.index())
        return True

    def choose_first(self) -> None:
        """Go to the first entry."""
        first = next(self._items(), None)
        if first is not None:
            self.setCurrentIndex(first.index())

    def choose_next(self) -> bool:
        """Go to the entry below the current one; whether there is one."""
        keys = self.keys
        at = keys.index(self._wanted) + 1 if self._wanted in keys else len(keys)
        return at < len(keys) and self.choose(keys[at])

    @property
    def keys(self) -> list[str]:
        """The keys of all entries, from top to bottom."""
        return [str(item.data(_KEY)) for item in self._items()]

    @property
    def entry(self) -> Entry | None:
        """The entry that is chosen."""
        entry = self.currentIndex().data(_ENTRY)
        return entry if isinstance(entry, Entry) else None

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
            return
        super().keyPressEvent(event)

    def _items(self) -> Iterator[QStandardItem]:
        for n in range(self._model.rowCount()):
            group = self._model.item(n)
            for m in range(group.rowCount()):
                yield group.child(m)

    def _choose(self, current: QModelIndex, _before: QModelIndex) -> None:
        entry = current.data(_ENTRY)
        if isinstance(entry, Entry):
            self._wanted = entry.key
            self.chosen.emit(entry)

    def _act(self, index: _Index, act: str) -> None:
        entry = index.data(_ENTRY)
        if isinstance(entry, Entry):
            self.choose(entry.key)
            self.acted.emit(entry, act)


def _group_item(group: Group) -> QStandardItem:
    item = QStandardItem(group.name)
    item.setData(len(group.entries), _COUNT)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    spoken = tr_n("{name}, {n} entry", "{name}, {n} entries", len(group.entries), name=group.name)
    item.setData(spoken, Qt.ItemDataRole.AccessibleTextRole)
    for entry in group.entries:
        item.appendRow(_entry_item(entry))
    return item


def _entry_item(entry: Entry) -> QStandardItem:
    item = QStandardItem(entry.title)
    item.setData(entry.key, _KEY)
    item.setData(entry, _ENTRY)
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
    item.setToolTip(plain_tooltip(f"{entry.title} – {entry.second}"))
    spoken = ", ".join(x for x in (entry.title, entry.second, entry.at) if x)
    item.setData(spoken, Qt.ItemDataRole.AccessibleTextRole)
    return item


class _EntryDelegate(QStyledItemDelegate):
    """Paints both sorts of rows. Signal: `acted(index, act)`. Parent: the tree."""

    acted = Signal(object, str)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        entry = index.data(_ENTRY)
        if not isinstance(entry, Entry):
            return QSize(0, _GROUP_HEIGHT)
        return QSize(0, theme().metrics.row_two + (_ACTS_LINE if entry.acts else 0))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        painter.save()
        painter.setLayoutDirection(option.direction)
        rect = option.rect
        entry = index.data(_ENTRY)
        if isinstance(entry, Entry):
            paint_ground(painter, option, index, theme().tokens)
            _paint_entry(painter, _inside(painter, rect), entry)
        else:
            _paint_group(painter, _inside(painter, rect), str(index.data()), index.data(_COUNT))
        painter.restore()

    @override
    def editorEvent(
        self,
        event: QEvent,
        model: object,
        option: QStyleOptionViewItem,
        index: _Index,
    ) -> bool:
        entry = index.data(_ENTRY)
        clicked = event.type() == QEvent.Type.MouseButtonRelease
        if clicked and isinstance(event, QMouseEvent) and isinstance(entry, Entry):
            mirrored = option.direction == Qt.LayoutDirection.RightToLeft
            rect = option.rect
            for act, place in act_places(rect, entry, mirrored=mirrored):
                if place.contains(event.position().toPoint()):
                    self.acted.emit(QPersistentModelIndex(index), act)
                    return True
        return False


def act_places(rect: QRect, entry: Entry, *, mirrored: bool = False) -> Iterator[tuple[str, QRect]]:
    """Where in an entry's row its ways out stand."""
    metrics = fonts.metrics("small")
    left = rect.left() + _LEFT + USUAL + _GAP
    top = rect.top() + _TOP + _FIRST_LINE + _SECOND_LINE + 2
    for act, words in entry.acts.items():
        width = metrics.horizontalAdvance(words) + 1
        place = QRect(left, top, width, _ACTS_LINE)
        if mirrored:
            place.moveRight(rect.right() - (left - rect.left()))
        yield act, place
        left += width + _BETWEEN_ACTS


def _inside(painter: QPainter, rect: QRect) -> QRect:
    inner = split(painter, rect, _LEFT)[1]
    return split_end(painter, inner, _RIGHT)[0]


def _paint_group(painter: QPainter, rect: QRect, name: str, count: int) -> None:
    tokens = theme().tokens
    lower = rect.adjusted(0, _TOP + 3, 0, -5)
    width = fonts.metrics("caption").horizontalAdvance(name)
    first, rest = split(painter, lower, width + 1, 6)
    write(painter, first, name, "caption", tokens.ink3)
    write(painter, rest, str(count), "caption", tokens.ink3)


def _paint_entry(painter: QPainter, rect: QRect, entry: Entry) -> None:
    tokens = theme().tokens
    top = rect.top() + (theme().metrics.row_two - _FIRST_LINE - _SECOND_LINE) // 2
    upper = QRect(rect.left(), top, rect.width(), _FIRST_LINE)
    mark, upper = split(painter, upper, USUAL, _GAP)
    paint_icon(painter, centred(mark, USUAL), entry.icon, entry.tone)
    lower = QRect(upper.left(), upper.bottom() + 1, upper.width(), _SECOND_LINE)
    width = fonts.metrics("small").horizontalAdvance(entry.at) + 1
    upper, end = split_end(painter, upper, width, 8)
    write(painter, end, entry.at, "small", QColor(tokens.ink3), at_end=True)
    write(painter, upper, entry.title, "name", tokens.ink)
    write(painter, lower, entry.second, "small", tokens.ink2)
    left = 0
    for words in entry.acts.values():
        width = fonts.metrics("small").horizontalAdvance(words) + 1
        line = QRect(lower.left(), lower.bottom() + 2, lower.width(), _ACTS_LINE)
        line = split(painter, line, left)[1] if left else line
        write(painter, line, words, "small", tokens.accent)
        left += width + _BETWEEN_ACTS
