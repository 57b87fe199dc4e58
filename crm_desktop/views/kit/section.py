"""A section of a card or a page: a hairline, a bold word, rows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from crm_desktop.views.kit.buttons import link
from crm_desktop.views.kit.gone import let_go
from crm_desktop.views.kit.line import Line, LineButton
from crm_desktop.views.kit.text import text_of

MARGIN = 16
"""Of the inspector."""


def one_line(role: str, parent: QWidget, text: str = "", tone: str = "") -> QLabel:
    """A label that does not wrap."""
    made = text_of(role, parent, text, tone=tone)
    made.setWordWrap(False)
    return made


class Section(QFrame):
    """A hairline, a bold word with a faint one, then rows.

    Signals: `opened(kind, id)`; `asked` for the link at the right. `margin`: of the pane it is in;
    `is_ruled`: whether a hairline stands above it.
    """

    opened = Signal(str, str)
    asked = Signal()

    def __init__(
        self,
        title: str,
        parent: QWidget,
        link_words: str = "",
        *,
        margin: int = MARGIN,
        is_ruled: bool = True,
    ) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        rule = QFrame(self)
        rule.setProperty("role", "hairline")
        rule.setVisible(is_ruled)
        column.addWidget(rule)
        self.inside = QVBoxLayout()
        self.inside.setContentsMargins(margin, 8, margin, 10)
        self.inside.setSpacing(0)
        column.addLayout(self.inside)
        self.note = one_line("small", self, tone="ink3")
        self.link = link(link_words, self)
        self.link.clicked.connect(self._ask)
        self.link.setVisible(bool(link_words))
        self.head = QHBoxLayout()
        self.head.setSpacing(6)
        self.head.addWidget(one_line("section", self, title))
        self.head.addWidget(self.note)
        self.head.addStretch(1)
        self.head.addWidget(self.link)
        if title:
            self.inside.addLayout(self.head)
        self._rows: list[QWidget] = []

    def set_rows(self, rows: Sequence[QWidget]) -> None:
        """Show these rows instead of those that are there."""
        for old in self._rows:
            let_go(old, self.inside)
        self._rows = list(rows)
        for row in rows:
            self.inside.addWidget(row)
            row.show()

    def line(self, line: Line, kind: str, record_id: str) -> LineButton:
        """A row that leads to a record."""
        made = LineButton(line, self)
        made.clicked.connect(partial(self._open, kind, record_id))
        return made

    def _open(self, kind: str, record_id: str) -> None:
        self.opened.emit(kind, record_id)

    def _ask(self) -> None:
        self.asked.emit()
