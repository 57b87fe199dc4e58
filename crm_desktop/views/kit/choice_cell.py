"""One side of a conflict as a button: its value, whole, with what it adds underlined."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QPen,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget
from typing_extensions import override

from crm_core.text_keep import Piece
from crm_desktop.views.kit.focus import paint_ring, shows_focus
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.theme import colour

MARK = 15
PADDING, GAP = 8, 8
TOP = 6
LINE = 18
"""Heights and widths of the look: the mark, what is around it, a line of text."""

_RADIUS = 6
_BOX_RADIUS = 4
_SHORTENED_FROM = 60
_CONTEXT = 24
"""Of a long stretch that says nothing new, this many letters stay at each end."""

_LINES = (
    QTextCharFormat.UnderlineStyle.SingleUnderline,
    QTextCharFormat.UnderlineStyle.DashUnderline,
)


class ChoiceCell(QAbstractButton):
    """A side that can be taken. With `both` it is a check box, else one of a group.

    `text` says the value aloud; `pieces` show it: version 0 underlined solid, 1 dashed.
    """

    def __init__(
        self, pieces: Sequence[Piece], parent: QWidget, *, both: bool = False, second: str = ""
    ) -> None:
        super().__init__(parent)
        self._both = both
        self._second = second
        self._pieces = shortened(pieces)
        self.setCheckable(True)
        self.setText("".join(piece.text for piece in pieces))
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_second(self, text: str) -> None:
        """Say below who says so."""
        self._second = text
        self.updateGeometry()
        self.update()

    @property
    def second(self) -> str:
        """Who says so, where the column's head does not."""
        return self._second

    @override
    def sizeHint(self) -> QSize:
        width = 150
        return QSize(width, self.heightForWidth(width))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(110, LINE + 2 * TOP)

    @override
    def hasHeightForWidth(self) -> bool:
        return True

    @override
    def heightForWidth(self, width: int) -> int:
        room = max(width - _left() - PADDING, 20)
        lines = _lay_out(self._pieces, room).lineCount()
        below = _second_height(self._second, room)
        return 2 * TOP + max(lines, 1) * LINE + below

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = "selection" if self.isChecked() else "hover" if self.underMouse() else ""
        if ground:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour(ground))
            painter.drawRoundedRect(self.rect(), _RADIUS, _RADIUS)
        (_paint_box if self._both else _paint_radio)(painter, self._mark(), on=self.isChecked())
        self._paint_words(painter)
        if shows_focus(self):
            paint_ring(painter, self.rect(), _RADIUS)

    def _mark(self) -> QRectF:
        left = self.width() - PADDING - MARK if self._is_mirrored() else PADDING
        return QRectF(left, TOP + 1.5, MARK, MARK)

    def _paint_words(self, painter: QPainter) -> None:
        room = self.width() - _left() - PADDING
        left = PADDING if self._is_mirrored() else _left()
        layout = _lay_out(self._pieces, room, mirrored=self._is_mirrored())
        painter.setPen(colour("ink" if self.isEnabled() else "ink3"))
        layout.draw(painter, QPointF(left, TOP))
        if self._second:
            top = TOP + layout.lineCount() * LINE
            painter.setFont(font("caption"))
            painter.setPen(colour("ink3"))
            rect = QRect(left, top, room, self.height() - top)
            painter.drawText(rect, _second_flags(), self._second)

    def _is_mirrored(self) -> bool:
        return self.layoutDirection() == Qt.LayoutDirection.RightToLeft


def shortened(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Long stretches that nobody changed are cut to their ends, where something else is new."""
    if all(piece.version is None for piece in pieces):
        return tuple(pieces)
    last = len(pieces) - 1
    return tuple(
        _cut(piece, at_start=n == 0, at_end=n == last) if piece.version is None else piece
        for n, piece in enumerate(pieces)
    )


def _cut(piece: Piece, *, at_start: bool, at_end: bool) -> Piece:
    text = piece.text
    if len(text) <= _SHORTENED_FROM:
        return piece
    head = "" if at_start else text[:_CONTEXT].rstrip()
    tail = "" if at_end else text[-_CONTEXT:].lstrip()
    return Piece(f"{head} … {tail}".strip() + ("" if at_end else " "))


def underlined(version: int) -> QTextCharFormat:
    """How what a version brought in is drawn: mine solid, theirs dashed, both in the accent."""
    made = QTextCharFormat()
    made.setUnderlineStyle(_LINES[version])
    made.setUnderlineColor(colour("accent"))
    return made


def _lay_out(pieces: Sequence[Piece], room: float, *, mirrored: bool = False) -> QTextLayout:
    text = "".join(piece.text for piece in pieces).replace("\n", "\u2028")
    layout = QTextLayout(text, font("body"))
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    if mirrored:
        option.setTextDirection(Qt.LayoutDirection.RightToLeft)
        option.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute)
    layout.setTextOption(option)
    layout.setFormats(_formats(pieces))
    ascent = QFontMetricsF(font("body")).height()
    layout.beginLayout()
    top = 0.0
    line = layout.createLine()
    while line.isValid():
        line.setLineWidth(room)
        line.setPosition(QPointF(0, top + (LINE - ascent) / 2))
        top += LINE
        line = layout.createLine()
    layout.endLayout()
    return layout


def _formats(pieces: Sequence[Piece]) -> list[QTextLayout.FormatRange]:
    found: list[QTextLayout.FormatRange] = []
    at = 0
    for piece in pieces:
        bare = piece.text.rstrip()
        if piece.version is not None and bare:
            made = QTextLayout.FormatRange()
            made.start, made.length, made.format = at, len(bare), underlined(piece.version)
            found.append(made)
        at += len(piece.text)
    return found


def _left() -> int:
    return PADDING + MARK + GAP


def _second_flags() -> int:
    return int(Qt.TextFlag.TextWordWrap) | int(Qt.AlignmentFlag.AlignTop.value)


def _second_height(text: str, room: int) -> int:
    if not text:
        return 0
    metrics = QFontMetricsF(font("caption"))
    return round(metrics.boundingRect(QRectF(0, 0, room, 400), _second_flags(), text).height()) + 2


def _paint_radio(painter: QPainter, rect: QRectF, *, on: bool) -> None:
    width = 5.0 if on else 1.5
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour("accent" if on else "control"), width))
    half = width / 2
    painter.drawEllipse(rect.adjusted(half, half, -half, -half))


def _paint_box(painter: QPainter, rect: QRectF, *, on: bool) -> None:
    inner = rect.adjusted(0.75, 0.75, -0.75, -0.75)
    painter.setPen(QPen(colour("accent_fill" if on else "control"), 1.5))
    painter.setBrush(colour("accent_fill") if on else QColor(0, 0, 0, 0))
    painter.drawRoundedRect(inner, _BOX_RADIUS, _BOX_RADIUS)
    if not on:
        return
    painter.setPen(QPen(colour("on_accent"), 1.5, c=Qt.PenCapStyle.RoundCap))
    left, top = rect.left(), rect.top()
    painter.drawPolyline(
        [QPointF(left + 4, top + 7.8), QPointF(left + 6.6, top + 10.4), QPointF(left + 11, top + 5)]
    )
