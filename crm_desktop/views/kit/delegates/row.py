"""The ground of every row: hairline, pointer, selection with its bar, keyboard ring; then words."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QMouseEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)
from typing_extensions import override

from crm_desktop.views.kit.delegates.roles import ICON, TONE
from crm_desktop.views.kit.delegates.shapes import centred, is_mirrored, split, write
from crm_desktop.views.theme.icons import SMALL, paint_icon
from crm_desktop.views.theme.theme import theme
from crm_desktop.views.theme.tokens import Tokens, is_outlined

_State = QStyle.StateFlag
_Index = QModelIndex | QPersistentModelIndex

_AT_END = Qt.AlignmentFlag.AlignRight

PADDING = 6
"""Between a cell's edge and its content."""

_POINTED, _INDENT = "pointed_row", "first_indent"
"""Kept on the Python side of a view: asked for with every cell."""


class RowDelegate(QStyledItemDelegate):
    """Words in a row. Parent: the view. Other delegates are this one with another content.

    `role` is the words' font ("name" for what a row is about), `token` their colour; a model may
    name another colour by `TONE` and an icon by `ICON`.
    """

    def __init__(self, parent: QObject, *, role: str = "body", token: str = "ink") -> None:
        super().__init__(parent)
        self._role, self._token = role, token

    @property
    def tokens(self) -> Tokens:
        """The colours worn now."""
        return theme().tokens

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        rect = option.rect
        painter.setLayoutDirection(option.direction)
        paint_ground(painter, option, index, self.tokens)
        inside = rect.adjusted(PADDING, 0, -PADDING, -1)
        lead = getattr(option.widget, _INDENT, 0)
        if lead and _ends(option.widget, index)[0]:
            inside = split(painter, inside, lead)[1]
        self.paint_content(painter, inside, index)

    def paint_content(self, painter: QPainter, rect: QRect, index: _Index) -> None:
        """What stands on the ground; here the words."""
        colour = getattr(self.tokens, str(index.data(TONE) or self._token))
        name = index.data(ICON)
        if name:
            lead, rect = split(painter, rect, SMALL, 4)
            paint_icon(painter, centred(lead, SMALL), str(name), index.data(TONE) or self._token)
        align = index.data(Qt.ItemDataRole.TextAlignmentRole)
        at_end = align is not None and bool(Qt.AlignmentFlag(align) & _AT_END)
        words = index.data()
        if words is not None:
            write(painter, rect, str(words), self._role, colour, at_end=at_end)

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(super().sizeHint(option, index).width(), theme().metrics.row)


class Ground(msgspec.Struct, frozen=True):
    """How a cell of a row stands: `first` and `last` say whether it ends the row on that side."""

    is_pointed: bool = False
    is_selected: bool = False
    is_active: bool = True
    is_ringed: bool = False
    first: bool = True
    last: bool = True


def paint_ground(
    painter: QPainter, option: QStyleOptionViewItem, index: _Index, tokens: Tokens
) -> None:
    """The ground of a cell of a view."""
    state, view = option.state, option.widget
    is_selected = bool(state & _State.State_Selected)
    is_ringed = _is_ringed(view, index, is_selected=is_selected)
    first, last = _ends(view, index) if is_selected or is_ringed else (False, False)
    ground = Ground(
        is_pointed=bool(state & _State.State_MouseOver) or _is_pointed(view, index),
        is_selected=is_selected,
        # Of the window, not of the view: a choice stays one while its details have the keyboard.
        is_active=not isinstance(view, QAbstractItemView) or view.isActiveWindow(),
        is_ringed=is_ringed,
        first=first,
        last=last,
    )
    paint_row(painter, option.rect, ground, tokens)


def paint_row(painter: QPainter, rect: QRect, ground: Ground, tokens: Tokens) -> None:
    """Hover, selection, bar, ring and hairline of one cell of a row."""
    if ground.is_selected:
        painter.fillRect(rect, QColor(tokens.selection if ground.is_active else tokens.fill))
    elif ground.is_pointed:
        painter.fillRect(rect, QColor(tokens.hover))
    painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, QColor(tokens.line))
    if ground.is_selected and ground.first:
        bar = theme().metrics.selection_bar
        left = rect.right() - bar + 1 if is_mirrored(painter) else rect.left()
        colour = tokens.accent if ground.is_active else tokens.control
        painter.fillRect(left, rect.top(), bar, rect.height(), QColor(colour))
    if ground.is_ringed or (ground.is_selected and is_outlined(tokens)):
        _paint_ring(painter, rect, QColor(tokens.accent), first=ground.first, last=ground.last)


def indent_first(view: QAbstractItemView, pixels: int) -> None:
    """Let every row begin this much further in, so that its words stand on the pane's margin."""
    setattr(view, _INDENT, pixels)


class _Pointer(QObject):
    """Notes over which row the pointer is. Parent: the view."""

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view = view
        view.viewport().setMouseTracking(True)
        view.viewport().installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
            self._note(self._view.indexAt(event.position().toPoint()).row())
        elif event.type() == QEvent.Type.Leave:
            self._note(-1)
        return False

    def _note(self, row: int) -> None:
        if getattr(self._view, _POINTED) != row:
            setattr(self._view, _POINTED, row)
            self._view.viewport().update()


def follow_pointer(view: QAbstractItemView) -> None:
    """Let the whole row under the pointer show it, and not one cell of it."""
    setattr(view, _POINTED, -1)
    _Pointer(view)


def _ends(view: object, index: _Index) -> tuple[bool, bool]:
    """Whether this cell is the first and the last shown one of its row."""
    if not isinstance(view, QTableView):
        return True, True
    header = view.horizontalHeader()
    at, count = header.visualIndex(index.column()), header.count()

    def is_shown(place: int) -> bool:
        return not header.isSectionHidden(header.logicalIndex(place))

    first = not any(is_shown(place) for place in range(at))
    return first, not any(is_shown(place) for place in range(at + 1, count))


def _is_pointed(view: object, index: _Index) -> bool:
    return getattr(view, _POINTED, None) == index.row()


def _is_ringed(view: object, index: _Index, *, is_selected: bool) -> bool:
    if not isinstance(view, QAbstractItemView) or not view.hasFocus():
        return False
    current = view.currentIndex()
    if current.row() != index.row() or current.parent() != index.parent():
        return False
    # A row that was clicked is selected, which says enough.
    by_keyboard = view.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
    return by_keyboard or not is_selected


def _paint_ring(painter: QPainter, rect: QRect, colour: QColor, *, first: bool, last: bool) -> None:
    width = theme().metrics.ring
    starts, ends = (last, first) if is_mirrored(painter) else (first, last)
    painter.fillRect(rect.left(), rect.top(), rect.width(), width, colour)
    painter.fillRect(rect.left(), rect.bottom() - width + 1, rect.width(), width, colour)
    if starts:
        painter.fillRect(rect.left(), rect.top(), width, rect.height(), colour)
    if ends:
        painter.fillRect(rect.right() - width + 1, rect.top(), width, rect.height(), colour)
