"""How a chart came about, in words, where its picture stands otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from crm_desktop.i18n import tr

if TYPE_CHECKING:
    from crm_desktop.insight.phrases import Told

_BETWEEN = 10


class Reasons(QScrollArea):
    """Headings and what is told below each. Parent: the card. Signal: `left` by Esc."""

    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(tr("Explain"))
        back = QShortcut(QKeySequence(Qt.Key.Key_Escape), self)
        back.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        back.activated.connect(self._leave)

    def tell(self, title: str, parts: Sequence[Told]) -> None:
        """Show what is told of the chart with this title."""
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for part in parts:
            column.addWidget(_label(part.heading, page, "role", "section"))
            column.addWidget(_label(part.words, page, "tone", "ink2"))
            column.addSpacing(_BETWEEN)
        column.addStretch(1)
        self.setWidget(page)
        self.setAccessibleDescription("\n".join(part.words for part in parts))
        self.setAccessibleName(f"{title}: {tr('Explain')}")

    def _leave(self) -> None:
        self.left.emit()


def _label(words: str, parent: QWidget, name: str, worn: str) -> QLabel:
    made = QLabel(words, parent)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    made.setWordWrap(True)
    made.setProperty(name, worn)
    return made
