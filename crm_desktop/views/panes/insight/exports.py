"""Charts into files: asks where, writes in the read lane, and says what became of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from PySide6.QtCore import QObject, QStandardPaths, Signal
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from crm_core.errors import CrmError
from crm_desktop.i18n import tr, words
from crm_desktop.insight.file_names import file_name
from crm_desktop.models.connection import Connection
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.banner import Banner
from crm_desktop.views.panes.insight import drawn, reveal
from crm_desktop.views.panes.insight.drawn import Filter
from crm_desktop.views.theme.theme import theme

if TYPE_CHECKING:
    from crm_desktop.insight.chart import Chart

Write: TypeAlias = Callable[[Connection, Path], Path]


class Exports(QObject):
    """Speaks in a banner of its own; the window can be used meanwhile. Parent: the pane.

    Signal: `said(words)` for what is done when nobody sees the banner.
    """

    said = Signal(str)

    def __init__(self, hub: DataHub, pane: QWidget) -> None:
        super().__init__(pane)
        self._hub, self._pane = hub, pane
        self.banner = Banner(pane)
        row, margin = self.banner.layout(), theme().metrics.margin
        if row is not None:
            inside = row.contentsMargins()
            row.setContentsMargins(margin, inside.top(), inside.right(), inside.bottom())
        self._folder = ""
        self._way_out: Callable[[], None] | None = None
        self.banner.acted.connect(self._go)

    def ask_chart(self, chart: Chart, ending: str) -> None:
        """Ask for a file for one chart."""

        def write(_connection: Connection, out: Path) -> Path:
            return drawn.write(chart, out)

        self._ask(file_name(chart.title, chart.as_of, ending), write)

    def ask_board(self, title: str, names: Sequence[str], asked: Filter) -> None:
        """Ask for a file for all charts of a board, a page each."""

        def write(connection: Connection, out: Path) -> Path:
            return drawn.write_board(connection, names, asked, out)

        self._ask(file_name(title, drawn.today(), ".pdf"), write)

    def copy_chart(self, chart: Chart, form: str) -> None:
        """Put a chart on the clipboard; `form` as of `drawn.copied`."""

        def job(_connection: Connection) -> bytes | str:
            return drawn.copied(chart, form)

        self._hub.read(job, partial(self._put, chart.title), owner=self)

    def _put(self, title: str, found: bytes | str) -> None:
        clipboard = QGuiApplication.clipboard()
        if isinstance(found, bytes):
            clipboard.setImage(QImage.fromData(found))
        else:
            clipboard.setText(found)
        self._way_out = None
        self.banner.say(tr("Copied: {title}", title=title), passing=True)

    def _ask(self, name: str, write: Write) -> None:
        """Ask for a file; the answer arrives later."""
        documents = QStandardPaths.StandardLocation.DocumentsLocation
        folder = self._folder or QStandardPaths.writableLocation(documents)
        dialog = QFileDialog(self._pane, tr("Export"), folder)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(Path(name).suffix)
        dialog.selectFile(name)

        def chosen(file: str) -> None:
            self._write(Path(file), write)

        dialog.fileSelected.connect(chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _write(self, out: Path, write: Write) -> None:
        def job(connection: Connection) -> Path:
            return write(connection, out)

        self._folder, self._way_out = str(out.parent), None
        self.banner.say_progress(tr("Writing {file} …", file=out.name), 0, 0)
        self._hub.read(
            job, self._tell_written, owner=self, failed=partial(self._tell_failed, out.name, write)
        )

    def _tell_written(self, out: Path) -> None:
        told = tr("Written: {file}, in {folder}", file=out.name, folder=str(out.parent))
        self._way_out = partial(self._show_folder, out)
        self.banner.say(told, action=tr("Show in folder"))
        if not self._pane.isVisible():
            self.said.emit(told)

    def _tell_failed(self, name: str, write: Write, error: CrmError) -> None:
        told = words(error.message)
        self._way_out = partial(self._ask, name, write)
        self.banner.say(told, action=tr("Choose another place"))
        if not self._pane.isVisible():
            self.said.emit(told)

    def _show_folder(self, out: Path) -> None:
        if not reveal.show_in_folder(out):
            self.banner.say(tr("Nothing here can open {folder}.", folder=str(out.parent)))

    def _go(self) -> None:
        if self._way_out is not None:
            self._way_out()
