"""One value for a field of many records: chosen, counted beforehand, saved as one step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from crm_core.changes import Change, difference
from crm_core.entity import Entity
from crm_core.errors import CrmError, InvalidValue
from crm_core.fields import RHYTHM, Field, Kind, Value
from crm_core.ids import RecordId
from crm_core.values import check
from crm_desktop.i18n import tr, tr_n, words
from crm_desktop.models import queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.replica import Summary
from crm_desktop.models.rights import rights_here
from crm_desktop.models.sql import Where
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.buttons import flat, normal, primary
from crm_desktop.views.kit.links import Links
from crm_desktop.views.kit.popup import Popup
from crm_desktop.views.kit.text import plain_label, text_of
from crm_desktop.views.theme.theme import theme

if TYPE_CHECKING:
    from crm_desktop.views.kit.editor import Editor

_PREVIEW_AFTER_MS = 200
_WIDTH = 320
_ONE_EACH = frozenset((Kind.NOTE, Kind.JSON, Kind.ORDER, Kind.PERSON_NAME, Kind.PLACE))


def fields_in_bulk(entity: Entity) -> tuple[Field, ...]:
    """The fields that many records may share a value of: no names, notes or unique keys."""
    return tuple(
        x
        for x in entity.editable
        if x.kind not in _ONE_EACH
        and x.unique is None
        and x.name not in entity.title
        and x.typed_as != RHYTHM
    )


class Bulk(msgspec.Struct, frozen=True):
    """A change of many records beforehand: how many were chosen, how many of them are others' to
    change, in how many the user may not change this field, and the changes of the rest."""

    chosen: int
    others: int
    kept: int
    changes: tuple[Change, ...]


def read_bulk(
    connection: Connection, entity: Entity, ids: Sequence[str], field: Field, value: Value
) -> Bulk:
    """What giving these records the value comes to; records that have it are left alone, and so
    are those that the user may not change."""
    answers = rights_here(connection).of_all(entity.kind, [RecordId(x) for x in ids])
    others = sum(not x.edit for x in answers.values())
    mine = [x for x, may in answers.items() if may.changes(field.name)]
    changes = changes_in_bulk(connection, entity, mine, field, value)
    return Bulk(len(ids), others, len(answers) - others - len(mine), changes)


def changes_in_bulk(
    connection: Connection, entity: Entity, ids: Sequence[str], field: Field, value: Value
) -> tuple[Change, ...]:
    """The changes that give these records the value; records that have it are left alone."""
    where = (Where("id", "in", [*ids]),)
    rows = queries.page(connection, entity.kind, where=where, limit=len(ids)).rows
    found = (difference(entity, x.id, x.values, {field.name: value}, x.seq) for x in rows)
    return tuple(change for changes in found for change in changes)


def bulk_words(bulk: Bulk) -> str:
    """What of a change of many records is not this user's to make; "" where all of it is."""
    mine = bulk.chosen - bulk.others - bulk.kept
    if mine == bulk.chosen:
        return ""
    said = tr("{n} of {m} can be changed by you", n=mine, m=bulk.chosen)
    if bulk.others:
        belong = tr_n("{n} belongs to a colleague", "{n} belong to colleagues", bulk.others)
        said = tr("{some}; {rest}", some=said, rest=belong)
    if bulk.kept:
        kept = tr("the field is not yours to change in {n}", n=bulk.kept)
        said = tr("{some}; {rest}", some=said, rest=kept)
    return said


def ids_of(changes: Sequence[Change]) -> frozenset[str]:
    """The records that change: a set's change may be an adding and a removal."""
    return frozenset(change.id for change in changes)


class BulkBar(QWidget):
    """Below a list while several records are selected. Signals: `failed(CrmError)`,
    `said(words)`, `copy_asked`."""

    failed = Signal(object)
    said = Signal(str)
    copy_asked = Signal()

    def __init__(
        self, entity: Entity, hub: DataHub, links: Links, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._entity = entity
        self._hub = hub
        self._links = links
        self._ids: tuple[str, ...] = ()
        self._count = plain_label(self)
        self._change = normal(tr("Change all…"), self, icon="edit")
        self._copy = flat(tr("Copy"), self, icon="duplicate", keys="Ctrl+C")
        layout = QHBoxLayout(self)
        margin = theme().metrics.margin
        layout.setContentsMargins(margin, 6, margin, 6)
        layout.addWidget(self._count, 1)
        layout.addWidget(self._copy)
        layout.addWidget(self._change)
        can_edit = not entity.read_only and not entity.insert_only
        self._change.setVisible(can_edit and bool(fields_in_bulk(entity)))
        self._change.clicked.connect(self.open)
        self._copy.clicked.connect(self._tell_copy)
        self.hide()

    def show_picked(self, ids: Sequence[str]) -> None:
        """Offer what can be done with these; with one or none there is nothing to offer."""
        self._ids = tuple(ids)
        self._count.setText(tr("{n} selected", n=len(ids)))
        self.setVisible(len(ids) > 1)

    def open(self) -> None:
        """Ask for the field and its value."""
        if self._change.isHidden() or len(self._ids) < 2:  # noqa: PLR2004  # one is edited in its form
            return
        popup = BulkPopup(self._entity, self._hub, self._links, self._ids, self)
        popup.taken.connect(self._apply)
        popup.open_below(self._change)

    def _apply(self, field: Field, value: Value) -> None:
        entity, ids = self._entity, self._ids

        def job(connection: Connection) -> Bulk:
            return read_bulk(connection, entity, ids, field, value)

        def save(bulk: Bulk) -> None:
            self._save(bulk.changes, field)

        self._hub.read(job, save, owner=self)

    def _save(self, changes: tuple[Change, ...], field: Field) -> None:
        if not changes:
            self.said.emit(tr("All of them have this value already."))
            return
        label = tr("{n} changed: {field}", n=len(ids_of(changes)), field=field.label)

        def tell(_summary: Summary) -> None:
            self.said.emit(label)

        self._hub.save(changes, label, owner=self, then=tell, failed=self._tell_failure)

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)

    def _tell_copy(self) -> None:
        self.copy_asked.emit()


