"""What a list says of itself: why it is empty, and that the record shown is not in it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crm_desktop.i18n import tr
from crm_desktop.views.kit.buttons import flat, normal
from crm_desktop.views.kit.text import plain_label, text_of
from crm_desktop.views.theme.theme import theme


class EmptyList(QWidget):
    """Why nothing is listed, and the way back where a filter is the reason."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._words = plain_label(self)
        self._words.setProperty("tone", "ink2")
        self.clear = normal(tr("Clear filter"), self)
        layout = QVBoxLayout(self)
        margin = theme().metrics.margin
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.addWidget(self._words)
        layout.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addStretch(1)

    @property
    def words(self) -> str:
        """Why nothing is listed; "": nothing is said of it."""
        return self._words.text()

    def say(self, words: str, *, offer: bool) -> None:
        """Say why; `offer` to clear the filter."""
        self._words.setText(words)
        self.clear.setVisible(offer)


class MissedRecord(QWidget):
    """That the record shown is not among the rows, and the way to it where a filter hides it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._words = text_of("small", self)
        self.clear = flat(tr("Clear filter"), self)
        layout = QHBoxLayout(self)
        margin = theme().metrics.margin
        layout.setContentsMargins(margin, 2, margin, 2)
        layout.addWidget(self._words, 1)
        layout.addWidget(self.clear)
        self.hide()

    def say(self, *, is_whole: bool) -> None:
        """Say so; nothing can be cleared where the list is whole."""
        self._words.setText(
            tr("The record shown is not in this list.")
            if is_whole
            else tr("The record shown is not in this view.")
        )
        self.clear.setHidden(is_whole)
        self.show()
