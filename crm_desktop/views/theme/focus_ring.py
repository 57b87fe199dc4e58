"""The keyboard's ring: two pixels of accent, one off the control that has the focus.

A control cannot paint outside itself, so the ring is a widget of its own that lies over what the
control stands in and follows it. A widget may say `ring` = "none" where it shows its focus itself.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QRadioButton,
    QTextEdit,
    QWidget,
)
from shiboken6 import isValid
from typing_extensions import override

from crm_desktop.views.theme.theme import theme

OFF = 1
"""Between the control's edge and the ring."""

_TYPED_IN = (QLineEdit, QComboBox, QAbstractSpinBox, QPlainTextEdit, QTextEdit)
_FOLLOWED = (
    QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide,
    QEvent.Type.EnabledChange,
)  # fmt: skip


class FocusRing(QObject):
    """Gives the control with the focus its ring. Parent: the application."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._ring: Ring | None = None
        application.focusChanged.connect(self._follow)
        # The focus also goes when Qt is taken down after Python, which then cannot answer.
        atexit.register(self._let_go)

    @property
    def ring(self) -> Ring | None:
        """The ring that is shown, if one is. It may have died with what it lay in."""
        return self._ring if self._ring is not None and isValid(self._ring) else None

    def _follow(self, _old: QWidget | None, new: QWidget | None) -> None:
        if (ring := self.ring) is not None:
            ring.let_go()
            ring.deleteLater()
        self._ring = Ring(new, host_of(new)) if new is not None and wants_ring(new) else None

    def _let_go(self) -> None:
        if isValid(self) and isValid(self._application):
            self._application.focusChanged.disconnect(self._follow)
        if (ring := self.ring) is not None:
            ring.let_go()


def wants_ring(widget: QWidget) -> bool:
    """What is typed into always shows where the letters go; a button only to the keyboard."""
    if widget.property("ring") == "none" or widget.isWindow():
        return False
    if isinstance(widget, _TYPED_IN):
        return True
    by_keyboard = widget.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
    return isinstance(widget, QAbstractButton) and by_keyboard


def host_of(widget: QWidget) -> QWidget:
    """What a ring lies in: the content of the nearest scrolled area, else the window."""
    host = widget.parentWidget() or widget
    while not host.isWindow() and not _is_viewport(host):
        above = host.parentWidget()
        if above is None or _is_viewport(above):
            break
        host = above
    return host


class Ring(QWidget):
    """The ring around one control. Parent: what it lies in."""

    def __init__(self, target: QWidget, host: QWidget) -> None:
        super().__init__(host)
        self._target, self._host = target, host
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._followed = list(_between(target, host))
        for widget in self._followed:
            widget.installEventFilter(self)
        self._place()

    def let_go(self) -> None:
        """Follow the control no longer, and be seen no longer. What was followed may be dead."""
        self.hide()
        for widget in filter(isValid, self._followed):
            widget.removeEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _FOLLOWED and isValid(self._target) and isValid(self._host):
            self._place()
        return False

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        width = theme().metrics.ring
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme().tokens.accent), width))
        half = width / 2
        radius = self._radius()
        painter.drawRoundedRect(
            QRectF(self.rect()).adjusted(half, half, -half, -half), radius, radius
        )

    def _place(self) -> None:
        target = self._target
        self.setVisible(target.isVisibleTo(self._host))
        around = OFF + theme().metrics.ring
        area = QRect(target.mapTo(self._host, target.rect().topLeft()), target.size())
        self.setGeometry(area.adjusted(-around, -around, around, around))
        self.raise_()

    def _radius(self) -> float:
        target, metrics = self._target, theme().metrics
        if isinstance(target, QCheckBox | QRadioButton):
            return metrics.radius_small
        if target.property("shape") == "round":
            return self.height() / 2 - OFF
        return metrics.radius + OFF


def _between(target: QWidget, host: QWidget) -> Iterator[QWidget]:
    """The control and all it stands in, up to what the ring lies in."""
    widget: QWidget | None = target
    while widget is not None and widget is not host:
        yield widget
        widget = widget.parentWidget()


def _is_viewport(widget: QWidget) -> bool:
    area = widget.parentWidget()
    return isinstance(area, QAbstractScrollArea) and area.viewport() is widget
