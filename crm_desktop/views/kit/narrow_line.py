"""A line in which one types to narrow a list of words: by a part of them, by pinyin or initials."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget
from typing_extensions import override

from crm_desktop.i18n import tr

_TO_THE_LIST = (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp)


class NarrowLine(QLineEdit):
    """Signal: `stepped(event)` for a key that belongs to the list below."""

    stepped = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setPlaceholderText(tr("Type to narrow"))
        self.setAccessibleName(tr("Type to narrow"))
        self.setClearButtonEnabled(True)

    def fits(self, words: str) -> bool:
        """Whether what was typed is meant by these words; nothing typed is meant by all."""
        typed = self.text().strip()
        if not typed:
            return True
        from crm_desktop.models.spotting import spot  # with its tables of pinyin

        return bool(spot(words, typed).stretches)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if Qt.Key(event.key()) in _TO_THE_LIST and not event.modifiers():
            self.stepped.emit(event)
            return
        super().keyPressEvent(event)
