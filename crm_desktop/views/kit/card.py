"""What a pane may show of a chosen record before its form."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtWidgets import QWidget

from crm_desktop.models.replica import Summary


class Card(Protocol):
    """A record told at a glance, in the inspector."""

    @property
    def widget(self) -> QWidget:
        """What is put into the inspector."""
        ...

    def show_record(self, record_id: str) -> None:
        """Show a record; "" for none."""
        ...

    def take_summary(self, summary: Summary) -> None:
        """Refresh what a change touches."""
        ...
