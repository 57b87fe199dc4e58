"""A short list, shown whole: each row is one thing, which its delegate asks for and paints."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QFrame, QListView
from typing_extensions import override

from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.words import plain_tooltip
from crm_desktop.views.theme.theme import theme

Index = QModelIndex | QPersistentModelIndex

Thing = TypeVar("Thing")


class ShortList(QAbstractListModel, Generic[Thing]):
    """The things in their order; `VALUE` gives one. Rows that stay keep their place in whoever
    looks at them.

    `key` says what a thing is, alone among those shown; `title` its words; `spoken` all of it, as
    it is read aloud and, with `hover`, shown under the pointer.
    """

    def __init__(
        self,
        parent: QObject,
        *,
        key: Callable[[Thing], str],
        title: Callable[[Thing], str],
        spoken: Callable[[Thing], str],
        hover: bool = True,
    ) -> None:
        super().__init__(parent)
        self._rows: list[Thing] = []
        self._key, self._title, self._spoken = key, title, spoken
        self._hover = hover

    @property
    def rows(self) -> Sequence[Thing]:
        """What is listed."""
        return self._rows

    def at(self, index: Index) -> Thing | None:
        """The thing of a row."""
        return self._rows[index.row()] if index.isValid() else None

    def row_of(self, key: str) -> int:
        """Where a thing stands; -1 where it does not."""
        return next((n for n, thing in enumerate(self._rows) if self._key(thing) == key), -1)

    def show(self, things: Sequence[Thing]) -> None:
        """List these: gone ones go, new ones come, the others move where they belong."""
        wanted = set(map(self._key, things))
        for row in reversed(range(len(self._rows))):
            if self._key(self._rows[row]) not in wanted:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._rows[row]
                self.endRemoveRows()
        held = set(map(self._key, self._rows))
        new = [thing for thing in things if self._key(thing) not in held]
        if new:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
            self._rows.extend(new)
            self.endInsertRows()
        self._put_in_order(things)

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        thing = self.at(index)
        if thing is None:
            return None
        if role == VALUE:
            return thing
        if role == Qt.ItemDataRole.DisplayRole:
            return self._title(thing)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self._spoken(thing)
        if role == Qt.ItemDataRole.ToolTipRole and self._hover:
            return plain_tooltip(self._spoken(thing))
        return None

    def _put_in_order(self, things: Sequence[Thing]) -> None:
        old, new = list(map(self._key, self._rows)), list(map(self._key, things))
        if old != new:
            self.layoutAboutToBeChanged.emit()
            place = {key: row for row, key in enumerate(new)}
            held = self.persistentIndexList()
            moved = [self.index(place[old[index.row()]]) for index in held]
            self._rows = list(things)
            self.changePersistentIndexList(held, moved)
            self.layoutChanged.emit()
            return
        for row, thing in enumerate(things):
            if thing != self._rows[row]:
                self._rows[row] = thing
                self.dataChanged.emit(self.index(row), self.index(row))


def frameless(view: QListView, words: str) -> None:
    """Let a list stand in a pane: no frame, scrolled by pixels, named by `words`."""
    view.setFrameShape(QFrame.Shape.NoFrame)
    view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    view.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
    view.setAccessibleName(words)
    theme().changed.connect(view.scheduleDelayedItemsLayout)
