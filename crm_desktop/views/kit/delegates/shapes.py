"""The marks that carry a state beside its colour, and the few strokes that all painters share."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from crm_desktop.views.theme import fonts

MARK = 10
"""The side of the square in which a mark is drawn."""

_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@contextmanager
def smooth(painter: QPainter) -> Generator[None]:
    """Anti-aliased inside, as it was before outside."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    yield
    painter.restore()


def is_mirrored(painter: QPainter) -> bool:
    """Whether this window reads from right to left."""
    return painter.layoutDirection() == Qt.LayoutDirection.RightToLeft


def split(painter: QPainter, rect: QRect, width: int, gap: int = 0) -> tuple[QRect, QRect]:
    """The leading part of a rectangle, `width` wide, and what is left after a gap."""
    lead, rest = QRect(rect), QRect(rect)
    if is_mirrored(painter):
        lead.setLeft(rect.right() - width + 1)
        rest.setRight(rect.right() - width - gap)
    else:
        lead.setWidth(width)
        rest.setLeft(rect.left() + width + gap)
    return lead, rest


def split_end(painter: QPainter, rect: QRect, width: int, gap: int = 0) -> tuple[QRect, QRect]:
    """What comes before, and the trailing part of a rectangle, `width` wide."""
    rest = rect.width() - width - gap
    before, after = split(painter, rect, max(rest, 0), gap)
    return before, after


def centred(rect: QRect, side: int) -> QRect:
    """A square in the middle of a rectangle."""
    square = QRect(0, 0, side, side)
    square.moveCenter(rect.center())
    return square


def write(
    painter: QPainter,
    rect: QRect,
    words: str,
    role: str,
    colour: str | QColor,
    *,
    at_end: bool = False,
) -> int:
    """One line of words in a role's font, elided at its end; returns the width it took."""
    metrics = fonts.metrics(role)
    shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
    painter.setFont(fonts.painted(role))
    painter.setPen(QColor(colour))
    # Qt mirrors left and right by the painter's direction.
    painter.drawText(rect, _RIGHT if at_end else _LEFT, shown)
    return min(metrics.horizontalAdvance(shown), rect.width())


def _box(rect: QRect) -> tuple[float, float, float]:
    """Left, top and scale of the 10×10 drawing in the middle of a rectangle."""
    side = min(rect.width(), rect.height(), MARK)
    middle = QRectF(rect).center()
    return middle.x() - side / 2, middle.y() - side / 2, side / MARK


def dot(painter: QPainter, rect: QRect, colour: str) -> None:
    """● good, for us."""
    _filled(painter, colour)
    painter.drawEllipse(QRectF(rect).center(), 4 * _box(rect)[2], 4 * _box(rect)[2])


def triangle(painter: QPainter, rect: QRect, colour: str) -> None:
    """▲ watch."""
    _polygon(painter, rect, colour, (5, 1), (9.4, 9), (0.6, 9))


def diamond(painter: QPainter, rect: QRect, colour: str) -> None:
    """◆ at risk, against, refused."""
    _polygon(painter, rect, colour, (5, 0.3), (9.7, 5), (5, 9.7), (0.3, 5))


def ring(painter: QPainter, rect: QRect, colour: str) -> None:
    """○ no data, neutral, open."""
    scale = _box(rect)[2]
    painter.setPen(QPen(QColor(colour), 1.3 * scale))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QRectF(rect).center(), 3.4 * scale, 3.4 * scale)


def dashed_ring(painter: QPainter, rect: QRect, colour: str) -> None:
    """A ring of dashes: unknown."""
    scale = _box(rect)[2]
    pen = QPen(QColor(colour), 1.3 * scale)
    pen.setDashPattern([1.6, 1.3])
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QRectF(rect).center(), 3.4 * scale, 3.4 * scale)


def half_disc(painter: QPainter, rect: QRect, colour: str) -> None:
    """◐ in progress, on course."""
    left, top, scale = _box(rect)
    ring(painter, rect, colour)
    _filled(painter, colour)
    side = 7.2 * scale
    painter.drawPie(QRectF(left + 1.4 * scale, top + 1.4 * scale, side, side), -90 * 16, 180 * 16)


def outlined_triangle(painter: QPainter, rect: QRect, colour: str) -> None:
    """△ late, missing."""
    left, top, scale = _box(rect)
    pen = QPen(QColor(colour), 1.3 * scale)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolygon(_points(left, top, scale, (5, 1.4), (9, 8.6), (1, 8.6)))


def tick(painter: QPainter, rect: QRect, colour: str) -> None:
    """✓ done."""
    left, top, scale = _box(rect)
    pen = QPen(QColor(colour), 1.5 * scale)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(_points(left, top, scale, (1.5, 5.4), (3.8, 7.8), (8.5, 2.4)))


SHAPES: Mapping[str, Callable[[QPainter, QRect, str], None]] = {
    "dot": dot,
    "triangle": triangle,
    "diamond": diamond,
    "ring": ring,
    "dashed_ring": dashed_ring,
    "half_disc": half_disc,
    "outlined_triangle": outlined_triangle,
    "tick": tick,
}


def paint_shape(painter: QPainter, rect: QRect, shape: str, colour: str) -> None:
    """One of `SHAPES` in the middle of a rectangle, 10 pixels large (smaller where it is)."""
    with smooth(painter):
        SHAPES[shape](painter, rect, colour)


def _filled(painter: QPainter, colour: str) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))


def _polygon(painter: QPainter, rect: QRect, colour: str, *corners: tuple[float, float]) -> None:
    left, top, scale = _box(rect)
    _filled(painter, colour)
    painter.drawPolygon(_points(left, top, scale, *corners))


def _points(left: float, top: float, scale: float, *corners: tuple[float, float]) -> QPolygonF:
    return QPolygonF([QPointF(left + x * scale, top + y * scale) for x, y in corners])
