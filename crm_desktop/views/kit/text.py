"""Headings and captions: type that carries the hierarchy, sized from the system's font."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

_HEADING = 1.3
_CAPTION = 0.9


def plain_label(parent: QWidget, text: str = "") -> QLabel:
    """A label that shows its text as it is and wraps it."""
    label = QLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def heading(parent: QWidget, text: str = "") -> QLabel:
    """The title of a pane or a record."""
    label = plain_label(parent, text)
    label.setFont(_scaled(label.font(), _HEADING, bold=True))
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def section(parent: QWidget, text: str = "") -> QLabel:
    """The title above a group of rows."""
    label = plain_label(parent, text)
    label.setFont(_scaled(label.font(), 1.0, bold=True))
    return label


def caption(parent: QWidget, text: str = "") -> QLabel:
    """Small secondary text."""
    label = plain_label(parent, text)
    label.setFont(_scaled(label.font(), _CAPTION, bold=False))
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label


def bold(font: QFont) -> QFont:
    """The same font, bold."""
    return _scaled(font, 1.0, bold=True)


def _scaled(font: QFont, factor: float, *, bold: bool) -> QFont:
    made = QFont(font)
    if font.pixelSize() > 0:
        made.setPixelSize(round(font.pixelSize() * factor))
    else:
        made.setPointSizeF(font.pointSizeF() * factor)
    made.setBold(bold)
    return made
