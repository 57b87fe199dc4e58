"""The head of what is decided or looked at: its state in a line, its name, and what one can do."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crm_desktop.views.kit.delegates.grade import SIDE
from crm_desktop.views.theme.theme import theme

_TOP = 13


class DetailHead(QWidget):
    """As high as the list's head and tabs beside it, so that one line runs below both."""

    def __init__(
        self, line: Sequence[QWidget], title: QWidget, buttons: Sequence[QWidget], parent: QWidget
    ) -> None:
        super().__init__(parent)
        first = QHBoxLayout()
        first.setSpacing(6)
        first.addStrut(SIDE)
        for widget in line[:-1]:
            first.addWidget(widget)
        first.addWidget(line[-1], 1)
        names = QVBoxLayout()
        names.setSpacing(2)
        names.addLayout(first)
        names.addWidget(title)
        names.addStretch(1)
        margin = theme().metrics.margin
        whole = QHBoxLayout(self)
        whole.setContentsMargins(margin, _TOP, margin, 0)
        whole.setSpacing(8)
        whole.addLayout(names, 1)
        for button in buttons:
            whole.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self._fit()
        theme().changed.connect(self._fit)

    def _fit(self) -> None:
        metrics = theme().metrics
        self.setMinimumHeight(metrics.head + metrics.tabs - 1)
