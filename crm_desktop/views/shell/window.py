"""The shell: the rail, the panes behind it, search, undo, and one line for what has to be said."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crm_core.catalog import CATALOG
from crm_core.errors import CrmError
from crm_desktop.i18n import tr, words
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.standing import Standing
from crm_desktop.views.kit.banner import Banner
from crm_desktop.views.kit.entity_pane import EntityPane
from crm_desktop.views.kit.finder import Finder
from crm_desktop.views.kit.search_box import SearchBox
from crm_desktop.views.kit.sync_indicator import SyncIndicator
from crm_desktop.views.kit.text import section
from crm_desktop.views.panes.kinds import KindsPane
from crm_desktop.views.shell.abilities import Creates, Listens, OpensRecords, Saves, ShowsQueue
from crm_desktop.views.shell.places import INBOX, PANES, PLACES, Place, place_of

if TYPE_CHECKING:
    from crm_desktop.models.journal import Undone

RAIL_WIDTH = 184
RAIL_ROW = 30
_UNDO_AFTER_MS = 500
_NAME = int(Qt.ItemDataRole.UserRole)


class Shell(QWidget):
    """Everything a signed-in person works in. Parent: the window.

    Signals: `sync_asked`, `sign_in_asked`.
    """

    sync_asked = Signal()
    sign_in_asked = Signal()

    def __init__(self, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hub = hub
        self._standing = Standing()
        self._panes: dict[str, QWidget] = {}
        self._rail = QListWidget(self)
        self._search = SearchBox(Finder(hub), self)
        self._indicator = SyncIndicator(self)
        self._banner = Banner(self)
        self._stack = QStackedWidget(self)
        self._undo = QAction(tr("Undo"), self)
        self._sign_in_wanted = False
        self._lay_out()
        self._add_actions()
        self._connect()
        self._rail.setCurrentRow(0)
        # After the first list: reading the journal loads it.
        QTimer.singleShot(_UNDO_AFTER_MS, self, hub.refresh_undo)

    # What others may ask

    def show_place(self, name: str) -> QWidget:
        """Bring a place of the rail to the front; makes its pane when it is first looked at."""
        self._rail.setCurrentRow(list(PLACES).index(name))
        return self._panes[name]

    def open_record(self, kind: str, record_id: str) -> None:
        """Show a record where its kind is shown."""
        pane = self.show_kind(kind)
        if isinstance(pane, OpensRecords):
            pane.open_record(record_id)

    def show_kind(self, kind: str) -> QWidget:
        """Bring the pane of a kind to the front."""
        pane = self.show_place(place_of(kind).name)
        return pane.show_kind(kind) if isinstance(pane, KindsPane) else pane

    def save(self) -> None:
        """Save what was typed in the pane in front."""
        if isinstance(self.innermost, Saves):
            self.innermost.save()

    def show_standing(self, standing: Standing) -> None:
        """Say how things stand with the server."""
        self._standing = standing
        self._indicator.show_standing(standing)
        if standing.state == "signed_out" and not self._sign_in_wanted:
            self._sign_in_wanted = True
            text = tr("Please sign in again. Your unsent work is safe.")
            self._banner.say(text, action=tr("Sign in"))
        elif standing.state != "signed_out":
            self._sign_in_wanted = False

    def show_failure(self, error: CrmError) -> None:
        """Say what went wrong, in the line above the panes."""
        self._banner.say(words(error.message))

    @property
    def current(self) -> QWidget:
        """The place in front."""
        return self._panes[str(self._rail.currentItem().data(_NAME))]

    @property
    def innermost(self) -> QWidget:
        """The pane in front: of several kinds in one place, the one that is shown."""
        return self.current.pane if isinstance(self.current, KindsPane) else self.current

    @property
    def pane(self) -> EntityPane | None:
        """The generated pane in front, if one is."""
        return self.innermost if isinstance(self.innermost, EntityPane) else None

    @property
    def banner(self) -> Banner:
        """The line above the panes."""
        return self._banner

    @property
    def indicator(self) -> SyncIndicator:
        """The foot of the rail."""
        return self._indicator

    # Panes

    def _show_row(self, row: int) -> None:
        name = str(self._rail.item(row).data(_NAME))
        if name not in self._panes:
            self._panes[name] = self._make(PLACES[name])
            self._stack.addWidget(self._panes[name])
        self._stack.setCurrentWidget(self._panes[name])

    def _make(self, place: Place) -> QWidget:
        if place.name in PANES:
            return self._connected(PANES[place.name](self._hub, self._stack))
        if len(place.kinds) == 1:
            return self._make_pane(place.kinds[0])
        return KindsPane(place.kinds, self._make_pane, self._stack)

    def _make_pane(self, kind: str) -> QWidget:
        return self._connected(EntityPane(CATALOG[kind], self._hub, self._stack))

    def _connected(self, pane: QWidget) -> QWidget:
        """Listen to whichever signals of the shell's table a pane has."""
        heard = {
            "failed": self.show_failure,
            "opened": self.open_record,
            "deleted": self._offer_undo,
            "said": self._remark,
            "inbox_asked": self._open_inbox,
            "place_asked": self.show_place,
            "counted": self._show_inbox_count,
        }
        for name, slot in heard.items():
            signal = getattr(pane, name, None)
            if signal is not None:
                signal.connect(slot)
        return pane

    def _take_summary(self, summary: Summary) -> None:
        for pane in self._panes.values():
            if isinstance(pane, Listens):
                pane.take_summary(summary)

    def _show_inbox_count(self, count: int) -> None:
        item = self._rail.item(list(PLACES).index(INBOX))
        label = tr(PLACES[INBOX].label)
        item.setText(f"{label}   {count}" if count else label)

    # Commands

    def _new(self) -> None:
        if isinstance(self.innermost, Creates):
            self.innermost.new_record()

    def _focus_search(self) -> None:
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def _open_queue(self) -> None:
        if self._standing.state == "signed_out":
            self.sign_in_asked.emit()
            return
        inbox = self.show_place(INBOX)
        if self._standing.waiting and isinstance(inbox, ShowsQueue):
            inbox.show_queue()

    def ask_sync(self) -> None:
        """Synchronise now."""
        self.sync_asked.emit()

    def _open_inbox(self) -> None:
        self.show_place(INBOX)

    def _remark(self, text: str) -> None:
        self._banner.say(text, passing=True)

    def _offer_undo(self, title: str) -> None:
        self._banner.say(tr("Deleted: {title}.", title=title), action=tr("Undo"), passing=True)

    def _act(self) -> None:
        self._banner.hide()
        if self._sign_in_wanted:
            self.sign_in_asked.emit()
        else:
            self._hub.undo()

    def _show_undo(self, label: str) -> None:
        self._undo.setEnabled(bool(label))
        self._undo.setText(tr("Undo: {label}", label=label) if label else tr("Undo"))

    def _tell_undone(self, undone: Undone | None) -> None:
        if undone is None:
            self._banner.say(tr("There is nothing to take back."), passing=True)
        elif undone.kept:
            text = tr(
                "Taken back: {label}. Fields that somebody changed since stayed: {n}.",
                label=undone.label, n=len(undone.kept),
            )  # fmt: skip
            self._banner.say(text)
        else:
            self._banner.say(tr("Taken back: {label}.", label=undone.label), passing=True)

    # Parts

    def _lay_out(self) -> None:
        rail = QWidget(self)
        rail.setFixedWidth(RAIL_WIDTH)
        rail.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        rail.setAutoFillBackground(True)
        column = QVBoxLayout(rail)
        column.setContentsMargins(8, 12, 8, 8)
        column.setSpacing(8)
        name = section(rail, self._hub.identity.organisation)
        name.setContentsMargins(6, 0, 6, 0)
        column.addWidget(name)
        column.addWidget(self._search)
        column.addWidget(self._rail, 1)
        column.addWidget(self._indicator)
        self._rail.setAccessibleName(tr("Navigation"))
        self._rail.setFrameShape(QListWidget.Shape.NoFrame)
        self._rail.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._rail.viewport().setAutoFillBackground(False)
        for place in PLACES.values():
            item = QListWidgetItem(tr(place.label), self._rail)
            item.setData(_NAME, place.name)
            item.setSizeHint(QSize(0, RAIL_ROW))
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self._banner)
        right.addWidget(self._stack, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(rail)
        layout.addLayout(right, 1)

    def _add_actions(self) -> None:
        self._undo.setShortcut(QKeySequence.StandardKey.Undo)
        self._undo.setEnabled(False)
        self._undo.triggered.connect(self._hub.undo)
        self.addAction(self._undo)
        self._action(tr("Search"), self._focus_search, "Ctrl+F", "/")
        self._action(tr("New record"), self._new, "Ctrl+N")
        self._action(tr("Save"), self.save, "Ctrl+S")
        self._action(tr("Synchronise now"), self.ask_sync, "F5")
        for n, name in enumerate(PLACES, start=1):
            go = partial(self.show_place, name)
            self._action(tr("Go to {place}", place=tr(PLACES[name].label)), go, f"Ctrl+{n}")

    def _action(self, text: str, slot: Callable[[], object], *keys: str) -> None:
        action = QAction(text, self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.triggered.connect(slot)
        self.addAction(action)

    def _connect(self) -> None:
        self._rail.currentRowChanged.connect(self._show_row)
        self._search.found.connect(self.open_record)
        self._indicator.clicked.connect(self._open_queue)
        self._banner.acted.connect(self._act)
        self._hub.changed.connect(self._take_summary)
        self._hub.failed.connect(self.show_failure)
        self._hub.undo_changed.connect(self._show_undo)
        self._hub.undone.connect(self._tell_undone)
