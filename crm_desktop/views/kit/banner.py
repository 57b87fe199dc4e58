"""A sentence with a way out, above what it is about; never a dialog."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.theme.theme import colour

SHOWN_MS = 8000
"""How long good news stays."""


class Banner(QFrame):
    """One line of words, with a button where there is something to do. Signal: `acted`."""

    acted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAutoFillBackground(True)
        self._words = QLabel(self)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._button = QPushButton(self)
        self._button.clicked.connect(self._tell_acted)
        self._button.hide()
        self._progress = QProgressBar(self)
        self._progress.setFixedWidth(160)
        self._progress.setTextVisible(False)
        self._close = QToolButton(self)
        self._close.setText("✕")
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(tr("Close"))
        self._close.setToolTip(tr("Close"))
        self._close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.addWidget(self._words)
        layout.addWidget(self._progress)
        layout.addWidget(self._button)
        layout.addWidget(self._close)
        self._timer = QTimer(self, singleShot=True, interval=SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def say(self, text: str, *, action: str = "", passing: bool = False) -> None:
        """Show a sentence; `action` names the button; a `passing` one goes away by itself."""
        self._progress.hide()
        self._show(text, action)
        if passing:
            self._timer.start()

    def say_progress(self, text: str, done: int, total: int, *, action: str = "") -> None:
        """Show how far something long has come; `total` 0: not known."""
        self._progress.setRange(0, total)
        self._progress.setValue(done)
        self._progress.show()
        self._show(text, action)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """One line below it, as between all that lies one above the other."""
        super().paintEvent(event)
        QPainter(self).fillRect(0, self.height() - 1, self.width(), 1, colour("line"))

    @property
    def text(self) -> str:
        """What it says."""
        return self._words.text()

    def _show(self, text: str, action: str) -> None:
        self._timer.stop()
        self._words.setText(text)
        self._button.setText(action)
        self._button.setVisible(bool(action))
        self.setAccessibleName(text)
        self.show()

    def _tell_acted(self) -> None:
        self.acted.emit()
