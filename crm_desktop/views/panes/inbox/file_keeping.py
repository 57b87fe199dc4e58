"""The content of a file whose record the server did not take: it lies here, and can be had."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from crm_desktop.models.attaching import own_file
from crm_desktop.models.inbox import StuckRow
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.file_acts import FileActs
from crm_desktop.views.panes.inbox.stuck import StuckView


class FileKeeping(QObject):
    """Saves such a file where its owner says. Parent: the pane. Signal: `said(words)`
    for what was done, or why not."""

    said = Signal(str)

    def __init__(self, hub: DataHub, stuck: StuckView, parent: QWidget) -> None:
        super().__init__(parent)
        self.acts: FileActs | None = None
        if hub.files is not None:
            self.acts = FileActs(hub, hub.files, parent)
            self.acts.failed.connect(self.said)
            self.acts.said.connect(self.said)
            stuck.file_asked.connect(self._save)

    def _save(self, row: StuckRow) -> None:
        if self.acts is not None:
            self.acts.ask_save(own_file(row.record, row.mine))
