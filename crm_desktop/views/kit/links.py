"""Editors of links: type a few letters, choose the record that is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace
from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QStringListModel,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_core.fields import Field, Value
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import icon_button
from crm_desktop.views.kit.words import Titles, link_key, link_name, plain_tooltip

_ASK_AFTER_MS = 150
_MEMBERS_HEIGHT = 74
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Hit(msgspec.Struct, frozen=True):
    """A record that was found: "kind/id", its name and what kind it is in words. Where nothing may
    be added below it, `whose` says in a word or two who may, and `why` in a sentence."""

    key: str
    title: str
    kind_words: str = ""
    whose: str = ""
    why: str = ""


class Links(Protocol):
    """Who finds records by what is typed."""

    def find(
        self, text: str, target: str, then: Callable[[Sequence[Hit]], None], owner: QObject
    ) -> None:
        """Look for records of kind `target` ("" any); the answer comes later."""
        ...

    def can_create(self, target: str) -> bool:
        """Whether a name is all that a new record of this kind needs."""
        ...

    def create(self, target: str, name: str, then: Callable[[Hit], None], owner: QObject) -> None:
        """Make a record of kind `target` with this name."""
        ...


class LinkEdit(QWidget):
    """A line that finds one record. Signal: `edited` when another one was chosen or removed.

    Enter takes the first record found, also where the answer is still to come; Down shows again
    what was found.
    """

    edited = Signal()

    def __init__(self, field: Field, links: Links, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field = field
        self._links = links
        self._target = field.link.target if field.link is not None else ""
        self._key = ""
        self._name = ""
        self._hits: tuple[Hit, ...] = ()
        self._wanted = ""
        self._is_asking = False
        self._is_taken_when_found = False
        self._line = QLineEdit(self)
        self._line.setPlaceholderText(tr("Type to search"))
        self._line.setClearButtonEnabled(True)
        self._line.setAccessibleName(tr(field.label))
        self._is_above = field.link is not None and field.link.root
        self._names = _Names(self)
        self._found = QListView()  # the completer owns it
        self._found.setProperty("role", "found")
        self._completer = _completer(self._names, self)
        self._completer.setPopup(self._found)
        self._line.setCompleter(self._completer)
        self._ask = QTimer(self, singleShot=True, interval=_ASK_AFTER_MS)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._line)
        self.setFocusProxy(self._line)
        self._line.textEdited.connect(self._search_soon)
        self._ask.timeout.connect(self._search)
        chosen = self._completer.activated[QModelIndex]  # pyright: ignore[reportIndexIssue, reportUnknownVariableType]  # the stub knows no overloaded signals
        chosen.connect(self._take)  # pyright: ignore[reportUnknownMemberType]
        self._line.installEventFilter(self)
        self._found.installEventFilter(self)  # after the completer's own: asked first

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return super().eventFilter(watched, event)
        popup = self._found
        enters = (
            event.key() in _ENTER and Qt.KeyboardModifier.ControlModifier not in event.modifiers()
        )
        if popup.isVisible() and enters and not popup.currentIndex().isValid():
            if self._takes_first and self._wanted == self._line.text().strip():
                popup.hide()
                self._choose(self._hits[0])
            return True
        if self._is_asking and enters:
            self._is_taken_when_found = True
            return True
        if event.key() == Qt.Key.Key_Down and not popup.isVisible() and self._names.rowCount() > 0:
            self._completer.complete()
            return True
        return super().eventFilter(watched, event)

    def set_value(self, value: Value, titles: Titles) -> None:
        """Show the record that a value leads to."""
        self._key = link_key(self._field, value)
        self._name = link_name(self._key, titles) if self._key else ""
        self._line.setText(self._name)
        self._line.setCursorPosition(0)

    def typed(self) -> str:
        """The record's key and name; where something else stands in the line, just that."""
        text = self._line.text()
        if self._key and text == self._name:
            return f"{self._key}\t{self._name}"
        return f"\t{text}" if text.strip() else ""

    def set_typed(self, typed: str) -> None:
        """Show what `typed` gave before."""
        self._key, _, name = typed.partition("\t")
        self._name = name if self._key else ""
        self._line.setText(name)

    def chosen(self) -> Hit | None:
        """The record chosen, if one is."""
        key, _, name = self.typed().partition("\t")
        return Hit(key, name) if key else None

    def value(self) -> Value:
        """The link to the record chosen; raises InvalidValue where what is typed is no record."""
        hit = self.chosen()
        if hit is not None:
            return (hit.key.partition("/")[2] if self._target else hit.key) or None
        text = self._line.text().strip()
        if text:
            raise self._field.problem(
                tr_noop("Choose '{text}' from the list of records found."), text
            )
        return None

    def clear(self) -> None:
        """Lead nowhere."""
        self._key = self._name = ""
        self._line.clear()

    def _search_soon(self, _text: str) -> None:
        self._is_taken_when_found = False
        self._is_asking = True
        self.edited.emit()
        self._ask.start()

    def _search(self) -> None:
        text = self._wanted = self._line.text().strip()
        self._is_asking = bool(text)
        if text:
            self._links.find(text, self._target, self._offer, self)

    def _offer(self, hits: Sequence[Hit]) -> None:
        self._hits = self._best_first(hits)
        self._is_asking = self._ask.isActive()
        if self._takes_first and self._is_taken_when_found and not self._is_asking:
            self._is_taken_when_found = False
            self._choose(self._hits[0])
            return
        offered = [_in_list(hit) for hit in self._hits]
        text = self._line.text().strip()
        if text and self._links.can_create(self._target):
            offered.append(tr("+ New: {text}", text=text))
        self._names.show_names(offered, [hit.why for hit in self._hits])
        if offered and self._line.hasFocus():
            self._completer.complete()

    def _best_first(self, hits: Sequence[Hit]) -> tuple[Hit, ...]:
        """Records below which this user may add nothing come last, where that is what is chosen."""
        if not self._is_above:
            return tuple(replace(hit, whose="", why="") for hit in hits)
        return tuple(sorted(hits, key=lambda hit: bool(hit.why)))

    @property
    def _takes_first(self) -> bool:
        return bool(self._hits) and not self._hits[0].why

    def _take(self, index: QModelIndex) -> None:
        if index.row() >= len(self._hits):
            self._links.create(self._target, self._wanted, self._choose, self)
            return
        self._choose(self._hits[index.row()])

    def _choose(self, hit: Hit) -> None:
        self._key, self._name = hit.key, hit.title
        self._line.setText(self._name)
        self.edited.emit()
        # The completer writes its own text after this signal.
        QTimer.singleShot(0, self, self._show_name)

    def _show_name(self) -> None:
        self._line.setText(self._name)


