"""A chart's picture in the window: what one points at is outlined and told, a click opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.kit.skeleton import Skeleton
from crm_desktop.views.panes.insight.drawn import Canvas, Drawn
from crm_desktop.views.theme import fonts
from crm_desktop.views.theme.theme import theme

if TYPE_CHECKING:
    from crm_desktop.charts.sheet import Place

REDRAW_AFTER_MS = 120
"""While a window is being dragged to another size, only its last one is drawn."""

_LEAST = QSize(300, 190)
_PADDING, _GAP, _LINE = 9, 10, 15
_AXIS, _FOOT = 44, 26
_HEIGHTS = (0.42, 0.58, 0.5, 0.7, 0.62, 0.8, 0.55, 0.9)


class ChartCanvas(QWidget):
    """The picture of a chart. Keyboard: arrows go from mark to mark, Enter opens, Esc lets go.

    Signals: `resized` when another size or scale is wanted; `chosen(Mark)` when its records are.
    """

    resized = Signal()
    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._pixels = b""
        self._places: tuple[Place, ...] = ()
        self._at = -1
        self._later = QTimer(self, singleShot=True, interval=REDRAW_AFTER_MS)
        self._later.timeout.connect(self.resized)
        self._remark = ""
        self._skeleton = _BarsToCome(self)
        self._skeleton.start()
        self.setAccessibleName(tr("Loading"))
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_drawn(self, drawn: Drawn) -> None:
        """Show a picture; what was pointed at is let go."""
        self._skeleton.stop()
        self._remark = ""
        picture = drawn.picture
        self._pixels = picture.pixels  # the image looks into these bytes
        self._image = QImage(
            self._pixels, picture.width, picture.height, 4 * picture.width,
            QImage.Format.Format_RGBA8888,
        )  # fmt: skip
        self._image.setDevicePixelRatio(picture.ratio)
        self._places = picture.places
        self._point_at(-1)
        self.setAccessibleName(f"{drawn.chart.title}: {drawn.chart.finding}")
        self.setAccessibleDescription(", ".join(self._told()))
        self.update()

    def show_remark(self, text: str) -> None:
        """Say why there is no picture; one that is there stays."""
        self._skeleton.stop()
        self._remark = text
        if self._image.isNull():
            self.setAccessibleName(text)
        self.update()

    @property
    def is_loading(self) -> bool:
        """Whether neither a picture nor a reason for its absence is there yet."""
        return self._image.isNull() and not self._remark

    @property
    def canvas(self) -> Canvas:
        """What a picture has to be drawn for."""
        name = "dark" if theme().tokens.dark else "light"
        size = self.size().expandedTo(QSize(1, 1))
        return Canvas(size.width(), size.height(), self.devicePixelRatioF(), name)

    @property
    def is_fresh(self) -> bool:
        """Whether the picture has the size of the widget."""
        wanted = self.size() * self.devicePixelRatioF()
        return not self._image.isNull() and self._image.size() == wanted

    @property
    def pointed(self) -> Place | None:
        """What is pointed at."""
        return self._places[self._at] if 0 <= self._at < len(self._places) else None

    @property
    def places(self) -> tuple[Place, ...]:
        """Everything one can point at."""
        return self._places

    def point_at(self, position: int) -> None:
        """Point at a mark by its number, as the arrow keys do."""
        self._point_at(position)

    # What people do

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point_at(self._under(event.position()))

    @override
    def leaveEvent(self, event: object) -> None:
        if not self.hasFocus():
            self._point_at(-1)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._point_at(self._under(event.position()))
            self._open()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = len(self._places) - 1
        steps = {
            Qt.Key.Key_Right: min(last, self._at + 1), Qt.Key.Key_Down: min(last, self._at + 1),
            Qt.Key.Key_Left: max(0, self._at - 1), Qt.Key.Key_Up: max(0, self._at - 1),
            Qt.Key.Key_Home: 0, Qt.Key.Key_End: last, Qt.Key.Key_Escape: -1,
        }  # fmt: skip
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open()
        elif key in steps:
            self._point_at(steps[key] if self._places else -1)
        else:
            super().keyPressEvent(event)

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._point_at(-1)
        super().focusOutEvent(event)

    def _under(self, point: QPointF) -> int:
        found = [n for n, one in enumerate(self._places) if one.area.holds(point.x(), point.y())]
        return min(found, key=lambda n: self._places[n].area.size, default=-1)

    def _open(self) -> None:
        if self.pointed is not None and self.pointed.mark.drill is not None:
            self.chosen.emit(self.pointed.mark)

    def _point_at(self, at: int) -> None:
        if at == self._at:
            return
        self._at = at
        can_open = self.pointed is not None and self.pointed.mark.drill is not None
        hand = Qt.CursorShape.PointingHandCursor
        self.setCursor(hand if can_open else Qt.CursorShape.ArrowCursor)
        self.setAccessibleDescription(", ".join(self._told()))
        self.update()

    def _told(self) -> list[str]:
        """The lines of the tip, or what a reader of screens is told when nothing is pointed at."""
        if self.pointed is None:
            return [tr("Arrow keys go from mark to mark, Enter lists its records.")]
        mark = self.pointed.mark
        lines = [mark.tip or f"{mark.label}: {mark.shown}"]
        if mark.drill is None:
            return lines
        return [*lines, tr("click to list: {what}", what=mark.drill.words)]

    # Painting

    @override
    def sizeHint(self) -> QSize:
        return _LEAST

    @override
    def minimumSizeHint(self) -> QSize:
        return _LEAST

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._skeleton.setGeometry(self.rect())
        self._later.start()
        super().resizeEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if not self._image.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not self.is_fresh)
            painter.drawImage(QRectF(self.rect()), self._image, QRectF(self._image.rect()))
        elif self._remark:
            painter.setFont(fonts.painted("small"))
            painter.setPen(QColor(theme().tokens.ink3))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), self._remark)
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme().tokens.accent), 2))
            painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
        if self.pointed is not None:
            self._paint_pointed(painter, self.pointed)

    def _paint_pointed(self, painter: QPainter, place: Place) -> None:
        worn, shape = theme().tokens, place.shape
        painter.setPen(QPen(QColor(worn.ink), 2))
        box = QRectF(QPointF(shape.left, shape.top), QPointF(shape.right, shape.bottom))
        painter.drawRect(box.adjusted(-1, -1, 1, 1))
        lines, metrics = self._told(), fonts.metrics("caption")
        width = max(map(metrics.horizontalAdvance, lines)) + 2 * _PADDING
        tip = self._beside(box.toRect(), QSize(width, _LINE * len(lines) + _PADDING + 1))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(worn.ink))
        painter.drawRoundedRect(tip, 5, 5)
        painter.setPen(QColor(worn.pane))
        painter.setFont(fonts.painted("caption"))
        for n, line in enumerate(lines):
            row = QRect(tip.left() + _PADDING, tip.top() + 5 + n * _LINE, width, _LINE)
            painter.drawText(row, int(Qt.AlignmentFlag.AlignVCenter), line)

    def _beside(self, box: QRect, size: QSize) -> QRect:
        """A place for the tip: at the right of what it tells of, else at its left, else below or
        above it and far from the names; always inside."""
        right, left = box.right() + _GAP, box.left() - _GAP - size.width()
        last, lowest = self.width() - size.width(), self.height() - size.height()
        top = box.top() - size.height() // 2
        if right > last and left < 0:
            right, top = last, box.bottom() + _GAP // 2
            top = top if top <= lowest else box.top() - _GAP // 2 - size.height()
        at = right if right <= last else left
        return QRect(QPoint(max(0, min(at, last)), max(0, min(top, lowest))), size)


class _BarsToCome(Skeleton):
    """A chart's skeleton: a few still bars on their line."""

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, worn = QPainter(self), theme().tokens
        left, foot = _AXIS, self.height() - _FOOT
        step = (self.width() - left) / len(_HEIGHTS)
        painter.fillRect(left, foot, self.width() - left, 1, QColor(worn.line))
        for n, height in enumerate(_HEIGHTS):
            tall = round(height * (foot - _LINE))
            at = round(left + (n + 0.2) * step)
            painter.fillRect(at, foot - tall, round(0.6 * step), tall, QColor(worn.fill))
