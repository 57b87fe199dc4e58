"""What is done about a person: a file with what is held of him, or the sheet that erases him."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from crm_core.errors import CrmError, Unavailable
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr, tr_n
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.privacy import Lacking
from crm_desktop.views.kit.person_menu import COPY, ERASE
from crm_desktop.views.kit.words import sentences
from crm_desktop.views.shell.erase_sheet import EraseSheet

_NO_SERVER = tr_noop("There is no server here that could do this.")


class PersonActs(QWidget):
    """Signals: `said(words)`; `failed(CrmError)`; `sync_asked`. Parent: the shell."""

    said = Signal(str)
    failed = Signal(object)
    sync_asked = Signal()

    def __init__(self, hub: DataHub, parent: QWidget) -> None:
        super().__init__(parent)
        self._hub = hub
        self.sheet = EraseSheet(hub, parent)
        self.sheet.erased.connect(self._tell_erased)
        self.hide()

    def begin(self, kind: str, record_id: str, act: str) -> None:
        """Ask what has to be known before the act."""
        if act == COPY:
            QGuiApplication.clipboard().setText(record_id)
            self.said.emit(tr("Copied: {text}", text=record_id))
        elif self._hub.privacy is None:
            self.failed.emit(Unavailable(_NO_SERVER))
        elif act == ERASE:
            self.sheet.open(kind, record_id)
        else:
            self._choose_file(kind, record_id)

    def export_to(self, kind: str, record_id: str, path: Path) -> None:
        """Write what is held of a person into a file."""
        desk = self._hub.privacy
        assert desk is not None
        self.said.emit(tr("Asking the server for what it holds…"))
        desk.export(
            kind, record_id, path, partial(self._tell_written, path), owner=self,
            failed=self._tell_failure,
        )  # fmt: skip

    def _choose_file(self, kind: str, record_id: str) -> None:
        folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        name = str(Path(folder) / f"{kind}-{record_id[:8]}.zip")
        dialog = QFileDialog(self.parentWidget(), tr("Export personal data"), name)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter(tr("ZIP archives (*.zip)"))
        dialog.setDefaultSuffix("zip")
        dialog.fileSelected.connect(partial(self._take_path, kind, record_id))
        dialog.open()

    def _take_path(self, kind: str, record_id: str, path: str) -> None:
        self.export_to(kind, record_id, Path(path))

    def _tell_written(self, path: Path, lacking: Lacking) -> None:
        said = [tr("Written to {path}.", path=str(path))]
        if lacking.withheld:
            said.append(tr("Fields that are withheld from your role are not in it."))
        if lacking.left_out:
            hidden = tr_n(
                "{n} record out of your sight is not in it: IT writes all of it with "
                "`crm-server export-person`.",
                "{n} records out of your sight are not in it: IT writes all of it with "
                "`crm-server export-person`.",
                lacking.left_out,
            )
            said.append(hidden)
        self.said.emit(sentences(*said))

    def _tell_erased(self, words: str) -> None:
        self.said.emit(words)
        self.sync_asked.emit()

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)
