"""Progress: a bar of what is done, with a mark where the time stands."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from typing_extensions import override

from crm_desktop.views.kit.delegates.roles import VALUE
from crm_desktop.views.kit.delegates.row import RowDelegate
from crm_desktop.views.kit.delegates.shapes import is_mirrored, smooth, split, write
from crm_desktop.views.theme.tokens import Tokens

HEIGHT = 6
_RADIUS = 3
_MARK_HEIGHT = 12
_MARK_WIDTH = 1.5
_WIDTH = 110
_GAP = 10


@dataclass(frozen=True, slots=True)
class ProgressValue:
    """Shares of 1: what is done, and how much of the time has passed (None: no term).

    `token` is the bar's colour: "accent", or "good", "warn", "bad" where it says a state in words
    beside it.
    """

    share: float
    mark: float | None = None
    token: str = "accent"


def paint_progress(painter: QPainter, rect: QRect, value: ProgressValue, tokens: Tokens) -> None:
    """The bar across a rectangle, in the middle of its height."""
    track = QRectF(rect.left(), rect.center().y() - HEIGHT // 2 + 1, rect.width(), HEIGHT)
    share = min(max(value.share, 0.0), 1.0)
    with smooth(painter):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.line2))
        painter.drawRoundedRect(track, _RADIUS, _RADIUS)
        if share:
            painter.setBrush(QColor(getattr(tokens, value.token)))
            painter.drawRoundedRect(_part(painter, track, 0.0, share), _RADIUS, _RADIUS)
        if value.mark is not None:
            at = _part(painter, track, 0.0, min(max(value.mark, 0.0), 1.0))
            x = at.left() if is_mirrored(painter) else at.right()
            top = track.center().y() - _MARK_HEIGHT / 2
            painter.fillRect(QRectF(x - 1, top, _MARK_WIDTH, _MARK_HEIGHT), QColor(tokens.ink))


def _part(painter: QPainter, track: QRectF, start: float, end: float) -> QRectF:
    width = track.width() * (end - start)
    if is_mirrored(painter):
        return QRectF(track.right() - track.width() * end, track.top(), width, track.height())
    return QRectF(track.left() + track.width() * start, track.top(), width, track.height())


class ProgressDelegate(RowDelegate):
    """A column of progress. The model gives a `ProgressValue` as `VALUE`; its text stands after."""

    @override
    def paint_content(
        self, painter: QPainter, rect: QRect, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        value = index.data(VALUE)
        if not isinstance(value, ProgressValue):
            return
        lead, rest = split(painter, rect, min(_WIDTH, rect.width()), _GAP)
        paint_progress(painter, lead, value, self.tokens)
        if rest.width() > 0:
            write(painter, rest, str(index.data() or ""), "small", self.tokens.ink)
