"""The table of a list: its own scroll bar spans the whole list, while the model holds a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QScrollBar, QTableView, QVBoxLayout, QWidget

from crm_desktop.i18n import tr
from crm_desktop.views.kit.cells import CellDelegate
from crm_desktop.views.kit.delegates.roles import COPY
from crm_desktop.views.kit.list_model import ListModel
from crm_desktop.views.kit.list_notes import EmptyList, MissedRecord
from crm_desktop.views.kit.list_table import Table

if TYPE_CHECKING:
    from crm_desktop.models.queries import Row
    from crm_desktop.views.kit.links import Links

SORTED_ROWS_MAX = 50_000
"""Without an index for it, sorting more takes longer than one waits: a million take 30 s."""

_NEAR_EDGE_ROWS = 40
_IN_THE_MIDDLE = QTableView.ScrollHint.PositionAtCenter


class ListView(QWidget):
    """A list of records.

    Signals: `chosen(id)` when another record alone is selected, `picked(count)` whenever the
    selection changes, `opened(id)`, `edited(row as it was, field, value)` from a cell,
    `copied(rows)`, `sort_taken(field, descending)` from a head, `clear_asked` where nothing
    matches, `refused(words)` where a wish cannot be met.
    """

    chosen = Signal(str)
    picked = Signal(int)
    opened = Signal(str)
    edited = Signal(object, str, object)
    copied = Signal(int)
    sort_taken = Signal(str, bool)
    clear_asked = Signal()
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table = Table(self)
        self._cells = CellDelegate(self._table)
        self._bar = QScrollBar(Qt.Orientation.Vertical, self)
        self._empty = EmptyList(self._table)
        self._missed = MissedRecord(self)
        self._model: ListModel | None = None
        self._chosen = ""
        self._picked: dict[str, None] = {}
        self._target: int | None = None
        self._given_back: tuple[str, str, str] | None = None
        self._holds_choice = False
        self._is_seeking = False
        self._lay_out()
        self._connect()

    def set_model(self, model: ListModel) -> None:
        """Show a list."""
        self._model = model
        # Before the table hears of it, which would choose a neighbour of a row that goes or moves.
        model.rowsAboutToBeRemoved.connect(self._hold_choice)
        self._table.setModel(model)
        self._table.selectionModel().selectionChanged.connect(self._tell_choice)
        model.placed.connect(self._release_choice)
        model.placed.connect(self._end_search)
        model.loaded.connect(self._seek_again)
        model.missed.connect(self._say_missed)
        model.placed.connect(self._place_bar)
        model.modelReset.connect(self._land)
        model.rowsInserted.connect(self._hold_place_on_insert)
        model.rowsRemoved.connect(self._hold_place_on_remove)
        self.columns_changed()

    def choose(self, record_id: str) -> None:
        """Select a record, wherever it stands; where it is not listed, say so."""
        self._chosen = record_id
        self._keep_choice()
        self._missed.hide()
        if self._model is not None and record_id and self._model.index_of_id(record_id) < 0:
            self._is_seeking = True
            self._model.seek(record_id)

    @property
    def chosen_id(self) -> str:
        """The id of the selected record, or ""."""
        return self._chosen

    @property
    def picked_ids(self) -> tuple[str, ...]:
        """The ids of all selected records, in the list's order."""
        rows = sorted({x.row() for x in self._table.selectionModel().selectedRows()})
        found = (self._model.row_at(n) for n in rows) if self._model is not None else ()
        return tuple(row.id for row in found if row is not None)

    def copy(self) -> None:
        """The selected rows as they read, with their heads, for a spreadsheet."""
        model, heads = self._model, self._table.horizontalHeader()
        if model is None or not self.picked_ids:
            return
        shown = [heads.logicalIndex(n) for n in range(len(model.columns) + 1)]
        shown = [n for n in shown if n < len(model.columns) and not heads.isSectionHidden(n)]
        rows = sorted({x.row() for x in self._table.selectionModel().selectedRows()})
        lines = [[tr(model.columns[n].label) for n in shown]]
        lines += [[str(model.index(row, n).data(COPY) or "") for n in shown] for row in rows]
        QGuiApplication.clipboard().setText("\n".join("\t".join(map(_one_cell, x)) for x in lines))
        self.copied.emit(len(rows))

    def edit_current(self) -> None:
        """Open the editor of the cell with the keyboard."""
        index = self._table.currentIndex()
        if index.isValid():
            self._table.edit(index)

    def give_back(self) -> None:
        """Open the cell again into which something was typed that was not taken; not a second time
        for somebody who went elsewhere."""
        typed, model = self._cells.typed, self._model
        has_left = typed == self._given_back and not self._table.hasFocus()
        is_typing = self._table.state() == QTableView.State.EditingState
        if typed is None or model is None or has_left or is_typing:
            return
        record_id, field, text = self._given_back = typed
        row, names = model.index_of_id(record_id), [column.name for column in model.columns]
        if row < 0 or field not in names:
            return
        index = model.index(row, names.index(field))
        self._table.setCurrentIndex(index)
        self._table.edit(index)
        self._cells.restore(text)

    def set_links(self, links: Links) -> None:
        """Let cells be edited; links are found with this."""
        self._cells.set_links(links)

    def choose_first(self) -> None:
        """Select the first row."""
        if self._model is not None and self._model.rowCount():
            self._choose_row(0)

    def set_empty_words(self, text: str, *, offer: bool = False) -> None:
        """What stands in the list while it has no rows; `offer` to clear the filter."""
        self._empty.say(text, offer=offer)

    def columns_changed(self) -> None:
        """The model has other columns: the kit sets their widths anew."""
        if self._model is not None:
            self._table.set_widths([column.width for column in self._model.columns])

    def show_sort(self, name: str, *, descending: bool) -> None:
        """Show at the heads by what the list is sorted."""
        heads = self._table.horizontalHeader()
        names = [x.name for x in self._model.columns] if self._model is not None else []
        heads.setSortIndicatorShown(name in names)
        if name in names:
            way = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
            heads.setSortIndicator(names.index(name), way)

    def focus_table(self) -> None:
        """Give the keyboard to the table."""
        self._table.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @property
    def table(self) -> QTableView:
        """The table itself, for whoever sets its headings."""
        return self._table

    def _lay_out(self) -> None:
        table = self._table
        table.setItemDelegate(self._cells)
        self._bar.setAccessibleName(tr("Place in the list"))
        self._bar.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._empty.hide()
        row = QHBoxLayout()
        row.setSpacing(0)
        row.addWidget(table)
        row.addWidget(self._bar)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._missed)
        layout.addLayout(row, 1)
        self.setFocusProxy(table)

    def _connect(self) -> None:
        self._table.verticalScrollBar().valueChanged.connect(self._follow_table)
        self._table.verticalScrollBar().rangeChanged.connect(self._place_bar)
        self._table.resized.connect(self._place_bar)
        self._table.copy_asked.connect(self.copy)
        self._empty.clear.clicked.connect(self._ask_clear)
        self._missed.clear.clicked.connect(self._ask_clear)
        self._cells.edited.connect(self._tell_edited)
        self._cells.refused.connect(self._tell_refused)
        self._table.ends_asked.connect(self._go_to_end)
        self._table.doubleClicked.connect(self._tell_opened)
        self._table.activated.connect(self._tell_opened)
        self._table.horizontalHeader().sectionClicked.connect(self._sort_by)
        self._bar.actionTriggered.connect(self._go_to_bar)
        self._jump = QTimer(self, singleShot=True, interval=30)
        self._jump.timeout.connect(self._jump_to_bar)

    # Selection

    def _hold_choice(self) -> None:
        self._holds_choice = True

    def _release_choice(self) -> None:
        if self._holds_choice:
            self._keep_choice()
            self._holds_choice = False

    def _tell_choice(self, _selected: QItemSelection, _old: QItemSelection) -> None:
        if self._holds_choice:
            return
        picked = self.picked_ids
        self._picked = dict.fromkeys(picked)
        self.picked.emit(len(picked))
        if len(picked) == 1 and picked[0] != self._chosen:
            self._chosen = picked[0]
            self._missed.hide()
            self.chosen.emit(picked[0])

    def _tell_opened(self, index: QModelIndex) -> None:
        row = self._model.row_at(index.row()) if self._model else None
        if row is not None:
            self.opened.emit(row.id)

    def _tell_edited(self, row: Row, field: str, value: object) -> None:
        self.edited.emit(row, field, value)

    def _ask_clear(self) -> None:
        self.clear_asked.emit()

    def _tell_refused(self, words: str) -> None:
        self.refused.emit(words)
        # Later: Qt has still to close the cell.
        QTimer.singleShot(0, self, self.give_back)

    def _land(self) -> None:
        target, self._target = self._target, None
        if target is not None and self._model is not None:
            self._table.shift(target - self._model.offset)
        self._keep_choice()

    def _end_search(self) -> None:
        """The record that was looked for has come: select it, in the middle of the screen."""
        at = self._model.index_of_id(self._chosen) if self._model is not None else -1
        if at < 0:
            return
        self._missed.hide()
        if self._is_seeking:
            self._is_seeking = False
            self._choose_row(at)
            self._table.scrollTo(self._table.currentIndex(), _IN_THE_MIDDLE)

    def _say_missed(self) -> None:
        self._is_seeking = False
        is_whole = self._model is None or self._model.listing.is_whole
        self._missed.say(is_whole=is_whole)

    def _seek_again(self) -> None:
        """Something else is listed: the record that was not in the view may be in this one."""
        if not self._missed.isHidden():
            self.choose(self._chosen)

    def _keep_choice(self) -> None:
        """After a reset the same records stay selected, as far as they are in the window."""
        if self._model is None or not self._chosen:
            return
        if len(self._picked) > 1 and self._chosen in self._picked:
            self._pick_again(self._model)
            return
        at = self._model.index_of_id(self._chosen)
        if at >= 0:
            self._choose_row(at)
        else:
            self._table.clearSelection()

    def _choose_row(self, row: int) -> None:
        """Select this row alone; the table's own way would toggle it while Ctrl is held."""
        flags = QItemSelectionModel.SelectionFlag
        index = self._table.model().index(row, max(0, self._table.currentIndex().column()))
        chosen = self._table.selectionModel()
        chosen.setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)

    def _pick_again(self, model: ListModel) -> None:
        at = {
            str(row.id): n for n in range(model.rowCount()) if (row := model.row_at(n)) is not None
        }
        selection = QItemSelection()
        for n in (at[x] for x in self._picked if x in at):
            selection.select(model.index(n, 0), model.index(n, 0))
        flags = QItemSelectionModel.SelectionFlag
        self._table.selectionModel().select(selection, flags.ClearAndSelect | flags.Rows)

    # Place

    def _hold_place_on_insert(self, _parent: QModelIndex, first: int, last: int) -> None:
        # At the very top a new record should show, an earlier page should not push in.
        is_earlier = self._model is not None and self._model.is_growing_upwards
        if is_earlier or first * self._table.row_height < self._table.verticalScrollBar().value():
            self._table.shift(last - first + 1)

    def _hold_place_on_remove(self, _parent: QModelIndex, first: int, last: int) -> None:
        if first * self._table.row_height < self._table.verticalScrollBar().value():
            self._table.shift(-(last - first + 1))

    def _place_bar(self) -> None:
        model = self._model
        if model is None:
            return
        rows = model.rowCount()
        self._empty.setVisible(rows == 0 and bool(self._empty.words))
        self._empty.setGeometry(self._table.viewport().geometry())
        on_screen = max(self._table.viewport().height() // self._table.row_height, 1)
        self._bar.setPageStep(on_screen)
        self._bar.setRange(0, max(model.total - on_screen, 0))
        self._bar.setVisible(model.total > on_screen)
        self._follow_table()

    def _first_on_screen(self) -> int:
        return self._table.verticalScrollBar().value() // self._table.row_height

    def _follow_table(self) -> None:
        if self._model is None:
            return
        if not self._bar.isSliderDown() and self._target is None:
            self._bar.setValue(self._model.offset + self._first_on_screen())
        if self._first_on_screen() < _NEAR_EDGE_ROWS:
            self._model.fetch_before()

    def _go_to_bar(self, _action: int) -> None:
        model, wanted = self._model, self._bar.sliderPosition()
        if model is None:
            return
        if model.offset <= wanted < model.offset + model.rowCount():
            self._table.verticalScrollBar().setValue(
                (wanted - model.offset) * self._table.row_height
            )
        else:
            self._target = wanted
            self._jump.start()

    def _jump_to_bar(self) -> None:
        if self._model is not None and self._target is not None:
            self._model.jump(self._target / max(self._bar.maximum(), 1))

    def _go_to_end(self, fraction: float) -> None:
        model = self._model
        if model is None or not model.rowCount():
            return
        at_end = model.holds_end if fraction else model.holds_start
        if not at_end:
            self._target = round(model.total * fraction)
            model.jump(fraction)
            return
        self._choose_row(model.rowCount() - 1 if fraction else 0)

    def _sort_by(self, column: int) -> None:
        header, model = self._table.horizontalHeader(), self._model
        if model is None or column >= len(model.columns) or model.columns[column].field is None:
            return
        name = model.columns[column].name
        if name != model.entity.sort and model.total > SORTED_ROWS_MAX:
            self.refused.emit(
                tr(
                    "This list is too long to be sorted by {field}; filter it first.",
                    field=model.columns[column].label,
                )
            )
            return
        descending = model.sorted_by == (name, False)
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        header.setSortIndicatorShown(True)
        header.setSortIndicator(column, order)
        self._table.verticalScrollBar().setValue(0)
        model.sort(column, order)
        self.sort_taken.emit(name, descending)


def _one_cell(text: str) -> str:
    """Without what would begin another cell or row."""
    return " ".join(text.split())
