"""A line that leads somewhere: an icon or a mark, words, and words at the right; one or two lines.

For the short lists of a card or of today, which are rows of a column rather than tables.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget
from typing_extensions import override

from crm_desktop.views.kit.delegates.shapes import MARK, paint_shape
from crm_desktop.views.theme.fonts import font
from crm_desktop.views.theme.icons import SMALL, paint_icon
from crm_desktop.views.theme.theme import theme
from crm_desktop.views.theme.tokens import Tokens

Mark = Callable[[QPainter, QRect, Tokens], None]
"""Paints what stands before the words."""

_GAP = 8
_OUTSET = 6
"""The ground of a line under the pointer reaches so far beyond its words."""

_RADIUS = 6
_RING = 2
_SECOND_SHARE_MAX = 0.6


class Line(msgspec.Struct, frozen=True):
    """What a line says. `more` stands faint behind the title; `right` and `right_below` at the
    right edge in the colour `tone`, behind a `right_shape`. `mark` is painted in place of `icon`,
    `mark_width` wide.    `spoken` is for screen readers where the words alone would not do."""

    title: str
    more: str = ""
    below: str = ""
    right: str = ""
    right_below: str = ""
    tone: str = "ink3"
    right_shape: str = ""
    right_shape_token: str = "control"
    icon: str = ""
    icon_tone: str = "ink2"
    mark: Mark | None = None
    mark_width: int = 16
    is_small: bool = False
    is_name: bool = False
    pending: bool = False
    has_hairline: bool = False
    spoken: str = ""


class LineButton(QAbstractButton):
    """A line that can be clicked, or only read where nothing is connected to it."""

    def __init__(self, line: Line, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = line
        self._hovered = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.show_line(line)

    def show_line(self, line: Line) -> None:
        """Say something else."""
        self._line = line
        words = (line.title, line.more, line.below, line.right, line.right_below)
        self.setAccessibleName(line.spoken or ", ".join(word for word in words if word))
        self.setToolTip(line.title if self._is_cut() else "")
        self.updateGeometry()
        self.update()

    @property
    def line(self) -> Line:
        """What it says."""
        return self._line

    @override
    def sizeHint(self) -> QSize:
        line = self._line
        heights = QFontMetrics(self._title_font()).height()
        if line.below or line.right_below:
            return QSize(200, max(heights + QFontMetrics(font("small")).height() + 8, 40))
        return QSize(200, max(heights + (7 if line.is_small else 14), 24))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.sizeHint().height())

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Return opens it, as in a list; by itself a button knows only the space bar.
        if Qt.Key(event.key()) in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
            return
        super().keyPressEvent(event)

    @override
    def enterEvent(self, event: QEnterEvent) -> None:
        self._hovered = True
        self.update()
        super().enterEvent(event)

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = False
        self.update()
        super().leaveEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = theme().tokens
        self._paint_ground(painter, tokens)
        room = self.rect()
        room = self._paint_mark(painter, room, tokens)
        if self._line.below or self._line.right_below:
            middle = room.center().y() + 1
            upper = QRect(room.left(), room.top() + 2, room.width(), middle - room.top() - 2)
            lower = QRect(room.left(), middle, room.width(), room.bottom() - middle - 1)
            if not self._line.right_below and self._line.right:
                rest = self._paint_right(painter, room, self._line.right, tokens)
                if self._line.right_shape:
                    rest = self._paint_shape(painter, rest, tokens)
                upper.setRight(rest.right())
                upper.setLeft(rest.left())
                lower.setRight(rest.right())
                lower.setLeft(rest.left())
                self._paint_words(painter, upper, tokens, right="")
            else:
                self._paint_words(painter, upper, tokens, right=self._line.right)
            self._paint_below(painter, lower, tokens)
        else:
            rest = self._paint_right(painter, room, self._line.right, tokens)
            if self._line.right_shape:
                rest = self._paint_shape(painter, rest, tokens)
            self._paint_words(painter, rest, tokens, right="")
        painter.end()

    # Parts of the picture

    def _paint_ground(self, painter: QPainter, tokens: Tokens) -> None:
        area = QRectF(self.rect()).adjusted(-_OUTSET, 0, _OUTSET, 0)
        if self.isDown() or self._hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.fill if self.isDown() else tokens.hover))
            painter.drawRoundedRect(area.adjusted(_OUTSET, 0, -_OUTSET, -1), _RADIUS, _RADIUS)
        if self._line.has_hairline:
            bottom = self.rect().bottom()
            painter.fillRect(QRect(0, bottom, self.width(), 1), QColor(tokens.line))
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(tokens.accent), _RING))
            painter.drawRoundedRect(
                QRectF(self.rect()).adjusted(1, 1, -1, -1), _RADIUS - 1, _RADIUS - 1
            )

    def _paint_mark(self, painter: QPainter, room: QRect, tokens: Tokens) -> QRect:
        line = self._line
        if line.mark is None and not line.icon:
            return room
        width = line.mark_width if line.mark is not None else SMALL
        left = QRect(room.left(), room.top(), width, room.height())
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            left.moveRight(room.right())
        if line.mark is not None:
            painter.save()
            line.mark(painter, left, tokens)
            painter.restore()
        else:
            place = QRect(left.left(), left.center().y() - SMALL // 2 + 1, SMALL, SMALL)
            paint_icon(painter, place, line.icon, line.icon_tone)
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            return room.adjusted(0, 0, -(width + _GAP + 2), 0)
        return room.adjusted(width + _GAP + 2, 0, 0, 0)

    def _paint_words(self, painter: QPainter, room: QRect, tokens: Tokens, right: str) -> None:
        line = self._line
        room = self._paint_right(painter, room, right, tokens)
        if line.pending:
            mark = QRect(0, 0, 12, 12)
            metrics = QFontMetrics(self._title_font())
            words = min(metrics.horizontalAdvance(line.title), room.width() - 18)
            mark.moveTo(room.left() + words + 6, room.center().y() - 5)
            paint_icon(painter, mark, "pending", "ink3")
            room = room.adjusted(0, 0, -18, 0)
        painter.setFont(self._title_font())
        painter.setPen(QColor(tokens.ink))
        metrics = QFontMetrics(painter.font())
        title = metrics.elidedText(line.title, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, _LEFT, title)
        left = room.width() - metrics.horizontalAdvance(title) - _GAP
        if line.more and left > 24:  # noqa: PLR2004  # less says nothing
            painter.setFont(font("small"))
            painter.setPen(QColor(tokens.ink3))
            more = QFontMetrics(painter.font()).elidedText(
                line.more, Qt.TextElideMode.ElideRight, left
            )
            behind = self._behind(room, metrics.horizontalAdvance(title) + _GAP)
            painter.drawText(behind, _LEFT, more)

    def _behind(self, room: QRect, width: int) -> QRect:
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            return room.adjusted(0, 0, -width, 0)
        return room.adjusted(width, 0, 0, 0)

    def _paint_below(self, painter: QPainter, room: QRect, tokens: Tokens) -> None:
        room = self._paint_right(painter, room, self._line.right_below, tokens, tone="ink3")
        painter.setFont(font("small"))
        painter.setPen(QColor(tokens.ink2))
        metrics = QFontMetrics(painter.font())
        painter.drawText(
            room, _LEFT,
            metrics.elidedText(self._line.below, Qt.TextElideMode.ElideRight, room.width()),
        )  # fmt: skip

    def _paint_right(
        self, painter: QPainter, room: QRect, words: str, tokens: Tokens, tone: str = ""
    ) -> QRect:
        """Draws the words at the right edge; what is left of the room."""
        if not words:
            return room
        line = self._line
        painter.setFont(font("caption" if line.is_small else "small"))
        painter.setPen(QColor(getattr(tokens, tone or line.tone)))
        metrics = QFontMetrics(painter.font())
        most = round(room.width() * _SECOND_SHARE_MAX)
        shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, most)
        painter.drawText(room, _RIGHT, shown)
        width = metrics.horizontalAdvance(shown) + _GAP
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            return room.adjusted(width, 0, 0, 0)
        return room.adjusted(0, 0, -width, 0)

    def _paint_shape(self, painter: QPainter, room: QRect, tokens: Tokens) -> QRect:
        # In the middle of both lines, where its words stand.
        line = self._line
        middle = self.rect().center().y() if line.below else room.center().y()
        colour = getattr(tokens, line.right_shape_token)
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            place = QRect(room.left() - 2, middle - 5, MARK, MARK)
            room = room.adjusted(MARK + 4, 0, 0, 0)
        else:
            place = QRect(room.right() - MARK + 3, middle - 5, MARK, MARK)
            room = room.adjusted(0, 0, -(MARK + 4), 0)
        paint_shape(painter, place, line.right_shape, colour)
        return room

    def _title_font(self) -> QFont:
        if self._line.is_small:
            return font("small")
        return font("name" if self._line.is_name else "body")

    def _is_cut(self) -> bool:
        return QFontMetrics(self._title_font()).horizontalAdvance(self._line.title) > self.width()


_LEFT = int(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
