"""Paints the palette's lines: what was meant in the accent, keys as caps."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem
from typing_extensions import override

from crm_desktop.views.kit.delegates.grade import SIDE, paint_grade
from crm_desktop.views.shell.palette.entries import Entry
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import USUAL, paint_icon
from crm_desktop.views.theme.theme import colour, theme

ENTRY = int(Qt.ItemDataRole.UserRole)

CAPTION_HEIGHT, LINE_HEIGHT = 26, 36
_MARGIN, _PAD = 6, 10
_AFTER_ICON, _AFTER_GRADE, _AFTER_TITLE = 11, 7, 8
CAP = 18
"""Height and least width of a key's cap."""

_CAP_PAD, _CAP_GAP = 4, 6
_START = Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter
_CENTRE = Qt.AlignmentFlag.AlignCenter

_Index = QModelIndex | QPersistentModelIndex


class LineDelegate(QStyledItemDelegate):
    """Paints captions, records and commands."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        entry = index.data(ENTRY)
        height = CAPTION_HEIGHT if isinstance(entry, Entry) and entry.is_caption else LINE_HEIGHT
        return QSize(0, height)

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        entry = index.data(ENTRY)
        if not isinstance(entry, Entry):
            return
        rect = option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = _Pen(painter, rect.adjusted(_MARGIN, 0, -_MARGIN, 0), option.widget.layoutDirection())
        if entry.is_caption:
            below = rect.adjusted(_MARGIN + _PAD, 7, -_MARGIN - _PAD, 0)
            _write(painter, below, entry.words, "caption", "ink3")
        else:
            _paint_line(pen, entry, is_chosen=bool(option.state & QStyle.StateFlag.State_Selected))
        painter.restore()


class _Pen:
    """What is left of a line while it is filled from both ends."""

    def __init__(self, painter: QPainter, rect: QRect, direction: Qt.LayoutDirection) -> None:
        self.painter = painter
        self.whole = rect
        self.mirrors = direction == Qt.LayoutDirection.RightToLeft
        self.start = rect.left() + _PAD
        self.end = rect.right() + 1 - _PAD

    def from_start(self, width: int, gap: int) -> QRect:
        """The next piece at the beginning."""
        made = self._at(self.start, width)
        self.start += width + gap
        return made

    def from_end(self, width: int, gap: int) -> QRect:
        """The next piece at the end."""
        made = self._at(self.end - width, width)
        self.end -= width + gap
        return made

    @property
    def room(self) -> int:
        """How wide the rest is."""
        return max(self.end - self.start, 0)

    def _at(self, left: int, width: int) -> QRect:
        if self.mirrors:
            left = self.whole.left() + self.whole.right() + 1 - left - width
        return QRect(left, self.whole.top(), width, self.whole.height())


def _paint_line(pen: _Pen, entry: Entry, *, is_chosen: bool) -> None:
    painter = pen.painter
    if is_chosen:
        radius = theme().metrics.radius
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("selection"))
        painter.drawRoundedRect(pen.whole, radius, radius)
    icon = pen.from_start(USUAL, _AFTER_ICON)
    paint_icon(painter, _square(icon, USUAL), entry.icon, "accent" if is_chosen else "ink2")
    if entry.grade:
        paint_grade(painter, pen.from_start(SIDE, _AFTER_GRADE), entry.grade, theme().tokens)
    if is_chosen and not entry.keys:
        paint_cap(painter, _cap(pen.from_end(cap_width("↵"), _CAP_GAP)), "↵")
    for part in reversed(_caps(entry)):
        paint_cap(painter, _cap(pen.from_end(cap_width(part), _CAP_GAP)), part)
    if entry.right:
        width = QFontMetrics(font("small")).horizontalAdvance(entry.right)
        _write(painter, pen.from_end(min(width, pen.room // 2), _PAD), entry.right, "small", "ink3")
    _write_spotted(pen, entry)
    if entry.detail and pen.room:
        _write(painter, pen.from_start(pen.room, 0), entry.detail, "small", "ink3")


def _caps(entry: Entry) -> list[str]:
    return [part for keys in entry.keys for part in split_keys(keys)]


def split_keys(keys: str) -> list[str]:
    """A shortcut in words as single keys: "Ctrl++" is Ctrl and +."""
    if keys.endswith("++"):
        return [*split_keys(keys[:-2]), "+"]
    return [part for part in keys.split("+") if part] or [keys]


def cap_width(text: str) -> int:
    """How wide a key's cap is."""
    return max(CAP, QFontMetrics(font("caption")).horizontalAdvance(text) + 2 * _CAP_PAD)


def paint_cap(painter: QPainter, rect: QRect, text: str) -> None:
    """A key as it looks on a keyboard."""
    radius = theme().metrics.radius_small
    painter.setPen(colour("line2"))
    painter.setBrush(colour("pane"))
    painter.drawRoundedRect(rect.adjusted(0, 0, -1, -1), radius, radius)
    painter.setFont(font("caption"))
    painter.setPen(colour("ink2"))
    painter.drawText(rect, _CENTRE, text)


def _cap(rect: QRect) -> QRect:
    return QRect(rect.left(), rect.center().y() - CAP // 2, rect.width(), CAP)


def _square(rect: QRect, side: int) -> QRect:
    made = QRect(0, 0, side, side)
    made.moveCenter(rect.center())
    return made


def _write_spotted(pen: _Pen, entry: Entry) -> None:
    """The words with what was meant in the accent; a name that does not fit is cut, unmarked."""
    body, strong = font("body"), font("section")
    pieces = _pieces(entry)
    widths = [
        QFontMetrics(strong if meant else body).horizontalAdvance(text) for text, meant in pieces
    ]
    if sum(widths) > pen.room:
        _write(pen.painter, pen.from_start(pen.room, 0), entry.words, "body", "ink")
        return
    for (text, meant), width in zip(pieces, widths, strict=True):
        role, token = ("section", "accent") if meant else ("body", "ink")
        _write(pen.painter, pen.from_start(width, 0), text, role, token)
    pen.start += _AFTER_TITLE


def _pieces(entry: Entry) -> list[tuple[str, bool]]:
    made: list[tuple[str, bool]] = []
    at = 0
    for first, behind in entry.spot.stretches:
        made += [(entry.words[at:first], False), (entry.words[max(at, first) : behind], True)]
        at = max(at, behind)
    made.append((entry.words[at:], False))
    return [piece for piece in made if piece[0]]


def _write(painter: QPainter, rect: QRect, text: str, role: str, token: str) -> None:
    face = font(role)
    painter.setFont(face)
    painter.setPen(colour(token))
    # A piece measured to fit must not be cut for a rounding.
    shown = QFontMetrics(face).elidedText(text, Qt.TextElideMode.ElideRight, rect.width() + 1)
    painter.drawText(rect, _START | Qt.TextFlag.TextDontClip, shown)
