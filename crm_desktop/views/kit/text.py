"""Headings and captions: type that carries the hierarchy, sized and weighed by the style sheet."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget


def plain_label(parent: QWidget, text: str = "") -> QLabel:
    """A label that shows its text as it is and wraps it."""
    label = QLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    return label


def text_of(role: str, parent: QWidget, text: str = "", *, tone: str = "") -> QLabel:
    """A label in one of the look's roles (page, record, chart, section, name, small, caption)."""
    label = plain_label(parent, text)
    label.setProperty("role", role)
    if tone:
        label.setProperty("tone", tone)
    return label


def set_tone(label: QLabel, tone: str) -> None:
    """Give words another colour: a token of the style sheet's tones, "" for the role's own."""
    label.setProperty("tone", tone)
    label.style().unpolish(label)
    label.style().polish(label)


def heading(parent: QWidget, text: str = "") -> QLabel:
    """The title of a record."""
    label = text_of("record", parent, text)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def section(parent: QWidget, text: str = "") -> QLabel:
    """The title above a group of rows."""
    return text_of("section", parent, text)


def caption(parent: QWidget, text: str = "") -> QLabel:
    """Small secondary text."""
    return text_of("caption", parent, text)


def bold(font: QFont) -> QFont:
    """The same font, as heavy as a section's title."""
    made = QFont(font)
    made.setWeight(QFont.Weight.DemiBold)
    return made
