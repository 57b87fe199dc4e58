"""What the parts of a plan's page are laid out with."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from crm_desktop.views.kit.elided import Elided
from crm_desktop.views.theme.theme import theme


def padded(parent: QWidget, title: QWidget, content: QWidget) -> QWidget:
    """A title over what takes the room that is left."""
    part = QWidget(parent)
    layout = QVBoxLayout(part)
    margin = theme().metrics.margin
    layout.setContentsMargins(margin, 0, margin, 6)
    layout.setSpacing(4)
    layout.addWidget(title)
    layout.addWidget(content, 1)
    return part


def titled(parent: QWidget, words: str, note: str, count: QLabel | None = None) -> QWidget:
    """A title, with a count or a note behind it."""
    head = QWidget(parent)
    head.setFixedHeight(34)
    row = QHBoxLayout(head)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    title = label(head, "section")
    title.setText(words)
    row.addWidget(title)
    if count is not None:
        row.addWidget(count)
    if note:
        beside = Elided(head)
        beside.setText(note)
        beside.setProperty("role", "small")
        beside.setProperty("tone", "ink3")
        row.addWidget(beside, 1)
    else:
        row.addStretch(1)
    return head


def label(parent: QWidget, role: str, *, tone: str = "") -> QLabel:
    """One line in a role of the style sheet."""
    made = QLabel(parent)
    made.setTextFormat(Qt.TextFormat.PlainText)
    for name, value in (("role", role), ("tone", tone)):
        if value:
            made.setProperty(name, value)
    return made
