"""A line that shows a day or a moment in words until somebody types in it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QLineEdit, QWidget
from typing_extensions import override


class DatedLine(QLineEdit):
    """A text that is easy to type, 2026-11-09, and reads "9 Nov 2026" while the keyboard is
    elsewhere. `say` gives the words for a text, `read` the text that words mean; both "" for
    what they do not understand, which stays as it is.
    """

    def __init__(
        self, say: Callable[[str], str], read: Callable[[str], str], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._say = say
        self._read = read
        self._plain = ""
        self._worded = ""

    def plain(self) -> str:
        """What was set or typed, never the words that stand for it."""
        text = self.text()
        return self._plain if text == self._worded else self._read(text) or text

    def set_plain(self, text: str) -> None:
        """Put a text in the place of what stands here."""
        self._plain = text
        self._worded = self._say(text) or text
        self.setText(text if self.hasFocus() else self._worded)

    @override
    def focusInEvent(self, arg__1: QFocusEvent) -> None:
        if self.text() == self._worded:
            self.setText(self._plain)
        super().focusInEvent(arg__1)

    @override
    def focusOutEvent(self, arg__1: QFocusEvent) -> None:
        super().focusOutEvent(arg__1)
        # A menu of the line itself takes the keyboard only for a moment.
        if arg__1.reason() != Qt.FocusReason.PopupFocusReason:
            self.set_plain(self.plain())
