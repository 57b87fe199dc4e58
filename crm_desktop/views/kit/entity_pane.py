"""The generated pane of a kind: list, form and history. Knows no entity by name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import uuid_utils
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crm_core.changes import Change, Op, difference
from crm_core.entity import Entity
from crm_core.errors import CrmError, InvalidValue
from crm_core.fields import Field, Kind, Value
from crm_core.ids import RecordId
from crm_core.wire import HistoryEntry
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.columns import columns_of
from crm_desktop.views.kit.column import Column, as_columns
from crm_desktop.views.kit.finder import Finder
from crm_desktop.views.kit.list_model import ListModel
from crm_desktop.views.kit.list_view import ListView
from crm_desktop.views.kit.listing import Listing
from crm_desktop.views.kit.source import Line, Shown, StoreSource, read_history, read_shown
from crm_desktop.views.kit.text import heading, plain_label
from crm_desktop.views.kit.words import title_in_words

if TYPE_CHECKING:
    from crm_desktop.views.kit.detail import RecordDetail

_SEARCH_AFTER_MS = 200
_DRAFT_AFTER_MS = 600
_LIST_SHARE, _DETAIL_SHARE = 600, 480
_NEW = "new"


class EntityPane(QWidget):
    """List and detail of one kind.

    Signals: `failed(CrmError)` for what is not about one field; `deleted(title)`; `inbox_asked`;
    `said(words)` for a remark.
    """

    failed = Signal(object)
    inbox_asked = Signal()
    deleted = Signal(str)
    said = Signal(str)

    def __init__(
        self,
        entity: Entity,
        hub: DataHub,
        parent: QWidget | None = None,
        *,
        columns: Sequence[Column | Field] = (),
    ) -> None:
        super().__init__(parent)
        self.entity = entity
        self._hub = hub
        self._record: Row | None = None
        self._is_new = False
        self._locked = entity.read_only
        self._after_load = ""
        shown = as_columns(entity, columns or columns_of(entity))
        self._list = ListView(self)
        self._model = ListModel(entity, shown, StoreSource(hub, shown), self._list)
        self._made_detail: RecordDetail | None = None
        self._filter = QLineEdit(self)
        self._new = QPushButton(tr("New"), self)
        self._right = QStackedWidget(self)
        self._lay_out()
        self._connect()
        newest_first = entity.by_name[entity.sort].kind is Kind.INSTANT
        self._model.show(Listing(entity.kind, descending=newest_first))

    # What others may ask

    def open_record(self, record_id: str) -> None:
        """Show a record, whether or not it is in the list's window."""
        self._list.choose(record_id)
        self._load(record_id)

    def new_record(self) -> None:
        """Open an empty form."""
        if not self._new.isEnabled():
            return
        self._flush_draft()
        self._record, self._is_new = None, True
        self.detail.show_new()
        self._right.setCurrentWidget(self.detail)
        self._fetch_draft()
        self.detail.form.focus_first()

    def save(self) -> None:
        """Save what was typed, as one step."""
        if self._made_detail is None or not self.detail.form.is_touched:
            return
        values = self.detail.form.collect()
        if values is None:
            return
        if self._is_new:
            self._insert(values)
        elif self._record is not None:
            self._update(self._record, values)

    def choose_first(self) -> None:
        """Show the first record of the list."""
        self._list.choose_first()

    def focus_filter(self) -> None:
        """Give the keyboard to the list's own search."""
        self._filter.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @property
    def detail(self) -> RecordDetail:
        """The record's side; made when the first record is shown, since forms take their time."""
        if self._made_detail is None:
            self._made_detail = self._make_detail()
        return self._made_detail

    @property
    def model(self) -> ListModel:
        """The list's rows."""
        return self._model

    @property
    def record_id(self) -> str:
        """The record shown, or ""."""
        return "" if self._record is None else self._record.id

    def take_summary(self, summary: Summary) -> None:
        """Refresh what a change touches, and nothing else."""
        if self._model.is_affected(summary):
            self._model.refresh()
        if self._record is None or self.detail.form.is_touched:
            return
        reset = self.entity.kind in summary.kinds_reset
        touched = (self.entity.kind, self._record.id) in summary.changed
        if reset or touched or summary.conflicts_changed:
            self._load(self._record.id)

    # Reading

    def _load(self, record_id: str) -> None:
        self._flush_draft()
        kind = self.entity.kind

        def job(connection: Connection) -> Shown | None:
            return read_shown(connection, kind, record_id)

        self._hub.read(job, self._show, owner=self, supersede="record")

    def _show(self, shown: Shown | None) -> None:
        if shown is None:
            return
        self._record, self._is_new = shown.row, False
        self.detail.show_record(shown.row, shown.titles)
        self._right.setCurrentWidget(self.detail)
        self._fetch_draft()
        if self.detail.shows_history:
            self._load_history()

    def _load_history(self) -> None:
        """Own changes at once; everybody's when the server has answered."""
        if self._record is None:
            return
        kind, record_id = self.entity.kind, self._record.id
        self._show_history(record_id, ())

        def show_all(entries: tuple[HistoryEntry, ...]) -> None:
            if record_id == self.record_id:
                self._show_history(record_id, entries)

        self._hub.everybodys_history(kind, record_id, show_all, owner=self.detail.history)

    def _show_history(self, record_id: str, everybodys: tuple[HistoryEntry, ...]) -> None:
        kind, table = self.entity.kind, self.detail.history

        def job(connection: Connection) -> tuple[Line, ...]:
            return read_history(connection, kind, record_id, everybodys)

        self._hub.read(job, table.show_lines, owner=table, supersede="history")

    # Writing

    def _insert(self, values: dict[str, Value]) -> None:
        record_id = RecordId(uuid_utils.uuid7().hex)
        title = title_in_words(self.entity, values, {})
        change = Change(self.entity.kind, record_id, Op.INSERT, values)
        self._commit([change], tr("New: {title}", title=title))
        self._after_load = record_id

    def _update(self, record: Row, values: dict[str, Value]) -> None:
        changes = difference(self.entity, RecordId(record.id), record.values, values, record.seq)
        if changes:
            self._commit(changes, tr("Change: {title}", title=self.detail.title))
        else:
            self._revert()

    def _delete(self) -> None:
        self._commit_state(Op.DELETE, tr("Delete: {title}", title=self.detail.title))
        self.deleted.emit(self.detail.title)

    def _restore(self) -> None:
        self._commit_state(Op.RESTORE, tr("Restore: {title}", title=self.detail.title))

    def _commit_state(self, op: Op, label: str) -> None:
        if self._record is not None:
            record = self._record
            change = Change(self.entity.kind, RecordId(record.id), op, base_seq=record.seq)
            self._commit([change], label)

    def _commit(self, changes: Sequence[Change], label: str) -> None:
        self._hub.keep_draft(self._draft_key(), None)
        self._draft_timer.stop()
        self._hub.save(changes, label, owner=self, then=self._show_saved, failed=self._show_failure)

    def _show_saved(self, _summary: Summary) -> None:
        record_id = self._after_load or self.record_id
        self._after_load = ""
        if record_id:
            self.open_record(record_id)

    def _show_failure(self, error: CrmError) -> None:
        self._after_load = ""
        self._keep_draft()
        is_shown = isinstance(error, InvalidValue) and self.detail.form.show_problem(
            error.field, error.message
        )
        if not is_shown:
            self.failed.emit(error)

    def _revert(self) -> None:
        self._draft_timer.stop()
        self._hub.keep_draft(self._draft_key(), None)
        if self._is_new:
            self._is_new = False
            self._right.setCurrentIndex(0)
        elif self._record is not None:
            # The form still counts as touched; what is stored is laid over it at once.
            self._load(self._record.id)

    # Drafts: nothing typed is lost

    def _draft_key(self) -> str:
        return f"{self.entity.kind}/{_NEW if self._is_new else self.record_id}"

    def _keep_draft(self) -> None:
        texts = self.detail.form.draft()
        self._hub.keep_draft(self._draft_key(), json.dumps(texts) if texts else None)

    def _flush_draft(self) -> None:
        """Before another record is shown: what waits to be kept is kept at once."""
        if self._draft_timer.isActive():
            self._draft_timer.stop()
            self._keep_draft()

    def _fetch_draft(self) -> None:
        key = self._draft_key()

        def lay(text: str | None) -> None:
            if text and key == self._draft_key():  # nothing else was opened meanwhile
                self._lay_draft(text)

        self._hub.draft(key, lay, owner=self)

    def _lay_draft(self, text: str) -> None:
        texts = cast("dict[str, str]", json.loads(text))
        self.detail.form.restore(texts)
        if self.detail.form.is_touched:
            self.detail.show_touched()
            self.detail.say(tr("What you typed here and did not save is back."))

    def _draft_soon(self) -> None:
        self._draft_timer.start()

    # Parts

    def _search(self) -> None:
        old = self._model.listing
        text = self._filter.text().strip()
        self._model.show(Listing(old.kind, old.where, text, old.sort, old.descending))

    def _say_when_empty(self) -> None:
        if self._model.listing.search:
            self._list.set_empty_words(tr("Nothing matches what you typed above."))
        elif self.entity.read_only:
            self._list.set_empty_words(tr("Nothing here yet; these records come from the office."))
        else:
            self._list.set_empty_words(tr("Nothing here yet. Press Ctrl+N to enter the first one."))

    def _tell_refused(self, words: str) -> None:
        self.said.emit(words)

    def _tell_inbox(self) -> None:
        self.inbox_asked.emit()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.setSpacing(8)
        head.addWidget(heading(self, tr(self.entity.plural)), 1)
        self._filter.setPlaceholderText(tr("Filter this list"))
        self._filter.setAccessibleName(tr("Filter this list"))
        self._filter.setClearButtonEnabled(True)
        self._filter.setMinimumWidth(160)
        head.addWidget(self._filter, 1)
        self._new.setToolTip(tr("New (Ctrl+N)"))
        self._new.setEnabled(not self.entity.read_only)
        self._new.setVisible(not self.entity.read_only)
        head.addWidget(self._new)
        left = QWidget(self)
        left_layout = QVBoxLayout(left)
        left_layout.setContentsMargins(0, 0, 0, 0)
        left_layout.setSpacing(0)
        left_layout.addLayout(head)
        left_layout.addWidget(self._list, 1)
        nothing = plain_label(self, tr("Choose a record in the list."))
        nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._right.addWidget(nothing)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.addWidget(left)
        splitter.addWidget(self._right)
        splitter.setSizes([_LIST_SHARE, _DETAIL_SHARE])
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _make_detail(self) -> RecordDetail:
        from crm_desktop.views.kit.detail import RecordDetail  # forms are not needed at start

        locked = self.entity.read_only or self.entity.insert_only
        detail = RecordDetail(self.entity, Finder(self._hub), self._right, locked=locked)
        self._right.addWidget(detail)
        detail.save_asked.connect(self.save)
        detail.revert_asked.connect(self._revert)
        detail.delete_asked.connect(self._delete)
        detail.restore_asked.connect(self._restore)
        detail.inbox_asked.connect(self._tell_inbox)
        detail.history_shown.connect(self._load_history)
        detail.form.edited.connect(self._draft_soon)
        return detail

    def _connect(self) -> None:
        self._list.set_model(self._model)
        self._list.chosen.connect(self._load)
        self._list.opened.connect(self._load)
        self._list.refused.connect(self._tell_refused)
        self._model.loaded.connect(self._say_when_empty)
        self._new.clicked.connect(self.new_record)
        self._draft_timer = QTimer(self, singleShot=True, interval=_DRAFT_AFTER_MS)
        self._draft_timer.timeout.connect(self._keep_draft)
        self._search_timer = QTimer(self, singleShot=True, interval=_SEARCH_AFTER_MS)
        self._search_timer.timeout.connect(self._search)
        self._filter.textChanged.connect(self._search_soon)

    def _search_soon(self, _text: str) -> None:
        self._search_timer.start()
