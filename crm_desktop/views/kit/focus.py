"""The ring around what has the keyboard, for widgets that paint themselves."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QWidget

from crm_desktop.views.theme.theme import colour, theme


def shows_focus(widget: QWidget) -> bool:
    """Whether a widget has the keyboard and a person is using it: no ring after a click."""
    by_keyboard = widget.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
    return widget.hasFocus() and by_keyboard


def holds_keyboard(widget: QWidget) -> bool:
    """Whether the keyboard is at a widget or at something in it."""
    found = widget.window().focusWidget()
    # The stub does not know that there may be none.
    return isinstance(found, QWidget) and (found is widget or widget.isAncestorOf(found))  # pyright: ignore[reportUnnecessaryIsInstance]


def paint_ring(painter: QPainter, rect: QRect, radius: int = 0) -> None:
    """Draw the ring inside a rectangle."""
    width = theme().metrics.ring
    half = width // 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour("accent"), width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect.adjusted(half, half, -half, -half), radius, radius)
    painter.restore()
