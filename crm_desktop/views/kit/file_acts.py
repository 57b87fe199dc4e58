"""What can be done with one attached file: looked at, opened, saved, fetched, taken off."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QImage
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from crm_core.changes import Change, Op
from crm_core.errors import CrmError
from crm_core.files import is_picture, may_be_opened
from crm_desktop.i18n import tr, words
from crm_desktop.models.attaching import AttachedFile
from crm_desktop.models.file_states import FileState
from crm_desktop.runtime.files import FileDesk
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.pictures import CONTENT_BYTES_MAX, shrunk
from crm_desktop.views.kit.preview import ROOM, Preview


class FileActs(QObject):
    """Acts on the files of a page; `draft`: the key of the form that is not saved yet, if it is
    one. Parent: the page. Signals: `failed(words)`; `said(words)` for what was done."""

    failed = Signal(str)
    said = Signal(str)

    def __init__(self, hub: DataHub, desk: FileDesk, page: QWidget) -> None:
        super().__init__(page)
        self._hub, self._desk, self._page = hub, desk, page
        self._preview: Preview | None = None
        self._folder = ""
        self.draft = ""

    @property
    def preview(self) -> Preview | None:
        """The picture shown over the window, once there was one."""
        return self._preview

    def choose(self, file: AttachedFile) -> None:
        """What a click does: look at it where that is safe, else have it fetched or saved."""
        if not file.file.is_readable:
            self.fetch(file)
        elif is_picture(file.name) and file.size <= CONTENT_BYTES_MAX:
            self.look(file)
        elif may_be_opened(file.name):
            self.open(file)
        else:
            self.ask_save(file)

    def menu(self, file: AttachedFile, *, may_take_off: bool) -> QMenu:
        """What can be done with a file."""
        menu = QMenu(self._page)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        is_here, state = file.file.is_readable, file.file.state
        if is_here and is_picture(file.name):
            menu.addAction(tr("Look at it"), partial(self.look, file))
        if is_here:
            act = menu.addAction(tr("Open file"), partial(self.open, file))
            if not may_be_opened(file.name):
                act.setEnabled(False)
                act.setToolTip(tr("It may be a program: save it if you trust it."))
            menu.addAction(tr("Save as…"), partial(self.ask_save, file))
        elif state is FileState.ABSENT:
            menu.addAction(tr("Fetch it"), partial(self.fetch, file))
        if state is FileState.FAILED:
            menu.addAction(tr("Try again"), partial(self._try_again, file))
        if may_take_off:
            menu.addSeparator()
            menu.addAction(tr("Take off"), partial(self._take_off, file))
        return menu

    def fetch(self, file: AttachedFile) -> None:
        """Have a file fetched that is not here."""
        if file.file.state is FileState.FAILED:
            self._try_again(file)
        else:
            self._desk.fetch(file.id, owner=self)

    def look(self, file: AttachedFile) -> None:
        """Show a picture over the window."""

        def job(content: bytes) -> tuple[str, QImage]:
            return file.name, shrunk(content, ROOM)

        self._desk.content(
            file.file.sha256, CONTENT_BYTES_MAX, job, self._show, owner=self, failed=self._tell
        )

    def open(self, file: AttachedFile) -> None:
        """Hand a copy to the program that opens its like."""
        self._desk.open_copy(file, self._hand_over, owner=self, failed=self._tell)

    def ask_save(self, file: AttachedFile) -> None:
        """Ask where a file is to be written; the answer arrives later."""
        documents = QStandardPaths.StandardLocation.DocumentsLocation
        folder = self._folder or QStandardPaths.writableLocation(documents)
        dialog = QFileDialog(self._page, tr("Save as"), folder)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(file.name)

        def chosen(out: str) -> None:
            self.save(file, Path(out))

        dialog.fileSelected.connect(chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, file: AttachedFile, out: Path) -> None:
        """Write a file in clear where the user wants it."""
        self._folder = str(out.parent)
        self._desk.save_as(file, out, self._tell_saved, owner=self, failed=self._tell)

    def _show(self, found: tuple[str, QImage]) -> None:
        name, image = found
        if self._preview is None:
            self._preview = Preview(self._page.window())
        self._preview.show_picture(image, name)

    def _hand_over(self, path: Path) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self.failed.emit(tr("Nothing here can open {file}; save it instead.", file=path.name))

    def _tell_saved(self, out: Path) -> None:
        self.said.emit(tr("Written: {file}, in {folder}", file=out.name, folder=str(out.parent)))

    def _try_again(self, file: AttachedFile) -> None:
        self._desk.try_again(file.file.sha256, owner=self)

    def _take_off(self, file: AttachedFile) -> None:
        if self.draft:
            self._desk.leave_draft(self.draft, owner=self, sha256=file.file.sha256)
            return
        change = Change("attachment", file.id, Op.DELETE)
        label = tr("Taking off {name}", name=file.name)
        self._hub.save([change], label, owner=self, failed=self._tell)

    def _tell(self, error: CrmError) -> None:
        self.failed.emit(words(error.message))
