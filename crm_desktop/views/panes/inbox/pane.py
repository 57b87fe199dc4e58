"""The inbox: whatever waits for a person, with everything needed to decide; closing it decides
nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QSplitter,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from crm_core.catalog import CATALOG
from crm_core.errors import CrmError
from crm_core.fields import Value
from crm_core.i18n import Message, tr_noop
from crm_core.ids import ChangeSetId, RecordId
from crm_core.problems import words_for
from crm_desktop.i18n import tr, words
from crm_desktop.models import inbox
from crm_desktop.models.connection import Connection
from crm_desktop.models.inbox import QuarantineRow, QueueRow, StuckRow
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.finder import Finder
from crm_desktop.views.kit.text import bold, heading, plain_label
from crm_desktop.views.kit.words import local_time, plain_tooltip
from crm_desktop.views.panes.inbox.read import Contents, Dispute, Stuck, read_contents
from crm_desktop.views.panes.inbox.sides import DisputeView, NoteView, StuckView

_LIST_WIDTH, _DETAIL_WIDTH = 330, 770
_GROUP_HEIGHT, _ENTRY_HEIGHT = 32, 46
_ENTRY = int(Qt.ItemDataRole.UserRole)


class InboxPane(QWidget):
    """List of what waits, and the place to decide.

    Signals: `counted(int)` how many wait; `opened(kind, id)`; `failed(CrmError)`.
    """

    counted = Signal(int)
    opened = Signal(str, str)
    failed = Signal(object)

    def __init__(self, hub: DataHub, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hub = hub
        self._entries: dict[str, Any] = {}
        self._chosen = ""
        self._tree = QTreeWidget(self)
        self._right = QStackedWidget(self)
        self._nothing = plain_label(self)
        self._dispute = DisputeView(Finder(hub), self)
        self._stuck = StuckView(self)
        self._note = NoteView(self)
        self._lay_out()
        self._connect()
        self.refresh()

    def refresh(self) -> None:
        """Read everything again."""
        me = self._hub.identity.user

        def job(connection: Connection) -> Contents:
            return read_contents(connection, me)

        self._hub.read(job, self._show, owner=self, supersede="inbox")

    def take_summary(self, summary: Summary) -> None:
        """Refresh where something of the inbox may have changed."""
        if summary.conflicts_changed or summary.outbox_changed or summary.kinds_reset:
            self.refresh()

    def choose_first(self) -> None:
        """Show the first entry."""
        self._go_to(next(self._items(), None))

    def show_queue(self) -> None:
        """Go to what waits to be sent."""
        queued = (x for x in self._items() if isinstance(self._entry(x), QueueRow))
        self._go_to(next(queued, None))

    def _items(self) -> Iterator[QTreeWidgetItem]:
        groups = (self._tree.topLevelItem(n) for n in range(self._tree.topLevelItemCount()))
        for group in groups:
            for n in range(group.childCount() if group is not None else 0):
                item = group.child(n) if group is not None else None
                if item is not None:
                    yield item

    def _entry(self, item: QTreeWidgetItem) -> object:
        return self._entries.get(str(item.data(0, _ENTRY)))

    def _go_to(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self._tree.setCurrentItem(item)

    @property
    def dispute(self) -> DisputeView:
        """Where conflicts are decided."""
        return self._dispute

    # The list

    def _show(self, contents: Contents) -> None:
        self._tree.blockSignals(True)
        self._tree.clear()
        self._entries = {}
        states = {
            "rejected": tr("Rejected"), "held": tr("Draft"), "blocked": tr("Blocked"),
            "orphaned": tr("Orphaned"),
        }  # fmt: skip
        self._group(tr("Conflicts"), contents.disputes, _dispute_line)
        for state, name in states.items():
            rows = tuple(x for x in contents.stuck if x.row.state == state)
            self._group(name, rows, _stuck_line)
        self._group(tr("Quarantine"), contents.quarantined, _quarantine_line)
        self._group(tr("Queue"), contents.queue, _queue_line)
        self._tree.expandAll()
        self._tree.blockSignals(False)
        self._reopen()
        self._nothing.setText(tr("Nothing needs you.") if not contents.waiting else "")
        self.counted.emit(contents.waiting)

    def _group(
        self, name: str, rows: tuple[Any, ...], line: Callable[[Any], tuple[str, str, str]]
    ) -> None:
        if not rows:
            return
        group = QTreeWidgetItem(self._tree, [f"{name}  {len(rows)}"])
        group.setFlags(Qt.ItemFlag.ItemIsEnabled)
        group.setFont(0, bold(self.font()))
        group.setSizeHint(0, QSize(0, _GROUP_HEIGHT))
        for row in rows:
            key, title, second = line(row)
            item = QTreeWidgetItem(group, [f"{title}\n{second}"])
            item.setData(0, _ENTRY, key)
            item.setSizeHint(0, QSize(0, _ENTRY_HEIGHT))
            item.setToolTip(0, plain_tooltip(f"{title} – {second}"))
            self._entries[key] = row

    def _reopen(self) -> None:
        if self._chosen not in self._entries:
            self._chosen = ""
            self._right.setCurrentWidget(self._nothing)
            return
        self._go_to(next(x for x in self._items() if x.data(0, _ENTRY) == self._chosen))

    def _choose(self, item: QTreeWidgetItem | None, _old: QTreeWidgetItem | None) -> None:
        key = item.data(0, _ENTRY) if item is not None else None
        entry = self._entries.get(str(key))
        if entry is None:
            return
        self._chosen = str(key)
        if isinstance(entry, Dispute):
            self._dispute.show_dispute(entry)
            self._right.setCurrentWidget(self._dispute)
        elif isinstance(entry, Stuck):
            self._stuck.show_stuck(entry, _reason(entry.row))
            self._right.setCurrentWidget(self._stuck)
        else:
            _key, title, second = (
                _queue_line(entry) if isinstance(entry, QueueRow) else _quarantine_line(entry)
            )
            self._note.show_note(title, second, _explanation(entry))
            self._right.setCurrentWidget(self._note)

    # What is done about it

    def _resolve(self, results: list[tuple[str, Value]]) -> None:
        for conflict_id, value in results:
            self._write(partial(_resolve, RecordId(conflict_id), value))

    def _resend(self, cs_id: str) -> None:
        self._write(lambda store: inbox.resend(store, ChangeSetId(cs_id)))

    def _discard(self, cs_id: str) -> None:
        self._write(lambda store: inbox.discard(store, ChangeSetId(cs_id)))

    def _keep_as_draft(self, cs_id: str) -> None:
        self._write(lambda store: inbox.keep_as_draft(store, ChangeSetId(cs_id))[0])

    def _write(self, job: Callable[[Store], Summary]) -> None:
        self._hub.write(job, owner=self, then=self._after_write, failed=self._tell_failure)

    def _after_write(self, _summary: Summary) -> None:
        self.refresh()

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)

    def _tell_opened(self, kind: str, record_id: str) -> None:
        self.opened.emit(kind, record_id)

    # Parts

    def _lay_out(self) -> None:
        self._tree.setHeaderHidden(True)
        self._tree.setRootIsDecorated(False)
        self._tree.setFrameShape(QTreeWidget.Shape.NoFrame)
        self._tree.viewport().setBackgroundRole(QPalette.ColorRole.Window)
        self._tree.setIndentation(8)
        self._tree.setUniformRowHeights(False)
        self._tree.setAccessibleName(tr("What waits for you"))
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        left = QWidget(self)
        layout = QVBoxLayout(left)
        layout.setContentsMargins(0, 12, 0, 8)
        title = heading(left, tr("Inbox"))
        title.setContentsMargins(16, 0, 16, 0)
        layout.addWidget(title)
        layout.addWidget(self._tree, 1)
        foot = plain_label(
            left, tr("Leaving this page decides nothing. Your records stay usable meanwhile.")
        )
        foot.setContentsMargins(16, 0, 16, 0)
        layout.addWidget(foot)
        for page in (self._nothing, self._dispute, self._stuck, self._note):
            self._right.addWidget(page)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.addWidget(left)
        splitter.addWidget(self._right)
        splitter.setSizes([_LIST_WIDTH, _DETAIL_WIDTH])
        splitter.setStretchFactor(1, 1)
        splitter.setChildrenCollapsible(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(splitter)

    def _connect(self) -> None:
        self._tree.currentItemChanged.connect(self._choose)
        self._dispute.resolved.connect(self._resolve)
        self._dispute.opened.connect(self._tell_opened)
        self._stuck.resend_asked.connect(self._resend)
        self._stuck.draft_asked.connect(self._keep_as_draft)
        self._stuck.discard_asked.connect(self._discard)
        self._stuck.opened.connect(self._tell_opened)


def _resolve(conflict: RecordId, value: Value, store: Store) -> Summary:
    return inbox.resolve(store, conflict, value)


def _kind_words(kind: str) -> str:
    return tr(CATALOG[kind].label) if kind in CATALOG else kind


def _dispute_line(row: Dispute) -> tuple[str, str, str]:
    fields = ", ".join(decision.label for decision in row.decisions)
    return f"c/{row.kind}/{row.record}", row.title, f"{_kind_words(row.kind)} · {fields}"


def _stuck_line(entry: Stuck) -> tuple[str, str, str]:
    row = entry.row
    title = row.title or row.label or _kind_words(row.kind)
    return f"s/{row.cs_id}/{row.record}/{row.field}", title, words(_reason(row))


def _quarantine_line(row: QuarantineRow) -> tuple[str, str, str]:
    return f"q/{row.kind}/{row.id}", _kind_words(row.kind), row.detail


def _queue_line(row: QueueRow) -> tuple[str, str, str]:
    states = {
        "queued": tr("waits to be sent"),
        "sent": tr("sent, no answer yet"),
        "acked": tr("taken by the server, being checked"),
    }
    return f"o/{row.cs_id}", row.label, f"{local_time(row.at)} · {states.get(row.state, row.state)}"


def _reason(row: StuckRow) -> Message:
    if row.state == "orphaned":
        return Message(_ORPHANED)
    return words_for(row.code or "atomic.part", row.params, CATALOG.get(row.kind))


def _explanation(entry: QueueRow | QuarantineRow) -> str:
    if isinstance(entry, QueueRow):
        return tr("This step is saved here and goes out by itself as soon as the server answers.")
    return tr(
        "A record came that this version cannot take. It is kept as it came and tried again; "
        "everything else goes on."
    )


_ORPHANED = tr_noop("The record left your scope before this was sent; your work is kept here.")