class LinksEdit(QWidget):
    """A set of records: those chosen, and a line that finds further ones."""

    edited = Signal()

    def __init__(self, field: Field, links: Links, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field = field
        # First, so that the Tab key goes on from it to the list: it stands for the whole editor.
        self._finder = LinkEdit(field, links, self)
        self._members = QListWidget(self)
        self._members.setFixedHeight(_MEMBERS_HEIGHT)
        self._members.setProperty("role", "members")
        self._members.setAccessibleName(tr(field.label))
        self._remove = icon_button("close", tr("Remove the selected entry"), self)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._finder)
        row.addWidget(self._remove)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._members)
        layout.addLayout(row)
        self.setFocusProxy(self._finder)
        self._show_members()
        self._finder.edited.connect(self._take)
        model = self._members.model()
        for signal in (model.rowsInserted, model.rowsRemoved, model.modelReset):
            signal.connect(self._show_members)
        self._remove.clicked.connect(self._take_out)

    def set_value(self, value: Value, titles: Titles) -> None:
        """Show the records of a value."""
        self._members.clear()
        for member in value if isinstance(value, list) else []:
            key = link_key(self._field, member)
            self._add(str(member), link_name(key, titles))

    def typed(self) -> str:
        """The records held, one "id, tab, name" a line."""
        rows = range(self._members.count())
        return "\n".join(f"{self._id(n)}\t{self._members.item(n).text()}" for n in rows)

    def set_typed(self, typed: str) -> None:
        """Show what `typed` gave before."""
        self._members.clear()
        for line in typed.splitlines():
            record_id, _, name = line.partition("\t")
            self._add(record_id, name)

    def value(self) -> Value:
        """The ids of the records held, as a set."""
        return [*sorted(set(self._ids()))]

    def _show_members(self, *_: object) -> None:
        """An empty set takes no room."""
        self._members.setVisible(self._members.count() > 0)
        self._remove.setVisible(self._members.count() > 0)

    def _ids(self) -> list[str]:
        return [self._id(n) for n in range(self._members.count())]

    def _id(self, row: int) -> str:
        return str(self._members.item(row).data(Qt.ItemDataRole.UserRole))

    def _add(self, record_id: str, title: str) -> None:
        item = QListWidgetItem(title, self._members)
        item.setData(Qt.ItemDataRole.UserRole, record_id)

    def _take(self) -> None:
        hit = self._finder.chosen()
        if hit is None:
            return
        record_id = hit.key.partition("/")[2]
        QTimer.singleShot(0, self._finder, self._finder.clear)
        if record_id not in self._ids():
            self._add(record_id, hit.title)
            self.edited.emit()

    def _take_out(self) -> None:
        row = self._members.currentRow()
        if row >= 0:
            self._members.takeItem(row)
            self.edited.emit()


class _Names(QStringListModel):
    """What is offered; some of it can be read but not chosen."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._why: tuple[str, ...] = ()

    def show_names(self, names: Sequence[str], why: Sequence[str]) -> None:
        """Offer these; the first rows may have a reason each why they cannot be chosen."""
        self._why = tuple(why)
        self.setStringList(names)

    @override
    def data(
        self,
        index: QModelIndex | QPersistentModelIndex,
        role: int = int(Qt.ItemDataRole.DisplayRole),
    ) -> Any:
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(self._reason(index))
        return super().data(index, role)

    @override
    def flags(self, index: QModelIndex | QPersistentModelIndex) -> Qt.ItemFlag:
        return Qt.ItemFlag.NoItemFlags if self._reason(index) else super().flags(index)

    def _reason(self, index: QModelIndex | QPersistentModelIndex) -> str:
        row = index.row()
        return self._why[row] if 0 <= row < len(self._why) else ""


def _completer(names: QStringListModel, parent: QWidget) -> QCompleter:
    completer = QCompleter(names, parent)
    completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
    completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
    return completer


def _in_list(hit: Hit) -> str:
    said = f"{hit.title}  ({hit.kind_words})" if hit.kind_words else hit.title
    return f"{said} · {hit.whose}" if hit.why else said
