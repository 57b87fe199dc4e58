"""Filter chips: a field, its value in bold, and a × that takes the filter away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.kit.delegates.shapes import centred, smooth, split, split_end, write
from crm_desktop.views.kit.flow import FlowLayout
from crm_desktop.views.kit.gone import let_go
from crm_desktop.views.theme import fonts
from crm_desktop.views.theme.icons import paint_icon
from crm_desktop.views.theme.theme import theme

_PADDING, _GAP, _ICON = 9, 5, 12


class Chip(QAbstractButton):
    """One filter. Signals: `clicked` on its words (offer other values), `removed` on its ×.

    Without a value it is a plain chip with an edge, such as "+ Filter"; then `icon` may lead it.
    """

    removed = Signal()

    def __init__(
        self,
        field: str,
        value: str = "",
        parent: QWidget | None = None,
        *,
        icon: str = "",
        removable: bool = True,
    ) -> None:
        super().__init__(parent)
        self._value, self._icon = value, icon
        self._removable = removable and bool(value)
        self.setText(field)
        self.setProperty("shape", "round")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._speak()

    def set_value(self, value: str) -> None:
        """Show another value."""
        self._value = value
        self._speak()
        self.updateGeometry()
        self.update()

    @property
    def value(self) -> str:
        """The value that is shown."""
        return self._value

    @property
    def cross(self) -> QRect:
        """Where the × is; empty where there is none."""
        if not self._removable:
            return QRect()
        width = _ICON + _PADDING
        left = 0 if self.isRightToLeft() else self.width() - width
        return QRect(left, 0, width, self.height())

    @override
    def sizeHint(self) -> QSize:
        width = fonts.metrics("small").horizontalAdvance(self.text())
        if self._value:
            width += _GAP + fonts.metrics("small_strong").horizontalAdvance(self._value)
        width += (_ICON + _GAP) * (bool(self._icon) + self._removable)
        return QSize(width + 2 * _PADDING + 1, theme().metrics.chip)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter, worn = QPainter(self), theme().tokens
        self._paint_ground(painter)
        area = self.rect().adjusted(_PADDING, 0, -_PADDING, 0)
        if self._removable:
            area, place = split_end(painter, area, _ICON, _GAP)
            paint_icon(painter, centred(place, _ICON), "close", "ink3")
        if self._icon:
            lead, area = split(painter, area, _ICON, _GAP)
            paint_icon(painter, centred(lead, _ICON), self._icon, "ink3")
        colour = worn.ink if self._value else worn.ink2
        took = write(painter, area, self.text(), "small", colour)
        if self._value:
            write(painter, split(painter, area, took, _GAP)[1], self._value, "small_strong", colour)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.isDown() and self.cross.contains(event.position().toPoint()):
            self.setDown(False)
            self.removed.emit()
            return
        super().mouseReleaseEvent(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._removable and event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
            return
        super().keyPressEvent(event)

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and self._removable:
            self.setToolTip(tr("Remove this filter (Delete)"))
        return super().event(event)

    def _paint_ground(self, painter: QPainter) -> None:
        worn, half = theme().tokens, self.height() / 2
        with smooth(painter):
            if self._value:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(worn.selection))
            else:
                painter.setPen(QPen(QColor(worn.line2)))
                painter.setBrush(QColor(worn.hover if self.underMouse() else worn.pane))
            area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            painter.drawRoundedRect(area, half - 0.5, half - 0.5)

    def _speak(self) -> None:
        spoken = f"{self.text()}: {self._value}" if self._value else self.text()
        self.setAccessibleName(spoken)
        self.setToolTip("")


class ChipRow(QWidget):
    """The line of chips over a list, with room at its end for the list's own buttons.

    Signal: `adding` for "+ Filter".
    """

    adding = Signal()

    def __init__(self, parent: QWidget | None = None, *, add_words: str = "") -> None:
        super().__init__(parent)
        self._chips: list[Chip] = []
        flow = QWidget(self)
        self._flow = FlowLayout(flow)
        self._add = Chip(add_words, parent=flow, icon="plus")
        self._add.clicked.connect(self._tell_adding)
        self._add.setVisible(bool(add_words))
        self._flow.addWidget(self._add)
        self._line = QHBoxLayout(self)
        margin = theme().metrics.margin
        edge = (theme().metrics.chips - theme().metrics.chip) // 2
        self._line.setContentsMargins(margin, edge, margin, edge)
        self._line.setSpacing(4)
        self._line.addWidget(flow, 1)

    def add(self, chip: Chip) -> None:
        """Show one more chip, before "+ Filter"; the row owns it."""
        self._flow.insert_widget(len(self._chips), chip)
        self._chips.append(chip)
        chip.show()

    def clear(self) -> None:
        """Take all chips away."""
        for chip in self._chips:
            let_go(chip, self._flow)
        self._chips.clear()

    def add_end(self, widget: QWidget) -> None:
        """Put a widget at the far end."""
        self._line.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)

    @property
    def chips(self) -> tuple[Chip, ...]:
        """The chips in their order."""
        return tuple(self._chips)

    @property
    def add_chip(self) -> Chip:
        """The chip that asks for one more."""
        return self._add

    def _tell_adding(self) -> None:
        self.adding.emit()
