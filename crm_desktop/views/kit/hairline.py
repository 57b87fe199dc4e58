"""The thin line between two parts; the style sheet draws it."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QWidget


def hairline(parent: QWidget, *, down: bool = False) -> QFrame:
    """A line across, or down."""
    line = QFrame(parent)
    line.setProperty("role", "hairline_down" if down else "hairline")
    return line
