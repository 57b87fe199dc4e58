"""The undo bar: at the foot of the pane, for eight seconds, what was done and the way back."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTextEdit,
    QWidget,
)
from typing_extensions import override

from crm_desktop.i18n import tr
from crm_desktop.views.theme.theme import theme

SHOWN_MS = 8000
"""How long it stays; Ctrl+Z works for ever."""

_FOLLOWS_MS = 100
"""So soon it makes way for a line that gets the keyboard meanwhile."""

_HEIGHT = 34
_GAP = 4
_LINES = (QLineEdit, QTextEdit, QPlainTextEdit)


class UndoBar(QFrame):
    """Lies over the foot of its parent, or above the line there that is typed into. Signals:
    `undone` when Undo was pressed, `closed`."""

    undone = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._under = parent
        self.setObjectName("undo_bar")
        self.setProperty("role", "undo_bar")
        self._words = QLabel(self)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._button = QPushButton(tr("Undo"), self)
        self._button.setProperty("role", "undo")
        self._button.setAccessibleName(tr("Undo"))
        self._button.setToolTip("Ctrl+Z")
        # The bar goes when it is pressed: a click leaves the keyboard where it was.
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(self._tell_undone)
        row = QHBoxLayout(self)
        row.setContentsMargins(13, 0, 9, 0)
        row.setSpacing(12)
        row.addWidget(self._words)
        row.addWidget(self._button)
        self._timer = QTimer(self, singleShot=True, interval=SHOWN_MS)
        self._timer.timeout.connect(self._close)
        self._following = QTimer(self, interval=_FOLLOWS_MS)
        self._following.timeout.connect(self._place)
        parent.installEventFilter(self)
        self.hide()

    def offer(self, text: str, *, undoable: bool = True) -> None:
        """Say what was done, and offer to take it back."""
        self._words.setText(text)
        self._button.setVisible(undoable)
        self.setAccessibleName(text)
        self._timer.start()
        self._following.start()
        self.show()
        self.raise_()
        self._place()

    def withdraw(self) -> None:
        """What was said cannot be taken back after all: only the words stay."""
        self._button.hide()
        self._place()

    @property
    def text(self) -> str:
        """What it says."""
        return self._words.text()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._place()
        return False

    def _place(self) -> None:
        parent = self._under
        margin = theme().metrics.margin
        width = min(self.sizeHint().width(), parent.width() - 2 * margin)
        left = parent.width() - margin - width if self.isRightToLeft() else margin
        foot = QRect(left, parent.height() - margin - _HEIGHT, width, _HEIGHT)
        line = QApplication.focusWidget()
        if isinstance(line, _LINES) and parent.isAncestorOf(line):
            typed = QRect(line.mapTo(parent, QPoint()), line.size())
            if foot.intersects(typed):
                foot.moveTop(max(typed.top() - _GAP - _HEIGHT, margin))
        self.setGeometry(foot)

    def _tell_undone(self) -> None:
        self._close()
        self.undone.emit()

    def _close(self) -> None:
        self._timer.stop()
        self._following.stop()
        self.hide()
        self.closed.emit()
