"""The head of a pane: its title, a note beside it, and at the far end what one can do here."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from crm_desktop.views.theme.theme import theme

_GAP = 10


class PageHead(QWidget):
    """One line above a pane. Buttons are added from left to right; the primary one comes last."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = _label("page", self, title)
        self._note = _label("small", self)
        self._note.setProperty("tone", "ink3")
        self._note.hide()
        self._layout = QHBoxLayout(self)
        margin = theme().metrics.margin
        self._layout.setContentsMargins(margin, 0, margin, 0)
        self._layout.setSpacing(_GAP)
        self._layout.addWidget(self._title)
        self._layout.addWidget(self._note)
        self._layout.addStretch(1)
        self.setAccessibleName(title)
        self._fit()
        theme().changed.connect(self._fit)

    def set_title(self, title: str) -> None:
        """Say what the pane is."""
        self._title.setText(title)
        self.setAccessibleName(title)

    def set_note(self, text: str) -> None:
        """Say something small beside the title; "" takes it away."""
        self._note.setText(text)
        self._note.setVisible(bool(text))

    def add(self, widget: QWidget) -> None:
        """Put a widget at the far end, after those that are there."""
        self._layout.addWidget(widget)

    @property
    def title(self) -> str:
        """The title that is shown."""
        return self._title.text()

    @property
    def note(self) -> str:
        """The note that is shown, or ""."""
        return self._note.text()

    def _fit(self) -> None:
        self.setFixedHeight(theme().metrics.head)


def _label(role: str, parent: QWidget, text: str = "") -> QLabel:
    label = QLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setProperty("role", role)
    return label
