"""A desk writes what was asked for on a page of the inbox, and tells when it is done."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from crm_core.errors import CrmError
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub


class Desk(QObject):
    """Parent: the pane. Signals: `written` when something was done; `said(words)` where it is not
    to be seen in the list; `failed(CrmError)`."""

    written = Signal()
    said = Signal(str)
    failed = Signal(object)

    def __init__(self, hub: DataHub, pane: QObject) -> None:
        super().__init__(pane)
        self._hub = hub

    def _write(self, job: Callable[[Store], Summary]) -> None:
        self._hub.write(job, owner=self, then=self._tell_written, failed=self._tell_failure)

    def _tell_written(self, _summary: Summary) -> None:
        self.written.emit()

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)
