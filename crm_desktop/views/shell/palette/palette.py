"""The palette itself: a frame over a scrim, a line to type into, what was found below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QModelIndex, QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAction,
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import QLineEdit, QWidget
from typing_extensions import override

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.i18n import tr
from crm_desktop.models import finding
from crm_desktop.models.connection import Connection
from crm_desktop.models.finding import Found, Group
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.focus import KeyboardBefore
from crm_desktop.views.shell.palette.entries import (
    COMMANDS_MAX,
    Entry,
    RecordCommands,
    action_entries,
    commands_of,
    new_entries,
    record_entries,
    record_entry,
)
from crm_desktop.views.shell.palette.painting import ENTRY
from crm_desktop.views.shell.palette.paper import Paper
from crm_desktop.views.theme.theme import theme

WIDTH, TOP = 640, 92
_BELOW = 40
"""Left free under it in a low window."""

_PAGE = 8
_FIND_AFTER_MS = 60
_ONLY_COMMANDS = ">"

Recent = Sequence[tuple[str, RecordId]]


class Palette(QWidget):
    """Finds records and commands by a few letters. Parent: the shell, which it covers.

    Signals: `record_chosen(kind, id)`; `new_asked(kind, values)`; `log_asked(account id)`;
    `inbox_asked`; `closed`.
    """

    record_chosen = Signal(str, str)
    new_asked = Signal(str, object)
    log_asked = Signal(str)
    inbox_asked = Signal()
    closed = Signal()

    def __init__(
        self, hub: DataHub, actions: Callable[[], Sequence[QAction]], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._hub = hub
        self._shell = parent
        self._actions = actions
        self._recent: Recent = ()
        self._groups: tuple[Group, ...] = ()
        self._record: Found | None = None
        self._answered = ""
        self._is_taken_when_found = False
        self._keyboard = KeyboardBefore()
        self._asked = RecordCommands(
            self._open_record, self._tell_new, self._tell_log, self._tell_inbox
        )
        self._paper = Paper(self)
        self._line, self._list = self._paper.line, self._paper.list
        self._model = QStandardItemModel(self)
        self._list.setModel(self._model)
        self._find = QTimer(self, singleShot=True, interval=_FIND_AFTER_MS)
        self._connect()
        self.hide()

    def open(self, recent: Recent, text: str = "") -> None:
        """Come to the front; `recent` are the records to offer before anything is typed."""
        self._recent = recent
        self._is_taken_when_found = False
        self._keyboard.note(self)
        self.setGeometry(self._shell.rect())
        self._line.setText(text)
        self._search()
        self.show()
        self.raise_()
        self._line.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def close_palette(self) -> None:
        """Go away; the keyboard goes back to where it was."""
        if not self.isVisible():
            return
        self.hide()
        self._keyboard.give_back()
        self.closed.emit()

    @property
    def entries(self) -> list[Entry]:
        """The lines shown."""
        return [self._model.item(row).data(ENTRY) for row in range(self._model.rowCount())]

    @property
    def current(self) -> Entry | None:
        """The line that Enter would take."""
        entry = self._list.currentIndex().data(ENTRY)
        return entry if isinstance(entry, Entry) else None

    @property
    def line(self) -> QLineEdit:
        """Where one types."""
        return self._line

    # Finding

    @property
    def _typed(self) -> str:
        return self._line.text().strip()

    def _search(self) -> None:
        typed = self._typed
        if typed.startswith(_ONLY_COMMANDS):
            self._show_groups(typed, ())
        elif typed:
            self._hub.read(
                lambda c: finding.groups(c, typed), partial(self._show_groups, typed),
                owner=self, supersede="palette",
            )  # fmt: skip
        else:
            self._hub.read(self._read_recent, self._show_recent, owner=self, supersede="palette")

    def _read_recent(self, connection: Connection) -> tuple[Found, ...]:
        return finding.records(connection, self._recent)

    def _show_recent(self, found: tuple[Found, ...]) -> None:
        if self._typed:
            return
        lines = [Entry(tr("Opened lately")), *map(record_entry, found)] if found else []
        self._groups, self._answered = (), ""
        self._fill(lines, action_entries(self._actions(), "", None))
        self._paper.count.setText("")

    def _show_groups(self, typed: str, groups: tuple[Group, ...]) -> None:
        self._groups, self._answered = groups, typed
        only = typed.startswith(_ONLY_COMMANDS)
        wanted = typed.removeprefix(_ONLY_COMMANDS).strip()
        most = None if only else COMMANDS_MAX
        new = new_entries(wanted, self._asked)
        commands = action_entries(self._actions(), wanted, most, new)
        self._fill(record_entries(groups), commands)
        self._say_count(len(commands) - 1 if commands else 0)
        if self._is_taken_when_found and typed == self._typed:
            self._take_current()

    def _say_count(self, commands: int) -> None:
        parts = [f"{tr(CATALOG[x.kind].plural)} {x.total}" for x in self._groups]
        parts += [tr("Commands {n}", n=commands)] if commands else []
        self._paper.count.setText(" · ".join(parts))

    def _fill(self, records: Sequence[Entry], commands: Sequence[Entry]) -> None:
        """Records, the commands of the first of them, then the window's own."""
        first = next((entry.record for entry in records if entry.record is not None), None)
        self._record = first
        own = commands_of(first, self._asked) if first is not None and self._typed else []
        lines = [*records, *own, *commands]
        if not lines:
            lines = [Entry(tr("Nothing found. Try part of a name, pinyin initials or a number."))]
        self._model.clear()
        for entry in lines:
            self._model.appendRow(_item(entry))
        self._fit()
        self._choose(next((n for n, x in enumerate(lines) if not x.is_caption), -1))

    def _show_commands_of(self, found: Found) -> None:
        """Another record was chosen: below stand its own commands."""
        if self._record is None or found == self._record or not self._typed:
            return
        before = commands_of(self._record, self._asked)
        first = self._first_command(before[0].words)
        if first < 0:
            return
        self._record = found
        self._model.removeRows(first, len(before))
        for n, entry in enumerate(commands_of(found, self._asked)):
            self._model.insertRow(first + n, _item(entry))
        self._fit()

    def _first_command(self, caption: str) -> int:
        return next(
            (n for n, x in enumerate(self.entries) if x.is_caption and x.words == caption), -1
        )

    # Moving

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._shell and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._shell.rect())
            self._fit()
            return False
        if watched is not self._line or event.type() != QEvent.Type.KeyPress:
            return False
        return isinstance(event, QKeyEvent) and self._take_key(event)

    def _take_key(self, event: QKeyEvent) -> bool:
        moves = {
            Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: _PAGE, Qt.Key.Key_PageUp: -_PAGE,
        }  # fmt: skip
        key = Qt.Key(event.key())
        if key in moves:
            self._move(moves[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take_current()
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self._to_commands()
        elif key == Qt.Key.Key_Escape:
            self.close_palette()
        else:
            return False
        return True

    def _move(self, by: int) -> None:
        """To the next line that can be chosen; over the ends it goes round, a page stops there."""
        choosable = [n for n, entry in enumerate(self.entries) if not entry.is_caption]
        if not choosable:
            return
        row = self._list.currentIndex().row()
        at = choosable.index(row) if row in choosable else 0
        last = len(choosable) - 1
        at = (at + by) % len(choosable) if abs(by) == 1 else max(0, min(at + by, last))
        self._choose(choosable[at])

    def _to_commands(self) -> None:
        """From the records to the first command; from a command back to the first line."""
        entries = self.entries
        row = self._list.currentIndex().row()
        is_command = 0 <= row < len(entries) and entries[row].run is not None
        wanted = (
            n for n, x in enumerate(entries)
            if (x.record is not None if is_command else x.run is not None)
        )  # fmt: skip
        self._choose(next(wanted, row))

    def _choose(self, row: int) -> None:
        index = self._model.index(row, 0)
        self._list.setCurrentIndex(index)
        if row == 1:
            self._list.scrollToTop()  # the caption above it

    def _tell_current(self, index: QModelIndex, _before: QModelIndex) -> None:
        entry = index.data(ENTRY)
        if not isinstance(entry, Entry):
            return
        if entry.record is not None:
            self._show_commands_of(entry.record)
        said = ", ".join(filter(None, (entry.words, entry.detail, entry.right)))
        self._line.setAccessibleDescription(said)

    # Taking

    def _take_current(self) -> None:
        """Enter means what is typed: it waits until the list answers that."""
        self._is_taken_when_found = self._answered != self._typed
        if not self._is_taken_when_found:
            self._take(self._list.currentIndex())

    def _take(self, index: QModelIndex) -> None:
        entry = index.data(ENTRY)
        if not isinstance(entry, Entry) or entry.is_caption:
            return
        self.close_palette()
        if entry.record is not None:
            self._open_record(entry.record.kind, entry.record.id)
        elif entry.run is not None:
            entry.run()

    def _open_record(self, kind: str, record_id: str) -> None:
        self.record_chosen.emit(kind, record_id)

    def _tell_new(self, kind: str, values: Mapping[str, Value]) -> None:
        self.new_asked.emit(kind, dict(values))

    def _tell_log(self, account: str) -> None:
        self.log_asked.emit(account)

    def _tell_inbox(self) -> None:
        self.inbox_asked.emit()

    # Parts

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._paper.geometry().contains(event.position().toPoint()):
            self.close_palette()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        scrim = QColor(theme().tokens.scrim)
        scrim.setAlphaF(theme().tokens.scrim_alpha)
        painter.fillRect(self.rect(), scrim)
        painter.end()

    def _fit(self) -> None:
        """As high as its lines, in the middle of the window, never over its foot."""
        heights = (self._list.sizeHintForRow(row) for row in range(self._model.rowCount()))
        wanted = self._paper.height_with(sum(heights))
        width = min(WIDTH, self.width() - 2 * theme().metrics.margin)
        top = TOP if self.height() > 2 * TOP + _BELOW else 0
        height = min(wanted, self.height() - top - _BELOW)
        self._paper.setGeometry(QRect((self.width() - width) // 2, top, width, height))

    def _connect(self) -> None:
        self._find.timeout.connect(self._search)
        self._line.textChanged.connect(self._search_soon)
        self._list.clicked.connect(self._take)
        self._list.selectionModel().currentChanged.connect(self._tell_current)
        self._line.installEventFilter(self)
        self._shell.installEventFilter(self)

    def _search_soon(self, _text: str) -> None:
        self._is_taken_when_found = False
        self._find.start()


def _item(entry: Entry) -> QStandardItem:
    item = QStandardItem(entry.words)
    item.setData(entry, ENTRY)
    item.setEditable(False)
    said = ", ".join(filter(None, (entry.words, entry.detail, entry.right, *entry.keys)))
    item.setData(said, Qt.ItemDataRole.AccessibleTextRole)
    if entry.is_caption:
        item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item
