"""A list with all that belongs to it: head, views, conditions, bulk changes and a foot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crm_core.changes import difference
from crm_core.entity import Entity
from crm_core.errors import CrmError
from crm_core.fields import Field, Kind, Value
from crm_core.ids import RecordId
from crm_core.roles import Action
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models import arriving, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.replica import Summary
from crm_desktop.models.rights import DIRECTORY, EVERYTHING, May, rights_here
from crm_desktop.models.sql import Where
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.columns import columns_of
from crm_desktop.views.kit.bulk import BulkBar
from crm_desktop.views.kit.buttons import primary
from crm_desktop.views.kit.column import Column, as_columns
from crm_desktop.views.kit.delegates.roles import ID
from crm_desktop.views.kit.finder import Finder
from crm_desktop.views.kit.head import PageHead
from crm_desktop.views.kit.list_model import ListModel
from crm_desktop.views.kit.list_view import ListView
from crm_desktop.views.kit.listing import Listing
from crm_desktop.views.kit.permit import field_refusal
from crm_desktop.views.kit.source import StoreSource
from crm_desktop.views.kit.text import plain_label
from crm_desktop.views.kit.view_bar import ViewBar
from crm_desktop.views.kit.view_spec import ViewSpec
from crm_desktop.views.kit.view_store import Kept, ViewStore
from crm_desktop.views.theme.theme import theme

_HERE = Qt.ShortcutContext.WidgetWithChildrenShortcut


class ListSide(QWidget):
    """The list of a kind. Signals: those of its list, `listed(Listing)` when something else is
    listed, `new_asked`, `said(words)`, `failed(CrmError)`."""

    chosen = Signal(str)
    opened = Signal(str)
    listed = Signal(object)
    new_asked = Signal()
    said = Signal(str)
    failed = Signal(object)

    def __init__(
        self, entity: Entity, hub: DataHub, columns: Sequence[Column | Field], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.entity = entity
        self._hub = hub
        self._usual = as_columns(entity, columns or columns_of(entity))
        named = {x.name for x in self._usual}
        others = as_columns(entity, [x for x in entity.fields if x.name not in named])
        links = Finder(hub)
        self.head = PageHead(tr(entity.plural), self)
        self.new = primary(tr("New"), self, icon="plus", keys="Ctrl+N")
        self.bar = ViewBar(entity, (*self._usual, *others), links, self)
        self.list = ListView(self)
        self._source = StoreSource(hub, self._usual)
        self.model = ListModel(entity, self._usual, self._source, self.list)
        self.bulk = BulkBar(entity, hub, links, self)
        self._foot = plain_label(self)
        newest_first = entity.by_name[entity.sort].kind is Kind.INSTANT
        usual = ViewSpec(sort=entity.sort, descending=newest_first)
        self.views = ViewStore(entity, hub, usual, self)
        self.bar.set_usual(usual)
        self.bar.set_usual_columns(self._usual)
        self.list.set_links(links)
        self._awaited = ""
        self._may = "", EVERYTHING
        self._lay_out()
        self._connect()
        self._list_anew()
        self._read_role()
        self.views.load_soon()

    def show_where(self, where: Sequence[Where], words: str) -> None:
        """List only these records, with a chip that says which."""
        self.bar.drill(where, words)

    def set_foot(self, words: str) -> None:
        """Say something about the list below it."""
        self._foot.setText(words)
        self._foot.setVisible(bool(words))

    def take_summary(self, summary: Summary) -> None:
        """Refresh what a change touches."""
        if self.model.is_affected(summary):
            self.model.refresh()
            self._say_when_empty()
        self._may = "", EVERYTHING
        if not DIRECTORY.isdisjoint(summary.kinds):
            self._read_role()
        self.views.take_summary(summary)

    def _list_anew(self) -> None:
        columns = self.bar.columns_shown() or self._usual
        if columns != self.model.columns:
            self._source.set_columns(columns)
            self.model.set_columns(columns)
            self.list.columns_changed()
        listing = self.bar.listing(self._hub.identity.user)
        self.list.show_sort(listing.sort or self.entity.sort, descending=listing.descending)
        self.model.show(listing)
        self.listed.emit(listing)

    def _follow_sort(self, name: str, descending: bool) -> None:  # a slot
        self.bar.note_sort(name, descending=descending)
        self.listed.emit(self.model.listing)

    # Views

    def _show_views(self, kept: Kept) -> None:
        self.bar.show_views(kept.views, kept.titles, kept.counts)
        if self._awaited in kept.rows:
            self.bar.open_view(self._awaited)
            self._awaited = ""

    def _make_view(self, name: str, shared: bool) -> None:  # a slot
        self._awaited = self.views.make(name, self.bar.spec, shared=shared)

    def _keep_view(self, view_id: str) -> None:
        self.views.keep(view_id, self.bar.spec)

    def _name_view(self, view_id: str, name: str, shared: bool) -> None:  # a slot
        self.views.rename(view_id, name, shared=shared)

    def _drop_view(self, view_id: str) -> None:
        self.bar.open_view("all")
        self.views.drop(view_id)

    # What the user may change

    @property
    def _is_made_here(self) -> bool:
        """Whether such records are entered in a form: some come from the office, and a log's lines
        come about with what they tell of."""
        return not self.entity.read_only and not self.entity.insert_only

    def _read_role(self) -> None:
        """Whether the user's role makes such records at all."""
        kind = self.entity.kind

        def job(connection: Connection) -> bool:
            return rights_here(connection).reaches(kind, Action.CREATE)

        def show(may_create: bool) -> None:
            self.new.setEnabled(may_create)
            self.new.setToolTip("" if may_create else tr("Your role may not add this."))

        if self._is_made_here:
            self._hub.read(job, show, owner=self, supersede="role")

    def _read_may(self, record_id: str, then: Callable[[], None] | None = None) -> None:
        """What the user may do with the record that has the keyboard."""
        kind = self.entity.kind

        def job(connection: Connection) -> May:
            return rights_here(connection).of(kind, RecordId(record_id))

        def show(may: May) -> None:
            self._may = record_id, may
            if then is not None:
                then()

        self._hub.read(job, show, owner=self, supersede="may")

    def _edit_cell(self) -> None:
        """Open the cell with the keyboard, or say why not: before anything is typed."""
        index = self.list.table.currentIndex()
        field, record_id = self.model.field_at(index.column()), str(index.data(ID) or "")
        known, may = self._may
        if field is None or not record_id:
            return
        if known != record_id:
            self._read_may(record_id, self._edit_cell)
            return
        why = field_refusal(may, field.name)
        if why:
            self.said.emit(why)
        else:
            self.list.edit_current()

    # Cells

    def _save_cell(self, seen: Row, field: str, value: Value) -> None:
        kind = self.entity.kind

        def job(connection: Connection) -> Row | None:
            return queries.record(connection, kind, seen.id)

        def save(row: Row | None) -> None:
            if row is not None:
                self._commit_cell(_as_seen(row, seen, field), field, value)

        self._hub.read(job, save, owner=self)

    def _commit_cell(self, row: Row, field: str, value: Value) -> None:
        changes = difference(self.entity, row.id, row.values, {field: value}, row.seq)
        if changes:
            name = self.entity.name_of(row.values) or tr(self.entity.label)
            label = tr("Change: {title}", title=name)
            self._hub.save(changes, label, owner=self, failed=self._give_back)

    def _give_back(self, error: CrmError) -> None:
        self._tell_failure(error)
        self.list.give_back()

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)

    # What others hear

    def _tell_chosen(self, record_id: str) -> None:
        if not self.entity.read_only:
            self._read_may(record_id)
        self.chosen.emit(record_id)

    def _tell_opened(self, record_id: str) -> None:
        self.opened.emit(record_id)

    def _tell(self, words: str) -> None:
        self.said.emit(words)

    def _tell_copied(self, rows: int) -> None:
        self.said.emit(tr_n("{n} row copied", "{n} rows copied", rows))

    def _tell_new(self) -> None:
        self.new_asked.emit()

    def _note_picked(self, _count: int) -> None:
        self.bulk.show_picked(self.list.picked_ids)

    def _say_when_empty(self) -> None:
        listing: Listing = self.model.listing
        if not listing.is_whole:
            self.list.set_empty_words(tr("Nothing matches what you asked for."), offer=True)
        elif self.entity.read_only:
            self.list.set_empty_words(tr("Nothing here yet; these records come from the office."))
        elif not self._is_made_here:
            self.list.set_empty_words(tr("Nothing here yet."))
        else:
            self.list.set_empty_words(tr("Nothing here yet. Press Ctrl+N to enter the first one."))
        if not self.model.rowCount():
            self._hub.read(
                arriving.is_arriving, self._say_what_arrives, owner=self, supersede="arriving"
            )

    def _say_what_arrives(self, is_arriving: bool) -> None:
        if is_arriving and not self.model.rowCount():
            self.list.set_empty_words(
                tr("Nothing here so far: your records are still arriving."),
                offer=not self.model.listing.is_whole,
            )

    # Parts

    def _lay_out(self) -> None:
        self.new.setEnabled(self._is_made_here)
        self.new.setVisible(self._is_made_here)
        self.head.add(self.new)
        self._foot.setProperty("role", "small")
        margin = theme().metrics.margin
        self._foot.setContentsMargins(margin, 6, margin, 6)
        self._foot.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self.bar)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.bulk)
        layout.addWidget(self._foot)

    def _connect(self) -> None:
        self.list.set_model(self.model)
        self.list.chosen.connect(self._tell_chosen)
        self.list.opened.connect(self._tell_opened)
        self.list.refused.connect(self._tell)
        self.list.copied.connect(self._tell_copied)
        self.list.picked.connect(self._note_picked)
        self.list.edited.connect(self._save_cell)
        self.list.sort_taken.connect(self._follow_sort)
        self.list.clear_asked.connect(self.bar.clear)
        self.model.loaded.connect(self._say_when_empty)
        self.new.clicked.connect(self._tell_new)
        self.bulk.copy_asked.connect(self.list.copy)
        self.bulk.said.connect(self._tell)
        self.bulk.failed.connect(self._tell_failure)
        self.bar.asked.connect(self._list_anew)
        self.bar.view_made.connect(self._make_view)
        self.bar.view_kept.connect(self._keep_view)
        self.bar.view_named.connect(self._name_view)
        self.bar.view_dropped.connect(self._drop_view)
        self.views.read.connect(self._show_views)
        self._act(tr("Copy the selected rows"), self.list.copy)
        self._act(tr("Change the selected records…"), self.bulk.open, "Ctrl+Shift+E")
        self._act(tr("Edit the cell"), self._edit_cell, "F2")

    def _act(self, words: str, slot: object, keys: str = "") -> None:
        """A command of the list's menu; shortcuts that the table hears itself are only shown."""
        action = QAction(words, self)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(_HERE)
        action.triggered.connect(slot)
        self.addAction(action)
        self.bar.add_command(action)


def _as_seen(row: Row, seen: Row, field: str) -> Row:
    """A record with the field's value on which the editing of its cell began."""
    values = {**row.values, field: seen.values.get(field)}
    return replace(row, values=values, seq=min(row.seq, seen.seq))
