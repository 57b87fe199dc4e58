"""The navigation rail: brand, search, the places with their counts, how things stand."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent, QStandardItem
from PySide6.QtGui import QStandardItemModel as _Model
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.kit.focus import paint_ring
from crm_desktop.views.kit.sync_indicator import SyncIndicator
from crm_desktop.views.shell.brand import Brand, SearchField, mirrored
from crm_desktop.views.shell.places import Place
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import USUAL, paint_icon
from crm_desktop.views.theme.theme import colour, theme

_NAME = int(Qt.ItemDataRole.UserRole)
_ICON, _COUNT, _WARNS = _NAME + 1, _NAME + 2, _NAME + 3

NARROWEST, WIDEST = 140, 320

_PAD_TOP, _PAD = 12, 8
_BELOW = 10
"""Under the brand and under the search field."""

_SPACING = 1
_TEXT_LEFT = _PAD + USUAL + 10
_SHOWN_MAX = 999
_START = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter
_END = Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter

_Index = QModelIndex | QPersistentModelIndex


class Rail(QWidget):
    """Where one goes from. Parent: the shell.

    Signals: `place_chosen(name)`, `palette_asked`, `queue_asked`, `cancel_asked`.
    """

    place_chosen = Signal(str)
    palette_asked = Signal()
    queue_asked = Signal()
    cancel_asked = Signal()

    def __init__(
        self, organisation: str, places: Sequence[Place], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._is_collapsed = False
        self._width = 0
        self._brand = Brand(organisation, self)
        self.search = SearchField(self)
        self.indicator = SyncIndicator(self)
        self._model = _Model(self)
        self._list = _List(self)
        self._lay_out()
        self._fill(places)
        self._list.setModel(self._model)
        self._list.selectionModel().currentChanged.connect(self._tell_chosen)
        self.search.clicked.connect(self._tell_palette)
        self.indicator.clicked.connect(self._tell_queue)
        self.indicator.cancel_asked.connect(self._tell_cancel)
        self.set_collapsed(collapsed=False)

    def show_place(self, name: str) -> None:
        """Mark a place as the current one; `place_chosen` follows where it was another."""
        self._list.setCurrentIndex(self._item(name).index())

    @property
    def place(self) -> str:
        """The current place, or ""."""
        return str(self._list.currentIndex().data(_NAME) or "")

    def set_count(self, name: str, count: int, *, warns: bool = False) -> None:
        """Put a number beside a place; 0 takes it away."""
        item = self._item(name)
        item.setData(min(count, _SHOWN_MAX + 1), _COUNT)
        item.setData(warns, _WARNS)
        said = f"{item.text()}, {_count_words(count)}" if count else item.text()
        item.setData(said, Qt.ItemDataRole.AccessibleTextRole)

    def count(self, name: str) -> int:
        """The number beside a place."""
        return int(self._item(name).data(_COUNT) or 0)

    def set_collapsed(self, *, collapsed: bool) -> None:
        """Show icons alone, or icons and words."""
        self._is_collapsed = collapsed
        self.setFixedWidth(theme().metrics.rail_collapsed if collapsed else self._wide())
        self.indicator.set_collapsed(collapsed=collapsed)
        for row in range(self._model.rowCount()):
            item = self._model.item(row)
            item.setToolTip(item.text() if collapsed else "")

    def set_width(self, width: int) -> None:
        """Be this wide (within limits) when words are shown; 0 is the usual width."""
        self._width = max(NARROWEST, min(width, WIDEST)) if width > 0 else 0
        if not self._is_collapsed:
            self.setFixedWidth(self._wide())

    @property
    def is_collapsed(self) -> bool:
        """Whether icons alone are shown."""
        return self._is_collapsed

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), colour("rail"))
        edge = mirrored(QRect(self.width() - 1, 0, 1, self.height()), self)
        painter.fillRect(edge, colour("line"))
        painter.end()

    def _wide(self) -> int:
        return self._width or theme().metrics.rail

    def _item(self, name: str) -> QStandardItem:
        rows = (self._model.item(row) for row in range(self._model.rowCount()))
        return next(item for item in rows if item.data(_NAME) == name)

    def _fill(self, places: Sequence[Place]) -> None:
        foot = [place for place in places if place.at_foot]
        for place in (x for x in places if not x.at_foot):
            self._model.appendRow(_item_of(place))
        if foot:
            gap = QStandardItem()
            gap.setFlags(Qt.ItemFlag.NoItemFlags)
            self._model.appendRow(gap)
        for place in foot:
            self._model.appendRow(_item_of(place))

    def _lay_out(self) -> None:
        self._list.setAccessibleName(tr("Navigation"))
        head = QVBoxLayout()
        head.setContentsMargins(_PAD, _PAD_TOP, _PAD + 1, 0)
        head.setSpacing(_BELOW)
        head.addWidget(self._brand)
        head.addWidget(self.search)
        head.addWidget(self._list, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 1, 0)
        column.setSpacing(_PAD)
        column.addLayout(head, 1)
        column.addWidget(self.indicator)

    def _tell_chosen(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self.place_chosen.emit(str(index.data(_NAME)))

    def _tell_palette(self) -> None:
        self.palette_asked.emit()

    def _tell_queue(self) -> None:
        self.queue_asked.emit()

    def _tell_cancel(self) -> None:
        self.cancel_asked.emit()


def _item_of(place: Place) -> QStandardItem:
    item = QStandardItem(tr(place.label))
    item.setData(place.name, _NAME)
    item.setData(place.icon, _ICON)
    item.setData(tr(place.label), Qt.ItemDataRole.AccessibleTextRole)
    item.setEditable(False)
    return item


def _count_words(count: int) -> str:
    return str(count) if count <= _SHOWN_MAX else f"{_SHOWN_MAX}+"


class _List(QListView):
    """The places; the gap before those at the foot takes the room that is left."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setItemDelegate(_Delegate(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        clear = self.palette()
        clear.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
        self.setPalette(clear)

    def gap(self) -> int:
        """How high the gap is."""
        rows = self.model().rowCount() - 1
        each = theme().metrics.rail_item + _SPACING
        return max(self.height() - rows * each, _SPACING)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()


