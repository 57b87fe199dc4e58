"""The list of devices: sorted by its heads, narrowed by words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QWidget
from typing_extensions import override

from crm_core.wire import DeviceEntry
from crm_desktop.i18n import tr
from crm_desktop.models.spotting import spot
from crm_desktop.views.kit.choice import when_words
from crm_desktop.views.kit.delegates.roles import TONE, VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate
from crm_desktop.views.kit.device_words import name_words, state_words
from crm_desktop.views.kit.list_table import Table
from crm_desktop.views.kit.words import plain_tooltip

_SORT = VALUE + 100
_WIDTHS = (190, 120, 90, 130, 90)
_LAST_SYNC = 3
_NUMBERS = 4


class DeviceTable(Table):
    """Shows devices, the last one seen first. Signal: `chosen(id)`."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._items = QStandardItemModel(0, len(_headings()), self)
        self._items.setHorizontalHeaderLabels(list(_headings()))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self._items.setHeaderData(
            _NUMBERS, Qt.Orientation.Horizontal, right.value, Qt.ItemDataRole.TextAlignmentRole
        )
        self._shown = _Matching(self)
        self._shown.setSourceModel(self._items)
        self.setModel(self._shown)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setItemDelegate(RowDelegate(self))
        self.setItemDelegateForColumn(0, RowDelegate(self, role="name"))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setAccessibleName(tr("Devices"))
        self.set_widths(_WIDTHS)
        self.horizontalHeader().setSectionsMovable(False)
        self.horizontalHeader().setSortIndicatorShown(True)
        self.horizontalHeader().sectionClicked.connect(self._sort_by)
        self.selectionModel().currentRowChanged.connect(self._tell_chosen)
        self._sort(_LAST_SYNC, Qt.SortOrder.DescendingOrder)

    def show_devices(self, devices: Sequence[DeviceEntry], this: str) -> None:
        """List these; the one that was chosen stays so while it is there."""
        before = self.device
        self._items.setRowCount(0)
        for device in devices:
            self._items.appendRow(_cells(device, this))
        if not self.choose(before):
            self.choose_first()

    def narrow(self, typed: str) -> None:
        """List only those whose words hold what was typed, as pinyin too."""
        self._shown.narrow(typed)
        if not self.currentIndex().isValid():
            self.choose_first()

    def choose(self, device: str) -> bool:
        """Go to a device; whether it is listed."""
        for row in range(self._shown.rowCount()):
            if self._shown.index(row, 0).data(VALUE) == device:
                self.selectRow(row)
                return True
        return False

    def choose_first(self) -> None:
        """Go to the first one."""
        if self._shown.rowCount():
            self.selectRow(0)

    @property
    def device(self) -> str:
        """The device that is chosen, or ""."""
        index = self.currentIndex()
        return str(index.siblingAtColumn(0).data(VALUE) or "") if index.isValid() else ""

    @property
    def listed(self) -> list[list[str]]:
        """The words of each row, from top to bottom."""
        return [
            [str(self._shown.index(row, n).data() or "") for n in range(len(_headings()))]
            for row in range(self._shown.rowCount())
        ]

    def _sort_by(self, column: int) -> None:
        header = self.horizontalHeader()
        again = header.sortIndicatorSection() == column
        is_down = again and header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
        self._sort(column, Qt.SortOrder.DescendingOrder if is_down else Qt.SortOrder.AscendingOrder)

    def _sort(self, column: int, order: Qt.SortOrder) -> None:
        self.horizontalHeader().setSortIndicator(column, order)
        self._shown.sort(column, order)

    def _tell_chosen(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.device)


class _Matching(QSortFilterProxyModel):
    """Rows in whose words what was typed is found."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._typed = ""
        self.setSortRole(_SORT)

    def narrow(self, typed: str) -> None:
        self.beginFilterChange()
        self._typed = typed.strip()
        self.endFilterChange()

    @override
    def filterAcceptsRow(
        self, source_row: int, source_parent: QModelIndex | QPersistentModelIndex
    ) -> bool:
        if not self._typed:
            return True
        model = self.sourceModel()
        words = " ".join(
            str(model.index(source_row, n).data() or "") for n in range(model.columnCount())
        )
        return bool(spot(words, self._typed).stretches)


def _cells(device: DeviceEntry, this: str) -> list[QStandardItem]:
    cells = (
        (name_words(device), name_words(device).casefold()),
        (device.login, device.login),
        (device.app_version, _version_key(device.app_version)),
        (when_words(device.last_sync_at), device.last_sync_at),
        (str(device.unsent) if device.unsent else "", f"{device.unsent:09}"),
        (state_words(device, this), state_words(device, this)),
    )
    made: list[QStandardItem] = []
    for n, (text, key) in enumerate(cells):
        item = QStandardItem(text)
        item.setData(key, _SORT)
        item.setData(device.id, VALUE)
        item.setToolTip(plain_tooltip(text))
        if device.revoked_at:
            item.setData("ink3", TONE)
        if n == _NUMBERS:
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        made.append(item)
    return made


def _version_key(version: str) -> str:
    """Sorts 1.10 behind 1.9."""
    parts = version.replace("+", ".").replace("-", ".").split(".")
    return ".".join(part.zfill(6) if part.isdigit() else part for part in parts)


def _headings() -> tuple[str, ...]:
    return (
        tr("Device"), tr("User"), tr("Version"), tr("Last sync"), tr("Waiting"), tr("State"),
    )  # fmt: skip
