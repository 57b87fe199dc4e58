"""Taking out of a layout what is not shown any more."""

from __future__ import annotations

from PySide6.QtWidgets import QLayout, QWidget


def let_go(widget: QWidget, layout: QLayout) -> None:
    """Take a widget out of its layout and out of sight at once; it is deleted behind that."""
    layout.removeWidget(widget)
    widget.hide()
    widget.deleteLater()
