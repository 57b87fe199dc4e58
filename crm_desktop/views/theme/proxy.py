"""What a style sheet cannot draw: check boxes and radios in tokens; no dotted focus rectangles."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QWidget
from typing_extensions import override

from crm_desktop.views.theme.theme import theme

_Element = QStyle.PrimitiveElement
_State = QStyle.StateFlag

SIDE = 15
_EDGE = 1.5
_DISC = 5.0
_RADIUS = 4
_BASE = "Fusion"


class KitStyle(QProxyStyle):
    """Fusion with the kit's indicators. Owned by the application."""

    def __init__(self) -> None:
        super().__init__(_BASE)
        self._drawn = {
            _Element.PE_IndicatorCheckBox: _paint_box,
            _Element.PE_IndicatorItemViewItemCheck: _paint_box,
            _Element.PE_IndicatorRadioButton: _paint_radio,
            # The ring is the focus ring's (beside a control) or the delegate's (in a row).
            _Element.PE_FrameFocusRect: _paint_nothing,
        }

    @override
    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        ours = self._drawn.get(element)
        if ours is None:
            super().drawPrimitive(element, option, painter, widget)
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ours(painter, option)
        painter.restore()


def _paint_nothing(_painter: QPainter, _option: QStyleOption) -> None:
    pass


def _paint_box(painter: QPainter, option: QStyleOption) -> None:
    worn, area, state = theme().tokens, _square(option.rect), option.state
    is_enabled = bool(state & _State.State_Enabled)
    is_marked = bool(state & (_State.State_On | _State.State_NoChange))
    edge = worn.control if is_enabled else worn.line2
    filled = worn.accent_fill if is_enabled else worn.fill
    painter.setPen(QPen(QColor(filled if is_marked and is_enabled else edge), _EDGE))
    painter.setBrush(QColor(filled if is_marked else worn.pane))
    inset = _EDGE / 2
    painter.drawRoundedRect(area.adjusted(inset, inset, -inset, -inset), _RADIUS - 1, _RADIUS - 1)
    if not is_marked:
        return
    pen = QPen(QColor(worn.on_accent if is_enabled else worn.ink3), _EDGE)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    some = ((4, 7.5), (11, 7.5)) if state & _State.State_NoChange else None
    corners = some or ((4.2, 7.9), (6.5, 10.2), (10.8, 5.0))
    at = area.topLeft()
    painter.drawPolyline(QPolygonF([at + QPointF(x, y) for x, y in corners]))


def _paint_radio(painter: QPainter, option: QStyleOption) -> None:
    worn, area, state = theme().tokens, _square(option.rect), option.state
    is_enabled = bool(state & _State.State_Enabled)
    is_on = bool(state & _State.State_On)
    chosen = worn.accent if is_enabled else worn.ink3
    free = worn.control if is_enabled else worn.line2
    width = _DISC if is_on else _EDGE
    painter.setBrush(QColor(worn.pane))
    painter.setPen(QPen(QColor(chosen if is_on else free), width))
    inset = width / 2
    painter.drawEllipse(area.adjusted(inset, inset, -inset, -inset))


def _square(rect: QRect) -> QRectF:
    side = min(rect.width(), rect.height(), SIDE)
    square = QRectF(0, 0, side, side)
    square.moveCenter(QRectF(rect).center())
    # Whole pixels, or the edge is grey on both sides.
    square.moveTo(round(square.left()), round(square.top()))
    return square
