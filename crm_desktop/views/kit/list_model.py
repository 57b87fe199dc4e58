"""A list of records as a table model that holds only the rows around the screen.

The model is a window on the list: pages are appended as one scrolls and dropped behind, so that a
million rows cost as much as a thousand. A reread after a change is turned into the smallest
removals, insertions and updates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec.structs import replace
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from typing_extensions import override

from crm_core.entity import Entity
from crm_core.fields import RHYTHM, Field
from crm_desktop.i18n import tr
from crm_desktop.models.queries import Row
from crm_desktop.models.replica import Summary
from crm_desktop.views.kit.badge import paint_badge
from crm_desktop.views.kit.column import Column, Paint, as_columns
from crm_desktop.views.kit.list_cells import READERS, alignment
from crm_desktop.views.kit.listing import Listing, Source, Stretch, Wanted
from crm_desktop.views.kit.moves import longest_in_order, runs_going

PAGE_ROWS = 200
"""Rows asked for at once: several screens, and still a few milliseconds."""

WINDOW_ROWS_MAX = 1000
"""Rows held at most; beyond it the far end is dropped."""

_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class ListModel(QAbstractTableModel):
    """The rows of a listing around the screen. Parent: the list view.

    Signals: `placed` after every change of the window's place (offset, total), `loaded` after
    the first stretch of a new listing has arrived, `missed` where the record that was sought is
    not in the list.
    """

    placed = Signal()
    loaded = Signal()
    missed = Signal()

    def __init__(
        self, entity: Entity, columns: Sequence[Column | Field], source: Source, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.entity = entity
        self.columns = as_columns(entity, columns)
        self.listing = Listing(entity.kind)
        self.offset = 0
        self.is_growing_upwards = False
        self._source = source
        self._rows: list[Row] = []
        self.titles: dict[str, str] = {}
        self.beside: dict[str, dict[str, Any]] = {}
        self._jumped_to = 0.0
        self._sought = ""
        self._more_before = False
        self._more_after = False
        self._busy = False
        self._dirty = False
        self._count = 0
        self._ticket = 0

    # What is shown

    def show(self, listing: Listing) -> None:
        """List something else; the old rows stay until the new ones are here."""
        self.listing = listing
        self._sought = ""
        self._request(Wanted(), self._begin)

    def jump(self, fraction: float) -> None:
        """Move the window to a place in the list: 0.0 its start, 1.0 its end."""
        self._jumped_to = fraction
        wanted = Wanted() if fraction <= 0 else Wanted(fraction=fraction)
        self._request(wanted, self._land)

    def seek(self, record_id: str) -> None:
        """Move the window to a record wherever it stands, once nothing else is on its way."""
        self._sought = record_id
        if not self._busy:
            self._request(Wanted(around=record_id), self._land_on)

    def refresh(self) -> None:
        """Read the window again, after something changed."""
        if self._busy:
            self._dirty = True
            return
        start = self._rows[0].key if self._more_before and self._rows else None
        limit = max(len(self._rows), PAGE_ROWS)
        self._request(Wanted(start=start, limit=limit), self._reread)

    def is_affected(self, summary: Summary) -> bool:
        """Whether a change could show in this list."""
        kinds = {self.entity.kind, *(kind for x in self.columns for kind in x.kinds)}
        return not kinds.isdisjoint(summary.kinds)

    @property
    def total(self) -> int:
        """How many rows the list has: exact where both ends are known, else an estimate."""
        seen = self.offset + len(self._rows)
        if not self._more_after:
            return seen
        return max(self._count, seen + 1)

    @property
    def holds_start(self) -> bool:
        """Whether the window reaches to the start of the list."""
        return not self._more_before

    @property
    def holds_end(self) -> bool:
        """Whether the window reaches to the end of the list."""
        return not self._more_after

    @property
    def sorted_by(self) -> tuple[str, bool]:
        """The field that the list is sorted by, and whether descending."""
        return self.listing.sort or self.entity.sort, self.listing.descending

    def row_at(self, index: int) -> Row | None:
        """The record in a row of the window."""
        return self._rows[index] if 0 <= index < len(self._rows) else None

    def index_of_id(self, record_id: str) -> int:
        """The row of a record in the window, or -1."""
        return next((n for n, row in enumerate(self._rows) if row.id == record_id), -1)

    def set_columns(self, columns: Sequence[Column | Field]) -> None:
        """Show other columns; the rows are read again for them."""
        self.beginResetModel()
        self.columns = as_columns(self.entity, columns)
        self.endResetModel()

    def heading(self, column: int) -> str:
        """The words above a column."""
        is_last = column == len(self.columns)
        return tr("Change") if is_last else tr(self.columns[column].label)

    def painter_of(self, column: int) -> Paint | None:
        """What paints a column instead of its words."""
        return paint_badge if column == len(self.columns) else self.columns[column].paint

    def field_at(self, column: int) -> Field | None:
        """The field that is edited in a column; None where nothing is."""
        field = self.columns[column].field if column < len(self.columns) else None
        is_locked = self.entity.read_only or self.entity.insert_only
        if is_locked or field is None or field.typed_as == RHYTHM:  # no cell has the room
            return None
        return field if field in self.entity.editable else None

    def fetch_before(self) -> None:
        """Load what stands before the window, if anything does."""
        if self._more_before and not self._busy and self._rows:
            self._request(Wanted(before=self._rows[0].key), self._prepend)

    # Qt's side

    @override
    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    @override
    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self.columns) + 1

    @override
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self._rows):
            return None
        reader = READERS.get(role)
        return reader(self, self._rows[index.row()], index.column()) if reader else None

    @override
    def flags(self, index: _Index) -> Qt.ItemFlag:
        if index.isValid() and self.field_at(index.column()) is not None:
            return super().flags(index) | Qt.ItemFlag.ItemIsEditable
        return super().flags(index)

    @override
    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal or section > len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.heading(section)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return alignment(self, section)
        return None

    @override
    def canFetchMore(self, parent: _Index) -> bool:
        return not parent.isValid() and self._more_after and not self._busy

    @override
    def fetchMore(self, parent: _Index) -> None:
        if self.canFetchMore(parent) and self._rows:
            self._request(Wanted(after=self._rows[-1].key), self._append)

    @override
    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if not 0 <= column < len(self.columns):
            return
        name = self.columns[column].name
        if self.columns[column].field is None:
            return
        descending = order == Qt.SortOrder.DescendingOrder
        if self.sorted_by != (name, descending):
            old = self.listing
            self.show(Listing(old.kind, old.where, old.search, name, descending))

    # What arrives

    def _request(self, wanted: Wanted, then: Callable[[Stretch], None]) -> None:
        self._ticket += 1
        self._busy = True
        ticket = self._ticket

        def take(stretch: Stretch) -> None:
            if ticket == self._ticket:  # otherwise something newer was asked for
                self._count = stretch.count or self._count
                then(stretch)
                self._busy = False
                self._catch_up()

        def give_up() -> None:
            if ticket == self._ticket:
                self._busy = False
                self._sought = ""

        bounded = replace(wanted, limit=wanted.limit or PAGE_ROWS)
        self._source.fetch(self.listing, bounded, self, take, give_up)

    def _take_beside(self, stretch: Stretch) -> None:
        """Names and values that stand beside the rows, besides those of rows that stay."""
        self.titles.update(stretch.titles)
        for name, values in stretch.beside.items():
            self.beside.setdefault(name, {}).update(values)

    def _catch_up(self) -> None:
        self.placed.emit()
        if self._dirty:
            self._dirty = False
            self.refresh()
        elif self._sought and self.index_of_id(self._sought) < 0:
            self.seek(self._sought)
        else:
            self._sought = ""

    def _begin(self, stretch: Stretch) -> None:
        self._reset_to(stretch, offset=0, more_before=False)
        self.loaded.emit()

    def _land(self, stretch: Stretch) -> None:
        at_start = self._jumped_to <= 0
        offset = 0 if at_start else round(self._jumped_to * max(self._count - 1, 0))
        if not stretch.more:
            offset = max(self._count - len(stretch.rows), 0)
        self._reset_to(stretch, offset=offset, more_before=not at_start)

    def _land_on(self, stretch: Stretch) -> None:
        self._sought = ""
        if stretch.rows:
            self._reset_to(stretch, offset=stretch.offset, more_before=stretch.more_before)
        else:
            self.missed.emit()

    def _reset_to(self, stretch: Stretch, *, offset: int, more_before: bool) -> None:
        self.beginResetModel()
        self._rows = list(stretch.rows)
        self.titles, self.beside = {}, {}
        self._take_beside(stretch)
        self._more_after = stretch.more
        self._more_before = more_before
        self.offset = offset
        self.endResetModel()

    def _append(self, stretch: Stretch) -> None:
        self._take_beside(stretch)
        self._more_after = stretch.more
        self._insert(len(self._rows), stretch.rows)
        surplus = len(self._rows) - WINDOW_ROWS_MAX
        if surplus > 0:
            self._remove(0, surplus)
            self._more_before = True
            self.offset += surplus

    def _prepend(self, stretch: Stretch) -> None:
        self._take_beside(stretch)
        self._more_before = stretch.more
        self.offset = max(self.offset - len(stretch.rows), 0) if stretch.more else 0
        self.is_growing_upwards = True
        self._insert(0, stretch.rows)
        self.is_growing_upwards = False
        surplus = len(self._rows) - WINDOW_ROWS_MAX
        if surplus > 0:
            self._remove(WINDOW_ROWS_MAX, surplus)
            self._more_after = True

    def _reread(self, stretch: Stretch) -> None:
        self._more_after = stretch.more
        if not stretch.rows and self._more_before:
            # All of the window is gone: go back to the start.
            self._more_before, self._dirty, self.offset = False, True, 0
        staying = longest_in_order([x.id for x in self._rows], [x.id for x in stretch.rows])
        before = {row.id: self._all_of(row) for row in self._rows}
        renamed = self.titles != stretch.titles
        self.titles, self.beside = {}, {}
        self._take_beside(stretch)
        for first, last in reversed(runs_going(self._rows, staying)):
            self._remove(first, last - first + 1)
        at = 0
        fresh: list[Row] = []
        changed: list[int] = []
        for row in stretch.rows:
            if row.id not in staying:
                fresh.append(row)
                continue
            self._insert(at, fresh)
            at += len(fresh)
            fresh = []
            self._rows[at] = row
            if before[row.id] != self._all_of(row):
                changed.append(at)
            at += 1
        self._insert(at, fresh)
        if staying and renamed:  # any row may name a linked record
            self._announce(0, len(self._rows) - 1)
            return
        for place in changed:
            self._announce(place, place)

    def _all_of(self, row: Row) -> tuple[Any, ...]:
        return row, [values.get(row.id) for values in self.beside.values()]

    def _insert(self, at: int, rows: Sequence[Row]) -> None:
        if rows:
            self.beginInsertRows(QModelIndex(), at, at + len(rows) - 1)
            self._rows[at:at] = rows
            self.endInsertRows()

    def _remove(self, at: int, count: int) -> None:
        self.beginRemoveRows(QModelIndex(), at, at + count - 1)
        del self._rows[at : at + count]
        self.endRemoveRows()

    def _announce(self, first: int, last: int) -> None:
        end = self.index(last, self.columnCount() - 1)
        self.dataChanged.emit(self.index(first, 0), end)
