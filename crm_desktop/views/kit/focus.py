"""The keyboard: a ring around what has it, for widgets that paint themselves, and its way back."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QWidget
from shiboken6 import Shiboken

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


class KeyboardBefore:
    """Where the keyboard was before something came to the front."""

    def __init__(self) -> None:
        self._was: QWidget | None = None

    def note(self, widget: QWidget) -> None:
        """See where it is in the window of a widget."""
        self._was = widget.window().focusWidget()

    def give_back(self) -> None:
        """Let it go back there once, if that is still there."""
        was, self._was = self._was, None
        if was is not None and Shiboken.isValid(was):
            was.setFocus(Qt.FocusReason.OtherFocusReason)


class Typing:
    """Where somebody types, to go on there in the editors that take the place of these."""

    def __init__(self, editors: Mapping[Hashable, QWidget]) -> None:
        self._at = next((x for x, widget in editors.items() if holds_keyboard(widget)), None)
        self._caret = 0
        if self._at is not None:
            line = _typed_in(editors[self._at])
            if isinstance(line, QLineEdit):
                self._caret = line.cursorPosition()
            elif isinstance(line, QPlainTextEdit):
                self._caret = line.textCursor().position()

    def go_on(self, editors: Mapping[Hashable, QWidget]) -> None:
        """Give the keyboard to the editor of the same name; the words stand there already."""
        if self._at is None or self._at not in editors:
            return
        line = _typed_in(editors[self._at])
        line.setFocus(Qt.FocusReason.OtherFocusReason)
        if isinstance(line, QLineEdit):
            line.setCursorPosition(self._caret)
        elif isinstance(line, QPlainTextEdit):
            cursor = line.textCursor()
            cursor.setPosition(min(self._caret, len(line.toPlainText())))
            line.setTextCursor(cursor)


def _typed_in(editor: QWidget) -> QWidget:
    return editor.focusProxy() or editor


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