class _Delegate(QStyledItemDelegate):
    """Paints a place: icon, words, number."""

    def __init__(self, view: _List) -> None:
        super().__init__(view)
        self._view = view

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        if index.data(_NAME) is None:
            return QSize(0, self._view.gap())
        return QSize(0, theme().metrics.rail_item + _SPACING)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        if index.data(_NAME) is None:
            return
        rect, state = option.rect.adjusted(0, 0, 0, -_SPACING), option.state
        is_current = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = theme().metrics.radius
        if is_current or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour("fill" if is_current else "hover"))
            painter.drawRoundedRect(rect, radius, radius)
        if rect.width() < theme().metrics.rail_collapsed:
            self._paint_narrow(painter, rect, index, is_current=is_current)
        else:
            self._paint_wide(painter, rect, index, is_current=is_current)
        keyboard = QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_KeyboardFocusChange
        if state & keyboard == keyboard:
            paint_ring(painter, rect, radius)
        painter.restore()

    def _paint_wide(
        self, painter: QPainter, rect: QRect, index: _Index, *, is_current: bool
    ) -> None:
        top = rect.top() + (rect.height() - USUAL) // 2
        icon = QRect(rect.left() + _PAD, top, USUAL, USUAL)
        paint_icon(painter, self._in_row(icon), index.data(_ICON), _icon_token(is_current))
        words = rect.adjusted(_TEXT_LEFT, 0, -_PAD, 0)
        count = int(index.data(_COUNT) or 0)
        if count:
            painter.setFont(font("badge"))
            painter.setPen(colour("warn" if index.data(_WARNS) else "ink3"))
            painter.drawText(self._in_row(words), _END, _count_words(count))
            words = words.adjusted(0, 0, -_count_width(count) - _PAD, 0)
        face = font("section" if is_current else "body")
        painter.setFont(face)
        painter.setPen(colour("ink" if is_current else "ink2"))
        text = str(index.data(Qt.ItemDataRole.DisplayRole))
        shown = QFontMetrics(face).elidedText(text, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(self._in_row(words), _START, shown)

    def _paint_narrow(
        self, painter: QPainter, rect: QRect, index: _Index, *, is_current: bool
    ) -> None:
        icon = QRect(0, 0, USUAL, USUAL)
        icon.moveCenter(rect.center())
        paint_icon(painter, icon, index.data(_ICON), _icon_token(is_current))
        count = int(index.data(_COUNT) or 0)
        if not count:
            return
        width = _count_width(count) + 4
        spot = self._in_row(QRect(rect.right() - width, rect.top() + 1, width, 12))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("fill" if is_current else "rail"))
        painter.drawRoundedRect(spot, 6, 6)
        painter.setFont(font("badge"))
        painter.setPen(colour("warn" if index.data(_WARNS) else "ink3"))
        painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, _count_words(count))

    def _in_row(self, rect: QRect) -> QRect:
        return mirrored(rect, self._view)


def _count_width(count: int) -> int:
    return QFontMetrics(font("badge")).horizontalAdvance(_count_words(count))


def _icon_token(is_current: bool) -> str:
    return "accent" if is_current else "ink2"
