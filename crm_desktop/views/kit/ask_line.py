"""A line that asks for one thing and takes it with Enter; Escape gives up."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget
from typing_extensions import override

Take = Callable[[str], None]


class AskLine(QLineEdit):
    """Hidden until something is asked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._take: Take | None = None
        self._stays = False
        self._asked: tuple[str, Take, bool] | None = None
        self.hide()
        self.returnPressed.connect(self._hand_over)

    def ask(self, what: str, take: Take, *, stays: bool = False) -> None:
        """Ask for something; with `stays` the line asks again after each answer."""
        self._take, self._stays = take, stays
        self._asked = what, take, stays
        self.setPlaceholderText(what)
        self.setAccessibleName(what)
        self.clear()
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def ask_again(self, typed: str) -> bool:
        """Ask once more for what was asked last, with words that were not taken; False where
        something else is being typed."""
        if self._asked is None or self.text().strip():
            return False
        what, take, stays = self._asked
        self.ask(what, take, stays=stays)
        self.setText(typed)
        return True

    def _hand_over(self) -> None:
        text, take = self.text().strip(), self._take
        if not text or take is None:
            return
        self.clear()
        if not self._stays:
            self.give_up()
        take(text)

    def give_up(self) -> None:
        """Ask no longer."""
        self._take = None
        self.hide()
        parent = self.parentWidget()
        if parent is not None:
            parent.setFocus(Qt.FocusReason.OtherFocusReason)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.give_up()
            return
        super().keyPressEvent(event)
