"""What a pane may show of a chosen record before its form."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from crm_desktop.models.replica import Summary


class Card(QWidget):
    """A record told at a glance, in the inspector. Signal: `edit_asked` for its form."""

    edit_asked = Signal()

    def show_record(self, record_id: str) -> None:
        """Show a record; "" for none."""
        raise NotImplementedError

    def take_summary(self, summary: Summary) -> None:
        """Refresh what a change touches."""
        raise NotImplementedError