class BulkPopup(Popup):
    """Field and value, and how many would change. Signal: `taken(field, value)`."""

    taken = Signal(object, object)

    def __init__(  # it stands between all of these
        self, entity: Entity, hub: DataHub, links: Links, ids: Sequence[str], parent: QWidget
    ) -> None:
        super().__init__(parent, width=_WIDTH)
        self._entity, self._hub, self._links = entity, hub, links
        self._ids = tuple(ids)
        self._fields = QComboBox(self)
        self._fields.setAccessibleName(tr("Field"))
        for field in fields_in_bulk(entity):
            self._fields.addItem(tr(field.label), field.name)
        self._place = QHBoxLayout()
        self._preview = plain_label(self)
        self._preview.setProperty("role", "small")
        self._others = text_of("small", self, tone="warn")
        self._others.hide()
        self._room = (
            _WIDTH - self.page.contentsMargins().left() - self.page.contentsMargins().right()
        )
        self._save = primary(tr("Change"), self)
        self._editor: Editor | None = None
        foot = QHBoxLayout()
        foot.addWidget(self._preview, 1)
        foot.addWidget(self._save)
        self.page.addWidget(self._fields)
        self.page.addLayout(self._place)
        self.page.addWidget(self._others)
        self.page.addLayout(foot)
        self._timer = QTimer(self, singleShot=True, interval=_PREVIEW_AFTER_MS)
        self._timer.timeout.connect(self._count)
        self._fields.currentIndexChanged.connect(self._show_field)
        self._save.clicked.connect(self._take)
        self._show_field(0)

    @property
    def field(self) -> Field:
        """The field that is to change."""
        return self._entity.by_name[str(self._fields.currentData())]

    @property
    def editor(self) -> Editor:
        """The editor of the value."""
        assert self._editor is not None
        return self._editor

    @property
    def preview(self) -> str:
        """What stands beside the button."""
        return self._preview.text()

    @property
    def others(self) -> str:
        """What is said of records that are not this user's to change, or ""."""
        return self._others.text()

    def choose_field(self, name: str) -> None:
        """Change this field."""
        self._fields.setCurrentIndex(self._fields.findData(name))

    def _show_field(self, _at: int) -> None:
        from crm_desktop.views.kit.editors import make_editor

        if self._editor is not None:
            self._place.removeWidget(self._editor.widget)
            self._editor.widget.deleteLater()
        self._editor = make_editor(self.field, self, self._links)
        self._editor.set_value(None, {})
        self._editor.edited.connect(self._count_soon)
        self._place.addWidget(self._editor.widget)
        self._editor.widget.show()
        self._editor.widget.setFocus()
        self._count()

    def _count_soon(self) -> None:
        self._timer.start()

    def _value(self) -> Value:
        value = self.editor.value()
        check(self.field, value)
        return value

    def _count(self) -> None:
        """How many would change, before anything does."""
        entity, ids, field = self._entity, self._ids, self.field
        try:
            value = self._value()
        except InvalidValue as problem:
            self._preview.setText(f"◆ {words(problem.message)}")
            self._save.setEnabled(False)
            return

        def job(connection: Connection) -> Bulk:
            return read_bulk(connection, entity, ids, field, value)

        self._hub.read(job, self._show_count, owner=self, supersede="preview")

    def _show_count(self, bulk: Bulk) -> None:
        count, said = len(ids_of(bulk.changes)), bulk_words(bulk)
        self._others.setText(said)
        self._others.setVisible(bool(said))
        self._others.setMinimumHeight(self._others.heightForWidth(self._room) if said else 0)
        self.adjustSize()
        self._preview.setText(tr("{n} of {m} will change", n=count, m=len(self._ids)))
        self._save.setEnabled(count > 0)

    def _take(self) -> None:
        self.taken.emit(self.field, self._value())
        self.close()
