"""A sheet of paper over the window: what lies beneath is dimmed until it is closed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget
from typing_extensions import override

from crm_desktop.views.kit.focus import KeyboardBefore
from crm_desktop.views.theme.theme import colour, theme

TOP = 92
_MARGIN, _GAP = 20, 12


class Sheet(QFrame):
    """Rounded paper."""

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        radius = theme().metrics.radius_large
        painter.setPen(colour("line2"))
        painter.setBrush(colour("pane"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), radius, radius)
        painter.end()


class Overlay(QWidget):
    """A child of the window over its whole content, with a sheet in it. Escape closes it.

    `page` is the layout of the sheet.
    """

    def __init__(self, parent: QWidget, *, width: int) -> None:
        super().__init__(parent)
        self._over = parent
        self._width = width
        self._keyboard = KeyboardBefore()
        self.sheet = Sheet(self)
        self.page = QVBoxLayout(self.sheet)
        self.page.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        self.page.setSpacing(_GAP)
        parent.installEventFilter(self)
        self.hide()

    def open_over(self) -> None:
        """Come to the front."""
        if not self.isVisible():
            self._keyboard.note(self)
        self.setGeometry(self._over.rect())
        self.show()
        self.raise_()
        self.fit()

    def close_over(self) -> None:
        """Go away; the keyboard goes back to where it was."""
        if not self.isVisible():
            return
        self.hide()
        self._keyboard.give_back()

    def fit(self) -> None:
        """As high as its content, in the middle of the window."""
        room = self.rect()
        width = min(self._width, room.width() - 2 * _MARGIN)
        wanted = max(self.page.heightForWidth(width), self.page.totalSizeHint().height())
        height = min(wanted, room.height() - 2 * _MARGIN)
        top = min(TOP, max((room.height() - height) // 2, _MARGIN))
        self.sheet.setGeometry(QRect((room.width() - width) // 2, top, width, height))

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._over and event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._over.rect())
            self.fit()
        return False

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_over()
            return
        super().keyPressEvent(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.sheet.geometry().contains(event.position().toPoint()):
            self.close_over()

    @override
    def focusNextPrevChild(self, next: bool) -> bool:  # Qt's own name
        """Tab stays on the sheet: what lies beneath cannot be seen well."""
        widgets = self.sheet.findChildren(QWidget)
        if not next:
            widgets.reverse()
        focused = self.window().focusWidget()
        at = widgets.index(focused) + 1 if focused in widgets else 0
        for widget in (*widgets[at:], *widgets[:at]):
            if _takes_tab(widget):
                reason = Qt.FocusReason.TabFocusReason
                widget.setFocus(reason if next else Qt.FocusReason.BacktabFocusReason)
                return True
        return False

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        scrim = QColor(theme().tokens.scrim)
        scrim.setAlphaF(theme().tokens.scrim_alpha)
        painter.fillRect(self.rect(), scrim)
        painter.end()


def _takes_tab(widget: QWidget) -> bool:
    is_ready = widget.isVisible() and widget.isEnabled() and widget.focusProxy() is None
    return is_ready and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
