"""Saved views between the list and the store: read, counted, kept, shared, deleted."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import uuid_utils
from PySide6.QtCore import QObject, QTimer, Signal

from crm_core.changes import Change, Op
from crm_core.entity import Entity
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.positions import between
from crm_desktop.i18n import tr
from crm_desktop.models import saved_views
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.replica import Summary
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.source import titles_of
from crm_desktop.views.kit.view_spec import SavedView, ViewSpec, spec_of, values_of
from crm_desktop.views.kit.words import Titles, link_key

COUNT_AFTER_MS = 400
"""Counts may wait: what is on the screen is read first."""

KIND = "saved_view"


class Kept(msgspec.Struct, frozen=True):
    """The views of a kind, the names in their conditions, and how many records each shows."""

    views: tuple[SavedView, ...]
    rows: Mapping[str, Row]
    titles: Titles
    counts: Mapping[str, int | None]


class ViewStore(QObject):
    """Keeps the saved views of one kind. Parent: the list's side. Signal: `read(Kept)`."""

    read = Signal(object)

    def __init__(self, entity: Entity, hub: DataHub, usual: ViewSpec, parent: QObject) -> None:
        super().__init__(parent)
        self._entity = entity
        self._hub = hub
        self._usual = usual
        self._rows: Mapping[str, Row] = {}
        self._last: str | None = None
        self._later = QTimer(self, singleShot=True, interval=COUNT_AFTER_MS)
        self._later.timeout.connect(self.load)

    def load(self) -> None:
        """Read the views and their counts."""
        entity, me, usual = self._entity, self._hub.identity.user, self._usual

        def job(connection: Connection) -> Kept:
            return _read(connection, entity, me, usual)

        self._hub.read(job, self._take, owner=self, supersede="views")

    def load_soon(self) -> None:
        """Read them when what is on the screen has been read."""
        self._later.start()

    def take_summary(self, summary: Summary) -> None:
        """Read again where a change touches the views or what they count."""
        if summary.kinds & {KIND, self._entity.kind}:
            self.load_soon()

    def make(self, name: str, spec: ViewSpec, *, shared: bool) -> str:
        """Keep a new view; returns its id."""
        record_id = RecordId(uuid_utils.uuid7().hex)
        values: dict[str, Value] = {
            "name": name, "entity": self._entity.kind, "shared": shared,
            "position": between(self._last, None), **values_of(spec),
        }  # fmt: skip
        filled: dict[str, Value] = {
            key: value for key, value in values.items() if value is not None
        }
        change = Change(KIND, record_id, Op.INSERT, filled)
        self._save(change, tr("New view: {name}", name=name))
        return record_id

    def keep(self, view_id: str, spec: ViewSpec) -> None:
        """Let a view show this from now on."""
        self._set(view_id, values_of(spec))

    def rename(self, view_id: str, name: str, *, shared: bool) -> None:
        """Give a view another name, share it or keep it to oneself."""
        self._set(view_id, {"name": name, "shared": shared})

    def drop(self, view_id: str) -> None:
        """Delete a view."""
        row = self._rows.get(view_id)
        if row is not None:
            change = Change(KIND, row.id, Op.DELETE, base_seq=row.seq)
            self._save(change, tr("Delete view: {name}", name=str(row.values.get("name"))))

    def _set(self, view_id: str, values: Mapping[str, Value]) -> None:
        row = self._rows.get(view_id)
        if row is None:
            return
        changed = {key: value for key, value in values.items() if row.values.get(key) != value}
        if changed:
            before = {key: row.values.get(key) for key in changed}
            change = Change(KIND, row.id, Op.SET, changed, before, row.seq)
            self._save(change, tr("Change view: {name}", name=str(row.values.get("name"))))

    def _save(self, change: Change, label: str) -> None:
        self._hub.save([change], label, owner=self, then=self._read_again)

    def _read_again(self, _summary: Summary) -> None:
        self.load()

    def _take(self, kept: Kept) -> None:
        self._rows = kept.rows
        places = [str(row.values.get("position") or "") for row in kept.rows.values()]
        self._last = max(places, default="") or None
        self.read.emit(kept)


def _read(connection: Connection, entity: Entity, me: RecordId, usual: ViewSpec) -> Kept:
    rows = saved_views.views_of(connection, entity.kind, me)
    views: list[SavedView] = []
    for row in rows:
        spec, is_whole = spec_of(entity, row.values)
        views.append(
            SavedView(
                row.id, str(row.values.get("name") or ""), spec,
                shared=bool(row.values.get("shared")), mine=saved_views.is_own(row, me),
                partial=not is_whole,
            )
        )  # fmt: skip
    asked = {x.id: x.spec.listing(entity, me).where for x in views if not x.spec.search}
    asked["all"] = usual.listing(entity, me).where
    counted = saved_views.counts(connection, entity.kind, asked)
    keys = {
        key
        for x in views
        for where in x.spec.where
        if (key := link_key(entity.by_name[where.field], where.value))
    }
    titles = titles_of(connection, tuple(sorted(keys)))
    return Kept(tuple(views), {row.id: row for row in rows}, titles, counted)
