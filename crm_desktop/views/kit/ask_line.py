"""A line that asks for one thing and takes it with Enter; Escape gives up."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget
from typing_extensions import override

Take = Callable[[str], None]


class AskLine(QLineEdit):
    """Hidden until something is asked. Signal: `edited` when `texts` has changed.

    `texts`: what was typed by the name of its question and neither taken nor given up.
    """

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._take: Take | None = None
        self._stays = False
        self._asked: tuple[str, str, Take, bool] | None = None
        self._name = ""
        self.texts: dict[str, str] = {}
        self.hide()
        self.returnPressed.connect(self._hand_over)
        self.textChanged.connect(self._note)

    def ask(self, name: str, what: str, take: Take, *, stays: bool = False) -> None:
        """Ask for something, with what was typed for it before; with `stays` the line asks again
        after each answer."""
        self._name, self._take, self._stays = name, take, stays
        self._asked = name, what, take, stays
        self.setPlaceholderText(what)
        self.setAccessibleName(what)
        self.setText(self.texts.get(name, ""))
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def turn(self) -> None:
        """Something else is shown, of which nothing was asked."""
        self._name, self._take, self._asked = "", None, None
        self.texts = {}
        self.clear()
        self.hide()

    def ask_again(self, typed: str) -> bool:
        """Ask once more for what was asked last, with words that were not taken; False where
        something else is being typed."""
        if self._asked is None or self.text().strip():
            return False
        name, what, take, stays = self._asked
        self.ask(name, what, take, stays=stays)
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

    def _note(self, text: str) -> None:
        if self._name and text != self.texts.get(self._name, ""):
            self.texts[self._name] = text
            if not text:
                del self.texts[self._name]
            self.edited.emit()

    def give_up(self) -> None:
        """Ask no longer."""
        self.clear()
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
